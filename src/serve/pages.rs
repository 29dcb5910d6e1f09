//! The pages for people: renders the one asked for in the reader's language, with its content security policy.

use std::sync::OnceLock;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{ACCEPT, CONTENT_SECURITY_POLICY, HeaderValue, VARY};
use hyper::http::request::Parts;
use hyper::{HeaderMap, StatusCode};

use super::content::Content;
use super::engine::Engine;
use super::language::language;
use super::probe_selection::select;
use super::query::Query;
use super::response::{FullResponse, HTML, Message, message, ok};
use crate::lang::Lang;
use crate::reason::Reason;
use crate::render::page::{self as pages, PageError, Search, View};

/// Seconds after which a page refreshes itself; fewer in the demonstration, where people wait for the effect of a button.
const REFRESH: u64 = 10;
const REFRESH_DEMO: u64 = 2;

/// The message for a path without a route.
pub const NOT_FOUND: &str = "there is nothing here; see / for what there is";

/// A page for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageKind {
    /// `/`
    Status,
    /// `/public`
    Public,
    /// `/probes`
    Probe,
    /// `/reasons`
    Reasons,
    /// `/reasons/CODE`
    Reason(Reason),
}

/// Shows why a request was refused as a page to those who look at pages, in their language; others are given the line of text as it is.
pub fn for_people(refusal: FullResponse, head: &Parts) -> FullResponse {
    let status = refusal.status();
    let is_for_people = (status.is_client_error() || status.is_server_error()) && accepts_html(&head.headers);
    let Some(Message(text)) = refusal.extensions().get().filter(|_| is_for_people) else { return refusal };
    let query = Query::readable(head.uri.query().unwrap_or_default());
    let browsers = || language(&Query::default(), &head.headers).unwrap_or_default();
    let (lang, chosen) = language(&query, &head.headers).unwrap_or_else(|_| browsers());
    let (path, query) = (head.uri.path(), query.without(&["lang", "refresh"]));
    let view = View { lang, chosen, paused: false, refresh: REFRESH, path, query: &query, notices: &[], now: SystemTime::now() };
    let page = html(&pages::error(error_of(status), text, &view));
    let (mut refused, _) = refusal.into_parts();
    refused.headers.extend(page.headers().clone());
    FullResponse::from_parts(refused, page.into_body())
}

/// Returns the kind of cause that `status` stands for.
fn error_of(status: StatusCode) -> PageError {
    match status {
        StatusCode::NOT_FOUND => PageError::NotFound,
        StatusCode::FORBIDDEN => PageError::Refused,
        StatusCode::METHOD_NOT_ALLOWED => PageError::NoPage,
        status if status.is_server_error() => PageError::Failed,
        _ => PageError::NotUnderstood,
    }
}

/// Reports whether HTML is asked for by its name, as browsers do.
fn accepts_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|range| range.trim().starts_with("text/html"))
}

/// Answers with the page, or with 400 and a line of text why it cannot be shown.
pub fn respond(engine: &Engine, kind: PageKind, query: &Query, headers: &HeaderMap) -> FullResponse {
    let parameters = language(query, headers).and_then(|(lang, chosen)| Ok((lang, chosen, query.one("refresh")?)));
    match parameters {
        Ok((lang, chosen, refresh)) => render(engine, kind, query, (lang, chosen), refresh == Some("off")),
        Err(problem) => message(StatusCode::BAD_REQUEST, &problem),
    }
}

fn render(engine: &Engine, kind: PageKind, query: &Query, (lang, chosen): (Lang, bool), paused: bool) -> FullResponse {
    let now = SystemTime::now();
    let refresh = if engine.faults.is_some() { REFRESH_DEMO } else { REFRESH };
    let notices = engine.notices();
    let view = |path, query| View { lang, chosen, paused, refresh, path, query, notices: &notices, now };
    match kind {
        PageKind::Status => {
            let search = match search(query) {
                Ok(search) => search,
                Err(problem) => return message(StatusCode::BAD_REQUEST, &problem),
            };
            let switches = engine.faults.as_ref().map(|faults| faults.switches());
            let parameters = search.parameters();
            let parameters: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (*name, &**value)).collect();
            html(&pages::status(&engine.store.snapshot(), switches.as_deref(), &search, &view("/", &parameters)))
        }
        PageKind::Public => html(&pages::public(&engine.store.snapshot(), &view("/public", &[]))),
        PageKind::Reasons => match query.one("q") {
            Ok(words) => {
                let query: Vec<(&str, &str)> = words.map(|words| ("q", words)).into_iter().collect();
                html(&pages::reasons(words.unwrap_or_default(), &view("/reasons", &query)))
            }
            Err(problem) => message(StatusCode::BAD_REQUEST, &problem),
        },
        PageKind::Reason(reason) => {
            let path = format!("/reasons/{reason}");
            html(&pages::reason(reason, &view(&path, &[])))
        }
        PageKind::Probe => {
            let work = engine.work();
            let id = match select(&work, query) {
                Ok(probe) => probe.id(),
                Err(problem) => return message(StatusCode::BAD_REQUEST, &problem),
            };
            let mut own = vec![("check", id.check.name()), ("tenant", &*id.tenant)];
            own.extend(id.mailbox.as_deref().map(|mailbox| ("mailbox", mailbox)));
            let store = engine.store.snapshot();
            match store.probe(id) {
                Some(entry) => html(&pages::probe(&store, entry, &view("/probes", &own))),
                None => message(StatusCode::SERVICE_UNAVAILABLE, "the configuration is changing; ask again"),
            }
        }
    }
}

/// Returns what the parameters `q`, `tenant` and `page` look for.
fn search(query: &Query) -> Result<Search<'_>, String> {
    let page = query.one("page")?.map(|page| page.parse().map_err(|_| "`page` is a number, from 1".to_owned())).transpose()?;
    Ok(Search { text: query.one("q")?.unwrap_or_default(), tenant: query.one("tenant")?, page })
}

/// Builds the response with a page and its policy.
fn html(text: &str) -> FullResponse {
    let mut response = ok(HTML, Content::of_text(text.into()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, policy());
    headers.insert(VARY, HeaderValue::from_static("accept-language, accept-encoding"));
    response
}

/// Returns the content security policy of the pages: a browser may show them with the style and the script in them, known by
/// their hashes (CSP level 3), fetch them again, and send their forms to us.
fn policy() -> HeaderValue {
    static POLICY: OnceLock<HeaderValue> = OnceLock::new();
    let made = POLICY.get_or_init(|| {
        let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(openssl::sha::sha256(text.as_bytes())));
        let policy = format!(
            "default-src 'none'; style-src {}; script-src {}; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'self'; \
             frame-ancestors 'none'",
            hash(pages::STYLE),
            hash(pages::SCRIPT)
        );
        HeaderValue::from_str(&policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
    });
    made.clone()
}
