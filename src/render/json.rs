//! Outcomes for programs: `check --output json`, `doctor --output json` and `/api/v1/outcomes`.

mod facts;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::diagnosis::RootCause;
use crate::lang::Lang;
use crate::levels::{self, Limits, Metric, Range};
use crate::outcome::{Evidence, Fault, SkipReason, Verdict};
use crate::reason::Reason;
use crate::report::remedy::Concern;
use crate::report::text;
use crate::report::{JudgedOutcome, root_cause};
use crate::store::ProbeEntry;

/// The version of the format. Keys may be added under one version, never changed or removed.
const SCHEMA: u32 = 1;

/// The whole document, indented, to its last line feed. Times are RFC 3339 in UTC, durations are seconds, and what is said
/// of root causes is in `lang`.
pub fn report(judged: &[JudgedOutcome<'_>], now: SystemTime, lang: Lang) -> String {
    let causes = root_cause::diagnose(judged);
    written(judged.iter().map(Shown::new).collect(), explained(&causes, judged, lang), None, now)
}

/// The same with root causes that were found elsewhere, where more was known.
pub fn blaming(judged: &[JudgedOutcome<'_>], causes: &[RootCause], now: SystemTime) -> String {
    written(judged.iter().map(Shown::new).collect(), explained(causes, judged, Lang::En), None, now)
}

/// What a service knows of some of its probes: the last outcome of each, how often it runs and whether that is current,
/// and which have not run yet. `judged` is everything that the causes were found in.
pub fn known(probes: &[&ProbeEntry], causes: &[RootCause], judged: &[JudgedOutcome<'_>], now: SystemTime) -> String {
    let outcomes = probes.iter().filter_map(|known| {
        let outcome = known.last.as_deref().or(known.skipped.as_deref())?;
        let shown = Shown::new(&JudgedOutcome::new(outcome, &known.settings.limits, now));
        let (interval, current) = (seconds(known.settings.interval), known.is_current(outcome.at, now));
        Some(Shown { interval_seconds: Some(interval), current: Some(current), ..shown })
    });
    let pending = probes.iter().filter(|known| known.last.is_none() && known.skipped.is_none());
    let pending = pending.map(|known| Pending::new(known)).collect();
    written(outcomes.collect(), explained(causes, judged, Lang::En), Some(pending), now)
}

fn explained<'a>(causes: &'a [RootCause], judged: &'a [JudgedOutcome<'a>], lang: Lang) -> Vec<Cause<'a>> {
    causes.iter().map(|cause| Cause::new(cause, judged, lang)).collect()
}

fn written(outcomes: Vec<Shown<'_>>, root_causes: Vec<Cause<'_>>, pending: Option<Vec<Pending<'_>>>, now: SystemTime) -> String {
    let ok = !outcomes.is_empty() && outcomes.iter().all(|one| one.ok && one.breaches.is_empty());
    let report = Report { schema: SCHEMA, at: text::time(now), ok, root_causes, outcomes, pending };
    // Strings, numbers and maps with text keys: there is nothing here that JSON cannot hold.
    serde_json::to_string_pretty(&report).unwrap_or_default() + "\n"
}

#[derive(Serialize)]
struct Report<'a> {
    schema: u32,
    at: String,
    ok: bool,
    /// What the diagnosis holds to be behind it all; empty where nothing failed.
    root_causes: Vec<Cause<'a>>,
    outcomes: Vec<Shown<'a>>,
    /// Probes of a service whose first turn is still to come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<Vec<Pending<'a>>>,
}

#[derive(Serialize)]
struct Pending<'a> {
    probe: String,
    tenant: &'a str,
    mailbox: Option<&'a str>,
    address: Option<&'a str>,
    check: &'static str,
}

impl<'a> Pending<'a> {
    fn new(known: &'a ProbeEntry) -> Self {
        let id = &known.settings.id;
        Self {
            probe: id.to_string(),
            tenant: &id.tenant,
            mailbox: id.mailbox.as_deref(),
            address: known.settings.address.as_deref(),
            check: id.check.name(),
        }
    }
}

#[derive(Serialize)]
struct Cause<'a> {
    reason: &'static str,
    confidence: &'static str,
    owner: &'static str,
    tenant: &'a str,
    tenant_id: Option<&'a str>,
    client_id: Option<&'a str>,
    mailbox: Option<&'a str>,
    /// The addresses of the mailboxes it befell.
    addresses: Vec<&'a str>,
    title: &'static str,
    /// What it means here.
    meaning: String,
    /// What to do, step by step; commands stand in backquotes, of many mailboxes the first few in each.
    remedy: Vec<String>,
    /// How long such a change takes to apply.
    applies: Option<&'static str>,
    /// Where to read on.
    source: Option<&'static str>,
    explains: Vec<String>,
    /// What else it may be, the next best first.
    candidates: Vec<&'static str>,
    /// What was seen where it shows best.
    evidence: Heard<'a>,
}

impl<'a> Cause<'a> {
    fn new(cause: &'a RootCause, judged: &'a [JudgedOutcome<'a>], lang: Lang) -> Self {
        let outcomes = root_cause::outcomes(&cause.explains, judged);
        let concern = Concern::new(&cause.tenant, cause.reason, outcomes, judged);
        let (client_id, tenant_id) = concern.application();
        let text = cause.reason.text(lang);
        Self {
            reason: cause.reason.code(),
            confidence: cause.confidence.code(),
            owner: cause.owner().code(),
            tenant: &cause.tenant,
            tenant_id,
            client_id,
            mailbox: cause.mailbox.as_deref(),
            addresses: concern.mailboxes().to_vec(),
            title: text.title,
            meaning: concern.meaning(text, lang),
            remedy: concern.lines(text, lang),
            applies: text.applies,
            source: text.source,
            explains: cause.explains.iter().map(ToString::to_string).collect(),
            candidates: cause.candidates.iter().copied().map(Reason::code).collect(),
            evidence: Heard::of(&cause.evidence),
        }
    }
}

#[derive(Serialize)]
struct Shown<'a> {
    probe: String,
    tenant: &'a str,
    mailbox: Option<&'a str>,
    address: Option<&'a str>,
    check: &'static str,
    at: String,
    /// Of a service: seconds between the beginnings of two runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    interval_seconds: Option<f64>,
    /// Of a service: whether this is how things are; not so when three turns have passed without a run.
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<bool>,
    state: &'static str,
    ok: bool,
    phase: Option<&'static str>,
    reason: Option<&'static str>,
    owner: Option<&'static str>,
    title: Option<&'static str>,
    remedy: Option<&'static str>,
    skipped: Option<Skipped>,
    seconds: f64,
    phases: Vec<Phase>,
    limits: Levels,
    breaches: Vec<Breach>,
    /// What is worth a look though it stopped nothing.
    warnings: Vec<Warning<'a>>,
    facts: Map<String, Value>,
    evidence: Option<Heard<'a>>,
}

impl<'a> Shown<'a> {
    fn new(judged: &JudgedOutcome<'a>) -> Self {
        let outcome = judged.outcome;
        let failure = outcome.failure();
        let reason = failure.map(|failure| failure.reason);
        Self {
            probe: outcome.probe.to_string(),
            tenant: &outcome.probe.tenant,
            mailbox: outcome.probe.mailbox.as_deref(),
            address: outcome.address.as_deref(),
            check: outcome.probe.check.name(),
            at: text::time(outcome.at),
            interval_seconds: None,
            current: None,
            state: judged.state().code(),
            ok: outcome.is_ok(),
            phase: failure.map(|failure| failure.phase.code()),
            reason: reason.map(Reason::code),
            owner: reason.map(|reason| reason.owner().code()),
            title: reason.map(Reason::title),
            remedy: reason.map(Reason::remedy),
            skipped: Skipped::of(&outcome.verdict),
            seconds: seconds(outcome.took),
            phases: outcome.phases.iter().map(|span| Phase { phase: span.phase.code(), seconds: seconds(span.took) }).collect(),
            limits: Levels::of(judged.limits),
            breaches: judged.judgement.breaches.iter().map(Breach::new).collect(),
            warnings: judged.warnings().iter().copied().map(Warning::of).collect(),
            facts: facts::of(&outcome.facts),
            evidence: failure.map(|failure| Heard::of(&failure.evidence)),
        }
    }
}

#[derive(Serialize)]
struct Phase {
    phase: &'static str,
    seconds: f64,
}

#[derive(Serialize)]
struct Skipped {
    reason: &'static str,
    until: Option<String>,
    because: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

impl Skipped {
    fn of(verdict: &Verdict) -> Option<Self> {
        let Verdict::Skipped(skip) = verdict else { return None };
        let told = Self { reason: skip.code(), until: None, because: None, since: None };
        Some(match skip {
            SkipReason::BackOff { until, because } => {
                Self { until: Some(text::time(*until)), because: Some(because.code()), ..told }
            }
            SkipReason::Stale { since } => Self { since: Some(text::time(*since)), ..told },
            SkipReason::Busy | SkipReason::Missed | SkipReason::NotYet => told,
        })
    }
}

/// What a state was judged by, as it stands in a configuration.
#[derive(Serialize)]
struct Levels {
    warning: Vec<String>,
    critical: Vec<String>,
}

impl Levels {
    fn of(limits: &Limits) -> Self {
        let written = |level: &[(Metric, Range)]| level.iter().map(|(metric, range)| format!("{metric}={range}")).collect();
        Self { warning: written(&limits.warning), critical: written(&limits.critical) }
    }
}

#[derive(Serialize)]
struct Breach {
    metric: &'static str,
    value: f64,
    range: String,
    state: &'static str,
}

impl Breach {
    fn new(breach: &levels::Breach) -> Self {
        let levels::Breach { metric, value, range, state } = breach;
        Self { metric: metric.code(), value: *value, range: range.to_string(), state: state.code() }
    }
}

#[derive(Serialize)]
struct Warning<'a> {
    reason: &'static str,
    owner: &'static str,
    title: &'static str,
    remedy: &'static str,
    evidence: Heard<'a>,
}

impl<'a> Warning<'a> {
    fn of(warning: &'a Fault) -> Self {
        let reason = warning.reason;
        Self {
            reason: reason.code(),
            owner: reason.owner().code(),
            title: reason.title(),
            remedy: reason.remedy(),
            evidence: Heard::of(&warning.evidence),
        }
    }
}

#[derive(Serialize)]
struct Heard<'a> {
    peer: Option<&'a str>,
    said: Option<&'a str>,
    heard: Option<&'a str>,
    code: Option<&'a str>,
    ids: BTreeMap<&'static str, &'a str>,
}

impl<'a> Heard<'a> {
    fn of(evidence: &'a Evidence) -> Self {
        let Evidence { peer, said, heard, code, ids } = evidence;
        let ids = ids.iter().map(|(name, value)| (name.code(), value.as_str())).collect();
        Self { peer: peer.as_deref(), said: said.as_deref(), heard: heard.as_deref(), code: code.as_deref(), ids }
    }
}

/// Seconds to the microsecond: what lies below is noise.
fn seconds(took: Duration) -> f64 {
    took.as_micros() as f64 / 1e6
}
