//! What an outcome is in words, for every output that a person reads.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use super::{Judged, ends};
use crate::cloud::host_port;
use crate::lang::Lang;
use crate::levels::{Breach, Metric, is_of_a_level};
use crate::outcome::{
    CredentialFacts, EndpointFacts, Evidence, Failure, Fault, NameSource, Outcome, Phase, Registration, SkipReason, Verdict,
};
use crate::sanitize;

/// Characters of one text from outside that are shown: more than any honest reply has.
const SHOWN: usize = 500;

/// Characters of a code: `ErrorImpersonateUserDenied` and its longer kin fit.
const CODE: usize = 60;

/// `text` on one line of at most 500 characters, without anything that moves the cursor or misleads the reader.
pub fn one_line(text: &str) -> String {
    sanitize::one_line(text, SHOWN)
}

/// Seconds to the millisecond: `0.412`.
pub fn seconds(took: Duration) -> String {
    format!("{:.3}", took.as_secs_f64())
}

/// Seconds, or milliseconds where seconds would be noughts: `1.302s`, `35ms`, `0.4ms`.
fn brief(took: Duration) -> String {
    let millis = took.as_secs_f64() * 1e3;
    match millis {
        ..9.95 => format!("{millis:.1}ms"),
        ..999.5 => format!("{millis:.0}ms"),
        _ => format!("{}s", seconds(took)),
    }
}

/// RFC 3339, UTC, to the second: `2026-11-23T17:59:49Z`.
pub fn time(at: SystemTime) -> String {
    // humantime's formatter fails on times before 1970 and after 9999: a clock or a certificate may be that wrong.
    let within = at.duration_since(SystemTime::UNIX_EPOCH).is_ok_and(|since| since.as_secs() < 253_402_300_800);
    if within { humantime::format_rfc3339_seconds(at).to_string() } else { "unknown".to_owned() }
}

/// Whom the outcome is about: the mailbox's address, else its name, else the tenant.
pub fn subject(outcome: &Outcome) -> String {
    one_line(outcome.address.as_deref().or(outcome.probe.mailbox.as_deref()).unwrap_or(&outcome.probe.tenant))
}

/// The outcome in one sentence: what was achieved, or what failed where and what to do first.
pub fn sentence(judged: &Judged<'_>) -> String {
    told(judged, failed)
}

/// A failure in one sentence: `client_secret_expired in token (AADSTS7000222); create a new client secret …`.
pub fn failed(failure: &Failure) -> String {
    format!("{}; {}", cause(failure), failure.reason.remedy())
}

/// The same with other words for a failure.
pub fn told(judged: &Judged<'_>, failed: impl Fn(&Failure) -> String) -> String {
    let mut text = match &judged.outcome.verdict {
        Verdict::Ok => success(judged.outcome),
        Verdict::Failed(failure) => failed(failure),
        Verdict::Skipped(skip) => skipped(skip),
    };
    for breach in &judged.judgement.breaches {
        let _ = write!(text, "; {}", breached(breach));
    }
    for warning in judged.warnings() {
        let _ = write!(text, "; {}", warned(judged, warning));
    }
    text
}

/// `ews_retiring: EWS ends in 123 days (2027-04-01), move to Microsoft Graph`; what a level made a warning of, with what to do.
pub fn warned(judged: &Judged<'_>, warning: &Fault) -> String {
    let reason = warning.reason;
    let told = ends::told(reason, judged, Lang::En).unwrap_or_else(|| reason.title().to_owned());
    let advice = if is_of_a_level(reason) { format!("; {}", reason.remedy()) } else { String::new() };
    format!("{reason}: {told}{advice}")
}

/// `client_secret_expired in token (AADSTS7000222)`.
pub fn cause(failure: &Failure) -> String {
    let code = code(failure).map(|code| format!(" ({code})")).unwrap_or_default();
    format!("{} in {}{code}", failure.reason, failure.phase)
}

/// The other side's own code as people look it up: Entra's numbers with their prefix.
pub fn code(failure: &Failure) -> Option<String> {
    let code = failure.evidence.code.as_deref()?;
    let number = !code.is_empty() && code.bytes().all(|b| b.is_ascii_digit());
    let prefix = if number && failure.phase == Phase::Token { "AADSTS" } else { "" };
    Some(format!("{prefix}{}", sanitize::one_line(code, CODE)))
}

fn success(outcome: &Outcome) -> String {
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

/// `1 message`, `12 messages`.
pub fn count_of(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

fn skipped(skip: &SkipReason) -> String {
    match skip {
        SkipReason::BackOff { until, because } => {
            format!("not run: the server asked us to stay away until {} ({because})", time(*until))
        }
        SkipReason::Busy => "not run: another run still holds the connection".to_owned(),
        SkipReason::Missed => "not run: its turn came too late".to_owned(),
        SkipReason::Stale { since } => {
            format!("no current result: the last run was at {}; look at the log and the load of m365-probe", time(*since))
        }
        SkipReason::NotYet => "not run yet: its first turn is still to come".to_owned(),
    }
}

fn breached(breach: &Breach) -> String {
    let Breach { metric, value, range, .. } = breach;
    match metric {
        Metric::Total | Metric::Phase(_) => format!("{metric} took {value:.3}s, limit {range}"),
        Metric::CertificateDays | Metric::SecretDays | Metric::EwsDays => format!("{metric} is {value:.1}, limit {range}"),
        Metric::Messages => format!("{metric} is {value}, limit {range}"),
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
pub fn numbers(judged: &Judged<'_>) -> Vec<(Metric, String)> {
    if matches!(judged.outcome.verdict, Verdict::Skipped(_)) {
        return Vec::new();
    }
    let written = |metric: Metric| {
        let value = metric.of(judged.outcome, judged.now)?;
        Some((
            metric,
            match metric {
                Metric::Total | Metric::Phase(_) => format!("{value:.3}"),
                Metric::CertificateDays | Metric::SecretDays | Metric::EwsDays => format!("{value:.2}"),
                Metric::Messages => format!("{value:.0}"),
            },
        ))
    };
    Metric::all().filter_map(written).collect()
}

/// What was said and heard, name and value.
pub fn evidence(evidence: &Evidence) -> Vec<(&'static str, String)> {
    let Evidence { peer, said, heard, code, ids } = evidence;
    let told = [("peer", peer), ("said", said), ("heard", heard), ("code", code)];
    let told = told.into_iter().filter_map(|(name, text)| Some((name, one_line(text.as_deref()?))));
    told.chain(ids.iter().map(|(name, value)| (*name, one_line(value)))).collect()
}

/// What was learnt, name and value, the most telling first.
pub fn facts(judged: &Judged<'_>) -> Vec<(String, String)> {
    let facts = &judged.outcome.facts;
    let mut told = Vec::new();
    let mut tell = |name: &str, value: Option<String>| told.extend(value.map(|value| (name.to_owned(), one_line(&value))));
    if let Some(token) = &facts.token {
        tell("token expires", token.expires.map(time));
        tell("token roles", token.roles.as_ref().map(|roles| if roles.is_empty() { "none".to_owned() } else { roles.join(" ") }));
        tell("token audience", token.audience.clone());
        tell("token object id", token.object_id.clone());
        tell("clock skew", token.clock_skew.map(|skew| format!("{skew:.1}s")));
        tell("token request id", token.request_id.clone());
    }
    tell("credential expires", facts.credential_expires.map(time));
    tell("last worked", facts.last_worked.map(time));
    tell("registration", facts.registration.as_ref().map(registration));
    tell("EWS ends", facts.ews_ends.map(time));
    for endpoint in &facts.endpoints {
        tell("endpoint", Some(reached(endpoint)));
    }
    for answer in &facts.dns {
        let addresses: Vec<String> = answer.addresses.iter().map(ToString::to_string).collect();
        let result = match answer.failed {
            Some(reason) => reason.to_string(),
            None if addresses.is_empty() => "no address".to_owned(),
            None => addresses.join(" "),
        };
        let from = match answer.source {
            Some(NameSource::HostsFile) => "the hosts file",
            Some(NameSource::Pin) => "network.resolve",
            None => &answer.resolver,
        };
        let mut text = format!("{} {} from {from}: {result}", answer.host, answer.family.code());
        let mut add = |part: Option<String>| part.map(|part| write!(text, ", {part}"));
        add(answer.took.filter(|_| answer.source.is_none()).map(|took| format!("in {}", brief(took))));
        add(answer.ttl.map(|ttl| format!("ttl {}s", ttl.as_secs())));
        add(answer.chain.first().map(|first| format!("by way of {first}")));
        add(answer.front_end().map(|place| format!("front end {place}")));
        add((!answer.outside.is_empty()).then(|| format!("{} outside the published ranges", answer.outside.len())));
        tell("dns", Some(text));
    }
    tell("unseen", facts.mailbox.unseen.map(|count| count.to_string()));
    tell("bytes", facts.mailbox.bytes.map(|count| count.to_string()));
    tell("server", facts.server.name.clone());
    tell("our public address", facts.server.public_address.clone());
    for (name, value) in &facts.server.ids {
        tell(name, Some(value.clone()));
    }
    told
}

/// What Graph told of the application's registration: when each of its credentials expires, or why that is not known.
fn registration(registration: &Registration) -> String {
    let told = |credential: &CredentialFacts| {
        let used = if credential.in_use { " (in use)" } else { "" };
        format!("{}{used} until {}", credential.kind.code(), credential.expires.map_or_else(|| "unknown".to_owned(), time))
    };
    match registration {
        Registration::Read { credentials, .. } if credentials.is_empty() => "no credential".to_owned(),
        Registration::Read { credentials, .. } => credentials.iter().map(told).collect::<Vec<_>>().join(", "),
        Registration::NotPermitted => "not permitted to read; Application.Read.All of Microsoft Graph would do".to_owned(),
        Registration::Elsewhere => "in another tenant, which alone can show it".to_owned(),
        Registration::Unread(why) => format!("not read: {why}"),
    }
}

fn reached(endpoint: &EndpointFacts) -> String {
    let mut text = host_port(&endpoint.host, endpoint.port);
    let mut add = |part: Option<String>| part.map(|part| write!(text, ", {part}"));
    add(endpoint.address.map(|address| address.to_string()));
    add(endpoint.tls_version.map(ToOwned::to_owned));
    add(endpoint.certificate.as_ref().map(|certificate| {
        let trust = if certificate.verified { "" } else { "refused " };
        format!("{trust}certificate by {} until {}", certificate.issuer, time(certificate.not_after))
    }));
    add(endpoint.failed.map(|(phase, reason)| format!("{reason} in {phase}")));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_the_unit_that_tells_it() {
        for (micros, text) in [
            (0, "0.0ms"),
            (240, "0.2ms"),
            (9_940, "9.9ms"),
            (9_960, "10ms"),
            (412_300, "412ms"),
            (999_400, "999ms"),
            (999_600, "1.000s"),
            (29_898_000, "29.898s"),
        ] {
            assert_eq!(brief(Duration::from_micros(micros)), text);
        }
    }

    #[test]
    fn a_time_nobody_can_mean_is_unknown() {
        assert_eq!(time(SystemTime::UNIX_EPOCH), "1970-01-01T00:00:00Z");
        assert_eq!(time(SystemTime::UNIX_EPOCH - Duration::from_secs(1)), "unknown");
        assert_eq!(time(SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_800)), "unknown");
    }
}
