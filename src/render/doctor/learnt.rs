//! What a run learnt, in words of either language.

use super::page::Look;
use super::{id_name, shown};
use crate::cloud::host_port;
use crate::lang::{Doctor, Words, fill, number};
use crate::levels::{Breach, Metric, State};
use crate::outcome::{CredentialFacts, DnsFacts, EndpointFacts, Outcome, Registration};
use crate::reason::Reason;
use crate::report::text;
use crate::report::{JudgedOutcome, expiry};

/// What a run that succeeded found: `12 messages`, `3 folders`.
pub fn counted(outcome: &Outcome, look: &Look) -> Option<String> {
    let words = &look.lang.words().doctor;
    let mailbox = &outcome.facts.mailbox;
    let told = |count: u64, one: &str, many: &str| match count {
        1 => one.to_owned(),
        _ => fill(many, &[("n", &count.to_string())]),
    };
    let messages = mailbox.messages.map(|count| told(count, words.one_message, words.messages));
    messages.or_else(|| mailbox.folders.map(|count| told(count, words.one_folder, words.folders)))
}

/// The limits that were left, and by whom; not those that a warning tells of.
pub fn breaches(judged: &[JudgedOutcome<'_>], look: &Look) -> Vec<(String, String)> {
    let mut told = Vec::new();
    for one in judged {
        let probe = text::one_line(&one.outcome.probe.to_string());
        let untold = one.judgement.breaches.iter().filter(|breach| !one.judgement.tells_of(breach));
        told.extend(untold.map(|breach| (probe.clone(), breached(breach, look))));
    }
    told
}

/// The limit that was left where a warning tells of it: `CRITICAL: number of days until … is 1.9, limit 7:`.
pub fn level(judged: &JudgedOutcome<'_>, reason: Reason, look: &Look) -> Option<String> {
    let breach = judged.judgement.breaches.iter().find(|breach| breach.metric.is_told_by(reason))?;
    let words = &look.lang.words().doctor;
    let state = if breach.state == State::Critical { words.critical } else { words.warning };
    Some(format!("{state}: {}", breached(breach, look)))
}

fn breached(breach: &Breach, look: &Look) -> String {
    let words = &look.lang.words().doctor;
    let (metric, decimals) = match breach.metric {
        Metric::Total => (words.seconds_total.to_owned(), 3),
        Metric::Phase(phase) => (fill(words.seconds_of, &[("phase", phase.code())]), 3),
        Metric::CertificateDays => (words.certificate_days.to_owned(), 1),
        Metric::SecretDays => (words.secret_days.to_owned(), 1),
        Metric::EwsDays => (words.ews_days.to_owned(), 1),
        Metric::Messages => (words.messages_metric.to_owned(), 0),
    };
    let value = number(breach.value, decimals, look.lang);
    fill(words.limit, &[("metric", &metric), ("value", &value), ("range", &breach.range.to_string())])
}

/// Everything a run learnt, name and value, the most telling first.
pub fn facts(judged: &JudgedOutcome<'_>, look: &Look) -> Vec<(String, String)> {
    let Words { doctor: words, ids, .. } = look.lang.words();
    let facts = &judged.outcome.facts;
    let mut told: Vec<(String, String)> = Vec::new();
    let mut tell = |name: &str, value: Option<String>| told.extend(value.map(|value| (name.to_owned(), shown(&value, look))));
    if let Some(token) = &facts.token {
        tell(words.token_expires, token.expires.map(text::time));
        tell(words.roles, token.roles.as_ref().map(|roles| or(roles.join(" "), words.no_roles)));
        tell(words.audience, token.audience.clone());
        tell(words.object_id_row, token.object_id.clone());
        tell(words.clock_skew, token.clock_skew.map(|skew| number(skew, 1, look.lang) + " s"));
        tell(words.token_request_id, token.request_id.clone());
        tell(ids.ests_server, token.ests_server.clone());
    }
    tell(words.secret_expires, expiry::secret_date(judged, look.lang));
    tell(words.registration, facts.registration.as_ref().map(|told| registration(told, words)));
    tell(words.ews_ends, facts.ews_ends.map(text::time));
    tell(words.last_worked, facts.last_worked.map(text::time));
    for endpoint in &facts.endpoints {
        tell(words.endpoint, Some(reached(endpoint, words)));
    }
    for answer in &facts.dns {
        tell(words.dns, Some(resolved(answer, words)));
    }
    tell(words.unseen, facts.mailbox.unseen.map(|count| count.to_string()));
    tell(words.bytes, facts.mailbox.bytes.map(|count| count.to_string()));
    tell(ids.server, facts.server.name.clone());
    tell(words.public_address, facts.server.public_address.clone());
    for (name, value) in &facts.server.ids {
        tell(&id_name(*name, look.lang), Some(value.clone()));
    }
    tell(words.stay_away, facts.back_off.map(|away| number(away.as_secs_f64(), 0, look.lang)));
    told
}

/// When each credential of the application expires, or why that is not known.
fn registration(registration: &Registration, words: &Doctor) -> String {
    let told = |credential: &CredentialFacts| {
        let used = if credential.in_use { words.in_use } else { "" };
        let until = credential.expires.map_or_else(|| words.unknown.to_owned(), text::time);
        fill(words.credential, &[("kind", credential.kind.code()), ("used", used), ("until", &until)])
    };
    match registration {
        Registration::Read { credentials, .. } => {
            or(credentials.iter().map(told).collect::<Vec<_>>().join(", "), words.no_credential)
        }
        Registration::NotPermitted => words.not_permitted.to_owned(),
        Registration::Elsewhere => words.registered_elsewhere.to_owned(),
        Registration::Unread(why) => fill(words.not_read, &[("why", why)]),
    }
}

fn or(text: String, empty: &str) -> String {
    if text.is_empty() { empty.to_owned() } else { text }
}

fn reached(endpoint: &EndpointFacts, words: &Doctor) -> String {
    let mut parts = vec![host_port(&endpoint.host, endpoint.port)];
    parts.extend(endpoint.address.map(|address| address.to_string()));
    parts.extend(endpoint.tls_version.clone());
    parts.extend(endpoint.certificate.as_ref().map(|certificate| {
        let template = if certificate.verified { words.certificate } else { words.certificate_refused };
        fill(template, &[("issuer", &certificate.issuer), ("until", &text::time(certificate.not_after))])
    }));
    parts.extend(endpoint.failed.map(|(phase, reason)| format!("✗ {phase}: {reason}")));
    parts.join(", ")
}

fn resolved(answer: &DnsFacts, words: &Doctor) -> String {
    let addresses: Vec<String> = answer.addresses.iter().map(ToString::to_string).collect();
    let result = match answer.failed {
        Some(reason) => reason.to_string(),
        None => or(addresses.join(" "), words.no_address),
    };
    let values = [("host", &*answer.host), ("family", answer.family.code()), ("resolver", &answer.resolver), ("result", &result)];
    fill(words.dns_from, &values)
}
