//! The turns of one probe: waits for each, gets a place, runs, and records turns that passed without a run.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::places::{Answer, Lane, Place, Places, Standing};
use super::pulse::{Lag, LagCause, Pulse};
use super::tenant_watch::TenantWatch;
use super::timetable::next_turn;
use crate::check::Means;
use crate::outcome::{Outcome, SkipReason, Verdict};
use crate::probe::Probe;
use crate::reason::Owner;
use crate::trace;

/// Missed runs reported in one go: after a night in which the machine slept, more would only crowd the channel.
const MAX_MISSED: u32 = 60;

/// The resources that all runners share.
#[derive(Debug)]
pub(super) struct Shared {
    /// The means of the runs; a reload may replace them, and the next runs have the new ones.
    pub means: RwLock<Arc<Means>>,
    pub outcomes: mpsc::Sender<Outcome>,
    pub places: Arc<Places>,
    pub pulse: Arc<Pulse>,
}

/// A probe with what its runs need.
#[derive(Debug)]
pub(super) struct Runner {
    pub probe: Arc<Probe>,
    pub lane: Lane,
    pub tenant: Arc<TenantWatch>,
    pub shared: Arc<Shared>,
    /// The time at which the turn is due that it waits for or takes.
    due: Mutex<Instant>,
}

/// The receiver of outcomes is gone.
struct Closed;

/// The turn that a runner waits for.
struct Turn {
    due: Instant,
    /// The time from which it could be waited for: later than `due` where the run before it lasted longer.
    from: Instant,
    /// The delay before `from`, by cause.
    lag: Lag,
}

impl Turn {
    fn on_time(due: Instant) -> Self {
        Self { due, from: due, lag: Lag::default() }
    }
}

impl Runner {
    /// Creates the runner of a probe whose first turn is due at `first`.
    pub fn new(probe: Arc<Probe>, lane: Lane, tenant: Arc<TenantWatch>, shared: Arc<Shared>, first: Instant) -> Self {
        Self { probe, lane, tenant, shared, due: Mutex::new(first) }
    }

    /// Returns the time at which the turn is due that it waits for or takes.
    pub fn due(&self) -> Instant {
        *self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the probe until the receiver is gone, one run at a time. The turns after the first lie whole intervals from `anchor`. A
    /// turn that waits for a place until the next one is due has been missed.
    pub async fn run(self: Arc<Self>, anchor: Instant) {
        let _closed = self.take_turns(anchor).await;
    }

    async fn take_turns(&self, anchor: Instant) -> Result<(), Closed> {
        let mut turn = Turn::on_time(self.due());
        let mut hurries = self.probe.hurries();
        loop {
            *self.due.lock().unwrap_or_else(PoisonError::into_inner) = turn.due;
            tokio::select! {
                () = sleep_until(turn.due) => {}
                () = hurries.called() => turn = Turn::on_time(Instant::now().min(turn.due)),
                () = self.shared.outcomes.closed() => return Err(Closed),
            }
            let asked = Instant::now();
            let place = self.place(&mut turn).await?;
            hurries.mark_answered();
            let (lag, ended) = (lag(&turn, asked, &place), place.since + self.probe.settings.timeout);
            // Boxed: of ten thousand probes nearly all wait for their turn, and a run takes ten times the memory of a wait.
            Box::pin(self.run_once(place, lag)).await?;
            turn = self.next(&turn, anchor, lag, ended).await?;
        }
    }

    /// Runs the probe, and sends its outcome.
    async fn run_once(&self, place: Place, lag: Lag) -> Result<(), Closed> {
        self.shared.pulse.run_began(lag);
        let outcome = self.run_in(place).await;
        if outcome.is_missed() {
            self.shared.pulse.turn_missed(LagCause::Machine);
        }
        self.send(outcome).await?;
        self.shared.pulse.run_ended();
        Ok(())
    }

    /// Waits for a place, and records each turn that passes meanwhile.
    async fn place(&self, turn: &mut Turn) -> Result<Place, Closed> {
        let interval = self.probe.interval();
        let mut place = pin!(self.shared.places.acquire(self.lane));
        loop {
            tokio::select! {
                biased;
                place = &mut place => return Ok(place),
                () = sleep_until(turn.due + interval) => {}
            }
            let (skip, cause) = match self.shared.places.standing(self.lane) {
                Standing::Answered => (SkipReason::Missed, LagCause::Queue),
                Standing::Doubted | Standing::Unanswered => (SkipReason::Hanging, LagCause::Endpoint),
            };
            *turn = Turn::on_time(turn.due + interval);
            self.shared.pulse.turn_missed(cause);
            self.send_skipped(skip).await?;
        }
    }

    async fn run_in(&self, place: Place) -> Outcome {
        let _counted = self.shared.pulse.run();
        let means = Arc::clone(&self.shared.means.read().unwrap_or_else(PoisonError::into_inner));
        let outcome = self.probe.run(&means, None).await;
        place.end(answer(&outcome));
        self.tenant.note(&outcome);
        let interval = Some(self.probe.interval()).filter(|interval| *interval != self.probe.settings.interval);
        Outcome { interval, ..outcome }
    }

    /// Returns the turn that follows upon `turn`, whose run began with `lag` and was to end by `ended`.
    async fn next(&self, turn: &Turn, anchor: Instant, lag: Lag, ended: Instant) -> Result<Turn, Closed> {
        let interval = self.probe.settings.interval;
        let mut due = next_turn(anchor, interval, turn.due, self.probe.interval());
        let now = Instant::now();
        if let Some(again) = self.probe.again_in().filter(|again| now + *again < due) {
            return Ok(Turn::on_time(now + again));
        }
        // A run ends within its timeout, which is no longer than its interval: what comes after that is the machine's.
        let cause = if now > ended && lag.total() < now - ended { LagCause::Machine } else { lag.main_cause() };
        let mut missed = 0;
        while due + interval <= now {
            due += interval;
            missed += 1;
            if missed <= MAX_MISSED {
                self.shared.pulse.turn_missed(cause);
                self.send_skipped(SkipReason::Missed).await?;
            }
        }
        let overrun = now.saturating_duration_since(due);
        Ok(Turn { due, from: due + overrun, lag: Lag::default().plus(cause, overrun) })
    }

    /// Sends the outcome of a turn without a run; boxed, as a run is.
    async fn send_skipped(&self, why: SkipReason) -> Result<(), Closed> {
        Box::pin(self.send(self.probe.skipped(why))).await
    }

    async fn send(&self, outcome: Outcome) -> Result<(), Closed> {
        self.shared.outcomes.send(outcome).await.map_err(|_| Closed)
    }
}

/// Returns the delay of a run that asked for its place at `asked`.
fn lag(turn: &Turn, asked: Instant, place: &Place) -> Lag {
    let cause = if place.standing == Standing::Answered { LagCause::Queue } else { LagCause::Endpoint };
    let waited = place.since.saturating_duration_since(asked.max(turn.due));
    let woken_late = asked.saturating_duration_since(turn.from);
    let began_late = place.since.elapsed();
    turn.lag.plus(cause, waited).plus(LagCause::Machine, woken_late + began_late)
}

/// Returns the endpoint's answer: none where the run ended in silence. A run that did not take place asked for none, and one
/// that failed on this machine tells nothing.
fn answer(outcome: &Outcome) -> Option<Answer> {
    match &outcome.verdict {
        Verdict::Failed(failure) if failure.reason.owner() == Owner::Here => None,
        Verdict::Failed(failure) if trace::is_silence(failure.reason) => Some(Answer::Missing),
        Verdict::Ok | Verdict::Failed(_) => Some(Answer::InTime),
        Verdict::Skipped(_) => None,
    }
}
