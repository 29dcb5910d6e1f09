//! The observations of a run, in a language: its facts, the count of its mailbox, and the limits that were violated.

use super::layout::Style;
use super::shown;
use crate::fact;
use crate::lang::{fill, number};
use crate::levels::{Breach, Metric, State};
use crate::outcome::Outcome;
use crate::reason::Reason;
use crate::report::JudgedOutcome;
use crate::report::text;

/// The number of messages, or else of folders, that a run found: `12 messages`, `3 folders`; `closed` for a mailbox
/// that must stay so.
pub fn mailbox_count(outcome: &Outcome, style: &Style) -> Option<String> {
    if outcome.facts.stays_closed.is_some() {
        return Some(style.lang.texts().doctor.closed.to_owned());
    }
    let texts = &style.lang.texts().doctor;
    let mailbox = &outcome.facts.mailbox;
    let messages = mailbox.messages.map(|count| texts.messages.of(count));
    messages.or_else(|| mailbox.folders.map(|count| texts.folders.of(count)))
}

/// The probe and the text of each violated limit that no warning reports.
pub fn breaches(judged: &[JudgedOutcome<'_>], style: &Style) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for one in judged {
        let probe = text::one_line(&one.outcome.probe.to_string());
        let unreported = one.judgement.breaches.iter().filter(|breach| !one.judgement.has_warning_about(breach));
        lines.extend(unreported.map(|breach| (probe.clone(), breach_text(breach, style))));
    }
    lines
}

/// The violated limit that a warning with `reason` reports: `CRITICAL: number of days until … is 1.9, limit 7:`.
pub fn limit_of_warning(judged: &JudgedOutcome<'_>, reason: Reason, style: &Style) -> Option<String> {
    let breach = judged.judgement.breaches.iter().find(|breach| breach.metric.is_subject_of(reason))?;
    let texts = &style.lang.texts().doctor;
    let state = if breach.state == State::Critical { texts.critical } else { texts.warning };
    Some(format!("{state}: {}", breach_text(breach, style)))
}

fn breach_text(breach: &Breach, style: &Style) -> String {
    let texts = &style.lang.texts().doctor;
    let (metric, decimals) = match breach.metric {
        Metric::Total => (texts.seconds_total.to_owned(), 3),
        Metric::Phase(phase) => (fill(texts.seconds_of, &[("phase", phase.code())]), 3),
        Metric::CertificateDays => (texts.certificate_days.to_owned(), 1),
        Metric::SecretDays => (texts.secret_days.to_owned(), 1),
        Metric::CredentialDays => (texts.credential_days.to_owned(), 1),
        Metric::EwsDays => (texts.ews_days.to_owned(), 1),
        Metric::Messages => (texts.messages_metric.to_owned(), 0),
        Metric::Unread => (texts.unread_metric.to_owned(), 0),
        Metric::OldestMessage => (texts.oldest_message.to_owned(), 0),
        Metric::QuotaPercent => (texts.quota_percent.to_owned(), 1),
        Metric::Arrival => (texts.arrival_seconds.to_owned(), 3),
        Metric::ClockSkew => (texts.clock_skew.to_owned(), 0),
    };
    let value = number(breach.value, decimals, style.lang);
    fill(texts.limit, &[("metric", &metric), ("value", &value), ("range", &breach.range.to_string())])
}

/// The name and value of every fact of a run, the most telling first.
pub fn fact_lines(judged: &JudgedOutcome<'_>, style: &Style) -> Vec<(String, String)> {
    fact::lines(judged, style.lang).into_iter().map(|(name, value)| (name, shown(&value, style))).collect()
}
