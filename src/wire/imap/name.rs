//! Names of folders in IMAP: modified UTF-7 (RFC 3501, 5.1.3), quoted.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::NO_PAD;

/// The inbox, which has this name on every server and in every language, in any case.
pub const INBOX: &str = "INBOX";

/// Returns the name of a folder as a command holds it: `INBOX`, or a quoted string. Nothing in it can end the string or the line:
/// control characters are encoded as all others outside of printable ASCII are.
pub fn folder_name(name: &str) -> String {
    if name.eq_ignore_ascii_case(INBOX) {
        return INBOX.to_owned();
    }
    format!("\"{}\"", encode(name).replace('\\', "\\\\").replace('"', "\\\""))
}

/// Encodes text in modified UTF-7: `Entwürfe & mehr` as `Entw&APw-rfe &- mehr`.
pub fn encode(text: &str) -> String {
    let is_plain = |c: char| c == ' ' || c.is_ascii_graphic();
    let mut encoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| is_plain(c) != is_plain(first)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        if is_plain(first) {
            encoded.push_str(&run.replace('&', "&-"));
        } else {
            let utf16: Vec<u8> = run.encode_utf16().flat_map(u16::to_be_bytes).collect();
            let _ = write!(encoded, "&{}-", BASE64.encode(utf16)); // writing to a String cannot fail
        }
        rest = after;
    }
    encoded
}

/// Base64 without padding, and with a comma in place of the slash.
const BASE64: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn folder_name_of_any_language_is_quoted_modified_utf_7() {
        for (name, expected) in [
            ("inbox", "INBOX"),
            ("INBOX/Rechnungen", "\"INBOX/Rechnungen\""),
            ("Entwürfe & mehr", "\"Entw&APw-rfe &- mehr\""),
            ("~peter/mail/台北/日本語", "\"~peter/mail/&U,BTFw-/&ZeVnLIqe-\""),
            ("😀", "\"&2D3eAA-\""),
            ("a\"b\\c", "\"a\\\"b\\\\c\""),
            ("a\r\na1 DELETE x", "\"a&AA0ACg-a1 DELETE x\""),
        ] {
            assert_eq!(folder_name(name), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn folder_name_of_anything_is_one_word_of_printable_ascii(name in any::<String>()) {
            let quoted = folder_name(&name);
            prop_assert!(quoted.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{quoted}");
            let inside = quoted.trim_matches('"');
            prop_assert!(quoted == INBOX || !inside.replace("\\\\", "").replace("\\\"", "").contains('"'), "{quoted}");
        }
    }
}
