//! The outcome of one run of a probe: plain data, from which everything the user sees is made.

mod backlog;
mod dns;
mod facts;
mod json;
mod peer;
mod redaction;
mod registration;
mod round_trip;
mod skip;
mod support;
mod transcript;

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

pub use self::backlog::BacklogFacts;
pub use self::dns::{DnsFacts, Family, NameSource};
pub use self::facts::{
    CertificateFacts, ClientCertificateFacts, EndpointFacts, Facts, MailboxFacts, ServerClock, ServerFacts, TokenFacts,
};
pub use self::json::{known_by_name, parse_rfc3339, parse_seconds, rfc3339, seconds};
pub use self::peer::Peer;
pub use self::registration::{CredentialFacts, CredentialKind, Registration};
pub use self::round_trip::{HopFacts, RoundTripFacts};
pub use self::skip::SkipReason;
pub use self::support::{SupportId, SupportIds};
pub use self::transcript::{Line, Speaker, Transcript};
use crate::kind::{Access, Check, Resource};
pub use crate::phase::Phase;
use crate::reason::Reason;
use crate::secret::Sent;

/// The identity of a probe: a check of a tenant or of one of its mailboxes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProbeId {
    /// The tenant's name in the configuration.
    pub tenant: String,
    /// The mailbox's label (its `name`, else its address); `None` for checks of the tenant.
    pub mailbox: Option<String>,
    /// The check that it makes.
    pub check: Check,
}

impl ProbeId {
    /// The `mailbox` label: empty for checks of the tenant.
    pub fn mailbox_label(&self) -> &str {
        self.mailbox.as_deref().unwrap_or("")
    }
}

/// Writes `contoso/praxis/pop3`, or `contoso/token` for a check of the tenant.
impl fmt::Display for ProbeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.mailbox {
            Some(mailbox) => write!(f, "{}/{mailbox}/{}", self.tenant, self.check),
            None => write!(f, "{}/{}", self.tenant, self.check),
        }
    }
}

/// The time spent in one phase. A phase entered twice has two spans; the spans of a run add up to its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The phase that the time was spent in.
    pub phase: Phase,
    /// The time that the phase was open.
    pub took: Duration,
}

/// The outcome of one run of a probe: its times, facts and verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The probe that ran.
    pub probe: ProbeId,
    /// The mailbox's address, where the probe has one. A label only where the user gave the mailbox no name.
    pub address: Option<String>,
    /// The time at which the run began.
    pub at: SystemTime,
    /// The duration of the run: the sum of its phases.
    pub took: Duration,
    /// The phases that were entered, in order.
    pub phases: Vec<Span>,
    /// The facts that the run learnt, also if it failed.
    pub facts: Facts,
    /// The run's ending: ok, failed or skipped.
    pub verdict: Verdict,
    /// The time to the next run, where it differs from the configured interval.
    pub interval: Option<Duration>,
}

impl Outcome {
    /// The outcome of a run that began `at` that time, took none and learnt nothing.
    pub fn new(probe: ProbeId, at: SystemTime, verdict: Verdict) -> Self {
        Self {
            probe,
            address: None,
            at,
            took: Duration::ZERO,
            phases: Vec::new(),
            facts: Facts::default(),
            verdict,
            interval: None,
        }
    }

    /// Reports whether the run succeeded.
    pub fn is_ok(&self) -> bool {
        matches!(self.verdict, Verdict::Ok)
    }

    /// Returns the resource that the token of the run is for: a round trip may have one of either.
    pub fn resource(&self) -> Resource {
        let of_check = self.probe.check.kind().access.as_ref().map_or(Resource::Exchange, |access| access.resource);
        let audience = self.facts.token.as_ref().and_then(|token| token.audience.as_deref());
        let is_graph = |audience: &str| audience == Resource::Graph.id() || audience.contains(Check::Graph.name());
        match self.probe.check {
            Check::RoundTrip if audience.is_some_and(is_graph) => Resource::Graph,
            _ => of_check,
        }
    }

    /// Returns the rights that the run needs, or needed where it failed.
    pub fn access(&self) -> Option<&'static Access> {
        let submits = self.failure().is_some_and(|failure| failure.phase == Phase::Submit);
        match (self.probe.check, self.resource()) {
            (Check::RoundTrip, Resource::Graph) if submits => Some(const { &Access::GRAPH_SUBMISSION }),
            (Check::RoundTrip, Resource::Graph) => Some(const { &Access::GRAPH_RETRIEVAL }),
            (check, _) => check.kind().access.as_ref(),
        }
    }

    /// Reports whether no run took place.
    pub const fn is_skipped(&self) -> bool {
        matches!(self.verdict, Verdict::Skipped(_))
    }

    /// Reports whether this machine was too slow for the run: it counts as missed, and tells nothing of the far side.
    pub fn is_missed(&self) -> bool {
        self.failure().is_some_and(|failure| failure.reason == Reason::MachineTooSlow)
    }

    /// Reports whether the run ended for a reason of ours that tells nothing of the far side: it counts as one that did not take
    /// place.
    pub fn is_no_result(&self) -> bool {
        self.failure().is_some_and(|failure| failure.reason.is_no_result())
    }

    /// Returns why no run took place that tells of the far side, as the value of a label.
    pub fn skip_code(&self) -> Option<&'static str> {
        match &self.verdict {
            Verdict::Skipped(skip) => Some(skip.code()),
            Verdict::Failed(failure) => Some(failure.reason.code()).filter(|_| self.is_no_result()),
            Verdict::Ok => None,
        }
    }

    /// Reports whether the run's times are those of the far side, and not of a machine that stood still.
    pub fn is_latency_sample(&self) -> bool {
        !self.is_skipped() && self.facts.stalled.is_none()
    }

    /// The failure, if it failed.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.verdict {
            Verdict::Failed(failure) => Some(failure),
            Verdict::Ok | Verdict::Skipped(_) => None,
        }
    }

    /// Time spent in `phase`, over all its spans; `None` if it was never entered.
    pub fn phase(&self, phase: Phase) -> Option<Duration> {
        let mut spans = self.phases.iter().filter(|span| span.phase == phase).peekable();
        spans.peek()?;
        Some(spans.map(|span| span.took).sum())
    }
}

/// The ending of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The run reached its end.
    Ok,
    /// It failed: where, why, and what was seen.
    Failed(Failure),
    /// It did not take place.
    Skipped(SkipReason),
}

/// All a check can say: what went wrong. Where it went wrong is known to the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The reason from the catalogue.
    pub reason: Reason,
    /// The evidence that the reason rests on.
    pub evidence: Evidence,
}

impl Fault {
    /// A fault without evidence.
    pub fn new(reason: Reason) -> Self {
        Self { reason, evidence: Evidence::default() }
    }

    /// A fault with the server's words, already bounded and cleaned of secrets.
    pub fn heard(reason: Reason, heard: impl Into<String>) -> Self {
        Self { reason, evidence: Evidence { heard: Some(heard.into()), ..Evidence::default() } }
    }

    /// The same evidence under another reason, which is no default.
    #[must_use]
    pub fn renamed(self, reason: Reason) -> Self {
        Self { reason, ..self }.unrecognized(false)
    }

    /// The same fault, marked where its reason is a default: the reply is in no table, and this is what was left.
    #[must_use]
    pub fn unrecognized(mut self, unrecognized: bool) -> Self {
        self.evidence.unrecognized = unrecognized;
        self
    }

    /// The same fault with a code (`AADSTS` number, `5.7.3`, `ErrorAccessDenied`) as evidence.
    #[must_use]
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.evidence.code = Some(code.into());
        self
    }

    /// The same fault with an identifier for a support ticket.
    #[must_use]
    pub fn id(mut self, name: SupportId, value: impl Into<String>) -> Self {
        self.evidence.ids.insert(name, value.into());
        self
    }

    /// The same fault with what it quotes from the peer sanitised and without the secrets in `sent`.
    #[must_use]
    pub fn redacted(mut self, sent: &Sent) -> Self {
        let evidence = &mut self.evidence;
        for text in evidence.heard.iter_mut().chain(&mut evidence.code).chain(evidence.ids.values_mut()) {
            *text = sent.sanitize(text.as_bytes());
        }
        self
    }
}

/// A fault and where it happened. Made in `Probe::run` and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The phase that was open.
    pub phase: Phase,
    /// The reason from the catalogue.
    pub reason: Reason,
    /// The evidence that the reason rests on.
    pub evidence: Evidence,
}

/// The exchange that a reason rests on. Never a label; never a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The host and port spoken to.
    pub peer: Option<Peer>,
    /// Our last request, with `<secret>` in place of a secret.
    pub said: Option<String>,
    /// The peer's reply: bounded, printable, cleaned of secrets.
    pub heard: Option<String>,
    /// Their own code for it.
    pub code: Option<String>,
    /// Set if the reply is in no table, so that the reason is a default. No such reason is ever certain.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unrecognized: bool,
    /// Identifiers for a support ticket.
    #[serde(default, serialize_with = "json::ids_by_name", deserialize_with = "json::ids_understood")]
    pub ids: SupportIds,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn redacted_masks_a_secret_in_reply_code_and_ids() {
        let mut sent = Sent::default();
        sent.remember(&Secret::new("marked-secret"));
        let fault =
            Fault::heard(Reason::AuthRefused, "no marked-secret").code("marked-secret").id(SupportId::Session, "MARKED-SECRET");
        let evidence = fault.redacted(&sent).evidence;
        assert_eq!(evidence.heard.as_deref(), Some("no <secret>"));
        assert_eq!(evidence.code.as_deref(), Some("<secret>"));
        assert_eq!(evidence.ids, SupportIds::from([(SupportId::Session, "<secret>".to_owned())]));
    }

    #[test]
    fn probe_id_is_displayed_as_a_path() {
        let mut probe = ProbeId { tenant: "contoso".into(), mailbox: Some("praxis".into()), check: Check::Pop3 };
        assert_eq!(probe.to_string(), "contoso/praxis/pop3");
        probe.mailbox = None;
        probe.check = Check::Token;
        assert_eq!(probe.to_string(), "contoso/token");
        assert_eq!(probe.mailbox_label(), "");
    }

    #[test]
    fn phase_entered_twice_has_the_sum_of_its_spans() {
        let second = Duration::from_secs(1);
        let outcome = Outcome {
            took: 3 * second,
            phases: [Phase::Dns, Phase::Connect, Phase::Dns].map(|phase| Span { phase, took: second }).to_vec(),
            ..Outcome::new(
                ProbeId { tenant: "t".into(), mailbox: None, check: Check::Reach },
                SystemTime::UNIX_EPOCH,
                Verdict::Ok,
            )
        };
        assert_eq!(outcome.phase(Phase::Dns), Some(2 * second));
        assert_eq!(outcome.phase(Phase::Auth), None);
    }
}
