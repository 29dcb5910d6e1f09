//! The marks of a client secret that was copied or stored wrongly, told without showing it.

use std::fmt;

use super::Secret;

/// Characters of the shortest secret that Entra makes.
const SHORTEST: usize = 32;

/// A mark that no client secret of Entra's has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretFlaw {
    /// A NUL or another control character.
    Control,
    /// A blank or another white space, such as a no-break space.
    Blank,
    /// An invisible character: a zero-width space, a byte order mark.
    Invisible,
    /// Quotation marks at both ends.
    Quotes,
    /// The name of a variable, and an equals sign.
    Assignment,
    /// A GUID, which is what the column Secret ID has.
    Guid,
    /// Fewer than 32 characters.
    Short,
}

impl SecretFlaw {
    /// Finds the first flaw of a client secret, the most telling one first.
    pub fn find(secret: &Secret) -> Option<Self> {
        let text = secret.expose();
        let flaws = [
            (text.contains(|c: char| c.is_control()), Self::Control),
            (text.contains(char::is_whitespace), Self::Blank),
            (text.contains(is_invisible), Self::Invisible),
            (is_quoted(text), Self::Quotes),
            (is_assignment(text), Self::Assignment),
            (is_guid(text), Self::Guid),
            (text.chars().count() < SHORTEST, Self::Short),
        ];
        flaws.into_iter().find_map(|(has, flaw)| has.then_some(flaw))
    }
}

impl SecretFlaw {
    /// Reports whether the secret's Value is probably there, with something around it or in it that does not belong to it.
    pub const fn is_around_the_value(self) -> bool {
        !matches!(self, Self::Guid | Self::Short)
    }
}

/// Writes the end of a sentence that begins with "the client secret".
impl fmt::Display for SecretFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Control => "contains a control character",
            Self::Blank => "contains a blank",
            Self::Invisible => "contains an invisible character",
            Self::Quotes => "stands in quotes",
            Self::Assignment => "begins with a name and `=`",
            Self::Guid => "is a GUID, as a Secret ID is",
            Self::Short => "is shorter than those that Entra makes",
        })
    }
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

fn is_quoted(text: &str) -> bool {
    let pairs =
        [('"', '"'), ('\'', '\''), ('`', '`'), ('\u{201c}', '\u{201d}'), ('\u{201e}', '\u{201c}'), ('\u{2018}', '\u{2019}')];
    pairs.iter().any(|(open, close)| text.chars().count() > 1 && text.starts_with(*open) && text.ends_with(*close))
}

/// Secrets of Entra's have no `=`, except at the end of the oldest ones.
fn is_assignment(text: &str) -> bool {
    let Some((name, value)) = text.split_once('=') else { return false };
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !value.is_empty()
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.contains('_')
        && name.chars().all(is_name)
}

fn is_guid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn find_tells_a_flaw_of_a_secret_that_was_copied_or_stored_wrongly() {
        let good = "Fk~8Q~3xampleExampleExampleExampleExampl";
        for (text, flaw) in [
            (good.to_owned(), None),
            ("exampleOldExampleOldExampleOldExampleOldExa=".to_owned(), None),
            (format!("{good}\0"), Some(SecretFlaw::Control)),
            (format!(" {good}"), Some(SecretFlaw::Blank)),
            (format!("{good}\u{a0}"), Some(SecretFlaw::Blank)),
            (format!("{good}\u{200b}"), Some(SecretFlaw::Invisible)),
            (format!("\u{feff}{good}"), Some(SecretFlaw::Invisible)),
            (format!("\"{good}\""), Some(SecretFlaw::Quotes)),
            (format!("\u{201e}{good}\u{201c}"), Some(SecretFlaw::Quotes)),
            (format!("CLIENT_SECRET={good}"), Some(SecretFlaw::Assignment)),
            ("01234567-89ab-cdef-0123-456789abcdef".to_owned(), Some(SecretFlaw::Guid)),
            (good.chars().take(20).collect(), Some(SecretFlaw::Short)),
            (String::new(), Some(SecretFlaw::Short)),
        ] {
            assert_eq!(SecretFlaw::find(&Secret::new(text.as_str())), flaw, "{text:?}");
        }
    }
}
