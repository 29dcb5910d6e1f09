//! Asks Microsoft Graph for the application's registration: rarely, beside the measured runs, and only where the user wants it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper::StatusCode;
use reqwest::{Certificate, Client, Proxy, redirect, tls};
use tokio::time::{Instant, timeout};

use crate::cloud::{HttpsEndpoint, host_port};
use crate::net::Net;
use crate::net::http::USER_AGENT;
use crate::outcome::{Fault, Phase, Registration};
use crate::secret::Secret;
use crate::settings::Tenant;
use crate::token::Tokens;
use crate::trace::Trace;
use crate::wire::graph::application::{self, ROLES};

/// What was told is kept so long, a refusal too: a registration changes a few times a year, and Graph allows 150 such
/// questions a minute for the whole tenant.
const KEPT: Duration = Duration::from_secs(6 * 3600);
/// The largest answer that is read: an application with a hundred credentials takes 40 kB.
const LARGEST: usize = 512 * 1024;

/// The registrations read, one for each application.
#[derive(Debug, Default)]
pub struct Registrations {
    known: Mutex<HashMap<Key, Known>>,
}

/// What was told, and when.
#[derive(Clone, Debug)]
struct Known {
    asked: Instant,
    /// How the secret began that was in use then: of another one it tells nothing.
    hint: Secret,
    told: Registration,
}

/// Cloud, tenant, application.
type Key = (String, String, String);

impl Registrations {
    /// The registration of the tenant's application, read in at most `limit`, or as it was read less than six hours ago with
    /// the same secret in use; for longer where it cannot be read again. `None` where nobody wants it read.
    pub async fn of(&self, net: &Net, tokens: &Tokens, tenant: &Tenant, limit: Duration) -> Option<Registration> {
        let (at, scope) = tenant.cloud.graph.as_ref().zip(tenant.cloud.graph_scope.as_ref()).filter(|_| tenant.read_expiry)?;
        let key = (tenant.cloud.name.clone(), tenant.tenant_id.clone(), tenant.client_id.clone());
        let hint = tenant.credential.client_secret().map_or_else(|| Secret::new(""), |secret| beginning(&secret));
        let known = self.known().get(&key).filter(|known| known.hint.expose() == hint.expose()).cloned();
        if let Some(known) = known.as_ref().filter(|known| known.asked.elapsed() < KEPT) {
            return Some(known.told.clone());
        }
        let read = read(net, tokens, tenant, (at, scope), &hint, limit);
        let told = timeout(limit, read).await.unwrap_or_else(|_| Registration::Unread("Graph did not answer in time".to_owned()));
        // What was read before is still the best that is known.
        let told = known.map(|known| known.told).filter(|_| matches!(told, Registration::Unread(_))).unwrap_or(told);
        self.known().insert(key, Known { asked: Instant::now(), hint, told: told.clone() });
        Some(told)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn read(
    net: &Net,
    tokens: &Tokens,
    tenant: &Tenant,
    (at, scope): (&HttpsEndpoint, &str),
    hint: &Secret,
    limit: Duration,
) -> Registration {
    // Nothing of it counts towards the run: it has a cursor of its own.
    let mut aside = Trace::begin(Phase::Token, Instant::now() + limit);
    let token = match tokens.usable(&mut aside, net, tenant, scope).await {
        Ok(token) => token,
        Err(Fault { reason, .. }) => return Registration::Unread(format!("no token for Graph: {reason}")),
    };
    // A token that tells its permissions saves the question.
    let permitted = |roles: &Vec<String>| roles.iter().any(|role| ROLES.contains(&role.as_str()));
    if token.facts.roles.as_ref().is_some_and(|roles| !permitted(roles)) {
        return Registration::NotPermitted;
    }
    match get(net, at, &application::registration_path(&tenant.client_id), &token.secret).await {
        Ok((status, body)) => application::parse_registration(status, &body, hint.expose()),
        Err(error) => Registration::Unread(what(&error).to_owned()),
    }
}

/// One GET, over a client made for it: six hours of an idle one would cost more memory than making it costs time.
async fn get(net: &Net, at: &HttpsEndpoint, path: &str, token: &Secret) -> reqwest::Result<(StatusCode, Vec<u8>)> {
    let url = format!("https://{}{path}", at.authority());
    let mut answer = client(net, &at.host)?.get(url).bearer_auth(token.expose()).send().await?;
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await? {
        body.extend_from_slice(&piece);
        if body.len() > LARGEST {
            break;
        }
    }
    Ok((answer.status(), body))
}

/// Our names, our proxy for `host` and our trust, and nothing of the environment's.
fn client(net: &Net, host: &str) -> reqwest::Result<Client> {
    let mut builder = Client::builder()
        .user_agent(USER_AGENT)
        .redirect(redirect::Policy::none()) // it would be shown our token
        .https_only(true)
        .no_proxy()
        .tls_version_min(tls::Version::TLS_1_2)
        .tls_certs_merge(net.tls.extra().iter().filter_map(|own| Certificate::from_der(&own.to_der().ok()?).ok()));
    let via = net.proxy_for(host);
    for name in [Some(host), via.map(|via| via.host.as_str())].into_iter().flatten() {
        if let Some(address) = net.pinned(name) {
            builder = builder.resolve(name, SocketAddr::new(address, 0));
        }
    }
    if let Some(proxy) = via {
        let at = format!("{}://{}", proxy.kind.scheme(), host_port(&proxy.host, proxy.port));
        let through = Proxy::https(at)?;
        builder = builder.proxy(match &proxy.login {
            Some((user, password)) => through.basic_auth(user, password.expose()),
            None => through,
        });
    }
    builder.build()
}

/// Of a secret as much as Graph shows of each.
fn beginning(secret: &Secret) -> Secret {
    Secret::new(secret.expose().chars().take(3).collect::<String>())
}

/// An error in words of ours: reqwest's name the address and quote the server.
fn what(error: &reqwest::Error) -> &'static str {
    if error.is_connect() {
        "Graph could not be reached"
    } else if error.is_timeout() {
        "Graph did not answer in time"
    } else {
        "the conversation with Graph failed"
    }
}
