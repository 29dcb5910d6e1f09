//! Walks the tree by the catalogue, collects mistakes, and returns the valid values, typed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::secret::MASK;
use crate::spelling::did_you_mean;

use super::catalogue::{Key, Kind, Section, UNSUPPORTED};
use super::mistake::{Mistake, Position};
use super::quoted::Quoted;
use super::system::System;
use super::tree::{Content, Entry, Node};
use super::value::{Format, Value};

/// The collector of mistakes and warnings while the parts of the configuration are read.
pub(super) struct Reader<'a> {
    pub system: &'a dyn System,
    /// The directory that relative paths begin at.
    pub base: PathBuf,
    /// The names of the included files; the numbers of files begin at 1 here.
    included: Vec<Arc<str>>,
    pub mistakes: Vec<Mistake>,
    pub warnings: Vec<Mistake>,
    /// The names of systemd's credentials that are not handed over here.
    pub missing_credentials: Vec<String>,
}

/// A valid value and its place in the file.
pub(super) struct Found<T> {
    pub at: Position,
    pub key: String,
    pub value: T,
}

/// A map of the file, its keys looked up in the catalogue.
pub(super) struct Fields<'n> {
    section: Section,
    /// The map's path: `tenants[0].credential`.
    pub path: String,
    pub at: Position,
    entries: Vec<(&'static Key, &'n Entry)>,
    /// Keys that a misspelt key was taken for: they do not count as missing.
    meant: Vec<&'static str>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(system: &'a dyn System, base: &Path) -> Self {
        Self {
            system,
            base: base.to_owned(),
            included: Vec::new(),
            mistakes: Vec::new(),
            warnings: Vec::new(),
            missing_credentials: Vec::new(),
        }
    }

    pub(super) fn mistake(&mut self, at: impl Into<Option<Position>>, key: &str, message: impl AsRef<str>) {
        let mistake = self.at_its_place(Mistake::new(at.into(), key, message.as_ref()));
        self.mistakes.push(mistake);
    }

    pub(super) fn warning(&mut self, at: impl Into<Option<Position>>, key: &str, message: impl AsRef<str>) {
        let warning = self.at_its_place(Mistake::new(at.into(), key, message.as_ref()));
        self.warnings.push(warning);
    }

    /// Records what is wrong with the file of a credential: `message`, and behind it what the credential's public part says.
    pub(super) fn flaw(&mut self, at: impl Into<Option<Position>>, key: &str, (message, public): (&str, &str), is_mistake: bool) {
        let flaw = self.at_its_place(Mistake::of_credential(at.into(), key, message, public));
        if is_mistake { self.mistakes.push(flaw) } else { self.warnings.push(flaw) }
    }

    fn at_its_place(&self, mistake: Mistake) -> Mistake {
        Mistake { file: mistake.at.and_then(|at| self.name_of(at)).cloned(), ..mistake }
    }

    /// Returns the name of the included file that a position is in; `None` for the file given.
    fn name_of(&self, at: Position) -> Option<&Arc<str>> {
        usize::from(at.file).checked_sub(1).and_then(|index| self.included.get(index))
    }

    /// Adds an included file and returns its number.
    pub(super) fn add_file(&mut self, name: &Arc<str>) -> u16 {
        self.included.push(Arc::clone(name));
        u16::try_from(self.included.len()).unwrap_or(u16::MAX)
    }

    /// Returns the message for a name at `at` that stood at `first` already.
    pub(super) fn duplicate(&self, name: &str, first: Position, at: Position) -> String {
        let place = match self.name_of(first) {
            _ if first.file == at.file => String::new(),
            Some(file) => format!(" of `{file}`"),
            None => " of the file that includes this one".to_owned(),
        };
        format!("`{}` occurs twice, first in line {}{place}", Quoted::value(name), first.line)
    }

    /// Resolves a path of the configuration, which is relative to the file's directory.
    pub(super) fn resolve(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }

    /// Formats a path of the configuration for a message: with the directory that it is relative to.
    pub(super) fn shown(&self, path: &Path) -> String {
        self.base.join(&*Quoted::value(&path.to_string_lossy())).display().to_string()
    }

    /// Reads a map with the keys of `section`. Anything else is a mistake and reads as an empty map without missing keys.
    pub(super) fn section<'n>(&mut self, node: &'n Node, section: Section, path: &str) -> Fields<'n> {
        let mut fields = Fields { section, path: path.to_owned(), at: node.at, entries: Vec::new(), meant: Vec::new() };
        match &node.content {
            Content::Map(entries) => entries.iter().for_each(|entry| self.entry(entry, &mut fields)),
            // `network:` with every line below commented out.
            Content::Empty => {}
            other => {
                self.mistake(node.at, path, format!("{} where a map belongs; its keys are {}", other.name(), names(section)));
                // It may have meant anything.
                fields.meant.extend(section.keys().map(|key| key.name));
                return fields;
            }
        }
        for key in section.keys().filter(|key| key.required && fields.is_missing(key.name)) {
            self.mistake(node.at, &fields.key(key.name), format!("`{}` is missing: {}", key.name, key.about));
        }
        fields
    }

    fn entry<'n>(&mut self, entry: &'n Entry, fields: &mut Fields<'n>) {
        let path = fields.key(&Quoted::value(&entry.key));
        let Some(key) = fields.section.keys().find(|key| key.name == entry.key) else {
            let (message, meant) = unknown(fields.section, &entry.key);
            fields.meant.extend(meant);
            return self.mistake(entry.at, &path, message);
        };
        if let Some(first) = fields.entry(key.name) {
            let message = self.duplicate(key.name, first.at, entry.at);
            return self.mistake(entry.at, &path, message);
        }
        fields.entries.push((key, entry));
    }

    /// Reads the value of a key that has a single one; `None` if it is absent or wrong.
    pub(super) fn one<T: Value>(&mut self, fields: &Fields<'_>, name: &str) -> Option<Found<T>> {
        let (key, entry) = fields.lookup(name)?;
        debug_assert!(matches!(key.kind, Kind::One(format) if *format == T::FORMAT), "{name}: catalogue and reader differ");
        self.scalar(&entry.value, &fields.key(name))
    }

    /// Reads a single value; `None` if it is wrong.
    pub(super) fn scalar<T: Value>(&mut self, node: &Node, path: &str) -> Option<Found<T>> {
        let Content::Scalar(text) = &node.content else {
            let message = format!("{} where {} belongs; {}", node.content.name(), T::FORMAT.what, T::FORMAT.allowed);
            self.mistake(node.at, path, message);
            return None;
        };
        self.text(Some(node.at), path, text).map(|value| Found { at: node.at, key: path.to_owned(), value })
    }

    /// Parses the text of a single value, from the file or from elsewhere; `None` if it is wrong.
    pub(super) fn text<T: Value>(&mut self, at: Option<Position>, key: &str, text: &str) -> Option<T> {
        T::parse(text).map_err(|hint| self.mistake(at, key, invalid_value(text, &T::FORMAT, &hint))).ok()
    }

    /// Returns the items of a list, each with its path; none if the key is absent. An empty list is a mistake.
    pub(super) fn list<'n>(&mut self, fields: &Fields<'n>, name: &str) -> Vec<(String, &'n Node)> {
        let Some((key, entry)) = fields.lookup(name) else { return Vec::new() };
        let path = fields.key(name);
        match &entry.value.content {
            Content::List(items) if items.is_empty() => {
                let way_out = if key.required { "add an item" } else { "add an item or leave the key out" };
                self.mistake(entry.value.at, &path, format!("the list is empty; {way_out}"));
                Vec::new()
            }
            Content::List(items) => numbered(&path, items),
            other => {
                self.mistake(entry.value.at, &path, format!("{} where a list belongs", other.name()));
                Vec::new()
            }
        }
    }

    /// Returns the values of a key that takes one or a list of them, each with its path.
    pub(super) fn one_or_list<'n>(&mut self, fields: &Fields<'n>, name: &str) -> Vec<(String, &'n Node)> {
        match fields.lookup(name) {
            Some((_, entry)) if matches!(entry.value.content, Content::Scalar(_)) => vec![(fields.key(name), &entry.value)],
            _ => self.list(fields, name),
        }
    }

    /// Returns the entries of a map whose keys are names chosen by the user; each name once.
    pub(super) fn table<'n>(&mut self, fields: &Fields<'n>, name: &str) -> Vec<&'n Entry> {
        let Some((_, entry)) = fields.lookup(name) else { return Vec::new() };
        let path = fields.key(name);
        match &entry.value.content {
            Content::Empty => Vec::new(),
            Content::Map(entries) => {
                let mut seen = UniqueNames::default();
                let mut distinct = |entry: &&Entry| match seen.insert(&entry.key, entry.at) {
                    Some(first) => {
                        let message = self.duplicate(&entry.key, first, entry.at);
                        self.mistake(entry.at, &path, message);
                        false
                    }
                    None => true,
                };
                entries.iter().filter(|entry| distinct(entry)).collect()
            }
            other => {
                self.mistake(entry.value.at, &path, format!("{} where a map of names belongs", other.name()));
                Vec::new()
            }
        }
    }
}

impl<'n> Fields<'n> {
    /// Returns the path of a key of this map.
    pub(super) fn key(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Returns the entry of a key, if it is there.
    pub(super) fn entry(&self, name: &str) -> Option<&'n Entry> {
        self.lookup(name).map(|(_, entry)| entry)
    }

    /// Reports whether a key is neither there nor misspelt.
    pub(super) fn is_missing(&self, name: &str) -> bool {
        self.entry(name).is_none() && !self.meant.contains(&name)
    }

    fn lookup(&self, name: &str) -> Option<(&'static Key, &'n Entry)> {
        debug_assert!(self.section.keys().any(|key| key.name == name), "{name} is not in the catalogue");
        self.entries.iter().find(|(key, _)| key.name == name).copied()
    }
}

/// A set of names that must differ, ignoring case as people do, each with its first position.
#[derive(Default)]
pub(super) struct UniqueNames(HashMap<String, Position>);

impl UniqueNames {
    /// Adds the name, and returns its first position if it has been added before.
    pub(super) fn insert(&mut self, name: &str, at: Position) -> Option<Position> {
        let mut first = None;
        self.0.entry(name.to_ascii_lowercase()).and_modify(|seen| first = Some(*seen)).or_insert(at);
        first
    }
}

/// Returns the items with their paths: `path[0]`, `path[1]`, …
pub(super) fn numbered<'n>(path: &str, items: &'n [Node]) -> Vec<(String, &'n Node)> {
    items.iter().enumerate().map(|(index, item)| (format!("{path}[{index}]"), item)).collect()
}

/// Returns the message for a `text` that is not in `format`, with what is allowed and the `hint` at what was meant, if any.
pub(super) fn invalid_value(text: &str, format: &Format, hint: &str) -> String {
    let shown = if format.sensitive { MASK.to_owned() } else { Quoted::value(text).to_string() };
    let hint = if hint.is_empty() { String::new() } else { format!("; {hint}") };
    format!("`{shown}` is not {}; {}{hint}", format.what, format.allowed)
}

/// Keys that people try first and whose values are never read, each with the keys to use instead and the one it is taken for.
const SECRETS: &[(&str, &str, &str)] = &[
    ("client_secret", "`client_secret_file` or `client_secret_env`", "client_secret_file"),
    ("secret", "`client_secret_file` or `client_secret_env`", "client_secret_file"),
    ("password", "`client_secret_file` or `client_secret_env`", "client_secret_file"),
    ("proxy_password", "`proxy_password_file`", "proxy_password_file"),
];

/// Returns the message for a key that is not in the catalogue, and the key that was meant, as far as that can be guessed.
fn unknown(section: Section, written: &str) -> (String, Option<&'static str>) {
    if let Some((_, instead, key)) = SECRETS.iter().find(|(name, ..)| *name == written) {
        return (format!("secrets never go into this file; say where it is with {instead}"), Some(key));
    }
    if let Some((.., instead)) = UNSUPPORTED.iter().find(|(of, name, _)| (*of, *name) == (section, written)) {
        return (format!("this is not supported: {instead}"), None);
    }
    let meant = did_you_mean(written, section.keys().map(|key| key.name));
    let hint = meant.map(|name| format!("; did you mean `{name}`?"));
    let elsewhere = || {
        let home = Section::ALL.iter().find(|other| other.keys().any(|key| key.name == written))?;
        Some(format!("; `{written}` is a key of {}", home.name()))
    };
    let hint = hint.or_else(elsewhere).unwrap_or_default();
    let message =
        format!("`{}` is not a key of {}; its keys are {}{hint}", Quoted::value(written), section.name(), names(section));
    (message, meant)
}

fn names(section: Section) -> String {
    section.keys().map(|key| key.name).collect::<Vec<_>>().join(", ")
}
