//! What a configuration refers to outside of itself: files and environment variables, exchangeable for tests.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

/// A file is read no further than this: the largest collections of certificates have a few hundred KiB.
pub(super) const MAX_FILE: u64 = 4 * 1024 * 1024;

/// A file that was read.
pub struct FileRead {
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Its permission bits, where the system has them.
    pub mode: Option<u32>,
}

/// Files and environment variables.
pub trait System {
    /// The value of an environment variable, if it is set to readable text.
    fn variable(&self, name: &str) -> Option<String>;

    /// Reads a whole file.
    ///
    /// # Errors
    /// Whatever the system says.
    fn file(&self, path: &Path) -> io::Result<FileRead>;
}

/// This machine's.
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
