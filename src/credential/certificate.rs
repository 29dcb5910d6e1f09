//! A certificate as a credential: an assertion signed with its private key takes the secret's place.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::assertion::{self, COMPANIONS, PARAMETER};
use super::{Explained, KeyPair, Proof, Reading, SecretSource, TokenRequest, Unreadable};
use crate::outcome::{Evidence, Fault, parse_rfc3339, rfc3339};
use crate::reason::Reason;
use crate::secret::Secret;

/// The files of a certificate and its private key, read anew for every token request.
#[derive(Clone, Debug)]
pub struct CertificateSource {
    files: CertificateFiles,
    /// The last pair that belonged together, for the time in which one of two files is replaced and the other not yet.
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

    fn read(&self, now: SystemTime) -> Result<KeyPair, Fault> {
        let secret =
            |source: &Option<SecretSource>| source.as_ref().map(SecretSource::read).transpose().map_err(Unreadable::fault);
        let (pair, from) = match self {
            Self::Pem { certificate, key, password } => {
                let certificates = certificate.read_bytes().map_err(Unreadable::fault)?;
                let key = key.as_ref().map(SecretSource::read_bytes).transpose().map_err(Unreadable::fault)?;
                let key = key.as_ref().unwrap_or(&certificates);
                (KeyPair::from_pem(&certificates, key, secret(password)?.as_ref(), now), certificate)
            }
            Self::Pkcs12 { file, password } => {
                (KeyPair::from_pkcs12(&file.read_bytes().map_err(Unreadable::fault)?, secret(password)?.as_ref(), now), file)
            }
        };
        pair.map_err(|fault| with_place(fault, from))
    }
}

/// Adds to a fault the place that was read.
fn with_place(fault: Fault, from: &SecretSource) -> Fault {
    let heard = fault.evidence.heard.map(|problem| format!("{from}: {problem}"));
    Fault { evidence: Evidence { heard, ..fault.evidence }, ..fault }
}

impl CertificateSource {
    /// A certificate that is read from `files`.
    pub fn new(files: CertificateFiles) -> Self {
        Self { files, kept: Arc::default() }
    }

    /// Returns the files.
    pub fn files(&self) -> &CertificateFiles {
        &self.files
    }

    /// Reads the pair, and signs an assertion for `request`.
    pub(super) fn present(&self, request: &TokenRequest, now: SystemTime) -> Reading {
        match self.pair(now) {
            Ok((pair, warning)) => {
                let proof = pair.out_of_date(now).map_or_else(|| proof(&pair, request, now), Err);
                let proof = proof.map(|proof| Proof { warning, ..proof });
                Reading { certificate: Some(pair.facts().clone()), proof }
            }
            Err(fault) => Reading { certificate: None, proof: Err(fault) },
        }
    }

    /// Reads the pair. Where key and certificate do not belong together, the last pair that did is used, and the fault told beside it.
    fn pair(&self, now: SystemTime) -> Result<(KeyPair, Option<Fault>), Fault> {
        let is_half_replaced = |fault: &Fault| fault.reason == Reason::ClientKeyMismatch;
        let mut read = self.files.read(now);
        if read.as_ref().is_err_and(is_half_replaced) {
            read = self.files.read(now); // both files were being replaced while they were read
        }
        match read {
            Ok(pair) => {
                *self.kept() = Some(pair.clone());
                Ok((pair, None))
            }
            Err(fault) => match self.kept().clone().filter(|_| is_half_replaced(&fault)) {
                Some(pair) => Ok((pair, Some(fault))),
                None => Err(fault),
            },
        }
    }

    /// Returns the certificate's thumbprint.
    pub(super) fn mark(&self) -> Option<Secret> {
        let pair = self.files.read(SystemTime::now()).ok()?;
        Some(Secret::new(pair.facts().thumbprint.clone()))
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
    let signed = pair.fingerprint().and_then(|fingerprint| assertion::sign(pair.key(), &fingerprint, request, now));
    let assertion = signed.map_err(|error| Fault::heard(Reason::ClientKeyUnsuitable, format!("cannot sign: {error}")))?;
    let shown = format!("signed with {}", pair.facts().describe());
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
