//! Times as a person reads them: the clock in UTC, and how long ago.

use std::time::{Duration, SystemTime};

use maud::{Markup, html};

use crate::lang::{Lang, fill};
use crate::report::text::time;

/// `14:02:10 UTC`, or with its date where that is not today's; to be read by programs too.
pub fn clock(at: SystemTime, now: SystemTime) -> Markup {
    let (timestamp, today) = (time(at), time(now));
    let shown = match timestamp.split_once('T') {
        Some((date, clock)) => {
            let clock = clock.trim_end_matches('Z');
            let same_day = today.starts_with(date);
            if same_day { format!("{clock} UTC") } else { format!("{date} {clock} UTC") }
        }
        None => timestamp.clone(), // a clock that is wrong beyond telling
    };
    html! { time datetime=(timestamp) { (shown) } }
}

/// `12 minutes ago`.
pub fn ago(at: SystemTime, now: SystemTime, lang: Lang) -> String {
    match now.duration_since(at) {
        Ok(time) if time >= Duration::from_secs(1) => fill(lang.texts().page.ago, &[("time", &span(time, lang, Case::Dative))]),
        _ => lang.texts().page.just_now.to_owned(),
    }
}

/// `12 minutes`.
pub fn lasting(at: SystemTime, now: SystemTime, lang: Lang) -> String {
    span(now.duration_since(at).unwrap_or_default(), lang, Case::Dative)
}

/// `60 seconds`, `5 minutes`: how often, or how long at most.
pub fn plainly(time: Duration, lang: Lang) -> String {
    span(time, lang, Case::Nominative)
}

/// German declines: `2 Tage`, but `vor 2 Tagen`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Nominative,
    Dative,
}

/// The largest unit of which there are two; an exact one where it comes out even. Of a time below the smallest, that it is below.
fn span(time: Duration, lang: Lang, case: Case) -> String {
    let (seconds, texts) = (time.as_secs(), &lang.texts().page);
    let units = [
        (86_400, texts.days, texts.days_ago),
        (3_600, texts.hours, texts.hours_ago),
        (60, texts.minutes, texts.minutes_ago),
        (1, texts.seconds, texts.seconds_ago),
    ];
    let fits = |length: u64| seconds >= 2 * length || (seconds >= length && seconds.is_multiple_of(length));
    match (units.into_iter().find(|(length, ..)| fits(*length)), case) {
        (Some((length, several, _)), Case::Nominative) => several.of(seconds / length),
        (Some((length, _, dative)), Case::Dative) => dative.of(seconds / length),
        (None, Case::Nominative) => texts.moment.to_owned(),
        (None, Case::Dative) => texts.moment_ago.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ago_uses_the_largest_unit_of_which_there_are_two() {
        for (seconds, en, de) in [
            (0, "just now", "gerade eben"),
            (1, "1 second ago", "vor 1 Sekunde"),
            (60, "1 minute ago", "vor 1 Minute"),
            (90, "90 seconds ago", "vor 90 Sekunden"),
            (125, "2 minutes ago", "vor 2 Minuten"),
            (7_199, "119 minutes ago", "vor 119 Minuten"),
            (7_200, "2 hours ago", "vor 2 Stunden"),
            (86_400, "1 day ago", "vor 1 Tag"),
            (300_000, "3 days ago", "vor 3 Tagen"),
        ] {
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
            let at = now - Duration::from_secs(seconds);
            assert_eq!((ago(at, now, Lang::En).as_str(), ago(at, now, Lang::De).as_str()), (en, de));
        }
        assert_eq!(plainly(Duration::from_secs(172_800), Lang::De), "2 Tage");
        let now = SystemTime::UNIX_EPOCH;
        assert_eq!(ago(now + Duration::from_secs(5), now, Lang::En), "just now", "a clock set back");
        assert_eq!(lasting(now, now, Lang::De), "weniger als einer Sekunde");
        assert_eq!(plainly(Duration::from_millis(300), Lang::De), "weniger als eine Sekunde");
    }

    #[test]
    fn clock_of_another_day_has_its_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(86_400 + 3_661);
        assert_eq!(clock(now, now).into_string(), "<time datetime=\"1970-01-02T01:01:01Z\">01:01:01 UTC</time>");
        let before = now - Duration::from_secs(86_400);
        assert_eq!(clock(before, now).into_string(), "<time datetime=\"1970-01-01T01:01:01Z\">1970-01-01 01:01:01 UTC</time>");
    }
}
