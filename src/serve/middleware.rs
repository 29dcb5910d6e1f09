//! Checks the host and the login of every request before its route, and adds the configured headers to every response.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{HeaderValue, WWW_AUTHENTICATE};
use hyper::{Request, StatusCode};

use super::admission;
use super::engine::Engine;
use super::listener::Ends;
use super::response::{FullResponse, message};
use super::routes;

/// The challenge for a login, in the one scheme that is understood (RFC 7617).
const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"m365-probe\", charset=\"UTF-8\"");

/// Answers `request`, which came in over a connection with these `ends`, if its login is admitted: all pages are protected alike,
/// as Prometheus's exporters have it.
pub async fn respond(engine: &Arc<Engine>, ends: Ends, request: Request<Incoming>) -> FullResponse {
    // Clients of a Unix socket wait for their turns together, as those behind one reverse proxy do.
    let from = ends.peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.ip());
    let web = engine.web_config.refreshed().await;
    let (head, body) = request.into_parts();
    // A login is a secret that no page has, and a Unix socket is nothing that a browser could reach.
    let known = (web.users.is_empty() && ends.peer.is_some()).then_some(&engine.known_hosts);
    let mut response =
        if let Err(refusal) = admission::check_host(&head, known).or_else(|refusal| routes::needs_no_host(&head, refusal)) {
            refusal
        } else if web.users.is_empty() || engine.authenticator.admits(&web.users, &head.headers, from).await {
            routes::respond(engine, ends.local, head, body).await
        } else {
            unauthorized()
        };
    for (name, value) in &web.headers {
        response.headers_mut().insert(name, value.clone());
    }
    response
}

fn unauthorized() -> FullResponse {
    let mut response = message(StatusCode::UNAUTHORIZED, "log in as one of `basic_auth_users` of the web configuration");
    response.headers_mut().insert(WWW_AUTHENTICATE, CHALLENGE);
    response
}
