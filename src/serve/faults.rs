//! Switches faults from the page. A real service has none; the demonstration hands in those of its simulated tenant.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::{HOST, HeaderValue, LOCATION, ORIGIN};
use hyper::{HeaderMap, StatusCode};
use tokio::time::timeout;

use super::engine::Engine;
use super::query::Query;
use super::response::{FullResponse, message};
use crate::lang::Lang;
use crate::render::page::FaultSwitch;
use crate::report::text::one_line;

/// A set of faults that can be switched.
pub trait Faults: fmt::Debug + Send + Sync {
    /// Returns all faults, each with its name, its description and whether it is in force.
    fn switches(&self) -> Vec<FaultSwitch>;

    /// Begins a fault, or ends it where it is in force.
    ///
    /// # Errors
    /// A message: there is no fault of that name.
    fn toggle(&self, name: &str) -> Result<(), String>;

    /// Ends all faults.
    fn clear(&self);
}

/// Bytes of a body at most: a form has a button's name and value.
const BODY: usize = 1024;
/// Time in which the body must have arrived.
const BODY_WITHIN: Duration = Duration::from_secs(5);

/// Switches the faults that the form names, restarts every probe, and redirects to the page.
pub async fn respond(
    engine: &Arc<Engine>,
    faults: &dyn Faults,
    query: &Query,
    headers: &HeaderMap,
    body: Incoming,
) -> FullResponse {
    if !is_same_origin(headers) {
        return message(StatusCode::FORBIDDEN, "this is done from the page itself, and the request comes from another one");
    }
    let read = timeout(BODY_WITHIN, Limited::new(body, BODY).collect()).await;
    let Ok(Ok(body)) = read else {
        return message(StatusCode::BAD_REQUEST, "send `fault=NAME` or `clear=all`, as a form does");
    };
    let done = Query::parse(&String::from_utf8_lossy(&body.to_bytes())).and_then(|form| apply(faults, &form));
    if let Err(problem) = done {
        return message(StatusCode::BAD_REQUEST, &one_line(&problem));
    }
    engine.restart_probes().await;
    let mut response = message(StatusCode::SEE_OTHER, "done; see the page");
    let lang = query.one("lang").ok().flatten().and_then(|lang| lang.parse::<Lang>().ok());
    let page = lang.and_then(|lang| HeaderValue::try_from(format!("/?lang={lang}#faults")).ok());
    response.headers_mut().insert(LOCATION, page.unwrap_or(HeaderValue::from_static("/#faults")));
    response
}

fn apply(faults: &dyn Faults, form: &Query) -> Result<(), String> {
    match (form.one("fault")?, form.one("clear")?) {
        (Some(name), None) => faults.toggle(name),
        (None, Some(_)) => {
            faults.clear();
            Ok(())
        }
        _ => Err("send `fault=NAME` or `clear=all`".to_owned()),
    }
}

/// Reports whether a page of ours sent the request. A browser names the origin of the page (`Origin`; RFC 6454 section 7.3); a
/// client that sends no such header is no browser, and cannot be led here by another page.
fn is_same_origin(headers: &HeaderMap) -> bool {
    if headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin") {
        return false;
    }
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let (origin, host) = (origin.to_str().unwrap_or_default(), headers.get(HOST).and_then(|host| host.to_str().ok()));
    let named = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    named.is_some() && named == host
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_of_another_origin_is_refused() {
        for (fields, from_here) in [
            (&[("host", "h:1")][..], true),
            (&[("host", "h:1"), ("origin", "http://h:1")], true),
            (&[("host", "h:1"), ("origin", "https://h:1"), ("sec-fetch-site", "same-origin")], true),
            (&[("host", "h:1"), ("origin", "http://h:2")], false),
            (&[("host", "h:1"), ("origin", "http://evil.example")], false),
            (&[("host", "h:1"), ("origin", "null")], false),
            (&[("origin", "http://h:1")], false),
            (&[("host", "h:1"), ("sec-fetch-site", "cross-site")], false),
            (&[("host", "h:1"), ("origin", "http://h:1"), ("sec-fetch-site", "same-site")], false),
        ] {
            let fields = fields.iter().map(|(name, value)| (name.parse().expect("name"), HeaderValue::from_static(value)));
            assert_eq!(is_same_origin(&fields.collect()), from_here);
        }
    }
}
