//! The choice of the root certificates that OpenSSL reads: made once, in `main`, and handed down as a value.
//!
//! Left alone, OpenSSL reads and parses the whole bundle of some 150 certificates: ten times the CPU of everything else in
//! a plugin that Nagios starts every minute (96 ms instead of 9 ms for `check reach`). From a directory hashed by subject
//! it reads only the one root it needs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use openssl::ssl::SslContextBuilder;
use openssl::x509::X509;
use openssl_probe::{ENV_CERT_DIR, ENV_CERT_FILE};

use crate::settings::RootStore;

/// The hashed directories of distributions: Debian, Ubuntu, SUSE and Alpine; then newer Fedora and RHEL.
const DIRECTORIES: &[&str] = &["/etc/ssl/certs", "/etc/pki/ca-trust/extracted/pem/directory-hash"];

/// Chooses the trust store: what `SSL_CERT_FILE` and `SSL_CERT_DIR` name, where the user has set one of them; else a hashed
/// directory of the system; else its bundle, as in small containers. `variable` reads an environment variable.
pub fn root_store(variable: impl Fn(&str) -> Option<OsString>) -> RootStore {
    let (file, directories) = (variable(ENV_CERT_FILE), variable(ENV_CERT_DIR));
    if file.is_some() || directories.is_some() {
        return RootStore {
            file: file.map(PathBuf::from).or_else(|| default_place("cert.pem")),
            directories: directories.map_or_else(|| default_place("certs").into_iter().collect(), |list| split_list(&list)),
        };
    }
    match DIRECTORIES.iter().map(PathBuf::from).find(|directory| is_hashed(directory)) {
        Some(directory) => RootStore { file: None, directories: vec![directory] },
        None => RootStore { file: openssl_probe::probe().cert_file, directories: Vec::new() },
    }
}

/// Returns the environment variables, with their values, that make native-tls under reqwest read `store` and nothing else.
pub fn variables(store: &RootStore) -> [(&'static str, OsString); 2] {
    // An empty file: with none at all OpenSSL would look for the bundle.
    let file = store.file.clone().unwrap_or_else(|| "/dev/null".into());
    [(ENV_CERT_FILE, file.into()), (ENV_CERT_DIR, std::env::join_paths(&store.directories).unwrap_or_default())]
}

/// Returns the path compiled into OpenSSL, such as `/usr/lib/ssl/certs`, for whichever variable is not set.
fn default_place(name: &str) -> Option<PathBuf> {
    let quoted = openssl::version::dir().split_once('"')?.1;
    Some(Path::new(quoted.strip_suffix('"')?).join(name))
}

fn split_list(directories: &OsString) -> Vec<PathBuf> {
    std::env::split_paths(directories).filter(|path| !path.as_os_str().is_empty()).collect()
}

/// Makes `context` trust what is in `store`. A place that is missing or empty is skipped, as OpenSSL does with its own.
pub(super) fn add_to(context: &mut SslContextBuilder, store: &RootStore) {
    // OpenSSL's binding takes no path that is not UTF-8.
    let is_utf8 = |path: &&Path| path.to_str().is_some();
    if let Some(file) = store.file.as_deref().filter(is_utf8) {
        let _ = context.load_verify_locations(Some(file), None);
    }
    for directory in store.directories.iter().map(PathBuf::as_path).filter(is_utf8) {
        let _ = context.load_verify_locations(None, Some(directory));
    }
}

/// Parses the certificates of a PEM file, in its order; other blocks, such as keys, are skipped.
///
/// # Errors
/// The number of the first certificate that cannot be read, counted from 1.
pub fn certificates(pem: &[u8]) -> Result<Vec<X509>, usize> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    let text = String::from_utf8_lossy(pem);
    let blocks = text.split(BEGIN).skip(1).zip(1..);
    blocks.map(|(block, number)| X509::from_pem(format!("{BEGIN}{block}").as_bytes()).map_err(|_| number)).collect()
}

/// The roots that Microsoft's servers lead to, DigiCert Global Root G2 and the older Global Root CA, by their hashes.
const MICROSOFT_ROOTS: [&str; 2] = ["607986c7.0", "3513523f.0"];

/// Reports whether `directory` holds certificates under their hashes, `0123abcd.0`: those that Microsoft's servers need, which
/// is checked without listing it, or any other.
fn is_hashed(directory: &Path) -> bool {
    if MICROSOFT_ROOTS.iter().any(|root| directory.join(root).exists()) {
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
    fn file_name_is_a_hash_only_in_openssl_s_form() {
        for (name, expected) in
            [("002c0b4f.0", true), ("002c0b4f.1", false), ("ca-certificates.crt", false), ("zzzzzzzz.0", false), (".0", false)]
        {
            assert_eq!(is_hash(name), expected, "{name}");
        }
    }

    #[test]
    fn root_store_is_what_the_user_s_variables_name() {
        let both = root_store(|name| Some(if name == ENV_CERT_FILE { "/roots.pem" } else { "/one:/two" }.into()));
        let expected = RootStore { file: Some("/roots.pem".into()), directories: vec!["/one".into(), "/two".into()] };
        assert_eq!(both, expected);
        assert_eq!(variables(&both), [(ENV_CERT_FILE, "/roots.pem".into()), (ENV_CERT_DIR, "/one:/two".into())]);
        let file = root_store(|name| (name == ENV_CERT_FILE).then(|| "/roots.pem".into()));
        assert!(file.directories.iter().all(|directory| directory.ends_with("certs")), "{file:?}");
    }

    #[test]
    fn root_store_without_variables_reads_no_bundle_where_a_directory_is_hashed() {
        let store = root_store(|_| None);
        assert!(store.file.is_none() || store.directories.is_empty(), "{store:?}");
    }

    #[test]
    fn certificate_that_cannot_be_read_is_named_by_its_number() {
        let good = include_str!("tls/microsoft_roots.pem");
        let one = good.split_inclusive("-----END CERTIFICATE-----").next().expect("a certificate");
        assert_eq!(certificates(one.as_bytes()).map(|all| all.len()), Ok(1));
        let broken = format!("{one}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        assert_eq!(certificates(broken.as_bytes()).map(|all| all.len()), Err(2));
        assert_eq!(certificates(b"-----BEGIN PRIVATE KEY-----").map(|all| all.len()), Ok(0));
    }
}
