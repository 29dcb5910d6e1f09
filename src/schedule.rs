//! The scheduler: runs each probe at its own interval and sends the outcomes into a channel.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::check::Means;
use crate::outcome::{Outcome, ProbeId, SkipReason};
use crate::probe::Probe;

/// Runs in flight at once. A handshake costs about a millisecond of CPU, so a hundred slow peers still leave most of a
/// core; more at once would be measured as their slowness.
const IN_FLIGHT: usize = 64;
/// Missed runs reported in one go: after a night in which the machine slept, more would only crowd the channel.
const MAX_MISSED: u32 = 60;

/// Figures about the scheduler itself: runs in flight, lag, idle time.
#[derive(Debug)]
pub struct Pulse {
    in_flight: AtomicUsize,
    lag_nanos: AtomicU64,
    begun: Instant,
    /// Time from `begun` to the end of the last run.
    last_ended_nanos: AtomicU64,
}

impl Default for Pulse {
    fn default() -> Self {
        let (in_flight, lag_nanos, last_ended_nanos) = Default::default();
        Self { in_flight, lag_nanos, begun: Instant::now(), last_ended_nanos }
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

    fn run_ended(&self) {
        self.last_ended_nanos.store(nanos_of(self.begun.elapsed()), Ordering::Relaxed);
    }

    /// Delay between the time the last run was due and its start.
    pub fn lag(&self) -> Duration {
        Duration::from_nanos(self.lag_nanos.load(Ordering::Relaxed))
    }
}

/// Probes that are being scheduled; dropping this ends them.
#[derive(Debug)]
pub struct Schedule {
    _tasks: JoinSet<()>,
}

impl Schedule {
    /// Starts scheduling every probe. The first run of each comes within `first_round`; from then on each keeps its own
    /// offset in its interval.
    pub fn start(
        probes: &[Arc<Probe>],
        means: &Arc<Means>,
        outcomes: &mpsc::Sender<Outcome>,
        pulse: &Arc<Pulse>,
        first_round: Duration,
    ) -> Self {
        let permits = Arc::new(Semaphore::new(IN_FLIGHT));
        let mut tasks = JoinSet::new();
        for probe in probes {
            let timetable = Timetable::new(probe.id(), probe.settings.interval, first_round, SystemTime::now());
            let runner = Runner {
                probe: Arc::clone(probe),
                means: Arc::clone(means),
                outcomes: outcomes.clone(),
                permits: Arc::clone(&permits),
                pulse: Arc::clone(pulse),
            };
            tasks.spawn(runner.run(timetable));
        }
        Self { _tasks: tasks }
    }
}

struct Runner {
    probe: Arc<Probe>,
    means: Arc<Means>,
    outcomes: mpsc::Sender<Outcome>,
    permits: Arc<Semaphore>,
    pulse: Arc<Pulse>,
}

impl Runner {
    /// Runs the probe until the receiver is gone, one run at a time: a run that lasts into the next one's time delays it,
    /// and one that lasts beyond the one after makes it missed.
    async fn run(self, timetable: Timetable) {
        let start = Instant::now();
        let mut due = start + timetable.first;
        let mut next = start + timetable.second;
        loop {
            tokio::select! {
                () = sleep_until(due) => {}
                () = self.outcomes.closed() => return,
            }
            let outcome = self.run_once(due).await;
            if self.outcomes.send(outcome).await.is_err() {
                return;
            }
            self.pulse.run_ended();
            due = next;
            let mut missed = 0;
            while due + self.probe.settings.interval <= Instant::now() {
                due += self.probe.settings.interval;
                missed += 1;
                if missed <= MAX_MISSED && self.outcomes.send(self.probe.skipped(SkipReason::Missed)).await.is_err() {
                    return;
                }
            }
            next = due + self.probe.settings.interval;
        }
    }

    async fn run_once(&self, due: Instant) -> Outcome {
        let _permit = self.permits.acquire().await;
        self.pulse.lag_nanos.store(nanos_of(due.elapsed()), Ordering::Relaxed);
        let _counted = self.pulse.run();
        self.probe.run(&self.means, None).await
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

/// Times of a probe's first two runs, counted from the start; the others follow at its interval.
#[derive(Debug, PartialEq, Eq)]
struct Timetable {
    first: Duration,
    second: Duration,
}

impl Timetable {
    /// Gives each probe an offset in its interval, spread by a hash of its name and the same after a restart: at a given
    /// second of the wall clock the same probes are due on every day. The first run comes early; the second is the next
    /// one at the offset that leaves at least half an interval between the two.
    fn new(id: &ProbeId, interval: Duration, first_round: Duration, now: SystemTime) -> Self {
        let hash = u128::from(fnv(id.to_string().as_bytes()));
        let interval = interval.as_nanos().max(1);
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
        let first = hash % first_round.as_nanos().clamp(1, interval);
        let offset = (hash % interval + interval - now % interval) % interval;
        let earliest = first + interval.div_ceil(2);
        let rounds = earliest.saturating_sub(offset).div_ceil(interval);
        Self { first: nanos(first), second: nanos(offset + rounds * interval) }
    }
}

fn nanos_of(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn nanos(nanos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// FNV-1a, 64 bits: small, stable over versions, and even enough to spread names.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests;
