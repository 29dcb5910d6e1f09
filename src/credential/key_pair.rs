//! A private key with its certificate, from PEM or PKCS #12, and what makes a pair of no use at Entra.

mod rsa_key;

use std::time::SystemTime;

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{Id, PKey, Private};
use openssl::sha::Sha256;
use openssl::x509::{X509, X509Ref};

use crate::outcome::{ClientCertificateFacts, Fault, rfc3339};
use crate::reason::Reason;
use crate::sanitize::{self, one_line};
use crate::secret::Secret;
use crate::x509::{distinguished, system_time};

/// Bits of the shortest RSA key that is taken: what Entra wants of a key, and less is broken.
const LEAST_BITS: u32 = 2048;

/// The bytes of a private key and its certificate, as files hold them.
#[derive(Debug)]
pub enum EncodedPair<'a> {
    /// PEM texts, which may be one and the same: certificates in any order, and a key that may be encrypted.
    Pem {
        /// The certificates.
        certificates: &'a [u8],
        /// The private key.
        key: &'a [u8],
        /// The key's password.
        password: Option<&'a Secret>,
    },
    /// PKCS #12, as Windows and Key Vault export it.
    Pkcs12 {
        /// The file.
        bytes: &'a [u8],
        /// Its password.
        password: Option<&'a Secret>,
    },
}

impl EncodedPair<'_> {
    /// Decodes it.
    ///
    /// # Errors
    /// `secret_unreadable` and what cannot be read; `client_key_unsuitable`; `client_key_mismatch` where the key belongs to none of
    /// the certificates.
    pub fn decode(&self) -> Result<KeyPair, Fault> {
        let (key, certificates) = match *self {
            Self::Pem { certificates, key, password } => from_pem(certificates, key, password)?,
            Self::Pkcs12 { bytes, password } => from_pkcs12(bytes, password)?,
        };
        KeyPair::new(key, &certificates, self.digest())
    }

    /// Returns the SHA-256 of all of it.
    fn digest(&self) -> [u8; 32] {
        let (kind, parts, password) = match *self {
            Self::Pem { certificates, key, password } => (0, [certificates, key], password),
            Self::Pkcs12 { bytes, password } => (1, [bytes, &[]], password),
        };
        let password = password.map_or(&[][..], |password| password.expose().as_bytes());
        let mut digest = Sha256::new();
        digest.update(&[kind]);
        for part in parts.into_iter().chain([password]) {
            digest.update(&part.len().to_be_bytes()); // so that no byte moves from one part to the next unseen
            digest.update(part);
        }
        digest.finish()
    }
}

/// A private key with its certificates.
#[derive(Clone, Debug)]
pub struct KeyPair {
    /// OpenSSL overwrites it when the last copy is dropped.
    key: PKey<Private>,
    /// At least one.
    certificates: Vec<OwnCertificate>,
    /// The SHA-256 of the bytes that it was decoded from.
    digest: [u8; 32],
}

/// A certificate of the private key.
#[derive(Clone, Debug)]
struct OwnCertificate {
    sha256: [u8; 32],
    facts: ClientCertificateFacts,
}

impl KeyPair {
    fn new(key: PKey<Private>, certificates: &[X509], digest: [u8; 32]) -> Result<Self, Fault> {
        require_suitable(&key)?;
        if certificates.is_empty() {
            return Err(unreadable("there is no certificate in the file"));
        }
        let belongs = |certificate: &&X509| certificate.public_key().is_ok_and(|public| public.public_eq(&key));
        let own: Vec<_> =
            certificates.iter().filter(belongs).filter_map(|certificate| OwnCertificate::new(certificate)).collect();
        if own.is_empty() {
            return Err(Fault::heard(Reason::ClientKeyMismatch, mismatch(certificates)));
        }
        Ok(Self { key, certificates: own, digest })
    }

    /// Reports whether it was decoded from the same bytes.
    pub(super) fn is_of(&self, encoded: &EncodedPair<'_>) -> bool {
        self.digest == encoded.digest()
    }

    /// Returns the private key.
    pub(super) fn key(&self) -> &PKey<Private> {
        &self.key
    }

    /// Returns the certificate to use at `now`. Renewed with the same key there may be several: one that is valid then, and of those
    /// the last to end.
    fn certificate(&self, now: SystemTime) -> &OwnCertificate {
        let is_valid = |facts: &ClientCertificateFacts| facts.not_before <= now && now < facts.not_after;
        let rank = |certificate: &&OwnCertificate| (is_valid(&certificate.facts), certificate.facts.not_after);
        self.certificates.iter().max_by_key(rank).expect("at least one")
    }

    /// Returns the SHA-256 of the certificate to use at `now`.
    pub(super) fn fingerprint(&self, now: SystemTime) -> &[u8; 32] {
        &self.certificate(now).sha256
    }

    /// Returns what is known of the certificate to use at `now`.
    pub fn facts(&self, now: SystemTime) -> &ClientCertificateFacts {
        &self.certificate(now).facts
    }

    /// Returns why the certificate is of no use at `now`: it is outside its dates.
    pub fn out_of_date(&self, now: SystemTime) -> Option<Fault> {
        let facts = self.facts(now);
        let ClientCertificateFacts { not_before, not_after, .. } = *facts;
        let by_clock = format!("by this machine's clock it is {}", rfc3339(now));
        if not_after <= now {
            let text = format!("{} ended at {}; {by_clock}", facts.describe(), rfc3339(not_after));
            return Some(Fault::heard(Reason::ClientCertificateExpired, text));
        }
        (now < not_before).then(|| {
            let text = format!("{} begins at {}; {by_clock}", facts.describe(), rfc3339(not_before));
            Fault::heard(Reason::ClientCertificateNotYetValid, text)
        })
    }
}

impl OwnCertificate {
    /// Returns `None` for a certificate whose dates cannot be read.
    fn new(certificate: &X509Ref) -> Option<Self> {
        let sha256: [u8; 32] = certificate.digest(MessageDigest::sha256()).ok()?.as_ref().try_into().ok()?;
        let hex = |bytes: &[u8], byte: fn(&u8) -> String| bytes.iter().map(byte).collect::<Vec<_>>().concat();
        let subject = sanitize::evidence(distinguished(certificate.subject_name()).as_bytes());
        let facts = ClientCertificateFacts {
            subject: one_line(&subject, 100),
            thumbprint: hex(&certificate.digest(MessageDigest::sha1()).ok()?, |byte| format!("{byte:02X}")),
            fingerprint: hex(&sha256, |byte| format!("{byte:02x}")),
            not_before: system_time(certificate.not_before()).ok()?,
            not_after: system_time(certificate.not_after()).ok()?,
        };
        Some(Self { sha256, facts })
    }
}

/// Reads a key and certificates from PEM.
fn from_pem(certificates: &[u8], key: &[u8], password: Option<&Secret>) -> Result<(PKey<Private>, Vec<X509>), Fault> {
    let key = key_from_pem(key, password)?;
    let certificates = X509::stack_from_pem(certificates)
        .map_err(|error| unreadable(format!("the certificate cannot be read: {}", told(&error))))?;
    Ok((key, certificates))
}

/// Reads a key and certificates from PKCS #12.
fn from_pkcs12(bytes: &[u8], password: Option<&Secret>) -> Result<(PKey<Private>, Vec<X509>), Fault> {
    let pkcs12 = Pkcs12::from_der(bytes).map_err(|_| unreadable("the file is not PKCS #12"))?;
    let password_text = password.map_or("", Secret::expose);
    let parsed = pkcs12.parse2(password_text).map_err(|error| unreadable(pkcs12_problem(&error, password.is_some())))?;
    let key = parsed.pkey.ok_or_else(|| unreadable("there is no private key in the file; export it with its private key"))?;
    Ok((key, parsed.cert.into_iter().chain(parsed.ca.into_iter().flatten()).collect()))
}

fn key_from_pem(pem: &[u8], password: Option<&Secret>) -> Result<PKey<Private>, Fault> {
    if let Some(key) = rsa_key::plain(pem) {
        return Ok(key);
    }
    let mut asked = false;
    // Without a callback OpenSSL would ask at the terminal.
    let key = PKey::private_key_from_pem_callback(pem, |place| {
        asked = true;
        let bytes = password.map_or(&[][..], |password| password.expose().as_bytes());
        let room = place.get_mut(..bytes.len());
        Ok(room.map_or(0, |room| {
            room.copy_from_slice(bytes);
            bytes.len()
        }))
    });
    key.map_err(|error| match (asked, password.is_some()) {
        (true, false) => unreadable("the private key is encrypted, and no password is configured for it"),
        (true, true) => unreadable(format!("the private key cannot be decrypted; is the password right? {}", told(&error))),
        (false, _) if !has_private_key(pem) => unreadable("there is no private key in the file"),
        (false, _) => unreadable(format!("the private key cannot be read: {}", told(&error))),
    })
}

/// Reports whether there is a private key, of whatever kind, in PEM.
pub fn has_private_key(pem: &[u8]) -> bool {
    const END: &[u8] = b"PRIVATE KEY-----";
    pem.windows(END.len()).any(|window| window == END)
}

/// Refuses a key that is not of RSA, or too short.
fn require_suitable(key: &PKey<Private>) -> Result<(), Fault> {
    let problem = match (key.id(), key.bits()) {
        (Id::RSA, bits) if bits >= LEAST_BITS => return Ok(()),
        (Id::RSA, bits) => format!("the private key has {bits} bits; at least {LEAST_BITS} are needed"),
        (Id::EC, _) => "the private key is one of an elliptic curve; Entra takes RSA keys".to_owned(),
        _ => "the private key is not one of RSA, and Entra takes no others".to_owned(),
    };
    Err(Fault::heard(Reason::ClientKeyUnsuitable, problem))
}

fn mismatch(certificates: &[X509]) -> String {
    let shown = certificates.iter().take(2).filter_map(|certificate| OwnCertificate::new(certificate));
    let told: Vec<String> = shown.map(|certificate| certificate.facts.describe()).collect();
    let more = if certificates.len() > 2 { format!(" and {} more", certificates.len() - 2) } else { String::new() };
    format!("the private key belongs to another certificate than {}{more}", told.join(", "))
}

/// Tells a wrong password from algorithms that OpenSSL 3 has put aside.
fn pkcs12_problem(error: &ErrorStack, has_password: bool) -> String {
    let reasons: Vec<&str> = error.errors().iter().filter_map(openssl::error::Error::reason).collect();
    let says = |word: &str| reasons.iter().any(|reason| reason.contains(word));
    if says("mac verify") {
        return if has_password {
            "the password of the PKCS #12 file is wrong".to_owned()
        } else {
            "the PKCS #12 file has a password, and none is configured".to_owned()
        };
    }
    if says("unsupported") {
        return "the PKCS #12 file is encrypted in a way of before 2022 (RC2), which OpenSSL 3 does not read; convert it to PEM for \
                `certificate_file`: `openssl pkcs12 -legacy -in OLD.pfx -nodes -out NEW.pem`"
            .to_owned();
    }
    format!("the PKCS #12 file cannot be read: {}", told(error))
}

/// Returns OpenSSL's reason of an error, in its words: they name no contents.
fn told(error: &ErrorStack) -> String {
    let reasons: Vec<&str> = error.errors().iter().filter_map(openssl::error::Error::reason).collect();
    reasons.last().map_or_else(|| "it is malformed".to_owned(), |reason| (*reason).to_owned())
}

fn unreadable(problem: impl Into<String>) -> Fault {
    Fault::heard(Reason::SecretUnreadable, problem)
}

#[cfg(test)]
pub(super) mod tests;
