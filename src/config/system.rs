//! The files and environment variables that a configuration refers to, exchangeable for tests.

use std::fmt;
use std::fs::Metadata;
use std::io::{self, Read};
use std::path::Path;

use super::text;
use crate::file::{self, FileKind};

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
pub trait System: fmt::Debug + Send + Sync {
    /// Returns the value of an environment variable, if it is set to UTF-8 text.
    fn variable(&self, name: &str) -> Option<String>;

    /// Reads a whole file.
    ///
    /// # Errors
    /// The error of the operating system; [`io::ErrorKind::InvalidInput`] for what is no regular file.
    fn file(&self, path: &Path) -> io::Result<FileRead>;

    /// Reads a file of the configuration, but no more than `most` bytes and one.
    ///
    /// # Errors
    /// The error of the operating system; [`io::ErrorKind::InvalidInput`] for a file of another kind.
    fn text(&self, path: &Path, kind: FileKind, most: usize) -> io::Result<Vec<u8>>;

    /// Returns the names in a directory that are UTF-8.
    ///
    /// # Errors
    /// The error of the operating system.
    fn names(&self, directory: &Path) -> io::Result<Vec<String>>;

    /// Reports whether credentials that systemd hands over to the service alone are taken for given.
    fn presumes_credentials(&self) -> bool {
        false
    }
}

/// This machine outside of the service, where a configuration is looked at and nothing runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct OutsideOfService;

impl System for OutsideOfService {
    fn variable(&self, name: &str) -> Option<String> {
        LocalSystem.variable(name)
    }

    fn file(&self, path: &Path) -> io::Result<FileRead> {
        LocalSystem.file(path)
    }

    fn text(&self, path: &Path, kind: FileKind, most: usize) -> io::Result<Vec<u8>> {
        LocalSystem.text(path, kind, most)
    }

    fn names(&self, directory: &Path) -> io::Result<Vec<String>> {
        LocalSystem.names(directory)
    }

    fn presumes_credentials(&self) -> bool {
        true
    }
}

/// The files and variables of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalSystem;

impl System for LocalSystem {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn file(&self, path: &Path) -> io::Result<FileRead> {
        let file = file::open(path, FileKind::Regular)?;
        let mode = mode(&file.metadata()?);
        let mut bytes = Vec::new();
        file.take(MAX_FILE).read_to_end(&mut bytes)?;
        Ok(FileRead { bytes, mode })
    }

    fn text(&self, path: &Path, kind: FileKind, most: usize) -> io::Result<Vec<u8>> {
        text::read_bytes(path, kind, most)
    }

    fn names(&self, directory: &Path) -> io::Result<Vec<String>> {
        // Of a pattern without a directory the working directory is meant, whose path is not empty.
        let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        let names = std::fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name().into_string().ok()));
        names.filter_map(io::Result::transpose).collect()
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
