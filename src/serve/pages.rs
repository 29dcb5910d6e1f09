//! The pages for people: renders the one asked for in the reader's language, with its content security policy.

use std::sync::OnceLock;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{CONTENT_SECURITY_POLICY, HeaderValue, VARY};
use hyper::{HeaderMap, StatusCode};

use super::engine::Engine;
use super::language::language;
use super::probe_selection::select;
use super::query::Query;
use super::response::{FullResponse, HTML, message, ok};
use crate::lang::Lang;
use crate::render::page::{self as pages, View};

/// Seconds after which a page refreshes itself; fewer in the demonstration, where people wait for the effect of a button.
const REFRESH: u64 = 10;
const REFRESH_DEMO: u64 = 2;

/// A page for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageKind {
    /// `/`
    Status,
    /// `/probes`
    Probe,
    /// `/reasons`
    Reasons,
}

/// Answers with the page, or with 400 and a message why it cannot be shown.
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
    let view = |path, query| View { lang, chosen, paused, refresh, path, query, now };
    match kind {
        PageKind::Status => {
            let switches = engine.faults.as_ref().map(|faults| faults.switches());
            html(pages::status(&engine.store.snapshot(), switches.as_deref(), &view("/", &[])), switches.is_some())
        }
        PageKind::Reasons => html(pages::reasons(&view("/reasons", &[])), false),
        PageKind::Probe => {
            let work = engine.work();
            let id = match select(&work.probes, query) {
                Ok(probe) => probe.id(),
                Err(problem) => return message(StatusCode::BAD_REQUEST, &problem),
            };
            let mut own = vec![("check", id.check.name()), ("tenant", &*id.tenant)];
            own.extend(id.mailbox.as_deref().map(|mailbox| ("mailbox", mailbox)));
            let store = engine.store.snapshot();
            match store.probe(id) {
                Some(entry) => html(pages::probe(&store, entry, &view("/probes", &own)), false),
                None => message(StatusCode::SERVICE_UNAVAILABLE, "the configuration is changing; ask again"),
            }
        }
    }
}

/// Builds the response with a page and its policy; `forms` if the page has any.
fn html(text: String, forms: bool) -> FullResponse {
    let mut response = ok(HTML, text);
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, policy(forms));
    headers.insert(VARY, HeaderValue::from_static("accept-language"));
    response
}

/// Returns the content security policy of a page: a browser may show it with the style and the script in it, known by their
/// hashes (CSP level 3), and fetch it again; with `forms`, also send its forms to us.
fn policy(forms: bool) -> HeaderValue {
    static POLICIES: OnceLock<[HeaderValue; 2]> = OnceLock::new();
    let made = POLICIES.get_or_init(|| {
        let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(openssl::sha::sha256(text.as_bytes())));
        let (style, script) = (hash(pages::STYLE), hash(pages::SCRIPT));
        ["'none'", "'self'"].map(|forms| {
            let policy = format!(
                "default-src 'none'; style-src {style}; script-src {script}; img-src data:; connect-src 'self'; \
                 base-uri 'none'; form-action {forms}; frame-ancestors 'none'"
            );
            HeaderValue::from_str(&policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
        })
    });
    made[usize::from(forms)].clone()
}
