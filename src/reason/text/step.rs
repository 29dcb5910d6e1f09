//! A step of a remedy: prose and the commands in it, typed where the text is written.

use std::fmt;

use serde::{Serialize, Serializer};

/// A part of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A sentence or a part of one. A name in backquotes, such as a key of the configuration, is prose.
    Prose(&'static str),
    /// A command to paste into a shell; in one text it stands in backquotes.
    Command(&'static str),
}

/// One step: what to do, and the commands that do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step(pub &'static [Piece]);

impl Piece {
    /// Returns the cmdlet that a command begins with; `None` for prose.
    pub fn cmdlet(&self) -> Option<&'static str> {
        match self {
            Self::Command(command) => command.split(' ').next(),
            Self::Prose(_) => None,
        }
    }
}

impl Step {
    /// Reports whether a part of it has the placeholder `{name}`.
    pub fn names(self, name: &str) -> bool {
        let placeholder = format!("{{{name}}}");
        self.0.iter().any(|piece| match piece {
            Piece::Prose(text) | Piece::Command(text) => text.contains(&placeholder),
        })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Prose(prose) => f.write_str(prose),
            Piece::Command(command) => write!(f, "`{command}`"),
        })
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_in_one_text_has_its_commands_in_backquotes() {
        let step = Step(&[Piece::Prose("Ask "), Piece::Command("Get-X -Id \"{mailbox}\""), Piece::Prose(".")]);
        assert_eq!(step.to_string(), "Ask `Get-X -Id \"{mailbox}\"`.");
        assert!(step.names("mailbox") && !step.names("host"));
    }
}
