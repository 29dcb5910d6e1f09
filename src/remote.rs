//! The outcomes that a running service knows, fetched over HTTP: no login of our own is needed for them.

mod selection;

use std::collections::HashMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, Response, StatusCode, Url};

use crate::diagnosis::RootCause;
use crate::document::KnownApplication;
use crate::levels::Limits;
use crate::outcome::Outcome;
use crate::sanitize::one_line;
use crate::secret::Secret;

pub use self::selection::{Selection, read};

/// An outcome in JSON takes about 3 kB, so this is more than ten thousand of them.
const MAX_BODY: usize = 32 * 1024 * 1024;
/// Bytes of a refusal, which is a sentence or two.
const MAX_REFUSAL: usize = 2000;
/// A certificate file holds a few certificates, a bundle a few hundred.
const MAX_CA_FILE: u64 = 4 * 1024 * 1024;

/// The prefix of a Unix socket's path, in place of a URL.
const UNIX: &str = "unix:";
/// The URL of a service behind a Unix socket, which has no host.
const BEHIND_A_SOCKET: &str = "http://localhost";

/// A service that can be asked.
#[derive(Debug)]
pub struct Service {
    /// `http://HOST:10365`, perhaps with a path in front of ours, or `unix:PATH` of a socket.
    pub url: String,
    /// PEM file of certificates trusted in addition to the system's.
    pub ca_file: Option<PathBuf>,
    /// User and password, where it wants them.
    pub login: Option<(String, Secret)>,
}

/// The selected outcomes of a service, at least one, with what belongs to them.
#[derive(Debug)]
pub struct ServiceReport {
    /// The time of the service's answer, by its own clock.
    pub at: SystemTime,
    /// An outcome for each probe asked about. One that is too old says that, and so does one that has not run yet.
    pub outcomes: Vec<Outcome>,
    /// The limits in its configuration, for each outcome.
    pub limits: Vec<Limits>,
    /// The root causes of the failures among them, found in all that the service knows.
    pub causes: Vec<RootCause>,
    /// The application in its configuration, for each tenant that has such a cause.
    pub applications: HashMap<String, KnownApplication>,
}

/// Fetches from `service` what `selection` selects, in at most `limit`.
///
/// # Errors
/// For a person: it cannot be reached, refuses, is none of ours, or does not know what is selected.
pub async fn fetch(service: &Service, selection: &Selection, limit: Duration) -> Result<ServiceReport, String> {
    let socket = service.url.strip_prefix(UNIX).map(Path::new);
    let url = outcomes_url(if socket.is_some() { BEHIND_A_SOCKET } else { &service.url }, selection)?;
    let client = client(service, socket, limit)?;
    let request = match &service.login {
        Some((user, password)) => client.get(url).basic_auth(user, Some(password.expose())),
        None => client.get(url),
    };
    let url_given = &service.url;
    let failed = |error: reqwest::Error| unreachable(url_given, limit, &error);
    let response = request.send().await.map_err(failed)?;
    let status = response.status();
    let body = body(response, if status.is_success() { MAX_BODY } else { MAX_REFUSAL }).await.map_err(failed)?;
    match (status, body) {
        (StatusCode::OK, Some(body)) => read(&body, selection).map_err(|problem| format!("`{url_given}`: {problem}")),
        (StatusCode::OK, None) => Err(format!("`{url_given}` answers with more than {} MiB; select less", MAX_BODY >> 20)),
        (status, body) => Err(refused(url_given, status, &body.unwrap_or_default())),
    }
}

/// The URL of the outcomes. Only what every service understands is left to it to select; [`read`] selects anew.
fn outcomes_url(base: &str, selection: &Selection) -> Result<Url, String> {
    let wrong = |why: &str| format!("--from: `{}` {why}", one_line(&without_login(base), 200));
    let mut url =
        Url::parse(base).map_err(|_| wrong("is no URL; write it as `http://HOST:10365` or `unix:/run/m365-probe/http.sock`"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong("is no HTTP URL; write it as `http://HOST:10365`"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(
            "has a login in it, which other users of this machine can see; use --from-user and --from-password-file",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("has more behind its path; end it there, the rest is ours to say"));
    }
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(["api", "v1", "outcomes"]);
    }
    let query = selection.query();
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    Ok(url)
}

/// `base` as it may be shown, also one that is no URL: what stands before an `@` may be a password.
fn without_login(base: &str) -> String {
    base.rsplit_once('@').map_or_else(|| base.to_owned(), |(_, rest)| format!("…@{rest}"))
}

/// The service is ours and near: no proxy stands between, and whoever sends us elsewhere is not it.
fn client(service: &Service, socket: Option<&Path>, limit: Duration) -> Result<Client, String> {
    let builder = Client::builder().no_proxy().redirect(Policy::none()).http1_only().timeout(limit);
    let builder = match &service.ca_file {
        Some(path) => trusting(builder, path)?,
        None => builder,
    };
    let builder = match socket {
        Some(path) => builder.unix_socket(path),
        None => builder,
    };
    builder.build().map_err(|error| format!("cannot make ready to ask `{}`: {}", service.url, innermost(&error)))
}

fn trusting(builder: ClientBuilder, path: &Path) -> Result<ClientBuilder, String> {
    use std::io::Read as _;
    let name = path.display();
    let mut pem = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(MAX_CA_FILE).read_to_end(&mut pem));
    read.map_err(|error| format!("--from-ca-file: cannot read `{name}`: {error}"))?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(builder.tls_certs_merge(certificates)),
        _ => Err(format!("--from-ca-file: there is no certificate in PEM in `{name}`")),
    }
}

/// The whole body; `None` where it is longer than `most`.
async fn body(mut response: Response, most: usize) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await? {
        if body.len() + piece.len() > most {
            return Ok(None);
        }
        body.extend_from_slice(&piece);
    }
    Ok(Some(body))
}

fn refused(place: &str, status: StatusCode, body: &[u8]) -> String {
    let said = one_line(&String::from_utf8_lossy(body), 300);
    match status {
        StatusCode::UNAUTHORIZED => format!("`{place}` wants another login (401); see --from-user and --from-password-file"),
        StatusCode::BAD_REQUEST => format!("`{place}`: {said}"),
        StatusCode::NOT_FOUND => format!("`{place}` has no /api/v1/outcomes (404); is it m365-probe that listens there?"),
        status => format!("`{place}` answers {status}: {said}"),
    }
}

fn unreachable(place: &str, limit: Duration, error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("`{place}` does not answer within {}; is m365-probe at work there?", humantime::format_duration(limit));
    }
    let problem = innermost(error);
    if problem.contains("certificate verify failed") {
        return untrusted(place, &problem);
    }
    let remedy = match place.split_once("://") {
        Some(("https", rest)) if problem.contains("wrong version number") || problem.contains("packet length too long") => {
            format!("no TLS is spoken there; write it as `http://{rest}`")
        }
        // A server of TLS that is asked in the clear hangs up, in one of several ways.
        Some(("http", rest)) if !error.is_connect() => {
            format!("is `m365-probe serve` listening there? If it speaks TLS, write it as `https://{rest}`")
        }
        _ => "is `m365-probe serve` listening there?".to_owned(),
    };
    format!("cannot ask `{place}`: {problem}; {remedy}")
}

/// Says what to do where the service's certificate is refused, from OpenSSL's text: `…:certificate verify failed:… (self-signed certificate)`.
fn untrusted(place: &str, problem: &str) -> String {
    let why = problem.rsplit_once('(').map_or("certificate verify failed", |(_, why)| why.trim_end_matches(')'));
    let remedy = if why.contains("mismatch") {
        "name the host as the certificate does"
    } else {
        "name its authority's certificate, or its own where it is self-signed, with --from-ca-file FILE"
    };
    format!("`{place}` has a certificate that is not trusted here ({why}); {remedy}")
}

/// The innermost message: what the system or OpenSSL says. The outer ones repeat the URL.
fn innermost(error: &reqwest::Error) -> String {
    let mut innermost: &dyn Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    one_line(&innermost.to_string(), 300)
}
