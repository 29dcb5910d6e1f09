//! IMAP `STATUS` (RFC 3501, 6.3.10): the number of messages in a folder, without selecting it.

use super::malformed;
use super::name::{INBOX, encode, folder_name};
use crate::outcome::Fault;

/// Writes the command that counts the messages in a folder. Only this proves that the mailbox could be opened: Exchange may
/// respond `OK` to AUTHENTICATE before it has.
pub fn status(folder: &str) -> String {
    format!("STATUS {} (MESSAGES UNSEEN)", folder_name(folder))
}

/// The response to [`status`]; what the server leaves out is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImapStatusResponse {
    /// The number of all messages.
    pub messages: Option<u64>,
    /// The number of messages not seen yet.
    pub unseen: Option<u64>,
}

/// Parses untagged data (the text after `* `): the status of `folder`, or `None` where it is something else.
///
/// The name comes as an atom, quoted or as a literal, the numbers in any order and with others between them.
///
/// # Errors
/// `reply_malformed`: a `STATUS` of that folder, or of a name that cannot be parsed, without its numbers.
pub fn parse_status(data: &str, folder: &str) -> Result<Option<ImapStatusResponse>, Fault> {
    let Some((keyword, rest)) = data.split_once(' ') else { return Ok(None) };
    if !keyword.eq_ignore_ascii_case("STATUS") {
        return Ok(None);
    }
    let (name, rest) = mailbox_name(rest).ok_or_else(|| malformed(data))?;
    let is_inbox = folder.eq_ignore_ascii_case(INBOX);
    if !(name == encode(folder) || is_inbox && name.eq_ignore_ascii_case(INBOX)) {
        return Ok(None);
    }
    parse_numbers(rest).map(Some).ok_or_else(|| malformed(data))
}

/// Parses `(MESSAGES 12 UNSEEN 3)`.
fn parse_numbers(text: &str) -> Option<ImapStatusResponse> {
    let list = text.trim().strip_prefix('(')?.strip_suffix(')')?;
    let mut words = list.split_ascii_whitespace();
    let mut status = ImapStatusResponse::default();
    while let Some(name) = words.next() {
        let value = words.next()?;
        match name.to_ascii_uppercase().as_str() {
            "MESSAGES" => status.messages = Some(value.parse().ok()?),
            "UNSEEN" => status.unseen = Some(value.parse().ok()?),
            _ => {}
        }
    }
    Some(status)
}

/// The mailbox name at the start of `text`, and what follows it.
fn mailbox_name(text: &str) -> Option<(String, &str)> {
    if let Some(rest) = text.strip_prefix('{') {
        let (count, rest) = rest.split_once('}')?;
        let count = count.strip_suffix('+').unwrap_or(count).parse().ok()?;
        let rest = rest.strip_prefix("\r\n").unwrap_or(rest);
        return Some((rest.get(..count)?.to_owned(), rest.get(count..)?));
    }
    let Some(rest) = text.strip_prefix('"') else {
        return text.split_once(' ').map(|(name, rest)| (name.to_owned(), rest));
    };
    let mut name = String::new();
    let mut chars = rest.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((name, rest.get(at + 1..)?)),
            '\\' => name.push(chars.next()?.1),
            _ => name.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parse_status_in_every_form() {
        let both = Some(ImapStatusResponse { messages: Some(12), unseen: Some(3) });
        for (data, expected) in [
            ("STATUS INBOX (MESSAGES 12 UNSEEN 3)", both),
            ("STATUS INBOX (UNSEEN 3 MESSAGES 12) ", both),
            ("status \"inbox\" (messages 12 uidnext 99 unseen 3)", both),
            ("STATUS {5}\r\nINBOX (MESSAGES 12 UNSEEN 3)", both),
            ("STATUS {5+}INBOX (MESSAGES 12 UNSEEN 3 )", both),
            ("STATUS INBOX ()", Some(ImapStatusResponse::default())),
            ("STATUS \"a \\\" b\" (MESSAGES 1)", None),
            ("STATUS Sent (MESSAGES 1)", None),
            ("CAPABILITY IMAP4rev1", None),
            ("3 EXISTS", None),
            ("", None),
        ] {
            assert_eq!(parse_status(data, INBOX).expect("parsed"), expected, "{data}");
        }
    }

    #[test]
    fn parse_status_of_malformed_data_gives_no_numbers() {
        for data in [
            "STATUS INBOX",
            "STATUS INBOX (MESSAGES)",
            "STATUS INBOX (MESSAGES twelve)",
            "STATUS INBOX (MESSAGES 99999999999999999999999)",
            "STATUS INBOX MESSAGES 12",
            "STATUS \"INBOX (MESSAGES 12)",
            "STATUS {99}\r\nINBOX (MESSAGES 12)",
            "STATUS {3}\r\n€€ (MESSAGES 12)x",
        ] {
            assert!(!matches!(parse_status(data, INBOX), Ok(Some(_))), "{data}");
        }
        assert!(parse_status("STATUS INBOX (MESSAGES)", INBOX).is_err());
    }

    #[test]
    fn parse_status_of_a_folder_knows_its_encoded_name() {
        let twelve = Some(ImapStatusResponse { messages: Some(12), unseen: None });
        for (data, folder, expected) in [
            ("STATUS \"Entw&APw-rfe\" (MESSAGES 12)", "Entwürfe", twelve),
            ("STATUS {12}\r\nEntw&APw-rfe (MESSAGES 12)", "Entwürfe", twelve),
            ("STATUS \"a \\\" b\" (MESSAGES 12)", "a \" b", twelve),
            ("STATUS INBOX (MESSAGES 12)", "Entwürfe", None),
        ] {
            assert_eq!(parse_status(data, folder).expect("parsed"), expected, "{data}");
        }
        assert_eq!(status("Entwürfe"), "STATUS \"Entw&APw-rfe\" (MESSAGES UNSEEN)");
    }

    proptest! {
        #[test]
        fn parse_status_never_panics(rest in any::<String>(), start in "STATUS (INBOX|\"|\\{[0-9]{1,4}\\}) ?\\(?") {
            let _ = parse_status(&(start + &rest), INBOX);
        }
    }
}
