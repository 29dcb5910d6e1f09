//! Another look at a handshake that failed: who asks again, or asks otherwise, may be answered.
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

/// Another look is worth this much more of a run that has failed already.
pub const LOOK: Duration = Duration::from_secs(3);

/// A way to the moment at which TLS would begin, as often as it is wanted.
pub trait Way: Sync {
    /// Goes it once more; `None` where that fails.
    fn go(&self) -> impl Future<Output = Option<BoxStream>> + Send;
}

/// Whether another look may explain `fault`, met at `endpoint`: we were shown no certificate, or got no answer at all.
pub fn may_explain(fault: &Fault, endpoint: Option<&EndpointFacts>) -> bool {
    let answered = endpoint.is_some_and(|endpoint| endpoint.tls_version.is_some());
    fault.reason == Reason::TlsProtocolTooOld || (is_unanswered(fault) && !answered)
}

/// Whether nothing of a handshake came back but the end of the connection, or an alert that the name is not known.
fn is_unanswered(fault: &Fault) -> bool {
    const UNRECOGNIZED_NAME: &str = "alert 112";
    matches!(fault.reason, Reason::TlsClosed | Reason::TlsTimedOut) || fault.evidence.code.as_deref() == Some(UNRECOGNIZED_NAME)
}

/// `fault`, met in a handshake with `host`, as it looks after another look by `way`, which takes no longer than `limit`. What
/// certificate is seen becomes a fact of the `endpoint`.
pub async fn explained(
    tls: &Connector,
    host: &str,
    fault: Fault,
    endpoint: Option<&mut EndpointFacts>,
    way: &impl Way,
    limit: Duration,
) -> Fault {
    if !is_unanswered(&fault) {
        let chain = Look { tls, host, way, each: limit }.shown().await.map(|(_, chain)| chain).unwrap_or_default();
        return tls.explained(endpoint, fault, &chain);
    }
    // Five questions at most; silence is the answer to a question, and takes all of its time.
    match (Look { tls, host, way, each: limit / 5 }).again().await {
        Some(Found::NothingNew) | None => fault,
        Some(Found::OnceOnly) => adding(fault, "asked once more, the server begins to answer"),
        Some(Found::Named) => adding(fault, "a handshake that names no server is answered").renamed(Reason::TlsNameFiltered),
        Some(Found::Old(version, chain)) => {
            let words = format!("a handshake that allows old versions is answered in {version}");
            tls.explained(endpoint, adding(fault, &words).renamed(Reason::TlsProtocolTooOld), &chain)
        }
    }
}

/// Whether the port that `way` leads to, silent in the clear, answers a TLS handshake with `host`.
pub async fn begins_with_tls(tls: &Connector, host: &str, way: &impl Way, limit: Duration) -> bool {
    Look { tls, host, way, each: limit }.is_answered(true).await == Some(true)
}

/// The fault of a port that was silent in the clear and answers TLS.
#[must_use]
pub fn silent_in_the_clear() -> Fault {
    let words = "nothing was said in the clear, and a TLS handshake is answered: this port begins with TLS";
    Fault::heard(Reason::GreetingUnexpected, words)
}

fn adding(mut fault: Fault, words: &str) -> Fault {
    let heard = fault.evidence.heard.take().unwrap_or_else(|| fault.reason.title().to_owned());
    fault.evidence.heard = Some(format!("{heard}; {words}"));
    fault
}

/// What asking again and otherwise tells of a handshake that was not answered.
enum Found {
    /// Nobody is answered.
    NothingNew,
    /// The very same question is answered now.
    OnceOnly,
    /// Only those who name the server are not answered.
    Named,
    /// Only those who take an old version are, in this one and with these certificates.
    Old(&'static str, Vec<X509>),
}

struct Look<'a, W> {
    tls: &'a Connector,
    host: &'a str,
    way: &'a W,
    /// What each question may take.
    each: Duration,
}

impl<W: Way> Look<'_, W> {
    /// `None` where the way leads nowhere any more.
    async fn again(&self) -> Option<Found> {
        if self.is_answered(true).await? {
            return Some(Found::OnceOnly);
        }
        // An address is never named.
        if self.host.parse::<IpAddr>().is_err() && self.is_answered(false).await? {
            // Some connections may be bad ones, whatever is asked on them: a filter does the same once more.
            return Some(match self.is_answered(true).await? {
                true => Found::OnceOnly,
                false if self.is_answered(false).await? => Found::Named,
                false => Found::NothingNew,
            });
        }
        Some(match self.shown().await {
            Some((version @ ("TLSv1" | "TLSv1.1"), chain)) => Found::Old(version, chain),
            _ => Found::NothingNew,
        })
    }

    /// Whether the question we always ask, with the server's name in it or without, is answered; `None` if it could not be
    /// asked.
    async fn is_answered(&self, named: bool) -> Option<bool> {
        let until = Instant::now() + self.each;
        let stream = timeout_at(until, self.way.go()).await.ok()??;
        let answered = timeout_at(until, self.tls.is_answered(named.then_some(self.host), stream)).await;
        Some(answered.unwrap_or(false))
    }

    /// The version and the certificates that are shown to those who take whatever they are shown.
    async fn shown(&self) -> Option<(&'static str, Vec<X509>)> {
        let look = async { unverified_handshake::shown(self.host, self.way.go().await?).await };
        timeout_at(Instant::now() + self.each, look).await.ok()?
    }
}
