//! The turns of one probe: waits for each, gets a place, runs, and records turns that passed without a run.

use std::pin::pin;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::places::{Answer, Lane, Place, Places, Standing};
use super::pulse::{Lag, LagCause, Pulse};
use super::tenant_watch::TenantWatch;
use super::timetable::{Timetable, next_turn};
use crate::check::Means;
use crate::outcome::{Outcome, SkipReason, Verdict};
use crate::probe::Probe;
use crate::reason::Owner;
use crate::trace;

/// Missed runs reported in one go: after a night in which the machine slept, more would only crowd the channel.
const MAX_MISSED: u32 = 60;

/// A probe with what its runs need.
pub(super) struct Runner {
    pub probe: Arc<Probe>,
    pub means: Arc<Means>,
    pub outcomes: mpsc::Sender<Outcome>,
    pub places: Arc<Places>,
    pub lane: Lane,
    pub pulse: Arc<Pulse>,
    pub tenant: Arc<TenantWatch>,
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
    /// Runs the probe until the receiver is gone, one run at a time. A turn that waits for a place until the next one is due
    /// has been missed.
    pub async fn run(self, timetable: Timetable, start: Instant) {
        let _closed = self.take_turns(start + timetable.first, start + timetable.second).await;
    }

    async fn take_turns(&self, first: Instant, anchor: Instant) -> Result<(), Closed> {
        let mut turn = Turn::on_time(first);
        let mut hurries = self.probe.hurries();
        loop {
            tokio::select! {
                () = sleep_until(turn.due) => {}
                Ok(()) = hurries.changed() => turn = Turn::on_time(Instant::now().min(turn.due)),
                () = self.outcomes.closed() => return Err(Closed),
            }
            let asked = Instant::now();
            let place = self.place(&mut turn).await?;
            hurries.mark_unchanged();
            let (lag, ended) = (lag(&turn, asked, &place), place.since + self.probe.settings.timeout);
            self.pulse.run_began(lag);
            let outcome = self.run_in(place).await;
            if outcome.is_missed() {
                self.pulse.turn_missed(LagCause::Machine);
            }
            self.send(outcome).await?;
            self.pulse.run_ended();
            turn = self.next(&turn, anchor, lag, ended).await?;
        }
    }

    /// Waits for a place, and records each turn that passes meanwhile.
    async fn place(&self, turn: &mut Turn) -> Result<Place, Closed> {
        let interval = self.probe.interval();
        let mut place = pin!(self.places.acquire(self.lane));
        loop {
            tokio::select! {
                biased;
                place = &mut place => return Ok(place),
                () = sleep_until(turn.due + interval) => {}
            }
            let (skip, cause) = match self.places.standing(self.lane) {
                Standing::Answered => (SkipReason::Missed, LagCause::Queue),
                Standing::Doubted | Standing::Unanswered => (SkipReason::Hanging, LagCause::Endpoint),
            };
            *turn = Turn::on_time(turn.due + interval);
            self.pulse.turn_missed(cause);
            self.send(self.probe.skipped(skip)).await?;
        }
    }

    async fn run_in(&self, place: Place) -> Outcome {
        let _counted = self.pulse.run();
        let outcome = self.probe.run(&self.means, None).await;
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
        // A run ends within its timeout, which is no longer than its interval: what comes after that is the machine's.
        let cause = if now > ended && lag.total() < now - ended { LagCause::Machine } else { lag.main_cause() };
        let mut missed = 0;
        while due + interval <= now {
            due += interval;
            missed += 1;
            if missed <= MAX_MISSED {
                self.pulse.turn_missed(cause);
                self.send(self.probe.skipped(SkipReason::Missed)).await?;
            }
        }
        let overrun = now.saturating_duration_since(due);
        Ok(Turn { due, from: due + overrun, lag: Lag::default().plus(cause, overrun) })
    }

    async fn send(&self, outcome: Outcome) -> Result<(), Closed> {
        self.outcomes.send(outcome).await.map_err(|_| Closed)
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
