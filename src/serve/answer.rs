//! How answers look, whatever they say.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use hyper::{Response, StatusCode};

/// A whole answer.
pub type Answer = Response<Full<Bytes>>;

/// Plain text in UTF-8.
pub const TEXT: &str = "text/plain; charset=utf-8";
/// A page for a browser.
pub const HTML: &str = "text/html; charset=utf-8";
/// JSON, always UTF-8 (RFC 8259 section 8.1).
pub const JSON: &str = "application/json";

/// What a browser may do with what is no page for people: show it as it is.
const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// An answer with `body`. All answers tell how things are now, so none is to be stored.
pub fn answer(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    // To ourselves, a form has to tell where it was sent from; to others, nothing.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    answer
}

/// A page that was asked for.
pub fn page(content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    answer(StatusCode::OK, content_type, body)
}

/// A few words for a person.
pub fn words(status: StatusCode, words: &str) -> Answer {
    answer(status, TEXT, format!("{words}\n"))
}
