//! Certificates that are replaced while they are in use, and refusals explained.

use std::path::PathBuf;
use std::time::Duration;

use openssl::pkey::{PKeyRef, Private};

use super::*;
use crate::credential::Credential;
use crate::credential::key_pair::tests::pair;

/// A directory of its own, removed when dropped.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("m365-certificate-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory");
        Self(path)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).expect("written");
    }

    fn credential(&self) -> Credential {
        let file = |name: &str| SecretSource::File(self.0.join(name));
        let files = CertificateFiles::Pem { certificate: file("app.pem"), key: Some(file("app.key")), password: None };
        Credential::Certificate(CertificateSource::new(files, None))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn present(credential: &Credential) -> Reading {
    let request = TokenRequest { client_id: "app".to_owned(), endpoint: "https://login.example/t/oauth2/v2.0/token".to_owned() };
    credential.present(&request, SystemTime::now())
}

#[test]
fn pair_that_is_half_replaced_is_told_while_the_last_good_pair_is_used_until_it_is_refused() {
    let directory = Directory::new("half");
    let (old, new) = (pair(), pair());
    directory.write("app.pem", &old.0);
    directory.write("app.key", old.1.expose());
    let credential = directory.credential();
    let thumbprint = |reading: &Reading| reading.certificate.as_ref().map(|certificate| certificate.thumbprint.clone());
    let whole = present(&credential);
    assert!(whole.proof.as_ref().is_ok_and(|proof| proof.warning.is_none()), "{whole:?}");

    directory.write("app.key", new.1.expose());
    let half = present(&credential);
    assert_eq!(thumbprint(&half), thumbprint(&whole));
    let proof = half.proof.expect("the last good pair");
    assert_eq!(proof.warning.as_ref().map(|warning| warning.reason), Some(Reason::ClientKeyMismatch));
    credential.explain(Fault::new(Reason::ClientCertificateExpired), &proof, SystemTime::now());
    let refused = present(&credential).proof.expect_err("the last good pair is good no more");
    assert_eq!(refused.reason, Reason::ClientKeyMismatch);

    directory.write("app.pem", &new.0);
    let renewed = present(&credential);
    assert!(renewed.proof.as_ref().is_ok_and(|proof| proof.warning.is_none()), "{renewed:?}");
    assert_ne!(thumbprint(&renewed), thumbprint(&whole));
}

#[test]
fn pair_is_decoded_anew_only_when_the_bytes_of_its_files_have_changed() {
    let directory = Directory::new("kept");
    let (old, new) = (pair(), pair());
    directory.write("app.pem", &old.0);
    directory.write("app.key", old.1.expose());
    let Credential::Certificate(source) = directory.credential() else { unreachable!("a certificate") };
    let read = || source.pair().expect("a pair").0;
    let place = |pair: &KeyPair| std::ptr::from_ref::<PKeyRef<Private>>(pair.key());
    let is_same = |one: &KeyPair, other: &KeyPair| place(one) == place(other);
    let first = read();
    directory.write("app.key", old.1.expose()); // with another time, and the same bytes
    assert!(is_same(&read(), &first));

    directory.write("app.pem", &[&*new.0, &*old.0].concat());
    let second = read();
    assert!(!is_same(&second, &first) && second.key().public_eq(first.key()), "a certificate was added");
    directory.write("app.key", new.1.expose());
    let third = read();
    assert!(!third.key().public_eq(first.key()), "the key was replaced");
    assert!(is_same(&read(), &third));
}

#[test]
fn pair_of_which_nothing_good_is_known_is_refused_before_anything_is_signed() {
    let directory = Directory::new("never");
    let (old, new) = (pair(), pair());
    assert_eq!(present(&directory.credential()).proof.expect_err("missing").reason, Reason::SecretUnreadable);
    directory.write("app.pem", &old.0);
    directory.write("app.key", new.1.expose());
    let fault = present(&directory.credential()).proof.expect_err("no pair");
    assert_eq!(fault.reason, Reason::ClientKeyMismatch);
    assert!(fault.evidence.heard.is_some_and(|heard| heard.contains("app.pem`: the private key belongs to another")));
}

#[test]
fn debug_of_a_reading_shows_neither_key_nor_assertion() {
    let directory = Directory::new("debug");
    let pair = pair();
    directory.write("app.pem", &pair.0);
    directory.write("app.key", pair.1.expose());
    let credential = directory.credential();
    let reading = present(&credential);
    let assertion = reading.proof.as_ref().map(|proof| proof.parameter.1.expose().to_owned()).expect("a proof");
    let shown = format!("{reading:?} {credential:?}");
    assert!(!shown.contains(&assertion[..20]) && !shown.contains(&pair.1.expose()[40..70]), "{shown}");
    assert!(assertion.starts_with("eyJ") && !shown.contains("eyJ"), "{shown}");
}

#[test]
fn explain_computes_the_clocks_difference_from_the_words_of_entra() {
    let pair = pair();
    let files = CertificateFiles::Pem {
        certificate: SecretSource::InMemory(Secret::new(pair.0)),
        key: Some(SecretSource::InMemory(pair.1)),
        password: None,
    };
    let source = CertificateSource::new(files, None);
    let proof = present(&Credential::Certificate(source.clone())).proof.expect("a proof");
    let ours = parse_rfc3339("2026-11-28T18:00:00Z").expect("a time");
    let text = "AADSTS700024: Client assertion is not within its valid time range. Current time: 2026-11-28T19:00:00.1234567Z, \
                assertion valid from 2026-11-28T18:00:00.0000000Z, expiry time of assertion 2026-11-28T18:10:00.0000000Z.";
    let shown = |fault: Fault, now| source.explain(fault, &proof, now).shown.expect("shown");
    let fault = Fault::heard(Reason::ClientAssertionOutOfTime, text);
    assert!(shown(fault.clone(), ours).ends_with("; this machine's clock (2026-11-28T18:00:00Z) is 3600 s behind Entra's"));
    assert!(shown(fault, ours + Duration::from_secs(7200)).ends_with("is 3599 s ahead of Entra's"));
    let other = shown(Fault::heard(Reason::ClientCertificateNotRegistered, text), ours);
    assert!(other.starts_with("signed with the certificate CN=app (thumbprint ") && !other.contains("clock"), "{other}");
    let ambiguous = Fault::heard(Reason::ClientCredentialRefused, "AADSTS50012: Authentication failed.").code("50012");
    assert_eq!(source.explain(ambiguous, &proof, ours).fault.reason, Reason::ClientAssertionSignatureWrong);
}
