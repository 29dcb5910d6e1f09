//! The files of the ledger, one a pair: read, changed and replaced under the lock of their directory.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::PairState;
use crate::file::{self, FileKind};

/// The mark of the format, by which a file of another program is told.
const FORMAT: &str = "m365-probe round trip";
/// The version of the format.
const VERSION: u64 = 1;
/// Bytes that are read at most; a file has about 2 kB.
const MAX_BYTES: u64 = 256 * 1024;
/// Time to get the lock of the directory.
const LOCK_WITHIN: Duration = Duration::from_millis(800);

/// The files.
#[derive(Debug)]
pub(super) struct Files {
    directory: PathBuf,
}

/// The content of a file.
#[derive(Serialize, Deserialize)]
struct Content {
    format: String,
    version: u64,
    pair: String,
    #[serde(flatten)]
    state: PairState,
}

impl Files {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Changes the state of a pair; see [`super::Ledger::update`]. What stays the same is not written.
    ///
    /// # Errors
    /// A message that names the file.
    pub(super) fn update<T>(&self, pair: &str, change: impl FnOnce(&mut PairState) -> T) -> Result<(PairState, T), String> {
        let path = self.path(pair);
        let told = |error: io::Error| format!("the state of round trips in `{}`: {error}", path.display());
        let _locked = self.lock().map_err(told)?;
        let known = Self::read(&path, pair).map_err(told)?;
        let mut state = known.clone().unwrap_or_else(PairState::new);
        let result = change(&mut state);
        if known.as_ref() != Some(&state) {
            let content = Content { format: FORMAT.to_owned(), version: VERSION, pair: pair.to_owned(), state: state.clone() };
            let mut json = serde_json::to_vec(&content).map_err(|error| told(error.into()))?;
            json.push(b'\n');
            file::replace(&path, &json).map_err(told)?;
        }
        Ok((state, result))
    }

    /// Returns the path of a pair's file: its addresses would not all be file names.
    fn path(&self, pair: &str) -> PathBuf {
        let digest = openssl::sha::sha256(pair.as_bytes());
        let name: Vec<String> = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        self.directory.join(name.concat() + ".json")
    }

    /// Reads a file; `None` where there is none.
    fn read(path: &Path, pair: &str) -> io::Result<Option<PairState>> {
        let json = match file::read(path, FileKind::Regular, MAX_BYTES) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        let invalid = |problem: &str| io::Error::new(ErrorKind::InvalidData, problem.to_owned());
        let content: Content = serde_json::from_slice(&json)?;
        if content.format != FORMAT || content.pair != pair {
            return Err(invalid("the file is of something else"));
        }
        if content.version > VERSION {
            return Err(invalid("a newer version of the program wrote it"));
        }
        Ok(Some(content.state))
    }

    /// Locks the directory until the returned file is dropped.
    fn lock(&self) -> io::Result<File> {
        file::make_private_directory(&self.directory)?;
        file::lock_directory(&self.directory, LOCK_WITHIN)
    }
}
