//! The store as threads share it: runs record into it, and whoever shows something has a snapshot of its own.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Store;
use crate::outcome::Outcome;

/// A store that one thread records into while others show it.
///
/// Its lock is held to record one outcome or to copy a pointer for each 128 probes, microseconds each, and never while
/// something is rendered. So nobody who shows something delays a run, however long it takes.
#[derive(Debug)]
pub struct PublishedStore(Mutex<Store>);

impl PublishedStore {
    /// Shares `store`.
    pub fn new(store: Store) -> Self {
        Self(Mutex::new(store))
    }

    /// Returns the store as it is now. What is recorded afterwards does not change it.
    pub fn snapshot(&self) -> Store {
        self.locked().clone()
    }

    /// Adds an outcome.
    pub fn record(&self, outcome: Outcome) {
        self.locked().record(outcome);
    }

    /// Changes the store as a whole: for a new configuration, or for what an earlier process knew. Runs wait for that.
    pub fn update(&self, change: impl FnOnce(&mut Store)) {
        change(&mut self.locked());
    }

    /// Reads a little of the store, while runs wait.
    pub fn read<T>(&self, read: impl FnOnce(&Store) -> T) -> T {
        read(&self.locked())
    }

    fn locked(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
