//! TLS where we dial: one connector, built once and shared; the only file that knows a TLS library on this side.
//!
//! `async-native-tls` builds a connector for every connection, and OpenSSL then reads and parses the whole CA bundle:
//! 71 ms of CPU for each handshake. It accepts no prebuilt connector, so this file drives native-tls's own through
//! `tokio-native-tls`. Where we accept TLS, the acceptor is built once anyway and `async-native-tls` does the work.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, BufReader, ReadBuf};
use tokio_native_tls::native_tls;

use crate::outcome::{CertificateFacts, Fault, Phase};
use crate::reason::Reason;
use crate::secret::Sent;
use crate::trace::Trace;

use super::{BoxStream, Stream, words};

mod certificate;
mod hello;

/// What we trust, and how we ask.
#[derive(Clone)]
pub struct Connector {
    verifying: tokio_native_tls::TlsConnector,
    /// Accepts anything: it reads a refused certificate and then hangs up. Built when first needed.
    accepting: Arc<OnceLock<tokio_native_tls::TlsConnector>>,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connector")
    }
}

/// A secured stream over any stream.
type Secured = tokio_native_tls::TlsStream<Watched<BufReader<BoxStream>>>;

impl Connector {
    /// Trusts the system's roots and the certificates in the PEM file `extra`.
    ///
    /// # Errors
    /// In words: the file cannot be read, or holds no certificate.
    pub fn new(extra: Option<&Path>) -> Result<Self, String> {
        let mut builder = native_tls::TlsConnector::builder();
        builder.min_protocol_version(Some(native_tls::Protocol::Tlsv12)); // Microsoft's own floor
        if let Some(path) = extra {
            let named = |problem: String| format!("cannot use `{}`: {problem}", path.display());
            let pem = std::fs::read(path).map_err(|error| named(error.to_string()))?;
            let certificates = native_tls::Certificate::stack_from_pem(&pem).map_err(|_| named("it is not a PEM file".into()))?;
            if certificates.is_empty() {
                return Err(named("it holds no certificate".into()));
            }
            for certificate in certificates {
                builder.add_root_certificate(certificate);
            }
        }
        let verifying = builder.build().map_err(|error| format!("cannot set up TLS: {error}"))?;
        Ok(Self { verifying: verifying.into(), accepting: Arc::default() })
    }

    /// Secures `stream` for `host` and keeps version and certificate as facts of the address being tried.
    ///
    /// # Errors
    /// The `tls_*` reasons.
    pub async fn secure(&self, trace: &mut Trace, host: &str, stream: BoxStream) -> Result<BoxStream, Fault> {
        trace.enter(Phase::Tls);
        let began = tokio::time::Instant::now();
        let seen = Seen::default();
        let result = self.verifying.connect(host, Watched::over(stream, &seen)).await;
        let version = hello::version(&seen.bytes());
        if let Some(endpoint) = trace.endpoint() {
            endpoint.tls_version = version;
            if let Ok(secured) = &result {
                endpoint.handshake = Some(began.elapsed());
                endpoint.certificate = leaf(secured, true);
            }
        }
        if result.is_ok() {
            note(trace);
        }
        match result {
            Ok(secured) => Ok(Box::new(secured)),
            Err(error) => Err(fault(&error, &seen)),
        }
    }

    /// The certificate that was refused: a handshake that accepts anything, then nothing is sent.
    pub async fn refused_certificate(&self, host: &str, stream: BoxStream) -> Option<CertificateFacts> {
        let accepting = if let Some(connector) = self.accepting.get() {
            connector
        } else {
            let mut builder = native_tls::TlsConnector::builder();
            builder.danger_accept_invalid_certs(true).danger_accept_invalid_hostnames(true);
            let built = builder.build().ok()?;
            self.accepting.get_or_init(|| built.into())
        };
        let secured = accepting.connect(host, Watched::over(stream, &Seen::default())).await.ok()?;
        leaf(&secured, false)
    }
}

/// Whether a refused certificate is behind `reason`, so that looking at it is worth another connection.
pub fn is_about_certificate(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::TlsCertificateExpired
            | Reason::TlsCertificateNotYetValid
            | Reason::TlsCertificateWrongName
            | Reason::TlsCertificateUntrusted
            | Reason::TlsCertificateSelfSigned
            | Reason::TlsCertificateWeak
    )
}

/// Notes with whom TLS is spoken.
fn note(trace: &mut Trace) {
    let Some(endpoint) = trace.endpoint() else { return };
    let certificate = endpoint.certificate.as_ref();
    let whose = certificate.map(|certificate| format!(" with {}, certified by {}", certificate.subject, certificate.issuer));
    let noted = format!("{}{}", endpoint.tls_version.unwrap_or("TLS"), whose.unwrap_or_default());
    trace.note(&noted);
}

fn leaf(secured: &Secured, verified: bool) -> Option<CertificateFacts> {
    let der = secured.get_ref().peer_certificate().ok()??.to_der().ok()?;
    certificate::facts(&der, verified)
}

fn fault(error: &native_tls::Error, seen: &Seen) -> Fault {
    let text = error.to_string();
    let bytes = seen.bytes();
    if let Some(reason) = verification(&text) {
        return Fault::heard(reason, text);
    }
    match bytes.first() {
        Some(&hello::ALERT) => Fault::heard(hello::alert(&bytes), text),
        // It did not say that it is too old, it just answered in an old version.
        Some(&hello::HANDSHAKE) if matches!(hello::version(&bytes), Some("TLSv1.0" | "TLSv1.1")) => {
            Fault::heard(Reason::TlsProtocolTooOld, text)
        }
        Some(&hello::HANDSHAKE) if !seen.ended() => Fault::heard(Reason::TlsFailed, text),
        Some(&hello::HANDSHAKE) | None => Fault::heard(Reason::TlsClosed, text),
        Some(_) => Fault::heard(Reason::TlsNotSpoken, words::printable(&Sent::default(), &bytes)),
    }
}

/// native-tls hides the result of verification but prints OpenSSL's words for it (x509_txt.c), in parentheses at the end.
fn verification(text: &str) -> Option<Reason> {
    const KINDS: &[(&str, Reason)] = &[
        ("certificate is not yet valid", Reason::TlsCertificateNotYetValid),
        ("certificate has expired", Reason::TlsCertificateExpired),
        ("self-signed certificate", Reason::TlsCertificateSelfSigned),
        ("self signed certificate", Reason::TlsCertificateSelfSigned), // before OpenSSL 3.0
        ("hostname mismatch", Reason::TlsCertificateWrongName),
        ("ip address mismatch", Reason::TlsCertificateWrongName),
        ("ee certificate key too weak", Reason::TlsCertificateWeak),
        ("ca certificate key too weak", Reason::TlsCertificateWeak),
        ("ca signature digest algorithm too weak", Reason::TlsCertificateWeak),
    ];
    if !text.contains("certificate verify failed") {
        return None;
    }
    let words = text.strip_suffix(')').and_then(|text| text.rsplit_once('(')).map(|(_, words)| words.to_ascii_lowercase());
    let known = KINDS.iter().find(|(kind, _)| words.as_deref() == Some(kind));
    // Every other verification failure means that no path leads to a trusted root.
    Some(known.map_or(Reason::TlsCertificateUntrusted, |(_, reason)| *reason))
}

/// The first bytes that came from the peer, and whether the stream ended.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<(Vec<u8>, bool)>>);

impl Seen {
    /// Enough for a ServerHello; certificates come later and are of no use here.
    const KEEP: usize = 512;

    fn note(&self, bytes: &[u8], ended: bool) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = Self::KEEP - seen.0.len();
        seen.0.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        seen.1 |= ended;
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    fn ended(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1
    }
}

/// Copies the beginning of what passes below TLS, because native-tls tells neither the version nor what was there
/// instead of TLS.
struct Watched<S> {
    stream: S,
    seen: Seen,
}

impl Watched<BufReader<BoxStream>> {
    /// OpenSSL asks for the head and the body of each record by itself: without a buffer, twice the system calls.
    fn over(stream: BoxStream, seen: &Seen) -> Self {
        Self { stream: BufReader::with_capacity(4096, stream), seen: seen.clone() }
    }
}

impl<S: Stream> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buf);
        match &result {
            Poll::Ready(Ok(())) => {
                let fresh = buf.filled().get(before..).unwrap_or(&[]);
                self.seen.note(fresh, fresh.is_empty());
            }
            Poll::Ready(Err(_)) => self.seen.note(&[], true),
            Poll::Pending => {}
        }
        result
    }
}

impl<S: Stream> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
