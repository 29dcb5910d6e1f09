//! Runs on request: one for all who ask at a time, and its outcome again for whoever asks soon after, or after a run of the schedule.
//!
//! A GET starts a login, and so may a careless scraper or a hostile page ten times a second. Whatever clients do, a run takes place
//! only where no outcome is young enough, and only as often as the ceilings allow (`ceiling.rs`); beyond those the latest outcome is
//! given again, which the schedule renews.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::engine::Engine;
use crate::check::Means;
use crate::outcome::{Facts, Outcome, SkipReason};
use crate::probe::Probe;
use crate::reason::Reason;
use crate::render::log;
use crate::report::JudgedOutcome;

/// Outcomes of runs on request that are kept at most, for all probes together. With its transcript one takes up to 20 kB.
const KEPT: usize = 256;

/// An outcome for a client.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The outcome.
    pub outcome: Arc<Outcome>,
    /// The time that its run was given.
    pub within: Duration,
    /// The time since the run ended, where it did not take place for this client and those who asked meanwhile.
    pub age: Option<Duration>,
}

/// The number of requests, by what they came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestCounts {
    /// Requests that began a run.
    pub run: u64,
    /// Requests that waited for a run that went on already.
    pub shared: u64,
    /// Requests that were given a young outcome again.
    pub cached: u64,
}

impl RequestCounts {
    /// Returns each result with its number.
    pub const fn by_result(self) -> [(&'static str, u64); 3] {
        let Self { run, shared, cached } = self;
        [("run", run), ("shared", shared), ("cached", cached)]
    }
}

/// The runs on request that go on, and the outcomes of the last ones.
#[derive(Debug, Default)]
pub struct OnRequest(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    running: Vec<Running>,
    /// The outcomes, the oldest first.
    finished: VecDeque<Finished>,
    counts: RequestCounts,
}

/// A run that goes on while somebody waits for it.
#[derive(Debug)]
struct Running {
    probe: Arc<Probe>,
    within: Duration,
    run: Weak<SharedRun>,
}

/// A run that several clients wait for; it ends with the last of them.
#[derive(Debug)]
struct SharedRun {
    outcome: watch::Receiver<Option<Arc<Outcome>>>,
    _task: JoinSet<()>,
}

#[derive(Debug)]
struct Finished {
    probe: Arc<Probe>,
    within: Duration,
    ended: Instant,
    outcome: Arc<Outcome>,
}

/// A client's wish for a run of `probe` that takes at most `limit`.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The probe.
    pub probe: Arc<Probe>,
    /// The means of its runs.
    pub means: Arc<Means>,
    /// The time that the client gives.
    pub limit: Duration,
    /// The age up to which an outcome is given again.
    pub max_age: Duration,
}

impl OnRequest {
    /// Returns an outcome for a client: a young one again, that of a run that goes on, or that of a run of its own. `None` if the run
    /// could not be made; the log says why. Called on the thread of the runs.
    pub async fn outcome(engine: &Arc<Engine>, wish: &Wish) -> Option<Delivery> {
        let own = &engine.on_request;
        let deadline = Instant::now() + wish.limit;
        if let Some(young) = own.young(engine, wish) {
            own.state().counts.cached += 1;
            return Some(young);
        }
        let (run, is_first) = own.join_or_begin(engine, wish);
        let mut outcome = run.outcome.clone();
        let ended = outcome.wait_for(Option::is_some);
        let ended = if is_first { Ok(ended.await) } else { timeout_at(deadline, ended).await };
        let outcome = match ended {
            Ok(ended) => ended.ok()?.clone()?,
            Err(_) => Arc::new(wish.probe.skipped(SkipReason::Busy)),
        };
        let at_ceiling = outcome.failure().is_some_and(|failure| failure.reason == Reason::CeilingReached);
        let latest = if at_ceiling { own.latest(engine, &wish.probe, |_| true) } else { None };
        Some(latest.unwrap_or(Delivery { outcome, within: wish.limit, age: None }))
    }

    /// Returns the number of requests until now.
    pub fn counts(&self) -> RequestCounts {
        self.state().counts
    }

    /// Returns an outcome that is young enough for `wish`. A failed run with less than half the time says too little: it may have
    /// failed for that alone.
    fn young(&self, engine: &Engine, wish: &Wish) -> Option<Delivery> {
        let latest = self.latest(engine, &wish.probe, |age| age < wish.max_age)?;
        let says_as_much = latest.outcome.is_ok() || latest.within >= wish.limit / 2;
        says_as_much.then_some(latest)
    }

    /// Returns the latest outcome of the probe, be its run the schedule's or a client's, while it is not older than the next run of
    /// the schedule may be late, and `is_wanted` at its age.
    fn latest(&self, engine: &Engine, probe: &Arc<Probe>, is_wanted: impl Fn(Duration) -> bool) -> Option<Delivery> {
        // The age first: an outcome of the schedule is put together for the client.
        let wanted_age = |ended: Instant| Some(ended.elapsed()).filter(|age| *age <= usable(probe) && is_wanted(*age));
        let requested = self.requested(probe);
        let is_later = |ended: Instant| requested.as_ref().is_none_or(|(requested, _)| ended > *requested);
        let stored = probe.latest_run().filter(|run| is_later(run.ended)).and_then(|run| {
            let age = wanted_age(run.ended)?;
            Some(Delivery { age: Some(age), ..stored(engine, probe, run.at)? })
        });
        stored.or_else(|| {
            let (ended, delivery) = requested?;
            Some(Delivery { age: Some(wanted_age(ended)?), ..delivery })
        })
    }

    fn requested(&self, probe: &Arc<Probe>) -> Option<(Instant, Delivery)> {
        let state = self.state();
        let finished = state.finished.iter().rev().find(|finished| Arc::ptr_eq(&finished.probe, probe))?;
        let outcome = Arc::clone(&finished.outcome);
        Some((finished.ended, Delivery { outcome, within: finished.within, age: None }))
    }

    /// Joins a run of the probe that has as much time, or begins one; true for one that has begun now.
    fn join_or_begin(&self, engine: &Arc<Engine>, wish: &Wish) -> (Arc<SharedRun>, bool) {
        let mut state = self.state();
        state.running.retain(|running| running.run.strong_count() > 0);
        let suits = |running: &&Running| Arc::ptr_eq(&running.probe, &wish.probe) && running.within >= wish.limit;
        if let Some(run) = state.running.iter().filter(suits).find_map(|running| running.run.upgrade()) {
            state.counts.shared += 1;
            return (run, false);
        }
        state.counts.run += 1;
        let run = Arc::new(begin(Arc::clone(engine), wish.clone()));
        state.running.push(Running { probe: Arc::clone(&wish.probe), within: wish.limit, run: Arc::downgrade(&run) });
        (run, true)
    }

    /// Keeps the outcome of a run that took place.
    fn keep(&self, wish: &Wish, outcome: &Arc<Outcome>) {
        let mut state = self.state();
        let now = Instant::now();
        state.running.retain(|running| running.run.strong_count() > 0 && !running.is(wish));
        state.finished.retain(|finished| finished.is_usable(now) && !Arc::ptr_eq(&finished.probe, &wish.probe));
        if state.finished.len() >= KEPT {
            state.finished.pop_front();
        }
        if !outcome.is_skipped() && !outcome.is_no_result() {
            let (probe, outcome) = (Arc::clone(&wish.probe), Arc::clone(outcome));
            state.finished.push_back(Finished { probe, within: wish.limit, ended: now, outcome });
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    fn is(&self, wish: &Wish) -> bool {
        Arc::ptr_eq(&self.probe, &wish.probe) && self.within == wish.limit
    }
}

impl Finished {
    fn is_usable(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.ended) <= usable(&self.probe)
    }
}

/// Returns the age up to which an outcome tells how things are: by then the schedule has another one.
fn usable(probe: &Probe) -> Duration {
    probe.interval().saturating_add(probe.settings.timeout)
}

/// Returns the outcome of the schedule's run that began at `at`, with its transcript, while the store has it as the last.
fn stored(engine: &Engine, probe: &Probe, at: SystemTime) -> Option<Delivery> {
    let (last, transcript) = engine.store.read(|store| {
        let entry = store.probe(probe.id())?;
        Some((entry.last.clone().filter(|last| last.at == at)?, Arc::clone(&entry.transcript)))
    })?;
    let facts = Facts { transcript: (*transcript).clone(), ..last.facts.clone() };
    let outcome = Arc::new(Outcome { facts, ..(*last).clone() });
    Some(Delivery { outcome, within: probe.settings.timeout, age: None })
}

/// Begins a run, which counts as a run in flight meanwhile. Its outcome is logged once, however many wait for it.
fn begin(engine: Arc<Engine>, wish: Wish) -> SharedRun {
    let (ended, outcome) = watch::channel(None);
    let mut task = JoinSet::new();
    task.spawn(async move {
        let _counted = engine.pulse.run();
        let Wish { probe, means, limit, .. } = &wish;
        let outcome = Arc::new(probe.run_on_request(means, *limit).await);
        let judged = JudgedOutcome::new(&outcome, &probe.settings.limits, SystemTime::now());
        log::outcome(&judged, engine.store.read(|store| store.last_run(&outcome.probe)).as_deref());
        engine.on_request.keep(&wish, &outcome);
        let _ = ended.send(Some(outcome)); // whoever waited may have gone
    });
    SharedRun { outcome, _task: task }
}
