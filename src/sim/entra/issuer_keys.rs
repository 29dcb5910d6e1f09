//! The keys that the issuer of a federated token publishes: named in its discovery document, and fetched anew for each token.

use std::time::Duration;

use hyper::StatusCode;
use reqwest::{Certificate, Client, Url, redirect};
use serde_json::Value;

use crate::sim::jwt;
use crate::sim::state::State;
use crate::sim::tenant::CLUSTER;

use super::discovery::AUTHORITY;
use super::refusal::Aadsts;

/// The hosts that exist in the simulated world beside the tenant's own services. All are at the address of the login host.
const HOSTS: &[&str] = &[AUTHORITY, CLUSTER];
/// The time for one document.
const TIME: Duration = Duration::from_secs(10);
/// The largest document that is read, in bytes; one of ten keys has 5 kB.
const BODY: usize = 64 * 1024;

/// Refuses a token of `issuer` that none of its published keys signed.
pub(super) async fn require_signature(state: &State, issuer: &str, token: &str) -> Result<(), Aadsts> {
    let client = state.issuers.get_or_init(|| client(state)).as_ref().ok_or_else(Aadsts::issuer_unreachable)?;
    let discovery = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let document = fetched(client, &discovery).await.and_then(|document| json(&document));
    let document = document.filter(|document| document["issuer"] == issuer).ok_or_else(Aadsts::issuer_unreachable)?;
    let keys = document["jwks_uri"].as_str().ok_or_else(Aadsts::issuer_unreachable)?;
    let keys = fetched(client, keys).await.ok_or_else(Aadsts::issuer_unreachable)?;
    let keys = json(&keys).and_then(|keys| keys["keys"].as_array().cloned()).ok_or_else(Aadsts::issuer_keys_unreadable)?;
    let id = jwt::key_id(token);
    match keys.iter().find(|key| id.is_some() && key["kid"].as_str() == id.as_deref()) {
        Some(key) if jwt::is_signed_by(token, key) => Ok(()),
        Some(_) => Err(Aadsts::federated_signature_wrong()),
        None => Err(Aadsts::issuer_key_unknown()),
    }
}

/// Builds a client that trusts the authority of the simulated world; `None` where nobody listens at a login host.
fn client(state: &State) -> Option<Client> {
    let address = *state.login.get()?;
    let authority = Certificate::from_pem(state.certificates.authority.as_bytes()).ok()?;
    let builder = Client::builder().no_proxy().https_only(true).redirect(redirect::Policy::none()).timeout(TIME);
    let builder = builder.tls_certs_only([authority]).pool_max_idle_per_host(0);
    HOSTS.iter().fold(builder, |builder, host| builder.resolve(host, address)).build().ok()
}

/// Fetches a document; `None` where it cannot be had.
async fn fetched(client: &Client, url: &str) -> Option<Vec<u8>> {
    let url = Url::parse(url).ok().filter(|url| HOSTS.contains(&url.host_str().unwrap_or_default()))?;
    let mut response = client.get(url).send().await.ok().filter(|response| response.status() == StatusCode::OK)?;
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.ok()? {
        body.extend_from_slice(&piece);
        if body.len() > BODY {
            return None;
        }
    }
    Some(body)
}

fn json(document: &[u8]) -> Option<Value> {
    serde_json::from_slice(document).ok()
}
