//! Builds the responses of our HTTP service, with the headers that all of them have.

use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use hyper::{Response, StatusCode};

use super::content::Content;

/// A response with its whole body.
pub type FullResponse = Response<Content>;

/// Plain text in UTF-8.
pub const TEXT: &str = "text/plain; charset=utf-8";
/// HTML in UTF-8.
pub const HTML: &str = "text/html; charset=utf-8";
/// JSON, always UTF-8 (RFC 8259 section 8.1).
pub const JSON: &str = "application/json";

/// The content security policy of what is no page for people: a browser may show it as it is.
const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Builds a response with `body`. Each has the present state, so none is to be stored.
pub fn response(status: StatusCode, content_type: &'static str, body: impl Into<Content>) -> FullResponse {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    // To ourselves, a form has to tell where it was sent from; to others, nothing.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

/// Builds a response with status 200.
pub fn ok(content_type: &'static str, body: impl Into<Content>) -> FullResponse {
    response(StatusCode::OK, content_type, body)
}

/// The text of a [`message`], for whoever shows it in another form.
#[derive(Clone, Debug)]
pub struct Message(pub String);

/// Builds a response with a line of plain text.
pub fn message(status: StatusCode, text: &str) -> FullResponse {
    let mut response = response(status, TEXT, format!("{text}\n"));
    response.extensions_mut().insert(Message(text.to_owned()));
    response
}

/// Builds the response to a request that has had no turn.
pub fn busy() -> FullResponse {
    let mut response = message(StatusCode::SERVICE_UNAVAILABLE, "too many requests at once; ask again later");
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}
