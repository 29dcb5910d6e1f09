//! The file in which `check` keeps the back-offs that servers asked for, and since when what fails has been failing, from one call to
//! the next, and the ledger of round trips beside it.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tracing::debug;

use crate::document::BackOffs;
use crate::file::{self, FileKind};
use crate::kind::Check;
use crate::outcome::Outcome;
use crate::round_trip::Ledger;
use crate::settings::ProbeSettings;

/// Bytes that are read at most, several times what the largest file has.
const MAX_BYTES: u64 = 4 * 1024 * 1024;
/// Time to get the lock of the directory.
const LOCK_WITHIN: Duration = Duration::from_millis(200);

/// The file. Whatever is wrong with it is a line of the log at most: a check without it is as good, and may log in too early.
#[derive(Debug)]
pub struct BackOffFile {
    path: PathBuf,
    /// Set for the usual file, whose directory must be ours alone: anybody may make one of its name.
    is_usual: bool,
}

impl BackOffFile {
    /// Returns the file at `given`, or else the usual one of this user: a back-off lasts an hour at most, so it may go with the
    /// temporary files.
    pub fn new(given: Option<&Path>) -> Self {
        let usual = || {
            let user = rustix::process::geteuid().as_raw();
            std::env::temp_dir().join(format!("m365-probe-{user}")).join("back-offs.json")
        };
        Self { path: given.map_or_else(usual, Path::to_owned), is_usual: given.is_none() }
    }

    /// Returns the ledger of round trips for these probes; without a round trip among them nothing is made.
    ///
    /// # Errors
    /// A message: its directory cannot be made, or belongs to others; or the file is none that keeps anything, as `/dev/null`.
    pub fn ledger(&self, probes: &[ProbeSettings]) -> Result<Ledger, String> {
        if probes.iter().all(|probe| probe.id.check != Check::RoundTrip) {
            return Ok(Ledger::in_memory());
        }
        if std::fs::metadata(&self.path).is_ok_and(|about| !about.is_file()) {
            let path = self.path.display();
            return Err(format!("round trips need a state that is kept, and `{path}` is no regular file; see --state-file"));
        }
        if self.is_usual {
            let made = file::make_private_directory(self.directory()).and_then(|()| self.require_own_directory());
            made.map_err(|error| {
                format!("the state of round trips in `{}`: {error}; see --state-file", self.directory().display())
            })?;
        }
        Ok(Ledger::beside(&self.path))
    }

    /// Returns the back-offs in the file.
    pub fn read(&self) -> BackOffs {
        self.content().unwrap_or_else(|error| {
            debug!("back-offs in `{}`: {error}", self.path.display());
            BackOffs::default()
        })
    }

    /// Adds the back-offs that servers asked for in these runs, and their failures; `known` is what the file had before. The outcomes
    /// are told since when their probes have been failing, where the next call will know it too.
    pub fn note(&self, known: &BackOffs, probes: &[ProbeSettings], outcomes: &mut [Outcome]) {
        let runs: Vec<(&ProbeSettings, &Outcome)> = probes.iter().zip(&*outcomes).collect();
        let is_changed = runs.iter().any(|(settings, outcome)| known.is_changed_by(settings, outcome));
        let noted = if is_changed { self.add(&runs) } else { Ok(None) };
        match noted {
            Ok(noted) => {
                let noted = noted.as_ref().unwrap_or(known);
                for (settings, outcome) in probes.iter().zip(outcomes).filter(|(_, outcome)| !outcome.is_ok()) {
                    outcome.facts.failing_since = noted.failing_since(settings);
                }
            }
            Err(error) => debug!("back-offs in `{}`: {error}", self.path.display()),
        }
    }

    /// Adds the runs to what the file has now: another call may have written it meanwhile.
    fn add(&self, runs: &[(&ProbeSettings, &Outcome)]) -> io::Result<Option<BackOffs>> {
        let _locked = self.lock()?;
        let mut back_offs = self.content()?;
        back_offs.note(runs, SystemTime::now());
        file::replace(&self.path, &back_offs.to_json())?;
        Ok(Some(back_offs))
    }

    /// Returns the back-offs in the file: none where it is missing or damaged.
    ///
    /// # Errors
    /// It cannot be read, or is no regular file, or the directory is not ours: then it is left as it is.
    fn content(&self) -> io::Result<BackOffs> {
        if self.is_usual {
            self.require_own_directory()?;
        }
        match file::read(&self.path, FileKind::Regular, MAX_BYTES) {
            Ok(json) => Ok(BackOffs::from_json(&json).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(BackOffs::default()),
            Err(error) => Err(error),
        }
    }

    fn directory(&self) -> &Path {
        file::directory_of(&self.path)
    }

    /// Refuses a directory that others could have filled. One that is missing has nothing in it.
    fn require_own_directory(&self) -> io::Result<()> {
        let about = match self.directory().symlink_metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            about => about?,
        };
        let is_ours = about.is_dir() && about.uid() == rustix::process::geteuid().as_raw() && about.mode() & 0o022 == 0;
        if is_ours { Ok(()) } else { Err(io::Error::new(ErrorKind::PermissionDenied, "its directory belongs to others")) }
    }

    /// Locks the directory, as a plugin for each mailbox may run at the same time, until the returned file is dropped.
    fn lock(&self) -> io::Result<File> {
        if self.is_usual {
            file::make_private_directory(self.directory())?;
        }
        file::lock_directory(self.directory(), LOCK_WITHIN)
    }
}
