//! The state that all runs of one mailbox and protocol share: the one connection, the back-off, and the latest outcome.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::{MutexGuard, broadcast};
use tokio::time::{Instant, timeout_at};

use super::expectation::Openings;
use super::pace::Pace;
use crate::ceiling::{Accounts, Book};
use crate::kind::Check;
use crate::outcome::{Outcome, ProbeId, SkipReason};
use crate::reason::Reason;
use crate::settings::{Ceilings, ProbeSettings};

/// The one connection that a mailbox and protocol may have at a time, and the back-off that the server asked for.
#[derive(Debug, Default)]
pub struct Slot {
    connection: tokio::sync::Mutex<()>,
    back_off: Mutex<Option<BackOff>>,
    /// Made by the first run that must wait: of ten thousand mailboxes few ever have one, and its buffer takes half a kilobyte.
    finished: OnceLock<broadcast::Sender<FinishedRun>>,
    /// The pace of the probes that log in here.
    pub pace: Pace,
}

/// The outcome of a run, and the time it had.
#[derive(Clone, Debug)]
struct FinishedRun {
    /// Shared: the channel of each slot has room for one, also while nobody waits.
    outcome: Arc<Outcome>,
    within: Duration,
}

#[derive(Clone, Debug)]
struct BackOff {
    until: Instant,
    skip: SkipReason,
}

/// The result of waiting for a turn.
#[derive(Debug)]
pub enum Turn<'a> {
    /// The connection is free, and held until the guard is dropped.
    Run(MutexGuard<'a, ()>),
    /// A run of the same probe has ended meanwhile: its outcome is as fresh as one of ours.
    Shared(Box<Outcome>),
    /// The connection was not free in time.
    Busy,
}

impl Slot {
    /// Waits for a turn of `id`, which must be over `within` this time: for the connection, or for the outcome of a run of the
    /// same probe that holds it.
    pub async fn turn(&self, id: &ProbeId, within: Duration) -> Turn<'_> {
        if let Ok(guard) = self.connection.try_lock() {
            return Turn::Run(guard);
        }
        let deadline = Instant::now() + within;
        let mut finished = self.finished.get_or_init(|| broadcast::Sender::new(1)).subscribe();
        let either = async {
            tokio::select! {
                biased;
                outcome = shared(&mut finished, id, within) => Turn::Shared(Box::new(outcome)),
                guard = self.connection.lock() => Turn::Run(guard),
            }
        };
        // Half of the time for the connection to be free, half for the run: in less, our waiting would look like a slow
        // server. What others learn may come later.
        match timeout_at(deadline - within / 2, either).await {
            Ok(turn) => turn,
            Err(_) => match timeout_at(deadline, shared(&mut finished, id, within)).await {
                Ok(outcome) => Turn::Shared(Box::new(outcome)),
                Err(_) => Turn::Busy,
            },
        }
    }

    /// Shares the outcome of a run that had the time `within` with the runs that wait.
    pub fn publish(&self, outcome: &Outcome, within: Duration) {
        if let Some(finished) = self.finished.get().filter(|finished| finished.receiver_count() > 0) {
            let outcome = Arc::new(outcome.clone());
            let _ = finished.send(FinishedRun { outcome, within }); // who waited has gone
        }
    }

    /// Returns the back-off, while it lasts.
    pub fn back_off(&self) -> Option<SkipReason> {
        let mut back_off = self.back_off.lock().unwrap_or_else(PoisonError::into_inner);
        back_off.take_if(|back_off| back_off.until <= Instant::now());
        back_off.as_ref().map(|back_off| back_off.skip.clone())
    }

    /// Begins a back-off of the duration that the server `asked` for, `because` of this reason.
    pub fn start_back_off(&self, asked: Duration, because: Reason) {
        let skip = SkipReason::BackOff { until: SystemTime::now() + asked, because };
        *self.back_off.lock().unwrap_or_else(PoisonError::into_inner) = Some(BackOff { until: Instant::now() + asked, skip });
    }
}

/// Waits for an outcome of `id` that says as much as one of ours: a run with less time than `within` may fail for that alone.
async fn shared(finished: &mut broadcast::Receiver<FinishedRun>, id: &ProbeId, within: Duration) -> Outcome {
    loop {
        match finished.recv().await {
            Ok(FinishedRun { outcome, within: theirs }) if outcome.probe == *id && (outcome.is_ok() || theirs >= within) => {
                return Outcome::clone(&outcome);
            }
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
            // It is the slot's, which outlives us.
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// All slots, and the accounts that runs are charged to. They outlive a reload, as a back-off and a running conversation do.
#[derive(Debug, Default)]
pub struct Slots {
    by_key: Mutex<HashMap<SlotKey, Arc<Slot>>>,
    accounts: Arc<Book>,
    openings: Openings,
}

/// Tenant, address and check. The address and not the label: a mailbox under two names is one mailbox to its server.
type SlotKey = (String, Option<String>, Check);

impl Slots {
    /// Returns new slots, without back-offs, whose probes are charged to the same accounts.
    #[must_use]
    pub fn anew(&self) -> Self {
        Self { by_key: Mutex::default(), accounts: Arc::clone(&self.accounts), openings: Openings::default() }
    }

    /// Returns the slot of a probe, a new one if it has none yet.
    pub(super) fn slot(&self, settings: &ProbeSettings) -> Arc<Slot> {
        let address = settings.address.as_ref().map(|address| address.to_ascii_lowercase());
        let key = (settings.id.tenant.clone(), address, settings.id.check);
        Arc::clone(self.by_key().entry(key).or_default())
    }

    /// Returns the accounts of a probe.
    pub(super) fn accounts(&self, settings: &ProbeSettings) -> Accounts {
        self.accounts.accounts(settings)
    }

    /// Returns the openings of mailboxes, which all probes share.
    pub(super) fn openings(&self) -> Openings {
        self.openings.clone()
    }

    /// Sets the ceilings of what `probes` ask for.
    pub fn set_ceilings<'a>(&self, configured: Ceilings, probes: impl Iterator<Item = &'a ProbeSettings>) {
        self.accounts.set_ceilings(configured, probes);
    }

    /// Drops what no probe has any more.
    pub fn sweep(&self) {
        self.by_key().retain(|_, slot| Arc::strong_count(slot) > 1);
        self.accounts.sweep();
        self.openings.sweep();
    }

    fn by_key(&self) -> std::sync::MutexGuard<'_, HashMap<SlotKey, Arc<Slot>>> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
