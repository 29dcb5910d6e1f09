//! `token`: does Entra issue a token to this application? The check never takes a cached one, so that it watches issuance.

use std::time::{Duration, SystemTime};

use crate::outcome::Fault;
use crate::settings::ProbeSettings;

use super::{Conversation, Cx};

/// The time limit for reading the registration from Graph, which is done once in six hours.
const REGISTRATION_LIMIT: Duration = Duration::from_secs(5);

/// The `token` check: one token request.
#[derive(Debug)]
pub struct TokenCheck;

impl Conversation for TokenCheck {
    fn new(_: &ProbeSettings) -> Result<Self, String> {
        Ok(Self)
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<(), Fault> {
        let (means, tenant) = (cx.means, cx.tenant);
        means.tokens.fresh(cx.trace, &means.net, tenant, &tenant.cloud.scope).await?;
        // Issuance has been measured; what follows is learnt beside it and can fail no run.
        cx.trace.finish();
        let limit = cx.trace.remaining().mul_f64(0.8).min(REGISTRATION_LIMIT);
        let allowance = cx.trace.allowance.clone();
        let registration = means.registrations.registration(&means.net, &means.tokens, tenant, &allowance, limit).await;
        // A certificate has told its end itself.
        let read = || registration.as_ref().and_then(|read| read.in_use_expires(SystemTime::now()));
        cx.trace.facts.credential_expires = cx.trace.facts.credential_expires.or_else(read);
        cx.trace.facts.registration = registration;
        Ok(())
    }
}
