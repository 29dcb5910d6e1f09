//! Keys and certificates of every form, read and refused.

use std::time::Duration;

use openssl::asn1::Asn1Time;
use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::rsa::Rsa;
use openssl::symm::Cipher;
use openssl::x509::X509NameBuilder;

use super::*;

const DAY: Duration = Duration::from_secs(86_400);

fn rsa(bits: u32) -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(bits).expect("a key")).expect("a key")
}

fn ec() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("a curve");
    PKey::from_ec_key(EcKey::generate(&group).expect("a key")).expect("a key")
}

/// A certificate that is valid from and until so many days from now.
fn certificate(key: &PKey<Private>, (from, until): (i64, i64)) -> X509 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    let day = |days: i64| Asn1Time::from_unix(since.as_secs().cast_signed() + days * 86_400).expect("a time");
    let mut name = X509NameBuilder::new().expect("a name");
    name.append_entry_by_nid(Nid::COMMONNAME, "app").expect("a name");
    let name = name.build();
    let mut builder = X509::builder().expect("a builder");
    builder.set_subject_name(&name).expect("set");
    builder.set_issuer_name(&name).expect("set");
    builder.set_pubkey(key).expect("set");
    builder.set_not_before(&day(from)).expect("set");
    builder.set_not_after(&day(until)).expect("set");
    builder.sign(key, MessageDigest::sha256()).expect("signed");
    builder.build()
}

/// A certificate and its private key in PEM.
pub(in crate::credential) fn pair() -> (String, Secret) {
    let key = rsa(2048);
    let text = |pem: Vec<u8>| String::from_utf8(pem).expect("PEM");
    (text(pem(&certificate(&key, (-1, 30)))), Secret::new(text(key.private_key_to_pem_pkcs8().expect("PEM"))))
}

fn pem(certificate: &X509) -> Vec<u8> {
    certificate.to_pem().expect("PEM")
}

fn now() -> SystemTime {
    SystemTime::now()
}

fn from_pem(certificates: &[u8], key: &[u8], password: Option<&Secret>) -> Result<KeyPair, Fault> {
    EncodedPair::Pem { certificates, key, password }.decode()
}

fn from_pkcs12(bytes: &[u8], password: Option<&Secret>) -> Result<KeyPair, Fault> {
    EncodedPair::Pkcs12 { bytes, password }.decode()
}

#[track_caller]
fn refused(read: Result<KeyPair, Fault>) -> (Reason, String) {
    let fault = read.expect_err("refused");
    (fault.reason, fault.evidence.heard.unwrap_or_default())
}

#[test]
fn from_pem_reads_a_key_of_every_form_with_its_certificate_among_others() {
    let (key, other) = (rsa(2048), rsa(2048));
    let own = certificate(&key, (-1, 30));
    let chain = [pem(&certificate(&other, (-1, 300))), pem(&own), pem(&certificate(&other, (-9, -1)))].concat();
    let pkcs8 = key.private_key_to_pem_pkcs8().expect("PEM");
    let pkcs1 = key.rsa().expect("RSA").private_key_to_pem().expect("PEM");
    let password = Secret::new("a password");
    let bytes = password.expose().as_bytes();
    let encrypted = key.private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), bytes).expect("PEM");
    let proc_type = key.rsa().expect("RSA").private_key_to_pem_passphrase(Cipher::aes_256_cbc(), bytes).expect("PEM");
    let one_file = [&chain[..], &pkcs8].concat();
    let thumbprint = own
        .digest(MessageDigest::sha1())
        .expect("a digest")
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect::<Vec<_>>()
        .concat();
    for (certificates, key, password) in [
        (&chain, &pkcs8, None),
        (&chain, &pkcs1, None),
        (&chain, &encrypted, Some(&password)),
        (&chain, &proc_type, Some(&password)),
        (&one_file, &one_file, None),
    ] {
        let pair = from_pem(certificates, key, password).expect("a pair");
        assert_eq!((pair.facts(now()).thumbprint.as_str(), pair.facts(now()).subject.as_str()), (thumbprint.as_str(), "CN=app"));
        assert_eq!(pair.out_of_date(now()), None);
    }
}

#[test]
fn facts_of_a_renewed_certificate_are_of_the_one_that_is_valid_then_and_ends_last() {
    let key = rsa(2048);
    let all = [(-300, -1), (-1, 30), (-1, 90), (2, 400)].map(|days| pem(&certificate(&key, days))).concat();
    let pair = from_pem(&all, &key.private_key_to_pem_pkcs8().expect("PEM"), None).expect("a pair");
    let (now, days) = (now(), |time: SystemTime| time.duration_since(now()).expect("ahead").as_secs() / 86_400);
    for (at, ends_in) in [(now, 89), (now + DAY, 89), (now + 3 * DAY, 399), (now + 500 * DAY, 399)] {
        assert_eq!(days(pair.facts(at).not_after), ends_in);
        assert_eq!(pair.out_of_date(at).is_some(), at == now + 500 * DAY);
    }
}

#[test]
fn from_pem_tells_what_is_of_no_use_and_why() {
    let (key, other, short, curve) = (rsa(2048), rsa(2048), rsa(1024), ec());
    let (own, text) = (certificate(&key, (-1, 30)), |key: &PKey<Private>| key.private_key_to_pem_pkcs8().expect("PEM"));
    let encrypted = key.private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), b"right").expect("PEM");
    let wrong = Secret::new("wrong");
    for (certificates, key, password, reason, words) in [
        (
            pem(&own),
            text(&other),
            None,
            Reason::ClientKeyMismatch,
            "belongs to another certificate than the certificate CN=app (thumbprint ",
        ),
        (pem(&certificate(&curve, (-1, 30))), text(&curve), None, Reason::ClientKeyUnsuitable, "elliptic curve"),
        (pem(&certificate(&short, (-1, 30))), text(&short), None, Reason::ClientKeyUnsuitable, "has 1024 bits; at least 2048"),
        (pem(&own), encrypted.clone(), None, Reason::SecretUnreadable, "is encrypted, and no password"),
        (pem(&own), encrypted, Some(&wrong), Reason::SecretUnreadable, "is the password right?"),
        (pem(&own), pem(&own), None, Reason::SecretUnreadable, "no private key in the file"),
        (text(&key), text(&key), None, Reason::SecretUnreadable, "no certificate in the file"),
        (
            pem(&own),
            b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_vec(),
            None,
            Reason::SecretUnreadable,
            "cannot be read",
        ),
    ] {
        let (told, heard) = refused(from_pem(&certificates, &key, password));
        assert!(told == reason && heard.contains(words), "{told}: {heard}");
        assert!(!heard.contains("wrong"), "the password is not quoted: {heard}");
    }
}

#[test]
fn from_pkcs12_reads_a_pair_and_tells_a_wrong_password_from_one_that_is_missing() {
    let key = rsa(2048);
    let own = certificate(&key, (-1, 30));
    let file = |password: &str| {
        Pkcs12::builder().name("app").pkey(&key).cert(&own).build2(password).and_then(|file| file.to_der()).expect("PKCS #12")
    };
    let (right, wrong) = (Secret::new("right"), Secret::new("other"));
    from_pkcs12(&file("right"), Some(&right)).expect("a pair");
    from_pkcs12(&file(""), None).expect("a pair");
    for (password, words) in [(Some(&wrong), "password of the PKCS #12 file is wrong"), (None, "and none is configured")] {
        let (reason, heard) = refused(from_pkcs12(&file("right"), password));
        assert!(reason == Reason::SecretUnreadable && heard.contains(words), "{heard}");
    }
    assert_eq!(refused(from_pkcs12(b"MZ", None)).1, "the file is not PKCS #12");
}

/// A file as Windows before 2022 exported it: 40 bits of RC2 for the certificate.
#[test]
fn from_pkcs12_of_legacy_encryption_tells_the_command_that_converts_it() {
    let key = rsa(2048);
    let mut builder = Pkcs12::builder();
    builder.name("app").pkey(&key).cert(&certificate(&key, (-1, 30)));
    builder.key_algorithm(Nid::PBE_WITHSHA1AND3_KEY_TRIPLEDES_CBC).cert_algorithm(Nid::PBE_WITHSHA1AND40BITRC2_CBC);
    let Ok(file) = builder.build2("").and_then(|file| file.to_der()) else { return };
    match from_pkcs12(&file, None) {
        Ok(_) => {} // an OpenSSL that reads it still
        Err(fault) => {
            let heard = fault.evidence.heard.unwrap_or_default();
            assert!(
                heard.contains("`openssl pkcs12 -legacy -in OLD.pfx -nodes -out NEW.pem`") && !heard.contains("  "),
                "{heard}"
            );
        }
    }
}

#[test]
fn out_of_date_tells_an_expired_certificate_from_one_that_is_not_valid_yet() {
    let key = rsa(2048);
    let text = key.private_key_to_pem_pkcs8().expect("PEM");
    let pair = from_pem(&pem(&certificate(&key, (-10, 10))), &text, None).expect("a pair");
    let reason = |at| pair.out_of_date(at).map(|fault| fault.reason);
    assert_eq!(reason(now()), None);
    assert_eq!(reason(now() + 11 * DAY), Some(Reason::ClientCertificateExpired));
    assert_eq!(reason(now() - 11 * DAY), Some(Reason::ClientCertificateNotYetValid));
}
