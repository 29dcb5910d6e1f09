//! Gets an access token, keeps it until shortly before it expires, and knows its claims.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::net::Net;
use crate::outcome::{Fault, TokenFacts};
use crate::reason::Owner;
use crate::secret::Secret;
use crate::settings::Tenant;
use crate::trace::Trace;

mod request;

/// A token is renewed this long before it expires, or after three quarters of a life too short for that.
const RENEW_BEFORE: Duration = Duration::from_secs(300);
/// A refusal by Entra is remembered this long: a hundred mailboxes with a wrong secret are one question, not a hundred
/// a minute (AADSTS50196, LoopDetected).
const REFUSED: Duration = Duration::from_secs(60);
/// A failure to reach Entra is remembered only for those who have been waiting for the same answer.
const UNREACHED: Duration = Duration::from_secs(5);
/// A token that was refused is replaced at most this often.
const REPLACE: Duration = Duration::from_secs(60);

/// An access token and what it says.
#[derive(Clone, Debug)]
pub struct Token {
    /// The token itself.
    pub secret: Secret,
    /// What its claims and its answer say.
    pub facts: TokenFacts,
    /// Which of the tokens of its kind it is.
    serial: u64,
    renew_at: Instant,
}

/// The tokens in hand, one for each application and scope.
#[derive(Debug, Default)]
pub struct Tokens(Mutex<HashMap<Key, Arc<tokio::sync::Mutex<Entry>>>>);

/// Application and scope. The secret is not part of it: a rotated secret gets the same tokens.
type Key = (String, String, String, String);

/// What is known about one kind of token. Its lock is held while a token is fetched, so that everybody waits for one answer.
#[derive(Debug, Default)]
struct Entry {
    token: Option<Token>,
    issued: u64,
    failed: Option<Failed>,
    replaced: Option<Instant>,
}

#[derive(Debug)]
struct Failed {
    fault: Fault,
    back_off: Option<Duration>,
    at: Instant,
    until: Instant,
}

impl Tokens {
    /// A fresh token, for the check that watches issuance. The others profit from it.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn fresh(&self, trace: &mut Trace, net: &Net, tenant: &Tenant, scope: &str) -> Result<Token, Fault> {
        let result = request::token(trace, net, tenant, scope).await;
        let entry = self.entry(tenant, scope);
        let mut entry = entry.lock().await;
        entry.keep(trace, result)
    }

    /// A token to use: one in hand that is good for a while, else a new one.
    ///
    /// # Errors
    /// Why there is none; a failure still remembered is told again without asking.
    pub async fn usable(&self, trace: &mut Trace, net: &Net, tenant: &Tenant, scope: &str) -> Result<Token, Fault> {
        trace.fetching();
        let asked = Instant::now();
        let entry = self.entry(tenant, scope);
        let mut entry = entry.lock().await;
        let result = match entry.known(trace, asked) {
            Some(known) => known,
            None => entry.fetch(trace, net, tenant, scope).await,
        };
        trace.fetched();
        result
    }

    /// A token to use instead of `refused`: a newer one in hand, or one fetched anew. `None` when `refused` itself is
    /// fresh, or a token was replaced in vain a moment ago: then the refusal is not about its age.
    pub async fn instead_of(
        &self,
        refused: &Token,
        trace: &mut Trace,
        net: &Net,
        tenant: &Tenant,
        scope: &str,
    ) -> Option<Result<Token, Fault>> {
        let entry = self.entry(tenant, scope);
        let mut entry = entry.lock().await;
        if let Some(newer) = entry.token.as_ref().filter(|token| token.serial > refused.serial) {
            return Some(Ok(newer.clone()));
        }
        if !refused.facts.cached || entry.replaced.is_some_and(|at| at.elapsed() < REPLACE) {
            return None;
        }
        entry.replaced = Some(Instant::now());
        trace.fetching();
        let fresh = entry.fetch(trace, net, tenant, scope).await;
        trace.fetched();
        Some(fresh)
    }

    fn entry(&self, tenant: &Tenant, scope: &str) -> Arc<tokio::sync::Mutex<Entry>> {
        let key = (tenant.cloud.name.clone(), tenant.tenant_id.clone(), tenant.client_id.clone(), scope.to_owned());
        Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default())
    }
}

impl Entry {
    /// What can be said without asking Entra.
    fn known(&self, trace: &mut Trace, asked: Instant) -> Option<Result<Token, Fault>> {
        let now = Instant::now();
        if let Some(token) = self.token.as_ref().filter(|token| now < token.renew_at) {
            let mut token = token.clone();
            token.facts.cached = true;
            trace.facts.token = Some(token.facts.clone());
            return Some(Ok(token));
        }
        let failed = self.failed.as_ref().filter(|failed| now < failed.until || asked < failed.at)?;
        trace.facts.back_off = failed.back_off.map(|_| failed.until.saturating_duration_since(now));
        Some(Err(failed.fault.clone()))
    }

    /// Ends a little before the run's deadline, so that those who wait for the same answer are told why there is none.
    async fn fetch(&mut self, trace: &mut Trace, net: &Net, tenant: &Tenant, scope: &str) -> Result<Token, Fault> {
        let limit = trace.remaining().mul_f64(0.95);
        let result = match timeout(limit, request::token(trace, net, tenant, scope)).await {
            Ok(result) => result,
            Err(_) => Err(Fault::new(trace.silence())),
        };
        self.keep(trace, result)
    }

    fn keep(&mut self, trace: &mut Trace, result: Result<(Secret, TokenFacts), Fault>) -> Result<Token, Fault> {
        let now = Instant::now();
        match result {
            Ok((secret, facts)) => {
                self.issued += 1;
                self.failed = None;
                let life = facts.expires_in.unwrap_or_default();
                let good_for = life.saturating_sub(RENEW_BEFORE).max(life * 3 / 4);
                let token = Token { secret, facts, serial: self.issued, renew_at: now + good_for };
                trace.facts.token = Some(token.facts.clone());
                self.token = Some(token.clone());
                Ok(token)
            }
            Err(mut fault) => {
                fault.evidence.peer = fault.evidence.peer.or_else(|| trace.peer.clone());
                fault.evidence.said = fault.evidence.said.or_else(|| trace.said.clone());
                let back_off = trace.facts.back_off;
                let remembered = if fault.reason.owner() == Owner::Network { UNREACHED } else { REFUSED };
                let until = now + back_off.unwrap_or(remembered);
                self.failed = Some(Failed { fault: fault.clone(), back_off, at: now, until });
                Err(fault)
            }
        }
    }
}
