//! The transcript of a run: the lines sent and received.

use std::time::Duration;

use super::Phase;

/// The side that a line comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// We said it, with `<secret>` in place of one.
    We,
    /// They said it: one line, printable, cleaned of secrets.
    They,
    /// Nobody said it; it is what happened between the lines.
    Nobody,
}

/// One line of a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The time since the beginning of the run.
    pub at: Duration,
    /// The phase that was open.
    pub phase: Phase,
    /// The side that the line comes from.
    pub speaker: Speaker,
    /// The line's text: at most [`Transcript::WIDTH`] characters.
    pub text: Box<str>,
}

/// A conversation. It is bounded, because a peer may talk without end: of a long one the beginning and the end are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    lines: Vec<Line>,
    left_out: usize,
}

impl Transcript {
    /// Lines that are kept. A login to a mailbox has about twenty.
    pub const LINES: usize = 64;
    /// Of these, so many from the beginning.
    const FIRST: usize = 16;
    /// Characters of a line: more than any command and any refusal's telling part.
    pub const WIDTH: usize = 300;

    /// Adds a line; the oldest after the first few gives way where there are too many.
    pub fn push(&mut self, line: Line) {
        if self.lines.len() == Self::LINES {
            self.lines.remove(Self::FIRST);
            self.left_out += 1;
        }
        self.lines.push(line);
    }

    /// The lines, and how many were left out behind each: none but behind one.
    pub fn lines(&self) -> impl Iterator<Item = (&Line, usize)> {
        let gap = |at: usize| if at + 1 == Self::FIRST { self.left_out } else { 0 };
        self.lines.iter().enumerate().map(move |(at, line)| (line, gap(at)))
    }

    /// Reports whether nothing was sent or received.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transcript_of_a_long_conversation_keeps_beginning_and_end() {
        let mut transcript = Transcript::default();
        for number in 0..100 {
            let text = number.to_string().into();
            transcript.push(Line { at: Duration::ZERO, phase: Phase::Auth, speaker: Speaker::They, text });
        }
        let lines: Vec<_> = transcript.lines().map(|(line, gap)| (&*line.text, gap)).collect();
        assert_eq!(lines.len(), Transcript::LINES);
        assert_eq!((lines[0], lines[15], lines[16], lines[63]), (("0", 0), ("15", 36), ("52", 0), ("99", 0)));
    }
}
