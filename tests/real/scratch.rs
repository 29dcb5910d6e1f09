//! A directory for one test, removed when the test ends.

use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

/// A new directory that every server's own user may enter. Its path is short: sockets live below it, and a socket's
/// path ends at 107 bytes.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("m365-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = env::temp_dir().join(name);
        fs::DirBuilder::new().mode(0o755).create(&path).expect("make a scratch directory");
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Makes a directory in it, with its parents, and returns the path.
    pub fn dir(&self, name: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(&path).expect("make a directory");
        path
    }

    /// Writes a file in it that all may read, and returns the path.
    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).expect("write a file");
        path
    }

    /// Writes a file in it that only its owner may read, and returns the path.
    pub fn secret(&self, name: &str, text: &str) -> PathBuf {
        let path = self.file(name, text);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("close a file to others");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if env::var_os("M365_TESTS_KEEP").is_none() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}
