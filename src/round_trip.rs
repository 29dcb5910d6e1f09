//! The ledger of round trips: for each pair of mailboxes what was sent, what is pending, what arrived, and until when nothing may
//! be sent. It outlives a restart where it has a directory.
//!
//! Every change is made under a lock, to what the file says now, and is on disk before anything is sent: two processes with one
//! directory never send twice, and a process that ends between sending and finding leaves behind what the next one needs.

mod files;
mod pair;

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use self::files::Files;
pub use self::pair::{FolderMark, NotSent, PairState, Pending, Problem, Suspension};
use crate::file::Reads;
use crate::kind::Check;
use crate::outcome::Fault;
use crate::reason::Reason;
use crate::settings::{ProbeSettings, RoundTrip};

/// Time for reading and writing a pair's file: a disk that hangs must not hold up the run.
const WITHIN: Duration = Duration::from_secs(5);

/// The identity of a pair: the application, the sender, the recipient, and the services that take and show the mail. Names of the configuration say nothing here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PairKey(String);

impl PairKey {
    /// Returns the pair of a probe; its mailbox is missing only from probes of a tenant.
    pub fn of(settings: &ProbeSettings) -> Self {
        let (tenant, mailbox) = (&settings.tenant, settings.address.as_deref().unwrap_or_default());
        let RoundTrip { send_by, by, .. } = settings.round_trip;
        let to = settings.round_trip.recipient(mailbox);
        // SMTP is not named: files of pairs that send with it have been named without it.
        let sent = if send_by == Check::Smtp { String::new() } else { format!("/{send_by}") };
        let key = format!("{}/{}/{}/{mailbox}/{to}/{by}{sent}", tenant.cloud.name, tenant.tenant_id, tenant.client_id);
        Self(key.to_ascii_lowercase())
    }
}

/// The ledger.
pub struct Ledger {
    files: Option<Arc<Files>>,
    memory: Mutex<HashMap<PairKey, PairState>>,
    reads: Reads,
    now: Box<dyn Fn() -> SystemTime + Send + Sync>,
}

impl Ledger {
    /// Creates a ledger that ends with the process.
    pub fn in_memory() -> Self {
        Self { files: None, memory: Mutex::default(), reads: Reads::new(4), now: Box::new(SystemTime::now) }
    }

    /// Creates a ledger with a file for each pair in `directory`, which is made with the first of them.
    pub fn in_directory(directory: PathBuf) -> Self {
        Self { files: Some(Arc::new(Files::new(directory))), ..Self::in_memory() }
    }

    /// Returns the ledger that belongs to a state file: in the directory beside it, named after it.
    pub fn beside(state_file: &std::path::Path) -> Self {
        let mut name = state_file.file_name().unwrap_or_default().to_owned();
        name.push(".round-trips");
        Self::in_directory(state_file.with_file_name(name))
    }

    /// Returns the same ledger with another clock.
    #[must_use]
    pub fn with_clock(self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self { now: Box::new(now), ..self }
    }

    /// Reports whether it outlives the process.
    pub fn is_kept(&self) -> bool {
        self.files.is_some()
    }

    /// Returns the time.
    pub fn now(&self) -> SystemTime {
        (self.now)()
    }

    /// Returns the state of a pair.
    ///
    /// # Errors
    /// `state_unusable`.
    pub async fn read(&self, pair: &PairKey) -> Result<PairState, Fault> {
        self.update(pair, |_| ()).await.map(|(state, ())| state)
    }

    /// Changes the state of a pair, and returns it with the result of the change once it is on disk. A pair that is new gets an
    /// instance id.
    ///
    /// # Errors
    /// `state_unusable`: its file cannot be read or written, or not in time. Then nothing has changed, as far as is known.
    pub async fn update<T: Send + 'static>(
        &self,
        pair: &PairKey,
        change: impl FnOnce(&mut PairState) -> T + Send + 'static,
    ) -> Result<(PairState, T), Fault> {
        let Some(files) = &self.files else {
            let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
            let state = memory.entry(pair.clone()).or_insert_with(PairState::new);
            let result = change(state);
            return Ok((state.clone(), result));
        };
        let (files, pair) = (Arc::clone(files), pair.0.clone());
        let updated = self.reads.within(WITHIN, move || files.update(&pair, change)).await;
        updated.and_then(|updated| updated).map_err(|problem| Fault::heard(Reason::StateUnusable, problem))
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("files", &self.files).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
