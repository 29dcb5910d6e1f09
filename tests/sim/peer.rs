//! A client that shares no code with the checks: lines and HTTP over TLS, and transcripts that tests read like.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use m365_probe::sim::Running;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The mailbox of most tests.
pub const PRAXIS: &str = "praxis@contoso.example";

/// Longer than any honest answer takes on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(20);

trait Stream: AsyncRead + AsyncWrite + Send {}
impl<S: AsyncRead + AsyncWrite + Send> Stream for S {}

/// One connection.
pub struct Peer(BufStream<Pin<Box<dyn Stream>>>);

impl Peer {
    /// A connection in the clear.
    pub async fn plain(port: u16) -> Result<Self, String> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.map_err(|error| format!("connect: {error}"))?;
        stream.set_nodelay(true).unwrap();
        Ok(Self(BufStream::new(Box::pin(stream))))
    }

    /// A connection that begins with TLS, verified for `name`.
    pub async fn tls(tenant: &Running, port: u16, name: &str) -> Result<Self, String> {
        Self::plain(port).await?.secured(tenant, name).await
    }

    /// The same connection, from now on with TLS.
    pub async fn secured(self, tenant: &Running, name: &str) -> Result<Self, String> {
        let connector = connector(tenant.ca_pem());
        let stream = timeout(PATIENCE, connector.connect(name, self.0.into_inner())).await.map_err(|_| "tls: silence")?;
        let stream = stream.map_err(|error| format!("tls: {error} {error:?}"))?;
        Ok(Self(BufStream::new(Box::pin(stream))))
    }

    /// Sends bytes as they are.
    pub async fn send(&mut self, bytes: &[u8]) {
        // A server that has hung up is found out by reading.
        let _ = self.0.write_all(bytes).await;
        let _ = self.0.flush().await;
    }

    /// The next line without its ending; `<end>` when the server has hung up.
    pub async fn line(&mut self) -> String {
        let mut line = Vec::new();
        match timeout(PATIENCE, (&mut self.0).take(100_000).read_until(b'\n', &mut line)).await.expect("an answer in time") {
            Ok(1..) => String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned(),
            Ok(0) | Err(_) => "<end>".to_owned(),
        }
    }

    /// Returns a line that has arrived already; empty for nothing.
    pub async fn line_if_any(&mut self) -> String {
        timeout(Duration::from_millis(50), self.line()).await.unwrap_or_default()
    }

    /// Sends a line and returns the answer's first.
    pub async fn ask(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n").as_bytes()).await;
        self.line().await
    }

    /// Plays a transcript: what stands behind `C: ` is sent, what stands behind `S: ` must be the next line. A line that
    /// ends with `…` needs only begin so; `<end>` means that the server hangs up.
    #[track_caller]
    pub fn play<'p>(&'p mut self, script: &'p str) -> impl Future<Output = ()> + 'p {
        let place = std::panic::Location::caller();
        async move {
            for step in script.lines().map(str::trim).filter(|step| !step.is_empty()) {
                if let Some(line) = step.strip_prefix("C:") {
                    self.send(format!("{}\r\n", line.trim_start()).as_bytes()).await;
                    continue;
                }
                let expected = step.strip_prefix("S:").expect("C: or S:").trim_start();
                let heard = self.line().await;
                let right = match expected.strip_suffix('…') {
                    Some(beginning) => heard.starts_with(beginning),
                    None => heard.trim_end() == expected.trim_end(),
                };
                assert!(right, "{place}: expected {expected:?}, heard {heard:?}");
            }
        }
    }

    /// Sends an HTTP request and reads the whole answer.
    pub async fn request(mut self, head: &str, body: &str) -> Answer {
        let text = format!("{head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
        self.send(text.as_bytes()).await;
        let mut bytes = Vec::new();
        let read = timeout(PATIENCE, self.0.take(1_000_000).read_to_end(&mut bytes)).await.expect("an answer in time");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        Answer { head: if read.is_ok() || !bytes.is_empty() { head.to_owned() } else { String::new() }, body: body.to_owned() }
    }
}

/// A connector that trusts `authority` only; built once for each, since building one reads the system's own roots.
fn connector(authority: &str) -> tokio_native_tls::TlsConnector {
    static BUILT: Mutex<BTreeMap<String, tokio_native_tls::TlsConnector>> = Mutex::new(BTreeMap::new());
    let build = || {
        let certificate = native_tls::Certificate::from_pem(authority.as_bytes()).unwrap();
        let mut builder = native_tls::TlsConnector::builder();
        builder.disable_built_in_roots(true).add_root_certificate(certificate).build().unwrap().into()
    };
    BUILT.lock().unwrap().entry(authority.to_owned()).or_insert_with(build).clone()
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    pub head: String,
    pub body: String,
}

impl Answer {
    /// The status; 0 where there was no answer.
    pub fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
    }

    /// A header's value; empty where it is missing.
    pub fn header(&self, name: &str) -> &str {
        let found =
            self.head.lines().find_map(|line| line.split_once(": ").filter(|(known, _)| known.eq_ignore_ascii_case(name)));
        found.map_or("", |(_, value)| value)
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// The fields of a good token request.
pub fn form(tenant: &Running) -> Vec<(&'static str, String)> {
    let application = tenant.tenant();
    vec![
        ("grant_type", "client_credentials".to_owned()),
        ("client_id", application.client_id),
        ("client_secret", application.credential.client_secret().unwrap().expose().to_owned()),
        ("scope", "https://outlook.office365.com/.default".to_owned()),
    ]
}

/// Posts a form to the token endpoint of `name`.
pub async fn post(tenant: &Running, name: &str, fields: &[(&str, String)]) -> Result<Answer, String> {
    let pairs: Vec<_> = fields.iter().map(|(key, value)| format!("{key}={}", encoded(value))).collect();
    let peer = Peer::tls(tenant, tenant.ports().login, "login.microsoftonline.com").await?;
    let head = format!(
        "POST /{name}/oauth2/v2.0/token HTTP/1.1\r\nHost: login.microsoftonline.com\r\nContent-Type: application/x-www-form-urlencoded"
    );
    Ok(peer.request(&head, &pairs.join("&")).await)
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// A good token.
pub async fn token(tenant: &Running) -> String {
    let answer = post(tenant, &tenant.tenant().tenant_id, &form(tenant)).await.unwrap();
    answer.json()["access_token"].as_str().unwrap_or_default().to_owned()
}

/// Encodes a client's response of XOAUTH2.
pub fn xoauth2(user: &str, token: &str) -> String {
    BASE64.encode(format!("user={user}\x01auth=Bearer {token}\x01\x01"))
}
