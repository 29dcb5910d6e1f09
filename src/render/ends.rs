//! What ends on a known day, in words: in how many days that is, or how long ago it was.

use std::time::SystemTime;

use super::Judged;
use super::words::time;
use crate::outcome::Outcome;
use crate::reason::Reason;
use crate::reason::text::Lang;

const DAY: u64 = 86_400;

/// `EWS ends in 123 days (2027-04-01), move to Microsoft Graph`: a warning of what ends, with the day. Others have no day.
pub fn told(reason: Reason, judged: &Judged<'_>, lang: Lang) -> Option<String> {
    let at = day_of(reason, judged.outcome)?;
    let template = template(reason, at < judged.now, lang)?;
    Some(template.replace("{when}", &when(at, judged.now, lang)))
}

/// `in 123 days (2027-04-01)`, `27 days ago (2026-11-01)`; whole days, as a calendar's owner counts them.
pub fn when(at: SystemTime, now: SystemTime, lang: Lang) -> String {
    format!("{} ({})", distance(at, now, lang), day(at, lang))
}

/// `in 123 days`, `27 days ago`.
pub fn distance(at: SystemTime, now: SystemTime, lang: Lang) -> String {
    let (days, is_past) = match at.duration_since(now) {
        Ok(left) => (left.as_secs() / DAY, false),
        Err(over) => (over.duration().as_secs() / DAY, true),
    };
    match (lang, is_past, days) {
        (Lang::En, false, 0) => "in less than a day".to_owned(),
        (Lang::En, false, 1) => "in 1 day".to_owned(),
        (Lang::En, false, _) => format!("in {days} days"),
        (Lang::En, true, 0) => "less than a day ago".to_owned(),
        (Lang::En, true, 1) => "1 day ago".to_owned(),
        (Lang::En, true, _) => format!("{days} days ago"),
        (Lang::De, false, 0) => "in weniger als einem Tag".to_owned(),
        (Lang::De, false, 1) => "in 1 Tag".to_owned(),
        (Lang::De, false, _) => format!("in {days} Tagen"),
        (Lang::De, true, 0) => "vor weniger als einem Tag".to_owned(),
        (Lang::De, true, 1) => "vor 1 Tag".to_owned(),
        (Lang::De, true, _) => format!("vor {days} Tagen"),
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
    Some(match (reason, is_past, lang) {
        (Reason::EwsRetiring, false, Lang::En) => "EWS ends {when}, move to Microsoft Graph",
        (Reason::EwsRetiring, true, Lang::En) => "EWS was to end {when}, move to Microsoft Graph",
        (Reason::EwsRetiring, false, Lang::De) => "EWS endet {when}: Stellen Sie auf Microsoft Graph um",
        (Reason::EwsRetiring, true, Lang::De) => "EWS sollte {when} enden: Stellen Sie auf Microsoft Graph um",
        (Reason::CredentialExpiring, _, Lang::En) => "the client secret expires {when}",
        (Reason::CredentialExpiring, _, Lang::De) => "der geheime Clientschlüssel läuft {when} ab",
        (Reason::CredentialExpiryOutdated, _, Lang::En) => "the client secret was to expire {when}, and still works",
        (Reason::CredentialExpiryOutdated, _, Lang::De) => {
            "der geheime Clientschlüssel sollte {when} ablaufen und funktioniert noch"
        }
        _ => return None,
    })
}

/// `2027-04-01`, `01.04.2027`.
fn day(at: SystemTime, lang: Lang) -> String {
    let told = time(at);
    match (lang, told.get(..4), told.get(5..7), told.get(8..10)) {
        (Lang::En, Some(year), Some(month), Some(day)) => format!("{year}-{month}-{day}"),
        (Lang::De, Some(year), Some(month), Some(day)) => format!("{day}.{month}.{year}"),
        _ => told,
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
        assert_eq!(day(SystemTime::UNIX_EPOCH - Duration::from_secs(1), Lang::De), "unknown");
    }
}
