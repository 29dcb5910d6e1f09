//! The web configuration in force (`--web.config.file`: TLS, users, headers), read again when it or a file it names has changed.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::Instant;
use tracing::{error, info, warn};

use super::acceptor::Acceptor;
use crate::config::{self, Mistakes};
use crate::file::{FileKind, Reads, Stamp, stamp};

/// The protection of our own service, as its file has it.
pub type Web = config::Web<Acceptor>;

/// Time between two checks of the files, however many connections there are.
const RECHECK_AFTER: Duration = Duration::from_secs(1);

/// Time for a check of the files, for which a request waits.
const RECHECK_WITHIN: Duration = Duration::from_secs(5);

/// The web configuration of the service.
#[derive(Debug)]
pub struct WebConfig {
    file: Option<PathBuf>,
    /// Set where a change may take protection away while the service runs.
    pub allow_unprotected: bool,
    in_use: RwLock<Arc<Web>>,
    checked: Mutex<FilesRead>,
    /// True while the files as they are now are in force: a wrong one changes nothing.
    in_force: AtomicBool,
    /// The check of the files that is at work.
    reads: Reads,
}

/// The files as they were at the last check.
#[derive(Debug)]
struct FilesRead {
    at: Instant,
    files: Vec<FileStamp>,
}

/// A file with its stamp; `None` if it cannot be read.
type FileStamp = (PathBuf, Option<Stamp>);

impl WebConfig {
    /// Loads `file`; without one, nothing is protected. A later change that takes protection away (an empty file, no users any
    /// more) is refused unless `allow_unprotected`: it is a mistake more often than not, and would let everybody in.
    ///
    /// # Errors
    /// Every mistake in it, a line each.
    pub fn load(file: Option<PathBuf>, allow_unprotected: bool) -> Result<Self, String> {
        let (files, web) = file.as_ref().map_or_else(|| (Vec::new(), Ok(Web::default())), |file| read(file, FileKind::Any));
        let web = web?;
        let checked = FilesRead { at: Instant::now(), files };
        let (in_use, checked, in_force) = (RwLock::new(Arc::new(web)), Mutex::new(checked), AtomicBool::new(true));
        Ok(Self { file, allow_unprotected, in_use, checked, in_force, reads: Reads::new(1) })
    }

    /// Returns the configuration in force.
    pub fn current(&self) -> Arc<Web> {
        Arc::clone(&self.in_use.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reports whether the files as they are now are in force.
    pub fn is_in_force(&self) -> bool {
        self.in_force.load(Ordering::Relaxed)
    }

    /// Returns the configuration in force, after a check of the files if the last one is `RECHECK_AFTER` ago. Requests that
    /// come meanwhile get the old one.
    pub async fn refreshed(self: &Arc<Self>) -> Arc<Web> {
        if self.is_due() {
            let web_config = Arc::clone(self);
            if let Err(problem) = self.reads.within(RECHECK_WITHIN, move || web_config.reload_if_changed()).await {
                error!("web configuration not read, the old one stays in force: reading it {problem}");
                self.in_force.store(false, Ordering::Relaxed);
            }
        }
        self.current()
    }

    fn is_due(&self) -> bool {
        if self.file.is_none() || !self.reads.is_free() {
            return false; // nothing to check, or the last check hangs still
        }
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        let due = checked.at.elapsed() >= RECHECK_AFTER;
        if due {
            checked.at = Instant::now();
        }
        due
    }

    fn reload_if_changed(&self) {
        let Some(file) = &self.file else { return };
        let changed = {
            let checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
            checked.files.iter().any(|(file, before)| stamp(file) != *before)
        };
        if !changed {
            return;
        }
        let (files, web) = read(file, FileKind::Regular);
        let web = web.and_then(|web| self.checked_against_current(web, file));
        self.checked.lock().unwrap_or_else(PoisonError::into_inner).files = files;
        self.in_force.store(web.is_ok(), Ordering::Relaxed);
        match web {
            Ok(web) => {
                *self.in_use.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(web);
                info!("web configuration reloaded");
            }
            Err(mistakes) => error!("web configuration not reloaded, the old one stays in force\n{mistakes}"),
        }
    }

    /// Returns `web` unless it takes protection away.
    ///
    /// # Errors
    /// A message: what would no longer be protected.
    fn checked_against_current(&self, web: Web, file: &Path) -> Result<Web, String> {
        let lost = self.current().protections_lost_in(&web);
        if lost.is_empty() || self.allow_unprotected {
            return Ok(web);
        }
        let (file, lost) = (file.display(), lost.join(" and "));
        Err(format!(
            "{file}: it has no {lost} any more; restart the service if that is meant, or run it with --web.allow-unprotected"
        ))
    }
}

/// Reads the web configuration at `path`. Returns first the files that were read, whether or not they are right.
///
/// # Errors
/// Every mistake in the file.
pub fn load_web(path: &Path, kind: FileKind) -> (Vec<PathBuf>, Result<Web, Mistakes>) {
    config::load_web(path, kind, Acceptor::new)
}

/// Reads the configuration, and returns its files as they were before they were read: a change in between is seen next time.
fn read(file: &PathBuf, kind: FileKind) -> (Vec<FileStamp>, Result<Web, String>) {
    let before = stamp(file);
    let (files, web) = load_web(file, kind);
    let own = |named: &PathBuf| if named == file { before } else { stamp(named) };
    let files = files.into_iter().map(|named| (named.clone(), own(&named))).collect();
    if let Ok(web) = &web {
        for warning in &web.warnings {
            warn!("{}", warning.line(&file.display().to_string()));
        }
    }
    (files, web.map_err(|mistakes| mistakes.to_string()))
}
