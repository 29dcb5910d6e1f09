//! An IMAP command taken apart: tag, name, arguments (RFC 3501, section 9).

/// One argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Argument {
    /// An atom, a quoted string or a literal.
    Text(String),
    /// A parenthesised list.
    List(Vec<Self>),
}

impl Argument {
    /// Its text; empty for a list.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::List(_) => "",
        }
    }

    /// The texts it holds: its own, or those of its list.
    pub(super) fn texts(&self) -> Vec<&str> {
        match self {
            Self::Text(text) => vec![text],
            Self::List(list) => list.iter().map(Self::text).collect(),
        }
    }
}

/// A command.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// The tag with which the reply begins.
    pub tag: String,
    /// Its name in upper case; `UID FETCH` for a command that takes unique ids.
    pub name: String,
    /// The arguments behind the name.
    pub arguments: Vec<Argument>,
}

/// The stage of a session in which a command may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// At any time.
    Any,
    /// Before the login.
    Stranger,
    /// After the login.
    User,
    /// While a folder is selected.
    Selected,
}

/// Every command the server knows, with those of the extensions it names in CAPABILITY.
const COMMANDS: &[(Stage, &[&str])] = &[
    (Stage::Any, &["CAPABILITY", "ID", "LOGOUT", "NOOP"]),
    (Stage::Stranger, &["AUTHENTICATE", "LOGIN", "STARTTLS"]),
    (
        Stage::User,
        &[
            "APPEND",
            "CREATE",
            "DELETE",
            "EXAMINE",
            "IDLE",
            "LIST",
            "LSUB",
            "NAMESPACE",
            "RENAME",
            "SELECT",
            "STATUS",
            "SUBSCRIBE",
            "UNSUBSCRIBE",
        ],
    ),
    (
        Stage::Selected,
        &[
            "CHECK",
            "CLOSE",
            "COPY",
            "EXPUNGE",
            "FETCH",
            "MOVE",
            "SEARCH",
            "STORE",
            "UID COPY",
            "UID EXPUNGE",
            "UID FETCH",
            "UID MOVE",
            "UID SEARCH",
            "UID STORE",
            "UNSELECT",
        ],
    ),
];

/// Lists within lists are taken this deep.
const DEPTH: usize = 8;

impl Command {
    /// Takes a whole command apart; `None` where it breaks the grammar.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (tag, rest) = text.split_once(' ')?;
        let mut arguments = Reader { rest }.list(None, 0)?;
        if !is_tag(tag) || arguments.is_empty() {
            return None;
        }
        let mut name = arguments.remove(0).text().to_ascii_uppercase();
        if name == "UID" && !arguments.is_empty() {
            name = format!("UID {}", arguments.remove(0).text().to_ascii_uppercase());
        }
        let ordinary = name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b' ');
        (ordinary && !name.is_empty()).then(|| Self { tag: tag.to_owned(), name, arguments })
    }
}

impl Command {
    /// Returns the stage in which it may be given; `None` where the server does not know it.
    pub(super) fn stage(&self) -> Option<Stage> {
        COMMANDS.iter().find(|(_, names)| names.contains(&self.name.as_str())).map(|(stage, _)| *stage)
    }
}

/// A literal's text. Where it is not UTF-8, what is not ASCII is unreadable; its length stays.
pub(super) fn text_of(bytes: Vec<u8>) -> String {
    let ascii = |bytes: Vec<u8>| bytes.into_iter().map(|byte| if byte.is_ascii() { char::from(byte) } else { '?' }).collect();
    String::from_utf8(bytes).unwrap_or_else(|error| ascii(error.into_bytes()))
}

/// Tells whether `text` can be the tag of a reply.
pub(super) fn is_tag(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"(){%*\"\\+".contains(&byte))
}

/// The literal that `text` announces at its end: its size, and whether the client waits to be asked for it.
pub(super) fn literal(text: &str) -> Option<(usize, bool)> {
    let (_, announced) = text.strip_suffix('}')?.rsplit_once('{')?;
    let (digits, waits) = announced.strip_suffix('+').map_or((announced, true), |digits| (digits, false));
    let sound = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    sound.then(|| (digits.parse().unwrap_or(usize::MAX), waits))
}

struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    /// Arguments up to `end`, or to the end of the text.
    fn list(&mut self, end: Option<char>, depth: usize) -> Option<Vec<Argument>> {
        let mut arguments = Vec::new();
        loop {
            self.rest = self.rest.trim_start_matches(' ');
            match self.rest.chars().next() {
                None => return end.is_none().then_some(arguments),
                Some(c) if Some(c) == end => {
                    self.rest = self.rest.get(1..)?;
                    return Some(arguments);
                }
                Some('(') if depth < DEPTH => {
                    self.rest = self.rest.get(1..)?;
                    arguments.push(Argument::List(self.list(Some(')'), depth + 1)?));
                }
                Some('(' | ')') => return None,
                Some('"') => arguments.push(Argument::Text(self.quoted()?)),
                Some('{') => arguments.push(Argument::Text(self.literal()?)),
                Some(_) => arguments.push(Argument::Text(self.atom()?)),
            }
        }
    }

    fn quoted(&mut self) -> Option<String> {
        let mut text = String::new();
        let mut letters = self.rest.char_indices().skip(1);
        while let Some((at, c)) = letters.next() {
            match c {
                '"' => {
                    self.rest = self.rest.get(at + 1..)?;
                    return Some(text);
                }
                '\\' => text.push(letters.next()?.1),
                '\r' | '\n' => return None,
                c => text.push(c),
            }
        }
        None
    }

    fn literal(&mut self) -> Option<String> {
        let (announced, rest) = self.rest.split_once("\r\n")?;
        let (size, _) = literal(announced)?;
        let text = rest.get(..size)?.to_owned();
        self.rest = rest.get(size..)?;
        Some(text)
    }

    /// An atom; `BODY[HEADER.FIELDS (DATE)]` is one, brackets and all.
    fn atom(&mut self) -> Option<String> {
        let mut brackets = 0_u32;
        let ends = |c: char| {
            match c {
                '[' => brackets += 1,
                ']' => brackets = brackets.saturating_sub(1),
                _ => {}
            }
            brackets == 0 && matches!(c, ' ' | '(' | ')' | '"' | '{') || c.is_control()
        };
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        let text = self.rest.get(..end).filter(|text| !text.is_empty())?;
        self.rest = self.rest.get(end..)?;
        Some(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Option<Vec<String>> {
        Some(Command::read(text)?.arguments.iter().map(|argument| format!("{:?}", argument.texts())).collect())
    }

    #[test]
    fn arguments_of_every_shape() {
        for (text, expected) in [
            ("a1 NOOP", vec![]),
            ("a1 STATUS INBOX (MESSAGES UNSEEN)", vec!["[\"INBOX\"]", "[\"MESSAGES\", \"UNSEEN\"]"]),
            ("a1 list \"\" \"*\"", vec!["[\"\"]", "[\"*\"]"]),
            ("a1 LOGIN \"a \\\"b\\\\\" c", vec!["[\"a \\\"b\\\\\"]", "[\"c\"]"]),
            ("a1 LOGIN {3}\r\na b {2+}\r\ncd", vec!["[\"a b\"]", "[\"cd\"]"]),
            (
                "a1 UID FETCH 1:* BODY.PEEK[HEADER.FIELDS (DATE TO)]",
                vec!["[\"1:*\"]", "[\"BODY.PEEK[HEADER.FIELDS (DATE TO)]\"]"],
            ),
        ] {
            assert_eq!(words(text), Some(expected.into_iter().map(str::to_owned).collect()), "{text}");
        }
    }

    #[test]
    fn what_breaks_the_grammar_is_nothing() {
        let deep = format!("a1 X {}{}", "(".repeat(20), ")".repeat(20));
        for text in ["", "a1", "a1 ", "* NOOP", "a1 X (", "a1 X )", "a1 X \"", "a1 X \"\\", "a1 X {9}\r\nab", "a1 (NOOP)", &deep]
        {
            assert_eq!(Command::read(text), None, "{text}");
        }
    }

    #[test]
    fn literals_are_announced_at_the_end() {
        assert_eq!(literal("a1 LOGIN {5}"), Some((5, true)));
        assert_eq!(literal("a1 LOGIN {5+}"), Some((5, false)));
        assert_eq!(literal("a1 LOGIN {99999999999999999999999}"), Some((usize::MAX, true)));
        for text in ["a1 LOGIN", "a1 {}", "a1 {+}", "a1 {-1}", "a1 {5} "] {
            assert_eq!(literal(text), None, "{text}");
        }
    }
}
