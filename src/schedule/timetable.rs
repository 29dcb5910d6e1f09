//! The times at which a probe is due: at its own offset in its interval.

use std::ops::Range;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::outcome::ProbeId;

/// Times of a probe's first two runs, counted from the start; the others follow at its interval.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Timetable {
    pub first: Duration,
    pub second: Duration,
}

impl Timetable {
    /// Gives each probe an offset in its interval, spread by a hash of its name and the same after a restart: at a given
    /// second of the wall clock the same probes are due on every day. The first run comes early, within `first_round`; the second is
    /// the next one at the offset that leaves at least half an interval between the two.
    pub fn new(id: &ProbeId, interval: Duration, first_round: Range<Duration>, now: SystemTime) -> Self {
        let hash = u128::from(fnv(id.to_string().as_bytes()));
        let interval = interval.as_nanos().max(1);
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
        let length = first_round.end.saturating_sub(first_round.start);
        let first = first_round.start.as_nanos() + hash % length.as_nanos().clamp(1, interval);
        let offset = (hash % interval + interval - now % interval) % interval;
        let earliest = first + interval.div_ceil(2);
        let rounds = earliest.saturating_sub(offset).div_ceil(interval);
        Self { first: nanos(first), second: nanos(offset + rounds * interval) }
    }
}

/// Returns the turn that follows one at `due`, `pace` later or up to half an interval more or less: turns lie whole `interval`s
/// from `anchor`, also after one that came out of turn.
pub(super) fn next_turn(anchor: Instant, interval: Duration, due: Instant, pace: Duration) -> Instant {
    let interval = interval.max(Duration::from_nanos(1));
    let earliest = due + pace.saturating_sub(interval / 2);
    let rounds = earliest.saturating_duration_since(anchor).as_nanos().div_ceil(interval.as_nanos());
    anchor + nanos(rounds.saturating_mul(interval.as_nanos()))
}

fn nanos(nanos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// FNV-1a, 64 bits: small, stable over versions, and even enough to spread names.
pub(super) fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
