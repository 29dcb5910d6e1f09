//! TLS where we dial: one connector, built once and shared. This file and its children are the only ones in `net` that know a
//! TLS library, `trust.rs` aside.
//!
//! `async-native-tls` builds a connector for every connection, and OpenSSL then reads and parses the whole CA bundle:
//! 71 ms of CPU for each handshake. It accepts no prebuilt connector, and native-tls under it shows no certificate that was
//! refused, nor the root of one that was not. So this file drives OpenSSL itself through `tokio-openssl`, as
//! `serve/acceptor.rs` does where we accept TLS for our own pages; the simulated tenant accepts it with `async-native-tls`.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::ops::Range;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use openssl::error::ErrorStack;
use openssl::ssl::{self, Ssl, SslContext, SslMethod, SslMode, SslOptions, SslVerifyMode, SslVersion};
use openssl::x509::verify::{X509CheckFlags, X509VerifyFlags};
use openssl::x509::{X509, X509Ref};
use tokio::io::BufReader;
use tokio_openssl::SslStream;

use crate::cloud;
use crate::file;
use crate::outcome::{CertificateFacts, EndpointFacts, Fault, Phase};
use crate::reason::Reason;
use crate::sanitize;
use crate::settings::{Inspection, RootStore};
use crate::trace::Trace;

use super::{BoxStream, trust};

pub mod certificate;
mod chain_verification;
pub mod first_record;
mod handshake_recorder;
pub mod handshake_retry;
mod inspection_products;
mod late_alert;
mod microsoft_roots;
mod presented_certificates;
mod revocation;
mod root_provenance;
mod unverified_handshake;

use chain_verification::{ChainError, ChainErrorSlot};
use handshake_recorder::{HandshakeRecorder, Recording};
use late_alert::LateAlertStream;
use presented_certificates::PresentedCertificates;
use root_provenance::RootProvenance;

/// The most roots whose provenance is kept. A device that makes a new root for each connection is looked up each time.
const MOST_ROOTS: usize = 64;

/// `SSL_OP_CLEANSE_PLAINTEXT` of OpenSSL 3, which the bindings do not name: what was received, such as a token, is zeroed in
/// OpenSSL's buffer once it was read. What is sent is encrypted in place.
const CLEANSE_PLAINTEXT: SslOptions = SslOptions::from_bits_retain(1 << 1);

/// The client's side of TLS: the roots that are trusted, and the parameters of a handshake.
pub struct Connector {
    /// The places of the system's roots.
    store: RootStore,
    /// OpenSSL's context, built for the first handshake: to read a whole bundle takes 60 ms of CPU, and not every command dials.
    context: OnceLock<Result<SslContext, ErrorStack>>,
    /// The certificates trusted in addition to the system's roots.
    extra: Vec<X509>,
    inspection: Inspection,
    /// The roots that Microsoft's hosts are known to lead to, parsed when they are first needed.
    microsoft_roots: OnceLock<Vec<X509>>,
    /// The provenance of the roots that Microsoft's hosts were seen to lead to, by the whole certificate: names can be forged.
    provenances: Mutex<BTreeMap<X509, RootProvenance>>,
    /// The certificates that servers presented.
    presented: PresentedCertificates,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connector")
    }
}

/// A secured stream over any stream.
type Secured = SslStream<HandshakeRecorder<BufReader<BoxStream>>>;

impl Connector {
    /// Makes a connector that trusts the system's roots in `store` and the certificates in the PEM file `extra`.
    ///
    /// # Errors
    /// A message for the user: the file cannot be read, or holds no certificate.
    pub fn new(store: &RootStore, extra: Option<&Path>) -> Result<Self, String> {
        let mut certificates = Vec::new();
        if let Some(path) = extra {
            let unusable = |problem: String| format!("cannot use `{}`: {problem}", path.display());
            let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
            certificates = X509::stack_from_pem(&pem).map_err(|_| unusable("it is not a PEM file".into()))?;
            if certificates.is_empty() {
                return Err(unusable("it holds no certificate".into()));
            }
        }
        Ok(Self {
            store: store.clone(),
            context: OnceLock::new(),
            extra: certificates,
            inspection: Inspection::default(),
            microsoft_roots: OnceLock::new(),
            provenances: Mutex::default(),
            presented: PresentedCertificates::default(),
        })
    }

    /// Sets the view of TLS inspection by an authority that is trusted here.
    #[must_use]
    pub fn with_inspection(self, inspection: Inspection) -> Self {
        Self { inspection, ..self }
    }

    /// Returns the certificates trusted in addition to the system's, for an HTTP client that makes its own connections.
    pub fn extra(&self) -> &[X509] {
        &self.extra
    }

    /// Secures `stream` for `host`. Version and certificate become facts of the address being tried, also those of a refused
    /// handshake, as its evidence. TLS inspection by a device that is trusted here is a warning, unless it is accepted.
    ///
    /// # Errors
    /// The `tls_*` reasons.
    pub async fn secure(&self, trace: &mut Trace, host: &str, stream: BoxStream) -> Result<BoxStream, Fault> {
        trace.enter(Phase::Tls);
        let began = tokio::time::Instant::now();
        let (recording, refused) = (Recording::default(), ChainErrorSlot::default());
        let stream = HandshakeRecorder::over(stream, &recording);
        let result = self.handshake(host, stream, &refused, X509VerifyFlags::empty()).await;
        let took = began.elapsed();
        if let Some(endpoint) = trace.endpoint() {
            endpoint.tls_version = first_record::version(&recording.bytes()).map(ToOwned::to_owned);
        }
        match result {
            Ok(secured) => {
                self.check_revocation(trace, &secured)?;
                let mut warning = None;
                if let Some(endpoint) = trace.endpoint() {
                    endpoint.handshake = Some(took);
                    endpoint.certificate = self.accepted_certificate(&secured);
                    warning = self.interception(endpoint, &secured);
                    trace.exclude(began + took);
                }
                if let Some(mut warning) = warning {
                    warning.evidence.peer.clone_from(&trace.peer);
                    trace.facts.warn(warning);
                }
                record_handshake(trace);
                recording.forget();
                Ok(Box::new(LateAlertStream::new(secured)))
            }
            Err(error) => {
                let refusal = refused.take();
                let chain = refusal.as_ref().map_or(&[][..], |refusal| &refusal.chain);
                Err(self.with_refused_chain(trace.endpoint(), fault(&error, refusal.as_ref(), &recording), chain))
            }
        }
    }

    /// Secures `stream` for `host` as [`Connector::secure`] does, whatever the time is, and returns it with the time in which all
    /// certificates of the chain are valid; `None` where the handshake fails. Not measured, and no fact.
    pub async fn secure_at_any_time(&self, host: &str, stream: BoxStream) -> Option<(BoxStream, Range<SystemTime>)> {
        let stream = HandshakeRecorder::over(stream, &Recording::default());
        let refused = ChainErrorSlot::default();
        let secured = self.handshake(host, stream, &refused, X509VerifyFlags::NO_CHECK_TIME).await.ok()?;
        let validity = certificate::common_validity(secured.ssl().verified_chain()?.iter())?;
        Some((Box::new(secured), validity))
    }

    /// Checks the OCSP response that came with the certificate, before anything is sent to its holder.
    ///
    /// # Errors
    /// `tls_certificate_revoked`.
    fn check_revocation(&self, trace: &mut Trace, secured: &Secured) -> Result<(), Fault> {
        let Some(revocation) = revocation::stapled(secured.ssl()) else { return Ok(()) };
        let fault = Fault::heard(Reason::TlsCertificateRevoked, format!("the server's own OCSP response: {revocation}"));
        let chain: Vec<X509> = secured.ssl().peer_certificate().into_iter().collect();
        Err(self.with_refused_chain(trace.endpoint(), fault, &chain))
    }

    /// Makes the handshake, with `flags` for the verification. `refused` takes the refusal of a chain.
    async fn handshake(
        &self,
        host: &str,
        stream: HandshakeRecorder<BufReader<BoxStream>>,
        refused: &ChainErrorSlot,
        flags: X509VerifyFlags,
    ) -> Result<Secured, ssl::Error> {
        let mut ssl = self.client_side(Some(host))?;
        let parameters = ssl.param_mut();
        parameters.set_flags(flags)?;
        // A name in the subject is none (RFC 9525 section 2): no other client takes it for one.
        parameters.set_hostflags(X509CheckFlags::NO_PARTIAL_WILDCARDS | X509CheckFlags::NEVER_CHECK_SUBJECT);
        match host.parse() {
            Ok(address) => parameters.set_ip(address)?,
            Err(_) => parameters.set_host(host)?,
        }
        revocation::request(&mut ssl)?;
        let refused = refused.clone();
        ssl.set_verify_callback(SslVerifyMode::PEER, move |good, context| {
            if !good {
                refused.store(context);
            }
            good
        });
        let mut secured = SslStream::new(ssl, stream)?;
        Pin::new(&mut secured).connect().await?;
        Ok(secured)
    }

    /// Makes the client's side of a handshake that names `host`, unless it is an address (RFC 6066 section 3).
    fn client_side(&self, host: Option<&str>) -> Result<Ssl, ErrorStack> {
        let context = self.context.get_or_init(|| context(&self.store, &self.extra)).as_ref().map_err(Clone::clone)?;
        let mut ssl = Ssl::new(context)?;
        if let Some(host) = host.filter(|host| host.parse::<IpAddr>().is_err()) {
            ssl.set_hostname(host)?;
        }
        Ok(ssl)
    }

    /// Begins the handshake of [`Connector::secure`] for `host`, or the same without a server's name, and reports whether it is
    /// answered at the other end of `stream`. An alert is no answer: it may be a filter's.
    async fn is_answered(&self, host: Option<&str>, stream: BoxStream) -> bool {
        match self.client_side(host) {
            Ok(ssl) => unverified_handshake::is_answered(ssl, stream).await,
            Err(_) => false,
        }
    }

    /// Adds the refused `chain` to `fault`, as its evidence and reason, and to the facts of the address.
    fn with_refused_chain(&self, endpoint: Option<&mut EndpointFacts>, mut fault: Fault, chain: &[X509]) -> Fault {
        let Some(shown) = chain.first().and_then(|leaf| self.presented.facts(leaf, false)) else { return fault };
        if fault.reason == Reason::TlsCertificateUntrusted {
            fault.reason = self.why_untrusted(chain);
        }
        let heard = fault.evidence.heard.unwrap_or_default();
        fault.evidence.heard = Some(sanitize::evidence(format!("{heard}; {}", certificate::describe(&shown)).as_bytes()));
        if let Some(endpoint) = endpoint {
            endpoint.certificate = Some(shown);
        }
        fault
    }

    /// Finds the reason for an unknown issuer: TLS inspection, unless the root is public and only missing here, or the file that
    /// it is in could not be opened.
    fn why_untrusted(&self, chain: &[X509]) -> Reason {
        if file::exhaustion().is_some() {
            Reason::LocalResources
        } else if self.extra().is_empty() && root_provenance::is_empty(&self.store) {
            Reason::LocalTrustStore
        } else if microsoft_roots::lead_to(self.microsoft_roots(), chain) {
            Reason::TlsRootMissing
        } else {
            Reason::TlsCertificateUntrusted
        }
    }

    /// Returns a warning if the certificate accepted at `endpoint`, one of Microsoft's, was made by a device on the way: it leads
    /// to a root that was added here; or to one of unknown provenance, and its issuer's name is that of an inspection product.
    /// Other endpoints, such as a laboratory's, have authorities of their own. Inspection that is accepted is no news.
    fn interception(&self, endpoint: &EndpointFacts, secured: &Secured) -> Option<Fault> {
        let is_news = self.inspection == Inspection::Warned && cloud::is_microsoft_endpoint(&endpoint.host, endpoint.port);
        let certificate = endpoint.certificate.as_ref().filter(|_| is_news)?;
        let intercepts = match self.provenance(secured.ssl().verified_chain()?.iter().last()?) {
            RootProvenance::Public => false,
            RootProvenance::Added => true,
            RootProvenance::Unknown => certificate.product.is_some(),
        };
        intercepts.then(|| Fault::heard(Reason::TlsIntercepted, certificate::describe(certificate)))
    }

    /// Returns the provenance of `root`, which is trusted here. It is looked up once and kept.
    fn provenance(&self, root: &X509Ref) -> RootProvenance {
        let lock = || self.provenances.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(provenance) = lock().get(root) {
            return *provenance;
        }
        let provenance = root_provenance::find(root, self.microsoft_roots(), self.extra());
        let mut provenances = lock();
        if provenances.len() < MOST_ROOTS {
            provenances.insert(root.to_owned(), provenance);
        }
        provenance
    }

    fn accepted_certificate(&self, secured: &Secured) -> Option<Arc<CertificateFacts>> {
        self.presented.facts(secured.ssl().peer_certificate()?.as_ref(), true)
    }

    fn microsoft_roots(&self) -> &[X509] {
        self.microsoft_roots.get_or_init(microsoft_roots::roots)
    }
}

/// Builds the context that trusts the roots in `store` and the certificates `extra`.
fn context(store: &RootStore, extra: &[X509]) -> Result<SslContext, ErrorStack> {
    let mut builder = SslContext::builder(SslMethod::tls_client())?;
    trust::add_to(&mut builder, store);
    for certificate in extra {
        builder.cert_store_mut().add_cert(certificate.clone())?;
    }
    builder.set_verify(SslVerifyMode::PEER);
    builder.set_min_proto_version(Some(SslVersion::TLS1_2))?; // Microsoft's own floor
    builder.set_options(CLEANSE_PLAINTEXT);
    // Writes are begun anew from wherever the bytes then stand. The buffers, of 16 kB each, are kept for as long as a connection, which
    // is a second or two: to get them anew for each record costs more than the record.
    let writes = SslMode::ACCEPT_MOVING_WRITE_BUFFER | SslMode::ENABLE_PARTIAL_WRITE;
    builder.set_mode(SslMode::AUTO_RETRY | writes);
    Ok(builder.build())
}

/// Adds version, subject and issuer to the transcript.
fn record_handshake(trace: &mut Trace) {
    let Some(endpoint) = trace.endpoint() else { return };
    let certificate = endpoint.certificate.as_ref();
    let parties = certificate.map(|certificate| format!(" with {}, certified by {}", certificate.subject, certificate.issuer));
    let event = format!("{}{}", endpoint.tls_version.as_deref().unwrap_or("TLS"), parties.unwrap_or_default());
    trace.record_event(&event);
}

fn fault(error: &ssl::Error, refusal: Option<&ChainError>, recording: &Recording) -> Fault {
    if let Some(refusal) = refusal {
        return refusal.fault();
    }
    let text = error.to_string();
    let bytes = recording.bytes();
    match bytes.first() {
        Some(&first_record::ALERT) => with_alert_number(Fault::heard(first_record::alert_reason(&bytes), text)),
        // It did not say that it is too old, it just answered in an old version.
        Some(&first_record::HANDSHAKE) if matches!(first_record::version(&bytes), Some("TLSv1.0" | "TLSv1.1")) => {
            Fault::heard(Reason::TlsProtocolTooOld, text)
        }
        Some(&first_record::HANDSHAKE) if !recording.ended() => {
            let is_requested = first_record::requests_certificate(&bytes);
            with_alert_number(Fault::heard(
                if is_requested { Reason::TlsClientCertificateWanted } else { Reason::TlsFailed },
                text,
            ))
        }
        Some(&first_record::HANDSHAKE) | None => Fault::heard(Reason::TlsClosed, text),
        Some(_) => Fault::heard(Reason::TlsNotSpoken, sanitize::evidence(&bytes)),
    }
}

/// Returns the refusal of a handshake in the `error` of a secured stream that has brought nothing yet: with TLS 1.3 the client
/// is done before the server has judged the client's certificate (RFC 8446 section 4.4.2.4).
pub fn late_refusal(error: &io::Error) -> Option<Fault> {
    let fault = with_alert_number(Fault::heard(Reason::TlsFailed, error.to_string()));
    match fault.evidence.code.as_deref()? {
        "alert 116" => Some(fault.renamed(Reason::TlsClientCertificateWanted)), // certificate_required
        // A failed handshake, one of the six ways to refuse a certificate, access denied.
        "alert 40" | "alert 42" | "alert 43" | "alert 44" | "alert 45" | "alert 46" | "alert 48" | "alert 49" => Some(fault),
        _ => None,
    }
}

/// Adds the number of the alert in OpenSSL's message (RFC 8446 section 6.2) as the code.
fn with_alert_number(fault: Fault) -> Fault {
    let heard = fault.evidence.heard.as_deref().unwrap_or_default();
    let number = heard.rsplit_once("SSL alert number ").map(|(_, number)| number.trim_end_matches(|c: char| !c.is_ascii_digit()));
    match number.and_then(|number| number.parse::<u8>().ok()) {
        Some(number) => fault.code(format!("alert {number}")),
        None => fault,
    }
}

#[cfg(test)]
mod tests;
