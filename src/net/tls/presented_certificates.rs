//! The certificates that servers presented: each is read once, and its facts are shared by all runs that saw it. One of Microsoft's
//! has thirty names and takes two kilobytes, and ten thousand mailboxes see the same two or three.

use std::sync::{Arc, Mutex, PoisonError};

use openssl::x509::X509Ref;

use super::certificate;
use crate::outcome::CertificateFacts;

/// The most certificates that are remembered, the latest ones. A device that makes a new one for each connection is read each time.
const MOST: usize = 64;

/// The certificates seen last, by the SHA-256 of their DER and by whether they were accepted.
#[derive(Debug, Default)]
pub struct PresentedCertificates(Mutex<Vec<(Key, Arc<CertificateFacts>)>>);

type Key = ([u8; 32], bool);

impl PresentedCertificates {
    /// Returns the facts of `certificate`; `None` if its dates cannot be read.
    pub fn facts(&self, certificate: &X509Ref, verified: bool) -> Option<Arc<CertificateFacts>> {
        let sha256 = certificate::sha256(certificate)?;
        let key = (sha256, verified);
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, facts)) = known().iter().find(|(other, _)| *other == key) {
            return Some(Arc::clone(facts));
        }
        let facts = Arc::new(certificate::facts(certificate, &sha256, verified)?);
        let mut known = known();
        if known.len() >= MOST {
            known.remove(0);
        }
        known.push((key, Arc::clone(&facts)));
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
