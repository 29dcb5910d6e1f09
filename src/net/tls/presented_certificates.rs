//! The certificates that servers presented: each is read once, and its facts are shared by all runs that saw it. One of Microsoft's
//! has thirty names and takes two kilobytes, and ten thousand mailboxes see the same two or three.

use std::sync::{Arc, Mutex, PoisonError};

use openssl::x509::{X509, X509Ref};

use super::certificate;
use crate::outcome::CertificateFacts;

/// The most certificates that are remembered, the latest ones. A device that makes a new one for each connection is read each time.
const MOST: usize = 64;

/// The certificates seen last. OpenSSL compares them by their DER, which costs nothing beside a digest of it.
#[derive(Debug, Default)]
pub struct PresentedCertificates(Mutex<Vec<Presented>>);

#[derive(Debug)]
struct Presented {
    certificate: X509,
    facts: Arc<CertificateFacts>,
}

impl PresentedCertificates {
    /// Returns the facts of `certificate`; `None` if its dates cannot be read.
    pub fn facts(&self, certificate: &X509Ref, verified: bool) -> Option<Arc<CertificateFacts>> {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |other: &&Presented| other.facts.verified == verified && *other.certificate == *certificate;
        if let Some(Presented { facts, .. }) = known().iter().find(is_same) {
            return Some(Arc::clone(facts));
        }
        let facts = Arc::new(certificate::facts(certificate, verified)?);
        let mut known = known();
        if known.len() >= MOST {
            known.remove(0);
        }
        known.push(Presented { certificate: certificate.to_owned(), facts: Arc::clone(&facts) });
        Some(facts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::tls::certificate::tests::certificate;

    #[test]
    fn certificate_seen_again_has_the_same_facts_and_one_refused_has_its_own() {
        let presented = PresentedCertificates::default();
        let (one, other) = [1, 2].map(|day| certificate("20261125120000Z", &format!("2027010{day}120000Z"))).into();
        let facts = |certificate: &X509Ref, verified| presented.facts(certificate, verified).expect("facts");
        let first = facts(&one, true);
        assert!(Arc::ptr_eq(&first, &facts(&one, true)) && first.verified);
        assert!(!facts(&one, false).verified);
        assert_ne!(facts(&other, true), first);
        (0..=MOST).for_each(|second| {
            facts(&certificate("20261125120000Z", &format!("202701011200{:02}Z", second % 60)), second >= 60);
        });
        assert_eq!(presented.0.lock().expect("no panic").len(), MOST);
    }
}
