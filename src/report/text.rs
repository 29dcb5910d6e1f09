//! Times, counts and texts from outside as every output writes them.

use std::time::{Duration, SystemTime};

use crate::outcome::Speaker;
use crate::sanitize;

/// Characters of one text from outside that are shown: more than any honest reply has.
const SHOWN: usize = 500;

/// `text` on one line of at most 500 characters, without anything that moves the cursor or misleads the reader.
pub fn one_line(text: &str) -> String {
    sanitize::one_line(text, SHOWN)
}

/// Seconds to the millisecond: `0.412`.
pub fn seconds(took: Duration) -> String {
    format!("{:.3}", took.as_secs_f64())
}

/// Seconds, or milliseconds where seconds would be noughts: `1.302s`, `35ms`, `0.4ms`.
pub fn brief(took: Duration) -> String {
    let millis = took.as_secs_f64() * 1e3;
    match millis {
        ..9.95 => format!("{millis:.1}ms"),
        ..999.5 => format!("{millis:.0}ms"),
        _ => format!("{}s", seconds(took)),
    }
}

pub use crate::outcome::rfc3339 as time;

/// A time to the minute: `2026-11-29 14:02 UTC`.
pub fn minute(at: SystemTime) -> String {
    let written = time(at);
    written.get(..16).map_or(written.clone(), |minute| minute.replace('T', " ") + " UTC")
}

/// `1 message`, `12 messages`.
pub fn count_of(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// The mark before a line of a transcript: `>` sent, `<` received, `*` between the lines.
pub const fn mark(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::We => ">",
        Speaker::They => "<",
        Speaker::Nobody => "*",
    }
}

/// A sentence as a title: its first letter a capital.
pub fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brief_of_a_duration_is_in_milliseconds_below_one_second() {
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
    fn capital_of_a_sentence_has_its_first_letter_large() {
        assert_eq!(capital("ähnlich"), "Ähnlich");
        assert_eq!(capital(""), "");
    }
}
