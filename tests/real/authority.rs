//! A certificate authority of our own, and the certificates it issues: good ones and bad ones.

use std::path::PathBuf;

use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder, X509NameBuilder};

use crate::scratch::Scratch;

/// The names of every good certificate: Microsoft's, which the tests pin to loopback.
pub const NAMES: &[&str] = &["login.microsoftonline.com", "outlook.office365.com", "smtp.office365.com"];

/// A root certificate and its key.
pub struct Authority {
    key: PKey<Private>,
    certificate: X509,
}

/// The files of a server's certificate and key, PEM.
#[derive(Clone, Debug)]
pub struct Identity {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let key = new_key().expect("make a key");
        let certificate = root(name, &key).expect("make a root certificate");
        Self { key, certificate }
    }

    /// Writes the root to a PEM file, for `network.ca_file`, and returns its path.
    pub fn save(&self, scratch: &Scratch, name: &str) -> PathBuf {
        scratch.file(&format!("{name}.pem"), self.certificate.to_pem().expect("encode"))
    }

    /// Issues a certificate for `names` that is valid for `days`, which begin yesterday: with 0 it has expired.
    pub fn identity(&self, scratch: &Scratch, file: &str, names: &[&str], days: i64) -> Identity {
        let key = new_key().expect("make a key");
        let certificate = self.leaf(&key, names, days).expect("make a certificate");
        Identity {
            certificate: scratch.file(&format!("{file}.crt"), certificate.to_pem().expect("encode")),
            key: scratch.file(&format!("{file}.key"), key.private_key_to_pem_pkcs8().expect("encode")),
        }
    }

    fn leaf(&self, key: &PKey<Private>, names: &[&str], days: i64) -> Result<X509, ErrorStack> {
        let mut builder = unsigned(names[0], key, days)?;
        builder.set_issuer_name(self.certificate.subject_name())?;
        builder.append_extension(BasicConstraints::new().build()?)?;
        builder.append_extension(ExtendedKeyUsage::new().server_auth().build()?)?;
        let mut alternatives = SubjectAlternativeName::new();
        for name in names {
            alternatives.dns(name);
        }
        let alternatives = alternatives.build(&builder.x509v3_context(Some(&self.certificate), None))?;
        builder.append_extension(alternatives)?;
        builder.sign(&self.key, MessageDigest::sha256())?;
        Ok(builder.build())
    }
}

fn root(name: &str, key: &PKey<Private>) -> Result<X509, ErrorStack> {
    let mut builder = unsigned(name, key, 30)?;
    let mut issuer = X509NameBuilder::new()?;
    issuer.append_entry_by_nid(Nid::COMMONNAME, name)?;
    builder.set_issuer_name(&issuer.build())?;
    builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
    builder.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
    builder.sign(key, MessageDigest::sha256())?;
    Ok(builder.build())
}

fn unsigned(name: &str, key: &PKey<Private>, days: i64) -> Result<X509Builder, ErrorStack> {
    const DAY: i64 = 86_400;
    let now = i64::try_from(crate::unix_time()).expect("this millennium");
    let mut serial = BigNum::new()?;
    serial.rand(120, MsbOption::MAYBE_ZERO, false)?;
    let mut subject = X509NameBuilder::new()?;
    subject.append_entry_by_nid(Nid::COMMONNAME, name)?;
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    builder.set_serial_number(&*serial.to_asn1_integer()?)?;
    builder.set_subject_name(&subject.build())?;
    builder.set_not_before(&*Asn1Time::from_unix(now - 2 * DAY)?)?;
    builder.set_not_after(&*Asn1Time::from_unix(now - DAY + days * DAY)?)?;
    builder.set_pubkey(key)?;
    Ok(builder)
}

fn new_key() -> Result<PKey<Private>, ErrorStack> {
    PKey::from_ec_key(EcKey::generate(&*EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?)?)
}
