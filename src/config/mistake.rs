//! What is wrong with a configuration, told so that a person can put it right and an editor can jump there.

use std::fmt;

/// Line and column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
}

impl Position {
    /// The beginning of the file.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// One thing that is wrong, or worth a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where; `None` for what stands in no file (an option, a variable, the file itself).
    pub at: Option<Position>,
    /// Which key: `tenants[0].mailboxes[1].address`, or an option: `--tenant-id`. Empty for the file as a whole.
    pub key: String,
    /// What is wrong; what is allowed; what may have been meant.
    pub message: String,
}

impl Mistake {
    pub(super) fn new(at: Option<Position>, key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { at, key: key.into(), message: message.into() }
    }

    pub(super) fn of_the_file(message: impl Into<String>) -> Self {
        Self::new(None, "", message)
    }
}

/// Everything that is wrong with a configuration, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes {
    /// The file's name as given; empty where there is none.
    pub file: String,
    /// At least one.
    pub list: Vec<Mistake>,
}

impl Mistakes {
    pub(super) fn new(file: &str, mut list: Vec<Mistake>) -> Self {
        list.sort_by_key(|mistake| mistake.at);
        Self { file: file.to_owned(), list }
    }
}

/// One line each: `FILE:LINE:COLUMN: key: message`.
impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.list.iter().map(|mistake| mistake.line(&self.file)).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Mistakes {}

impl Mistake {
    /// `FILE:LINE:COLUMN: key: message`, without what is not known.
    pub fn line(&self, file: &str) -> String {
        let mut line = file.to_owned();
        if let Some(Position { line: row, column }) = self.at {
            line = format!("{line}:{row}:{column}");
        }
        for part in [&self.key, &self.message] {
            if !part.is_empty() {
                line = if line.is_empty() { part.clone() } else { format!("{line}: {part}") };
            }
        }
        // A value from the file may hold line breaks or control characters; a message is one line.
        line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
    }
}

/// The name of `known` that a slip of the hand may have turned into `written`, if one is near enough.
pub(super) fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // One slip in a short word, two in a longer one, three in a long one.
    let allowed = match written.chars().count() {
        3..=5 => 1,
        6..=9 => 2,
        10..=64 => 3,
        _ => return None,
    };
    let folded = fold(written);
    let near = known.into_iter().map(|name| (distance(&folded, &fold(name)), name));
    near.filter(|(distance, _)| *distance <= allowed).min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// `clientId`, `client-id` and `client_id` are one word.
fn fold(name: &str) -> Vec<char> {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous = None;
    for (i, &x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &y) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if j > 0 && previous == Some(y) && b[j - 1] == x {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        (before, last, previous) = (last, row, Some(x));
    }
    last.last().copied().unwrap_or(a.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_hand_is_understood() {
        let known = ["client_id", "client_secret_file", "checks", "cloud", "name", "tenant_id", "dns", "pop3"];
        for (written, meant) in [
            ("clientId", Some("client_id")),
            ("client-id", Some("client_id")),
            ("cleint_id", Some("client_id")),
            ("client_secrets_file", Some("client_secret_file")),
            ("check", Some("checks")),
            ("clouds", Some("cloud")),
            ("nmae", Some("name")),
            ("POP3", Some("pop3")),
            ("pop", Some("pop3")),
            ("tenant", Some("tenant_id")),
            ("x", None),
            ("", None),
            ("grüße", None),
            ("something_else", None),
        ] {
            assert_eq!(did_you_mean(written, known), meant, "{written}");
        }
    }

    #[test]
    fn a_message_is_one_line_and_says_what_is_known() {
        let at = Some(Position { line: 3, column: 7 });
        assert_eq!(Mistake::new(at, "a.b", "`x\ny` is wrong").line("f.yml"), "f.yml:3:7: a.b: `x y` is wrong");
        assert_eq!(Mistake::of_the_file("cannot be read").line("f.yml"), "f.yml: cannot be read");
        assert_eq!(Mistake::new(None, "--cloud", "no").line(""), "--cloud: no");
    }
}
