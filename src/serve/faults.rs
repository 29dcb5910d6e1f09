//! Faults that a visitor of the page may make happen. A real service has none; the demonstration hands in those of its simulated
//! tenant.

use std::fmt;
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

/// What can be made to go wrong.
pub trait Faults: fmt::Debug + Send + Sync {
    /// All of it, and whether it is in force now.
    fn switches(&self) -> Vec<FaultSwitch>;

    /// Brings a fault about, or ends it where it is in force.
    ///
    /// # Errors
    /// In words: there is none of that name.
    fn toggle(&self, name: &str) -> Result<(), String>;

    /// Puts everything right.
    fn clear(&self);
}

/// A button's name and value are all that is sent.
const BODY: usize = 1024;
/// A body must be there in this time.
const BODY_WITHIN: Duration = Duration::from_secs(5);

/// Does what the button that was pressed says, has every probe run anew, and leads back to the page.
pub async fn respond(engine: &Engine, faults: &dyn Faults, query: &Query, headers: &HeaderMap, body: Incoming) -> FullResponse {
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
    let mut answer = message(StatusCode::SEE_OTHER, "done; see the page");
    let lang = query.one("lang").ok().flatten().and_then(|lang| lang.parse::<Lang>().ok());
    let page = lang.and_then(|lang| HeaderValue::try_from(format!("/?lang={lang}#faults")).ok());
    answer.headers_mut().insert(LOCATION, page.unwrap_or(HeaderValue::from_static("/#faults")));
    answer
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

/// Tells whether a page of ours sent the request. A browser tells which page did (`Origin`; RFC 6454 section 7.3); who tells
/// nothing is no browser, and cannot be led here by another page.
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
