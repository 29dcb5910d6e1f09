//! Certificates that an application may sign in with: made here, registered in Entra, and verified as Entra verifies them.

use std::sync::OnceLock;

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Public};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Verifier};
use openssl::x509::X509NameBuilder;

use super::blank_certificate::{blank, validity};
use super::identifiers;
use crate::secret::Secret;

/// The certificate of every tenant in this process that has one; made once, for it takes a while.
static SHARED: OnceLock<ClientCertificate> = OnceLock::new();
/// The certificate of another application.
static FOREIGN: OnceLock<ClientCertificate> = OnceLock::new();
/// A certificate that ends soon.
static EXPIRING: OnceLock<ClientCertificate> = OnceLock::new();

/// A certificate with its private key, as its owner has it, and as it is registered with the application.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// The certificate, PEM.
    pub certificate: String,
    /// Its private key, PKCS #8 in PEM.
    pub key: Secret,
    /// Its first and its last second, in seconds since 1970.
    pub validity: (i64, i64),
    /// Set if it was revoked.
    pub revoked: bool,
    public: PKey<Public>,
    sha1: Vec<u8>,
    sha256: Vec<u8>,
}

impl ClientCertificate {
    /// Makes a certificate that is valid from and until so many days from now.
    ///
    /// # Errors
    /// Those of OpenSSL.
    pub fn new(days: (i64, i64)) -> Result<Self, ErrorStack> {
        let key = PKey::from_rsa(Rsa::generate(2048)?)?;
        let mut name = X509NameBuilder::new()?;
        name.append_entry_by_nid(Nid::COMMONNAME, "m365-probe")?;
        let name = name.build();
        let validity = validity(days);
        let mut builder = blank(&key, &name, &name, validity)?;
        builder.sign(&key, MessageDigest::sha256())?;
        let certificate = builder.build();
        let text = |pem: Vec<u8>| String::from_utf8_lossy(&pem).into_owned();
        Ok(Self {
            certificate: text(certificate.to_pem()?),
            key: Secret::new(text(key.private_key_to_pem_pkcs8()?)),
            validity,
            revoked: false,
            public: certificate.public_key()?,
            sha1: certificate.digest(MessageDigest::sha1())?.to_vec(),
            sha256: certificate.digest(MessageDigest::sha256())?.to_vec(),
        })
    }

    /// The certificate of every tenant.
    ///
    /// # Errors
    /// Those of OpenSSL.
    pub fn shared() -> Result<Self, ErrorStack> {
        Self::once(&SHARED, 97)
    }

    /// A certificate of another application.
    ///
    /// # Errors
    /// Those of OpenSSL.
    pub fn foreign() -> Result<Self, ErrorStack> {
        Self::once(&FOREIGN, 97)
    }

    /// A certificate that ends in five days.
    ///
    /// # Errors
    /// Those of OpenSSL.
    pub fn expiring() -> Result<Self, ErrorStack> {
        Self::once(&EXPIRING, 5)
    }

    fn once(made: &OnceLock<Self>, days: i64) -> Result<Self, ErrorStack> {
        if let Some(certificate) = made.get() {
            return Ok(certificate.clone());
        }
        let certificate = Self::new((-1, days))?;
        Ok(made.get_or_init(|| certificate).clone())
    }

    /// The same registration with the public key of `other`.
    #[must_use]
    pub(super) fn with_key_of(self, other: &Self) -> Self {
        Self { public: other.public.clone(), ..self }
    }

    /// Tells whether a header's thumbprint, SHA-1 or SHA-256, is this certificate's.
    pub(super) fn has_thumbprint(&self, thumbprint: &[u8]) -> bool {
        thumbprint == self.sha1 || thumbprint == self.sha256
    }

    /// Its SHA-1, as Microsoft Graph shows it: in upper-case hex.
    pub(super) fn key_identifier(&self) -> String {
        identifiers::hex(&self.sha1).to_ascii_uppercase()
    }

    /// Tells whether this certificate's key made the signature by that algorithm of JWS, `PS256` or `RS256`.
    pub(super) fn verifies(&self, algorithm: &str, signed: &[u8], signature: &[u8]) -> bool {
        let verified = || -> Result<bool, ErrorStack> {
            let mut verifier = Verifier::new(MessageDigest::sha256(), &self.public)?;
            if algorithm == "PS256" {
                verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
                verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
            }
            verifier.verify_oneshot(signature, signed)
        };
        matches!(algorithm, "PS256" | "RS256") && verified().unwrap_or(false)
    }
}
