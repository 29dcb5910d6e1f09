//! `token`: does Entra issue a token to this application? Always a fresh one, so that issuance itself is watched.

use crate::outcome::{Fault, Phase};
use crate::settings::ProbeSettings;

use super::{Check, Cx};

/// The check.
#[derive(Debug)]
pub struct Issuance;

impl Check for Issuance {
    const NAME: &'static str = "token";
    const PURPOSE: &'static str = "a fresh access token from Entra for the application";
    const OF_MAILBOX: bool = false;
    const PHASES: &'static [Phase] = &[Phase::Dns, Phase::Connect, Phase::Proxy, Phase::Tls, Phase::Token];

    fn new(_: &ProbeSettings) -> Result<Self, String> {
        Ok(Self)
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<(), Fault> {
        let scope = &cx.tenant.cloud.scope;
        cx.means.tokens.fresh(cx.trace, &cx.means.net, cx.tenant, scope).await.map(drop)
    }
}
