//! Each probe at its own rhythm; what it learns goes into a channel.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::check::Means;
use crate::outcome::{Outcome, ProbeId, SkipReason};
use crate::probe::Probe;

/// The first round of a fresh start is over within this time: nobody likes an empty page. From then on each probe
/// keeps its own place in its interval.
const FIRST_ROUND: Duration = Duration::from_secs(10);
/// Runs in flight at once. A handshake costs about a millisecond of CPU, so a hundred slow peers still leave most of a
/// core; more at once would be measured as their slowness.
const IN_FLIGHT: usize = 64;
/// When the machine has slept for a night, so many records of missed turns tell it: more would only crowd the channel.
const MOST_MISSED: u32 = 60;

/// How the scheduler is doing.
#[derive(Debug)]
pub struct Pulse {
    in_flight: AtomicUsize,
    lag_nanos: AtomicU64,
    begun: Instant,
    /// When the last turn was over, since `begun`.
    turn_nanos: AtomicU64,
}

impl Default for Pulse {
    fn default() -> Self {
        let (in_flight, lag_nanos, turn_nanos) = Default::default();
        Self { in_flight, lag_nanos, begun: Instant::now(), turn_nanos }
    }
}

impl Pulse {
    /// Counts a run from now on, until what this returns is dropped.
    pub fn run(&self) -> InFlight<'_> {
        InFlight::enter(&self.in_flight)
    }

    /// Runs in flight.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// How long ago the last turn of a probe was over and told; without one, how long ago the first was waited for.
    pub fn idle(&self) -> Duration {
        self.begun.elapsed().saturating_sub(Duration::from_nanos(self.turn_nanos.load(Ordering::Relaxed)))
    }

    fn turned(&self) {
        self.turn_nanos.store(nanos_of(self.begun.elapsed()), Ordering::Relaxed);
    }

    /// How late the last run began.
    pub fn lag(&self) -> Duration {
        Duration::from_nanos(self.lag_nanos.load(Ordering::Relaxed))
    }
}

/// Probes at work; dropping it ends them.
#[derive(Debug)]
pub struct Schedule {
    _tasks: JoinSet<()>,
}

impl Schedule {
    /// Sets every probe to work.
    pub fn start(probes: &[Arc<Probe>], means: &Arc<Means>, outcomes: &mpsc::Sender<Outcome>, pulse: &Arc<Pulse>) -> Self {
        let places = Arc::new(Semaphore::new(IN_FLIGHT));
        let mut tasks = JoinSet::new();
        for probe in probes {
            let rhythm = Rhythm::of(probe.id(), probe.settings.interval, SystemTime::now());
            let runner = Runner {
                probe: Arc::clone(probe),
                means: Arc::clone(means),
                outcomes: outcomes.clone(),
                places: Arc::clone(&places),
                pulse: Arc::clone(pulse),
            };
            tasks.spawn(runner.keep(rhythm));
        }
        Self { _tasks: tasks }
    }
}

struct Runner {
    probe: Arc<Probe>,
    means: Arc<Means>,
    outcomes: mpsc::Sender<Outcome>,
    places: Arc<Semaphore>,
    pulse: Arc<Pulse>,
}

impl Runner {
    /// Runs until nobody listens. One run at a time: a run that lasts into the next one's time delays it, and one that lasts
    /// over it and the one after makes it missed.
    async fn keep(self, rhythm: Rhythm) {
        let start = Instant::now();
        let mut due = start + rhythm.first;
        let mut next = start + rhythm.second;
        loop {
            tokio::select! {
                () = sleep_until(due) => {}
                () = self.outcomes.closed() => return,
            }
            let outcome = self.once(due).await;
            if self.outcomes.send(outcome).await.is_err() {
                return;
            }
            self.pulse.turned();
            due = next;
            let mut missed = 0;
            while due + self.probe.settings.interval <= Instant::now() {
                due += self.probe.settings.interval;
                missed += 1;
                if missed <= MOST_MISSED && self.outcomes.send(self.probe.skipped(SkipReason::Missed)).await.is_err() {
                    return;
                }
            }
            next = due + self.probe.settings.interval;
        }
    }

    async fn once(&self, due: Instant) -> Outcome {
        let _place = self.places.acquire().await;
        self.pulse.lag_nanos.store(nanos_of(due.elapsed()), Ordering::Relaxed);
        let _counted = self.pulse.run();
        self.probe.run(&self.means, None).await
    }
}

/// Counts a run while it lasts, however it ends.
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

/// When a probe's first two runs are due, counted from the start; the others follow at its interval.
#[derive(Debug, PartialEq, Eq)]
struct Rhythm {
    first: Duration,
    second: Duration,
}

impl Rhythm {
    /// Each probe has its place in its interval, spread by its name and kept over restarts: at a given second of the
    /// wall clock the same probes are due on every day. The first run comes early; the second is the next one in
    /// place that leaves at least half an interval between the two.
    fn of(id: &ProbeId, interval: Duration, now: SystemTime) -> Self {
        let hash = u128::from(fnv(id.to_string().as_bytes()));
        let interval = interval.as_nanos().max(1);
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
        let first = hash % FIRST_ROUND.as_nanos().min(interval);
        let place = (hash % interval + interval - now % interval) % interval;
        let earliest = first + interval.div_ceil(2);
        let rounds = earliest.saturating_sub(place).div_ceil(interval);
        Self { first: nanos(first), second: nanos(place + rounds * interval) }
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
