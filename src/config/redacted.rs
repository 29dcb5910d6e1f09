//! Writes the configuration as it was loaded, for `/config`: YAML without comments and anything that looks like a secret.

use crate::sanitize::one_line;

use super::include::Included;
use super::quoted::Quoted;
use super::tree::{Content, Entry, Node};

/// Writes a comment that names the included files, whose tenants stand among the others.
pub(super) fn heading(included: &[Included]) -> String {
    let line = |file: &Included| format!("# includes {}, whose paths begin at its directory\n", one_line(&file.name, usize::MAX));
    included.iter().map(line).collect()
}

/// Writes a tree as YAML. Names of files and variables that hold secrets are no secrets; comments, which may hold
/// anything, are not in the tree.
pub(super) fn write(root: &Node) -> String {
    let mut out = String::new();
    match &root.content {
        Content::Map(entries) => map(entries, 0, &mut out),
        _ => value(root, 0, &mut out),
    }
    out
}

/// Writes the lines of a map; the first one continues the line that the caller began.
fn map(entries: &[Entry], indent: usize, out: &mut String) {
    for (number, entry) in entries.iter().enumerate() {
        if number > 0 {
            spaces(indent, out);
        }
        out.push_str(&scalar(&entry.key));
        out.push(':');
        value(&entry.value, indent, out);
    }
}

/// Writes the value of a key or a list item: on the same line, or on lines of its own.
fn value(node: &Node, indent: usize, out: &mut String) {
    match &node.content {
        Content::Empty => out.push('\n'),
        Content::Scalar(text) => {
            out.push(' ');
            out.push_str(&scalar(text));
            out.push('\n');
        }
        Content::List(items) if items.is_empty() => out.push_str(" []\n"),
        Content::Map(entries) if entries.is_empty() => out.push_str(" {}\n"),
        Content::List(items) => {
            out.push('\n');
            for node in items {
                spaces(indent + 2, out);
                item(node, indent + 2, out);
            }
        }
        Content::Map(entries) => {
            out.push('\n');
            spaces(indent + 2, out);
            map(entries, indent + 2, out);
        }
    }
}

/// Writes a list item: a dash and its value.
fn item(node: &Node, indent: usize, out: &mut String) {
    out.push('-');
    match &node.content {
        Content::Map(entries) if !entries.is_empty() => {
            out.push(' ');
            map(entries, indent + 2, out);
        }
        _ => value(node, indent, out),
    }
}

fn spaces(count: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', count));
}

/// Formats a scalar that reads back as itself: plain where that is beyond doubt, else quoted as JSON, which YAML contains.
fn scalar(text: &str) -> String {
    let text = &*Quoted::valid_value(text);
    let plain = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_.@+-:=~".contains(&b))
        // `1:30` is a number to older readers, `key:` a map to all.
        && (!text.contains(':') || text.contains("://") && !text.ends_with(':'))
        && !text.eq_ignore_ascii_case("null");
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::super::tree;
    use super::*;

    #[test]
    fn written_tree_reads_back_as_the_same() {
        for text in [
            "a: 1\n",
            "a:\n  b: \"x: y\"\n  c:\n    - 007\n    - d: https://h:1/\n      e: []\n    -\n      - \"1:30\"\n",
            "\"null\": \"\"\nf:\ng: {}\nh: \"a \\\"q\\\" # no comment\"\n",
            "[]",
            "- x",
        ] {
            let once = write(&tree::read(text, 0).expect("YAML"));
            let twice = write(&tree::read(&once, 0).expect("YAML"));
            assert_eq!(once, twice, "{text}");
        }
        let text = "a:\n  b: x\n  c:\n    - d: y\n      e: z\n    - w\n";
        assert_eq!(write(&tree::read(text, 0).expect("YAML")), text);
    }

    #[test]
    fn what_looks_like_a_secret_is_redacted() {
        let text = "a: Xy38Q~marked-secret-marked-secret-marked\nb: http://u:p@h:1\n";
        assert_eq!(write(&tree::read(text, 0).expect("YAML")), "a: \"<secret>\"\nb: \"<secret>\"\n");
    }
}
