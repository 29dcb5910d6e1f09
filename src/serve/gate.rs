//! What every request meets first: who asks, and what every answer carries.

use std::net::SocketAddr;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{HeaderValue, WWW_AUTHENTICATE};
use hyper::{Request, StatusCode};

use super::answer::{Answer, words};
use super::engine::Engine;
use super::routes;

/// Asks for a login, in the one scheme that is understood (RFC 7617).
const ASK: HeaderValue = HeaderValue::from_static("Basic realm=\"m365-probe\", charset=\"UTF-8\"");

/// Answers `request` of the peer `from`, which came in at the address `local`, if it may be answered: all pages are protected
/// alike, as Prometheus's exporters have it.
pub async fn answer(engine: &Arc<Engine>, from: SocketAddr, local: SocketAddr, request: Request<Incoming>) -> Answer {
    let web = engine.protection.current().await;
    let admitted = web.users.is_empty() || engine.logins.admits(&web.users, request.headers(), from.ip()).await;
    let mut answer = if admitted { routes::answer(engine, local, request).await } else { refused() };
    for (name, value) in &web.headers {
        answer.headers_mut().insert(name, value.clone());
    }
    answer
}

fn refused() -> Answer {
    let mut answer = words(StatusCode::UNAUTHORIZED, "log in as one of `basic_auth_users` of the web configuration");
    answer.headers_mut().insert(WWW_AUTHENTICATE, ASK);
    answer
}
