//! Switches faults from the page. A real service has none; the demonstration hands in those of its simulated tenant.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header::{HeaderValue, LOCATION};
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
pub async fn respond(engine: &Arc<Engine>, faults: &dyn Faults, query: &Query, body: Incoming) -> FullResponse {
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
    let page = lang.and_then(|lang| HeaderValue::try_from(format!("./?lang={lang}#faults")).ok());
    response.headers_mut().insert(LOCATION, page.unwrap_or(HeaderValue::from_static("./#faults")));
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
