//! Jumps of the wall clock, seen beside a clock that nobody sets.

use std::time::{Duration, SystemTime};

use crate::clock::SteadyClock;

/// The two clocks, read together time and again.
#[derive(Clone, Copy, Debug)]
pub struct Clocks {
    wall: fn() -> SystemTime,
    steady: SteadyClock,
    last: (SystemTime, Duration),
}

/// A difference by which the wall clock was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockJump {
    by: Duration,
    is_forward: bool,
}

impl Clocks {
    /// A difference that is no jump: NTP corrects by half a millisecond a second at most, and outcomes come every minute or so.
    const SLACK: Duration = Duration::from_secs(1);

    /// Reads both clocks for the first time.
    pub fn new(wall: fn() -> SystemTime, steady: SteadyClock) -> Self {
        Self { wall, steady, last: (wall(), steady.now()) }
    }

    /// Reads both clocks, and returns the jump of the wall clock since they were read last.
    pub fn jump(&mut self) -> Option<ClockJump> {
        let (wall, steady) = ((self.wall)(), self.steady.now());
        let (wall_before, steady_before) = std::mem::replace(&mut self.last, (wall, steady));
        let expected = wall_before.checked_add(steady.saturating_sub(steady_before))?;
        let jump = match wall.duration_since(expected) {
            Ok(by) => ClockJump { by, is_forward: true },
            Err(back) => ClockJump { by: back.duration(), is_forward: false },
        };
        (jump.by > Self::SLACK).then_some(jump)
    }
}

impl ClockJump {
    /// Rewrites `at`, which was read before the jump, as the clock calls the same moment now.
    pub fn apply(self, at: &mut SystemTime) {
        let moved = if self.is_forward { at.checked_add(self.by) } else { at.checked_sub(self.by) };
        *at = moved.unwrap_or(*at);
    }

    /// The seconds by which the clock was set, negative for back.
    pub fn seconds(self) -> f64 {
        if self.is_forward { self.by.as_secs_f64() } else { -self.by.as_secs_f64() }
    }
}
