//! What there is under which path, and what becomes of requests for anything else.

use crate::document::Document;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{ALLOW, HeaderValue};
use hyper::{HeaderMap, Method, Request, StatusCode};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::answer::{Answer, JSON, TEXT, page, words};
use super::engine::{Engine, NotReloaded};
use super::pages::{self, Which};
use super::query::Query;
use super::wanted::Wanted;
use super::{choice, discovery, faults, on_demand};
use crate::outcome::ProbeId;

use crate::render::page::FAULTS;
use crate::report;
use crate::report::root_cause;

/// No request of ours needs a body. A small one is read and forgotten, so that the connection can go on.
const BODY: usize = 4096;
/// What is said of a path that leads nowhere.
const NOTHING: &str = "there is nothing here; see / for what there is";
/// A body must be there in this time.
const BODY_WITHIN: Duration = Duration::from_secs(5);

/// What there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    ForPeople(Which),
    Metrics,
    Probe,
    Discovery,
    Outcomes,
    Configuration,
    Healthy,
    Ready,
    Reload,
    Faults,
}

const PAGES: &[(&str, Page)] = &[
    ("/", Page::ForPeople(Which::Status)),
    ("/probes", Page::ForPeople(Which::Probe)),
    ("/reasons", Page::ForPeople(Which::Reasons)),
    ("/metrics", Page::Metrics),
    ("/probe", Page::Probe),
    ("/sd", Page::Discovery),
    ("/api/v1/outcomes", Page::Outcomes),
    ("/config", Page::Configuration),
    ("/-/healthy", Page::Healthy),
    ("/-/ready", Page::Ready),
    ("/-/reload", Page::Reload),
    (FAULTS, Page::Faults),
];

impl Page {
    /// What is there. Faults are to be had only of a service that has some.
    fn at(path: &str, engine: &Engine) -> Option<Self> {
        let page = PAGES.iter().find(|(known, _)| *known == path).map(|(_, page)| *page);
        page.filter(|page| *page != Self::Faults || engine.faults.is_some())
    }

    fn allows(self, method: &Method) -> bool {
        match self {
            Self::Reload | Self::Faults => method == Method::POST,
            _ => method == Method::GET || method == Method::HEAD,
        }
    }

    fn allowed(self) -> &'static str {
        if matches!(self, Self::Reload | Self::Faults) { "POST" } else { "GET, HEAD" }
    }
}

/// Answers `request`, which came in at the address `local`.
pub async fn answer(engine: &Arc<Engine>, local: SocketAddr, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let Some(page) = Page::at(head.uri.path(), engine) else {
        return words(StatusCode::NOT_FOUND, NOTHING);
    };
    if !page.allows(&head.method) {
        return wrong_method(page);
    }
    let query = match Query::parse(head.uri.query().unwrap_or_default()) {
        Ok(query) => query,
        Err(problem) => return words(StatusCode::BAD_REQUEST, &problem),
    };
    if let (Page::Faults, Some(faults)) = (page, &engine.faults) {
        return faults::answer(engine, &**faults, &query, &head.headers, body).await;
    }
    if let Err(refusal) = forget(body).await {
        return refusal;
    }
    match page {
        Page::Probe => on_demand::answer(engine, &query, &head.headers).await,
        Page::Reload => reload(engine).await,
        Page::Discovery => {
            let work = engine.work();
            self::page(
                JSON,
                discovery::targets(
                    work.probes.iter().map(AsRef::as_ref),
                    &head.headers,
                    local,
                    engine.protection.now().acceptor.is_some(),
                ),
            )
        }
        other => {
            let (engine, wanted) = (Arc::clone(engine), Wanted::by(&head.headers));
            let told = spawn_blocking(move || told(other, &engine, &query, &head.headers, wanted)).await;
            told.unwrap_or_else(|_| words(StatusCode::INTERNAL_SERVER_ERROR, "the page could not be made; see the log"))
        }
    }
}

/// The pages that only tell what is known. Large ones take milliseconds, in which the probes' thread must not stand still:
/// it would be measured as the slowness of a peer.
fn told(page: Page, engine: &Engine, query: &Query, headers: &HeaderMap, wanted: Wanted) -> Answer {
    let now = SystemTime::now();
    match page {
        Page::Metrics => wanted.page(engine.metrics(wanted.format)),
        Page::Outcomes => outcomes(engine, query, now),
        Page::Configuration => self::page(TEXT, engine.work().redacted.clone()),
        Page::Healthy => words(StatusCode::OK, "Healthy"),
        Page::Ready if engine.stop.has_begun() => words(StatusCode::SERVICE_UNAVAILABLE, "shutting down"),
        Page::Ready => words(StatusCode::OK, "Ready"),
        Page::ForPeople(which) => pages::answer(engine, which, query, headers),
        _ => words(StatusCode::NOT_FOUND, NOTHING),
    }
}

/// The probes that are asked about, and of the root causes of everything those that explain one of them.
fn outcomes(engine: &Engine, query: &Query, now: SystemTime) -> Answer {
    let store = engine.store();
    let shown = match choice::narrowed(store.probes(), query) {
        Ok(shown) => shown,
        Err(problem) => return words(StatusCode::BAD_REQUEST, &problem),
    };
    let judged = report::latest(&store, now);
    let mut causes = root_cause::diagnose(&judged);
    let ids: HashSet<&ProbeId> = shown.iter().map(|known| &known.settings.id).collect();
    causes.retain(|cause| cause.explains.iter().any(|id| ids.contains(id)));
    page(JSON, Document::of_service(&shown, &causes, &judged, now).to_json())
}

async fn reload(engine: &Engine) -> Answer {
    match engine.reload().await {
        Ok(probes) => words(StatusCode::OK, &format!("configuration reloaded: probes {probes}")),
        Err(NotReloaded::Wrong(mistakes)) => words(StatusCode::INTERNAL_SERVER_ERROR, &mistakes),
        Err(NotReloaded::NoSource) => words(StatusCode::CONFLICT, "this service was started without a configuration file"),
    }
}

fn wrong_method(page: Page) -> Answer {
    let mut answer = words(StatusCode::METHOD_NOT_ALLOWED, &format!("only {} is allowed here", page.allowed()));
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(page.allowed()));
    answer
}

/// Reads a body and forgets it, or refuses one that is too long, too slow or broken off.
async fn forget(body: Incoming) -> Result<(), Answer> {
    if body.is_end_stream() {
        return Ok(());
    }
    let declared = body.size_hint().lower();
    let mut body = Limited::new(body, BODY);
    let read = async {
        if declared > BODY as u64 {
            return Err(StatusCode::PAYLOAD_TOO_LARGE); // before it is sent
        }
        while let Some(piece) = body.frame().await {
            piece.map_err(|error| {
                if error.is::<LengthLimitError>() { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST }
            })?;
        }
        Ok(())
    };
    let read = timeout(BODY_WITHIN, read).await.unwrap_or(Err(StatusCode::REQUEST_TIMEOUT));
    read.map_err(|status| words(status, "send no body; there is nothing to be said in one"))
}
