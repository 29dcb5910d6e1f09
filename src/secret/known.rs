//! The secrets of one tenant's application that are known at the moment, so that every conversation can be cleared of them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openssl::sha::Sha256;

use super::{Secret, Sent};

/// The credential that was used last, and the last token of each scope, by name.
///
/// A conversation is told more secrets than it sends: a server that knows the client secret from elsewhere could make it appear
/// in evidence of a login in which it has no part.
#[derive(Clone, Default)]
pub struct KnownSecrets(Arc<Mutex<BTreeMap<String, Known>>>);

struct Known {
    /// The SHA-256 by which the same secret is known again, so that no further copy of it is kept.
    digest: [u8; 32],
    sent: Sent,
}

impl KnownSecrets {
    /// Remembers `secret`, if it is distinct, in place of the one that had this name.
    pub fn remember(&self, name: &str, secret: &Secret) {
        let digest = digest(secret);
        let mut known = self.lock();
        if !secret.is_distinct() || known.get(name).is_some_and(|known| known.digest == digest) {
            return;
        }
        let mut sent = Sent::default();
        sent.remember(secret);
        known.insert(name.to_owned(), Known { digest, sent });
    }

    /// Returns all of them.
    pub fn all(&self) -> Sent {
        let mut all = Sent::default();
        self.lock().values().for_each(|known| all.add(&known.sent));
        all
    }

    /// Reports whether none is known yet.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the SHA-256 of `secret`. Asked for in each run, so not by OpenSSL's function for the whole, which looks up the algorithm first.
fn digest(secret: &Secret) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(secret.expose().as_bytes());
    digest.finish()
}

/// All are alike in a comparison of settings: what is known is no setting.
impl PartialEq for KnownSecrets {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for KnownSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.lock().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_of_the_same_name_replaces_the_one_before() {
        let known = KnownSecrets::default();
        assert!(known.is_empty());
        for (name, secret) in [("client_secret", "the-first-client-secret"), ("scope", "a-token-of-some-length")] {
            known.remember(name, &Secret::new(secret));
        }
        known.remember("client_secret", &Secret::new("the-second-client-secret"));
        known.remember("other", &Secret::new("a-token"));
        let text = "the-second-client-secret, a-token-of-some-length";
        assert_eq!(known.all().redact(text), "<secret>, <secret>");
        assert!(known.all().redact("the-first-client-secret").contains("the-first"));
        assert_eq!(format!("{known:?}"), "2 secrets");
    }
}
