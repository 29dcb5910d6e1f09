//! The configuration as it was loaded, for `/config`: YAML without comments, without anything that looks like a secret.

use super::reader::masked;
use super::tree::{Content, Node};

/// Writes a tree as YAML. Names of files and variables that hold secrets are no secrets; comments, which may hold
/// anything, are not in the tree.
pub(super) fn write(node: &Node) -> String {
    let mut out = String::new();
    below(node, 0, &mut out);
    out
}

/// What stands behind a key or a dash: on the same line, or on lines of its own.
fn below(node: &Node, indent: usize, out: &mut String) {
    match &node.content {
        Content::Empty => out.push('\n'),
        Content::Scalar(text) => {
            out.push_str(&scalar(text));
            out.push('\n');
        }
        Content::List(items) if items.is_empty() => out.push_str("[]\n"),
        Content::Map(entries) if entries.is_empty() => out.push_str("{}\n"),
        Content::List(items) => {
            for item in items {
                line(indent, "-", item, out);
            }
        }
        Content::Map(entries) => {
            for entry in entries {
                line(indent, &format!("{}:", scalar(&entry.key)), &entry.value, out);
            }
        }
    }
}

fn line(indent: usize, head: &str, value: &Node, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
    out.push_str(head);
    let block = match &value.content {
        Content::List(items) => !items.is_empty(),
        Content::Map(entries) => !entries.is_empty(),
        Content::Empty | Content::Scalar(_) => false,
    };
    match &value.content {
        Content::Empty => {}
        _ if block => out.push('\n'),
        _ => out.push(' '),
    }
    below(value, indent + 2, out);
}

/// A scalar that reads back as itself: plain where that is beyond doubt, else quoted as JSON, which YAML contains.
fn scalar(text: &str) -> String {
    let text = masked(text);
    let plain = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_.@+-:=~".contains(&b))
        && !text.ends_with(':')
        && !text.eq_ignore_ascii_case("null");
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}
