//! State that all connections share: the tenant as it is now, the faults in force, the keys.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::watch;

use super::assertion_log::AssertionLog;
use super::certificates::Certificates;
use super::fault::{ActiveFault, Fault, Service};
use super::jwt::{Claims, Flaw, PresentedToken, SigningKey};
use super::tenant::Tenant;

/// The tenant at one moment, its faults included.
#[derive(Clone, Debug)]
pub(super) struct View {
    /// The tenant, with everything changed that a fault changes.
    pub tenant: Tenant,
    faults: Vec<ActiveFault>,
}

impl View {
    /// The faults in force.
    pub(super) fn faults(&self) -> impl Iterator<Item = &ActiveFault> {
        self.faults.iter()
    }

    /// Tells whether `fault` affects `service` now.
    pub(super) fn has(&self, service: Service, fault: Fault) -> bool {
        self.faults.iter().any(|active| active.fault == fault && active.services.contains(&service))
    }
}

/// Numbers of tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenCounts {
    /// Tokens that were issued.
    pub issued: u64,
    /// Logins to mailboxes and requests with a token, good or bad.
    pub presented: u64,
}

/// Shared by all connections.
pub(super) struct State {
    /// The certificates that TLS is accepted with.
    pub certificates: Certificates,
    /// The key that tokens are signed with.
    pub key: &'static SigningKey,
    /// The assertions that were accepted.
    pub assertions: AssertionLog,
    /// The address of the login host, where that listens.
    pub login: OnceLock<SocketAddr>,
    /// The client that fetches the keys of issuers, once one has been needed; `None` where there can be none.
    pub issuers: OnceLock<Option<reqwest::Client>>,
    base: Mutex<Tenant>,
    view: watch::Sender<Arc<View>>,
    serial: AtomicU64,
    revoked: AtomicU64,
    presented: AtomicU64,
    /// The keys that the agent of Azure Arc has written and nobody has presented yet.
    arc_keys: Mutex<VecDeque<String>>,
}

/// The most of these keys: more requests at a time are under way nowhere.
const ARC_KEYS: usize = 64;

impl State {
    pub(super) fn new(tenant: Tenant, certificates: Certificates) -> Result<Self, String> {
        let key = SigningKey::shared().map_err(|error| format!("cannot make a signing key: {error}"))?;
        let (view, _) = watch::channel(Arc::new(View { tenant: tenant.clone(), faults: Vec::new() }));
        let (assertions, login, issuers, serial, revoked, presented, arc_keys) = Default::default();
        let base = Mutex::new(tenant);
        Ok(Self { certificates, key, assertions, login, issuers, base, view, serial, revoked, presented, arc_keys })
    }

    /// The tenant and its faults now.
    pub(super) fn view(&self) -> Arc<View> {
        self.view.borrow().clone()
    }

    /// The tenant as its administrator has set it up, without the faults.
    pub(super) fn configured_tenant(&self) -> Tenant {
        self.base.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells when the view changes.
    pub(super) fn changes(&self) -> watch::Receiver<Arc<View>> {
        self.view.subscribe()
    }

    /// Changes the tenant; faults in force stay in force.
    pub(super) fn change(&self, change: impl FnOnce(&mut Tenant)) {
        let mut base = self.base.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut base);
        self.publish(&base, self.view().faults.clone());
    }

    /// Replaces the faults in force.
    pub(super) fn set_faults(&self, change: impl FnOnce(&mut Vec<ActiveFault>)) {
        let base = self.base.lock().unwrap_or_else(PoisonError::into_inner);
        let mut faults = self.view().faults.clone();
        change(&mut faults);
        self.publish(&base, faults);
    }

    fn publish(&self, base: &Tenant, faults: Vec<ActiveFault>) {
        let mut tenant = base.clone();
        for active in &faults {
            active.apply_to(&mut tenant);
        }
        self.view.send_replace(Arc::new(View { tenant, faults }));
    }

    /// A token's own id; later tokens have higher ones.
    pub(super) fn next_token_id(&self) -> String {
        format!("{:08x}", self.serial.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Adds a key that the agent of Azure Arc has written; the oldest is forgotten.
    pub(super) fn add_arc_key(&self, key: String) {
        let mut keys = self.arc_keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() == ARC_KEYS {
            keys.pop_front();
        }
        keys.push_back(key);
    }

    /// Reports whether `key` was written and not presented before: each is good once.
    pub(super) fn take_arc_key(&self, key: &str) -> bool {
        let mut keys = self.arc_keys.lock().unwrap_or_else(PoisonError::into_inner);
        let place = keys.iter().position(|known| known == key);
        place.and_then(|place| keys.remove(place)).is_some()
    }

    /// The number of tokens issued so far, and how many times one was presented.
    pub(super) fn tokens(&self) -> TokenCounts {
        TokenCounts { issued: self.serial.load(Ordering::Relaxed), presented: self.presented.load(Ordering::Relaxed) }
    }

    /// From now on every token issued so far counts as expired.
    pub(super) fn expire_tokens(&self) {
        self.revoked.store(self.serial.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Reads a token as Exchange does: signature first, claims as they are.
    pub(super) fn verify_token(&self, token: &str) -> PresentedToken {
        self.presented.fetch_add(1, Ordering::Relaxed);
        let claims = self.key.verify(token)?;
        let serial = u64::from_str_radix(claims.uti.get(..8).unwrap_or_default(), 16).map_err(|_| Flaw::Unreadable)?;
        let exp = if serial <= self.revoked.load(Ordering::Relaxed) { 0 } else { claims.exp };
        Ok(Claims { exp, ..claims })
    }
}
