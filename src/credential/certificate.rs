//! A certificate as a credential: an assertion signed with its private key takes the secret's place.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::assertion::{self, COMPANIONS, PARAMETER};
use super::{EncodedPair, Explained, KeyPair, Proof, Reading, SecretSource, TokenRequest, Unreadable};
use crate::outcome::{Evidence, Fault, parse_rfc3339, rfc3339};
use crate::reason::Reason;
use crate::secret::Secret;

/// The files of a certificate and its private key, read anew for every token request.
#[derive(Clone, Debug)]
pub struct CertificateSource {
    files: CertificateFiles,
    /// The last pair that belonged together. It serves for as long as the files have the bytes that it was decoded from, since to
    /// decode them takes longer than to sign; and for the time in which one of two files is replaced and the other not yet.
    ///
    /// So the private key stays in memory while the certificate is configured, where it could be dropped after each request. What
    /// that would gain is little: whoever reads the memory of this process, which is closed to others of the same user, reads the
    /// files, too, and as a copy that is made for each request it would have been in memory many times. The text of the files and
    /// the password are not kept, and OpenSSL overwrites the key when the configuration is given up or the files have others.
    kept: Arc<Mutex<Option<KeyPair>>>,
}

/// The places of a certificate and its private key.
#[derive(Clone, Debug, PartialEq)]
pub enum CertificateFiles {
    /// PEM.
    Pem {
        /// The certificate, perhaps among others.
        certificate: SecretSource,
        /// The private key; `None` where it stands beside the certificate.
        key: Option<SecretSource>,
        /// The key's password.
        password: Option<SecretSource>,
    },
    /// PKCS #12.
    Pkcs12 {
        /// The file.
        file: SecretSource,
        /// Its password.
        password: Option<SecretSource>,
    },
}

impl CertificateFiles {
    /// Iterates over all that is read.
    pub fn sources(&self) -> impl Iterator<Item = &SecretSource> {
        let all = match self {
            Self::Pem { certificate, key, password } => [Some(certificate), key.as_ref(), password.as_ref()],
            Self::Pkcs12 { file, password } => [Some(file), None, password.as_ref()],
        };
        all.into_iter().flatten()
    }

    /// Reads them, and decodes what they hold unless that is what `kept` was decoded from.
    fn read(&self, kept: Option<KeyPair>) -> Result<KeyPair, Fault> {
        let bytes = |source: &SecretSource| source.read_bytes().map_err(Unreadable::fault);
        let secret =
            |source: &Option<SecretSource>| source.as_ref().map(SecretSource::read).transpose().map_err(Unreadable::fault);
        let pair = |encoded: EncodedPair<'_>, from| match kept.filter(|kept| kept.is_of(&encoded)) {
            Some(kept) => Ok(kept),
            None => encoded.decode().map_err(|fault| with_place(fault, from)),
        };
        match self {
            Self::Pem { certificate, key, password } => {
                let (certificates, password) = (bytes(certificate)?, secret(password)?);
                let key = key.as_ref().map(bytes).transpose()?;
                let key = key.as_ref().unwrap_or(&certificates);
                pair(EncodedPair::Pem { certificates: &certificates, key, password: password.as_ref() }, certificate)
            }
            Self::Pkcs12 { file, password } => {
                let (bytes, password) = (bytes(file)?, secret(password)?);
                pair(EncodedPair::Pkcs12 { bytes: &bytes, password: password.as_ref() }, file)
            }
        }
    }
}

/// Adds to a fault the place that was read.
fn with_place(fault: Fault, from: &SecretSource) -> Fault {
    let heard = fault.evidence.heard.map(|problem| format!("{from}: {problem}"));
    Fault { evidence: Evidence { heard, ..fault.evidence }, ..fault }
}

impl CertificateSource {
    /// A certificate that is read from `files`, of which `pair` was decoded if they were read before.
    pub fn new(files: CertificateFiles, pair: Option<KeyPair>) -> Self {
        Self { files, kept: Arc::new(Mutex::new(pair)) }
    }

    /// Returns the files.
    pub fn files(&self) -> &CertificateFiles {
        &self.files
    }

    /// Reads the pair, and signs an assertion for `request`.
    pub(super) fn present(&self, request: &TokenRequest, now: SystemTime) -> Reading {
        match self.pair() {
            Ok((pair, warning)) => {
                let proof = pair.out_of_date(now).map_or_else(|| proof(&pair, request, now), Err);
                let proof = proof.map(|proof| Proof { warning, ..proof });
                Reading { certificate: Some(pair.facts(now).clone()), proof }
            }
            Err(fault) => Reading { certificate: None, proof: Err(fault) },
        }
    }

    /// Reads the pair. Where key and certificate do not belong together, the last pair that did is used, and the fault told beside it.
    fn pair(&self) -> Result<(KeyPair, Option<Fault>), Fault> {
        let is_half_replaced = |fault: &Fault| fault.reason == Reason::ClientKeyMismatch;
        let kept = self.kept().clone();
        let mut read = self.files.read(kept.clone());
        if read.as_ref().is_err_and(is_half_replaced) {
            read = self.files.read(kept.clone()); // both files were being replaced while they were read
        }
        match read {
            Ok(pair) => {
                *self.kept() = Some(pair.clone());
                Ok((pair, None))
            }
            Err(fault) => match kept.filter(|_| is_half_replaced(&fault)) {
                Some(pair) => Ok((pair, Some(fault))),
                None => Err(fault),
            },
        }
    }

    /// Returns the thumbprint of the certificate to use at `now`.
    pub(super) fn mark(&self, now: SystemTime) -> Option<Secret> {
        let (pair, _) = self.pair().ok()?;
        Some(Secret::new(pair.facts(now).thumbprint.clone()))
    }

    /// Tells by which certificate the refused assertion was signed, and by how much the clocks differ where Entra names its time.
    pub(super) fn explain(&self, fault: Fault, proof: &Proof, now: SystemTime) -> Explained {
        if proof.warning.is_some() {
            // The last good pair is good no more.
            *self.kept() = None;
        }
        // This number stands for a wrong secret, too, and none was sent.
        let is_ambiguous = matches!(fault.reason, Reason::ClientCredentialRefused | Reason::ClientSecretWrong);
        let is_signature = is_ambiguous && fault.evidence.code.as_deref() == Some("50012");
        let fault = if is_signature { fault.renamed(Reason::ClientAssertionSignatureWrong) } else { fault };
        let clock = Some(&fault).filter(|fault| fault.reason == Reason::ClientAssertionOutOfTime).and_then(|fault| {
            let theirs = time_of_entra(fault.evidence.heard.as_deref()?)?;
            Some(format!("; {}", difference(theirs, now)))
        });
        let shown = proof.shown.as_ref().map(|shown| format!("{shown}{}", clock.unwrap_or_default()));
        Explained { fault, shown }
    }

    fn kept(&self) -> MutexGuard<'_, Option<KeyPair>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Compares the places alone: what was read of them is no setting.
impl PartialEq for CertificateSource {
    fn eq(&self, other: &Self) -> bool {
        self.files == other.files
    }
}

impl fmt::Display for CertificateSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.files {
            CertificateFiles::Pem { certificate, key: Some(key), .. } => write!(f, "{certificate} and {key}"),
            CertificateFiles::Pem { certificate, .. } => certificate.fmt(f),
            CertificateFiles::Pkcs12 { file, .. } => file.fmt(f),
        }
    }
}

fn proof(pair: &KeyPair, request: &TokenRequest, now: SystemTime) -> Result<Proof, Fault> {
    let signed = assertion::sign(pair.key(), pair.fingerprint(now), request, now);
    let assertion = signed.map_err(|error| Fault::heard(Reason::ClientKeyUnsuitable, format!("cannot sign: {error}")))?;
    let shown = format!("signed with {}", pair.facts(now).describe());
    Ok(Proof { companions: COMPANIONS, shown: Some(shown), ..Proof::new(PARAMETER, assertion) })
}

/// Returns Entra's time as it stands in AADSTS700024: `Current time: 2026-11-28T18:00:00.1234567Z, assertion valid from …`.
fn time_of_entra(text: &str) -> Option<SystemTime> {
    let (_, after) = text.split_once("Current time: ")?;
    parse_rfc3339(after.split([',', ' ']).next()?)
}

/// `this machine's clock (2026-11-28T17:00:00Z) is 3600 s behind Entra's`.
fn difference(theirs: SystemTime, ours: SystemTime) -> String {
    let (seconds, direction) = match theirs.duration_since(ours) {
        Ok(behind) => (behind.as_secs(), "behind"),
        Err(ahead) => (ahead.duration().as_secs(), "ahead of"),
    };
    format!("this machine's clock ({}) is {seconds} s {direction} Entra's", rfc3339(ours))
}

#[cfg(test)]
mod tests;
