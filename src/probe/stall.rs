//! The stall of a run: the time in which this machine let it do nothing, be it overloaded, suspended or stopped.
//!
//! Beside each run a timer ticks. A tick that comes late shows for how long nothing could go on here, whatever the cause: a busy
//! processor, a limit of the cgroup, a thread that was kept busy, SIGSTOP, a machine that slept. The kernel's own count
//! (`/proc/thread-self/schedstat`) was not taken: it knows of the first alone.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::clock::SteadyClock;
use crate::outcome::Fault;
use crate::reason::Reason;

/// Time from tick to tick. A stall is seen when a tick falls into it, so shorter ones may go unseen; a hundred runs that wait for
/// silent servers cost a thousand ticks a second, which is less than half a percent of a core.
const TICK: Duration = Duration::from_millis(100);
/// Lateness that is none: the timer's own granularity, and what other runs compute meanwhile.
const TOLERANCE: Duration = Duration::from_millis(20);

/// The measure of a run's stall.
#[derive(Debug)]
pub struct StallMeter {
    clock: SteadyClock,
    began: Duration,
    /// The same by the runtime's clock, which goes faster where a test has paused it.
    began_here: Instant,
    /// The time at which the next tick is due.
    due: Duration,
    stalled: Duration,
}

impl StallMeter {
    /// Begins to measure a run that starts now.
    pub fn begin(clock: SteadyClock) -> Self {
        let now = clock.now();
        Self { clock, began: now, began_here: Instant::now(), due: now + TICK, stalled: Duration::ZERO }
    }

    /// Runs `run`, and measures for as long as it is polled.
    pub async fn watch<T>(&mut self, run: impl Future<Output = T>) -> T {
        let mut run = pin!(run);
        let mut tick = pin!(sleep(TICK));
        poll_fn(|cx| {
            if let Poll::Ready(value) = run.as_mut().poll(cx) {
                return Poll::Ready(value);
            }
            while tick.as_mut().poll(cx).is_ready() {
                self.stalled += self.lateness();
                self.due = self.clock.now() + TICK;
                tick.as_mut().reset(Instant::now() + TICK);
            }
            Poll::Pending
        })
        .await
    }

    /// Returns the stall of a run that ends now.
    pub fn end(&self) -> Stall {
        let elapsed = self.clock.now().saturating_sub(self.began).max(self.began_here.elapsed());
        Stall { stalled: self.stalled + self.lateness(), elapsed }
    }

    /// Returns the time by which the next tick is overdue.
    fn lateness(&self) -> Duration {
        Some(self.clock.now().saturating_sub(self.due)).filter(|late| *late >= TOLERANCE).unwrap_or_default()
    }
}

/// The stall of a run that has ended.
#[derive(Clone, Copy, Debug)]
pub struct Stall {
    stalled: Duration,
    /// Time since the beginning of the run, also that in which the machine slept.
    pub elapsed: Duration,
}

impl Stall {
    /// The shortest stall that counts: what a busy processor takes from a run now and then is less.
    const LONG: Duration = Duration::from_millis(500);
    /// A stall from which on a peer may have hung up on us: servers wait for a client much longer, devices on the way hardly less.
    const PATIENCE: Duration = Duration::from_secs(3);

    /// Returns the stall where it falsifies the run's times: a tick or more, and more than a twentieth of the run.
    pub fn of_note(self) -> Option<Duration> {
        (self.stalled >= TICK && self.stalled * 20 >= self.elapsed).then_some(self.stalled)
    }

    /// Reports whether the stall, and not the peer, may be why the run met with `reason`: silence or a hang-up in a run that
    /// stood still for most of its time. A peer that was silent while we listened for longer than that is to blame.
    pub fn explains(self, reason: Reason) -> bool {
        let is_hang_up = matches!(reason, Reason::TlsClosed | Reason::ConnectionClosed);
        let least = if is_hang_up { Self::PATIENCE } else { Self::LONG };
        self.stalled >= least && self.stalled * 2 >= self.elapsed && reason.may_come_of_a_stall()
    }

    /// The fault that the run ended with, under the name of this machine where the stall explains it.
    pub fn renamed(self, fault: Fault) -> Fault {
        if self.explains(fault.reason) { fault.renamed(Reason::MachineTooSlow) } else { fault }
    }
}
