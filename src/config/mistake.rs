//! Mistakes in a configuration, written so that a person can put them right and an editor can jump there.

use std::fmt;
use std::sync::Arc;

use super::quoted::Quoted;

/// A position in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The number of the file: 0 for the one given, others are included.
    pub file: u16,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl Position {
    /// The beginning of the file.
    pub const START: Self = Self { file: 0, line: 1, column: 1 };

    /// Returns the position at the end of `text`, which begins the file.
    pub(super) fn after(text: &str) -> Self {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).saturating_add(1);
        let last = text.rsplit('\n').next().unwrap_or_default();
        Self { file: 0, line: count(text.matches('\n').count()), column: count(last.chars().count()) }
    }
}

/// A mistake in a configuration, or something worth a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The included file in which it is; `None` for the file given.
    pub file: Option<Arc<str>>,
    /// Its position; `None` for what stands in no file (an option, a variable, the file itself).
    pub at: Option<Position>,
    /// The path of the key, `tenants[0].mailboxes[1].address`, or the option, `--tenant-id`. Empty for the file as a whole.
    pub key: Quoted,
    /// The message: the problem, what is allowed, and a guess at what was meant.
    pub message: Quoted,
}

impl Mistake {
    pub(super) fn new(at: Option<Position>, key: &str, message: &str) -> Self {
        Self { file: None, at, key: Quoted::message(key), message: Quoted::message(message) }
    }

    /// A mistake in the file of a credential; `public` describes the credential behind `message`.
    pub(super) fn of_credential(at: Option<Position>, key: &str, message: &str, public: &str) -> Self {
        Self { message: Quoted::message_about(message, public), ..Self::new(at, key, "") }
    }

    pub(super) fn in_file(message: &str) -> Self {
        Self::new(None, "", message)
    }
}

/// All mistakes in a configuration: those of the file given in its order, then those of each included file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes {
    /// The file's name as given; empty where there is none.
    pub file: String,
    /// The mistakes; at least one.
    pub list: Vec<Mistake>,
    /// The names of systemd's credentials that are missing because this is not the service.
    pub missing_credentials: Vec<String>,
}

impl Mistakes {
    /// Number of mistakes shown: nobody reads further, and the wrong file has one in every line.
    const SHOWN: usize = 200;

    pub(super) fn new(file: &str, mut list: Vec<Mistake>) -> Self {
        list.sort_by(|one, other| (&one.file, one.at).cmp(&(&other.file, other.at)));
        let more = list.len().saturating_sub(Self::SHOWN);
        if more > 0 {
            list.truncate(Self::SHOWN);
            list.push(Mistake::in_file(&format!("{more} more mistakes are not shown")));
        }
        Self { file: file.to_owned(), list, missing_credentials: Vec::new() }
    }
}

/// Writes a line for each mistake: `FILE:LINE:COLUMN: key: message`.
impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.list.iter().map(|mistake| mistake.line(&self.file)).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Mistakes {}

impl Mistake {
    /// Formats `FILE:LINE:COLUMN: key: message`, without the parts that are not known.
    pub fn line(&self, file: &str) -> String {
        let mut line = self.file.as_deref().unwrap_or(file).to_owned();
        if let Some(Position { line: row, column, .. }) = self.at {
            line = format!("{line}:{row}:{column}");
        }
        for part in [&self.key, &self.message] {
            if !part.is_empty() {
                line = if line.is_empty() { part.to_string() } else { format!("{line}: {part}") };
            }
        }
        // A value from the file may hold line breaks or control characters; a message is one line.
        line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistake_line_has_file_position_and_key_where_known() {
        let at = Some(Position { file: 0, line: 3, column: 7 });
        assert_eq!(Mistake::new(at, "a.b", "`x\ny` is wrong").line("f.yml"), "f.yml:3:7: a.b: `x y` is wrong");
        let included = Mistake { file: Some("conf.d/g.yml".into()), ..Mistake::new(at, "a.b", "no") };
        assert_eq!(included.line("f.yml"), "conf.d/g.yml:3:7: a.b: no");
        assert_eq!(Mistake::in_file("cannot be read").line("f.yml"), "f.yml: cannot be read");
        assert_eq!(Mistake::new(None, "--cloud", "no").line(""), "--cloud: no");
    }
}
