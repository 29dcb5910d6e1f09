//! The characters of texts for people: as they are where the locale has UTF-8, otherwise in ASCII.

use std::borrow::Cow;

/// Returns `text` in characters that the locale has.
pub fn text(text: &str) -> Cow<'_, str> {
    text_by(text, super::terminal::variable)
}

fn text_by(text: &str, variable: impl Fn(&str) -> Option<String>) -> Cow<'_, str> {
    if text.is_ascii() || is_utf8_by(variable) { Cow::Borrowed(text) } else { Cow::Owned(text.chars().map(ascii).collect()) }
}

/// Reports whether the first variable that is set, in POSIX's order, names a locale with UTF-8; without one the locale is POSIX's.
fn is_utf8_by(variable: impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable).unwrap_or_default().to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// Returns what stands for `c`: for a line or mark of our own one as wide, so that columns stay in line.
fn ascii(c: char) -> Cow<'static, str> {
    Cow::Borrowed(match c {
        _ if c.is_ascii() => return Cow::Owned(c.to_string()),
        '│' | '├' => "|",
        '└' => "`",
        '─' | '–' | '—' => "-",
        '✗' => "x",
        '✓' => "+",
        '→' => ">",
        '·' => ".",
        '•' => "*",
        '…' => "...",
        '„' | '“' | '”' => "\"",
        '‘' | '’' => "'",
        'ä' => "ae",
        'ö' => "oe",
        'ü' => "ue",
        'Ä' => "Ae",
        'Ö' => "Oe",
        'Ü' => "Ue",
        'ß' => "ss",
        _ => "?",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_ascii_unless_the_locale_has_utf8() {
        for (set, expected) in [
            (&[][..], "`- pop3 x289 ... fuer"),
            (&[("LANG", "C")], "`- pop3 x289 ... fuer"),
            (&[("LANG", "de_DE")], "`- pop3 x289 ... fuer"),
            (&[("LANG", "de_DE.UTF-8")], "└─ pop3 ✗289 … für"),
            (&[("LC_ALL", "C.utf8")], "└─ pop3 ✗289 … für"),
            (&[("LC_CTYPE", "UTF-8"), ("LANG", "C")], "└─ pop3 ✗289 … für"),
            (&[("LC_ALL", "POSIX"), ("LANG", "en_US.UTF-8")], "`- pop3 x289 ... fuer"),
        ] {
            let variable = |name: &str| set.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned());
            assert_eq!(text_by("└─ pop3 ✗289 … für", variable), expected, "{set:?}");
        }
    }

    #[test]
    fn every_character_of_our_texts_has_an_ascii_one() {
        for lang in crate::lang::Lang::ALL {
            for (group, key, text) in lang.texts().all() {
                let unknown: Vec<char> = text.chars().filter(|c| ascii(*c) == "?" && *c != '?').collect();
                assert!(unknown.is_empty(), "{lang} {group}.{key}: {unknown:?}");
            }
        }
    }
}
