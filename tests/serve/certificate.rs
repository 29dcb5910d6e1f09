//! Self-signed certificates for this machine.

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::x509::extension::SubjectAlternativeName;
use openssl::x509::{X509Builder, X509NameBuilder};

/// Creates a certificate for `localhost` and 127.0.0.1 with the common name `name`, and its key, both PEM. `pkcs1` writes the
/// key as `openssl ecparam` does, not as PKCS #8.
pub fn new(name: &str, pkcs1: bool) -> (String, String) {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("a curve");
    let ec = EcKey::generate(&group).expect("a key");
    let key = PKey::from_ec_key(ec.clone()).expect("a key");
    let mut subject = X509NameBuilder::new().expect("a name");
    subject.append_entry_by_text("CN", name).expect("a name");
    let subject = subject.build();
    let mut certificate = X509Builder::new().expect("a certificate");
    certificate.set_version(2).expect("version 3");
    certificate.set_serial_number(&BigNum::from_u32(7).expect("7").to_asn1_integer().expect("7")).expect("a serial number");
    certificate.set_subject_name(&subject).expect("a subject");
    certificate.set_issuer_name(&subject).expect("an issuer");
    certificate.set_pubkey(&key).expect("a key");
    certificate.set_not_before(&Asn1Time::days_from_now(0).expect("now")).expect("a beginning");
    certificate.set_not_after(&Asn1Time::days_from_now(30).expect("later")).expect("an end");
    let names = SubjectAlternativeName::new().dns("localhost").ip("127.0.0.1").build(&certificate.x509v3_context(None, None));
    certificate.append_extension(names.expect("names")).expect("names");
    certificate.sign(&key, MessageDigest::sha256()).expect("a signature");
    let key = if pkcs1 { ec.private_key_to_pem() } else { key.private_key_to_pem_pkcs8() };
    let text = |pem: Vec<u8>| String::from_utf8(pem).expect("PEM");
    (text(certificate.build().to_pem().expect("PEM")), text(key.expect("PEM")))
}
