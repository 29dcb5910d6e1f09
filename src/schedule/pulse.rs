//! The scheduler's figures about itself: runs in flight, lag and its causes, idle time.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Lag from which on a run counts as late.
const LATE: Duration = Duration::from_secs(5);

/// The cause for which a run begins later than planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LagCause {
    /// All places were taken, or all that its tenant or endpoint may have.
    Queue,
    /// Its endpoint hangs, so that few runs at a time may ask it.
    Endpoint,
    /// This machine came to it late.
    Machine,
}

impl LagCause {
    /// Every cause.
    pub const ALL: [Self; 3] = [Self::Queue, Self::Endpoint, Self::Machine];

    /// Returns the value of the `cause` label.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Endpoint => "endpoint",
            Self::Machine => "machine",
        }
    }
}

/// The delay with which a run begins, by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag([Duration; LagCause::ALL.len()]);

impl Lag {
    /// Adds a delay for `cause`.
    #[must_use]
    pub fn plus(mut self, cause: LagCause, delay: Duration) -> Self {
        self.0[cause as usize] += delay;
        self
    }

    /// Returns the delay for `cause`.
    pub fn of(&self, cause: LagCause) -> Duration {
        self.0[cause as usize]
    }

    /// Returns the whole delay.
    pub fn total(&self) -> Duration {
        self.0.iter().sum()
    }

    /// Returns the cause of most of the delay.
    pub fn main_cause(&self) -> LagCause {
        LagCause::ALL.into_iter().max_by_key(|cause| self.of(*cause)).unwrap_or(LagCause::Machine)
    }
}

/// Figures about the scheduler itself.
#[derive(Debug)]
pub struct Pulse {
    in_flight: AtomicUsize,
    lag_nanos: [AtomicU64; LagCause::ALL.len()],
    late: [AtomicU64; LagCause::ALL.len()],
    begun: Instant,
    /// Time from `begun` to the end of the last run.
    last_ended_nanos: AtomicU64,
}

impl Default for Pulse {
    fn default() -> Self {
        let (in_flight, lag_nanos, late, last_ended_nanos) = Default::default();
        Self { in_flight, lag_nanos, late, begun: Instant::now(), last_ended_nanos }
    }
}

impl Pulse {
    /// Counts a run as in flight until the returned guard is dropped.
    pub fn run(&self) -> InFlight<'_> {
        InFlight::enter(&self.in_flight)
    }

    /// Number of runs in flight.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Time since the end of the last run, or since the start where none has ended.
    pub fn idle(&self) -> Duration {
        self.begun.elapsed().saturating_sub(Duration::from_nanos(self.last_ended_nanos.load(Ordering::Relaxed)))
    }

    /// Delay between the time the last run was due and its start.
    pub fn lag(&self) -> Lag {
        Lag(LagCause::ALL.map(|cause| Duration::from_nanos(self.lag_nanos[cause as usize].load(Ordering::Relaxed))))
    }

    /// Number of turns for which a run began more than five seconds late, stood still or did not take place, by the cause of most of the delay.
    pub fn late(&self, cause: LagCause) -> u64 {
        self.late[cause as usize].load(Ordering::Relaxed)
    }

    /// Returns for each cause its label, the lag of the last run in seconds and the number of late runs.
    pub fn by_cause(&self) -> [(&'static str, f64, u64); LagCause::ALL.len()] {
        let lag = self.lag();
        LagCause::ALL.map(|cause| (cause.code(), lag.of(cause).as_secs_f64(), self.late(cause)))
    }

    pub(super) fn run_began(&self, lag: Lag) {
        for cause in LagCause::ALL {
            self.lag_nanos[cause as usize].store(nanos_of(lag.of(cause)), Ordering::Relaxed);
        }
        if lag.total() > LATE {
            self.turn_missed(lag.main_cause());
        }
    }

    pub(super) fn turn_missed(&self, cause: LagCause) {
        self.late[cause as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn run_ended(&self) {
        self.last_ended_nanos.store(nanos_of(self.begun.elapsed()), Ordering::Relaxed);
    }
}

/// A guard that counts a run as in flight, however the run ends.
#[derive(Debug)]
pub struct InFlight<'a>(&'a AtomicUsize);

impl<'a> InFlight<'a> {
    fn enter(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn nanos_of(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
