//! The transcript of a run: the lines sent and received.

use std::borrow::Cow;
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
pub struct Line<'a> {
    /// The time since the beginning of the run.
    pub at: Duration,
    /// The phase that was open.
    pub phase: Phase,
    /// The side that the line comes from.
    pub speaker: Speaker,
    /// The line's text: at most [`Transcript::WIDTH`] characters.
    pub text: Cow<'a, str>,
}

/// A conversation. It is bounded, because a peer may talk without end: of a long one the beginning and the end are kept.
///
/// Its lines stand in one text: each probe keeps a transcript or two, and ten thousand probes keep six hundred thousand lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    lines: Vec<PackedLine>,
    /// The texts of all lines, one after another.
    texts: String,
    left_out: usize,
}

/// A line without its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PackedLine {
    /// Microseconds since the beginning of the run, as far as they can be counted: more than an hour.
    at: u32,
    /// Bytes of its text.
    len: u16,
    phase: Phase,
    speaker: Speaker,
}

impl Transcript {
    /// Lines that are kept. A login to a mailbox has about twenty.
    pub const LINES: usize = 64;
    /// Of these, so many from the beginning.
    const FIRST: usize = 16;
    /// Characters of a line: more than any command and any refusal's telling part.
    pub const WIDTH: usize = 300;

    /// Adds a line; the oldest after the first few gives way where there are too many.
    pub fn push(&mut self, line: &Line<'_>) {
        if self.lines.len() == Self::LINES {
            let before: usize = self.lines.iter().take(Self::FIRST).map(|line| usize::from(line.len)).sum();
            let gone = self.lines.remove(Self::FIRST);
            self.texts.drain(before..before + usize::from(gone.len));
            self.left_out += 1;
        }
        let text: String = line.text.chars().take(Self::WIDTH).collect();
        let at = u32::try_from(line.at.as_micros()).unwrap_or(u32::MAX);
        let len = u16::try_from(text.len()).unwrap_or_default(); // four bytes a character at most
        self.lines.push(PackedLine { at, len, phase: line.phase, speaker: line.speaker });
        self.texts.push_str(&text);
    }

    /// The lines, and how many were left out behind each: none but behind one.
    pub fn lines(&self) -> impl Iterator<Item = (Line<'_>, usize)> {
        let gap = |at: usize| if at + 1 == Self::FIRST { self.left_out } else { 0 };
        let mut rest = self.texts.as_str();
        self.lines.iter().enumerate().map(move |(number, packed)| {
            let (text, after) = rest.split_at(usize::from(packed.len));
            rest = after;
            let at = Duration::from_micros(packed.at.into());
            (Line { at, phase: packed.phase, speaker: packed.speaker, text: text.into() }, gap(number))
        })
    }

    /// Gives back the memory that further lines would take.
    pub fn shrink(&mut self) {
        self.lines.shrink_to_fit();
        self.texts.shrink_to_fit();
    }

    /// Has `visit` read or change the text of each line.
    pub fn each_text(&mut self, visit: &mut dyn FnMut(&mut String)) {
        let before = std::mem::take(&mut self.texts);
        let mut rest = before.as_str();
        for line in &mut self.lines {
            let (text, after) = rest.split_at(usize::from(line.len));
            rest = after;
            let mut text = text.to_owned();
            visit(&mut text);
            line.len = u16::try_from(text.len()).unwrap_or_default(); // a mask is hardly longer than what it hides
            self.texts.push_str(text.get(..usize::from(line.len)).unwrap_or_default());
        }
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
            transcript.push(&Line { at: Duration::ZERO, phase: Phase::Auth, speaker: Speaker::They, text });
        }
        let lines: Vec<_> = transcript.lines().map(|(line, gap)| (line.text.into_owned(), gap)).collect();
        let lines: Vec<_> = lines.iter().map(|(text, gap)| (&**text, *gap)).collect();
        assert_eq!(lines.len(), Transcript::LINES);
        assert_eq!((lines[0], lines[15], lines[16], lines[63]), (("0", 0), ("15", 36), ("52", 0), ("99", 0)));
    }
}
