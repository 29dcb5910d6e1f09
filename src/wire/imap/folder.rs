//! The IMAP commands that look into a folder and delete from it (RFC 3501, RFC 4315), and the parsers of their responses.

use std::time::SystemTime;

use crate::outcome::Fault;
use crate::wire::mail;

use super::malformed;
use super::name::folder_name;

/// The command that lists the folders at the top.
pub const LIST: &str = "LIST \"\" \"%\"";

/// A folder in the response to [`LIST`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedFolder {
    /// Its name, as the server writes it: a quoted name keeps its quotes, so that it can be sent as it is.
    pub name: String,
    /// Its purpose, where the server tells (RFC 6154) or its name is a known one.
    pub purpose: Option<Purpose>,
}

/// The purpose of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Mail that a filter holds to be junk.
    Junk,
    /// Copies of mail that was sent.
    Sent,
}

/// Names of the folders where a server tells no purpose: Exchange names them in the language of the mailbox. In IMAP's form of
/// UTF-7 (RFC 3501, 5.1.3).
const NAMES: &[(Purpose, &[&str])] = &[
    (
        Purpose::Junk,
        &[
            "Junk Email",
            "Junk E-Mail",
            "Junk-E-Mail",
            "Junk",
            "Spam",
            "Courrier ind&AOk-sirable",
            "Posta indesiderata",
            "Correo no deseado",
        ],
    ),
    (
        Purpose::Sent,
        &[
            "Sent Items",
            "Sent",
            "Gesendete Elemente",
            "Gesendete Objekte",
            "&AMk-l&AOk-ments envoy&AOk-s",
            "Posta inviata",
            "Elementos enviados",
        ],
    ),
];

/// Parses untagged data (the text after `* `): a folder, or `None` where it is something else.
pub fn parse_list(data: &str) -> Option<ListedFolder> {
    let rest = data.strip_prefix("LIST (").or_else(|| data.strip_prefix("list ("))?;
    let (attributes, rest) = rest.split_once(") ")?;
    let (_, name) = rest.split_once(' ')?;
    let has = |attribute: &str| attributes.split(' ').any(|one| one.eq_ignore_ascii_case(attribute));
    let plain = name.trim_matches('"');
    let named = || NAMES.iter().find(|(_, names)| names.iter().any(|known| known.eq_ignore_ascii_case(plain)));
    let purpose = if has("\\Junk") {
        Some(Purpose::Junk)
    } else if has("\\Sent") {
        Some(Purpose::Sent)
    } else {
        named().map(|(purpose, _)| *purpose)
    };
    Some(ListedFolder { name: name.to_owned(), purpose })
}

/// Writes the command that opens a folder to change it.
pub fn select(folder: &str) -> String {
    format!("SELECT {folder}")
}

/// Writes the command that opens the folder of that name to read it: nothing is marked as read, nor as seen by a client.
pub fn examine(folder: &str) -> String {
    format!("EXAMINE {}", folder_name(folder))
}

/// The command that reads when the first message of the open folder was received: the one that has lain there for longest.
pub const FETCH_OLDEST: &str = "FETCH 1 (INTERNALDATE)";

/// Parses untagged data (the text after `* `): the time at which the first message was received, or `None` where it is something
/// else, such as flags that have changed.
///
/// # Errors
/// `reply_malformed`: a time that is none.
pub fn parse_received(data: &str) -> Result<Option<SystemTime>, Fault> {
    const KEY: &str = "INTERNALDATE \"";
    // ASCII letters alone change, so that places stay the same.
    let upper = data.to_ascii_uppercase();
    let Some(at) = upper.find(KEY).filter(|_| upper.starts_with("1 FETCH ")) else { return Ok(None) };
    let text = data.get(at + KEY.len()..).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    mail::parse_internal_date(text).map(Some).ok_or_else(|| malformed(data))
}

/// The state of a folder, from the response to [`select`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SelectedFolder {
    /// The number of messages in it.
    pub exists: u32,
    /// The id that its next message will have, where the server tells.
    pub next_uid: Option<u32>,
    /// The number for which unique ids keep their meaning.
    pub validity: u32,
}

impl SelectedFolder {
    /// Reads untagged data (the text after `* `).
    pub fn read(&mut self, data: &str) {
        let number = |text: &str| text.split([' ', ']']).next().and_then(|number| number.parse::<u32>().ok());
        let upper = data.to_ascii_uppercase();
        if let Some(count) = upper.strip_suffix(" EXISTS") {
            self.exists = count.parse().unwrap_or(self.exists);
        } else if let Some(rest) = upper.strip_prefix("OK [UIDNEXT ") {
            self.next_uid = number(rest).or(self.next_uid);
        } else if let Some(rest) = upper.strip_prefix("OK [UIDVALIDITY ") {
            self.validity = number(rest).unwrap_or(self.validity);
        }
    }
}

/// Writes the command that reads the fields of [`mail::parse_header`] of the messages with these ids.
pub fn fetch_headers(first: u32, last: u32) -> String {
    format!("UID FETCH {first}:{last} (UID BODY.PEEK[HEADER.FIELDS ({})])", mail::FIELDS)
}

/// Writes the command that reads the hops of a message.
pub fn fetch_hops(uid: u32) -> String {
    format!("UID FETCH {uid} (UID BODY.PEEK[HEADER.FIELDS (RECEIVED)])")
}

/// Writes the command that reads the first 12 KiB of a message's body: a report about a small mail is shorter.
pub fn fetch_body(uid: u32) -> String {
    format!("UID FETCH {uid} (UID BODY.PEEK[TEXT]<0.12288>)")
}

/// Writes the commands that delete a message, and no other that is marked for deletion (UIDPLUS).
pub fn delete(uid: u32) -> [String; 2] {
    [format!("UID STORE {uid} +FLAGS.SILENT (\\Deleted)"), format!("UID EXPUNGE {uid}")]
}

/// A text of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedText {
    /// The message's unique id.
    pub uid: u32,
    /// The text; empty where the message has no such part.
    pub text: String,
}

/// Parses untagged data (the text after `* `, with its literals): a text of a message, or `None` where it is something else,
/// such as flags that have changed.
///
/// # Errors
/// `reply_malformed`: a text without the unique id that was asked for.
pub fn parse_fetch(data: &str) -> Result<Option<FetchedText>, Fault> {
    let Some((number, rest)) = data.split_once(' ') else { return Ok(None) };
    let is_fetch =
        number.bytes().all(|byte| byte.is_ascii_digit()) && rest.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("FETCH "));
    if !is_fetch || !rest.to_ascii_uppercase().contains("BODY[") {
        return Ok(None);
    }
    let (before, text, after) = split_literal(rest).unwrap_or((rest, "", ""));
    let uid = [before, after].into_iter().find_map(uid_in).ok_or_else(|| malformed(data))?;
    Ok(Some(FetchedText { uid, text: text.to_owned() }))
}

/// Splits at the first literal.
fn split_literal(data: &str) -> Option<(&str, &str, &str)> {
    let (first, rest) = data.split_once("}\r\n")?;
    let (before, count) = first.rsplit_once('{')?;
    let count = count.strip_suffix('+').unwrap_or(count).parse().ok()?;
    Some((before, rest.get(..count)?, rest.get(count..)?))
}

fn uid_in(text: &str) -> Option<u32> {
    let mut words = text.split([' ', '(', ')']).skip_while(|word| !word.eq_ignore_ascii_case("UID"));
    words.nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_list_knows_junk_and_sent_by_attribute_and_by_name() {
        for (data, name, purpose) in [
            ("LIST (\\HasNoChildren \\Junk) \"/\" \"Unerw&APw-nscht\"", "\"Unerw&APw-nscht\"", Some(Purpose::Junk)),
            ("LIST (\\HasNoChildren) \"/\" \"Junk-E-Mail\"", "\"Junk-E-Mail\"", Some(Purpose::Junk)),
            ("LIST (\\Sent \\HasNoChildren) \".\" Sent", "Sent", Some(Purpose::Sent)),
            ("LIST () NIL \"gesendete elemente\"", "\"gesendete elemente\"", Some(Purpose::Sent)),
            ("LIST (\\Marked) \"/\" INBOX", "INBOX", None),
        ] {
            assert_eq!(parse_list(data), Some(ListedFolder { name: name.to_owned(), purpose }), "{data}");
        }
        for data in ["", "LIST", "LIST ()", "STATUS INBOX ()", "LIST (x) /"] {
            assert_eq!(parse_list(data), None, "{data}");
        }
    }

    #[test]
    fn selected_folder_reads_what_select_tells() {
        let mut folder = SelectedFolder::default();
        for data in
            ["172 EXISTS", "1 RECENT", "ok [uidvalidity 3857529045] x", "OK [UIDNEXT 4392] Predicted next UID", "OK [UIDNEXT x]"]
        {
            folder.read(data);
        }
        assert_eq!(folder, SelectedFolder { exists: 172, next_uid: Some(4392), validity: 3_857_529_045 });
    }

    #[test]
    fn parse_received_reads_the_first_message_s_time() {
        let at = |seconds| Ok(Some(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds)));
        let parsed = |data| parse_received(data).map_err(|fault| fault.reason);
        assert_eq!(parsed("1 FETCH (INTERNALDATE \"23-Nov-2026 17:59:49 +0000\")"), at(1_795_456_789));
        assert_eq!(parsed("1 fetch (UID 7 internaldate \" 3-Nov-2026 17:59:49 +0100\" FLAGS ())"), at(1_793_725_189));
        for data in ["", "1 FETCH (FLAGS (\\Seen))", "2 FETCH (INTERNALDATE \"23-Nov-2026 17:59:49 +0000\")", "12 EXISTS"] {
            assert_eq!(parsed(data), Ok(None), "{data}");
        }
        for data in ["1 FETCH (INTERNALDATE \"", "1 FETCH (INTERNALDATE \"yesterday\")", "1 FETCH (é INTERNALDATE \"é-é-é é\")"]
        {
            assert_eq!(parsed(data), Err(crate::reason::Reason::ReplyMalformed), "{data}");
        }
    }

    #[test]
    fn parse_fetch_of_texts_gives_their_unique_id() {
        let text = |uid, text: &str| Ok(Some(FetchedText { uid, text: text.to_owned() }));
        let parsed = |data| parse_fetch(data).map_err(|fault| fault.reason);
        assert_eq!(parsed("12 FETCH (UID 57 BODY[HEADER.FIELDS (X)] {9}\r\nX: (UID\r\n)"), text(57, "X: (UID\r\n"));
        assert_eq!(parsed("1 fetch (BODY[TEXT]<0> {1}\r\nx UID 9 FLAGS (\\Seen))"), text(9, "x"));
        assert_eq!(parsed("1 FETCH (UID 5 BODY[TEXT] NIL)"), text(5, ""));
        assert_eq!(parsed("1 FETCH (UID 5 BODY[TEXT] \"\")"), text(5, ""));
        assert_eq!(parsed("1 FETCH (UID 5 FLAGS ())"), Ok(None));
        assert_eq!(parsed("12 EXISTS"), Ok(None));
        assert_eq!(parsed("1 FETCH (BODY[TEXT] NIL)"), Err(crate::reason::Reason::ReplyMalformed));
        for data in ["", "1 FETCH (UID 1 BODY[] {99}\r\nshort)", "x FETCH BODY[", "1 FETCH", "1 FETCé BODY["] {
            let _ = parse_fetch(data);
        }
    }
}
