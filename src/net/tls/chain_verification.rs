//! The verification of a chain of certificates: why OpenSSL refused it, and at which certificate.

use std::sync::{Arc, Mutex, PoisonError};

use openssl::x509::{X509, X509StoreContextRef, X509VerifyResult};

use crate::outcome::{CertificateFacts, Fault};
use crate::reason::Reason;

use super::certificate;

/// A refusal of a chain by OpenSSL.
#[derive(Clone)]
pub struct ChainError {
    error: X509VerifyResult,
    /// The index in `chain` of the certificate that was refused; 0 is the server's own.
    depth: usize,
    /// The chain as far as OpenSSL had built it, the server's own certificate first.
    pub chain: Vec<X509>,
}

impl ChainError {
    /// Returns the reason for OpenSSL's error.
    pub fn reason(&self) -> Reason {
        known_reason(self.error.as_raw()).unwrap_or(Reason::TlsCertificateUnfit)
    }

    /// Returns the fault of the refusal, marked where the error is in no table.
    pub fn fault(&self) -> Fault {
        let is_known = known_reason(self.error.as_raw()).is_some();
        Fault::heard(self.reason(), self.describe()).unrecognized(!is_known)
    }

    /// Describes the refusal for evidence: OpenSSL's error, and which certificate it is about where that is not the server's own.
    pub fn describe(&self) -> String {
        let verdict = format!("certificate verify failed: {}", self.error.error_string());
        match (self.reason(), self.authority()) {
            (Reason::TlsCertificateUntrusted, _) if self.chain.len() == 1 => {
                format!("{verdict}; no certificate of its issuer came with it")
            }
            (Reason::TlsCertificateWrongName, _) if self.chain.first().is_some_and(|own| own.subject_alt_names().is_none()) => {
                format!("{verdict}; it has no subject alternative name, and a name in the subject counts for nothing")
            }
            (Reason::TlsCertificateUntrusted, _) | (_, None) => verdict,
            (_, Some(authority)) => format!("{verdict}: of the authority {}", certificate::subject_and_dates(&authority)),
        }
    }

    /// Returns the refused certificate where it is an authority's and not the server's own.
    fn authority(&self) -> Option<CertificateFacts> {
        let authority = self.chain.get(self.depth).filter(|_| self.depth > 0)?;
        certificate::facts(authority, false)
    }
}

/// Returns the reason for an error of OpenSSL's (`X509_V_ERR_*` of x509_vfy.h); `None` for one that is in no table.
fn known_reason(error: i32) -> Option<Reason> {
    Some(match error {
        9 => Reason::TlsCertificateNotYetValid,
        10 => Reason::TlsCertificateExpired,
        17 => Reason::LocalResources, // out of memory
        18 => Reason::TlsCertificateSelfSigned,
        62 | 64 => Reason::TlsCertificateWrongName, // a host's, an address's
        66..=68 => Reason::TlsCertificateWeak,      // its key, an authority's, the digest of a signature
        // No path leads to a root, or to one that is trusted for this; or the one trusted under the issuer's name has
        // another key and did not sign it.
        2 | 7 | 19..=21 | 27 | 28 => Reason::TlsCertificateUntrusted,
        // An authority that is none, the length of a path, a purpose, the use of a key, an extension, a constraint on names.
        24..=26 | 32 | 34 | 37 | 41 | 47 | 48 | 79 => Reason::TlsCertificateUnfit,
        _ => return None,
    })
}

/// The slot in which the verification callback of a handshake leaves the refusal that ends it.
#[derive(Clone, Default)]
pub struct ChainErrorSlot(Arc<Mutex<Option<ChainError>>>);

impl ChainErrorSlot {
    /// Stores the error and the chain of `context`.
    pub fn store(&self, context: &X509StoreContextRef) {
        let chain = context.chain().into_iter().flatten().map(ToOwned::to_owned).collect();
        let depth = usize::try_from(context.error_depth()).unwrap_or_default();
        let error = ChainError { error: context.error(), depth, chain };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    /// Takes the refusal out, if there is one.
    pub fn take(&self) -> Option<ChainError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_of_an_error_in_no_table_is_marked_as_a_default() {
        let refusal = |error| ChainError { error, depth: 0, chain: Vec::new() };
        let fault = refusal(X509VerifyResult::APPLICATION_VERIFICATION).fault();
        assert_eq!((fault.reason, fault.evidence.unrecognized), (Reason::TlsCertificateUnfit, true));
        let unfit = (0..200).filter(|error| known_reason(*error) == Some(Reason::TlsCertificateUnfit));
        assert_eq!(unfit.collect::<Vec<_>>(), [24, 25, 26, 32, 34, 37, 41, 47, 48, 79]);
    }
}
