//! Quotations of a configuration. A secret that stands in the wrong place, under whatever key, must not be shown by the message
//! that complains of it, so each message and each quoted value is a [`Quoted`], which only this file makes.

use std::fmt;
use std::ops::Deref;

use crate::sanitize;
use crate::secret::MASK;

use super::syntax::is_guid;

/// A text for people that shows no more than 12 characters of what may be a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quoted(String);

/// Random characters of one word that are shown at most: too few of them to be of use to anybody, and enough for `mail2go`,
/// `k8s-7f9c` or a temporary directory.
const SHOWN: usize = 12;
/// Random characters of a word that is certainly no name: a configuration in which one stands as a name is refused, because
/// names are shown on every page.
const NO_NAME: usize = 20;
/// Characters of a quoted value at most.
const MAX_VALUE: usize = 100;
/// Bytes of a certificate's or a token's description at most: three claims have 120 each.
const MAX_PUBLIC: usize = 800;
/// Letters of the longest word that counts as one: German compounds, not 32 random letters.
const LONGEST_WORD: usize = 24;
/// Digits in a row that count as a number (a date, a port, an error's number) and not as something random.
const LONGEST_NUMBER: usize = 8;
/// Consonants in a row in words: `Angstschweiß` has eight.
const CONSONANTS: usize = 8;

impl Quoted {
    /// Quotes a value or a key: at most [`MAX_VALUE`] characters of it, or [`MASK`] in its place if a part of it may be a secret.
    pub(super) fn value(text: &str) -> Self {
        if may_be_secret(text) {
            return Self(MASK.to_owned());
        }
        let mut short = String::new();
        for char in text.chars().take(MAX_VALUE) {
            if is_invisible(char) { short.extend(char.escape_unicode()) } else { short.push(char) }
        }
        if text.chars().nth(MAX_VALUE).is_some() {
            short.push('…');
        }
        Self(short)
    }

    /// Quotes a value of a configuration in which no mistake was found: GUIDs, which are the ids of tenants and applications, are
    /// shown there.
    pub(super) fn valid_value(text: &str) -> Self {
        Self(if may_be_secret(&without_guids(text)) { MASK.to_owned() } else { text.to_owned() })
    }

    /// Makes a message of `text`, in which every word that may be a secret is replaced by [`MASK`]: values are quoted by
    /// [`Quoted::value`] before, and texts of others (the YAML parser, the parser of limits) pass here alone.
    pub(super) fn message(text: &str) -> Self {
        let mut shown = String::with_capacity(text.len());
        for piece in text.split_inclusive(char::is_whitespace) {
            let word = piece.trim_end();
            shown.push_str(if randomness(word) > SHOWN { MASK } else { word });
            shown.push_str(&piece[word.len()..]);
        }
        Self(shown)
    }

    /// Makes a message of `text` as [`Quoted::message`] does, and of `public` behind it, which is shown as it is: what a certificate or a
    /// token says to everybody, its thumbprint or its claims, and nothing of the configuration.
    pub(super) fn message_about(text: &str, public: &str) -> Self {
        Self(format!("{}{}", Self::message(text), sanitize::one_line(public, MAX_PUBLIC)))
    }
}

impl Deref for Quoted {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reports whether a character cannot be seen, or not told from a blank: a no-break space, a zero-width space.
pub(super) fn is_invisible(char: char) -> bool {
    sanitize::is_misleading(char) || char.is_whitespace() && char != ' '
}

/// Reports whether `text` may hold a secret: one of its words looks random, or a password stands before the `@` of a URL.
pub(super) fn may_be_secret(text: &str) -> bool {
    let password = text.rsplit_once('@').is_some_and(|(login, _)| login.contains(':'));
    password || text.split_whitespace().any(|word| randomness(word) > SHOWN)
}

/// Reports whether `text` is no name that anybody would give: random beyond doubt, and no GUID.
pub(super) fn is_no_name(text: &str) -> bool {
    randomness(&without_guids(text)) > NO_NAME
}

/// Returns `text` without the GUIDs in it.
fn without_guids(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_hexdigit() || c == '-';
    text.split(|c| !is_part(c)).filter(|part| is_guid(part)).fold(text.to_owned(), |text, guid| text.replace(guid, ""))
}

/// Counts the characters of `word` that stand in pieces which look random: pieces of letters and digits that are not made of
/// words and numbers. Signs that passwords have and names have not count four each; a tilde, which Entra's client secrets
/// have, counts for a whole secret unless it stands for a home directory.
fn randomness(word: &str) -> usize {
    let quoted = |c: char| "`'\"([{".contains(c);
    let home = word.trim_start_matches(quoted).starts_with("~/") || word.trim_start_matches(quoted).starts_with("~:");
    let tildes = word.matches('~').count() - usize::from(home);
    if tildes > 0 && word.chars().count() > SHOWN {
        return word.chars().count();
    }
    let signs = 4 * word.chars().filter(|c| "!#$%^&*".contains(*c)).count();
    let pieces = word.split(|c: char| !c.is_alphanumeric());
    signs + pieces.filter(|piece| !is_made_of_words(piece)).map(|piece| piece.chars().count()).sum::<usize>()
}

/// Reports whether a piece of letters and digits is made of words and numbers: `office365`, `clientSecretFile`, `m365`, `20993`.
fn is_made_of_words(piece: &str) -> bool {
    let words = words_of(piece);
    let letters = |word: &str| word.chars().filter(|c| c.is_alphabetic()).count();
    let numbers_inside = words.iter().rev().skip(1).filter(|word| word.ends_with(|c: char| c.is_ascii_digit())).count();
    match words[..] {
        // One or two letters alone come from chance, unless a number follows.
        [word] => is_word(word) && (letters(word) >= 3 || letters(word) + 2 <= word.chars().count() || is_number(word)),
        ref words => numbers_inside <= 1 && words.iter().all(|word| is_word(word) && letters(word) >= 3),
    }
}

/// Splits a piece where a word begins: before a letter that follows a digit, and before a capital that follows a small letter.
fn words_of(piece: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut begin, mut before) = (0, None::<char>);
    for (at, c) in piece.char_indices() {
        let begins =
            before.is_some_and(|before| before.is_numeric() && c.is_alphabetic() || before.is_lowercase() && c.is_uppercase());
        if begins {
            words.push(&piece[begin..at]);
            begin = at;
        }
        before = Some(c);
    }
    words.push(&piece[begin..]);
    words
}

/// Reports whether `text` can be a word: letters of one case, or one capital and small letters, that can be spoken, perhaps with
/// a number behind them; or a number.
fn is_word(text: &str) -> bool {
    let letters = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let rest = letters.strip_prefix(|c: char| c.is_uppercase()).unwrap_or(letters);
    let one_case = rest.chars().all(|c| !c.is_uppercase()) || letters.chars().all(|c| !c.is_lowercase());
    let length = letters.chars().count();
    let plain = letters.chars().all(char::is_alphabetic) && one_case && length <= LONGEST_WORD;
    plain && text.len() - letters.len() <= LONGEST_NUMBER && can_be_spoken(letters)
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn can_be_spoken(letters: &str) -> bool {
    let is_consonant = |c: &char| c.is_ascii_alphabetic() && !"aeiouyAEIOUY".contains(*c);
    let all: Vec<char> = letters.chars().collect();
    let in_a_row = all.split(|c| !is_consonant(c)).map(<[char]>::len).max().unwrap_or_default();
    in_a_row <= CONSONANTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_paths_and_addresses_are_quoted_whole() {
        for text in [
            "praxis@contoso.example",
            "Jürgen.O'Neil+front-desk@praxisgemeinschaft-sued.example",
            "/etc/m365-probe/contoso.secret",
            "~/probes/contoso.secret",
            "/run/credentials/m365-probe.service/contoso",
            "/tmp/tmp.AbC123xYz9/m365-probe.yml",
            "https://outlook.office365.com:20443/EWS/Exchange.asmx",
            "https://outlook.office365.com/.default",
            "clientSecretFile",
            "RequireAndVerifyClientCert",
            "M365_PROBE_CLIENT_SECRET",
            "k8s-node-7f9c",
            "2027-03-01T12:00:00Z",
            "certificate_days=14:",
            "Angstschweiß",
            "system",
            "",
        ] {
            assert_eq!(&*Quoted::value(text), text);
            assert_eq!(&*Quoted::message(text), text);
            assert!(!is_no_name(text), "{text}");
        }
    }

    #[test]
    fn what_may_be_a_secret_is_masked_whole() {
        for text in [
            "Xy38Q~marked-secret-marked-secret-marked",
            "abc8Q~Qn.3kdP-Zl4Y_w8sT7vB2mXc9LrJ5hGd0a",
            "5f4dcc3b5aa765d61d8327deb882cf99",
            "qL8vR2mX9cT4bN7zK1wP6sD3fH5jG0aY",
            "c2VjcmV0LXNlY3JldC1zZWNyZXQ=9f8Ke+/Z",
            "S3cr3t!Passw0rd#2026",
            "http://me:hunter2@proxy.example:3128",
            "/etc/m365-probe/5f4dcc3b5aa765d61d8327deb882cf99",
            "the secret is qL8vR2mX9cT4bN7zK1wP6sD3fH5jG0aY",
            "123456789012345",
        ] {
            assert_eq!(&*Quoted::value(text), MASK, "{text}");
        }
        assert_eq!(&*Quoted::message("unknown tag !qL8vR2mX9cT4bN7zK1wP6sD3fH5jG0aY here"), "unknown tag <secret> here");
    }

    #[test]
    fn guids_are_shown_in_a_valid_configuration_and_can_be_names() {
        let scope = "api://3f2504e0-4f89-11d3-9a0c-0305e82c3301/.default";
        assert_eq!(&*Quoted::valid_value(scope), scope);
        assert_eq!(&*Quoted::valid_value("qL8vR2mX9cT4bN7zK1wP6sD3fH5jG0aY"), MASK);
        assert!(!is_no_name("3f2504e0-4f89-11d3-9a0c-0305e82c3301"));
        assert!(is_no_name("qL8vR2mX9cT4bN7zK1wP6sD3fH5jG0aY"));
    }
}
