//! Checks the login of a request: HTTP's Basic authentication (RFC 7617) against bcrypt hashes.
//!
//! A hash is made to be slow, so a login that was right is remembered, and one that was not is never cheap: it takes the time of
//! the highest cost among the hashes, whatever name is tried. One hash is computed at a time, and of the requests that wait, one
//! for each client. Guessing slows down those who guess and nobody else.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::sign::Signer;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::client::Client;
use crate::secret::Secret;

/// Number of logins that are remembered: a few users, each with an old and a new password.
const REMEMBERED: usize = 64;

/// A keyed digest of a login, from which the password cannot be recovered.
type Digest = [u8; 32];

/// A checker of logins that remembers those that were right.
pub struct Authenticator {
    /// The key of the digests, made at start: they mean nothing elsewhere.
    key: PKey<Private>,
    remembered: Arc<Mutex<VecDeque<Digest>>>,
    /// Verifies a password against a hash, slowly.
    verify: fn(&Secret, &Secret) -> bool,
    hashing: Arc<Semaphore>,
    waiting: Mutex<HashMap<Client, Arc<Semaphore>>>,
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authenticator")
    }
}

impl Authenticator {
    /// Creates an authenticator that remembers no login yet.
    ///
    /// # Errors
    /// A message: the system gives no random numbers.
    pub fn new() -> Result<Self, String> {
        let mut key = [0; 32];
        let made = openssl::rand::rand_bytes(&mut key).and_then(|()| PKey::hmac(&key));
        Ok(Self {
            key: made.map_err(|error| format!("cannot make a random key: {error}"))?,
            remembered: Arc::default(),
            verify,
            hashing: Arc::new(Semaphore::new(1)),
            waiting: Mutex::default(),
        })
    }

    /// Reports whether the request with `headers`, from `client`, has the login of one of `users`, given by name with their
    /// bcrypt hashes.
    pub async fn admits(&self, users: &BTreeMap<String, Secret>, headers: &HeaderMap, client: Client) -> bool {
        let Some((name, password)) = credentials(headers) else { return false };
        let Some(highest) = users.values().map(cost).max() else { return false };
        let is_known = users.contains_key(&name);
        let hash = users.get(&name).cloned().unwrap_or_else(|| vain_hash(highest));
        let Some(digest) = self.digest(&name, &hash, &password) else { return false };
        if self.is_remembered(&digest) {
            return is_known;
        }
        let own = self.turns_of(client);
        let Ok(own_turn) = own.acquire_owned().await else { return false };
        let Ok(turn) = Arc::clone(&self.hashing).acquire_owned().await else { return false };
        if self.is_remembered(&digest) {
            return is_known; // whoever waited in front asked the same
        }
        let (verify, remembered) = (self.verify, Arc::clone(&self.remembered));
        let right = spawn_blocking(move || {
            // Held to the end: whoever has hung up meanwhile must not let the next one in.
            let _turns = (own_turn, turn);
            let right = verify(&password, &hash) && is_known;
            if right {
                remember(&remembered, digest); // before the next one, who may ask the same, has a turn
            } else {
                spend_the_rest(verify, &password, cost(&hash), highest);
            }
            right
        });
        right.await.unwrap_or(false)
    }

    fn digest(&self, name: &str, hash: &Secret, password: &Secret) -> Option<Digest> {
        let mut signer = Signer::new(MessageDigest::sha256(), &self.key).ok()?;
        for part in [name, hash.expose(), password.expose()] {
            signer.update(&part.len().to_be_bytes()).ok()?;
            signer.update(part.as_bytes()).ok()?;
        }
        signer.sign_to_vec().ok()?.try_into().ok()
    }

    /// Reports whether a login is remembered, in a time that does not depend on which one it is.
    fn is_remembered(&self, digest: &Digest) -> bool {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.iter().fold(false, |found, known| openssl::memcmp::eq(known, digest) | found)
    }

    /// Returns the semaphore at which requests of `client` wait, and forgets the clients of which none waits any more.
    fn turns_of(&self, client: Client) -> Arc<Semaphore> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, turns| Arc::strong_count(turns) > 1);
        Arc::clone(waiting.entry(client).or_insert_with(|| Arc::new(Semaphore::new(1))))
    }
}

fn verify(password: &Secret, hash: &Secret) -> bool {
    bcrypt::verify(password.expose(), hash.expose()).unwrap_or(false)
}

/// Returns the cost of a bcrypt hash, as `10` of `$2y$10$…`: one more doubles the time.
fn cost(hash: &Secret) -> u32 {
    hash.expose().split('$').nth(2).and_then(|cost| cost.parse().ok()).unwrap_or(bcrypt::DEFAULT_COST)
}

/// Returns a hash of this cost for a name that nobody has: it takes as long as another, and no password is known for it. Salt and
/// hash are 22 and 31 characters that stand for zeros.
fn vain_hash(cost: u32) -> Secret {
    Secret::new(format!("$2b${cost:02}${:.<53}", ""))
}

/// Spends what a wrong password of a hash of cost `spent` lacks of the time that the `highest` cost takes: by the time of a
/// refusal, a name that nobody has cannot be told from one with whatever hash. 2^a + 2^a + 2^(a+1) + … + 2^(b-1) is 2^b.
fn spend_the_rest(verify: fn(&Secret, &Secret) -> bool, password: &Secret, spent: u32, highest: u32) {
    for cost in spent..highest {
        verify(password, &vain_hash(cost));
    }
}

fn remember(remembered: &Mutex<VecDeque<Digest>>, digest: Digest) {
    let mut remembered = remembered.lock().unwrap_or_else(PoisonError::into_inner);
    if remembered.len() == REMEMBERED {
        remembered.pop_front();
    }
    remembered.push_back(digest);
}

/// Parses name and password of the header `Authorization`, if it has any.
fn credentials(headers: &HeaderMap) -> Option<(String, Secret)> {
    let field = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, encoded) = field.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    let decoded = Secret::new(String::from_utf8(STANDARD.decode(encoded.trim_ascii()).ok()?).ok()?);
    let (name, password) = decoded.expose().split_once(':')?;
    Some((name.to_owned(), Secret::new(password)))
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Hashes at bcrypt's lowest cost: what is tested is not bcrypt.
    fn users(passwords: &[(&str, &str)]) -> BTreeMap<String, Secret> {
        let hashed = |password| Secret::new(bcrypt::hash(password, 4).expect("a hash"));
        passwords.iter().map(|(name, password)| ((*name).to_owned(), hashed(*password))).collect()
    }

    fn asking(scheme: &str, login: &str) -> HeaderMap {
        let field = format!("{scheme} {}", STANDARD.encode(login)).parse().expect("a header");
        HeaderMap::from_iter([(AUTHORIZATION, field)])
    }

    const HERE: Client = Client::Network(IpAddr::V4(Ipv4Addr::LOCALHOST));

    #[tokio::test]
    async fn login_with_the_user_s_own_password_is_admitted() {
        let logins = Authenticator::new().expect("random numbers");
        let users = users(&[("prometheus", "pass:word"), ("zoë", "grüße")]);
        for (scheme, login, admitted) in [
            ("Basic", "prometheus:pass:word", true),
            ("basic", "prometheus:pass:word", true),
            ("BASIC", "zoë:grüße", true),
            ("Basic", "prometheus:pass", false),
            ("Basic", "prometheus:grüße", false),
            ("Basic", "nobody:pass:word", false),
            ("Basic", "prometheus", false),
            ("Basic", ":", false),
            ("Bearer", "prometheus:pass:word", false),
        ] {
            for _ in 0..2 {
                assert_eq!(logins.admits(&users, &asking(scheme, login), HERE).await, admitted, "{scheme} {login}");
            }
        }
        assert!(!logins.admits(&users, &HeaderMap::new(), HERE).await);
        let garbage = HeaderMap::from_iter([(AUTHORIZATION, "Basic %%%".parse().expect("a header"))]);
        assert!(!logins.admits(&users, &garbage, HERE).await);
    }

    /// Counted in units of bcrypt's work, because time itself depends on the machine.
    #[tokio::test]
    async fn refusal_costs_the_highest_configured_cost_whatever_name_is_tried() {
        static WORK: AtomicUsize = AtomicUsize::new(0);
        fn counted(password: &Secret, hash: &Secret) -> bool {
            WORK.fetch_add(1 << cost(hash), Ordering::Relaxed);
            let computed = bcrypt::verify(password.expose(), hash.expose());
            computed.expect("a hash that bcrypt takes the time to compare with")
        }
        let logins = Authenticator { verify: counted, ..Authenticator::new().expect("random numbers") };
        let hashed = |cost| Secret::new(bcrypt::hash("right", cost).expect("a hash"));
        let users = BTreeMap::from([("a", 4), ("b", 7), ("c", 5)].map(|(name, cost)| (name.to_owned(), hashed(cost))));
        for name in ["a", "b", "c", "nobody", ""] {
            WORK.store(0, Ordering::Relaxed);
            assert!(!logins.admits(&users, &asking("Basic", &format!("{name}:wrong")), HERE).await);
            assert_eq!(WORK.load(Ordering::Relaxed), 1 << 7, "{name}");
        }
        for name in ["a", "b", "c"] {
            assert!(logins.admits(&users, &asking("Basic", &format!("{name}:right")), HERE).await);
        }
    }

    #[tokio::test]
    async fn remembered_login_ends_with_a_new_hash() {
        let logins = Authenticator::new().expect("random numbers");
        assert!(logins.admits(&users(&[("a", "old")]), &asking("Basic", "a:old"), HERE).await);
        assert!(!logins.admits(&users(&[("a", "new")]), &asking("Basic", "a:old"), HERE).await);
        assert!(!logins.admits(&users(&[("b", "old")]), &asking("Basic", "a:old"), HERE).await, "a user that is gone");
    }

    #[tokio::test]
    async fn same_login_a_hundred_times_at_once_costs_one_hash() {
        static HASHES: AtomicUsize = AtomicUsize::new(0);
        fn counted(password: &Secret, hash: &Secret) -> bool {
            HASHES.fetch_add(1, Ordering::Relaxed);
            verify(password, hash)
        }
        let logins = Arc::new(Authenticator { verify: counted, ..Authenticator::new().expect("random numbers") });
        let users = Arc::new(users(&[("a", "p")]));
        let mut asked = tokio::task::JoinSet::new();
        for _ in 0..100 {
            let (logins, users) = (Arc::clone(&logins), Arc::clone(&users));
            asked.spawn(async move { logins.admits(&users, &asking("Basic", "a:p"), HERE).await });
        }
        assert!(asked.join_all().await.into_iter().all(|admitted| admitted));
        assert_eq!(HASHES.load(Ordering::Relaxed), 1);
    }

    /// A flood from one address delays another address by one hash, and a remembered login not at all.
    #[tokio::test]
    async fn guesses_from_one_address_delay_no_remembered_login() {
        let logins = Arc::new(Authenticator::new().expect("random numbers"));
        let users = Arc::new(users(&[("a", "p")]));
        assert!(logins.admits(&users, &asking("Basic", "a:p"), HERE).await);
        let hashing = Arc::clone(&logins.hashing).acquire_owned().await.expect("a turn"); // nobody gets one now
        let mut guesses = tokio::task::JoinSet::new();
        for guess in 0..50 {
            let (logins, users) = (Arc::clone(&logins), Arc::clone(&users));
            let from = Client::Network(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
            guesses.spawn(async move { logins.admits(&users, &asking("Basic", &format!("a:{guess}")), from).await });
        }
        tokio::task::yield_now().await;
        assert!(logins.admits(&users, &asking("Basic", "a:p"), HERE).await, "remembered, though nobody gets a turn");
        drop(hashing);
        assert!(guesses.join_all().await.into_iter().all(|admitted| !admitted));
        assert!(!logins.admits(&users, &asking("Basic", "a:x"), HERE).await);
        assert_eq!(logins.waiting.lock().expect("lock").len(), 1, "those who are done are forgotten");
    }
}
