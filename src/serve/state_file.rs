//! The file with what must outlive a restart: read at the start, written now and then and at the end.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};
use tracing::{error, info, warn};

use crate::document::{State, Unreadable};
use crate::file::{self, FileKind, Reads};
use crate::render::prometheus::Exporter;
use crate::store::{PublishedStore, Store};

/// Least time between two writes, apart from the one at the end.
const WRITE_INTERVAL: Duration = Duration::from_secs(10);
/// Part of the time that writing may take: thirty thousand probes are some 10 MB.
const SHARE: u32 = 100;
/// Bytes of a state that are read at most, several times what the largest one has.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Time for a write: a disk that hangs must not hold up the next one for good.
const WRITE_WITHIN: Duration = Duration::from_secs(60);

/// A state file. Nobody waits for it but whoever calls [`StateFile::save`].
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    exporter: Exporter,
    writes: Reads,
    /// Set after a write that failed, so that the log has each trouble once.
    failing: AtomicBool,
}

impl StateFile {
    /// Restores in `store` what the file at `path` has, and makes ready to write it. A file that is not understood is kept aside,
    /// and the state begins anew; where that is not possible either, nothing is written.
    pub fn restore(path: PathBuf, store: &mut Store, exporter: &Exporter) -> Option<Self> {
        let (name, state) = (path.display(), read(&path));
        exporter.state_read_successful.set(i64::from(state.is_ok()));
        match state {
            Ok(None) => info!("state file `{name}`: there is none yet"),
            Ok(Some(state)) => {
                let probes = state.restore(store); // and not in the macro, which passes over what the log leaves out
                info!(probes, "state restored from `{name}`");
            }
            Err(problem) => match keep_aside(&path) {
                Ok(kept) => error!("state file `{name}`: {problem}; kept as `{}`, the state begins anew", kept.display()),
                Err(error) => {
                    error!("state file `{name}`: {problem}; it cannot be kept aside ({error}), so no state is written");
                    exporter.state_write_successful.set(0);
                    return None;
                }
            },
        }
        Some(Self { path, exporter: exporter.clone(), writes: Reads::new(1), failing: AtomicBool::new(false) })
    }

    /// Writes the state now and then, for as long as it is polled.
    pub async fn save_regularly(self: Arc<Self>, store: Arc<PublishedStore>) {
        let mut pause = WRITE_INTERVAL;
        let mut written = None;
        loop {
            sleep(pause).await;
            let began = Instant::now();
            let counted = store.read(Store::recorded);
            if written != Some(counted) {
                self.save(&store).await;
                written = Some(counted);
            }
            pause = WRITE_INTERVAL.max(began.elapsed() * SHARE);
        }
    }

    /// Writes the state as it is now. Trouble is told by log and metric, and costs nothing else.
    pub async fn save(&self, store: &PublishedStore) {
        let (store, path) = (store.snapshot(), self.path.clone());
        let write = move || file::replace(&path, &State::new(&store, SystemTime::now()).to_json());
        let written = self.writes.within(WRITE_WITHIN, write).await;
        let written = written.and_then(|written| written.map_err(|error| format!("failed: {error}")));
        self.exporter.state_write_successful.set(i64::from(written.is_ok()));
        let was_failing = self.failing.swap(written.is_err(), Ordering::Relaxed);
        match written {
            Err(problem) if !was_failing => warn!("state file `{}`: writing it {problem}", self.path.display()),
            Ok(()) if was_failing => info!("state file `{}`: written again", self.path.display()),
            _ => {}
        }
    }
}

/// Reads the state; `None` if there is no file.
fn read(path: &Path) -> Result<Option<State<'static>>, String> {
    let json = match file::read(path, FileKind::Regular, MAX_BYTES + 1) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        read => read.map_err(|error| format!("cannot be read: {error}"))?,
    };
    if u64::try_from(json.len()).is_ok_and(|bytes| bytes > MAX_BYTES) {
        return Err(format!("it has more than {} MiB", MAX_BYTES >> 20));
    }
    State::from_json(&json).map(Some).map_err(|problem| match problem {
        Unreadable::Newer(version) => format!("a newer version of the program wrote it (format {version})"),
        Unreadable::Damaged(problem) => problem,
    })
}

/// Renames a file that is not understood, and returns its new path.
fn keep_aside(path: &Path) -> io::Result<PathBuf> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let mut kept = path.as_os_str().to_owned();
    kept.push(format!(".kept-{}", now.as_millis()));
    fs::rename(path, &kept)?;
    Ok(kept.into())
}
