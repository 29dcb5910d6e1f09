//! The date of a mail (RFC 5322, 3.3): `Mon, 23 Nov 2026 17:59:49 +0000`.

use std::time::{Duration, SystemTime};

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// Seconds of a day.
const DAY: u64 = 86_400;

/// Writes a time, in UTC.
pub fn format_date(at: SystemTime) -> String {
    let seconds = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let day = usize::try_from(seconds / DAY % 7).ok().and_then(|day| DAYS.get(day)).unwrap_or(&"Thu");
    let text = humantime::format_rfc3339_seconds(at).to_string();
    let (date, time) = text.split_once('T').unwrap_or((&text, ""));
    let mut parts = date.split('-');
    let (year, month, number) =
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let month = month.parse::<usize>().ok().and_then(|month| MONTHS.get(month.wrapping_sub(1))).unwrap_or(&"Jan");
    format!("{day}, {number} {month} {year} {} +0000", time.trim_end_matches('Z'))
}

/// Parses a time, with or without the day of the week and a comment behind it; `None` where it is none, or has a zone by name
/// other than UTC's.
pub fn parse_date(text: &str) -> Option<SystemTime> {
    let text = text.split('(').next()?.trim();
    let text = text.split_once(',').map_or(text, |(_, rest)| rest);
    let mut words = text.split_ascii_whitespace();
    let (day, month, year) = (words.next()?.parse::<u32>().ok()?, words.next()?, words.next()?.parse::<u32>().ok()?);
    let (time, zone) = (words.next()?, words.next().unwrap_or("+0000"));
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))? + 1;
    let time = if time.matches(':').count() == 1 { format!("{time}:00") } else { time.to_owned() };
    let text = format!("{year:04}-{month:02}-{day:02}T{time:0>8}Z");
    let local = humantime::parse_rfc3339(&text).ok()?;
    let (sign, offset) = match zone {
        "GMT" | "UT" | "UTC" | "Z" => ('+', 0),
        _ => (zone.chars().next()?, offset(zone.get(1..)?)?),
    };
    let at = match sign {
        '+' => local.checked_sub(Duration::from_secs(offset)),
        '-' => local.checked_add(Duration::from_secs(offset)),
        _ => None,
    };
    at.filter(|at| *at >= SystemTime::UNIX_EPOCH) // before it, no zone that exists makes a date of 1970
}

/// Parses IMAP's form of a time (RFC 3501, `date-time`): `23-Nov-2026 17:59:49 +0000`, or with a space in place of the first digit.
pub fn parse_internal_date(text: &str) -> Option<SystemTime> {
    let (date, rest) = text.trim().split_once(' ')?;
    parse_date(&format!("{} {rest}", date.replace('-', " ")))
}

/// Parses `0100` as 3600 seconds.
fn offset(text: &str) -> Option<u64> {
    let is_offset = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    let (hours, minutes) = text.split_at_checked(2).filter(|_| is_offset)?;
    Some(hours.parse::<u64>().ok()? * 3600 + minutes.parse::<u64>().ok()? * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn dates_are_read_as_they_were_written() {
        for seconds in [0, 951_782_400, 1_795_456_789, 4_102_444_799] {
            assert_eq!(parse_date(&format_date(at(seconds))), Some(at(seconds)), "{}", format_date(at(seconds)));
        }
        assert_eq!(format_date(at(1_795_456_789)), "Mon, 23 Nov 2026 17:59:49 +0000");
    }

    #[test]
    fn parse_internal_date_reads_both_forms_of_the_day() {
        assert_eq!(parse_internal_date("23-Nov-2026 17:59:49 +0000"), Some(at(1_795_456_789)));
        assert_eq!(parse_internal_date(" 3-Nov-2026 17:59:49 -0100"), Some(at(1_793_732_389)));
        for text in ["", "23-Nov-2026", "31-Feb-2026 17:59:49 +0000", "01-Jan-99999 00:00:00 +0000", "1-Jan-1970 00:00:00 +9999"]
        {
            assert_eq!(parse_internal_date(text), None, "{text}");
        }
    }

    #[test]
    fn parse_date_of_every_zone_gives_the_same_time() {
        for text in [
            "Mon, 23 Nov 2026 17:59:49 +0000",
            "23 Nov 2026 18:59:49 +0100",
            " Mon, 23 nov 2026 11:29:49 -0630 (a comment)",
            "Mon, 23 Nov 2026 17:59:49 GMT",
            "Mon, 23 Nov 2026 17:59:49",
        ] {
            assert_eq!(parse_date(text), Some(at(1_795_456_789)), "{text}");
        }
        for text in
            ["", "yesterday", "Mon, 23 Foo 2026 17:59:49 +0000", "Mon, 23 Nov 2026 17:59:49 é100", "99 Nov 2026 1:2:3 +0000"]
        {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }
}
