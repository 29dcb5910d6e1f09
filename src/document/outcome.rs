//! One outcome in a document, and what a service adds to it.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize, Serializer};

use super::{ProbeEntry, missing, phase, reason, time, unknown};
use crate::levels::{self, Limits, Metric, Range};
use crate::outcome::{
    Evidence, Facts, Failure, Fault, Outcome, SkipReason, Span, Verdict, known_by_name, parse_seconds, rfc3339, seconds,
};
use crate::reason::Reason;
use crate::report::JudgedOutcome;

/// One outcome, as it stands in a document.
#[derive(Debug, Serialize, Deserialize)]
pub struct OutcomeEntry<'a> {
    /// The probe whose outcome it is.
    #[serde(flatten)]
    pub probe: ProbeEntry<'a>,
    at: String,
    /// Of a service: seconds between the beginnings of two runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    interval_seconds: Option<f64>,
    /// Of a service: whether this is how things are; not so when three turns have passed without a run.
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<bool>,
    #[serde(skip_deserializing)]
    state: &'static str,
    ok: bool,
    phase: Option<Cow<'a, str>>,
    reason: Option<Cow<'a, str>>,
    #[serde(skip_deserializing)]
    owner: Option<&'static str>,
    #[serde(skip_deserializing)]
    title: Option<&'static str>,
    #[serde(skip_deserializing)]
    remedy: Option<&'static str>,
    skipped: Option<SkippedEntry<'a>>,
    seconds: f64,
    phases: Vec<SpanEntry<'a>>,
    limits: LimitsEntry,
    #[serde(skip_deserializing)]
    breaches: Vec<BreachEntry>,
    /// Reasons that stopped nothing and still ask for action.
    #[serde(default)]
    warnings: Vec<WarningEntry<'a>>,
    #[serde(serialize_with = "facts_by_name")]
    facts: Cow<'a, Facts>,
    evidence: Option<Cow<'a, Evidence>>,
}

fn facts_by_name<S: Serializer>(facts: &Facts, serializer: S) -> Result<S::Ok, S::Error> {
    known_by_name(facts, serializer)
}

impl<'a> OutcomeEntry<'a> {
    pub(super) fn new(judged: &JudgedOutcome<'a>) -> Self {
        let outcome = judged.outcome;
        let failure = outcome.failure();
        let reason = failure.map(|failure| failure.reason);
        let span = |span: &Span| SpanEntry { phase: span.phase.code().into(), seconds: seconds(span.took) };
        Self {
            probe: ProbeEntry::new(&outcome.probe, outcome.address.as_deref()),
            at: rfc3339(outcome.at),
            interval_seconds: None,
            current: None,
            state: judged.state().code(),
            ok: outcome.is_ok(),
            phase: failure.map(|failure| failure.phase.code().into()),
            reason: reason.map(|reason| reason.code().into()),
            owner: reason.map(|reason| reason.owner().code()),
            title: reason.map(Reason::title),
            remedy: reason.map(Reason::remedy),
            skipped: SkippedEntry::new(&outcome.verdict),
            seconds: seconds(outcome.took),
            phases: outcome.phases.iter().map(span).collect(),
            limits: LimitsEntry::new(judged.limits),
            breaches: judged.judgement.breaches.iter().map(BreachEntry::new).collect(),
            warnings: judged.warnings().iter().map(|fault| WarningEntry::new(fault, judged)).collect(),
            facts: Cow::Borrowed(&outcome.facts),
            evidence: failure.map(|failure| Cow::Borrowed(&failure.evidence)),
        }
    }

    pub(super) fn of_service(self, interval_seconds: f64, current: bool) -> Self {
        Self { interval_seconds: Some(interval_seconds), current: Some(current), ..self }
    }

    pub(super) fn is_good(&self) -> bool {
        self.ok && self.breaches.is_empty()
    }

    /// The limits it was judged by.
    ///
    /// # Errors
    /// For a person: a limit that cannot be read.
    pub fn limits(&self) -> Result<Limits, String> {
        let LimitsEntry { warning, critical } = &self.limits;
        Limits::parse(warning, critical).map_err(|problem| format!("the answer's limits cannot be read: {problem}"))
    }

    /// The outcome. Of a run that did not take place or is not current no fact is given: numbers of a time that is over would
    /// be taken for those of today.
    ///
    /// # Errors
    /// For a person: a code that is not known here, or a time or number that cannot be read.
    pub fn into_outcome(self) -> Result<Outcome, String> {
        let at = time("at", &self.at)?;
        let verdict = self.verdict(at)?;
        let address = self.probe.address.as_deref().map(Into::into);
        let outcome = Outcome { address, ..Outcome::new(self.probe.id()?, at, verdict) };
        if outcome.is_skipped() {
            return Ok(outcome);
        }
        Ok(Outcome {
            took: duration(self.seconds)?,
            phases: self.phases.iter().map(SpanEntry::span).collect::<Result<_, _>>()?,
            facts: Facts { warnings: noted(self.warnings)?, ..self.facts.into_owned() },
            ..outcome
        })
    }

    fn verdict(&self, at: SystemTime) -> Result<Verdict, String> {
        if !self.current.ok_or_else(|| missing("current"))? {
            return Ok(Verdict::Skipped(SkipReason::Stale { since: at }));
        }
        if let Some(skipped) = &self.skipped {
            return skipped.reason().map(Verdict::Skipped);
        }
        if self.ok {
            return Ok(Verdict::Ok);
        }
        Ok(Verdict::Failed(Failure {
            reason: reason(self.reason.as_deref().ok_or_else(|| missing("reason"))?)?,
            phase: phase(self.phase.as_deref().ok_or_else(|| missing("phase"))?)?,
            evidence: self.evidence.as_deref().cloned().unwrap_or_default(),
        }))
    }
}

fn duration(seconds: f64) -> Result<Duration, String> {
    parse_seconds(seconds).ok_or_else(|| missing("seconds"))
}

/// The time spent in a phase.
#[derive(Debug, Serialize, Deserialize)]
struct SpanEntry<'a> {
    phase: Cow<'a, str>,
    seconds: f64,
}

impl SpanEntry<'_> {
    fn span(&self) -> Result<Span, String> {
        Ok(Span { phase: phase(&self.phase)?, took: duration(self.seconds)? })
    }
}

/// The reason for which a run did not take place, with its times.
#[derive(Debug, Serialize, Deserialize)]
struct SkippedEntry<'a> {
    reason: Cow<'a, str>,
    until: Option<String>,
    because: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

impl SkippedEntry<'_> {
    fn new(verdict: &Verdict) -> Option<Self> {
        let Verdict::Skipped(skip) = verdict else { return None };
        let entry = Self { reason: skip.code().into(), until: None, because: None, since: None };
        Some(match skip {
            SkipReason::BackOff { until, because } => {
                Self { until: Some(rfc3339(*until)), because: Some(because.code().into()), ..entry }
            }
            SkipReason::Stale { since } => Self { since: Some(rfc3339(*since)), ..entry },
            SkipReason::Busy | SkipReason::Missed | SkipReason::Hanging | SkipReason::NotYet => entry,
        })
    }

    fn reason(&self) -> Result<SkipReason, String> {
        let until = || self.until.as_deref().ok_or_else(|| missing("until")).and_then(|until| time("until", until));
        match &*self.reason {
            "back_off" => Ok(SkipReason::BackOff {
                until: until()?,
                because: reason(self.because.as_deref().ok_or_else(|| missing("because"))?)?,
            }),
            "busy" => Ok(SkipReason::Busy),
            "missed" => Ok(SkipReason::Missed),
            "hanging" => Ok(SkipReason::Hanging),
            other => Err(unknown("reason", other)),
        }
    }
}

/// The limits that a state was judged by, each as `METRIC=RANGE` as in a configuration.
#[derive(Debug, Serialize, Deserialize)]
struct LimitsEntry {
    warning: Vec<String>,
    critical: Vec<String>,
}

impl LimitsEntry {
    fn new(limits: &Limits) -> Self {
        let texts = |level: &[(Metric, Range)]| level.iter().map(|(metric, range)| format!("{metric}={range}")).collect();
        Self { warning: texts(&limits.warning), critical: texts(&limits.critical) }
    }
}

/// A number that left its range.
#[derive(Debug, Serialize)]
struct BreachEntry {
    metric: &'static str,
    value: f64,
    range: String,
    state: &'static str,
}

impl BreachEntry {
    fn new(breach: &levels::Breach) -> Self {
        let levels::Breach { metric, value, range, state } = breach;
        Self { metric: metric.code(), value: *value, range: range.to_string(), state: state.code() }
    }
}

/// A warning: a reason that stopped nothing.
#[derive(Debug, Serialize, Deserialize)]
struct WarningEntry<'a> {
    reason: Cow<'a, str>,
    #[serde(skip_deserializing)]
    owner: &'static str,
    #[serde(skip_deserializing)]
    title: &'static str,
    #[serde(skip_deserializing)]
    remedy: &'static str,
    evidence: Cow<'a, Evidence>,
}

impl<'a> WarningEntry<'a> {
    fn new(warning: &'a Fault, judged: &JudgedOutcome<'_>) -> Self {
        let reason = warning.reason;
        Self {
            reason: reason.code().into(),
            owner: reason.owner().code(),
            title: reason.title(),
            remedy: judged.first_step(reason),
            evidence: Cow::Borrowed(&warning.evidence),
        }
    }

    fn into_fault(self) -> Result<Fault, String> {
        Ok(Fault { reason: reason(&self.reason)?, evidence: self.evidence.into_owned() })
    }
}

/// The warnings that the run noted. What a level made of a number is judged anew: the levels may be others here.
fn noted(warnings: Vec<WarningEntry<'_>>) -> Result<Vec<Fault>, String> {
    let faults = warnings.into_iter().map(WarningEntry::into_fault);
    faults.filter(|fault| fault.as_ref().map_or(true, |fault| !levels::is_derived_from_limit(fault.reason))).collect()
}
