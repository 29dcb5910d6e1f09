//! Where a trusted root comes from: shipped with the system, or added here by somebody.

use std::fs;
use std::path::{Path, PathBuf};

use openssl::x509::{X509, X509Ref};

use crate::settings::RootStore;

/// The provenance of the root that a chain leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RootProvenance {
    /// It came with the system, as Mozilla's programme has it, or is one that Microsoft's hosts are known to lead to.
    Public,
    /// Somebody has put it into the trust store of this machine, or named it in `network.ca_file`.
    Added,
    /// It is trusted, and nothing here tells who put it there.
    Unknown,
}

/// The places where distributions keep the roots they ship, one a file: Debian, Ubuntu, Alpine. `update-ca-certificates` merges them
/// with what was added, so the merged store cannot tell.
const SHIPPED: &[&str] = &["/usr/share/ca-certificates"];
/// The places where administrators add theirs: Debian and Alpine; Fedora and RHEL; SUSE; Arch.
const ADDED: &[&str] = &[
    "/usr/local/share/ca-certificates",
    "/etc/pki/ca-trust/source/anchors",
    "/etc/pki/trust/anchors",
    "/etc/ca-certificates/trust-source/anchors",
];
/// More files than this hold no roots: Mozilla has 150.
const MOST_FILES: usize = 2000;
/// A certificate takes 2 kB, a whole bundle 220 kB.
const LARGEST_FILE: u64 = 1024 * 1024;

/// Finds where `root` comes from, which is trusted here: by the system, or as one of `extra`. One of those `known` may well have
/// been added where the system lacks it.
pub fn find(root: &X509Ref, known: &[X509], extra: &[X509]) -> RootProvenance {
    let is_root = |certificate: &X509| certificate.as_ref() == root;
    if known.iter().any(is_root) || SHIPPED.iter().any(|place| holds(Path::new(place), &is_root)) {
        RootProvenance::Public
    } else if extra.iter().any(is_root) || ADDED.iter().any(|place| holds(Path::new(place), &is_root)) {
        RootProvenance::Added
    } else if SHIPPED.iter().any(|place| Path::new(place).is_dir()) {
        // Trusted and not shipped: added in a place of its own.
        RootProvenance::Added
    } else {
        RootProvenance::Unknown
    }
}

/// Tells whether there is no root in `store`: nobody is trusted at all.
pub fn is_empty(store: &RootStore) -> bool {
    let hashed = |file: &PathBuf| file.extension().is_some_and(|number| number.to_string_lossy().parse::<u32>().is_ok());
    store.directories.iter().all(|directory| !files(directory).iter().any(hashed))
        && store.file.as_ref().is_none_or(|file| certificates(file).is_empty())
}

fn holds(place: &Path, wanted: &impl Fn(&X509) -> bool) -> bool {
    let below = files(place).into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    below.take(MOST_FILES).any(|file| certificates(&file).iter().any(wanted))
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).take(MOST_FILES).collect()
}

/// The certificates in a file, PEM or DER; none where it is no such file.
fn certificates(file: &Path) -> Vec<X509> {
    let regular = fs::metadata(file).is_ok_and(|about| about.is_file() && about.len() <= LARGEST_FILE);
    let Some(bytes) = regular.then(|| fs::read(file).ok()).flatten() else { return Vec::new() };
    let one = || X509::from_der(&bytes).into_iter().collect();
    X509::stack_from_pem(&bytes).ok().filter(|stack| !stack.is_empty()).unwrap_or_else(one)
}
