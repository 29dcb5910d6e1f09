//! Further handshakes after one that failed, to find out why.
//!
//! One handshake tells little: a load balancer may lose it, a filter may block its server's name, an old device its versions.
//! Another with one difference shows which. None of it is measured.

use std::net::IpAddr;
use std::time::Duration;

use openssl::x509::X509;
use tokio::time::{Instant, timeout_at};

use crate::outcome::{EndpointFacts, Fault};
use crate::reason::Reason;

use super::super::BoxStream;
use super::{Connector, unverified_handshake};

/// The longest that further handshakes may take of a run that has failed already.
pub const LIMIT: Duration = Duration::from_secs(3);

/// A source of new connections on which TLS may begin.
pub trait Redial: Sync {
    /// Makes a connection; `None` where that fails.
    fn redial(&self) -> impl Future<Output = Option<BoxStream>> + Send;
}

/// Further handshakes with one server.
pub struct HandshakeRetry<'a, R> {
    /// The client's side of TLS.
    pub tls: &'a Connector,
    /// The server's name, or its address.
    pub host: &'a str,
    /// The source of new connections.
    pub dial: R,
    /// The time that all of them together may take.
    pub limit: Duration,
}

impl<R: Redial> HandshakeRetry<'_, R> {
    /// Explains `fault`, met in a handshake. A certificate that is seen becomes a fact of the `endpoint`.
    pub async fn explain(&self, fault: Fault, endpoint: Option<&mut EndpointFacts>) -> Fault {
        if !is_unanswered(&fault) {
            let chain = self.presented(self.limit).await.map(|(_, chain)| chain).unwrap_or_default();
            return self.tls.with_refused_chain(endpoint, fault, &chain);
        }
        match self.diagnose().await {
            Some(Finding::NothingNew) | None => fault,
            Some(Finding::AnsweredNow) => with_explanation(fault, "asked once more, the server begins to answer"),
            Some(Finding::NameFiltered) => {
                with_explanation(fault, "a handshake that names no server is answered").renamed(Reason::TlsNameFiltered)
            }
            Some(Finding::OldVersion(version, chain)) => {
                let explanation = format!("a handshake that allows old versions is answered in {version}");
                self.tls.with_refused_chain(
                    endpoint,
                    with_explanation(fault, &explanation).renamed(Reason::TlsProtocolTooOld),
                    &chain,
                )
            }
        }
    }

    /// Reports whether the port, silent in the clear, answers a TLS handshake.
    pub async fn begins_with_tls(&self) -> bool {
        self.is_answered(true, self.limit).await == Some(true)
    }

    /// Makes handshakes with one difference each; `None` where no connection can be made any more.
    async fn diagnose(&self) -> Option<Finding> {
        // Five questions at most; silence is the answer to a question, and takes all of its time.
        let each = self.limit / 5;
        if self.is_answered(true, each).await? {
            return Some(Finding::AnsweredNow);
        }
        // An address is never named.
        if self.host.parse::<IpAddr>().is_err() && self.is_answered(false, each).await? {
            return self.confirm_name_filter(each).await;
        }
        Some(match self.presented(each).await {
            Some((version @ ("TLSv1" | "TLSv1.1"), chain)) => Finding::OldVersion(version, chain),
            _ => Finding::NothingNew,
        })
    }

    /// Makes both handshakes once more: a filter does the same again, while single bad connections do not.
    async fn confirm_name_filter(&self, each: Duration) -> Option<Finding> {
        if self.is_answered(true, each).await? {
            return Some(Finding::AnsweredNow);
        }
        Some(if self.is_answered(false, each).await? { Finding::NameFiltered } else { Finding::NothingNew })
    }

    /// Reports whether the handshake of [`Connector::secure`], with the server's name or without, is answered within `limit`;
    /// `None` where no connection could be made.
    async fn is_answered(&self, named: bool, limit: Duration) -> Option<bool> {
        let until = Instant::now() + limit;
        let stream = timeout_at(until, self.dial.redial()).await.ok()??;
        let answered = timeout_at(until, self.tls.is_answered(named.then_some(self.host), stream)).await;
        Some(answered.unwrap_or(false))
    }

    /// Returns the version and the certificates that the server presents, within `limit`, in a handshake that accepts any.
    async fn presented(&self, limit: Duration) -> Option<(&'static str, Vec<X509>)> {
        let handshake = async { unverified_handshake::presented(self.host, self.dial.redial().await?).await };
        timeout_at(Instant::now() + limit, handshake).await.ok()?
    }
}

/// A finding about a handshake that was not answered.
enum Finding {
    /// No handshake is answered.
    NothingNew,
    /// The same handshake is answered now.
    AnsweredNow,
    /// A handshake is answered unless it names the server.
    NameFiltered,
    /// A handshake is answered if it allows old versions: in this version, with these certificates.
    OldVersion(&'static str, Vec<X509>),
}

/// Reports whether further handshakes may explain `fault`, met at `endpoint`: no certificate was shown, or nothing answered.
pub fn may_explain(fault: &Fault, endpoint: Option<&EndpointFacts>) -> bool {
    let answered = endpoint.is_some_and(|endpoint| endpoint.tls_version.is_some());
    fault.reason == Reason::TlsProtocolTooOld || (is_unanswered(fault) && !answered)
}

/// Reports whether nothing came back but the end of the connection, or an alert that the server's name is unknown.
fn is_unanswered(fault: &Fault) -> bool {
    const UNRECOGNIZED_NAME: &str = "alert 112";
    matches!(fault.reason, Reason::TlsClosed | Reason::TlsTimedOut) || fault.evidence.code.as_deref() == Some(UNRECOGNIZED_NAME)
}

/// Makes the fault of a port that was silent in the clear and answers a TLS handshake.
#[must_use]
pub fn implicit_tls_fault() -> Fault {
    let explanation = "nothing was said in the clear, and a TLS handshake is answered: this port begins with TLS";
    Fault::heard(Reason::GreetingUnexpected, explanation)
}

fn with_explanation(mut fault: Fault, explanation: &str) -> Fault {
    let heard = fault.evidence.heard.take().unwrap_or_else(|| fault.reason.title().to_owned());
    fault.evidence.heard = Some(format!("{heard}; {explanation}"));
    fault
}
