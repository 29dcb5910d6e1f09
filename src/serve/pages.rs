//! The pages for people: who asks for which in which language, and what a browser may do with them.

use std::sync::OnceLock;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{CONTENT_SECURITY_POLICY, HeaderValue, VARY};
use hyper::{HeaderMap, StatusCode};

use super::answer::{Answer, HTML, page, words};
use super::choice::choose;
use super::engine::Engine;
use super::query::Query;
use super::visitor::language;
use crate::lang::Lang;
use crate::render::page::{self as pages, View};

/// How often a page refreshes itself, in seconds; in the demonstration people wait for what a button does.
const REFRESH: u64 = 10;
const REFRESH_DEMO: u64 = 2;

/// A page for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// `/`
    Status,
    /// `/probes`
    Probe,
    /// `/reasons`
    Reasons,
}

/// The page, or in words why it cannot be shown.
pub fn answer(engine: &Engine, which: Which, query: &Query, headers: &HeaderMap) -> Answer {
    let told = language(query, headers).and_then(|(lang, chosen)| Ok((lang, chosen, query.one("refresh")?)));
    match told {
        Ok((lang, chosen, refresh)) => shown(engine, which, query, (lang, chosen), refresh == Some("off")),
        Err(problem) => words(StatusCode::BAD_REQUEST, &problem),
    }
}

fn shown(engine: &Engine, which: Which, query: &Query, (lang, chosen): (Lang, bool), paused: bool) -> Answer {
    let now = SystemTime::now();
    let refresh = if engine.faults.is_some() { REFRESH_DEMO } else { REFRESH };
    let view = |path, query| View { lang, chosen, paused, refresh, path, query, now };
    match which {
        Which::Status => {
            let offers = engine.faults.as_ref().map(|faults| faults.offers());
            html(pages::status(&engine.store(), offers.as_deref(), &view("/", &[])), offers.is_some())
        }
        Which::Reasons => html(pages::reasons(&view("/reasons", &[])), false),
        Which::Probe => {
            let work = engine.work();
            let id = match choose(&work.probes, query) {
                Ok(probe) => probe.id(),
                Err(problem) => return words(StatusCode::BAD_REQUEST, &problem),
            };
            let mut own = vec![("check", id.check.name()), ("tenant", &*id.tenant)];
            own.extend(id.mailbox.as_deref().map(|mailbox| ("mailbox", mailbox)));
            let store = engine.store();
            match store.probe(id) {
                Some(known) => html(pages::probe(&store, known, &view("/probes", &own)), false),
                None => words(StatusCode::SERVICE_UNAVAILABLE, "the configuration is changing; ask again"),
            }
        }
    }
}

/// A page with its policy: `forms` says whether it has any.
fn html(text: String, forms: bool) -> Answer {
    let mut answer = page(HTML, text);
    let headers = answer.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, policy(forms));
    headers.insert(VARY, HeaderValue::from_static("accept-language"));
    answer
}

/// What a browser may do with a page of ours: show it with the style and the script that stand in it, known by their hashes
/// (CSP level 3), and fetch it again.
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
