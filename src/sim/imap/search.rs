//! SEARCH: the keys of RFC 3501, section 6.4.4, and the messages they hold for.

use std::slice::Iter;

use crate::sim::mailbox::Message;

use super::command::Argument;
use super::selected::{Selected, internal_date};
use super::structure;

/// The answer to a search.
pub(super) enum Searched {
    /// The untagged reply.
    Found(String),
    /// The key's text may be in US-ASCII only.
    BadCharset,
}

/// Keys within keys are taken this deep.
const DEPTH: usize = 16;

/// Answers SEARCH; `None` where its arguments are wrong.
pub(super) fn search(selected: &Selected, by_uid: bool, arguments: &[Argument]) -> Option<Searched> {
    let arguments = match arguments {
        [name, charset, rest @ ..] if name.text().eq_ignore_ascii_case("CHARSET") => {
            // Exchange knows no other, and says so to every client that tries UTF-8.
            if !charset.text().eq_ignore_ascii_case("US-ASCII") {
                return Some(Searched::BadCharset);
            }
            rest
        }
        all => all,
    };
    if arguments.is_empty() {
        return None;
    }
    let keys = keys(&mut arguments.iter(), selected, 0)?;
    let found =
        selected.messages.iter().enumerate().filter(|(at, message)| keys.iter().all(|key| key.holds(selected, *at, message)));
    let numbers = found.map(|(at, message)| if by_uid { message.uid.to_string() } else { (at + 1).to_string() });
    let reply = numbers.fold("* SEARCH".to_owned(), |reply, number| reply + " " + &number);
    Some(Searched::Found(reply + "\r\n"))
}

/// One condition.
enum Key {
    /// It holds for all, or for none.
    Constant(bool),
    Seen(bool),
    Deleted(bool),
    /// Places in the folder.
    Set(Vec<usize>),
    /// A header field that holds a text.
    Header(String, String),
    Body(String),
    Text(String),
    Larger(usize),
    Smaller(usize),
    /// The day the message arrived, or was written.
    Day {
        sent: bool,
        when: When,
        day: Day,
    },
    Not(Box<Self>),
    Either(Box<Self>, Box<Self>),
    Every(Vec<Self>),
}

enum When {
    Before,
    On,
    Since,
}

/// Year, month, day.
type Day = (u32, u32, u32);

fn keys(rest: &mut Iter<'_, Argument>, selected: &Selected, depth: usize) -> Option<Vec<Key>> {
    let mut keys = Vec::new();
    while rest.len() > 0 {
        keys.push(key(rest, selected, depth)?);
    }
    (!keys.is_empty()).then_some(keys)
}

/// The next key, with the arguments it takes.
fn key(rest: &mut Iter<'_, Argument>, selected: &Selected, depth: usize) -> Option<Key> {
    if depth > DEPTH {
        return None;
    }
    let name = match rest.next()? {
        Argument::List(list) => return Some(Key::Every(keys(&mut list.iter(), selected, depth + 1)?)),
        Argument::Text(name) => name.to_ascii_uppercase(),
    };
    if let Some(key) = without_argument(&name) {
        return Some(key);
    }
    if name == "NOT" {
        return Some(Key::Not(Box::new(key(rest, selected, depth + 1)?)));
    }
    if name == "OR" {
        let first = key(rest, selected, depth + 1)?;
        return Some(Key::Either(Box::new(first), Box::new(key(rest, selected, depth + 1)?)));
    }
    let mut text = || match rest.next() {
        Some(Argument::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let day = |sent, when, text: Option<&str>| Some(Key::Day { sent, when, day: day(text?)? });
    Some(match name.as_str() {
        "UID" => Key::Set(selected.places(true, text()?)?),
        "BCC" | "CC" | "FROM" | "SUBJECT" | "TO" => Key::Header(name.clone(), text()?.to_lowercase()),
        "HEADER" => Key::Header(text()?.to_owned(), text()?.to_lowercase()),
        "BODY" => Key::Body(text()?.to_lowercase()),
        "TEXT" => Key::Text(text()?.to_lowercase()),
        // No message here has a keyword.
        "KEYWORD" => text().map(|_| Key::Constant(false))?,
        "UNKEYWORD" => text().map(|_| Key::Constant(true))?,
        "LARGER" => Key::Larger(text()?.parse().ok()?),
        "SMALLER" => Key::Smaller(text()?.parse().ok()?),
        "BEFORE" => day(false, When::Before, text())?,
        "ON" => day(false, When::On, text())?,
        "SINCE" => day(false, When::Since, text())?,
        "SENTBEFORE" => day(true, When::Before, text())?,
        "SENTON" => day(true, When::On, text())?,
        "SENTSINCE" => day(true, When::Since, text())?,
        set => Key::Set(selected.places(false, set)?),
    })
}

/// Nothing here is ever recent, answered, flagged or a draft.
fn without_argument(name: &str) -> Option<Key> {
    Some(match name {
        "ALL" | "OLD" | "UNANSWERED" | "UNDRAFT" | "UNFLAGGED" => Key::Constant(true),
        "ANSWERED" | "DRAFT" | "FLAGGED" | "NEW" | "RECENT" => Key::Constant(false),
        "SEEN" => Key::Seen(true),
        "UNSEEN" => Key::Seen(false),
        "DELETED" => Key::Deleted(true),
        "UNDELETED" => Key::Deleted(false),
        _ => return None,
    })
}

impl Key {
    fn holds(&self, selected: &Selected, at: usize, message: &Message) -> bool {
        let (header, body) = structure::parts(&message.text);
        match self {
            Self::Constant(holds) => *holds,
            Self::Seen(seen) => message.seen == *seen,
            Self::Deleted(deleted) => selected.is_deleted(message.uid) == *deleted,
            Self::Set(places) => places.contains(&at),
            Self::Header(name, text) => structure::value(header, name).is_some_and(|value| value.to_lowercase().contains(text)),
            Self::Body(text) => body.to_lowercase().contains(text),
            Self::Text(text) => message.text.to_lowercase().contains(text),
            Self::Larger(size) => message.text.len() > *size,
            Self::Smaller(size) => message.text.len() < *size,
            Self::Day { sent, when, day: limit } => {
                let text = if *sent { structure::value(header, "Date") } else { Some(internal_date(message.received)) };
                let told = text.and_then(|text| day(text.split_once(", ").map_or(text.as_str(), |(_, text)| text)));
                told.is_some_and(|told| match when {
                    When::Before => told < *limit,
                    When::On => told == *limit,
                    When::Since => told >= *limit,
                })
            }
            Self::Not(key) => !key.holds(selected, at, message),
            Self::Either(one, other) => one.holds(selected, at, message) || other.holds(selected, at, message),
            Self::Every(keys) => keys.iter().all(|key| key.holds(selected, at, message)),
        }
    }
}

/// The day in `2-Nov-2026`, and in `02 Nov 2026 08:01:00 +0000`.
fn day(text: &str) -> Option<Day> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let mut words = text.trim().split(['-', ' ']);
    let (day, month, year) = (words.next()?, words.next()?.to_ascii_lowercase(), words.next()?);
    let month = MONTHS.iter().zip(1..).find(|(name, _)| **name == month)?.1;
    Some((year.parse().ok()?, month, day.parse().ok().filter(|day| (1..=31).contains(day))?))
}

#[cfg(test)]
mod tests {
    use super::super::command::Command;
    use super::*;
    use crate::sim::mailbox::Mailbox;

    fn found(keys: &str) -> Option<String> {
        let mailbox = Mailbox::new("praxis@contoso.example").with_messages(6);
        let command = Command::read(&format!("a1 SEARCH {keys}"))?;
        match search(&Selected::new(&mailbox, mailbox.folder("inbox").expect("an inbox"), true), false, &command.arguments)? {
            Searched::Found(reply) => Some(reply.trim_start_matches("* SEARCH").trim().to_owned()),
            Searched::BadCharset => Some("charset".to_owned()),
        }
    }

    #[test]
    fn every_key_of_the_standard_is_answered() {
        for (keys, expected) in [
            ("ALL", "1 2 3 4 5 6"),
            ("UNSEEN", "3 6"),
            ("NOT UNSEEN", "1 2 4 5"),
            ("OR UNSEEN 1:2", "1 2 3 6"),
            ("(SEEN 4:*) UNDELETED", "4 5"),
            ("CHARSET US-ASCII SUBJECT \"befund 3\"", "3"),
            ("CHARSET UTF-8 SUBJECT x", "charset"),
            ("FROM fabrikam TO praxis TEXT anbei BODY \"befund 2\"", "2"),
            ("HEADER Message-ID 5.befund", "5"),
            ("CC x", ""),
            ("UID 2,5", "2 5"),
            ("SINCE 2-Nov-2026 BEFORE 03-Nov-2026 SENTON 2-nov-2026", "1 2 3 4 5 6"),
            ("SENTSINCE 3-Nov-2026", ""),
            ("LARGER 100 SMALLER 1000 KEYWORD x", ""),
            ("NEW", ""),
            ("OLD UNKEYWORD $x UNFLAGGED UNANSWERED UNDRAFT 1", "1"),
        ] {
            assert_eq!(found(keys).as_deref(), Some(expected), "{keys}");
        }
        for wrong in ["", "FROB", "NOT", "OR SEEN", "SUBJECT", "SINCE yesterday", "LARGER x", "()", "CHARSET US-ASCII", "0"] {
            assert_eq!(found(wrong), None, "{wrong}");
        }
        assert_eq!(found(&"NOT ".repeat(40)), None);
    }
}
