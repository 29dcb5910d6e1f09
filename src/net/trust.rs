//! Which of the system's root certificates OpenSSL reads: a choice made once, before any thread exists.
//!
//! Left alone, OpenSSL reads and parses the whole bundle of some 150 certificates: ten times the CPU of everything else in
//! a plugin that Nagios starts every minute (96 ms instead of 9 ms for `check reach`). From a directory hashed by subject
//! it reads only the one root it needs.

use std::path::{Path, PathBuf};

use openssl_probe::{ENV_CERT_DIR, ENV_CERT_FILE};

/// Hashed directories: Debian, Ubuntu, SUSE and Alpine; then Fedora and RHEL of late.
const DIRECTORIES: &[&str] = &["/etc/ssl/certs", "/etc/pki/ca-trust/extracted/pem/directory-hash"];

/// The variables to set for OpenSSL: none where the user has set them already; the bundle where there is no hashed
/// directory, as in small containers.
pub fn environment() -> Vec<(&'static str, PathBuf)> {
    if [ENV_CERT_FILE, ENV_CERT_DIR].iter().any(|name| std::env::var_os(name).is_some()) {
        return Vec::new();
    }
    match DIRECTORIES.iter().map(Path::new).find(|directory| is_hashed(directory)) {
        // An empty file: with none at all OpenSSL would look for the bundle.
        Some(directory) => vec![(ENV_CERT_FILE, "/dev/null".into()), (ENV_CERT_DIR, directory.into())],
        None => openssl_probe::probe().cert_file.map(|bundle| (ENV_CERT_FILE, bundle)).into_iter().collect(),
    }
}

/// The roots that Microsoft's servers lead to, DigiCert Global Root G2 and the older Global Root CA, by their hashes.
const MICROSOFTS: [&str; 2] = ["607986c7.0", "3513523f.0"];

/// Whether `directory` holds certificates under their hashes, `0123abcd.0`: those Microsoft's servers need, which is
/// quickly seen, or any other.
fn is_hashed(directory: &Path) -> bool {
    if MICROSOFTS.iter().any(|root| directory.join(root).exists()) {
        return true;
    }
    let Ok(entries) = std::fs::read_dir(directory) else { return false };
    entries.flatten().any(|entry| entry.file_name().to_str().is_some_and(is_hash))
}

fn is_hash(name: &str) -> bool {
    name.strip_suffix(".0").is_some_and(|hash| hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_known_from_other_names() {
        for (name, expected) in
            [("002c0b4f.0", true), ("002c0b4f.1", false), ("ca-certificates.crt", false), ("zzzzzzzz.0", false), (".0", false)]
        {
            assert_eq!(is_hash(name), expected, "{name}");
        }
    }
}
