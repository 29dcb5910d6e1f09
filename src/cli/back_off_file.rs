//! The file in which `check` keeps the back-offs that servers asked for, from one call to the next.

use std::fs::{DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{FlockOperation, flock};
use tracing::debug;

use crate::document::BackOffs;
use crate::file::{self, FileKind};
use crate::outcome::Outcome;
use crate::settings::ProbeSettings;

/// Bytes that are read at most, several times what the largest file has.
const MAX_BYTES: u64 = 4 * 1024 * 1024;
/// Tries to get the lock, and the pause after each: others hold it for a millisecond or two.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(4);

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

    /// Returns the back-offs in the file.
    pub fn read(&self) -> BackOffs {
        self.content().unwrap_or_else(|error| {
            debug!("back-offs in `{}`: {error}", self.path.display());
            BackOffs::default()
        })
    }

    /// Adds the back-offs that servers asked for in these runs, if any.
    pub fn note(&self, probes: &[ProbeSettings], outcomes: &[Outcome]) {
        let (runs, now) = (|| probes.iter().zip(outcomes), SystemTime::now());
        if !BackOffs::default().note(runs(), now) {
            return;
        }
        let added = self.lock().and_then(|_locked| {
            let mut back_offs = self.content()?;
            back_offs.note(runs(), now);
            file::replace(&self.path, &back_offs.to_json())
        });
        if let Err(error) = added {
            debug!("back-offs in `{}`: {error}", self.path.display());
        }
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

    fn make_directory(&self) -> io::Result<()> {
        match DirBuilder::new().mode(0o700).create(self.directory()) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
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
            self.make_directory()?;
        }
        let directory = File::open(self.directory())?;
        for _ in 0..TRIES {
            match flock(&directory, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(directory),
                Err(rustix::io::Errno::WOULDBLOCK) => std::thread::sleep(PAUSE),
                Err(error) => return Err(error.into()),
            }
        }
        Err(io::Error::new(ErrorKind::WouldBlock, "others hold the lock of its directory"))
    }
}
