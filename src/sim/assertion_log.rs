//! The client assertions that were accepted: how many, and how many of them not for the first time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use openssl::sha::sha256;

/// Numbers of client assertions that were accepted in place of a secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AssertionCounts {
    /// All of them.
    pub accepted: u64,
    /// Those among them that had been accepted before.
    pub repeated: u64,
}

/// The most assertions that are remembered at a time: those of ten minutes at seven a second.
const REMEMBERED: usize = 4096;

/// Remembers assertions until they end.
#[derive(Debug, Default)]
pub(super) struct AssertionLog(Mutex<(AssertionCounts, HashMap<[u8; 32], i64>)>);

impl AssertionLog {
    /// Reports whether the assertion of that name, which its issuer gives once, was accepted before.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.contains_key(&sha256(name.as_bytes()))
    }

    /// Counts an assertion that is accepted at second `now`, and remembers its name until second `end`.
    pub(super) fn add(&self, name: &str, end: i64, now: i64) {
        let (counts, known) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.retain(|_, end| *end > now);
        }
        let is_known = known.contains_key(&sha256(name.as_bytes()));
        counts.accepted += 1;
        counts.repeated += u64::from(is_known);
        if known.len() < REMEMBERED {
            known.insert(sha256(name.as_bytes()), end);
        }
    }

    /// Returns the numbers so far.
    pub(super) fn counts(&self) -> AssertionCounts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assertions_are_counted_and_remembered_until_they_end_and_never_more_than_the_bound() {
        let log = AssertionLog::default();
        for (name, repeated) in [("a", 0), ("b", 0), ("a", 1), ("a", 2)] {
            log.add(name, 10, 1);
            assert_eq!(log.counts().repeated, repeated, "{name}");
        }
        for n in 0..REMEMBERED {
            log.add(&n.to_string(), 20, 1);
        }
        assert_eq!(log.0.lock().expect("a lock").1.len(), REMEMBERED);
        assert!(log.has("a") && !log.has(&(REMEMBERED - 1).to_string()));
        log.add("late", 30, 10);
        assert!(!log.has("a") && log.has("late") && log.has("0"));
        assert_eq!(log.counts(), AssertionCounts { accepted: 5 + REMEMBERED as u64, repeated: 2 });
    }
}
