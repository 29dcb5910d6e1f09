//! The files and environment variables that a configuration refers to, exchangeable for tests.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

/// Bytes of a file that are read at most: the largest collections of certificates have a few hundred KiB.
pub(super) const MAX_FILE: u64 = 4 * 1024 * 1024;

/// A file as it was read.
pub struct FileRead {
    /// Its contents, at most `MAX_FILE` bytes.
    pub bytes: Vec<u8>,
    /// Its permission bits, where the system has them.
    pub mode: Option<u32>,
}

/// Access to files and environment variables.
pub trait System {
    /// Returns the value of an environment variable, if it is set to UTF-8 text.
    fn variable(&self, name: &str) -> Option<String>;

    /// Reads a whole file.
    ///
    /// # Errors
    /// The error of the operating system; [`io::ErrorKind::InvalidInput`] for what is no regular file.
    fn file(&self, path: &Path) -> io::Result<FileRead>;
}

/// The files and variables of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalSystem;

impl System for LocalSystem {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn file(&self, path: &Path) -> io::Result<FileRead> {
        // Opening a pipe would wait for a writer, perhaps for ever.
        if !std::fs::metadata(path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
        }
        let file = File::open(path)?;
        let mode = mode(&file.metadata()?);
        let mut bytes = Vec::new();
        file.take(MAX_FILE).read_to_end(&mut bytes)?;
        Ok(FileRead { bytes, mode })
    }
}

#[cfg(unix)]
#[allow(clippy::unnecessary_wraps)] // other systems have no permission bits
fn mode(metadata: &Metadata) -> Option<u32> {
    Some(std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()))
}

#[cfg(not(unix))]
fn mode(_: &Metadata) -> Option<u32> {
    None
}
