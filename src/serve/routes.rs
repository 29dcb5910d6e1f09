//! Routes a request by its path, and refuses requests for anything else.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{ACCEPT, ACCEPT_LANGUAGE, ALLOW, HOST, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use tokio::time::timeout;

use super::content::Content;
use super::content_negotiation::Negotiated;
use super::engine::{Engine, NotReloaded};
use super::pages::{self, NOT_FOUND, PageKind};
use super::query::Query;
use super::rendering::{Asked, NotRendered, Rendering};
use super::response::{FullResponse, JSON, TEXT, message, ok};
use super::{admission, discovery, faults, probe_endpoint, probe_selection, shared_diagnosis};
use crate::document::Document;
use crate::reason::Reason;
use crate::render::page::FAULTS;
use crate::report::JudgedOutcome;
use crate::report::probe_state::ProbeState;

/// Bytes of a body at most. No request needs one; a small one is read and discarded, so that the connection can go on.
const BODY: usize = 4096;
/// Time in which a body must have arrived.
const BODY_WITHIN: Duration = Duration::from_secs(5);
/// Seconds after which a client may ask again that could not be given a page: a page of ten thousand mailboxes is read in one.
const RETRY_SECONDS: &str = "5";

/// The endpoint of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    Page(PageKind),
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

/// The path of the page for everybody.
const PUBLIC: &str = "/public";

const ROUTES: &[(&str, Route)] = &[
    ("/", Route::Page(PageKind::Status)),
    (PUBLIC, Route::Page(PageKind::Public)),
    ("/probes", Route::Page(PageKind::Probe)),
    ("/reasons", Route::Page(PageKind::Reasons)),
    ("/metrics", Route::Metrics),
    ("/probe", Route::Probe),
    ("/sd", Route::Discovery),
    ("/api/v1/outcomes", Route::Outcomes),
    ("/config", Route::Configuration),
    ("/-/healthy", Route::Healthy),
    ("/-/ready", Route::Ready),
    ("/-/reload", Route::Reload),
    (FAULTS, Route::Faults),
];

impl Route {
    /// Returns the route of `path`. Faults have one only in a service that has some, the page for everybody where it is wanted.
    fn at(path: &str, engine: &Engine) -> Option<Self> {
        let reason =
            || path.strip_prefix("/reasons/").and_then(Reason::from_code).map(|reason| Self::Page(PageKind::Reason(reason)));
        let route = ROUTES.iter().find(|(known, _)| *known == path).map(|(_, route)| *route).or_else(reason);
        route.filter(|route| match route {
            Self::Faults => engine.faults.is_some(),
            Self::Page(PageKind::Public) => engine.public,
            _ => true,
        })
    }

    /// Returns the turn in which the route is rendered.
    const fn rendering(self) -> Rendering {
        match self {
            Self::Page(_) => Rendering::Page,
            Self::Metrics => Rendering::Metrics,
            _ => Rendering::List,
        }
    }

    fn allows(self, method: &Method) -> bool {
        match self {
            Self::Reload | Self::Faults => method == Method::POST,
            _ => method == Method::GET || method == Method::HEAD,
        }
    }

    /// Returns the headers that what is rendered depends on.
    fn counting_headers(self) -> Vec<HeaderName> {
        match self {
            Self::Page(_) => vec![ACCEPT_LANGUAGE],
            Self::Metrics => vec![ACCEPT],
            Self::Discovery => vec![HOST],
            _ => Vec::new(),
        }
    }

    /// Refuses a request that another page sends where something happens: a run, which is a login; a reload; a fault.
    fn check_site(self, head: &Parts, engine: &Engine) -> Result<(), FullResponse> {
        match self {
            Self::Probe | Self::Reload | Self::Faults => admission::check_site(&head.method, &head.headers, &engine.known_hosts),
            _ => Ok(()),
        }
    }

    fn allowed(self) -> &'static str {
        if matches!(self, Self::Reload | Self::Faults) { "POST" } else { "GET, HEAD" }
    }
}

/// Reports whether `path` is that of the health of the service, which is at hand: who asks for it waits for nobody. Load balancers and
/// the supervisors of containers ask by any name or by none, and cannot log in; they learn nothing else.
pub fn is_about_health(path: &str) -> bool {
    let route = ROUTES.iter().find(|(known, _)| *known == path).map(|(_, route)| *route);
    matches!(route, Some(Route::Healthy | Route::Ready))
}

/// Reports whether `path` is that of the page for everybody, and this service has it.
pub fn is_public(path: &str, engine: &Engine) -> bool {
    engine.public && path == PUBLIC
}

/// Answers a request, which came in at the address `local`, or over a Unix socket.
pub async fn respond(engine: &Arc<Engine>, local: Option<SocketAddr>, head: Parts, body: Incoming) -> FullResponse {
    let negotiated = Negotiated::from_headers(&head.headers);
    let answer = answer(engine, local, &head, body).await;
    // The health is at hand for anybody, so nothing is rendered for it.
    let answer = if is_about_health(head.uri.path()) { answer } else { pages::for_people(answer, &head) };
    negotiated.encode(answer)
}

async fn answer(engine: &Arc<Engine>, local: Option<SocketAddr>, head: &Parts, body: Incoming) -> FullResponse {
    let Some(route) = Route::at(head.uri.path(), engine) else {
        return message(StatusCode::NOT_FOUND, NOT_FOUND);
    };
    if !route.allows(&head.method) {
        return wrong_method(route);
    }
    if let Err(refusal) = route.check_site(head, engine) {
        return refusal;
    }
    let query = match Query::parse(head.uri.query().unwrap_or_default()) {
        Ok(query) => query,
        Err(problem) => return message(StatusCode::BAD_REQUEST, &problem),
    };
    if let (Route::Faults, Some(faults)) = (route, &engine.faults) {
        return faults::respond(engine, &**faults, &query, body).await;
    }
    if let Err(refusal) = discard_body(body).await {
        return refusal;
    }
    match route {
        Route::Probe => probe_endpoint::respond(engine, &query, &head.headers).await,
        Route::Reload => reload(engine).await,
        Route::Healthy => healthy(engine),
        Route::Ready if engine.shutdown.has_begun() => message(StatusCode::SERVICE_UNAVAILABLE, "shutting down"),
        Route::Ready => message(StatusCode::OK, "Ready"),
        other => rendered(other, engine, query, head, local).await,
    }
}

/// Answers with what is rendered, once for all who ask for the same at the same time.
async fn rendered(route: Route, engine: &Arc<Engine>, query: Query, head: &Parts, local: Option<SocketAddr>) -> FullResponse {
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    let local = local.filter(|_| route == Route::Discovery);
    let asked = Asked::new(target, &head.headers, &route.counting_headers(), local);
    let own = Arc::clone(engine);
    let rendered = engine.renderer.render(route.rendering(), asked, move |asked| render(route, &own, &query, asked)).await;
    rendered.unwrap_or_else(not_rendered)
}

/// Answers why there is no page; a client that comes later than others may ask again.
fn not_rendered(cause: NotRendered) -> FullResponse {
    match cause {
        NotRendered::Failed => message(StatusCode::INTERNAL_SERVER_ERROR, "the page could not be made; see the log"),
        NotRendered::Full => {
            let text = "clients that read slowly hold all the memory there is for pages; ask again";
            let mut response = message(StatusCode::SERVICE_UNAVAILABLE, text);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS));
            response
        }
    }
}

/// Answers whether probes are at work, from what is at hand: that takes no time, whatever else is asked of the service.
fn healthy(engine: &Engine) -> FullResponse {
    match engine.stand_still() {
        None => message(StatusCode::OK, "Healthy"),
        Some(problem) => message(StatusCode::SERVICE_UNAVAILABLE, &problem),
    }
}

/// Renders what only shows what is known.
fn render(route: Route, engine: &Engine, query: &Query, asked: &Asked) -> FullResponse {
    let headers = &asked.headers;
    match route {
        Route::Metrics => {
            let negotiated = Negotiated::from_headers(headers);
            negotiated.respond(Content::of_text(engine.metrics(negotiated.format)))
        }
        Route::Outcomes => outcomes(engine, query, SystemTime::now()),
        Route::Discovery => {
            let (work, secure) = (engine.work(), engine.web_config.current().acceptor.is_some());
            let place = discovery::Place::new(engine.external_url.as_ref(), headers, asked.local, secure);
            ok(JSON, Content::of_text(discovery::targets(work.probes.iter().map(AsRef::as_ref), &place)))
        }
        Route::Configuration => ok(TEXT, Content::of_text(engine.work().redacted.as_str().into())),
        Route::Page(kind) => pages::respond(engine, kind, query, headers),
        _ => message(StatusCode::NOT_FOUND, NOT_FOUND),
    }
}

/// Renders the outcomes of the probes that `query` selects, and of all root causes those that explain one of them.
fn outcomes(engine: &Engine, query: &Query, now: SystemTime) -> FullResponse {
    let store = engine.store.snapshot();
    let shown = match probe_selection::filter(&store, query) {
        Ok(shown) => shown,
        Err(problem) => return message(StatusCode::BAD_REQUEST, &problem),
    };
    let causes = engine.diagnosis.causes(&store, &shown, now);
    let concerned = shared_diagnosis::concerned(&store, &causes);
    let judged: Vec<JudgedOutcome<'_>> =
        concerned.into_iter().filter_map(|entry| ProbeState::new(entry, now).into_judged()).collect();
    ok(JSON, Content::of_text(Document::of_service(&shown, &causes, &judged, now).to_compressed_json()))
}

async fn reload(engine: &Arc<Engine>) -> FullResponse {
    match engine.reload().await {
        Ok(probes) => message(StatusCode::OK, &format!("configuration reloaded: probes {probes}")),
        Err(NotReloaded::Wrong(mistakes)) => message(StatusCode::INTERNAL_SERVER_ERROR, &mistakes),
        Err(NotReloaded::NoSource) => message(StatusCode::CONFLICT, "this service was started without a configuration file"),
    }
}

fn wrong_method(route: Route) -> FullResponse {
    let mut response = message(StatusCode::METHOD_NOT_ALLOWED, &format!("only {} is allowed here", route.allowed()));
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(route.allowed()));
    response
}

/// Reads a body and discards it, or refuses one that is too long, too slow or broken off.
async fn discard_body(body: Incoming) -> Result<(), FullResponse> {
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
    read.map_err(|status| message(status, "send no body; there is nothing to be said in one"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_for_which_there_is_no_memory_is_503_with_a_time_to_ask_again() {
        let response = not_rendered(NotRendered::Full);
        let again = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        assert_eq!((response.status(), again), (StatusCode::SERVICE_UNAVAILABLE, Some("5")));
    }
}
