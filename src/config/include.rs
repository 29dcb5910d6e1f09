//! Reads the further files with tenants that `include` names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::catalogue::Section;
use super::mistake::{Mistake, Position};
use super::quoted::Quoted;
use super::reader::{Fields, Reader};
use super::text;
use super::tree::{self, Content, Node};
use super::value::IncludePattern;
use crate::file::FileKind;

/// Files that are included at most: one for each of several hundred tenants, and no directory of mail.
const FILES: usize = 2000;

/// An included file.
pub(super) struct Included {
    /// Its path, as it was found.
    pub name: Arc<str>,
    /// The directory that paths in it are relative to.
    pub base: PathBuf,
    pub root: Node,
}

/// Reads every included file: in the order of the patterns, those of one pattern by name. `read` is the number of bytes that the
/// configuration has without them.
pub(super) fn read(reader: &mut Reader<'_>, root: &Fields<'_>, read: usize) -> Vec<Included> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for (key, node) in reader.one_or_list(root, "include") {
        let Some(found) = reader.scalar::<IncludePattern>(node, &key) else { continue };
        for path in matching(reader, &found.value.0, node.at, &key) {
            if paths.contains(&path) {
                reader.mistake(node.at, &key, format!("includes `{}` a second time", quoted(&path)));
            } else if paths.len() == FILES {
                reader.mistake(node.at, &key, format!("includes more than {FILES} files; is this the right directory?"));
                return Vec::new();
            } else {
                paths.push(path);
            }
        }
    }
    let mut left = text::MAX_BYTES.saturating_sub(read);
    paths.iter().filter_map(|path| file(reader, path, &mut left)).collect()
}

/// Returns the files that a pattern names.
fn matching(reader: &mut Reader<'_>, pattern: &Path, at: Position, key: &str) -> Vec<PathBuf> {
    let path = reader.resolve(pattern);
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    if !name.contains(['*', '?']) {
        return vec![path];
    }
    let directory = path.parent().unwrap_or(Path::new(""));
    let names = match reader.system.names(directory) {
        Ok(names) => names,
        Err(error) => {
            reader.mistake(at, key, format!("cannot read the directory `{}`: {error}", quoted(directory)));
            return Vec::new();
        }
    };
    // As in a shell, a wildcard leaves out hidden files: an editor's, for example.
    let mut names: Vec<String> = names.into_iter().filter(|one| !one.starts_with('.') && matches(&name, one)).collect();
    names.sort_unstable();
    if names.is_empty() {
        reader.warning(at, key, format!("no file is called `{}`", quoted(&path)));
    }
    names.into_iter().map(|name| directory.join(name)).collect()
}

/// Reads one file, of which `left` bytes may be read; a mistake has its name.
fn file(reader: &mut Reader<'_>, path: &Path, left: &mut usize) -> Option<Included> {
    let name: Arc<str> = quoted(path).into();
    let number = reader.add_file(&name);
    let read = reader.system.text(path, FileKind::Regular, *left);
    let root = text::read_from(read, *left).and_then(|text| {
        *left = left.saturating_sub(text.len());
        tree::read(&text, number)
    });
    let root = root.map_err(|mistake| reader.mistakes.push(Mistake { file: Some(Arc::clone(&name)), ..mistake })).ok()?;
    Some(Included { name, base: path.parent().unwrap_or(Path::new("")).to_owned(), root })
}

/// Returns the configuration with the tenants of the included files among its own, for those who want to see all of it.
pub(super) fn merged(mut root: Node, included: Vec<Included>) -> Node {
    if let Content::Map(entries) = &mut root.content {
        entries.retain(|entry| entry.key != "include");
    }
    for file in included {
        let Content::Map(entries) = file.root.content else { continue };
        for entry in entries {
            root.extend(&entry.key, entry.value);
        }
    }
    root
}

/// Returns the map of an included file.
pub(super) fn section<'n>(reader: &mut Reader<'_>, included: &'n Included) -> Fields<'n> {
    reader.section(&included.root, Section::Included, "")
}

/// Returns a path as it may be shown: a secret may stand where a path belongs.
fn quoted(path: &Path) -> String {
    Quoted::value(&path.display().to_string()).to_string()
}

/// Reports whether `name` is matched by `pattern`, in which `*` is any text and `?` any character.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    // Whether each beginning of the name is matched by the pattern's beginning: one row of the table after the other.
    let mut row: Vec<bool> = std::iter::once(true).chain(name.iter().map(|_| false)).collect();
    for wanted in pattern {
        let mut next = vec![wanted == '*' && row[0]];
        for (place, &c) in name.iter().enumerate() {
            let before = row[place];
            next.push(if wanted == '*' { row[place + 1] || next[place] } else { before && (wanted == '?' || wanted == c) });
        }
        row = next;
    }
    row.last() == Some(&true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pattern_matches_any_text_and_any_character() {
        for (pattern, name, expected) in [
            ("*.yml", "a.yml", true),
            ("*.yml", ".yml", true),
            ("*.yml", "a.yml~", false),
            ("*.yml", "a.yaml", false),
            ("t?.yml", "t1.yml", true),
            ("t?.yml", "t12.yml", false),
            ("*a*b*", "xaybz", true),
            ("*a*b*", "xbya", false),
            ("grüße-?.yml", "grüße-ß.yml", true),
            ("*", "", true),
            ("?", "", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
