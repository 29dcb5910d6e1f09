//! Software that tests need. A test that lacks some is left out, and listed.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::{env, thread};

/// A piece of software that `tests/run` installs.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub name: &'static str,
    /// Its files; a relative path lies in the cache of `tests/run`.
    pub files: &'static [&'static str],
    pub as_root: bool,
}

/// The program that gives another one a hosts file of its own.
pub const UNSHARE: Part = Part { name: "unshare", files: &["/usr/bin/unshare"], as_root: true };

/// Returns the directory in which `tests/run` keeps what it installs without the system's package manager.
pub fn cache() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.cache")
}

/// Tells whether all `parts` are installed. Where one is not, the calling test is listed as left out.
pub fn all_there(parts: &[Part]) -> bool {
    let missing: Vec<_> = parts.iter().filter_map(missing).collect();
    if !missing.is_empty() {
        leave_out(&missing.join(", "));
    }
    missing.is_empty()
}

/// Lists the calling test as left out, with the reason, in the file `M365_TESTS_LEFT_OUT`, which `tests/run` prints. With
/// `CI=true` the test fails.
pub fn leave_out(why: &str) {
    let test = thread::current().name().unwrap_or("a test").to_owned();
    let line = format!("{test}: {why}");
    assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "{line}");
    if let Some(file) = env::var_os("M365_TESTS_LEFT_OUT") {
        let mut file = OpenOptions::new().append(true).create(true).open(file).expect("open the list of what is left out");
        writeln!(file, "{line}").expect("note what is left out");
    }
}

fn missing(part: &Part) -> Option<String> {
    let absent = part.files.iter().find(|file| !cache().join(file).exists());
    match absent {
        Some(file) => Some(format!("{} is not installed (no {file})", part.name)),
        None if part.as_root && !is_root() => Some(format!("{} must be started by root", part.name)),
        None => None,
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|us| us.uid() == 0)
}
