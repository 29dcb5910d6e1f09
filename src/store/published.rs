//! The store as threads share it: runs record into it, and whoever shows something has a snapshot of its own.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tracing::warn;

use super::Store;
use super::clock_jump::Clocks;
use crate::clock::SteadyClock;
use crate::outcome::Outcome;

/// A store that one thread records into while others show it.
///
/// Its lock is held to record one outcome or to copy a pointer for each 128 probes, microseconds each, and never while
/// something is rendered. So nobody who shows something delays a run, however long it takes.
///
/// Ages are judged by the wall clock, which may be set. So whoever takes the lock looks for a jump of it first, and then all
/// times that are known are rewritten: what was two minutes ago still is, and no result is stale because of the clock.
#[derive(Debug)]
pub struct PublishedStore(Mutex<Timed>);

/// The store, and the clocks by which its times are kept.
#[derive(Debug)]
struct Timed {
    store: Store,
    clocks: Clocks,
}

impl PublishedStore {
    /// Shares `store`.
    pub fn new(store: Store) -> Self {
        Self::with_clocks(store, SystemTime::now, SteadyClock::default())
    }

    /// Shares `store`, whose times `wall` tells.
    pub fn with_clocks(store: Store, wall: fn() -> SystemTime, steady: SteadyClock) -> Self {
        Self(Mutex::new(Timed { store, clocks: Clocks::new(wall, steady) }))
    }

    /// Returns the store as it is now. What is recorded afterwards does not change it.
    pub fn snapshot(&self) -> Store {
        self.locked().store.clone()
    }

    /// Adds an outcome.
    pub fn record(&self, outcome: Outcome) {
        self.locked().store.record(outcome);
    }

    /// Changes the store as a whole: for a new configuration, or for what an earlier process knew. Runs wait for that.
    pub fn update(&self, change: impl FnOnce(&mut Store)) {
        change(&mut self.locked().store);
    }

    /// Reads a little of the store, while runs wait.
    pub fn read<T>(&self, read: impl FnOnce(&Store) -> T) -> T {
        read(&self.locked().store)
    }

    fn locked(&self) -> MutexGuard<'_, Timed> {
        let mut timed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(jump) = timed.clocks.jump() {
            warn!(seconds = jump.seconds(), "the clock of this machine was set; the times of all results follow");
            timed.store.follow(jump);
        }
        timed
    }
}
