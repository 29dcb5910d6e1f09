//! FETCH: which data of a message a client wants, and that data (RFC 3501, section 6.4.5).

use std::fmt::Write;

use crate::sim::mailbox::Message;

use super::command::Argument;
use super::selected::{Selected, internal_date};
use super::structure;

/// One data item.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    Uid,
    Flags,
    InternalDate,
    Size,
    Envelope,
    Body,
    BodyStructure,
    /// `RFC822`, `RFC822.HEADER`, `RFC822.TEXT`: a section under its older name.
    Whole(&'static str, Part),
    Section(Section),
}

/// `BODY[...]`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Section {
    /// The text between the brackets, in upper case: it is repeated in the reply.
    name: String,
    part: Part,
    peek: bool,
    /// `<start.count>`.
    range: Option<(usize, usize)>,
}

/// A part of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    All,
    Header,
    Text,
    /// Fields of the header: those named, or all but those.
    Fields {
        names: Vec<String>,
        but: bool,
    },
    /// A numbered part: the way to it through parts within parts, and what of it.
    Numbered(Vec<usize>, Piece),
}

/// A piece of a numbered part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    /// Its content.
    Body,
    /// Its own header.
    Mime,
    /// The header of the message that it is.
    Header,
    /// The text of the message that it is.
    Text,
}

/// The untagged replies to FETCH; `None` where its arguments are wrong.
pub(super) fn fetch(selected: &mut Selected, by_uid: bool, set: &str, items: &Argument) -> Option<String> {
    let mut items = wanted(items)?;
    if by_uid && !items.contains(&Item::Uid) {
        items.insert(0, Item::Uid);
    }
    let mut text = String::new();
    for at in selected.places(by_uid, set)? {
        // Reading marks as read, and says so (RFC 3501, section 6.4.5).
        let read = items.iter().any(Item::reads) && selected.mark_seen(at);
        let flags = selected.flags(at)?;
        let message = selected.messages.get(at)?;
        let mut values: Vec<String> = items.iter().map(|item| item.render(message, &flags)).collect();
        if read && !items.contains(&Item::Flags) {
            values.push(Item::Flags.render(message, &flags));
        }
        let _ = write!(text, "* {} FETCH ({})\r\n", at + 1, values.join(" "));
    }
    Some(text)
}

fn wanted(items: &Argument) -> Option<Vec<Item>> {
    let fast = [Item::Flags, Item::InternalDate, Item::Size];
    // Some clients put even the names of several items into parentheses.
    if let [name] = items.texts().as_slice() {
        let more: &[Item] = match name.to_ascii_uppercase().as_str() {
            "FAST" => &[],
            "ALL" => &[Item::Envelope],
            "FULL" => &[Item::Envelope, Item::Body],
            _ => return Some(vec![Item::read(name)?]),
        };
        return Some([&fast, more].concat());
    }
    let items: Vec<Item> = items.texts().into_iter().map(Item::read).collect::<Option<_>>()?;
    (!items.is_empty()).then_some(items)
}

impl Item {
    fn read(text: &str) -> Option<Self> {
        let text = text.to_ascii_uppercase();
        Some(match text.as_str() {
            "UID" => Self::Uid,
            "FLAGS" => Self::Flags,
            "INTERNALDATE" => Self::InternalDate,
            "RFC822.SIZE" => Self::Size,
            "ENVELOPE" => Self::Envelope,
            "BODY" => Self::Body,
            "BODYSTRUCTURE" => Self::BodyStructure,
            "RFC822" => Self::Whole("RFC822", Part::All),
            "RFC822.HEADER" => Self::Whole("RFC822.HEADER", Part::Header),
            "RFC822.TEXT" => Self::Whole("RFC822.TEXT", Part::Text),
            _ => Self::Section(Section::read(&text)?),
        })
    }

    /// Tells whether it marks the message as read.
    fn reads(&self) -> bool {
        match self {
            Self::Whole(_, part) => *part != Part::Header,
            Self::Section(section) => !section.peek,
            _ => false,
        }
    }

    fn render(&self, message: &Message, flags: &str) -> String {
        let header = structure::parts(&message.text).0;
        match self {
            Self::Uid => format!("UID {}", message.uid),
            Self::Flags => format!("FLAGS ({flags})"),
            Self::InternalDate => format!("INTERNALDATE \"{}\"", internal_date(message.received)),
            Self::Size => format!("RFC822.SIZE {}", message.text.len()),
            Self::Envelope => format!("ENVELOPE {}", structure::envelope(header)),
            Self::Body => format!("BODY {}", structure::body_structure(&message.text, false)),
            Self::BodyStructure => format!("BODYSTRUCTURE {}", structure::body_structure(&message.text, true)),
            Self::Whole(name, part) => literal(name, part.extract(&message.text).as_deref()),
            Self::Section(section) => section.extract(&message.text),
        }
    }
}

impl Section {
    /// `BODY[NAME]` or `BODY.PEEK[NAME]`, in upper case, with or without a range.
    fn read(text: &str) -> Option<Self> {
        let (keyword, rest) = text.split_once('[')?;
        let (name, range) = rest.rsplit_once(']')?;
        let peek = match keyword {
            "BODY" => false,
            "BODY.PEEK" => true,
            _ => return None,
        };
        let range = match range.strip_prefix('<') {
            None if range.is_empty() => None,
            None => return None,
            Some(range) => {
                let (start, count) = range.strip_suffix('>')?.split_once('.')?;
                Some((start.parse().ok()?, count.parse().ok().filter(|count| *count > 0)?))
            }
        };
        Some(Self { name: name.to_owned(), part: Part::read(name)?, peek, range })
    }

    fn extract(&self, text: &str) -> String {
        let Some(part) = self.part.extract(text) else { return format!("BODY[{}] NIL", self.name) };
        match self.range {
            None => literal(&format!("BODY[{}]", self.name), Some(&part)),
            Some((start, count)) => {
                // A letter of several octets goes whole into the later of two ranges that meet in it.
                let floor = |at: usize| (0..=at.min(part.len())).rev().find(|at| part.is_char_boundary(*at)).unwrap_or_default();
                let piece = part.get(floor(start)..floor(start.saturating_add(count)));
                literal(&format!("BODY[{}]<{start}>", self.name), piece)
            }
        }
    }
}

impl Part {
    fn read(name: &str) -> Option<Self> {
        if let Some(fields) = name.strip_prefix("HEADER.FIELDS") {
            let (fields, but) = fields.strip_prefix(".NOT").map_or((fields, false), |fields| (fields, true));
            let names = fields.trim().strip_prefix('(')?.strip_suffix(')')?.split_ascii_whitespace();
            let names: Vec<String> = names.map(|name| name.trim_matches('"').to_owned()).collect();
            return (!names.is_empty()).then_some(Self::Fields { names, but });
        }
        Some(match name {
            "" => Self::All,
            "HEADER" => Self::Header,
            "TEXT" => Self::Text,
            _ => {
                let pieces = [(".MIME", Piece::Mime), (".HEADER", Piece::Header), (".TEXT", Piece::Text)];
                let piece = pieces.into_iter().find_map(|(last, piece)| Some((name.strip_suffix(last)?, piece)));
                let (numbers, piece) = piece.unwrap_or((name, Piece::Body));
                let number = |text: &str| text.parse().ok().filter(|number| *number > 0);
                let way: Vec<usize> = numbers.split('.').map(number).collect::<Option<_>>()?;
                (way.len() <= structure::DEPTH).then_some(Self::Numbered(way, piece))?
            }
        })
    }

    /// Its text; `None` where the message has no such part.
    fn extract(&self, text: &str) -> Option<String> {
        let (header, body) = structure::parts(text);
        Some(match self {
            Self::All => text.to_owned(),
            Self::Header => header.to_owned(),
            Self::Text => body.to_owned(),
            Self::Fields { names, but } => {
                let named = |field: &&str| names.iter().any(|name| name.eq_ignore_ascii_case(structure::name(field))) != *but;
                structure::fields(header).into_iter().filter(named).collect::<String>() + "\r\n"
            }
            Self::Numbered(way, piece) => {
                let (header, body) = structure::parts(numbered(text, way)?);
                let message = structure::is_message(header).then(|| structure::parts(body));
                match piece {
                    Piece::Body => body,
                    Piece::Mime => header,
                    Piece::Header => message?.0,
                    Piece::Text => message?.1,
                }
                .to_owned()
            }
        })
    }
}

/// Returns the part of a message that the numbers lead to, with its header. Where there is one part alone, it is the message itself.
fn numbered<'t>(message: &'t str, way: &[usize]) -> Option<&'t str> {
    let (number, rest) = way.split_first()?;
    let Some(children) = structure::children(message) else { return (*number == 1 && rest.is_empty()).then_some(message) };
    let part = children.get(number - 1)?;
    let (header, body) = structure::parts(part);
    match rest {
        [] => Some(part),
        _ if structure::is_message(header) => numbered(body, rest),
        _ => structure::children(part).and_then(|_| numbered(part, rest)),
    }
}

fn literal(name: &str, text: Option<&str>) -> String {
    let text = text.unwrap_or_default();
    format!("{name} {{{}}}\r\n{text}", text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(item: &str) -> Option<String> {
        let message = Message {
            uid: 7,
            seen: false,
            received: std::time::UNIX_EPOCH,
            text: "A: 1\r\nB: 2\r\n 3\r\n\r\nGrüße\r\n".to_owned(),
        };
        Some(Item::read(item)?.render(&message, "\\Seen"))
    }

    #[test]
    fn section_of_a_numbered_part_is_found_through_parts_within_parts() {
        let text = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nX: 1\r\n\r\none\r\n--b\r\n\
                    Content-Type: message/rfc822\r\n\r\nSubject: s\r\n\r\ntwo\r\n--b--\r\n";
        for (name, expected) in [
            ("1", Some("one")),
            ("1.MIME", Some("X: 1\r\n\r\n")),
            ("2", Some("Subject: s\r\n\r\ntwo")),
            ("2.HEADER", Some("Subject: s\r\n\r\n")),
            ("2.TEXT", Some("two")),
            ("2.1", Some("two")),
            ("1.HEADER", None),
            ("3", None),
            ("1.1", None),
        ] {
            assert_eq!(Part::read(name).and_then(|part| part.extract(text)).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn every_item_of_the_standard_is_answered() {
        for (item, expected) in [
            ("uid", "UID 7"),
            ("FLAGS", "FLAGS (\\Seen)"),
            ("INTERNALDATE", "INTERNALDATE \"01-Jan-1970 00:00:00 +0000\""),
            ("RFC822.SIZE", "RFC822.SIZE 27"),
            ("RFC822.HEADER", "RFC822.HEADER {18}\r\nA: 1\r\nB: 2\r\n 3\r\n\r\n"),
            ("body[header.fields (b c)]", "BODY[HEADER.FIELDS (B C)] {12}\r\nB: 2\r\n 3\r\n\r\n"),
            ("BODY.PEEK[HEADER.FIELDS.NOT (\"b\")]", "BODY[HEADER.FIELDS.NOT (\"B\")] {8}\r\nA: 1\r\n\r\n"),
            ("BODY[TEXT]<0.3>", "BODY[TEXT]<0> {2}\r\nGr"),
            ("BODY[TEXT]<3.99>", "BODY[TEXT]<3> {7}\r\nüße\r\n"),
            ("BODY[1]<99.1>", "BODY[1]<99> {0}\r\n"),
            ("BODY[2.MIME]", "BODY[2.MIME] NIL"),
            ("BODY[1.2]", "BODY[1.2] NIL"),
        ] {
            assert_eq!(value(item).as_deref(), Some(expected), "{item}");
        }
        let deep = format!("BODY[{}]", ["1"; 9].join("."));
        for wrong in
            [&deep, "", "BODY[", "BODY]", "BODY[x]", "BODY[0]", "BODY[]<1>", "BODY[]<0.0>", "BODY[]x", "BINARY[1]", "MODSEQ"]
        {
            assert_eq!(value(wrong), None, "{wrong}");
        }
    }
}
