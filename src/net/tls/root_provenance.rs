//! The provenance of a trusted root: shipped with the system, or added to this machine.

use std::fs;
use std::path::{Path, PathBuf};

use openssl::x509::{X509, X509Ref};

use crate::settings::RootStore;

/// The provenance of the root that a chain leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RootProvenance {
    /// Shipped with the system, from Mozilla's programme, or one of the roots that Microsoft's hosts are known to lead to.
    Public,
    /// Added to the trust store of this machine, or named in `network.ca_file`.
    Added,
    /// Trusted, without a sign of how it came here.
    Unknown,
}

/// The places where distributions keep the roots they ship, one a file: Debian, Ubuntu, Alpine. The store that
/// `update-ca-certificates` merges of these and of the added ones does not show which is which.
const SHIPPED: &[&str] = &["/usr/share/ca-certificates"];
/// The places where administrators add theirs: Debian and Alpine; Fedora and RHEL; SUSE; Arch.
const ADDED: &[&str] = &[
    "/usr/local/share/ca-certificates",
    "/etc/pki/ca-trust/source/anchors",
    "/etc/pki/trust/anchors",
    "/etc/ca-certificates/trust-source/anchors",
];
/// The most files of a place that are read: Mozilla has 150 roots.
const MOST_FILES: usize = 2000;
/// Bytes of the largest file that is read: a certificate takes 2 kB, a whole bundle 220 kB.
const LARGEST_FILE: u64 = 1024 * 1024;

/// Finds the provenance of `root`, which is trusted here: by the system, or as one of `extra`. Roots in `known` count as public
/// wherever they stand: an administrator may have added one that the system lacks.
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

/// Reports whether `store` holds no root at all, so that no certificate can be trusted.
pub fn is_empty(store: &RootStore) -> bool {
    let hashed = |file: &PathBuf| file.extension().is_some_and(|number| number.to_string_lossy().parse::<u32>().is_ok());
    store.directories.iter().all(|directory| !files(directory).iter().any(hashed))
        && store.file.as_ref().is_none_or(|file| certificates(file).is_empty())
}

fn holds(place: &Path, is_match: &impl Fn(&X509) -> bool) -> bool {
    let below = files(place).into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    below.take(MOST_FILES).any(|file| certificates(&file).iter().any(is_match))
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).take(MOST_FILES).collect()
}

/// Reads the certificates in a file, PEM or DER; none where it is neither, or larger than [`LARGEST_FILE`].
fn certificates(file: &Path) -> Vec<X509> {
    let regular = fs::metadata(file).is_ok_and(|about| about.is_file() && about.len() <= LARGEST_FILE);
    let Some(bytes) = regular.then(|| fs::read(file).ok()).flatten() else { return Vec::new() };
    let one = || X509::from_der(&bytes).into_iter().collect();
    X509::stack_from_pem(&bytes).ok().filter(|stack| !stack.is_empty()).unwrap_or_else(one)
}
