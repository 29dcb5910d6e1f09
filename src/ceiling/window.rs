//! A count over the last hour, in parts of five minutes: no hour that is looked at has more than it shows.

use std::time::Duration;

use tokio::time::Instant;

use super::Origin;

/// The time of one part.
const PART: Duration = Duration::from_secs(300);
/// The parts of an hour, and the one that has begun.
const PARTS: usize = 12 + 1;

/// Counts of the last hour: all, and those that clients asked for.
#[derive(Debug)]
pub struct Window {
    began: Instant,
    latest: u64,
    parts: [Counts; PARTS],
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    all: u32,
    requested: u32,
}

impl Default for Window {
    fn default() -> Self {
        Self { began: Instant::now(), latest: 0, parts: Default::default() }
    }
}

impl Window {
    /// The longest time over which is counted: up to a part more than an hour.
    pub const LONGEST: Duration = PART.saturating_mul(12 + 1);

    /// Returns the number of all, and of those that clients asked for.
    pub fn counts(&mut self, now: Instant) -> (u32, u32) {
        self.follow(now);
        self.parts.iter().fold((0, 0), |(all, requested), part| (all + part.all, requested + part.requested))
    }

    /// Counts one.
    pub fn add(&mut self, now: Instant, origin: Origin) {
        let part = self.current(now);
        part.all = part.all.saturating_add(1);
        part.requested = part.requested.saturating_add(u32::from(origin == Origin::Request));
    }

    /// Takes one back, if it was counted in the current part.
    pub fn remove(&mut self, now: Instant, origin: Origin) {
        let part = self.current(now);
        part.all = part.all.saturating_sub(1);
        part.requested = part.requested.saturating_sub(u32::from(origin == Origin::Request));
    }

    fn current(&mut self, now: Instant) -> &mut Counts {
        self.follow(now);
        let [first, ..] = &mut self.parts;
        first
    }

    /// Forgets the parts that are over. The current one is the first.
    fn follow(&mut self, now: Instant) {
        let part = now.saturating_duration_since(self.began).as_secs() / PART.as_secs();
        for _ in (self.latest..part).take(PARTS) {
            self.parts.rotate_right(1);
            self.parts[0] = Counts::default();
        }
        self.latest = self.latest.max(part);
    }
}
