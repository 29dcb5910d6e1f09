//! The folder a client has selected: its messages as they were then, and what the client changes.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::SystemTime;

use crate::sim::identifiers::mail_date;
use crate::sim::mailbox::{Folder, Mailbox, Message};

use super::command::Argument;

/// Unique ids never change their meaning here.
pub(super) const UID_VALIDITY: usize = 14;

/// Returns a time as IMAP writes it: `02-Nov-2026 08:00:00 +0000`.
pub(super) fn internal_date(at: SystemTime) -> String {
    let text = mail_date(at);
    let words: Vec<&str> = text.split(' ').skip(1).collect();
    let (date, rest) = words.split_at_checked(3).unwrap_or_default();
    format!("{:0>11} {}", date.join("-"), rest.join(" "))
}

/// The folder that was selected.
pub(super) struct Selected {
    /// Its name.
    pub folder: String,
    /// Its messages.
    pub messages: Vec<Message>,
    next_uid: u32,
    /// Set after CLOSE has ended the selection.
    pub closed: bool,
    deleted: BTreeSet<u32>,
    writable: bool,
    /// Read or unread since it was last request.
    marked: Vec<(u32, bool)>,
    /// Expunged since it was last request.
    gone: Vec<u32>,
}

impl Selected {
    pub(super) fn new(mailbox: &Mailbox, folder: &Folder, writable: bool) -> Self {
        let (deleted, marked, gone) = (BTreeSet::new(), Vec::new(), Vec::new());
        let messages = mailbox.messages_of(folder).to_vec();
        let (folder, next_uid) = (folder.name.clone(), mailbox.next_uid(folder));
        Self { folder, messages, next_uid, closed: false, deleted, writable, marked, gone }
    }

    /// Tells whether the client has changed anything since this was last called; then `mailbox` gets it.
    pub(super) fn has_changes(&self) -> bool {
        !self.marked.is_empty() || !self.gone.is_empty()
    }

    /// Writes to the mailbox what the client has changed, and nothing else: others may have changed it too.
    pub(super) fn apply(&mut self, mailbox: &mut Mailbox) {
        let (marked, gone) = (std::mem::take(&mut self.marked), std::mem::take(&mut self.gone));
        let Some(messages) = mailbox.messages_of_mut(&self.folder) else { return };
        for (uid, seen) in marked {
            messages.iter_mut().filter(|message| message.uid == uid).for_each(|message| message.seen = seen);
        }
        messages.retain(|message| !gone.contains(&message.uid));
    }

    /// Takes over what others have done to the folder meanwhile; the untagged replies tell of it.
    pub(super) fn refresh(&mut self, now: &[Message]) -> String {
        let mut text = self.remove(|message| !now.iter().any(|other| other.uid == message.uid));
        for (message, number) in self.messages.iter_mut().zip(1..) {
            let seen = now.iter().find(|other| other.uid == message.uid).map_or(message.seen, |other| other.seen);
            if seen != message.seen {
                message.seen = seen;
                let flags = flags(seen, self.deleted.contains(&message.uid));
                let _ = write!(text, "* {number} FETCH (FLAGS ({flags}))\r\n");
            }
        }
        let known = self.messages.last().map_or(0, |message| message.uid);
        let before = self.messages.len();
        self.messages.extend(now.iter().filter(|message| message.uid > known).cloned());
        if self.messages.len() > before {
            let _ = write!(text, "* {} EXISTS\r\n", self.messages.len());
        }
        text
    }

    /// Returns the lines that SELECT and EXAMINE answer with.
    pub(super) fn summary(&self) -> String {
        let mut text = format!(
            "* {} EXISTS\r\n* 0 RECENT\r\n* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft $MDNSent)\r\n",
            self.messages.len()
        );
        let kept = if self.writable { "\\Seen \\Deleted" } else { "" };
        let _ = write!(text, "* OK [PERMANENTFLAGS ({kept})] Permanent flags\r\n");
        if let Some(at) = self.messages.iter().position(|message| !message.seen) {
            let _ = write!(text, "* OK [UNSEEN {}] Is the first unseen message\r\n", at + 1);
        }
        let next = self.next_uid;
        let _ = write!(
            text,
            "* OK [UIDVALIDITY {UID_VALIDITY}] UIDVALIDITY value\r\n* OK [UIDNEXT {next}] The next unique identifier value\r\n"
        );
        text
    }

    /// `READ-WRITE` or `READ-ONLY`.
    pub(super) fn rights(&self) -> &'static str {
        if self.writable { "READ-WRITE" } else { "READ-ONLY" }
    }

    /// Tells whether the client may change it.
    pub(super) fn is_writable(&self) -> bool {
        self.writable
    }

    /// Takes out the messages with these unique ids, whatever their flags.
    pub(super) fn take_away(&mut self, uids: &[u32]) -> String {
        self.gone.extend(uids);
        self.remove(|message| uids.contains(&message.uid))
    }

    /// The places a set like `1,3:*` names, by sequence number or by unique id.
    pub(super) fn places(&self, by_uid: bool, set: &str) -> Option<Vec<usize>> {
        let number = |at: usize, message: &Message| if by_uid { message.uid } else { u32::try_from(at + 1).unwrap_or(u32::MAX) };
        let last = self.messages.iter().enumerate().next_back().map_or(0, |(at, message)| number(at, message));
        let read = |text: &str| match text {
            "*" => Some(last),
            _ if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse::<u32>().ok().filter(|number| *number > 0),
            _ => None,
        };
        let mut ranges = Vec::new();
        for part in set.split(',') {
            let (from, to) = part.split_once(':').unwrap_or((part, part));
            let (from, to) = (read(from)?, read(to)?);
            ranges.push(from.min(to)..=from.max(to));
        }
        let named = self.messages.iter().enumerate().filter(|(at, message)| {
            let number = number(*at, message);
            ranges.iter().any(|range| range.contains(&number))
        });
        Some(named.map(|(at, _)| at).collect())
    }

    /// A message's flags.
    pub(super) fn flags(&self, at: usize) -> Option<String> {
        let message = self.messages.get(at)?;
        Some(flags(message.seen, self.is_deleted(message.uid)))
    }

    /// Tells whether a message is marked for EXPUNGE.
    pub(super) fn is_deleted(&self, uid: u32) -> bool {
        self.deleted.contains(&uid)
    }

    /// Marks a message as read; true where it was not and may be.
    pub(super) fn mark_seen(&mut self, at: usize) -> bool {
        let writable = self.writable;
        match self.messages.get_mut(at) {
            Some(message) if writable && !message.seen => {
                message.seen = true;
                self.marked.push((message.uid, true));
                true
            }
            _ => false,
        }
    }

    /// STORE; `None` where its arguments are wrong.
    pub(super) fn store(&mut self, by_uid: bool, set: &str, action: &str, given: &[Argument]) -> Option<String> {
        let action = action.to_ascii_uppercase();
        let (kind, silent) = action.strip_suffix(".SILENT").map_or((action.as_str(), false), |kind| (kind, true));
        if !matches!(kind, "FLAGS" | "+FLAGS" | "-FLAGS") || given.is_empty() {
            return None;
        }
        let named: Vec<String> = given.iter().flat_map(Argument::texts).map(str::to_ascii_uppercase).collect();
        let mut text = String::new();
        for at in self.places(by_uid, set)? {
            let message = self.messages.get(at)?;
            let (uid, was) = (message.uid, [message.seen, self.deleted.contains(&message.uid)]);
            let [seen, deleted] = [("\\SEEN", was[0]), ("\\DELETED", was[1])].map(|(flag, was)| {
                let given = named.iter().any(|name| name == flag);
                match kind {
                    "+FLAGS" => was || given,
                    "-FLAGS" => was && !given,
                    _ => given,
                }
            });
            if self.writable {
                self.set(at, seen, deleted);
            }
            if !silent {
                let uid = if by_uid { format!("UID {uid} ") } else { String::new() };
                let _ = write!(text, "* {} FETCH ({uid}FLAGS ({}))\r\n", at + 1, self.flags(at)?);
            }
        }
        Some(text)
    }

    fn set(&mut self, at: usize, seen: bool, deleted: bool) {
        let Some(message) = self.messages.get_mut(at) else { return };
        if message.seen != seen {
            message.seen = seen;
            self.marked.push((message.uid, seen));
        }
        if deleted {
            self.deleted.insert(message.uid);
        } else {
            self.deleted.remove(&message.uid);
        }
    }

    /// EXPUNGE, of all messages or of those at the `places` named.
    pub(super) fn expunge(&mut self, places: Option<&[usize]>) -> String {
        if !self.writable {
            return String::new();
        }
        let named = |(at, _): &(usize, &Message)| places.is_none_or(|places| places.contains(at));
        let gone: Vec<u32> = self.messages.iter().enumerate().filter(named).map(|(_, message)| message.uid).collect();
        let gone: Vec<u32> = gone.into_iter().filter(|uid| self.deleted.contains(uid)).collect();
        let text = self.remove(|message| gone.contains(&message.uid));
        self.gone.extend(gone);
        text
    }

    /// Takes messages out; each that goes moves the later ones up.
    fn remove(&mut self, goes: impl Fn(&Message) -> bool) -> String {
        let (mut text, mut number) = (String::new(), 0);
        self.messages.retain(|message| {
            number += 1;
            if goes(message) {
                let _ = write!(text, "* {number} EXPUNGE\r\n");
                number -= 1;
                return false;
            }
            true
        });
        text
    }
}

fn flags(seen: bool, deleted: bool) -> String {
    let set = [(seen, "\\Seen"), (deleted, "\\Deleted")];
    set.iter().filter(|(on, _)| *on).map(|(_, flag)| *flag).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_have_done_meanwhile_is_told_and_kept() {
        let mut mailbox = Mailbox::new("praxis@contoso.example").with_messages(4);
        let mut selected = Selected::new(&mailbox, mailbox.folder("inbox").expect("an inbox"), true);
        assert_eq!(selected.store(false, "2", "+FLAGS.SILENT", &[Argument::Text("\\Deleted".to_owned())]).as_deref(), Some(""));
        // Another client removes the first message, reads the third and a new one arrives.
        mailbox.messages.remove(0);
        mailbox.messages[1].seen = true;
        mailbox.messages.push(Message::example(5, "praxis@contoso.example"));
        assert_eq!(selected.expunge(Some(&[0])), "", "the first is not marked");
        assert_eq!(selected.expunge(None), "* 2 EXPUNGE\r\n");
        assert!(selected.has_changes());
        selected.apply(&mut mailbox);
        assert_eq!(mailbox.messages.iter().map(|message| message.uid).collect::<Vec<_>>(), [3, 4, 5]);
        let told = selected.refresh(&mailbox.messages);
        assert_eq!(told, "* 1 EXPUNGE\r\n* 1 FETCH (FLAGS (\\Seen))\r\n* 3 EXISTS\r\n");
        assert_eq!(selected.refresh(&mailbox.messages), "");
    }
}
