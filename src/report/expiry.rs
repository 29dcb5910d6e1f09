//! What ends on a known date: in how many days that is, or how long ago it was.

use std::time::SystemTime;

use super::JudgedOutcome;
use super::text::time;
use crate::lang::{Lang, fill};
use crate::outcome::Outcome;
use crate::reason::Reason;

const DAY: u64 = 86_400;

/// `EWS ends in 123 days (2027-04-01), move to Microsoft Graph`: a warning of what ends, with the day. Others have no day.
pub fn warning_title(reason: Reason, judged: &JudgedOutcome<'_>, lang: Lang) -> Option<String> {
    let at = day_of(reason, judged.outcome)?;
    let template = template(reason, at < judged.now, lang)?;
    Some(fill(template, &[("when", &when(at, judged.now, lang))]))
}

/// `in 123 days (2027-04-01)`, `27 days ago (2026-11-01)`; whole days, as a calendar's owner counts them.
pub fn when(at: SystemTime, now: SystemTime, lang: Lang) -> String {
    fill(lang.words().expiry.when, &[("distance", &distance(at, now, lang)), ("date", &date(at, lang))])
}

/// `in 123 days`, `27 days ago`.
pub fn distance(at: SystemTime, now: SystemTime, lang: Lang) -> String {
    let words = &lang.words().expiry;
    let (days, [less, one, many]) = match at.duration_since(now) {
        Ok(left) => (left.as_secs() / DAY, [words.in_less_than_a_day, words.in_one_day, words.in_days]),
        Err(over) => (over.duration().as_secs() / DAY, [words.less_than_a_day_ago, words.one_day_ago, words.days_ago]),
    };
    match days {
        0 => less.to_owned(),
        1 => one.to_owned(),
        _ => fill(many, &[("n", &days.to_string())]),
    }
}

/// The day of a warning's end, as the run learnt it.
fn day_of(reason: Reason, outcome: &Outcome) -> Option<SystemTime> {
    match reason {
        Reason::EwsRetiring => outcome.facts.ews_ends,
        Reason::CredentialExpiring | Reason::CredentialExpiryOutdated => outcome.facts.credential_expires,
        _ => None,
    }
}

const fn template(reason: Reason, is_past: bool, lang: Lang) -> Option<&'static str> {
    let words = &lang.words().expiry;
    Some(match (reason, is_past) {
        (Reason::EwsRetiring, false) => words.ews_ends,
        (Reason::EwsRetiring, true) => words.ews_was_to_end,
        (Reason::CredentialExpiring, _) => words.secret_expires,
        (Reason::CredentialExpiryOutdated, _) => words.secret_was_to_expire,
        _ => return None,
    })
}

/// `2027-04-01`, `01.04.2027`.
fn date(at: SystemTime, lang: Lang) -> String {
    let iso = time(at);
    match (iso.get(..4), iso.get(5..7), iso.get(8..10)) {
        (Some(year), Some(month), Some(day)) => fill(lang.words().expiry.date, &[("year", year), ("month", month), ("day", day)]),
        _ => iso,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn days_are_whole_and_what_is_past_is_not_none_left() {
        let end = humantime::parse_rfc3339("2027-04-01T00:00:00Z").expect("a time");
        let hour = Duration::from_secs(3600);
        for (hours, en, de) in [
            (123 * 24 + 7, "in 123 days (2027-04-01)", "in 123 Tagen (01.04.2027)"),
            (47, "in 1 day (2027-04-01)", "in 1 Tag (01.04.2027)"),
            (23, "in less than a day (2027-04-01)", "in weniger als einem Tag (01.04.2027)"),
            (-1, "less than a day ago (2027-04-01)", "vor weniger als einem Tag (01.04.2027)"),
            (-25, "1 day ago (2027-04-01)", "vor 1 Tag (01.04.2027)"),
            (-27 * 24 - 3, "27 days ago (2027-04-01)", "vor 27 Tagen (01.04.2027)"),
        ] {
            let away = hour * i32::unsigned_abs(hours);
            let now = if hours < 0 { end + away } else { end - away };
            assert_eq!((when(end, now, Lang::En), when(end, now, Lang::De)), (en.to_owned(), de.to_owned()));
        }
    }

    #[test]
    fn a_time_nobody_can_mean_has_no_day() {
        assert_eq!(date(SystemTime::UNIX_EPOCH - Duration::from_secs(1), Lang::De), "unknown");
    }
}
