//! Text for a person on a terminal or in a file: wrapped at its width, coloured where that is wanted; commands and evidence stay whole.

use crate::lang::Lang;

/// Language, width and colour of the text.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// The language of all texts.
    pub lang: Lang,
    /// Characters in a line.
    pub width: usize,
    /// True if the output is a terminal that takes colours.
    pub colour: bool,
    /// True if everything is shown, also what explains nothing.
    pub everything: bool,
}

impl Default for Style {
    /// English, for a file.
    fn default() -> Self {
        Self { lang: Lang::En, width: 100, colour: false, everything: false }
    }
}

/// The role of a piece of text, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// It works.
    Good,
    /// It works, but somebody should look.
    Fair,
    /// It does not work.
    Bad,
    /// Nothing is known.
    Odd,
    /// A heading.
    Head,
    /// A command to paste.
    Command,
    /// A part that can be passed over.
    Faint,
}

/// A space at which no line is broken; it is printed as any other.
pub const TOGETHER: char = '\u{a0}';

/// Narrower than this nothing can be read.
const NARROWEST: usize = 40;

/// The text written so far.
#[derive(Debug)]
pub struct Layout {
    text: String,
    width: usize,
    colour: bool,
}

impl Layout {
    /// An empty text.
    pub fn new(style: &Style) -> Self {
        Self { text: String::new(), width: style.width.max(NARROWEST), colour: style.colour }
    }

    /// `text` in the colour of `ink`.
    pub fn paint(&self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Good => "32",
            Ink::Fair => "33",
            Ink::Bad => "1;31",
            Ink::Odd => "35",
            Ink::Head => "1",
            Ink::Command => "36",
            Ink::Faint => "2",
        };
        if self.colour && !text.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// A line as it stands.
    pub fn line(&mut self, text: &str) {
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    /// An empty line; never two, and none at the beginning.
    pub fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// A heading, wrapped.
    pub fn heading(&mut self, indent: usize, ink: Ink, text: &str) {
        for line in wrapped(text, self.width.saturating_sub(indent)) {
            let line = " ".repeat(indent) + &self.paint(ink, &line);
            self.line(&line);
        }
    }

    /// Sentences, wrapped below `first`, which stands before the first line.
    pub fn prose(&mut self, first: &str, text: &str) {
        self.hanging(first, &" ".repeat(first.chars().count()), text);
    }

    /// Sentences, wrapped, with `first` before the first line and `rest`, which takes as much room, before the others.
    pub fn hanging(&mut self, first: &str, rest: &str, text: &str) {
        let mut before = first;
        for line in wrapped(text, self.width.saturating_sub(rest.chars().count())) {
            self.line(&(before.to_owned() + &line));
            before = rest;
        }
    }

    /// A named value, wrapped in its column.
    pub fn row(&mut self, indent: usize, names: usize, name: &str, value: &str) {
        let first = format!("{}{name:<names$}  ", " ".repeat(indent));
        self.prose(&first, value);
    }

    /// A named value that must stay as it is: one line, however long.
    pub fn verbatim(&mut self, indent: usize, names: usize, name: &str, value: &str) {
        let name = self.paint(Ink::Faint, &format!("{name:<names$}"));
        self.line(&format!("{}{name}  {value}", " ".repeat(indent)));
    }

    /// The text, to its last line feed.
    pub fn end(self) -> String {
        self.text
    }
}

/// `text` in lines of at most `width` characters, broken between words; what stands in backquotes stays together.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let (mut line, mut used) = (String::new(), 0);
    for word in words(text) {
        let word = word.replace(TOGETHER, " ");
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(&word);
        used += length;
    }
    lines.push(line);
    lines
}

/// The words of `text`; a space in backquotes parts none.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        quoted ^= c == '`';
        match words.last_mut() {
            Some(word) if quoted || c != ' ' => word.push(c),
            _ => words.push(String::new()),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapped_breaks_between_words_and_never_inside_backquotes() {
        assert_eq!(wrapped("set `a b c d` now", 8), ["set", "`a b c d`", "now"]);
        assert_eq!(wrapped("a longerthanthewidth b", 6), ["a", "longerthanthewidth", "b"]);
        assert_eq!(wrapped("zwölf Bögen überall", 11), ["zwölf Bögen", "überall"]);
        assert_eq!(wrapped("", 6), [""]);
    }

    #[test]
    fn row_wraps_in_its_column_and_verbatim_stays_on_one_line() {
        let mut out = Layout::new(&Style { width: 40, ..Style::default() });
        out.gap();
        out.row(2, 5, "who", "one two three four five six seven eight nine");
        out.gap();
        out.gap();
        out.verbatim(2, 5, "heard", &"x".repeat(50));
        let expected =
            format!("  who    one two three four five six\n         seven eight nine\n\n  heard  {}\n", "x".repeat(50));
        assert_eq!(out.end(), expected);
    }
}
