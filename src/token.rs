//! Gets access tokens, caches each until shortly before it expires, and reads its claims.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, timeout};

use crate::net::Net;
use crate::outcome::{Fault, Phase, TokenFacts};
use crate::reason::{Owner, Reason};
use crate::secret::Secret;
use crate::settings::Tenant;
use crate::trace::Trace;

mod managed_identity;
mod request;

/// The time before its expiry at which a token is renewed; one with too short a life is renewed after three quarters of it.
const RENEW_BEFORE: Duration = Duration::from_secs(300);
/// The time for which a refusal by Entra is remembered: a hundred mailboxes with a wrong secret are one question, not a hundred
/// a minute (AADSTS50196, LoopDetected).
const REFUSAL_KEPT: Duration = Duration::from_secs(60);
/// The time for which a failure to reach Entra is remembered: only for those who have been waiting for the same answer.
const FAILURE_KEPT: Duration = Duration::from_secs(5);
/// The assumed life of a token whose lifetime is not known: long enough not to ask for every run.
const ASSUMED_LIFE: Duration = Duration::from_secs(60);
/// The least time between two replacements of a refused token.
const REPLACE_INTERVAL: Duration = Duration::from_secs(60);

/// An access token and its claims.
#[derive(Clone, Debug)]
pub struct Token {
    /// The token itself.
    pub secret: Secret,
    /// Its claims, and the facts of the reply that brought it.
    pub facts: Arc<TokenFacts>,
    /// Its number among the tokens of the same application and scope, in the order of issue.
    serial: u64,
    renew_at: Instant,
    expires_at: Instant,
}

/// The cached tokens, one for each application and scope.
#[derive(Debug, Default)]
pub struct Tokens(Mutex<HashMap<Key, Arc<Entry>>>);

/// Cloud, tenant, application and scope. The secret is not part of it: a rotated secret gets the same tokens.
type Key = (String, String, String, String);

/// The cache entry of one application and scope.
#[derive(Debug, Default)]
struct Entry {
    /// Held while a token is fetched, so that everybody waits for one answer.
    turn: tokio::sync::Mutex<()>,
    state: Mutex<EntryState>,
}

/// The state of one cache entry.
#[derive(Debug, Default)]
struct EntryState {
    /// The token as the cache gives it.
    token: Option<Token>,
    issued: u64,
    failed: Option<FailedRequest>,
    replaced: Option<Instant>,
}

#[derive(Debug)]
struct FailedRequest {
    fault: Fault,
    back_off: Option<Duration>,
    at: Instant,
    until: Instant,
    /// The time spent waiting for a reply in vain. A run with more time than that may ask again.
    waited: Option<Duration>,
}

impl Tokens {
    /// Forgets the tokens and refusals of a tenant's application.
    pub fn forget(&self, tenant: &Tenant) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|key, _| !is_of(key, tenant));
    }

    /// Requests a fresh token, for the check that watches issuance. Other checks use it from the cache.
    ///
    /// # Errors
    /// The fault of the request.
    pub async fn fresh(&self, trace: &mut Trace, net: &Net, tenant: &Tenant, scope: &str) -> Result<Token, Fault> {
        trace.allowance.token_request()?;
        let result = request::token(trace, net, tenant, scope).await;
        take_back_unsent(trace, &result);
        let result = self.entry(tenant, scope).keep(trace, result, None);
        hide(trace, tenant, scope, &result);
        result
    }

    /// Returns a token to use: the cached one until it is due for renewal, else a new one.
    ///
    /// # Errors
    /// The fault of the request, or of an earlier one that is still remembered.
    pub async fn usable(&self, trace: &mut Trace, net: &Net, tenant: &Tenant, scope: &str) -> Result<Token, Fault> {
        trace.fetching();
        let asked = Instant::now();
        let entry = self.entry(tenant, scope);
        let result = match entry.cached(trace, asked) {
            Some(result) => result,
            None => entry.fetch_in_turn(asked, trace, net, tenant, scope).await,
        };
        let result = result.or_else(|fault| entry.unexpired(fault, trace));
        trace.fetched();
        hide(trace, tenant, scope, &result);
        result
    }

    /// Returns a token to use instead of `refused`: a newer cached one, or one fetched anew. `None` when `refused` itself is
    /// fresh, or a token was replaced in vain a moment ago: then the refusal is not about its age.
    pub async fn instead_of(
        &self,
        refused: &Token,
        trace: &mut Trace,
        net: &Net,
        tenant: &Tenant,
        scope: &str,
    ) -> Option<Result<Token, Fault>> {
        if !refused.facts.cached {
            return None;
        }
        let refused_in = trace.open();
        trace.fetching();
        let entry = self.entry(tenant, scope);
        // Who is refused at the same time waits for the same replacement.
        let _turn = entry.turn.lock().await;
        let instead = match entry.replacement(refused) {
            Replacement::Newer(token) => Some(Ok(*token)),
            // Without a replacement the refusal stands.
            Replacement::Fetch => Some(entry.fetch(trace, net, tenant, scope).await).filter(|result| !is_ceiling(result)),
            Replacement::None => None,
        };
        trace.fetched();
        match &instead {
            Some(result) => hide(trace, tenant, scope, result),
            None => trace.enter(refused_in),
        }
        instead
    }

    /// Forgets the failed requests of `tenant`: they came of this machine's slowness, and the next run may ask for itself.
    pub fn forget_failures(&self, tenant: &Tenant) {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, entry) in entries.iter().filter(|(key, _)| is_of(key, tenant)) {
            entry.state().failed = None;
        }
    }

    fn entry(&self, tenant: &Tenant, scope: &str) -> Arc<Entry> {
        let key = (tenant.cloud.name.clone(), tenant.tenant_id.clone(), tenant.client_id.clone(), scope.to_owned());
        Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default())
    }
}

/// Reports whether a key is one of the tenant's application, for whatever scope.
fn is_of((cloud, id, client, _): &Key, tenant: &Tenant) -> bool {
    (cloud, id, client) == (&tenant.cloud.name, &tenant.tenant_id, &tenant.client_id)
}

/// The way to replace a refused token.
enum Replacement {
    Newer(Box<Token>),
    Fetch,
    None,
}

impl Entry {
    fn state(&self) -> MutexGuard<'_, EntryState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the cached token, or the remembered failure, if there is either.
    fn cached(&self, trace: &mut Trace, asked: Instant) -> Option<Result<Token, Fault>> {
        let now = Instant::now();
        let state = self.state();
        if let Some(token) = state.token.as_ref().filter(|token| now < token.renew_at) {
            trace.facts.token = Some(Arc::clone(&token.facts));
            return Some(Ok(token.clone()));
        }
        let failed = state.failed.as_ref().filter(|failed| now < failed.until || asked < failed.at)?;
        if failed.waited.is_some_and(|waited| trace.remaining() > waited) {
            return None;
        }
        trace.facts.back_off = failed.back_off.map(|_| failed.until.saturating_duration_since(now));
        Some(Err(failed.fault.clone()))
    }

    /// Returns the token that is due for renewal and has not expired, where the endpoint of managed identities fails for a while.
    ///
    /// # Errors
    /// `fault`: there is no such token, or the failure is another one.
    fn unexpired(&self, fault: Fault, trace: &mut Trace) -> Result<Token, Fault> {
        use Reason::{ManagedIdentityThrottled, ManagedIdentityUnavailable, ManagedIdentityUnreachable};
        let passes = matches!(fault.reason, ManagedIdentityThrottled | ManagedIdentityUnavailable | ManagedIdentityUnreachable);
        let state = self.state();
        let Some(token) = state.token.as_ref().filter(|token| passes && Instant::now() < token.expires_at) else {
            return Err(fault);
        };
        trace.facts.back_off = None; // it is the endpoint's, and no server's of this run
        trace.facts.token = Some(Arc::clone(&token.facts));
        Ok(token.clone())
    }

    fn replacement(&self, refused: &Token) -> Replacement {
        let mut state = self.state();
        if let Some(newer) = state.token.as_ref().filter(|token| token.serial > refused.serial) {
            return Replacement::Newer(Box::new(newer.clone()));
        }
        if state.replaced.is_some_and(|at| at.elapsed() < REPLACE_INTERVAL) {
            return Replacement::None;
        }
        state.replaced = Some(Instant::now());
        Replacement::Fetch
    }

    /// Waits for its turn, and fetches a token unless another run has brought a result meanwhile.
    async fn fetch_in_turn(
        &self,
        asked: Instant,
        trace: &mut Trace,
        net: &Net,
        tenant: &Tenant,
        scope: &str,
    ) -> Result<Token, Fault> {
        let _turn = self.turn.lock().await;
        match self.cached(trace, asked) {
            Some(result) => result,
            None => self.fetch(trace, net, tenant, scope).await,
        }
    }

    /// Requests a token and keeps the result. Ends a little before the run's deadline, so that those who wait for the same answer
    /// get its fault.
    async fn fetch(&self, trace: &mut Trace, net: &Net, tenant: &Tenant, scope: &str) -> Result<Token, Fault> {
        // Not kept: what one may not ask for now, another may.
        trace.allowance.token_request()?;
        let limit = trace.remaining().mul_f64(0.95);
        let result = timeout(limit, request::token(trace, net, tenant, scope)).await;
        let (result, waited) = match result {
            Ok(result) => (result, None),
            Err(_) => (Err(trace.silence()), Some(limit)),
        };
        take_back_unsent(trace, &result);
        self.keep(trace, result, waited)
    }

    fn keep(
        &self,
        trace: &mut Trace,
        result: Result<(Secret, TokenFacts), Fault>,
        waited: Option<Duration>,
    ) -> Result<Token, Fault> {
        let now = Instant::now();
        let mut state = self.state();
        match result {
            Ok((secret, facts)) => {
                state.issued += 1;
                state.failed = None;
                let cached = Arc::new(TokenFacts { cached: true, ..facts.clone() });
                let (renew_at, expires_at, facts) = (now + renew_after(&facts), now + life(&facts), Arc::new(facts));
                trace.facts.token = Some(Arc::clone(&facts));
                let token = Token { secret, serial: state.issued, renew_at, expires_at, facts };
                state.token = Some(Token { facts: cached, ..token.clone() });
                Ok(token)
            }
            Err(mut fault) => {
                fault.evidence.peer = fault.evidence.peer.or_else(|| trace.peer.clone());
                fault.evidence.said = fault.evidence.said.or_else(|| trace.request.clone());
                let back_off = trace.facts.back_off;
                let remembered = if is_lasting(fault.reason) { REFUSAL_KEPT } else { FAILURE_KEPT };
                let until = now + back_off.unwrap_or(remembered);
                state.failed = Some(FailedRequest { fault: fault.clone(), back_off, at: now, until, waited });
                Err(fault)
            }
        }
    }
}

/// Takes a token request back that failed before it was sent.
fn take_back_unsent<T>(trace: &Trace, result: &Result<T, Fault>) {
    if result.is_err() && matches!(trace.step(), Phase::Dns | Phase::Connect | Phase::Proxy | Phase::Tls) {
        trace.allowance.token_request_unsent();
    }
}

fn is_ceiling<T>(result: &Result<T, Fault>) -> bool {
    result.as_ref().is_err_and(|fault| fault.reason == Reason::CeilingReached)
}

/// Keeps a token out of what this run and the tenant's later ones show, and from this one what the request has used.
fn hide(trace: &mut Trace, tenant: &Tenant, scope: &str, result: &Result<Token, Fault>) {
    if let Ok(token) = result {
        tenant.secrets.remember(scope, &token.secret);
        if !token.secret.is_distinct() {
            trace.secrets.remember(&token.secret);
        }
    }
    trace.secrets.add(&tenant.secrets.all());
}

/// Returns the time for which a token is used before it is renewed.
fn renew_after(facts: &TokenFacts) -> Duration {
    let life = life(facts);
    life.saturating_sub(RENEW_BEFORE).max(life * 3 / 4)
}

/// Returns the life of a token that was issued now.
fn life(facts: &TokenFacts) -> Duration {
    let claimed = || facts.expires?.duration_since(SystemTime::now()).ok();
    facts.expires_in.or_else(claimed).unwrap_or(ASSUMED_LIFE)
}

/// Tells whether a failure is an answer of Entra's, or of this machine, that the next request would get too.
fn is_lasting(reason: Reason) -> bool {
    // What somebody on the way made of the question, they make of the next one too.
    let is_answer = matches!(reason, Reason::TenantRestricted | Reason::TokenRequestMalformed);
    let is_passing = matches!(reason, Reason::ReplyTimedOut | Reason::LocalResources | Reason::TlsCertificateNotYetValid);
    is_answer || reason.owner() != Owner::Network && !is_passing
}

#[cfg(test)]
mod tests;
