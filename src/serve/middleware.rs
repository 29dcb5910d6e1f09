//! Checks the host and the login of every request before its route, and adds the configured headers to every response.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{HeaderValue, WWW_AUTHENTICATE};
use hyper::http::request::Parts;
use hyper::{Request, StatusCode};

use super::admission;
use super::client::Client;
use super::engine::Engine;
use super::listener::Ends;
use super::places::{Place, Turn};
use super::response::{FullResponse, busy, message};
use super::routes;

/// The challenge for a login, in the one scheme that is understood (RFC 7617).
const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"m365-probe\", charset=\"UTF-8\"");

/// Answers `request`, which came in over the connection with this `place` and these `ends`, if its login is admitted: all pages are
/// protected alike, as Prometheus's exporters have it, but for the service's health and the page for everybody. Returns the request's turn too, to be held until the response is sent.
pub async fn respond(
    engine: &Arc<Engine>,
    ends: Ends,
    place: &Place,
    request: Request<Incoming>,
) -> (FullResponse, Option<Turn>) {
    let client = Client::from(ends.peer.map(|peer| peer.ip()));
    let web = engine.web_config.refreshed().await;
    let (head, body) = request.into_parts();
    let is_public = routes::is_public(head.uri.path(), engine);
    let needs_no_login = web.users.is_empty() || is_public;
    // A login is a secret that no page has, and a Unix socket is nothing that a browser could reach.
    let known = (needs_no_login && ends.peer.is_some()).then_some(&engine.known_hosts);
    let is_health = routes::is_about_health(head.uri.path());
    let (mut response, turn) = if let Some(refusal) = admission::check_host(&head, known).err().filter(|_| !is_health) {
        (refusal, None)
    } else if is_health || needs_no_login || engine.authenticator.admits(&web.users, &head.headers, client).await {
        respond_in_turn(engine, ends, place, head, body).await
    } else {
        (unauthorized(), None)
    };
    for (name, value) in &web.headers {
        response.headers_mut().insert(name, value.clone());
    }
    (response, turn)
}

/// Answers a request in its turn, if it needs one.
async fn respond_in_turn(
    engine: &Arc<Engine>,
    ends: Ends,
    place: &Place,
    head: Parts,
    body: Incoming,
) -> (FullResponse, Option<Turn>) {
    let needs_one = !routes::is_about_health(head.uri.path());
    let turn = if needs_one { place.turn().await } else { None };
    if needs_one && turn.is_none() {
        return (busy(), None);
    }
    (routes::respond(engine, ends.local, head, body).await, turn)
}

fn unauthorized() -> FullResponse {
    let mut response = message(StatusCode::UNAUTHORIZED, "log in as one of `basic_auth_users` of the web configuration");
    response.headers_mut().insert(WWW_AUTHENTICATE, CHALLENGE);
    response
}
