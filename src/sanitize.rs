//! Sanitizing of text from a peer: one printable line of bounded length. Secrets are masked by [`crate::secret::Sent`].

use std::borrow::Cow;

/// Characters of a reply that a parser keeps: more than anybody will read. The reply is cut to [`MAX_EVIDENCE`] only after
/// our secrets have been masked in it, so that no cut leaves half a secret standing.
pub const MAX_REPLY: usize = 4096;
/// Characters of evidence, which is read on a screen and in 8 kB of Nagios output.
pub const MAX_EVIDENCE: usize = 400;
/// Bytes of a reply that are read at all before it is cut to [`MAX_EVIDENCE`].
const MAX_EXCERPT: usize = 16 * 1024;

/// Puts a reply on one line of at most [`MAX_REPLY`] characters.
pub fn reply(text: &str) -> String {
    one_line(text, MAX_REPLY)
}

/// Puts a reply in bytes on one line of at most [`MAX_REPLY`] characters; what is not UTF-8 becomes `�`.
pub fn reply_bytes(bytes: &[u8]) -> String {
    // A character takes at most four bytes; one more shows that there was more.
    let enough = bytes.get(..4 * (MAX_REPLY + 1)).unwrap_or(bytes);
    reply(&String::from_utf8_lossy(enough))
}

/// Puts bytes from a peer that was sent no secret on one line of at most [`MAX_EVIDENCE`] characters.
pub fn evidence(bytes: &[u8]) -> String {
    one_line(&excerpt(bytes), MAX_EVIDENCE)
}

/// Decodes the beginning of `bytes`: enough of it that masking a secret before the cut to [`MAX_EVIDENCE`] leaves no half of it.
pub fn excerpt(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes.get(..MAX_EXCERPT).unwrap_or(bytes))
}

/// Puts `text` on one line of at most `max` characters: white space becomes a single space, a control or formatting
/// character its escape (`\u{1b}`), and a cut is shown as `…`.
pub fn one_line(text: &str, max: usize) -> String {
    let text = text.trim();
    if text.len() <= max && is_plain(text) {
        return text.to_owned(); // as nearly every line of a conversation
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let space = c.is_whitespace();
        if space && out.ends_with(' ') {
            continue;
        }
        let escaped = is_misleading(c) && !space;
        let width = if escaped { c.escape_unicode().len() } else { 1 };
        if used + width > max {
            if used == max {
                out.pop();
            }
            out.push('…');
            return out;
        }
        used += width;
        match (space, escaped) {
            (true, _) => out.push(' '),
            (_, true) => out.extend(c.escape_unicode()),
            _ => out.push(c),
        }
    }
    out
}

/// Reports whether `text` is of printable ASCII, with single spaces.
fn is_plain(text: &str) -> bool {
    let mut before = 0;
    text.bytes().all(|byte| {
        let repeats_space = byte == b' ' && before == b' ';
        before = byte;
        matches!(byte, b' '..=b'~') && !repeats_space
    })
}

/// Reports whether `c` is a control character, or a formatting character that reorders or hides its neighbours.
pub fn is_misleading(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sanitizers_of_a_reply_make_one_printable_line() {
        for (text, shown) in [
            ("-ERR no", "-ERR no"),
            ("  two\r\n\tlines ", "two lines"),
            ("two  spaces", "two spaces"),
            ("bell \u{7}, escape \u{1b}[31m", "bell \\u{7}, escape \\u{1b}[31m"),
            ("right-to-left \u{202e}gpj", "right-to-left \\u{202e}gpj"),
            ("grüße", "grüße"),
            ("", ""),
        ] {
            assert_eq!(reply(text), shown);
            assert_eq!(evidence(text.as_bytes()), shown);
        }
        assert_eq!(reply_bytes(b"caf\xe9"), "caf\u{fffd}");
        assert_eq!(evidence(b"gr\xfc\xdfe\0"), "gr\u{fffd}\u{fffd}e\\u{0}");
    }

    #[test]
    fn text_over_the_limit_ends_in_an_ellipsis() {
        assert_eq!(one_line("abcde", 5), "abcde");
        assert_eq!(one_line("abcdef", 5), "abcd…");
        assert_eq!(one_line("äöüäöü", 5), "äöüä…");
        assert_eq!(reply_bytes(&[b'x'; 3 * MAX_REPLY]).chars().count(), MAX_REPLY);
        assert_eq!(evidence("ä".repeat(100_000).as_bytes()).chars().count(), MAX_EVIDENCE);
    }

    proptest! {
        #[test]
        fn one_line_of_any_text_is_bounded_and_printable(text in any::<String>(), bytes in any::<Vec<u8>>(), max in 1..50_usize) {
            for shown in [one_line(&text, max), reply_bytes(&bytes), evidence(&bytes)] {
                prop_assert!(!shown.chars().any(char::is_control));
            }
            prop_assert!(one_line(&text, max).chars().count() <= max);
        }
    }
}
