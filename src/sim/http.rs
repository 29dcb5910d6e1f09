//! HTTP for Entra, EWS, Graph and managed identities: one hyper server, bounded, and the faults of an HTTP answer.

use std::borrow::Cow;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::outcome::Phase;

use super::connection::{Stream, pause};
use super::fault::{Fault, Service};
use super::state::State;

/// The largest request body taken.
const BODY: usize = 256 * 1024;
/// The largest request head taken.
const HEAD: usize = 64 * 1024;
/// The time limit of a request's head.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// The time limit of a request's body.
const BODY_TIME: Duration = Duration::from_secs(30);

/// The time by which Microsoft's clock is ahead of this machine's, under the fault of that name.
const CLOCK_AHEAD: Duration = Duration::from_secs(600);

/// A request, read whole.
pub(super) struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The path, without the query.
    pub path: String,
    /// The query, without its `?`; empty where there is none.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl HttpRequest {
    /// A header's text; `None` where it is missing or not ASCII.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// An answer.
pub(super) struct HttpResponse {
    /// The status.
    pub status: StatusCode,
    headers: HeaderMap,
    /// The body.
    pub body: String,
}

impl HttpResponse {
    /// An answer without headers or body.
    pub(super) fn new(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: String::new() }
    }

    /// The same with a header; text that cannot stand in one is left out.
    #[must_use]
    pub(super) fn header(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
            self.headers.append(HeaderName::from_static(name), value);
        }
        self
    }

    /// A response with `body` as JSON.
    pub(super) fn json(status: StatusCode, body: &Value) -> Self {
        Self::new(status).body("application/json; charset=utf-8", body.to_string())
    }

    /// The same with a body of that media type.
    #[must_use]
    pub(super) fn body(self, media_type: &str, body: impl Into<String>) -> Self {
        Self { body: body.into(), ..self }.header("content-type", media_type)
    }

    fn into_response(self) -> Response<Payload> {
        let mut response = Response::new(Either::Left(Full::from(self.body)));
        (*response.status_mut(), *response.headers_mut()) = (self.status, self.headers);
        response
    }
}

/// Undoes percent-encoding; `None` where a `%` is not followed by two hexadecimal digits, or for what is not UTF-8 then.
pub(super) fn percent_decoded(text: &str) -> Option<String> {
    let is_byte = |rest: &str| rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    let well_formed = text.split('%').skip(1).all(is_byte);
    percent_decode_str(text).decode_utf8().ok().filter(|_| well_formed).map(Cow::into_owned)
}

/// A whole body, or one that never ends.
type Payload = Either<Full<Bytes>, Endless>;

/// Serves requests on `stream` until the client leaves; `respond` answers those that no fault of the connection answers.
pub(super) async fn serve<R, F>(state: Arc<State>, service: Service, stream: Box<dyn Stream>, respond: R)
where
    R: Fn(Arc<State>, Service, HttpRequest) -> F,
    F: Future<Output = HttpResponse>,
{
    let answer = service_fn(|request| answer(Arc::clone(&state), service, request, &respond));
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(stream), answer);
    // How it ended is the client's to know.
    let _ = connection.await;
}

/// The end of a connection without an answer.
#[derive(Debug)]
struct ConnectionDropped;

impl std::fmt::Display for ConnectionDropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("hung up")
    }
}
impl std::error::Error for ConnectionDropped {}

async fn answer<R, F>(
    state: Arc<State>,
    service: Service,
    request: Request<Incoming>,
    respond: &R,
) -> Result<Response<Payload>, ConnectionDropped>
where
    R: Fn(Arc<State>, Service, HttpRequest) -> F,
    F: Future<Output = HttpResponse>,
{
    let (parts, body) = request.into_parts();
    let body = tokio::time::timeout(BODY_TIME, Limited::new(body, BODY).collect()).await.map_err(|_| ConnectionDropped)?;
    let Ok(body) = body else { return Ok(HttpResponse::new(StatusCode::PAYLOAD_TOO_LARGE).into_response()) };
    let (path, query) = (parts.uri.path().to_owned(), parts.uri.query().unwrap_or_default().to_owned());
    let request = HttpRequest { method: parts.method, path, query, headers: parts.headers, body: body.to_bytes() };
    pause(state.view().tenant.latency(phase(service, &request))).await;
    if let Some(faulty) = faulty_response(&state, service).await? {
        return Ok(faulty);
    }
    let response = respond(Arc::clone(&state), service, request).await;
    if state.view().has(service, Fault::ClockWrong) {
        return Ok(response.header("date", httpdate::fmt_http_date(SystemTime::now() + CLOCK_AHEAD)).into_response());
    }
    Ok(response.into_response())
}

/// Returns the phase of a run that this request belongs to.
fn phase(service: Service, request: &HttpRequest) -> Phase {
    match (service, &request.method) {
        (Service::Graph, _) => Phase::Mailbox,
        (Service::Identity, _) => Phase::Token,
        (_, &Method::GET | &Method::HEAD) => Phase::Greeting,
        (Service::Login, _) => Phase::Token,
        _ => Phase::Mailbox,
    }
}

/// Returns the response of a fault of the connection, in place of the service's.
async fn faulty_response(state: &State, service: Service) -> Result<Option<Response<Payload>>, ConnectionDropped> {
    let view = state.view();
    let has = |fault| view.has(service, fault);
    if has(Fault::ConnectionClosed) {
        return Err(ConnectionDropped);
    }
    if has(Fault::ReplyTimedOut) {
        std::future::pending::<()>().await;
    }
    if has(Fault::ReplyTooLong) {
        let mut response = Response::new(Either::Right(Endless(Endless::PIECES)));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        return Ok(Some(response));
    }
    let answer = if has(Fault::ReplyMalformed) || has(Fault::TokenReplyMalformed) {
        HttpResponse::new(StatusCode::OK)
            .header("x-ms-request-id", super::identifiers::guid())
            .body("application/json", "{\"token_type\":\"Bea\u{0}<s:Env")
    } else if has(Fault::HttpNotMicrosoft) {
        HttpResponse::new(StatusCode::OK).header("server", "WebFilter/7.1").body("text/html", BLOCK_PAGE)
    } else if has(Fault::HttpRedirected) {
        HttpResponse::new(StatusCode::FOUND).header("location", "https://portal.hotel.example/login").body("text/html", "")
    } else {
        return Ok(None);
    };
    Ok(Some(answer.into_response()))
}

const BLOCK_PAGE: &str =
    "<html><head><title>Access denied</title></head><body>This site is blocked by your organisation.</body></html>";

/// A body that never ends, as far as any honest reader can tell: so many pieces are left.
struct Endless(u32);

impl Endless {
    const PIECE: &[u8] = &[b'x'; 16 * 1024];
    /// 64 MiB: nobody honest reads them all, and a test that does comes to an end.
    const PIECES: u32 = 4096;
}

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.0 == 0 {
            return Poll::Ready(None);
        }
        self.0 -= 1;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(Self::PIECE)))))
    }
}
