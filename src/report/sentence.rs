//! An outcome, or a part of it, as a sentence of plain English: what plugins, logs and pages say of a run.

use std::fmt::Write as _;
use std::time::Duration;

use super::text::{brief, count_of, minute, one_line, seconds, time};
use super::{JudgedOutcome, expiry, term};
use crate::lang::Lang;
use crate::levels::{self, Breach, Metric, State, is_derived_from_limit};
use crate::outcome::{Evidence, Failure, Fault, Outcome, Phase, RoundTripFacts, SkipReason, Verdict};
use crate::reason::{Owner, Reason, Severity};
use crate::sanitize;

/// Characters of a code: `ErrorImpersonateUserDenied` and its longer kin fit.
const CODE: usize = 60;

/// The subject of the outcome: the mailbox's address, else its name, else the tenant.
pub fn subject(outcome: &Outcome) -> String {
    one_line(outcome.address.as_deref().or(outcome.probe.mailbox.as_deref()).unwrap_or(&outcome.probe.tenant))
}

/// The outcome in one sentence: what was achieved, or what failed where and what to do first.
pub fn sentence(judged: &JudgedOutcome<'_>) -> String {
    sentence_with(judged, |failure| self::failure(judged, failure))
}

/// A failure in one sentence: `client_secret_expired in token (AADSTS7000222); create a new client secret …; who must act: …`.
pub fn failure(judged: &JudgedOutcome<'_>, failure: &Failure) -> String {
    let reason = failure.reason;
    format!("{}; {}{}{}", reason_and_phase(failure), judged.first_step(reason), who_must_act(reason), since(judged, reason))
}

/// `; who must act: tenant admin`.
pub fn who_must_act(reason: Reason) -> String {
    format!("; who must act: {}", term::brief_owner(reason.owner()))
}

/// The same with a failure as `describe` writes it.
pub fn sentence_with(judged: &JudgedOutcome<'_>, describe: impl Fn(&Failure) -> String) -> String {
    let mut text = match &judged.outcome.verdict {
        Verdict::Ok => success(judged.outcome),
        Verdict::Failed(failure) => describe(failure),
        Verdict::Skipped(skip @ SkipReason::BackOff { because, .. }) => {
            skipped(skip) + &who_must_act(*because) + &since(judged, *because)
        }
        Verdict::Skipped(skip) => skipped(skip),
    };
    for breach in &judged.judgement.breaches {
        let _ = write!(text, "; {}", breached(breach));
    }
    for fault in judged.warnings() {
        let _ = write!(text, "; {}", warning(judged, fault));
    }
    for metric in &judged.judgement.missing {
        let _ = write!(text, "; {metric} has a limit and is not known");
    }
    text
}

/// Returns since when the probe has been failing, where that is known, and of what may still pass by itself how long that is a
/// warning: `; since 2026-11-29 14:02 UTC, critical after 30 minutes`.
pub fn since(judged: &JudgedOutcome<'_>, reason: Reason) -> String {
    let Some(since) = judged.outcome.facts.failing_since else { return String::new() };
    let may_pass = reason.severity() == Severity::Transient && judged.state() == State::Warning;
    let patience = levels::PATIENCE.as_secs() / 60;
    let patience = if may_pass { format!(", critical after {}", count_of(patience, "minute")) } else { String::new() };
    format!("; since {}{patience}", minute(since))
}

/// `ews_retiring: EWS ends in 123 days (2027-04-01), move to Microsoft Graph`; what a level made a warning of, with what to do.
pub fn warning(judged: &JudgedOutcome<'_>, fault: &Fault) -> String {
    let reason = fault.reason;
    let title = expiry::warning_title(reason, judged, Lang::En).unwrap_or_else(|| reason.title().to_owned());
    let advice = if is_derived_from_limit(reason) { format!("; {}", judged.first_step(reason)) } else { String::new() };
    format!("{reason}: {title}{advice}")
}

/// `client_secret_expired in token (AADSTS7000222)`, `connect_timed_out in connect (outlook.office365.com:995)`.
pub fn reason_and_phase(failure: &Failure) -> String {
    let asides: Vec<String> = peer_code(failure).into_iter().chain(failed_endpoint(failure)).collect();
    let asides = if asides.is_empty() { String::new() } else { format!(" ({})", asides.join(", ")) };
    format!("{} in {}{asides}", failure.reason, failure.phase)
}

/// The host and port to which there is no usable connection: what a firewall's rule or `nc` is given. A conversation that was
/// refused is about the mailbox or the application instead, and what only this machine has a part in is about no peer.
pub fn failed_endpoint(failure: &Failure) -> Option<String> {
    let is_connection = matches!(failure.phase, Phase::Connect | Phase::Proxy | Phase::Tls | Phase::Greeting | Phase::Starttls);
    let is_theirs = failure.reason.owner() != Owner::Here;
    failure.evidence.peer.as_ref().filter(|_| is_connection && is_theirs).map(|peer| one_line(&peer.endpoint()))
}

/// The other side's own code as people look it up: Entra's numbers with their prefix.
pub fn peer_code(failure: &Failure) -> Option<String> {
    let code = failure.evidence.code.as_deref()?;
    let number = !code.is_empty() && code.bytes().all(|b| b.is_ascii_digit());
    let prefix = if number && failure.phase == Phase::Token { "AADSTS" } else { "" };
    Some(format!("{prefix}{}", sanitize::one_line(code, CODE)))
}

fn success(outcome: &Outcome) -> String {
    let round_trip = &outcome.facts.round_trip;
    if round_trip.pending.is_some() {
        return mail(round_trip);
    }
    if let Some(refusal) = outcome.facts.stays_closed {
        return format!("stays closed, as wanted: {refusal} after {}s", seconds(outcome.took));
    }
    let done = match outcome.phases.last().map(|span| span.phase) {
        Some(Phase::Mailbox) => "mailbox opened",
        Some(Phase::Auth) => "login accepted",
        Some(Phase::Token) => "token received",
        Some(Phase::Dns) => "names resolved",
        _ => "reached",
    };
    let counted = [(outcome.facts.mailbox.messages, "message"), (outcome.facts.mailbox.folders, "folder")];
    let counts = counted.into_iter().filter_map(|(count, thing)| Some(format!(", {}", count_of(count?, thing))));
    format!("{done} in {}s{}", seconds(outcome.took), counts.collect::<String>())
}

/// Tells of the mail of a round trip that has met with no problem.
fn mail(facts: &RoundTripFacts) -> String {
    match (facts.arrival, facts.pending, facts.sent, facts.arrived) {
        (Some(took), ..) => format!("mail arrived after {}s", seconds(took)),
        (None, Some(1), Some(sent), _) => format!("mail on its way, sent at {}", time(sent)),
        (None, .., Some(arrived)) => format!("no mail due, the last one arrived at {}", time(arrived)),
        _ => "no mail due".to_owned(),
    }
}

fn skipped(skip: &SkipReason) -> String {
    match skip {
        SkipReason::BackOff { until, because } => {
            format!("not run: the server asked us to wait until {} ({because})", time(*until))
        }
        SkipReason::Busy => "not run: another run still uses the connection".to_owned(),
        SkipReason::Missed => "not run: its run would have begun too late".to_owned(),
        SkipReason::Hanging => "not run: its endpoint does not answer, so that few runs at a time ask it".to_owned(),
        SkipReason::Stale { since } => {
            format!("no current result: the last run was at {}; check the log and the load of m365-probe", time(*since))
        }
        SkipReason::NotYet => "not run yet: its first run is still to come".to_owned(),
    }
}

fn breached(breach: &Breach) -> String {
    let Breach { metric, value, range, .. } = breach;
    match metric {
        Metric::Total | Metric::Phase(_) => format!("{metric} took {value:.3}s, limit {range}"),
        Metric::CertificateDays | Metric::SecretDays | Metric::CredentialDays | Metric::EwsDays => {
            let hint = metric.lower_bound_hint(range).map(|hint| format!(" ({hint})")).unwrap_or_default();
            format!("{metric} is {value:.1}, limit {range}{hint}")
        }
        Metric::Messages | Metric::Unread => format!("{metric} is {value}, limit {range}"),
        Metric::OldestMessage => format!("{metric} is {value:.0}, limit {range}"),
        Metric::QuotaPercent => format!("{metric} is {value:.1}, limit {range}"),
        Metric::Arrival => format!("{metric} is {value:.3}, limit {range}"),
        Metric::ClockSkew => format!("{metric} is {value:.1}s, limit {range}"),
    }
}

/// Phases with their times, each once, in order of entry: `token 213ms, dns 4.1ms`.
pub fn phases(outcome: &Outcome) -> String {
    let times: Vec<String> = entered(outcome).map(|(phase, took)| format!("{phase} {}", brief(took))).collect();
    times.join(", ")
}

/// The phases that were entered, each once, with all the time spent in them.
pub fn entered(outcome: &Outcome) -> impl Iterator<Item = (Phase, Duration)> {
    let first_time = |at: usize, phase| outcome.phases.iter().take(at).all(|span| span.phase != phase);
    let once = outcome.phases.iter().enumerate().filter(move |(at, span)| first_time(*at, span.phase));
    once.map(|(_, span)| (span.phase, outcome.phase(span.phase).unwrap_or_default()))
}

/// The numbers of a run that took place, in plain decimals: seconds to the millisecond, days to the hundredth.
pub fn numbers(judged: &JudgedOutcome<'_>) -> Vec<(Metric, String)> {
    if judged.outcome.is_skipped() {
        return Vec::new();
    }
    let written = |metric: Metric| {
        let value = metric.value(judged.outcome, judged.now)?;
        Some((
            metric,
            match metric {
                Metric::Total | Metric::Phase(_) | Metric::Arrival => format!("{value:.3}"),
                Metric::CertificateDays | Metric::SecretDays | Metric::CredentialDays | Metric::EwsDays => days(value),
                Metric::Messages | Metric::Unread | Metric::OldestMessage => format!("{value:.0}"),
                Metric::QuotaPercent | Metric::ClockSkew => format!("{value:.1}"),
            },
        ))
    };
    Metric::all().filter_map(written).collect()
}

/// Days to the hundredth, without the sign of what is less than that.
fn days(value: f64) -> String {
    let text = format!("{value:.2}");
    if text == "-0.00" { "0.00".to_owned() } else { text }
}

/// Returns the parts of the evidence that are known, as names and values.
pub fn evidence(evidence: &Evidence) -> Vec<(&'static str, String)> {
    let Evidence { peer, said, heard, code, unrecognized: _, ids } = evidence;
    let peer = peer.as_ref().map(ToString::to_string);
    let parts = [("peer", &peer), ("said", said), ("heard", heard), ("code", code)];
    let parts = parts.into_iter().filter_map(|(name, text)| Some((name, one_line(text.as_deref()?))));
    parts.chain(ids.iter().map(|(name, value)| (name.code(), one_line(value)))).collect()
}
