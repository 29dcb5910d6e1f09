//! Servers that staple an OCSP response: good, revoked, signed by somebody else, of another certificate, or no response at all.

use openssl::bn::BigNumContext;
use openssl::ec::PointConversionForm;
use openssl::sign::Signer;

use super::*;

/// Encodes one element of DER.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = match u16::try_from(content.len()).expect("short").to_be_bytes() {
        [0, low @ 0..=0x7f] => vec![low],
        [0, low] => vec![0x81, low],
        [high, low] => vec![0x82, high, low],
    };
    [&[tag], length.as_slice(), content].concat()
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(0x30, &parts.concat())
}

const SHA1: &[u8] = &[0x30, 9, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0];
const ECDSA_WITH_SHA256: &[u8] = &[0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const OCSP_BASIC: &[u8] = &[6, 9, 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1];
const GENERALIZED_TIME: u8 = 0x18;

/// `good`.
const GOOD: &[u8] = &[0x80, 0];

/// `revoked`, on the first of November 2026 and for a compromise of the key.
fn revoked() -> Vec<u8> {
    let reason = element(0xa0, &element(0x0a, &[1]));
    element(0xa1, &[element(GENERALIZED_TIME, b"20261101000000Z"), reason].concat())
}

/// Makes a response (RFC 6960 section 4.2.1) on the certificate with that serial number, in the name of `issuer` and signed with `key`.
fn response(issuer: &X509, key: &PKey<Private>, serial: u8, status: &[u8]) -> Vec<u8> {
    let name = issuer.subject_name().to_der().expect("DER");
    let time = element(GENERALIZED_TIME, b"20261115000000Z");
    let certificate = sequence(&[
        SHA1,
        &element(4, &openssl::sha::sha1(&name)),
        &element(4, &openssl::sha::sha1(&public_point(issuer))),
        &element(2, &[serial]),
    ]);
    let single = sequence(&[&certificate, status, &time]);
    let data = sequence(&[&element(0xa1, &name), &time, &sequence(&[&single])]);
    let mut signer = Signer::new(MessageDigest::sha256(), key).expect("a signer");
    let signature = signer.sign_oneshot_to_vec(&data).expect("signed");
    let basic = sequence(&[&data, ECDSA_WITH_SHA256, &element(3, &[&[0], signature.as_slice()].concat())]);
    let bytes = sequence(&[OCSP_BASIC, &element(4, &basic)]);
    sequence(&[&element(0x0a, &[0]), &element(0xa0, &bytes)])
}

/// Returns the public key as it stands in the certificate.
fn public_point(certificate: &X509) -> Vec<u8> {
    let key = certificate.public_key().and_then(|key| key.ec_key()).expect("a key on a curve");
    let mut context = BigNumContext::new().expect("a context");
    key.public_key().to_bytes(key.group(), PointConversionForm::UNCOMPRESSED, &mut context).expect("a point")
}

/// The serial number of each certificate of these tests.
const SERIAL: u8 = 7;

#[tokio::test]
async fn certificate_that_a_server_staples_as_revoked_is_refused_and_told() {
    let server = Server::stapling("DigiCert Inc", |issuer, key| response(issuer, key, SERIAL, &revoked()));
    let (facts, result) = secured(&server.trusted(), &server, 20443).await;
    let fault = result.err().expect("refused");
    assert_eq!(fault.reason, Reason::TlsCertificateRevoked);
    let heard = fault.evidence.heard.expect("evidence");
    for part in ["revoked since Nov 1 00:00:00 2026 GMT (key compromise)", "issuer O=DigiCert Inc", "SHA-256"] {
        assert!(heard.contains(part), "{part}: {heard}");
    }
    assert!(!facts.endpoints[0].certificate.as_ref().expect("the certificate").verified);
}

/// Only the authority's own word counts, and only on this certificate.
#[tokio::test]
async fn staple_that_does_not_say_revoked_by_the_issuer_of_this_certificate_changes_nothing() {
    let staples: [Staple; 6] = [
        |issuer, key| response(issuer, key, SERIAL, GOOD),
        |issuer, key| response(issuer, key, SERIAL + 1, &revoked()),
        |issuer, _| response(issuer, &key(), SERIAL, &revoked()),
        |_, _| sequence(&[&element(0x0a, &[6])]), // unauthorized: no response in it
        |_, _| b"no DER at all".to_vec(),
        |issuer, key| response(issuer, key, SERIAL, &revoked())[..100].to_vec(),
    ];
    for (at, staple) in staples.into_iter().enumerate() {
        let server = Server::stapling("DigiCert Inc", staple);
        let (_, result) = secured(&server.trusted(), &server, 20443).await;
        assert!(result.is_ok(), "{at}: {:?}", result.err());
    }
}
