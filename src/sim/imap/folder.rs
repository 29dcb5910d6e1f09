//! IMAP commands on a mailbox: its folders, and the messages of the one selected.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::sim::mailbox::{Folder, Mailbox, Message};

use super::command::{Argument, Command};

/// The folder that was selected, as it was then.
pub(super) struct Selected {
    messages: Vec<Message>,
    deleted: BTreeSet<u32>,
    writable: bool,
    changed: bool,
    /// Whether CLOSE has let go of it.
    pub(super) closed: bool,
}

impl Selected {
    /// The messages, if they are not what they were when this was last asked.
    pub(super) fn changes(&mut self) -> Option<Vec<Message>> {
        std::mem::take(&mut self.changed).then(|| self.messages.clone())
    }
}

/// The whole reply to `command`; `None` where it is no command or its arguments are wrong.
pub(super) fn reply(mailbox: &Mailbox, selected: &mut Option<Selected>, command: &Command) -> Option<String> {
    let (tag, name) = (&command.tag, command.name.as_str());
    let (by_uid, plain) = name.strip_prefix("UID ").map_or((false, name), |name| (true, name));
    let body = match (plain, command.arguments.as_slice()) {
        ("NAMESPACE", []) => "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n".to_owned(),
        ("LIST" | "LSUB", [reference, pattern]) => list(mailbox, plain, reference.text(), pattern.text()),
        ("SUBSCRIBE" | "UNSUBSCRIBE", [folder]) if find(mailbox, folder.text()).is_some() => String::new(),
        ("STATUS", [folder, items @ Argument::List(_)]) => match find(mailbox, folder.text()) {
            Some(found) => status(mailbox, found, folder.text(), &items.texts())?,
            None => return Some(format!("{tag} NO {} doesn't exist.\r\n", folder.text())),
        },
        ("SELECT" | "EXAMINE", [folder]) => {
            *selected = None;
            let Some(found) = find(mailbox, folder.text()) else {
                return Some(format!("{tag} NO {} doesn't exist.\r\n", folder.text()));
            };
            let opened = selected.insert(select(mailbox, found, plain == "SELECT"));
            let rights = if opened.writable { "READ-WRITE" } else { "READ-ONLY" };
            return Some(format!("{}{tag} OK [{rights}] {plain} completed.\r\n", summary(opened)));
        }
        ("CREATE" | "DELETE" | "RENAME" | "APPEND", [_, ..]) => return Some(format!("{tag} NO {plain} failed.\r\n")),
        _ => on_messages(selected, by_uid, plain, &command.arguments)?,
    };
    Some(format!("{body}{tag} OK {plain} completed.\r\n"))
}

/// Commands of the selected state.
fn on_messages(selected: &mut Option<Selected>, by_uid: bool, name: &str, arguments: &[Argument]) -> Option<String> {
    let opened = selected.as_mut()?;
    match (name, arguments) {
        ("CHECK", []) => Some(String::new()),
        ("UNSELECT", []) => {
            *selected = None;
            Some(String::new())
        }
        ("CLOSE", []) => {
            expunge(opened);
            opened.closed = true;
            Some(String::new())
        }
        ("EXPUNGE", []) => Some(expunge(opened)),
        ("FETCH", [set, items]) => fetch(opened, by_uid, set.text(), items),
        ("SEARCH", keys) => search(opened, by_uid, keys),
        ("STORE", [set, action, flags]) => store(opened, by_uid, set.text(), action.text(), flags),
        _ => None,
    }
}

fn find<'m>(mailbox: &'m Mailbox, name: &str) -> Option<&'m Folder> {
    mailbox
        .folders
        .iter()
        .find(|folder| shown(folder) == name || folder.distinguished == "inbox" && name.eq_ignore_ascii_case("INBOX"))
}

/// A folder's name in IMAP: the inbox is always `INBOX`.
fn shown(folder: &Folder) -> &str {
    if folder.distinguished == "inbox" { "INBOX" } else { &folder.name }
}

fn messages<'m>(mailbox: &'m Mailbox, folder: &Folder) -> &'m [Message] {
    if folder.distinguished == "inbox" { &mailbox.messages } else { &[] }
}

fn list(mailbox: &Mailbox, name: &str, reference: &str, pattern: &str) -> String {
    if pattern.is_empty() {
        return format!("* {name} (\\Noselect) \"/\" \"\"\r\n");
    }
    let pattern = format!("{reference}{pattern}");
    let mut text = String::new();
    for folder in mailbox.folders.iter().filter(|folder| matches(&pattern, shown(folder))) {
        let _ = write!(text, "* {name} (\\HasNoChildren) \"/\" {}\r\n", quoted(shown(folder)));
    }
    text
}

/// `*` and `%` match anything here: no folder has a folder below it.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((before, after)) = pattern.split_once(['*', '%']) else {
        return pattern == name || pattern.eq_ignore_ascii_case("INBOX") && name == "INBOX";
    };
    let Some(rest) = name.strip_prefix(before) else { return false };
    rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| rest.get(at..).is_some_and(|rest| matches(after, rest)))
}

fn quoted(name: &str) -> String {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")) }
}

fn status(mailbox: &Mailbox, folder: &Folder, asked: &str, items: &[&str]) -> Option<String> {
    let messages = messages(mailbox, folder);
    let mut values = Vec::new();
    for item in items {
        let item = item.to_ascii_uppercase();
        let value = match item.as_str() {
            "MESSAGES" => messages.len(),
            "RECENT" => 0,
            "UIDNEXT" => messages.last().map_or(1, |message| message.uid as usize + 1),
            "UIDVALIDITY" => UID_VALIDITY,
            "UNSEEN" => messages.iter().filter(|message| !message.seen).count(),
            _ => return None,
        };
        values.push(format!("{item} {value}"));
    }
    Some(format!("* STATUS {} ({})\r\n", quoted(asked), values.join(" ")))
}

/// Unique ids never change their meaning here.
const UID_VALIDITY: usize = 14;

fn select(mailbox: &Mailbox, folder: &Folder, writable: bool) -> Selected {
    let messages = messages(mailbox, folder).to_vec();
    Selected { messages, deleted: BTreeSet::new(), writable, changed: false, closed: false }
}

fn summary(selected: &Selected) -> String {
    let mut text = format!(
        "* {} EXISTS\r\n* 0 RECENT\r\n* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft $MDNSent)\r\n",
        selected.messages.len()
    );
    let kept = if selected.writable { "\\Seen \\Deleted" } else { "" };
    let _ = write!(text, "* OK [PERMANENTFLAGS ({kept})] Permanent flags\r\n");
    if let Some(at) = selected.messages.iter().position(|message| !message.seen) {
        let _ = write!(text, "* OK [UNSEEN {}] Is the first unseen message\r\n", at + 1);
    }
    let next = selected.messages.last().map_or(1, |message| message.uid + 1);
    let _ = write!(
        text,
        "* OK [UIDVALIDITY {UID_VALIDITY}] UIDVALIDITY value\r\n* OK [UIDNEXT {next}] The next unique identifier value\r\n"
    );
    text
}

/// The places a set like `1,3:*` names, by sequence number or by unique id.
fn places(selected: &Selected, by_uid: bool, set: &str) -> Option<Vec<usize>> {
    let number = |at: usize, message: &Message| if by_uid { message.uid } else { u32::try_from(at + 1).unwrap_or(u32::MAX) };
    let last = selected.messages.iter().enumerate().next_back().map_or(0, |(at, message)| number(at, message));
    let read = |text: &str| if text == "*" { Some(last) } else { text.parse::<u32>().ok().filter(|number| *number > 0) };
    let mut ranges = Vec::new();
    for part in set.split(',') {
        let (from, to) = part.split_once(':').unwrap_or((part, part));
        let (from, to) = (read(from)?, read(to)?);
        ranges.push(from.min(to)..=from.max(to));
    }
    let named = selected.messages.iter().enumerate().filter(|(at, message)| {
        let number = number(*at, message);
        ranges.iter().any(|range| range.contains(&number))
    });
    Some(named.map(|(at, _)| at).collect())
}

fn fetch(selected: &mut Selected, by_uid: bool, set: &str, items: &Argument) -> Option<String> {
    let mut items: Vec<String> = items.texts().iter().map(|item| item.to_ascii_uppercase()).collect();
    // ENVELOPE and BODY, which ALL and FULL stand for besides, are not kept here.
    if let Some("ALL" | "FAST" | "FULL") = items.first().map(String::as_str) {
        items = ["FLAGS", "INTERNALDATE", "RFC822.SIZE"].map(str::to_owned).into();
    }
    if by_uid && !items.iter().any(|item| item == "UID") {
        items.insert(0, "UID".to_owned());
    }
    let mut text = String::new();
    for at in places(selected, by_uid, set)? {
        let reads = items.iter().any(|item| item == "RFC822" || item == "RFC822.TEXT" || item.starts_with("BODY["));
        let (writable, flags) = (selected.writable, flags(selected, at)?);
        let message = selected.messages.get_mut(at)?;
        let values: Vec<String> = items.iter().map(|item| value(message, &flags, item)).collect::<Option<_>>()?;
        if reads && writable && !message.seen {
            message.seen = true;
            selected.changed = true;
        }
        let _ = write!(text, "* {} FETCH ({})\r\n", at + 1, values.join(" "));
    }
    Some(text)
}

fn flags(selected: &Selected, at: usize) -> Option<String> {
    let message = selected.messages.get(at)?;
    let set = [(message.seen, "\\Seen"), (selected.deleted.contains(&message.uid), "\\Deleted")];
    Some(set.iter().filter(|(on, _)| *on).map(|(_, flag)| *flag).collect::<Vec<_>>().join(" "))
}

fn value(message: &Message, flags: &str, item: &str) -> Option<String> {
    let (header, body) = message.text.split_once("\r\n\r\n").unwrap_or((&message.text, ""));
    let header = format!("{header}\r\n\r\n");
    let literal = |name: &str, text: &str| format!("{name} {{{}}}\r\n{text}", text.len());
    let shown = item.replace(".PEEK", "");
    Some(match item {
        "UID" => format!("UID {}", message.uid),
        "FLAGS" => format!("FLAGS ({flags})"),
        "INTERNALDATE" => "INTERNALDATE \"02-Nov-2026 08:00:00 +0000\"".to_owned(),
        "RFC822.SIZE" => format!("RFC822.SIZE {}", message.text.len()),
        "RFC822" | "BODY[]" | "BODY.PEEK[]" => literal(&shown, &message.text),
        "RFC822.HEADER" | "BODY[HEADER]" | "BODY.PEEK[HEADER]" => literal(&shown, &header),
        "RFC822.TEXT" | "BODY[TEXT]" | "BODY.PEEK[TEXT]" | "BODY[1]" | "BODY.PEEK[1]" => literal(&shown, body),
        _ => {
            let fields = shown.strip_prefix("BODY[HEADER.FIELDS (")?.strip_suffix(")]")?;
            let wanted: Vec<&str> = fields.split(' ').collect();
            let lines = header.lines().filter(|line| {
                line.split_once(':').is_some_and(|(name, _)| wanted.iter().any(|field| field.eq_ignore_ascii_case(name)))
            });
            let text = lines.fold(String::new(), |text, line| text + line + "\r\n");
            literal(&shown, &format!("{text}\r\n"))
        }
    })
}

/// The keys `ALL`, `SEEN`, `UNSEEN`, `UID set` and bare sets, all of which must hold.
fn search(selected: &Selected, by_uid: bool, keys: &[Argument]) -> Option<String> {
    let mut found: Vec<usize> = (0..selected.messages.len()).collect();
    let mut keys = keys.iter().map(|key| key.text().to_ascii_uppercase()).peekable();
    if keys.peek().is_some_and(|key| key == "CHARSET") {
        keys.nth(1)?;
    }
    keys.peek()?;
    while let Some(key) = keys.next() {
        let seen = |at: &usize| selected.messages.get(*at).is_some_and(|message| message.seen);
        match key.as_str() {
            "ALL" | "UNDELETED" => {}
            "SEEN" => found.retain(seen),
            "UNSEEN" | "NEW" => found.retain(|at| !seen(at)),
            "UID" => {
                let named = places(selected, true, &keys.next()?)?;
                found.retain(|at| named.contains(at));
            }
            set => {
                let named = places(selected, false, set)?;
                found.retain(|at| named.contains(at));
            }
        }
    }
    let numbers: Vec<String> = found
        .iter()
        .filter_map(|at| {
            if by_uid { selected.messages.get(*at).map(|message| message.uid.to_string()) } else { Some((at + 1).to_string()) }
        })
        .collect();
    Some(format!("* SEARCH {}", numbers.join(" ")).trim_end().to_owned() + "\r\n")
}

fn store(selected: &mut Selected, by_uid: bool, set: &str, action: &str, flags_given: &Argument) -> Option<String> {
    let action = action.to_ascii_uppercase();
    let (kind, silent) = action.strip_suffix(".SILENT").map_or((action.as_str(), false), |kind| (kind, true));
    let named: Vec<String> = flags_given.texts().iter().map(|flag| flag.to_ascii_uppercase()).collect();
    let mut text = String::new();
    for at in places(selected, by_uid, set)? {
        let message = selected.messages.get_mut(at)?;
        let uid = message.uid;
        let was = [message.seen, selected.deleted.contains(&uid)];
        let [seen, deleted] = [("\\SEEN", was[0]), ("\\DELETED", was[1])].map(|(flag, was)| {
            let given = named.iter().any(|name| name == flag);
            match kind {
                "+FLAGS" => was || given,
                "-FLAGS" => was && !given,
                _ => given,
            }
        });
        if selected.writable {
            message.seen = seen;
            if deleted {
                selected.deleted.insert(uid)
            } else {
                selected.deleted.remove(&uid)
            };
            selected.changed |= seen != was[0];
        }
        if !silent {
            let uid = if by_uid { format!("UID {uid} ") } else { String::new() };
            let _ = write!(text, "* {} FETCH ({uid}FLAGS ({}))\r\n", at + 1, flags(selected, at)?);
        }
    }
    matches!(kind, "FLAGS" | "+FLAGS" | "-FLAGS").then_some(text)
}

fn expunge(selected: &mut Selected) -> String {
    let mut text = String::new();
    let mut at = 0;
    while selected.writable && at < selected.messages.len() {
        if selected.messages.get(at).is_some_and(|message| selected.deleted.contains(&message.uid)) {
            selected.messages.remove(at);
            selected.changed = true;
            let _ = write!(text, "* {} EXPUNGE\r\n", at + 1);
        } else {
            at += 1;
        }
    }
    text
}
