//! `token`: does Entra issue a token to this application? Always a fresh one, so that issuance itself is watched.

use std::time::{Duration, SystemTime};

use crate::outcome::Fault;
use crate::settings::ProbeSettings;

use super::{Conversation, Cx};

/// What Graph is given to show the registration, once in six hours.
const ASIDE: Duration = Duration::from_secs(5);

/// The check.
#[derive(Debug)]
pub struct Issuance;

impl Conversation for Issuance {
    fn new(_: &ProbeSettings) -> Result<Self, String> {
        Ok(Self)
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<(), Fault> {
        let (means, tenant) = (cx.means, cx.tenant);
        means.tokens.fresh(cx.trace, &means.net, tenant, &tenant.cloud.scope).await?;
        // Issuance has been measured; what follows is learnt beside it and can fail no run.
        cx.trace.finish();
        let limit = cx.trace.remaining().mul_f64(0.8).min(ASIDE);
        let registration = means.registrations.registration(&means.net, &means.tokens, tenant, limit).await;
        cx.trace.facts.credential_expires = registration.as_ref().and_then(|read| read.in_use_expires(SystemTime::now()));
        cx.trace.facts.registration = registration;
        Ok(())
    }
}
