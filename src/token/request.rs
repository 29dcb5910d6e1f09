//! One client credentials request (RFC 6749 section 4.4) as Entra wants it, over our own dialed stream.

use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, Response, StatusCode};
use oauth2::basic::{BasicRevocationErrorResponse, BasicTokenIntrospectionResponse};
use oauth2::{
    AsyncHttpClient, AuthType, ClientId, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, RequestTokenError, Scope,
    StandardRevocableToken, TokenResponse as _, TokenUrl,
};

use crate::cloud::HttpsEndpoint;
use crate::credential::{Explained, ManagedIdentity, Proof, TokenPart, TokenRequest};
use crate::net::Net;
use crate::net::http::{self, HttpExchange};
use crate::outcome::{CredentialKind, Evidence, Fault, Phase, TokenFacts};
use crate::reason::Reason;
use crate::secret::{Secret, Sent};
use crate::settings::Tenant;
use crate::trace::Trace;
use crate::wire::http::without_byte_order_mark;
use crate::wire::jwt;
use crate::wire::oauth::{self, EntraError, TokenResponse};

use super::managed_identity;

type Client = oauth2::Client<
    EntraError,
    TokenResponse,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// Time for reading the credential: a disk that has to wake up takes a few seconds.
const CREDENTIAL_WITHIN: Duration = Duration::from_secs(5);

/// Requests a token: from the endpoint of a managed identity, or with the client credentials grant.
///
/// # Errors
/// The faults of the dial, and the reason of the refusal; the back-off that it asks for becomes a fact.
pub(super) async fn token(trace: &mut Trace, net: &Net, tenant: &Tenant, scope: &str) -> Result<(Secret, TokenFacts), Fault> {
    let identity = tenant.credential.managed_identity();
    let (secret, facts) = match identity.filter(|identity| identity.part == TokenPart::Access) {
        Some(identity) => {
            let resource = identity.resource(scope, &tenant.cloud.login.host);
            let token = managed_identity::token(trace, net, tenant, identity, resource).await?;
            if let Some(warning) = managed_identity::compare(&token.1, tenant) {
                trace.facts.warn(warning);
            }
            token
        }
        None => client_credentials(trace, net, tenant, scope).await?,
    };
    trace.facts.token = Some(facts.clone().into());
    Ok((secret, facts))
}

/// Requests a token with the client credentials grant.
async fn client_credentials(trace: &mut Trace, net: &Net, tenant: &Tenant, scope: &str) -> Result<(Secret, TokenFacts), Fault> {
    let at = HttpsEndpoint { path: format!("/{}/oauth2/v2.0/token", tenant.tenant_id), ..tenant.cloud.login.clone() };
    let proof = match tenant.credential.managed_identity() {
        Some(identity) => proof_by_identity(trace, net, tenant, identity).await?,
        None => match proof(trace, tenant, &at).await {
            Ok(proof) => proof,
            Err(fault) => {
                trace.enter(Phase::Token); // nobody was looked up
                return Err(fault);
            }
        },
    };
    if tenant.credential.kind() == Some(CredentialKind::Secret) {
        tenant.secrets.remember(proof.parameter.0, &proof.parameter.1); // an assertion is over with this request
    }
    let client = client(&at, tenant)?;
    let http = OneExchange(Mutex::new(Some(Exchange { trace, net, at: &at, proof: &proof, reply: None })));
    let request = client.exchange_client_credentials().add_scope(Scope::new(scope.to_owned()));
    let request = proof.companions.iter().fold(request, |request, (name, value)| request.add_extra_param(*name, *value));
    let (name, value) = &proof.parameter;
    let result = request.add_extra_param(*name, value.expose()).request_async(&http).await;
    let exchange = http.0.into_inner().ok().flatten();
    let now = SystemTime::now();
    match (result, exchange) {
        (Ok(token), Some(Exchange { reply: Some(answer), .. })) => Ok(granted(token, answer, now)),
        (Err(RequestTokenError::Request(ExchangeError(fault))), _) => Err(fault),
        (_, Some(Exchange { trace, reply: Some(answer), .. })) => {
            let marked = tenant.cloud.is_microsoft_host(&at.host);
            let fault = answer.refusal_fault(trace, oauth::parse_refusal(answer.head(), &answer.body, marked));
            Err(explained(fault, tenant, &proof, trace.request.as_deref(), now))
        }
        _ => Err(Fault::new(Reason::Internal)),
    }
}

/// Reads the credential, and makes of it the proof for a request to `at`; what is learnt of a certificate becomes a fact.
async fn proof(trace: &mut Trace, tenant: &Tenant, at: &HttpsEndpoint) -> Result<Proof, Fault> {
    let request = TokenRequest { client_id: tenant.client_id.clone(), endpoint: at.to_string() };
    // Half of the time that is left, so that a file that hangs is not told as Entra's silence.
    let limit = CREDENTIAL_WITHIN.min(trace.remaining() / 2);
    let read = tenant.read_credential(limit, move |credential| credential.present(&request, SystemTime::now())).await;
    let reading = read.map_err(|problem| Fault::heard(Reason::SecretUnreadable, problem))?;
    trace.facts.credential_expires = reading.certificate.as_ref().map(|certificate| certificate.not_after);
    trace.facts.certificate = reading.certificate;
    let proof = reading.proof?;
    proof.warning.iter().for_each(|warning| trace.facts.warn(warning.clone()));
    Ok(proof)
}

/// Gets the assertion of a managed identity, and makes of it the proof for Entra.
async fn proof_by_identity(trace: &mut Trace, net: &Net, tenant: &Tenant, identity: &ManagedIdentity) -> Result<Proof, Fault> {
    let login = &tenant.cloud.login.host;
    let (assertion, _) = managed_identity::token(trace, net, tenant, identity, identity.resource("", login)).await?;
    ManagedIdentity::proof(assertion, login, SystemTime::now())
}

/// Adds to Entra's refusal what the credential that was sent tells of it.
fn explained(fault: Fault, tenant: &Tenant, proof: &Proof, request: Option<&str>, now: SystemTime) -> Fault {
    let Explained { fault, shown } = tenant.credential.explain(fault, proof, now);
    let Some(shown) = shown else { return fault };
    let said = Some(format!("{} ({shown})", request.unwrap_or_default()));
    Fault { evidence: Evidence { said, ..fault.evidence }, ..fault }
}

fn client(at: &HttpsEndpoint, tenant: &Tenant) -> Result<Client, Fault> {
    let url = TokenUrl::new(at.to_string()).map_err(|error| Fault::heard(Reason::TenantIdInvalid, error.to_string()))?;
    Ok(oauth2::Client::new(ClientId::new(tenant.client_id.clone()))
        .set_auth_type(AuthType::RequestBody) // what Microsoft documents first
        .set_token_uri(url))
}

/// Returns the token with its claims and the facts of the reply that brought it.
pub(super) fn granted(token: TokenResponse, mut answer: http::HttpResponse, now: SystemTime) -> (Secret, TokenFacts) {
    let expires_in = token.expires_in();
    let secret = token.into_token();
    answer.remember(&secret);
    let head = answer.head();
    let mut facts = jwt::token_facts(&secret).unwrap_or_default();
    facts.expires_in = expires_in;
    facts.expires = facts.expires.or_else(|| now.checked_add(expires_in?));
    facts.clock_skew = head.clock_skew(now);
    facts.request_id = head.header("x-ms-request-id");
    facts.ests_server = head.header("x-ms-ests-server");
    // A hostile issuer may echo our secret anywhere.
    let texts = [&mut facts.audience, &mut facts.issuer, &mut facts.tenant_id, &mut facts.app_id, &mut facts.object_id];
    let texts = texts.into_iter().chain([&mut facts.request_id, &mut facts.ests_server]).flatten();
    texts.chain(facts.roles.iter_mut().flatten()).for_each(|text| *text = answer.sanitize(text));
    (secret, facts)
}

/// The HTTP client of `oauth2`: exactly one exchange, each step of it a phase of the run.
struct OneExchange<'t>(Mutex<Option<Exchange<'t>>>);

struct Exchange<'t> {
    trace: &'t mut Trace,
    net: &'t Net,
    at: &'t HttpsEndpoint,
    /// The proof of the application's identity.
    proof: &'t Proof,
    /// The reply as it came, which says more than `oauth2` keeps of it.
    reply: Option<http::HttpResponse>,
}

/// The fault of an exchange without a reply.
#[derive(Debug)]
struct ExchangeError(Fault);

impl std::fmt::Display for ExchangeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.reason)
    }
}

impl std::error::Error for ExchangeError {}

impl<'c> AsyncHttpClient<'c> for OneExchange<'_> {
    type Error = ExchangeError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, ExchangeError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let taken = self.0.lock().ok().and_then(|mut exchange| exchange.take());
            let mut exchange = taken.ok_or_else(|| ExchangeError(Fault::new(Reason::Internal)))?;
            let response = exchange.send(request).await;
            if let Ok(mut place) = self.0.lock() {
                *place = Some(exchange);
            }
            response.map_err(ExchangeError)
        })
    }
}

impl Exchange<'_> {
    async fn send(&mut self, request: HttpRequest) -> Result<HttpResponse, Fault> {
        let (head, body) = request.into_parts();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = head.method;
        *request.uri_mut() = path.parse().map_err(|_| Fault::new(Reason::TenantIdInvalid))?;
        *request.headers_mut() = head.headers;
        http::set_request_id(request.headers_mut());
        let exchange = HttpExchange { at: self.at, request, secrets: self.sent() };
        let answer = exchange.run(self.trace, self.net, Phase::Token).await?;
        let mut response = Response::new(without_byte_order_mark(&answer.body).to_vec());
        // Any 2xx with a token in it will do; `oauth2` insists on 200.
        *response.status_mut() = if answer.status.is_success() { StatusCode::OK } else { answer.status };
        *response.headers_mut() = answer.headers.clone();
        self.reply = Some(answer);
        Ok(response)
    }

    /// Returns the secrets as they stand in the request: plain, and encoded for the form.
    fn sent(&self) -> Sent {
        let mut sent = Sent::default();
        let (_, value) = &self.proof.parameter;
        let encoded: String = form_urlencoded::byte_serialize(value.expose().as_bytes()).collect();
        sent.remember(value);
        sent.remember(&Secret::new(encoded));
        sent
    }
}
