//! A clock that nobody sets, and that goes on while the machine sleeps.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// A clock that counts from some moment in the past. What it reads never jumps, and the time of a suspended machine counts:
/// `tokio::time::Instant`, which tests can pause, leaves that out.
#[derive(Clone, Copy, Debug)]
pub struct SteadyClock(fn() -> Duration);

impl SteadyClock {
    /// A clock that is read by `read`.
    pub const fn new(read: fn() -> Duration) -> Self {
        Self(read)
    }

    /// Returns the time since the clock's beginning.
    pub fn now(self) -> Duration {
        (self.0)()
    }
}

impl Default for SteadyClock {
    fn default() -> Self {
        Self(since_boot)
    }
}

/// Reads the kernel's clock, which costs no system call on Linux.
fn since_boot() -> Duration {
    #[cfg(target_os = "linux")]
    const CLOCK: ClockId = ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    const CLOCK: ClockId = ClockId::Monotonic;
    Duration::try_from(clock_gettime(CLOCK)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steady_clock_of_this_machine_goes_on() {
        let before = SteadyClock::default().now();
        assert!(before > Duration::ZERO && SteadyClock::default().now() >= before);
    }
}
