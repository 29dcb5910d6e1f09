//! The clock of a server whose certificate is outside its time by this machine's: it tells which of the two is wrong.

use std::time::{Duration, SystemTime};

use http_body_util::Full;
use hyper::{Method, Request};
use tokio::time::{Instant, timeout_at};

use super::HttpExchange;
use crate::cloud::HttpsEndpoint;
use crate::net::Net;
use crate::outcome::{Fault, Phase, ServerClock, rfc3339};
use crate::reason::Reason;
use crate::sanitize;
use crate::secret::Sent;
use crate::trace::Trace;

/// The longest that the answer is waited for: the run has failed already.
const LIMIT: Duration = Duration::from_secs(3);

/// Reports whether a clock may be behind `fault`.
pub fn may_explain(fault: &Fault) -> bool {
    matches!(fault.reason, Reason::TlsCertificateExpired | Reason::TlsCertificateNotYetValid)
}

/// Asks the server at `at` for its time over a connection of its own, which proves everything but the time and carries no secret.
/// The answer becomes evidence of `fault` and a fact of the endpoint; half of the time left is taken at most.
pub async fn explain(net: &Net, trace: &mut Trace, at: &HttpsEndpoint, fault: Fault) -> Fault {
    let until = Instant::now() + LIMIT.min(trace.remaining() / 2);
    let Ok(Some((clock, time))) = timeout_at(until, ask(net, at, until)).await else { return fault };
    if let Some(endpoint) = trace.endpoint() {
        endpoint.server_clock = Some(clock);
    }
    let finding = if clock.agrees() {
        "the server's own clock agrees with this machine's".to_owned()
    } else {
        let valid = if clock.makes_valid { "in its time" } else { "outside its time as well" };
        format!("by the server's own clock, {}, the certificate is {valid}", rfc3339(time))
    };
    with_finding(fault, &finding)
}

/// Returns the server's clock, and the time that it told.
async fn ask(net: &Net, at: &HttpsEndpoint, deadline: Instant) -> Option<(ServerClock, SystemTime)> {
    let mut scratch = Trace::begin(Phase::Tls, deadline);
    let stream = net.connect(&mut scratch, &at.host, at.port).await.ok()?;
    let (stream, validity) = net.tls.secure_at_any_time(&at.host, stream).await?;
    let request = Request::builder().method(Method::HEAD).uri("/").body(Full::default()).ok()?;
    let response = HttpExchange { at, request, secrets: Sent::default() }.over(&mut scratch, stream).await.ok()?;
    let head = response.head();
    let (time, skew_seconds) = (head.date()?, head.clock_skew(SystemTime::now())?);
    Some((ServerClock { skew_seconds, makes_valid: validity.contains(&time) }, time))
}

/// Puts `finding` before what was heard, of which the end may be cut.
fn with_finding(mut fault: Fault, finding: &str) -> Fault {
    let heard = fault.evidence.heard.take().unwrap_or_else(|| fault.reason.title().to_owned());
    fault.evidence.heard = Some(sanitize::evidence(format!("{finding}; {heard}").as_bytes()));
    fault
}
