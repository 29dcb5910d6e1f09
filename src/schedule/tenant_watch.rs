//! Watches what may end the refusals of a tenant: its credential's files, and the tokens that its runs are given.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::file::{Stamp, stamp};
use crate::kind::Resource;
use crate::outcome::{Outcome, Phase};
use crate::probe::Probe;
use crate::settings::Tenant;

/// The time between two looks at the files of a credential, while a login is refused.
const LOOK: Duration = Duration::from_secs(5);

/// The probes of a tenant, and what was known last of its tokens.
#[derive(Debug)]
pub(super) struct TenantWatch {
    tenant: Arc<Tenant>,
    /// Its probes, which others may take the place of.
    probes: RwLock<Vec<Arc<Probe>>>,
    tokens: Mutex<Vec<(Resource, TokenState)>>,
}

/// The result of a token request.
#[derive(Clone, Debug, PartialEq, Eq)]
enum TokenState {
    Refused,
    /// Granted with these roles.
    Granted(Option<Vec<String>>),
}

impl TenantWatch {
    pub fn new(tenant: Arc<Tenant>) -> Self {
        Self { tenant, probes: RwLock::default(), tokens: Mutex::default() }
    }

    /// Reports whether it watches over this tenant with this application.
    pub fn is_of(&self, tenant: &Arc<Tenant>) -> bool {
        Arc::ptr_eq(&self.tenant, tenant) || self.tenant == *tenant
    }

    /// Watches over `probes` from now on.
    pub fn watch_over(&self, probes: Vec<Arc<Probe>>) {
        *self.probes.write().unwrap_or_else(PoisonError::into_inner) = probes;
    }

    /// Takes note of the token of a run: one that was granted where it had been refused, or with other roles than the one before
    /// it, may open what was closed.
    pub fn note(&self, outcome: &Outcome) {
        let Some((resource, state)) = token_state(outcome) else { return };
        let is_change = {
            let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, known)) = tokens.iter_mut().find(|(known, _)| *known == resource) {
                std::mem::replace(known, state.clone()) != state
            } else {
                tokens.push((resource, state.clone()));
                false
            }
        };
        if is_change && state != TokenState::Refused {
            self.hurry();
        }
    }

    /// Looks at the files of the credential while a login is refused.
    pub async fn watch_credential(self: Arc<Self>) {
        let files: Vec<PathBuf> = self.tenant.credential.files().into_iter().map(Into::into).collect();
        if files.is_empty() {
            return;
        }
        let mut known: Option<Vec<Option<Stamp>>> = None;
        loop {
            sleep(LOOK).await;
            if !self.probes().iter().any(|probe| probe.refusals() > 0) {
                known = None;
                continue;
            }
            let files = files.clone();
            // The files may lie on a file system that hangs.
            let Ok(now) = spawn_blocking(move || files.iter().map(stamp).collect()).await else { return };
            if known.is_some_and(|known| known != now) {
                self.hurry();
            }
            known = Some(now);
        }
    }

    fn hurry(&self) {
        self.probes().iter().for_each(|probe| probe.hurry());
    }

    fn probes(&self) -> RwLockReadGuard<'_, Vec<Arc<Probe>>> {
        self.probes.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the resource whose token the run requested, with the result; `None` where it requested none, or in vain for a reason
/// that passes.
fn token_state(outcome: &Outcome) -> Option<(Resource, TokenState)> {
    let resource = outcome.resource();
    if let Some(token) = outcome.facts.token.as_ref().filter(|token| !token.cached) {
        return Some((resource, TokenState::Granted(token.roles.clone())));
    }
    let refused = outcome.failure().is_some_and(|failure| failure.phase == Phase::Token && failure.reason.is_for_good());
    refused.then_some((resource, TokenState::Refused))
}
