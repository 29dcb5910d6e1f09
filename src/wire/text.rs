//! A peer's words made fit for a person's eyes: one line, printable, bounded.

/// How many characters of an answer are kept as evidence here: more than anybody will read. It is cut to that only after
/// our secrets have been masked in it, so that no cut leaves half a secret standing.
pub const HEARD: usize = 4096;

/// `text` on one line of at most [`HEARD`] characters.
pub fn heard(text: &str) -> String {
    line(text, HEARD)
}

/// Bytes that should have been text, on one line of at most [`HEARD`] characters; what is no UTF-8 becomes `�`.
pub fn heard_bytes(bytes: &[u8]) -> String {
    // A character takes at most four bytes; one more shows that there was more.
    let enough = bytes.get(..4 * (HEARD + 1)).unwrap_or(bytes);
    heard(&String::from_utf8_lossy(enough))
}

/// `text` on one line of at most `most` characters: white space becomes a single space, a control or a formatting
/// character becomes its escape (`\u{1b}`), and a cut is shown as `…`.
pub fn line(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    for c in text.trim().chars() {
        let space = c.is_whitespace();
        if space && out.ends_with(' ') {
            continue;
        }
        let escaped = misleads(c) && !space;
        let width = if escaped { c.escape_unicode().len() } else { 1 };
        if used + width > most {
            if used == most {
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

/// Control characters, and the formatting characters that reorder or hide what stands beside them.
fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_become_one_printable_line() {
        for (said, shown) in [
            ("-ERR no", "-ERR no"),
            ("  two\r\n\tlines ", "two lines"),
            ("bell \u{7}, escape \u{1b}[31m", "bell \\u{7}, escape \\u{1b}[31m"),
            ("right-to-left \u{202e}gpj", "right-to-left \\u{202e}gpj"),
            ("grüße", "grüße"),
            ("", ""),
        ] {
            assert_eq!(heard(said), shown);
        }
        assert_eq!(heard_bytes(b"caf\xe9"), "caf\u{fffd}");
    }

    #[test]
    fn a_cut_is_shown() {
        assert_eq!(line("abcde", 5), "abcde");
        assert_eq!(line("abcdef", 5), "abcd…");
        assert_eq!(line("äöüäöü", 5), "äöüä…");
        assert_eq!(heard_bytes(&[b'x'; 3 * HEARD]).chars().count(), HEARD);
    }

    proptest! {
        #[test]
        fn no_text_is_too_long_or_more_than_a_line(text in any::<String>(), bytes in any::<Vec<u8>>(), most in 1..50_usize) {
            for shown in [line(&text, most), heard_bytes(&bytes)] {
                prop_assert!(!shown.chars().any(char::is_control));
            }
            prop_assert!(line(&text, most).chars().count() <= most);
        }
    }
}
