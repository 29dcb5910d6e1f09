//! What there is under which path, and what becomes of requests for anything else.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{ALLOW, HeaderValue};
use hyper::{Method, Request, StatusCode};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::answer::{Answer, HTML, JSON, TEXT, page, words};
use super::engine::{Engine, NotReloaded};
use super::query::Query;
use super::wanted::Wanted;
use super::{choice, discovery, on_demand};
use crate::outcome::ProbeId;
use crate::sink::index::{self, Link};
use crate::sink::{self, cause, json};

/// No request of ours needs a body. A small one is read and forgotten, so that the connection can go on.
const BODY: usize = 4096;
/// A body must be there in this time.
const BODY_WITHIN: Duration = Duration::from_secs(5);

/// What there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Index,
    Metrics,
    Probe,
    Discovery,
    Outcomes,
    Configuration,
    Healthy,
    Ready,
    Reload,
}

const PAGES: &[(Page, Link)] = &[
    (Page::Index, Link { path: "/", about: "this page" }),
    (Page::Metrics, Link { path: "/metrics", about: "metrics of all scheduled probes, for Prometheus" }),
    (Page::Probe, Link { path: "/probe", about: "one probe, now: ?check=…&tenant=…&mailbox=…, with &debug=true told at length" }),
    (Page::Discovery, Link { path: "/sd", about: "all probes as targets, for Prometheus's http_sd_configs" }),
    (
        Page::Outcomes,
        Link {
            path: "/api/v1/outcomes",
            about: "the last outcome of each probe, as JSON; of some with ?tenant=…&mailbox=…&check=…",
        },
    ),
    (Page::Configuration, Link { path: "/config", about: "the configuration in use, secrets masked" }),
    (Page::Healthy, Link { path: "/-/healthy", about: "200 while the process lives" }),
    (Page::Ready, Link { path: "/-/ready", about: "200 while probes are at work, 503 when shutting down" }),
    (Page::Reload, Link { path: "/-/reload", about: "with POST: take the configuration anew" }),
];

impl Page {
    fn at(path: &str) -> Option<Self> {
        PAGES.iter().find(|(_, link)| link.path == path).map(|(page, _)| *page)
    }

    fn allows(self, method: &Method) -> bool {
        match self {
            Self::Reload => method == Method::POST,
            _ => method == Method::GET || method == Method::HEAD,
        }
    }

    fn allowed(self) -> &'static str {
        if self == Self::Reload { "POST" } else { "GET, HEAD" }
    }
}

/// Answers `request`, which came in at the address `local`.
pub async fn answer(engine: &Arc<Engine>, local: SocketAddr, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let Some(page) = Page::at(head.uri.path()) else {
        return words(StatusCode::NOT_FOUND, "there is nothing here; see / for what there is");
    };
    if !page.allows(&head.method) {
        return wrong_method(page);
    }
    if let Err(refusal) = forget(body).await {
        return refusal;
    }
    let query = match Query::parse(head.uri.query().unwrap_or_default()) {
        Ok(query) => query,
        Err(problem) => return words(StatusCode::BAD_REQUEST, &problem),
    };
    match page {
        Page::Probe => on_demand::answer(engine, &query, &head.headers).await,
        Page::Reload => reload(engine).await,
        Page::Discovery => {
            let work = engine.work();
            self::page(JSON, discovery::targets(work.probes.iter().map(AsRef::as_ref), &head.headers, local))
        }
        other => {
            let (engine, wanted) = (Arc::clone(engine), Wanted::by(&head.headers));
            let told = spawn_blocking(move || told(other, &query, &engine, wanted)).await;
            told.unwrap_or_else(|_| words(StatusCode::INTERNAL_SERVER_ERROR, "the page could not be made; see the log"))
        }
    }
}

/// The pages that only tell what is known. Large ones take milliseconds, in which the probes' thread must not stand still:
/// it would be measured as the slowness of a peer.
fn told(page: Page, query: &Query, engine: &Engine, wanted: Wanted) -> Answer {
    let now = SystemTime::now();
    match page {
        Page::Metrics => wanted.page(engine.metrics(wanted.format)),
        Page::Outcomes => outcomes(engine, query, now),
        Page::Configuration => self::page(TEXT, engine.work().masked.clone()),
        Page::Healthy => words(StatusCode::OK, "Healthy"),
        Page::Ready if engine.stop.has_begun() => words(StatusCode::SERVICE_UNAVAILABLE, "shutting down"),
        Page::Ready => words(StatusCode::OK, "Ready"),
        _ => {
            let links: Vec<Link> = PAGES.iter().map(|(_, link)| *link).collect();
            self::page(HTML, index::page(&engine.board(), &links, now))
        }
    }
}

/// The probes that are asked about, and of the root causes of everything those that explain one of them.
fn outcomes(engine: &Engine, query: &Query, now: SystemTime) -> Answer {
    let board = engine.board();
    let shown = match choice::narrowed(board.probes(), query) {
        Ok(shown) => shown,
        Err(problem) => return words(StatusCode::BAD_REQUEST, &problem),
    };
    let mut causes = cause::of(&sink::judged(&board, now));
    let ids: HashSet<&ProbeId> = shown.iter().map(|known| &known.settings.id).collect();
    causes.retain(|cause| cause.explains.iter().any(|id| ids.contains(id)));
    page(JSON, json::known(&shown, &causes, now))
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
