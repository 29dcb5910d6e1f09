//! Checks the login of every request before its route, and adds the configured headers to every response.

use std::net::SocketAddr;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{HeaderValue, WWW_AUTHENTICATE};
use hyper::{Request, StatusCode};

use super::engine::Engine;
use super::response::{FullResponse, message};
use super::routes;

/// The challenge for a login, in the one scheme that is understood (RFC 7617).
const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"m365-probe\", charset=\"UTF-8\"");

/// Answers `request` of the peer `from`, which came in at the address `local`, if its login is admitted: all pages are protected
/// alike, as Prometheus's exporters have it.
pub async fn respond(engine: &Arc<Engine>, from: SocketAddr, local: SocketAddr, request: Request<Incoming>) -> FullResponse {
    let web = engine.web_config.refreshed().await;
    let admitted = web.users.is_empty() || engine.authenticator.admits(&web.users, request.headers(), from.ip()).await;
    let mut response = if admitted { routes::respond(engine, local, request).await } else { unauthorized() };
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
