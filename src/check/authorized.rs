//! A conversation that needs a token: where it comes from, and what a refusal of it means.

use std::future::Future;
use std::time::SystemTime;

use crate::outcome::{Fault, TokenFacts};
use crate::reason::Reason;
use crate::settings::Tenant;
use crate::token::Token;

use super::Cx;

/// A conversation that begins with a token in hand.
pub trait Authorized: Sync {
    /// The permission its token must carry.
    const ROLE: &'static str;

    /// Speaks to the server, from the dial to the goodbye.
    ///
    /// # Errors
    /// Why it failed.
    fn converse(&self, cx: &mut Cx<'_>, token: &Token) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// Gets a token and holds the conversation. A cached token that is refused is fetched anew, once: it may have been
/// revoked, or lack a permission granted since.
///
/// # Errors
/// Why it failed.
pub async fn run<C: Authorized>(conversation: &C, cx: &mut Cx<'_>) -> Result<(), Fault> {
    let scope = cx.tenant.cloud.scope.clone();
    let (tokens, net, tenant) = (&cx.means.tokens, &cx.means.net, cx.tenant);
    let token = tokens.usable(cx.trace, net, tenant, &scope).await?;
    let refused = match conversation.converse(cx, &token).await {
        Err(fault) if is_about_token(fault.reason) => fault,
        result => return result,
    };
    if let Some(fresh) = tokens.instead_of(&token, cx.trace, net, tenant, &scope).await {
        let fresh = fresh?;
        return conversation.converse(cx, &fresh).await.map_err(|fault| explained(fault, &fresh.facts, C::ROLE, tenant, &scope));
    }
    Err(explained(refused, &token.facts, C::ROLE, tenant, &scope))
}

/// Whether another token could change the answer.
fn is_about_token(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::AuthRefused
            | Reason::MailboxNotConnected
            | Reason::EwsTokenRefused
            | Reason::TokenExpired
            | Reason::TokenInvalid
            | Reason::TokenRoleMissing
            | Reason::TokenWrongAudience
            | Reason::TokenWrongTenant
    )
}

/// A generic refusal in the light of the token's own claims: what it lacks explains the refusal. A claim that cannot be
/// read explains nothing, and a missing role is no fault while the login works (RBAC for Applications).
fn explained(mut fault: Fault, facts: &TokenFacts, role: &str, tenant: &Tenant, scope: &str) -> Fault {
    if is_about_token(fault.reason) {
        let lacks_role = facts.roles.as_ref().is_some_and(|roles| !roles.iter().any(|granted| granted == role));
        let foreign = facts
            .tenant_id
            .as_ref()
            .is_some_and(|tid| is_guid(&tenant.tenant_id) && !tid.eq_ignore_ascii_case(&tenant.tenant_id));
        let elsewhere = facts.audience.as_ref().is_some_and(|audience| !same_resource(audience, scope));
        if elsewhere {
            fault.reason = Reason::TokenWrongAudience;
        } else if foreign {
            fault.reason = Reason::TokenWrongTenant;
        } else if lacks_role {
            fault.reason = Reason::TokenRoleMissing;
        } else if has_expired(facts) {
            fault.reason = Reason::TokenExpired;
        }
    }
    fault
}

/// Whether the token's life is over by Entra's clock, as far as its answer told the time. By ours alone, a clock that runs
/// fast would blame a good token.
fn has_expired(facts: &TokenFacts) -> bool {
    let seconds = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    let now = seconds(SystemTime::now()) + facts.clock_skew.unwrap_or_default();
    facts.expires.is_some_and(|expires| seconds(expires) <= now)
}

fn is_guid(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// Whether `audience` is what `scope` asked for: the resource's URL, or Exchange Online's own application id, which
/// stands in version 2 tokens. Exchange takes `outlook.office.com` for `outlook.office365.com`.
fn same_resource(audience: &str, scope: &str) -> bool {
    const EXCHANGE: &str = "00000002-0000-0ff1-ce00-000000000000";
    let resource = |text: &str| {
        text.trim_end_matches("/.default")
            .trim_end_matches('/')
            .to_ascii_lowercase()
            .replace("outlook.office.com", "outlook.office365.com")
    };
    audience.eq_ignore_ascii_case(EXCHANGE) || resource(audience) == resource(scope)
}
