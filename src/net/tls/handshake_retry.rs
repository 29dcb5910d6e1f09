//! Further handshakes after one that failed: whoever asks again, or asks otherwise, may be answered.
//!
//! One handshake tells little: a balancer loses one, a filter dislikes its server's name, an old device its versions. Asking
//! again with one difference tells which. None of it is measured.

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

/// New connections, brought to the moment at which TLS would begin.
pub trait Redial: Sync {
    /// Makes one; `None` where that fails.
    fn redial(&self) -> impl Future<Output = Option<BoxStream>> + Send;
}

/// Further handshakes with one server.
pub struct HandshakeRetry<'a, R> {
    /// Our side of TLS.
    pub tls: &'a Connector,
    /// The server's name, or its address.
    pub host: &'a str,
    /// The source of new connections.
    pub dial: &'a R,
    /// The time that all of them together may take.
    pub limit: Duration,
}

impl<R: Redial> HandshakeRetry<'_, R> {
    /// Explains `fault`, met in a handshake. What certificate is seen becomes a fact of the `endpoint`.
    pub async fn explain(&self, fault: Fault, endpoint: Option<&mut EndpointFacts>) -> Fault {
        if !is_unanswered(&fault) {
            let chain = self.presented(self.limit).await.map(|(_, chain)| chain).unwrap_or_default();
            return self.tls.with_refused_chain(endpoint, fault, &chain);
        }
        match self.diagnose().await {
            Some(Finding::NothingNew) | None => fault,
            Some(Finding::AnsweredNow) => with_words(fault, "asked once more, the server begins to answer"),
            Some(Finding::NameFiltered) => {
                with_words(fault, "a handshake that names no server is answered").renamed(Reason::TlsNameFiltered)
            }
            Some(Finding::OldVersion(version, chain)) => {
                let words = format!("a handshake that allows old versions is answered in {version}");
                self.tls.with_refused_chain(endpoint, with_words(fault, &words).renamed(Reason::TlsProtocolTooOld), &chain)
            }
        }
    }

    /// Tells whether the port, silent in the clear, answers a TLS handshake.
    pub async fn begins_with_tls(&self) -> bool {
        self.is_answered(true, self.limit).await == Some(true)
    }

    /// Asks with one difference after the other; `None` where no connection can be made any more.
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

    /// Asks both ways again: some connections may be bad ones, whatever is asked on them, and a filter does the same once more.
    async fn confirm_name_filter(&self, each: Duration) -> Option<Finding> {
        if self.is_answered(true, each).await? {
            return Some(Finding::AnsweredNow);
        }
        Some(if self.is_answered(false, each).await? { Finding::NameFiltered } else { Finding::NothingNew })
    }

    /// Tells whether the question we always ask, with the server's name in it or without, is answered within `limit`; `None` if it
    /// could not be asked.
    async fn is_answered(&self, named: bool, limit: Duration) -> Option<bool> {
        let until = Instant::now() + limit;
        let stream = timeout_at(until, self.dial.redial()).await.ok()??;
        let answered = timeout_at(until, self.tls.is_answered(named.then_some(self.host), stream)).await;
        Some(answered.unwrap_or(false))
    }

    /// The version and the certificates that the server presents, within `limit`, to somebody who takes whatever it presents.
    async fn presented(&self, limit: Duration) -> Option<(&'static str, Vec<X509>)> {
        let handshake = async { unverified_handshake::presented(self.host, self.dial.redial().await?).await };
        timeout_at(Instant::now() + limit, handshake).await.ok()?
    }
}

/// A finding about a handshake that was not answered.
enum Finding {
    /// Nobody is answered.
    NothingNew,
    /// The very same question is answered now.
    AnsweredNow,
    /// Only those who name the server are not answered.
    NameFiltered,
    /// Only those who take an old version are, in this one and with these certificates.
    OldVersion(&'static str, Vec<X509>),
}

/// Tells whether further handshakes may explain `fault`, met at `endpoint`: we were shown no certificate, or got no answer at all.
pub fn may_explain(fault: &Fault, endpoint: Option<&EndpointFacts>) -> bool {
    let answered = endpoint.is_some_and(|endpoint| endpoint.tls_version.is_some());
    fault.reason == Reason::TlsProtocolTooOld || (is_unanswered(fault) && !answered)
}

/// Tells whether nothing of a handshake came back but the end of the connection, or an alert that the name is not known.
fn is_unanswered(fault: &Fault) -> bool {
    const UNRECOGNIZED_NAME: &str = "alert 112";
    matches!(fault.reason, Reason::TlsClosed | Reason::TlsTimedOut) || fault.evidence.code.as_deref() == Some(UNRECOGNIZED_NAME)
}

/// The fault of a port that was silent in the clear and answers TLS.
#[must_use]
pub fn silent_in_the_clear() -> Fault {
    let words = "nothing was said in the clear, and a TLS handshake is answered: this port begins with TLS";
    Fault::heard(Reason::GreetingUnexpected, words)
}

fn with_words(mut fault: Fault, words: &str) -> Fault {
    let heard = fault.evidence.heard.take().unwrap_or_else(|| fault.reason.title().to_owned());
    fault.evidence.heard = Some(format!("{heard}; {words}"));
    fault
}
