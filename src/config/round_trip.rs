//! Reads the options of a `roundtrip` check.

use std::time::Duration;

use crate::kind::Check;
use crate::settings::RoundTrip;

use super::reader::{Fields, Reader};
use super::value::{ArrivalTime, Domain, FoundBy, MailAddress, SentBy};

/// The options, none of which any other check has.
pub(super) const OPTIONS: [&str; 6] = ["to", "send_by", "by", "arrive_within", "lost_after", "allow_domain"];

/// Reads the options; those of another check are mistakes.
pub(super) fn read(reader: &mut Reader<'_>, fields: &Fields<'_>, check: Option<Check>) -> RoundTrip {
    if let Some(check) = check.filter(|check| *check != Check::RoundTrip) {
        for option in OPTIONS {
            if let Some(entry) = fields.entry(option) {
                let message = format!("`{check}` sends no mail; it is an option of {}", Check::RoundTrip);
                reader.mistake(entry.at, &fields.key(option), message);
            }
        }
        return RoundTrip::default();
    }
    let time = |reader: &mut Reader<'_>, name: &str| reader.one::<ArrivalTime>(fields, name);
    let arrive_within = time(reader, "arrive_within").map_or(RoundTrip::ARRIVE_WITHIN, |found| found.value.0);
    let usual = arrive_within.saturating_mul(RoundTrip::LOST_AFTER);
    let lost_after = match time(reader, "lost_after") {
        None => usual,
        Some(found) if found.value.0 <= arrive_within => {
            reader.mistake(found.at, &found.key, too_short(found.value.0, arrive_within));
            usual
        }
        Some(found) => found.value.0,
    };
    RoundTrip {
        to: reader.one::<MailAddress>(fields, "to").map(|found| found.value.0),
        send_by: reader.one::<SentBy>(fields, "send_by").map_or(Check::Smtp, |found| found.value.0),
        by: reader.one::<FoundBy>(fields, "by").map_or(Check::Imap, |found| found.value.0),
        arrive_within,
        lost_after,
        allow_domain: reader.one::<Domain>(fields, "allow_domain").map(|found| found.value.0),
    }
}

fn too_short(lost_after: Duration, arrive_within: Duration) -> String {
    let [lost_after, arrive_within] = [lost_after, arrive_within].map(humantime::format_duration);
    format!("`{lost_after}` is no longer than `arrive_within`, {arrive_within}; a mail is late before it is lost")
}
