//! Certificates in the configuration: files that are made here, because a private key is committed nowhere.

use openssl::pkcs12::Pkcs12;
use openssl::pkey::PKey;
use openssl::symm::Cipher;
use openssl::x509::X509;

use m365_probe::credential::Credential;
use m365_probe::outcome::CredentialKind;
use m365_probe::sim::ClientCertificate;

use super::{MARKED, TestSystem, config, system};
use std::path::Path;

/// Returns a system with the certificate, its key in several forms, and another key.
fn with_certificates() -> TestSystem {
    let (own, other) = (ClientCertificate::shared().expect("made"), ClientCertificate::foreign().expect("made"));
    let key = PKey::private_key_from_pem(own.key.expose().as_bytes()).expect("a key");
    let certificate = X509::from_pem(own.certificate.as_bytes()).expect("a certificate");
    let encrypted = key.private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), MARKED.as_bytes()).expect("PEM");
    let pkcs12 = Pkcs12::builder().pkey(&key).cert(&certificate).build2(MARKED).and_then(|file| file.to_der()).expect("PKCS #12");
    let expired = ClientCertificate::new((-9, -2)).expect("made");
    let mut system = system();
    for (name, bytes, mode) in [
        ("app.pem", own.certificate.clone().into_bytes(), 0o644),
        ("app.key", own.key.expose().into(), 0o600),
        ("open.key", own.key.expose().into(), 0o644),
        ("other.key", other.key.expose().into(), 0o600),
        ("encrypted.key", encrypted, 0o600),
        ("both.pem", format!("{}{}", own.key.expose(), own.certificate).into_bytes(), 0o640),
        ("app.pfx", pkcs12, 0o600),
        ("password", format!("{MARKED}\n").into_bytes(), 0o600),
        ("expired.pem", format!("{}{}", expired.key.expose(), expired.certificate).into_bytes(), 0o600),
    ] {
        system.files.insert(Path::new("/etc/m365-probe").join(name), (bytes, mode));
    }
    let handed_over = Path::new("/run/credentials/m365-probe.service");
    system.files.insert(handed_over.join("key"), (own.key.expose().into(), 0o400));
    system
}

/// Returns the credential that these lines give and the warnings, or the mistakes.
fn read(credential: &str) -> Result<(Credential, String), String> {
    let text = super::small("").replace("client_secret_file: contoso.secret", credential);
    assert!(text.contains(credential), "{text}");
    let loaded = config::parse(&text, Path::new("/etc/m365-probe/m365-probe.yml"), &with_certificates());
    let loaded = loaded.map_err(|mistakes| mistakes.to_string())?;
    let warnings: Vec<_> = loaded.warnings.iter().map(|warning| warning.line("f")).collect();
    Ok((loaded.settings.probes[0].tenant.credential.clone(), warnings.join("\n")))
}

#[test]
fn certificates_in_every_form_are_read_without_a_warning() {
    for (credential, files) in [
        ("certificate_file: app.pem, private_key_file: app.key", 2),
        ("certificate_file: app.pem, private_key_credential: key", 2),
        ("certificate_file: app.pem, private_key_file: encrypted.key, private_key_password_file: password", 3),
        ("certificate_file: app.pem, private_key_file: encrypted.key, private_key_password_env: LAB_CLIENT_SECRET", 2),
        ("certificate_file: app.pem, private_key_file: encrypted.key, private_key_password_credential: contoso", 3),
        ("pkcs12_file: app.pfx, pkcs12_password_file: password", 2),
        ("pkcs12_file: app.pfx, pkcs12_password_env: LAB_CLIENT_SECRET", 1),
        ("pkcs12_file: app.pfx, pkcs12_password_credential: contoso, read_expiry: true", 2),
    ] {
        let (read, warnings) = read(credential).unwrap_or_else(|mistakes| panic!("{credential}: {mistakes}"));
        assert_eq!((read.kind(), read.files().len(), &*warnings), (Some(CredentialKind::Certificate), files, ""), "{credential}");
    }
}

#[test]
fn certificates_worth_a_warning_are_read_with_it() {
    for (credential, words) in [
        ("certificate_file: both.pem", "others on this machine can read `/etc/m365-probe/both.pem`"),
        ("certificate_file: app.pem, private_key_file: open.key", "others on this machine can read `/etc/m365-probe/open.key`"),
        ("certificate_file: expired.pem", "ended at "),
        (
            "certificate_file: app.pem, private_key_file: other.key",
            "belongs to another certificate than the certificate CN=m365-probe (thumbprint ",
        ),
    ] {
        let (_, warnings) = read(credential).unwrap_or_else(|mistakes| panic!("{credential}: {mistakes}"));
        assert!(warnings.contains(words) && warnings.lines().count() == 1, "{credential}: {warnings}");
        assert!(!warnings.contains("<secret>"), "a thumbprint is none: {warnings}");
    }
}

#[test]
fn certificates_of_no_use_are_mistakes_that_say_why() {
    for (credential, words) in [
        ("certificate_file: app.pem", "there is no private key in the file"),
        ("certificate_file: app.pem, private_key_file: encrypted.key", "is encrypted, and no password is configured"),
        ("certificate_file: app.pem, private_key_file: encrypted.key, private_key_password_file: app.key", "more than one line"),
        ("pkcs12_file: app.pfx", "has a password, and none is configured"),
        (
            "pkcs12_file: app.pfx, pkcs12_password_file: proxy.password, expires: 2027-03-01",
            "a certificate says itself when it ends",
        ),
    ] {
        let mistakes = read(credential).expect_err(credential);
        assert!(mistakes.contains(words) && mistakes.lines().count() == 1, "{credential}: {mistakes}");
        assert!(!mistakes.contains(&MARKED[..12]), "{mistakes}");
    }
}
