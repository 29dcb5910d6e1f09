//! A service's JSON → outcomes, as if they had been made here.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::facts::{self, duration, ids, phase, time};
use super::{Known, Wanted};
use crate::diagnosis::{Confidence, RootCause};
use crate::kind::Check;
use crate::levels::{self, Limits};
use crate::outcome::{Evidence, Facts, Failure, Fault, Outcome, ProbeId, SkipReason, Span, Verdict};
use crate::reason::Reason;
use crate::sanitize::one_line;

/// The only format there is.
const SCHEMA: u64 = 1;

/// Reads what a service answered, and of it what is `wanted`.
///
/// # Errors
/// In words: it is not what a service says, or what is wanted is not among it.
pub fn read(body: &[u8], wanted: &Wanted) -> Result<Known, String> {
    let schema = serde_json::from_slice::<Version>(body).map_err(|error| unreadable(&error))?.schema;
    if schema != SCHEMA {
        return Err(format!("it speaks version {schema} of the format, and this program {SCHEMA}; use the same version of both"));
    }
    let document: Document = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
    let at = time(&document.at).ok_or_else(|| missing("at"))?;
    let names: Vec<&Name> = document.outcomes.iter().map(|run| &run.name).chain(&document.pending).collect();
    let chosen: HashSet<String> = select(names, wanted)?.into_iter().map(|name| name.probe.clone()).collect();
    let (mut outcomes, mut limits) = (Vec::with_capacity(chosen.len()), Vec::with_capacity(chosen.len()));
    for run in document.outcomes.into_iter().filter(|run| chosen.contains(&run.name.probe)) {
        limits.push(run.limits()?);
        outcomes.push(run.known()?);
    }
    for name in document.pending.into_iter().filter(|name| chosen.contains(&name.probe)) {
        limits.push(Limits::default());
        outcomes.push(name.not_yet(at)?);
    }
    let applications = document.root_causes.iter().filter_map(Cause::application).collect();
    let causes = document.root_causes.into_iter().map(Cause::known).collect::<Result<Vec<_>, _>>()?;
    let explains_one = |cause: &RootCause| outcomes.iter().any(|outcome| cause.explains.contains(&outcome.probe));
    Ok(Known { at, causes: causes.into_iter().filter(explains_one).collect(), applications, outcomes, limits })
}

fn unreadable(error: &serde_json::Error) -> String {
    format!("the answer is not that of m365-probe ({error}); is it m365-probe that listens there?")
}

fn missing(key: &str) -> String {
    format!("the answer lacks a readable `{key}`; use the same version of m365-probe there and here")
}

fn unknown(what: &str, code: &str) -> String {
    format!("the {what} `{}` is not known here; use the same version of m365-probe there and here", one_line(code, 60))
}

#[derive(Deserialize)]
struct Version {
    schema: u64,
}

#[derive(Deserialize)]
struct Document {
    at: String,
    root_causes: Vec<Cause>,
    outcomes: Vec<Run>,
    pending: Vec<Name>,
}

/// Whose run it is.
#[derive(Deserialize)]
struct Name {
    probe: String,
    tenant: String,
    mailbox: Option<String>,
    address: Option<String>,
    check: String,
}

impl Name {
    fn is_of(&self, mailbox: &str) -> bool {
        let is = |name: &Option<String>| name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(mailbox));
        is(&self.mailbox) || is(&self.address)
    }

    fn id(&self) -> Result<ProbeId, String> {
        let check = Check::from_name(&self.check).ok_or_else(|| unknown("check", &self.check))?;
        Ok(ProbeId { tenant: self.tenant.clone(), mailbox: self.mailbox.clone(), check })
    }

    fn not_yet(self, at: SystemTime) -> Result<Outcome, String> {
        let (probe, verdict) = (self.id()?, Verdict::Skipped(SkipReason::NotYet));
        let (took, phases, facts) = (Duration::ZERO, Vec::new(), Facts::default());
        Ok(Outcome { probe, address: self.address, at, took, phases, facts, verdict })
    }
}

/// What of `names` is wanted; at least one, and one for everything that was named.
fn select<'a>(names: Vec<&'a Name>, wanted: &Wanted) -> Result<Vec<&'a Name>, String> {
    let mut names = names;
    if let Some(tenant) = &wanted.tenant {
        names.retain(|name| name.tenant == *tenant);
        if names.is_empty() {
            return Err(format!("--tenant: it watches no tenant `{}`", one_line(tenant, 100)));
        }
    }
    if let Some(unknown) = wanted.mailboxes.iter().find(|mailbox| !names.iter().any(|name| name.is_of(mailbox))) {
        return Err(format!("--mailbox: it watches no mailbox `{}`", one_line(unknown, 100)));
    }
    let of_mailboxes = |name: &Name| wanted.mailboxes.is_empty() || wanted.mailboxes.iter().any(|mailbox| name.is_of(mailbox));
    if wanted.all_checks() {
        names.retain(|name| of_mailboxes(name));
    } else {
        let tenants: HashSet<&str> = names.iter().filter(|name| of_mailboxes(name)).map(|name| name.tenant.as_str()).collect();
        names.retain(|name| {
            let asked = wanted.checks.contains(&name.check);
            asked && (of_mailboxes(name) || name.mailbox.is_none() && tenants.contains(name.tenant.as_str()))
        });
        if let Some(check) = wanted.checks.iter().find(|check| !names.iter().any(|name| name.check == **check)) {
            return Err(format!("it makes no check `{check}` of what is selected; see `checks` in its configuration"));
        }
    }
    if names.is_empty() { Err("it watches nothing yet; see its configuration".to_owned()) } else { Ok(names) }
}

/// A probe's last run, and how things stand with it.
#[derive(Deserialize)]
struct Run {
    #[serde(flatten)]
    name: Name,
    at: String,
    current: bool,
    ok: bool,
    phase: Option<String>,
    reason: Option<String>,
    skipped: Option<Skipped>,
    seconds: f64,
    phases: Vec<PhaseTime>,
    limits: Levels,
    #[serde(default)]
    warnings: Vec<Warning>,
    facts: facts::Read,
    evidence: Option<Heard>,
}

#[derive(Deserialize)]
struct Skipped {
    reason: String,
    until: Option<String>,
    because: Option<String>,
}

#[derive(Deserialize)]
struct PhaseTime {
    phase: String,
    seconds: f64,
}

#[derive(Deserialize)]
struct Warning {
    reason: String,
    evidence: Heard,
}

#[derive(Deserialize)]
struct Levels {
    warning: Vec<String>,
    critical: Vec<String>,
}

#[derive(Deserialize)]
struct Heard {
    peer: Option<String>,
    said: Option<String>,
    heard: Option<String>,
    code: Option<String>,
    ids: Map<String, Value>,
}

impl Run {
    fn limits(&self) -> Result<Limits, String> {
        Limits::parse(&self.limits.warning, &self.limits.critical)
            .map_err(|problem| format!("the answer's limits cannot be read: {problem}"))
    }

    fn known(self) -> Result<Outcome, String> {
        let (probe, at) = (self.name.id()?, time(&self.at).ok_or_else(|| missing("at"))?);
        let verdict = self.verdict(at)?;
        if matches!(verdict, Verdict::Skipped(_)) {
            // Numbers and facts of a time that is over would be taken for those of today.
            let (took, phases, facts) = (Duration::ZERO, Vec::new(), Facts::default());
            return Ok(Outcome { probe, address: self.name.address, at, took, phases, facts, verdict });
        }
        let span = |span: PhaseTime| {
            let phase = phase(&span.phase).ok_or_else(|| unknown("phase", &span.phase))?;
            Ok(Span { phase, took: duration(span.seconds).ok_or_else(|| missing("seconds"))? })
        };
        Ok(Outcome {
            probe,
            address: self.name.address,
            at,
            took: duration(self.seconds).ok_or_else(|| missing("seconds"))?,
            phases: self.phases.into_iter().map(span).collect::<Result<_, String>>()?,
            facts: Facts { warnings: noted(&self.warnings)?, ..self.facts.into() },
            verdict,
        })
    }

    fn verdict(&self, at: SystemTime) -> Result<Verdict, String> {
        if !self.current {
            return Ok(Verdict::Skipped(SkipReason::Stale { since: at }));
        }
        if let Some(skipped) = &self.skipped {
            return skipped.known().map(Verdict::Skipped);
        }
        if self.ok {
            return Ok(Verdict::Ok);
        }
        let code = self.reason.as_deref().ok_or_else(|| missing("reason"))?;
        let reason = reason(code)?;
        let code = self.phase.as_deref().ok_or_else(|| missing("phase"))?;
        let phase = phase(code).ok_or_else(|| unknown("phase", code))?;
        let evidence = self.evidence.as_ref().map(Heard::known).unwrap_or_default();
        Ok(Verdict::Failed(Failure { phase, reason, evidence }))
    }
}

fn reason(code: &str) -> Result<Reason, String> {
    Reason::from_code(code).ok_or_else(|| unknown("reason", code))
}

impl Skipped {
    fn known(&self) -> Result<SkipReason, String> {
        match self.reason.as_str() {
            "back_off" => Ok(SkipReason::BackOff {
                until: self.until.as_deref().and_then(time).ok_or_else(|| missing("until"))?,
                because: reason(self.because.as_deref().ok_or_else(|| missing("because"))?)?,
            }),
            "busy" => Ok(SkipReason::Busy),
            "missed" => Ok(SkipReason::Missed),
            other => Err(unknown("reason", other)),
        }
    }
}

/// What runs noted. What a level made of a number is judged anew: the levels may be others here.
fn noted(warnings: &[Warning]) -> Result<Vec<Fault>, String> {
    let known = warnings.iter().map(Warning::known);
    known.filter(|warning| warning.as_ref().map_or(true, |warning| !levels::is_of_a_level(warning.reason))).collect()
}

impl Warning {
    fn known(&self) -> Result<Fault, String> {
        Ok(Fault { reason: reason(&self.reason)?, evidence: self.evidence.known() })
    }
}

impl Heard {
    fn known(&self) -> Evidence {
        let Self { peer, said, heard, code, .. } = self;
        let [peer, said, heard, code] = [peer, said, heard, code].map(Clone::clone);
        Evidence { peer, said, heard, code, ids: ids(&self.ids) }
    }
}

#[derive(Deserialize)]
struct Cause {
    reason: String,
    confidence: String,
    tenant: String,
    tenant_id: Option<String>,
    client_id: Option<String>,
    mailbox: Option<String>,
    explains: Vec<String>,
    candidates: Vec<String>,
    evidence: Option<Heard>,
}

impl Cause {
    /// The tenant's name, and the ids of the application and of the tenant.
    fn application(&self) -> Option<(String, (String, String))> {
        Some((self.tenant.clone(), (self.client_id.clone()?, self.tenant_id.clone()?)))
    }

    fn known(self) -> Result<RootCause, String> {
        let confidences = [Confidence::Possible, Confidence::Likely, Confidence::Certain];
        let confidence = confidences.into_iter().find(|one| one.code() == self.confidence);
        Ok(RootCause {
            reason: reason(&self.reason)?,
            confidence: confidence.ok_or_else(|| unknown("confidence", &self.confidence))?,
            tenant: self.tenant,
            mailbox: self.mailbox,
            explains: self.explains.iter().filter_map(|path| probe(path)).collect(),
            candidates: self.candidates.iter().filter_map(|code| Reason::from_code(code)).collect(),
            evidence: self.evidence.as_ref().map(Heard::known).unwrap_or_default(),
        })
    }
}

/// `contoso/praxis/pop3`, `contoso/token`: neither a tenant nor a check has a slash in its name.
fn probe(path: &str) -> Option<ProbeId> {
    let (rest, check) = path.rsplit_once('/')?;
    let (tenant, mailbox) = rest.split_once('/').map_or((rest, None), |(tenant, mailbox)| (tenant, Some(mailbox.to_owned())));
    Some(ProbeId { tenant: tenant.to_owned(), mailbox, check: Check::from_name(check)? })
}
