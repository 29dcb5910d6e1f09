//! One token of a managed identity, from the endpoint that this machine or its link has. It is asked once a run: it may be busy for
//! longer than a check can wait, and its tokens outlive that.

use std::time::{Duration, SystemTime};

use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use tokio::time::timeout;

use crate::credential::{IdentityHost, ManagedIdentity, read_arc_key};
use crate::net::Net;
use crate::net::http::{HttpExchange, HttpResponse};
use crate::outcome::{Fault, Phase, TokenFacts};
use crate::reason::Reason;
use crate::secret::{Secret, Sent};
use crate::settings::Tenant;
use crate::trace::Trace;
use crate::wire::managed_identity as wire;

use super::request;

/// The time limit of a connection: the endpoint is on this machine or its link, and elsewhere nobody answers at all.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// The time limit for reading the key of Azure Arc.
const KEY_WITHIN: Duration = Duration::from_secs(2);

/// Asks for the token of `resource`, and returns it with its claims.
///
/// # Errors
/// The `managed_identity_*` reasons; the back-off that the endpoint asks for becomes a fact.
pub(super) async fn token(
    trace: &mut Trace,
    net: &Net,
    tenant: &Tenant,
    identity: &ManagedIdentity,
    resource: &str,
) -> Result<(Secret, TokenFacts), Fault> {
    // A little before the run's deadline, so that silence is told as this endpoint's.
    let limit = trace.remaining().mul_f64(0.9);
    let asked = timeout(limit, ask(trace, net, tenant, identity, resource)).await;
    let fault = match asked {
        Ok(Ok(token)) => return Ok(token),
        Ok(Err(fault)) => fault,
        Err(_) => trace.silence(),
    };
    let local = reason(fault.reason);
    if local == fault.reason {
        return Err(fault);
    }
    let code = fault.reason.code();
    Err(fault.renamed(local).code(code))
}

/// Returns the warning of a token that is not of the identity that the tenant's client id names.
pub(super) fn compare(facts: &TokenFacts, tenant: &Tenant) -> Option<Fault> {
    let handed_out = facts.app_id.as_deref().filter(|id| !id.eq_ignore_ascii_case(&tenant.client_id))?;
    let is_known = !tenant.client_id.is_empty();
    let heard = || format!("the token's client id is {handed_out}, the configured one {}", tenant.client_id);
    is_known.then(|| Fault::heard(Reason::ManagedIdentityDiffers, heard()))
}

/// Makes the fault of a token that the agent of Azure Arc did not confirm to be the one asked for. An agent that does not know
/// user-assigned identities overlooks the id in the request, and hands out the token of the machine's own.
fn of_another(identity: &ManagedIdentity, facts: &TokenFacts) -> Fault {
    let handed_out = facts.app_id.as_deref().map(|id| format!("; the token's client id is {id}")).unwrap_or_default();
    let asked = &identity.identity;
    let heard =
        format!("the agent of Azure Arc does not confirm that its token is of {asked}, so that it was not used{handed_out}");
    Fault::heard(Reason::ManagedIdentityNotAssigned, heard)
}

async fn ask(
    trace: &mut Trace,
    net: &Net,
    tenant: &Tenant,
    identity: &ManagedIdentity,
    resource: &str,
) -> Result<(Secret, TokenFacts), Fault> {
    if let Some(header) = identity.header() {
        tenant.secrets.remember("identity_header", header); // a key of Azure Arc is over with its request
    }
    let mut answer = exchange(trace, net, identity, resource, None).await?;
    if let IdentityHost::Arc(keys) = &identity.host
        && let Some(named) = wire::challenged_file(answer.head())
    {
        let keys = keys.clone();
        let read = tenant.reads.within(KEY_WITHIN, move || read_arc_key(&named, &keys)).await;
        let unreadable = |problem| Fault::heard(Reason::ManagedIdentityKeyUnreadable, format!("reading the key {problem}"));
        let key = read.map_err(unreadable)??;
        answer = exchange(trace, net, identity, resource, Some(&key)).await?;
    }
    let Some(token) = wire::parse_token(answer.head(), &answer.body) else {
        return Err(answer.refusal_fault(trace, wire::parse_refusal(answer.head(), &answer.body)));
    };
    let is_named = token.names(&identity.identity);
    let (secret, facts) = request::granted(token.response, answer, SystemTime::now());
    if matches!(identity.host, IdentityHost::Arc(_)) && !is_named {
        return Err(of_another(identity, &facts));
    }
    // The clock of the endpoint is this machine's, or that of the host below it.
    Ok((secret, TokenFacts { expires: facts.expires.or(token.expires), clock_skew: None, ..facts }))
}

/// Sends one request, for Azure Arc with the `key` that it wanted.
async fn exchange(
    trace: &mut Trace,
    net: &Net,
    identity: &ManagedIdentity,
    resource: &str,
    key: Option<&Secret>,
) -> Result<HttpResponse, Fault> {
    let mut request = Request::new(Full::<Bytes>::default());
    *request.uri_mut() = wire::target(identity, resource)?;
    wire::set_headers(request.headers_mut(), identity, key)?;
    let mut secrets = Sent::default();
    identity.header().into_iter().chain(key).for_each(|secret| secrets.remember(secret));
    HttpExchange { at: &identity.at, request, secrets }.run_locally(trace, net, CONNECT_WITHIN, Phase::Token).await
}

/// Returns the reason that one of the network or of HTTP stands for at this endpoint, which is no server of Microsoft's on a network.
fn reason(met: Reason) -> Reason {
    match met {
        Reason::ConnectRefused
        | Reason::ConnectReset
        | Reason::ConnectTimedOut
        | Reason::ConnectUnreachable
        | Reason::ConnectProhibited
        | Reason::ConnectFailed
        | Reason::DnsNoAnswer
        | Reason::DnsRefused
        | Reason::DnsServerFailure
        | Reason::DnsServerUnreachable
        | Reason::DnsNameUnknown
        | Reason::DnsNoAddresses
        | Reason::DnsSinkhole => Reason::ManagedIdentityUnreachable,
        Reason::ReplyTimedOut | Reason::ConnectionClosed | Reason::DataNotDelivered => Reason::ManagedIdentityUnavailable,
        Reason::ReplyMalformed | Reason::ReplyTooLong => Reason::ManagedIdentityEndpointForeign,
        other => other,
    }
}
