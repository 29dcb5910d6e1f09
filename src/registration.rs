//! Asks Microsoft Graph for the application's registration: rarely, beside the measured runs, and only where the user wants it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper::StatusCode;
use reqwest::{Certificate, Client, Proxy, redirect, tls};
use tokio::time::{Instant, timeout};

use crate::ceiling::Allowance;
use crate::cloud::{HttpsEndpoint, host_port};
use crate::credential::Credential;
use crate::net::Net;
use crate::net::http::USER_AGENT;
use crate::outcome::{Fault, Phase, Registration};
use crate::secret::Secret;
use crate::settings::Tenant;
use crate::token::Tokens;
use crate::trace::Trace;
use crate::wire::graph::application::{self, ROLES};

/// The time for which a reading is kept, a refusal too: a registration changes a few times a year, and Graph allows 150 such
/// requests a minute for the whole tenant.
const READING_KEPT: Duration = Duration::from_secs(6 * 3600);
/// The largest reply that is read, in bytes: an application with a hundred credentials takes 40 kB.
const MAX_BODY: usize = 512 * 1024;

/// The registrations read, one for each application.
#[derive(Debug, Default)]
pub struct Registrations {
    readings: Mutex<HashMap<Key, Reading>>,
}

/// One reading of a registration, and the time of the request.
#[derive(Clone, Debug)]
struct Reading {
    asked: Instant,
    /// The mark of the credential that was in use then: the reading says nothing of another one.
    mark: Secret,
    registration: Registration,
}

/// Cloud, tenant, application.
type Key = (String, String, String);

impl Registrations {
    /// Returns the registration of the tenant's application, read in at most `limit`, or as it was read less than six hours ago
    /// with the same credential in use; for longer where it cannot be read again. `None` where the user does not want it read.
    pub async fn registration(
        &self,
        net: &Net,
        tokens: &Tokens,
        tenant: &Tenant,
        allowance: &Allowance,
        limit: Duration,
    ) -> Option<Registration> {
        let (at, scope) = tenant.cloud.graph.as_ref().zip(tenant.cloud.graph_scope.as_ref()).filter(|_| tenant.read_expiry)?;
        let key = (tenant.cloud.name.clone(), tenant.tenant_id.clone(), tenant.client_id.clone());
        let mark = tenant.read_credential(limit / 2, Credential::mark).await.ok().flatten();
        let mark = mark.unwrap_or_else(|| Secret::new(""));
        let kept = self.readings().get(&key).filter(|kept| kept.mark.expose() == mark.expose()).cloned();
        if let Some(kept) = kept.as_ref().filter(|kept| kept.asked.elapsed() < READING_KEPT) {
            return Some(kept.registration.clone());
        }
        let query = Query { net, tokens, tenant, allowance, at, scope, mark: &mark };
        let read = timeout(limit, query.registration(limit)).await;
        let read = read.unwrap_or_else(|_| Registration::Unread("Graph did not answer in time".to_owned()));
        // An earlier reading is still the best that is known.
        let earlier = kept.map(|kept| kept.registration).filter(|_| matches!(read, Registration::Unread(_)));
        let registration = earlier.unwrap_or(read);
        self.readings().insert(key, Reading { asked: Instant::now(), mark, registration: registration.clone() });
        Some(registration)
    }

    fn readings(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Reading>> {
        self.readings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request to Graph.
struct Query<'a> {
    net: &'a Net,
    tokens: &'a Tokens,
    tenant: &'a Tenant,
    /// The token requests that it may cause.
    allowance: &'a Allowance,
    /// Graph in the tenant's cloud, and the scope of its tokens.
    at: &'a HttpsEndpoint,
    scope: &'a str,
    /// The mark by which Graph's reply identifies the credential in use.
    mark: &'a Secret,
}

impl Query<'_> {
    /// Reads the registration; the token for it is got in at most `limit`.
    async fn registration(&self, limit: Duration) -> Registration {
        let Self { net, tokens, tenant, allowance, at, scope, mark } = *self;
        // Nothing of it counts towards the run: it has a cursor of its own.
        let mut trace = Trace::begin(Phase::Token, Instant::now() + limit);
        trace.allowance = allowance.clone();
        let token = match tokens.usable(&mut trace, net, tenant, scope).await {
            Ok(token) => token,
            Err(Fault { reason, .. }) => return Registration::Unread(format!("no token for Graph: {reason}")),
        };
        // A token that lists its permissions saves the question.
        if token.facts.lacks_all_of(ROLES) {
            return Registration::NotPermitted;
        }
        match get(net, at, &application::registration_path(&tenant.client_id), &token.secret).await {
            Ok((status, body)) => application::parse_registration(status, &body, mark.expose()),
            Err(error) => Registration::Unread(describe(&error).to_owned()),
        }
    }
}

/// Sends one GET over a client made for it: an idle client would cost more memory for six hours than making one costs time.
async fn get(net: &Net, at: &HttpsEndpoint, path: &str, token: &Secret) -> reqwest::Result<(StatusCode, Vec<u8>)> {
    let url = format!("https://{}{path}", at.authority());
    let mut answer = client(net, &at.host, at.port)?.get(url).bearer_auth(token.expose()).send().await?;
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await? {
        body.extend_from_slice(&piece);
        if body.len() > MAX_BODY {
            break;
        }
    }
    Ok((answer.status(), body))
}

/// Builds a client with our pinned names, our proxy for `host:port` and our trust store, and nothing of the environment's.
fn client(net: &Net, host: &str, port: u16) -> reqwest::Result<Client> {
    let mut builder = Client::builder()
        .user_agent(USER_AGENT)
        .redirect(redirect::Policy::none()) // it would be shown our token
        .https_only(true)
        .no_proxy()
        .tls_version_min(tls::Version::TLS_1_2)
        .tls_certs_merge(net.tls.extra().iter().filter_map(|own| Certificate::from_der(&own.to_der().ok()?).ok()));
    let proxy = net.proxy_for(host, port);
    for name in [Some(host), proxy.map(|proxy| proxy.host.as_str())].into_iter().flatten() {
        if let Some(address) = net.pinned(name) {
            builder = builder.resolve(name, SocketAddr::new(address, 0));
        }
    }
    if let Some(proxy) = proxy {
        let at = format!("{}://{}", proxy.kind.scheme(), host_port(&proxy.host, proxy.port));
        let through = Proxy::https(at)?;
        builder = builder.proxy(match &proxy.login {
            Some((user, password)) => through.basic_auth(user, password.expose()),
            None => through,
        });
    }
    builder.build()
}

/// Describes an error in words of ours: reqwest's name the address and quote the server.
fn describe(error: &reqwest::Error) -> &'static str {
    if error.is_connect() {
        "Graph could not be reached"
    } else if error.is_timeout() {
        "Graph did not answer in time"
    } else {
        "the conversation with Graph failed"
    }
}
