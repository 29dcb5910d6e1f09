//! Gets the token of a conversation that needs one, and explains a refusal by what the token lacks.

use std::future::Future;
use std::time::SystemTime;

use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;

use crate::cloud::{Cloud, HttpsEndpoint};
use crate::kind::Resource;
use crate::net::BoxStream;
use crate::net::http::{self, HttpExchange, HttpResponse};
use crate::outcome::{Fault, Phase, SupportId, TokenFacts};
use crate::reason::Reason;
use crate::secret::Sent;
use crate::settings::Tenant;
use crate::token::Token;
use crate::wire::http::ResponseHead;

use super::Cx;

/// The token that a conversation needs.
#[derive(Clone, Copy, Debug)]
pub struct NeededToken<'a> {
    /// The OAuth scope to ask for.
    pub scope: &'a str,
    /// The service that accepts it.
    pub resource: Resource,
    /// The permissions of which it must carry one; none where they are granted elsewhere (RBAC for Applications).
    pub roles: &'static [&'static str],
}

impl<'a> NeededToken<'a> {
    /// Returns the need of a token for Exchange Online with one of `roles`.
    pub fn exchange(cloud: &'a Cloud, roles: &'static [&'static str]) -> Self {
        Self { scope: &cloud.scope, resource: Resource::Exchange, roles }
    }
}

/// A conversation that needs a token.
pub trait WithToken: Sync {
    /// Returns the token that it needs in `cloud`.
    fn needed_token<'a>(&'a self, cloud: &'a Cloud) -> NeededToken<'a>;

    /// Speaks to the server, from the dial to the goodbye.
    ///
    /// # Errors
    /// The reason of the failure with its evidence.
    fn converse(&self, cx: &mut Cx<'_>, token: &Token) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// Gets a token and holds the conversation. A cached token that is refused is fetched anew, once: it may have been
/// revoked, or lack a permission granted since.
///
/// # Errors
/// The fault of the token request or of the conversation, explained by the token's claims.
pub async fn run<C: WithToken>(conversation: &C, cx: &mut Cx<'_>) -> Result<(), Fault> {
    let (tokens, net, tenant) = (&cx.means.tokens, &cx.means.net, cx.tenant);
    let needed = conversation.needed_token(&tenant.cloud);
    cx.trace.allowance.login()?;
    let token = tokens.usable(cx.trace, net, tenant, needed.scope).await?;
    let refused = match conversation.converse(cx, &token).await {
        Err(fault) if is_about_token(fault.reason) => fault,
        result => return result,
    };
    if let Some(fresh) = tokens.instead_of(&token, cx.trace, net, tenant, needed.scope).await {
        let fresh = fresh?;
        if cx.trace.allowance.login().is_err() {
            return Err(explain(refused, &token.facts, tenant, needed));
        }
        return conversation.converse(cx, &fresh).await.map_err(|fault| explain(fault, &fresh.facts, tenant, needed));
    }
    Err(explain(refused, &token.facts, tenant, needed))
}

/// Sends `request` with `token` to `at` in `phase`, and keeps the ids that `support_ids` finds in the response.
///
/// # Errors
/// `token_invalid`: the token holds characters that no header may; those of [`HttpExchange::run`].
pub async fn exchange(
    cx: &mut Cx<'_>,
    token: &Token,
    at: &HttpsEndpoint,
    request: Request<Full<Bytes>>,
    phase: Phase,
    support_ids: fn(ResponseHead<'_>) -> Vec<(SupportId, String)>,
) -> Result<HttpResponse, Fault> {
    let stream = cx.means.net.connect_tls(cx.trace, &at.host, at.port).await?;
    exchange_over(cx, stream, token, at, request, phase, support_ids).await
}

/// The same over a `stream` to `at` that is secured.
///
/// # Errors
/// As [`exchange`].
pub async fn exchange_over(
    cx: &mut Cx<'_>,
    stream: BoxStream,
    token: &Token,
    at: &HttpsEndpoint,
    mut request: Request<Full<Bytes>>,
    phase: Phase,
    support_ids: fn(ResponseHead<'_>) -> Vec<(SupportId, String)>,
) -> Result<HttpResponse, Fault> {
    http::set_bearer_token(request.headers_mut(), &token.secret)?;
    http::set_request_id(request.headers_mut());
    cx.trace.enter(phase);
    let secrets = Sent::default(); // the token is among those of the trace
    let response = HttpExchange { at, request, secrets }.over(cx.trace, stream).await?;
    let ids = support_ids(response.head());
    cx.trace.facts.server.ids = ids.into_iter().map(|(name, id)| (name, response.sanitize(&id))).collect();
    Ok(response)
}

/// Tells whether another token could change the answer.
pub fn is_about_token(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::AuthRefused
            | Reason::AccessDenied
            | Reason::MailboxNotConnected
            | Reason::EwsTokenRefused
            | Reason::TokenExpired
            | Reason::TokenInvalid
            | Reason::TokenRoleMissing
            | Reason::TokenWrongAudience
            | Reason::TokenWrongTenant
    )
}

/// Explains a generic refusal by what the token's claims lack. A claim that cannot be read explains nothing, and a missing
/// role is no fault while the login works (RBAC for Applications).
fn explain(fault: Fault, facts: &TokenFacts, tenant: &Tenant, needed: NeededToken<'_>) -> Fault {
    if !is_about_token(fault.reason) {
        return fault;
    }
    let by_rbac = needed.roles.is_empty();
    let is_foreign = |tid: &String| is_guid(&tenant.tenant_id) && !tid.eq_ignore_ascii_case(&tenant.tenant_id);
    let reason = if facts.audience.as_ref().is_some_and(|audience| !is_audience(audience, needed)) {
        Reason::TokenWrongAudience
    } else if facts.tenant_id.as_ref().is_some_and(is_foreign) {
        Reason::TokenWrongTenant
    } else if !by_rbac && facts.lacks_all_of(needed.roles) {
        Reason::TokenRoleMissing
    } else if by_rbac && fault.reason == Reason::TokenRoleMissing {
        // The server misses what is not meant to be there: it found the mailbox in no scope.
        Reason::ImpersonationDenied
    } else if has_expired(facts) {
        Reason::TokenExpired
    } else {
        fault.reason
    };
    fault.renamed(reason)
}

/// Tells whether the token has expired by Entra's clock, where its answer gave the time. By ours alone, a clock that runs fast
/// would blame a good token.
fn has_expired(facts: &TokenFacts) -> bool {
    let seconds = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    let now = seconds(SystemTime::now()) + facts.clock_skew.unwrap_or_default();
    facts.expires.is_some_and(|expires| seconds(expires) <= now)
}

fn is_guid(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// Tells whether `audience` is the one that was asked for: the resource's URL or its id. Exchange takes `outlook.office.com`
/// for `outlook.office365.com`.
fn is_audience(audience: &str, needed: NeededToken<'_>) -> bool {
    let resource = |text: &str| {
        text.trim_end_matches("/.default")
            .trim_end_matches('/')
            .to_ascii_lowercase()
            .replace("outlook.office.com", "outlook.office365.com")
    };
    audience.eq_ignore_ascii_case(needed.resource.id()) || resource(audience) == resource(needed.scope)
}
