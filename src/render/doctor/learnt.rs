//! What a run learnt, in words of either language.

use super::layout::Style;
use super::shown;
use crate::fact;
use crate::lang::{fill, number};
use crate::levels::{Breach, Metric, State};
use crate::outcome::Outcome;
use crate::reason::Reason;
use crate::report::JudgedOutcome;
use crate::report::text;

/// What a run that succeeded found: `12 messages`, `3 folders`.
pub fn counted(outcome: &Outcome, style: &Style) -> Option<String> {
    let words = &style.lang.words().doctor;
    let mailbox = &outcome.facts.mailbox;
    let told = |count: u64, one: &str, many: &str| match count {
        1 => one.to_owned(),
        _ => fill(many, &[("n", &count.to_string())]),
    };
    let messages = mailbox.messages.map(|count| told(count, words.one_message, words.messages));
    messages.or_else(|| mailbox.folders.map(|count| told(count, words.one_folder, words.folders)))
}

/// The limits that were left, and by whom; not those that a warning tells of.
pub fn breaches(judged: &[JudgedOutcome<'_>], style: &Style) -> Vec<(String, String)> {
    let mut told = Vec::new();
    for one in judged {
        let probe = text::one_line(&one.outcome.probe.to_string());
        let untold = one.judgement.breaches.iter().filter(|breach| !one.judgement.tells_of(breach));
        told.extend(untold.map(|breach| (probe.clone(), breached(breach, style))));
    }
    told
}

/// The limit that was left where a warning tells of it: `CRITICAL: number of days until … is 1.9, limit 7:`.
pub fn level(judged: &JudgedOutcome<'_>, reason: Reason, style: &Style) -> Option<String> {
    let breach = judged.judgement.breaches.iter().find(|breach| breach.metric.is_told_by(reason))?;
    let words = &style.lang.words().doctor;
    let state = if breach.state == State::Critical { words.critical } else { words.warning };
    Some(format!("{state}: {}", breached(breach, style)))
}

fn breached(breach: &Breach, style: &Style) -> String {
    let words = &style.lang.words().doctor;
    let (metric, decimals) = match breach.metric {
        Metric::Total => (words.seconds_total.to_owned(), 3),
        Metric::Phase(phase) => (fill(words.seconds_of, &[("phase", phase.code())]), 3),
        Metric::CertificateDays => (words.certificate_days.to_owned(), 1),
        Metric::SecretDays => (words.secret_days.to_owned(), 1),
        Metric::EwsDays => (words.ews_days.to_owned(), 1),
        Metric::Messages => (words.messages_metric.to_owned(), 0),
    };
    let value = number(breach.value, decimals, style.lang);
    fill(words.limit, &[("metric", &metric), ("value", &value), ("range", &breach.range.to_string())])
}

/// Everything a run learnt, name and value, the most telling first.
pub fn facts(judged: &JudgedOutcome<'_>, style: &Style) -> Vec<(String, String)> {
    fact::lines(judged, style.lang).into_iter().map(|(name, value)| (name, shown(&value, style))).collect()
}
