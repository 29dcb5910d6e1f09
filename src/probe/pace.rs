//! The pace of a probe: slower where the far side refuses it for good, at once again when something has changed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::reason::Reason;

/// Equal refusals in a row after which a probe slows down: what was a change under way is over by then.
const SLOWS_AFTER: u32 = 3;
/// The longest interval between two logins that are refused. Failed logins are delayed and in the end cut off by Exchange.
const LONGEST: Duration = Duration::from_secs(600);

/// The refusals in a row of one mailbox and protocol, or of one check of a tenant.
#[derive(Debug, Default)]
pub struct Pace {
    refusals: Mutex<Option<Refusals>>,
    calls: Calls,
}

/// The calls of [`Pace::wake`]. A `watch` channel of tokio's does the same in seven times the memory, for each probe.
#[derive(Debug, Default)]
struct Calls {
    count: AtomicU64,
    waiting: Notify,
}

/// A listener to the calls to run at once.
#[derive(Debug)]
pub struct Hurries<'a> {
    calls: &'a Calls,
    /// The number of calls that are done with.
    seen: u64,
}

#[derive(Clone, Copy, Debug)]
struct Refusals {
    reason: Reason,
    count: u32,
}

impl Pace {
    /// Takes note of a run that failed for `reason`, or succeeded.
    pub fn note(&self, reason: Option<Reason>) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        *refusals = reason.filter(|reason| reason.is_for_good()).map(|reason| {
            let before = refusals.filter(|before| before.reason == reason).map_or(0, |before| before.count);
            Refusals { reason, count: before.saturating_add(1) }
        });
    }

    /// Returns the number of refusals in a row.
    pub fn refusals(&self) -> u32 {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).map_or(0, |refusals| refusals.count)
    }

    /// Returns the interval in place of `interval`: twice as long after [`SLOWS_AFTER`] refusals and after each further one,
    /// up to [`LONGEST`].
    pub fn interval(&self, interval: Duration) -> Duration {
        let doublings = (self.refusals() + 1).saturating_sub(SLOWS_AFTER);
        let slower = interval.saturating_mul(2_u32.saturating_pow(doublings));
        slower.min(LONGEST.max(interval))
    }

    /// Forgets the refusals, and has the schedule run at once what it runs more slowly because of them.
    pub fn hurry(&self) {
        let slowed = self.refusals() >= SLOWS_AFTER;
        self.note(None);
        if slowed {
            self.wake();
        }
    }

    /// Has the schedule run at once.
    pub fn wake(&self) {
        self.calls.count.fetch_add(1, Ordering::Relaxed);
        self.calls.waiting.notify_waiters();
    }

    /// Returns a listener to the calls to run at once, from now on.
    pub fn hurries(&self) -> Hurries<'_> {
        let mut hurries = Hurries { calls: &self.calls, seen: 0 };
        hurries.mark_answered();
        hurries
    }
}

impl Hurries<'_> {
    /// Waits for a call that is not done with.
    pub async fn called(&self) {
        loop {
            let next = self.calls.waiting.notified(); // from here on no call is missed
            if self.are_waiting() {
                return;
            }
            next.await;
        }
    }

    /// Marks all calls so far as done with.
    pub fn mark_answered(&mut self) {
        self.seen = self.calls.count.load(Ordering::Relaxed);
    }

    /// Reports whether there was a call that is not done with.
    fn are_waiting(&self) -> bool {
        self.calls.count.load(Ordering::Relaxed) != self.seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interval_is_doubled_after_three_equal_refusals_up_to_ten_minutes() {
        let seconds = Duration::from_secs;
        for (interval, expected) in [(60, [60, 60, 120, 240, 480, 600, 600]), (300, [300, 300, 600, 600, 600, 600, 600])] {
            let pace = Pace::default();
            let intervals = expected.map(|_| {
                pace.note(Some(Reason::AuthRefused));
                pace.interval(seconds(interval)).as_secs()
            });
            assert_eq!(intervals, expected);
        }
        let pace = Pace::default();
        (0..100).for_each(|_| pace.note(Some(Reason::AuthRefused)));
        assert_eq!(pace.interval(seconds(3600)), seconds(3600), "who is slow already is not made faster");
    }

    #[test]
    fn interval_is_as_configured_after_a_success_another_reason_or_a_failure_that_may_pass() {
        for reason in [None, Some(Reason::MailboxNotFound), Some(Reason::ReplyTimedOut), Some(Reason::Throttled)] {
            let pace = Pace::default();
            (0..9).for_each(|_| pace.note(Some(Reason::AuthRefused)));
            assert_eq!(pace.interval(Duration::from_secs(60)), LONGEST);
            pace.note(reason);
            assert_eq!(pace.interval(Duration::from_secs(60)), Duration::from_secs(60), "{reason:?}");
        }
    }

    #[test]
    fn hurry_wakes_only_what_was_slowed() {
        let pace = Pace::default();
        let hurries = pace.hurries();
        for (refusals, wakes) in [(0, false), (2, false), (3, true)] {
            (0..refusals).for_each(|_| pace.note(Some(Reason::AuthRefused)));
            pace.hurry();
            assert_eq!(hurries.are_waiting(), wakes, "{refusals}");
            assert_eq!(pace.refusals(), 0);
        }
    }
}
