//! IMAP commands on a mailbox: its folders, and the one selected.

use std::fmt::Write;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD as STANDARD_NO_PAD;

use crate::sim::mailbox::{Folder, Mailbox};

use super::command::{Argument, Command};
use super::fetch::fetch;
use super::search::{Searched, search};
use super::selected::{Selected, UID_VALIDITY};

/// The whole reply to `command`; `None` where its arguments are wrong.
pub(super) fn reply(mailbox: &Mailbox, selected: &mut Option<Selected>, command: &Command) -> Option<String> {
    let (tag, name) = (&command.tag, command.name.as_str());
    let (by_uid, plain) = name.strip_prefix("UID ").map_or((false, name), |name| (true, name));
    let refused = |words: &str| Some(format!("{tag} NO {words}\r\n"));
    let body = match (plain, command.arguments.as_slice()) {
        ("NAMESPACE", []) => "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n".to_owned(),
        ("LIST" | "LSUB", [Argument::Text(reference), Argument::Text(pattern)]) => list(mailbox, plain, reference, pattern),
        ("SUBSCRIBE" | "UNSUBSCRIBE" | "STATUS" | "SELECT" | "EXAMINE", [Argument::Text(folder), ..])
            if find(mailbox, folder).is_none() =>
        {
            if matches!(plain, "SELECT" | "EXAMINE") {
                *selected = None;
            }
            return refused(&format!("{} doesn't exist.", printable(folder)));
        }
        ("SUBSCRIBE" | "UNSUBSCRIBE", [Argument::Text(_)]) => String::new(),
        ("STATUS", [Argument::Text(folder), items @ Argument::List(_)]) => {
            status(mailbox, find(mailbox, folder)?, folder, &items.texts())?
        }
        ("SELECT" | "EXAMINE", [Argument::Text(folder)]) => {
            let opened = selected.insert(Selected::new(mailbox, find(mailbox, folder)?, plain == "SELECT"));
            return Some(format!("{}{tag} OK [{}] {plain} completed.\r\n", opened.summary(), opened.rights()));
        }
        ("STORE" | "EXPUNGE" | "CLOSE", _) if mailbox.read_only => return refused("Access is denied."),
        ("SEARCH", keys) => match search(selected.as_ref()?, by_uid, keys)? {
            Searched::Found(reply) => reply,
            Searched::BadCharset => return refused("[BADCHARSET (US-ASCII)] The specified charset is not supported."),
        },
        ("NOOP" | "CHECK", []) => refreshed(mailbox, selected),
        (_, arguments) => on_messages(selected, by_uid, plain, arguments)?,
    };
    Some(format!("{body}{tag} OK {plain} completed.\r\n"))
}

/// Returns the changes by others to the selected folder; empty where none is selected.
pub(super) fn refreshed(mailbox: &Mailbox, selected: &mut Option<Selected>) -> String {
    let Some(opened) = selected else { return String::new() };
    let folder = mailbox.folders.iter().find(|folder| folder.name == opened.folder);
    folder.map_or_else(String::new, |folder| opened.refresh(mailbox.messages_of(folder)))
}

/// Commands that change the selected folder or read its messages.
fn on_messages(selected: &mut Option<Selected>, by_uid: bool, name: &str, arguments: &[Argument]) -> Option<String> {
    let opened = selected.as_mut()?;
    match (name, arguments) {
        ("UNSELECT", []) => {
            *selected = None;
            Some(String::new())
        }
        ("CLOSE", []) => {
            opened.expunge(None);
            opened.closed = true;
            Some(String::new())
        }
        ("EXPUNGE", []) if !by_uid => Some(opened.expunge(None)),
        ("EXPUNGE", [Argument::Text(set)]) if by_uid => {
            let places = opened.places(true, set)?;
            Some(opened.expunge(Some(&places)))
        }
        ("FETCH", [Argument::Text(set), items]) => fetch(opened, by_uid, set, items),
        ("STORE", [Argument::Text(set), Argument::Text(action), flags @ ..]) => opened.store(by_uid, set, action, flags),
        _ => None,
    }
}

pub(super) fn find<'m>(mailbox: &'m Mailbox, name: &str) -> Option<&'m Folder> {
    let name = decoded(name)?;
    mailbox.folders.iter().find(|folder| shown(folder) == name || folder.is_inbox() && name.eq_ignore_ascii_case("INBOX"))
}

/// Decodes a name from modified UTF-7 (RFC 3501, 5.1.3); `None` where it is none.
pub(super) fn decoded(name: &str) -> Option<String> {
    let mut parts = name.split('&');
    let mut text = parts.next()?.to_owned();
    for part in parts {
        let (encoded, plain) = part.split_once('-')?;
        if encoded.is_empty() {
            text.push('&');
        } else {
            let bytes = STANDARD_NO_PAD.decode(encoded.replace(',', "/")).ok()?;
            let units = bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok().map(u16::from_be_bytes));
            let units: Vec<u16> = units.collect();
            text.push_str(&String::from_utf16(&units).ok()?);
        }
        text.push_str(plain);
    }
    Some(text)
}

/// Encodes a name in modified UTF-7 (RFC 3501, 5.1.3).
fn encoded(name: &str) -> String {
    let mut text = String::new();
    for run in name.chars().collect::<Vec<_>>().chunk_by(|one, next| is_plain(*one) == is_plain(*next)) {
        let letters: String = run.iter().collect();
        if run.first().copied().is_some_and(is_plain) {
            text.push_str(&letters.replace('&', "&-"));
        } else {
            let bytes: Vec<u8> = letters.encode_utf16().flat_map(u16::to_be_bytes).collect();
            let _ = write!(text, "&{}-", STANDARD_NO_PAD.encode(bytes).replace('/', ","));
        }
    }
    text
}

fn is_plain(letter: char) -> bool {
    letter == ' ' || letter.is_ascii_graphic()
}

/// A folder's name in IMAP: the inbox is always `INBOX`.
fn shown(folder: &Folder) -> &str {
    if folder.is_inbox() { "INBOX" } else { &folder.name }
}

/// Returns Exchange's attributes of a folder; those of special use are the names of RFC 6154.
fn attributes(mailbox: &Mailbox, folder: &Folder) -> String {
    let below = |other: &Folder| shown(other).strip_prefix(shown(folder)).is_some_and(|rest| rest.starts_with('/'));
    let children = if mailbox.folders.iter().any(below) { "\\HasChildren" } else { "\\HasNoChildren" };
    match folder.distinguished {
        "inbox" => format!("\\Marked {children}"),
        "drafts" => format!("{children} \\Drafts"),
        "sentitems" => format!("{children} \\Sent"),
        "deleteditems" => format!("{children} \\Trash"),
        "junkemail" => format!("{children} \\Junk"),
        _ => children.to_owned(),
    }
}

fn list(mailbox: &Mailbox, name: &str, reference: &str, pattern: &str) -> String {
    if pattern.is_empty() {
        return format!("* {name} (\\Noselect) \"/\" \"\"\r\n");
    }
    let pattern = format!("{reference}{pattern}");
    let mut text = String::new();
    for folder in &mailbox.folders {
        let shown = encoded(shown(folder));
        if matches(&pattern, &shown) {
            let _ = write!(text, "* {name} ({}) \"/\" {}\r\n", attributes(mailbox, folder), quoted(&shown));
        }
    }
    text
}

/// `*` matches anything, `%` anything within one level.
fn matches(pattern: &str, name: &str) -> bool {
    let Some(at) = pattern.find(['*', '%']) else {
        return pattern == name || pattern.eq_ignore_ascii_case("INBOX") && name == "INBOX";
    };
    let (before, rest) = pattern.split_at(at);
    let (wildcard, after) = rest.split_at(1);
    let Some(rest) = name.strip_prefix(before) else { return false };
    let level = if wildcard == "%" { rest.find('/').unwrap_or(rest.len()) } else { rest.len() };
    let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]).filter(|at| *at <= level);
    ends.into_iter().any(|at| rest.get(at..).is_some_and(|rest| matches(after, rest)))
}

fn quoted(name: &str) -> String {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")) }
}

/// A name that a client gave, fit to be said back in a line.
fn printable(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(128).collect()
}

fn status(mailbox: &Mailbox, folder: &Folder, request: &str, items: &[&str]) -> Option<String> {
    let messages = mailbox.messages_of(folder);
    let mut values = Vec::new();
    for item in items {
        let item = item.to_ascii_uppercase();
        let value = match item.as_str() {
            "MESSAGES" => messages.len(),
            "RECENT" => 0,
            "UIDNEXT" => mailbox.next_uid(folder) as usize,
            "UIDVALIDITY" => UID_VALIDITY,
            "UNSEEN" => messages.iter().filter(|message| !message.seen).count(),
            _ => return None,
        };
        values.push(format!("{item} {value}"));
    }
    (!values.is_empty()).then(|| format!("* STATUS {} ({})\r\n", quoted(request), values.join(" ")))
}
