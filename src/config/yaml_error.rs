//! Errors of YAML in the words of somebody who looks at the file: the parser's name the rule of its grammar that failed, and
//! often the line after the mistake.

use super::mistake::Position;
use super::quoted::is_invisible;
use super::tree::NO_YAML;

/// Returns the position and the message of a mistake at which the parser, which says `raw`, gave up at `at`. No value is quoted.
pub(super) fn explain(text: &str, at: Position, raw: &str) -> (Position, String) {
    let lines: Vec<&str> = text.split('\n').map(|line| line.trim_end_matches('\r')).collect();
    let here = usize::try_from(at.line).unwrap_or(usize::MAX).saturating_sub(1);
    let nested = raw.contains("mapping values are not allowed");
    let found = tab(&lines, here, raw)
        .or_else(|| joined_key(&lines, here).filter(|_| nested))
        .or_else(|| nested.then(|| key_in_value(&lines, here, at)))
        .or_else(|| Some((at, by_rule(raw)?.to_owned())));
    found.map_or_else(|| (at, format!("{NO_YAML}{raw}")), |(place, message)| (Position { file: at.file, ..place }, message))
}

/// A tab in the indentation of this line or the next: the parser stops before it.
fn tab(lines: &[&str], here: usize, raw: &str) -> Option<(Position, String)> {
    let found = |line: usize| {
        let text = lines.get(line)?;
        let indentation = &text[..text.len() - text.trim_start().len()];
        let column = indentation.chars().position(|char| char == '\t')?;
        Some((place(line, column), "a tab indents this line; YAML is indented with blanks alone".to_owned()))
    };
    [here, here + 1].into_iter().filter(|_| raw.contains("tab")).find_map(found)
}

/// A key without a blank behind its colon, in the line that the parser took for the beginning of this one's value.
fn joined_key(lines: &[&str], here: usize) -> Option<(Position, String)> {
    let is_content = |line: &usize| lines.get(*line).is_some_and(|line| !is_blank(line));
    let before = (0..here).rev().find(is_content);
    before.into_iter().chain([here]).find_map(|line| {
        let text = lines.get(line)?;
        let (column, rest) = content(text);
        let (key, value) = rest.split_once(':')?;
        let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let is_joined = is_key && !value.is_empty() && !value.starts_with([' ', '\t']) && !value.starts_with("//");
        let column = column + key.chars().count() + 1;
        is_joined.then(|| {
            let other = value.chars().next().filter(|first| is_invisible(*first));
            let other = other.map(|other| format!("; `{}` stands there", other.escape_unicode())).unwrap_or_default();
            (place(line, column), format!("a blank is missing behind the colon of `{key}`{other}"))
        })
    })
}

/// A colon and a blank inside a value, or a line that is indented more than its fellows.
fn key_in_value(lines: &[&str], here: usize, at: Position) -> (Position, String) {
    let text = lines.get(here).copied().unwrap_or_default();
    let (column, rest) = content(text);
    let colon = usize::try_from(at.column).unwrap_or_default().saturating_sub(column + 1);
    let before: String = rest.chars().take(colon).collect();
    match before.split_once(": ") {
        Some((key, _)) => (at, format!("a colon and a blank stand in the value of `{}`; put the value in quotes", key.trim())),
        None => (
            place(here, column),
            "the line is indented more than the one above, whose value it continues; keys of one map begin in the same column"
                .to_owned(),
        ),
    }
}

/// Messages for rules that fail for one mistake each.
fn by_rule(raw: &str) -> Option<&'static str> {
    const RULES: &[(&str, &str)] = &[
        (
            "did not find expected '-' indicator",
            "the line is indented less than the keys above and belongs to no map; keys of one map begin in the same column",
        ),
        (
            "parsing a block mapping, did not find expected key",
            "the line is indented otherwise than the keys above; keys of one map begin in the same column",
        ),
        ("did not find expected ',' or '}'", "a comma is missing before this, or the `}` of a `{` above"),
        ("did not find expected ',' or ']'", "a comma is missing before this, or the `]` of a `[` above"),
        ("unclosed quote", "the quotation mark that stands here has no closing one"),
        ("simple key expected ':'", "a colon is missing behind the key that stands here"),
    ];
    RULES.iter().find(|(rule, _)| raw.contains(rule)).map(|(_, message)| *message)
}

/// Splits a line: the column of what it says, from 0, and that, behind the dashes of list items.
fn content(line: &str) -> (usize, &str) {
    let rest = line.trim_start_matches([' ', '-']);
    (line.chars().count() - rest.chars().count(), rest)
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty() || line.trim_start().starts_with('#')
}

/// Makes a position of line and column, both from 0.
fn place(line: usize, column: usize) -> Position {
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).saturating_add(1);
    Position { file: 0, line: number(line), column: number(column) }
}
