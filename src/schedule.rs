//! The scheduler: runs each probe at its own interval and sends the outcomes into a channel.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use crate::check::Means;
use crate::outcome::Outcome;
use crate::probe::Probe;
use crate::settings::{Expectation, ProbeSettings};

mod places;
mod pulse;
mod runner;
mod table;
mod tenant_watch;
mod timetable;

use self::places::Lane;
pub use self::pulse::{InFlight, Lag, LagCause, Pulse};
use self::runner::{Runner, Shared};
use self::tenant_watch::TenantWatch;
use self::timetable::Timetable;

/// Probes that are being scheduled; dropping this ends them.
#[derive(Debug)]
pub struct Schedule {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
    /// In no order; each has the name of its probe.
    runners: Vec<Task<Runner>>,
    tenants: HashMap<String, Task<TenantWatch>>,
}

/// Something that has a task of its own.
#[derive(Debug)]
struct Task<T> {
    of: Arc<T>,
    handle: AbortHandle,
}

impl Schedule {
    /// Creates a schedule without probes, whose runs will have `means`, and whose outcomes go to `outcomes`.
    pub fn new(means: &Arc<Means>, outcomes: &mpsc::Sender<Outcome>, pulse: &Arc<Pulse>) -> Self {
        let shared = Shared {
            means: RwLock::new(Arc::clone(means)),
            outcomes: outcomes.clone(),
            places: Arc::default(),
            pulse: Arc::clone(pulse),
        };
        Self { shared: Arc::new(shared), tasks: JoinSet::new(), runners: Vec::new(), tenants: HashMap::new() }
    }

    /// Schedules `probes` in place of those before, with at most `in_flight` runs at a time. Must be called on the runtime of the
    /// runs.
    ///
    /// A probe that goes on as it was keeps its turns, and a run of it under way ends as if nothing had happened. The first run of
    /// any other comes within `first_round` (of a mailbox that must stay closed, within the one after that), and no later than it was
    /// due under the same name; from then on it keeps its own offset in its interval. Runs of those that are gone or changed are broken off.
    pub fn adopt(&mut self, probes: &[Arc<Probe>], in_flight: NonZeroUsize, means: &Arc<Means>, first_round: Duration) {
        self.adopt_at(probes, in_flight, means, first_round, SystemTime::now());
    }

    fn adopt_at(
        &mut self,
        probes: &[Arc<Probe>],
        in_flight: NonZeroUsize,
        means: &Arc<Means>,
        first_round: Duration,
        now: SystemTime,
    ) {
        while self.tasks.try_join_next().is_some() {} // the ends of those that were broken off before
        *self.shared.means.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(means);
        let whose = probes.iter().map(|probe| (&*probe.id().tenant, probe.settings.endpoint()));
        let lanes = self.shared.places.adopt(in_flight, whose);
        self.watch_tenants(probes);
        let before = std::mem::replace(&mut self.runners, Vec::with_capacity(probes.len()));
        let mut before: HashMap<_, _> = before.into_iter().map(|runner| (runner.of.probe.id().clone(), runner)).collect();
        for (probe, lane) in probes.iter().zip(lanes) {
            let runner = match before.remove(probe.id()) {
                Some(runner) if runner.of.probe.is_continued_by(probe) && !runner.handle.is_finished() => Some(runner),
                changed => {
                    let round = first_round_of(&probe.settings, first_round);
                    let timetable = Timetable::new(probe.id(), probe.settings.interval, round, now);
                    let due = changed.map(Task::abort).map(|runner| runner.due());
                    self.start(probe, lane, &timetable, due)
                }
            };
            self.runners.extend(runner);
        }
        for gone in before.into_values() {
            gone.abort();
        }
    }

    /// Starts a probe whose first turn comes by `due` at the latest; `None` if its tenant is not watched.
    fn start(&mut self, probe: &Arc<Probe>, lane: Lane, timetable: &Timetable, due: Option<Instant>) -> Option<Task<Runner>> {
        let tenant = Arc::clone(&self.tenants.get(&probe.id().tenant)?.of);
        let now = Instant::now();
        let first = due.unwrap_or(now + timetable.first).clamp(now, now + timetable.first);
        let runner = Arc::new(Runner::new(Arc::clone(probe), lane, tenant, Arc::clone(&self.shared), first));
        let handle = self.tasks.spawn(Arc::clone(&runner).run(now + timetable.second));
        Some(Task { of: runner, handle })
    }

    /// Watches over the tenants of `probes`, and over no other.
    fn watch_tenants(&mut self, probes: &[Arc<Probe>]) {
        let mut before = std::mem::take(&mut self.tenants);
        let mut tenants: HashMap<&str, Vec<Arc<Probe>>> = HashMap::new();
        for probe in probes {
            tenants.entry(&probe.id().tenant).or_default().push(Arc::clone(probe));
        }
        for (name, probes) in tenants {
            let Some(tenant) = probes.first().map(|probe| Arc::clone(&probe.settings.tenant)) else { continue };
            let watch = match before.remove(name) {
                Some(watch) if watch.of.is_of(&tenant) => watch,
                changed => {
                    changed.map(Task::abort);
                    let watch = Arc::new(TenantWatch::new(tenant));
                    let handle = self.tasks.spawn(Arc::clone(&watch).watch_credential());
                    Task { of: watch, handle }
                }
            };
            watch.of.watch_over(probes);
            self.tenants.insert(name.to_owned(), watch);
        }
        for gone in before.into_values() {
            gone.abort();
        }
    }
}

/// Returns the time of the first run of a probe, from the start: the mailboxes that may be opened come first, because they show what
/// the refusal of a closed one is worth.
fn first_round_of(settings: &ProbeSettings, length: Duration) -> Range<Duration> {
    match settings.expect {
        Expectation::Opened => Duration::ZERO..length,
        Expectation::Denied => length..2 * length,
    }
}

impl<T> Task<T> {
    /// Ends the task, and returns what it was of.
    fn abort(self) -> Arc<T> {
        self.handle.abort();
        self.of
    }
}

#[cfg(test)]
mod tests;
