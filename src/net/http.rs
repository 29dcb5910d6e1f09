//! One HTTP exchange over a dialed stream: every step timed, every size bounded, nothing followed or retried.

use std::io::{self, Read as _};
use std::time::Duration;

use flate2::read::GzDecoder;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::http::response;
use hyper::{HeaderMap, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use tracing::trace;

use crate::cloud::HttpsEndpoint;
use crate::outcome::{Fault, Phase};
use crate::random;
use crate::reason::Reason;
use crate::secret::{Secret, Sent};
use crate::trace::Trace;
use crate::wire::Refusal;
use crate::wire::http::ResponseHead;

use super::{BoxStream, Net, tls};

mod server_clock;

/// Bytes of the largest body that is accepted. The longest honest one is a list of folders or an HTML block page.
const MAX_BODY: usize = 1024 * 1024;
/// Bytes of the largest head of a response: Exchange sends about 30 headers in 4 kB.
const MAX_HEAD: usize = 64 * 1024;
const MAX_HEADERS: usize = 100;

/// The `User-Agent` of every request. Exchange's allow and block lists match on it, so it changes only with the major version.
pub const USER_AGENT: &str = concat!("m365-probe/", env!("CARGO_PKG_VERSION_MAJOR"));

/// Marks a request with a fresh `client-request-id`, echoed in the response, by which Microsoft's support can find it.
pub fn set_request_id(headers: &mut HeaderMap) {
    if let Ok(id) = random::guid().parse() {
        headers.insert("client-request-id", id);
        headers.insert("return-client-request-id", header::HeaderValue::from_static("true"));
    }
}

/// Puts `token` into `Authorization`.
///
/// # Errors
/// `token_invalid`: it holds characters that no header may.
pub fn set_bearer_token(headers: &mut HeaderMap, token: &Secret) -> Result<(), Fault> {
    let bearer = Secret::new(["Bearer ", token.expose()].concat());
    let mut bearer = header::HeaderValue::from_str(bearer.expose()).map_err(|_| Fault::new(Reason::TokenInvalid))?;
    bearer.set_sensitive(true);
    headers.insert(header::AUTHORIZATION, bearer);
    Ok(())
}

/// A response whose body was read to its end.
#[derive(Debug)]
pub struct HttpResponse {
    /// The status code.
    pub status: StatusCode,
    /// The headers. They may hold cookies, so they are never shown as a whole.
    pub headers: HeaderMap,
    /// The body, unpacked, at most 1 MiB.
    pub body: Bytes,
    secrets: Sent,
}

impl HttpResponse {
    /// Decodes the body, invalid UTF-8 replaced. Not sanitized: for parsing.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Makes evidence of the server's text: one line, bounded, printable, without the secrets of this exchange.
    pub fn sanitize(&self, text: &str) -> String {
        self.secrets.sanitize(text.as_bytes())
    }

    /// Also masks `secret`, which this response has brought, in whatever is shown of it.
    pub fn remember(&mut self, secret: &Secret) {
        self.secrets.remember(secret);
    }

    /// Returns status and headers, for the parsers in `wire`.
    pub fn head(&self) -> ResponseHead<'_> {
        ResponseHead { status: self.status, headers: &self.headers }
    }

    /// Returns a refusal's fault, redacted; the back-off that it asks for becomes a fact.
    #[must_use]
    pub fn refusal_fault(&self, trace: &mut Trace, refusal: Refusal) -> Fault {
        trace.facts.back_off = refusal.back_off;
        refusal.fault.redacted(&self.secrets)
    }
}

/// One request, its server, and the secrets in it.
#[derive(Debug)]
pub struct HttpExchange<'a> {
    /// The server that the request is sent to.
    pub at: &'a HttpsEndpoint,
    /// Method, path, headers and body; the headers that all our requests have are added.
    pub request: Request<Full<Bytes>>,
    /// The secrets in the request, masked wherever the exchange is shown.
    pub secrets: Sent,
}

impl HttpExchange<'_> {
    /// Sends the request over a connection of its own and reads the whole response in `phase`.
    ///
    /// # Errors
    /// Those of [`Net::connect_tls`]; `connection_closed`, `reply_malformed` (not HTTP), `reply_too_long`.
    pub async fn run(self, trace: &mut Trace, net: &Net, phase: Phase) -> Result<HttpResponse, Fault> {
        let stream = match net.connect_tls(trace, &self.at.host, self.at.port).await {
            Err(fault) if server_clock::may_explain(&fault) => {
                trace.finish();
                return Err(server_clock::explain(net, trace, self.at, fault).await);
            }
            dialed => dialed?,
        };
        trace.enter(phase);
        self.over(trace, stream).await
    }

    /// Sends the request in the clear, through no proxy, to an endpoint of this machine or its link, and reads the whole response in
    /// `phase`. A connection is waited for at most `limit`.
    ///
    /// # Errors
    /// Those of [`Net::connect_locally`], and as [`HttpExchange::run`].
    pub async fn run_locally(self, trace: &mut Trace, net: &Net, limit: Duration, phase: Phase) -> Result<HttpResponse, Fault> {
        let stream = net.connect_locally(trace, &self.at.host, self.at.port, limit).await?;
        trace.enter(phase);
        self.speak(trace, stream, "http").await
    }

    /// Sends the request over `stream`, which is secured, and reads the whole response.
    ///
    /// # Errors
    /// As [`HttpExchange::run`].
    pub async fn over(self, trace: &mut Trace, stream: BoxStream) -> Result<HttpResponse, Fault> {
        self.speak(trace, stream, "https").await
    }

    async fn speak(mut self, trace: &mut Trace, stream: BoxStream, scheme: &str) -> Result<HttpResponse, Fault> {
        self.complete_head();
        let mut secrets = self.secrets;
        secrets.add(&trace.secrets);
        // A server may have chosen parts of the path: ids of folders and messages.
        let request = format!("{} {scheme}://{}{}", self.request.method(), self.at.authority(), self.request.uri());
        let request = secrets.redact(&request);
        trace!("> {request}");
        trace.record_request(request);
        let (head, body) = converse(stream, self.request, &secrets).await.inspect_err(|fault| {
            // A refusal of the handshake comes here at the earliest with TLS 1.3.
            if matches!(fault.reason, Reason::TlsClientCertificateWanted | Reason::TlsFailed) {
                trace.enter(Phase::Tls);
            }
        })?;
        trace!("< {} with {} headers and {} bytes", head.status, head.headers.len(), body.len());
        record_response(trace, &head, &body, &secrets);
        Ok(HttpResponse { status: head.status, headers: head.headers, body, secrets })
    }

    fn complete_head(&mut self) {
        let headers = self.request.headers_mut();
        headers.insert(header::USER_AGENT, header::HeaderValue::from_static(USER_AGENT));
        headers.insert(header::ACCEPT_ENCODING, header::HeaderValue::from_static("identity"));
        if let Ok(host) = self.at.authority().parse() {
            headers.insert(header::HOST, host);
        }
    }
}

/// Sends one request over `stream` as HTTP/1.1 and reads the response.
async fn converse(stream: BoxStream, request: Request<Full<Bytes>>, sent: &Sent) -> Result<(response::Parts, Bytes), Fault> {
    let mut builder = hyper::client::conn::http1::Builder::new();
    builder.max_buf_size(MAX_HEAD).max_headers(MAX_HEADERS);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(|error| fault(&error, sent))?;
    let response = read_whole(sender.send_request(request), sent);
    // The connection has to be driven while the response is awaited, and is of no use afterwards.
    tokio::pin!(response, connection);
    tokio::select! {
        biased;
        response = &mut response => response,
        _ = &mut connection => response.await,
    }
}

/// The headers that a transcript shows: who answered, with what, and why not.
const TRANSCRIPT_HEADERS: [&str; 12] = [
    "server",
    "x-feserver",
    "x-ms-ests-server",
    "date",
    "content-type",
    "location",
    "retry-after",
    "www-authenticate",
    "x-ms-diagnostics",
    "request-id",
    "x-ms-request-id",
    "x-ews-policy-reason",
];

/// Adds a response to the transcript. The body of a success is not shown: it is a token, or somebody's mail.
fn record_response(trace: &mut Trace, head: &response::Parts, body: &Bytes, sent: &Sent) {
    trace.record_reply(&format!("{:?} {}", head.version, head.status));
    for name in TRANSCRIPT_HEADERS {
        if let Some(value) = head.headers.get(name) {
            trace.record_reply(&format!("{name}: {}", sent.sanitize(value.as_bytes())));
        }
    }
    match body.len() {
        0 => {}
        count if head.status.is_success() => trace.record_event(&format!("a body of {count} bytes, not shown")),
        _ => trace.record_reply(&sent.sanitize(body)),
    }
}

type Responding = hyper::Result<Response<Incoming>>;

async fn read_whole(response: impl Future<Output = Responding>, sent: &Sent) -> Result<(response::Parts, Bytes), Fault> {
    let (head, mut body) = response.await.map_err(|error| fault(&error, sent))?.into_parts();
    // Copied together: kept as they come, a million chunks of one byte would take forty times their size.
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| fault(&error, sent))?;
        whole.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
        if whole.len() > MAX_BODY {
            return Err(too_long());
        }
    }
    let whole = if is_gzip(&head) { unpack(&whole)? } else { whole };
    Ok((head, whole.into()))
}

/// Reports whether the body is compressed: we ask for none that is, and a gateway may compress all the same.
fn is_gzip(head: &response::Parts) -> bool {
    let encoding = head.headers.get(header::CONTENT_ENCODING).map(header::HeaderValue::as_bytes).unwrap_or_default();
    encoding.eq_ignore_ascii_case(b"gzip") || encoding.eq_ignore_ascii_case(b"x-gzip")
}

/// Unpacks `body` up to [`MAX_BODY`]: a few bytes can unpack to any number of them.
fn unpack(body: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut whole = Vec::new();
    let most = u64::try_from(MAX_BODY).unwrap_or(u64::MAX).saturating_add(1);
    match GzDecoder::new(body).take(most).read_to_end(&mut whole) {
        Err(error) => Err(Fault::heard(Reason::ReplyMalformed, format!("a body that is called gzip: {error}"))),
        Ok(_) if whole.len() > MAX_BODY => Err(too_long()),
        Ok(_) => Ok(whole),
    }
}

fn too_long() -> Fault {
    Fault::heard(Reason::ReplyTooLong, format!("a body of more than {MAX_BODY} bytes"))
}

fn fault(error: &hyper::Error, sent: &Sent) -> Fault {
    if let Some(refused) = io_error(error).and_then(tls::late_refusal) {
        return refused;
    }
    let reason = if error.is_parse_too_large() {
        Reason::ReplyTooLong
    } else if error.is_parse() || is_malformed_body(error) {
        Reason::ReplyMalformed
    } else {
        Reason::ConnectionClosed
    };
    Fault::heard(reason, sent.sanitize(error.to_string().as_bytes()))
}

/// Reports whether a body's chunks could not be parsed: hyper calls that an error of input.
fn is_malformed_body(error: &hyper::Error) -> bool {
    io_error(error).is_some_and(|source| matches!(source.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData))
}

/// Returns the I/O error that caused hyper's.
fn io_error(error: &hyper::Error) -> Option<&io::Error> {
    std::error::Error::source(error).and_then(|source| source.downcast_ref::<io::Error>())
}

#[cfg(test)]
mod tests;
