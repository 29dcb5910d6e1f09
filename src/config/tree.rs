//! Reads YAML into a small tree in which every key and value has its line and column, so that all mistakes can be reported at
//! once where serde would stop at the first.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Location, Spanned};

use super::mistake::{Mistake, Position};
use super::yaml_error;

/// A value and its position.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub at: Position,
    pub content: Content,
}

/// The content of a value. Scalars keep the text as written: `007` and `1.10` are names here, not numbers.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Empty,
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// An entry of a map. A key that occurs twice has two entries.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub at: Position,
    pub key: String,
    pub value: Node,
}

impl Content {
    /// Returns the name of its kind in messages, with its article.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Empty => "nothing",
            Self::Scalar(_) => "a single value",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

/// Reads one YAML document, that of the file with the number `file`.
pub(super) fn read(text: &str, file: u16) -> Result<Node, Mistake> {
    let options = serde_saphyr::options! {
        // Ten steps deep is more than the format has; ten thousand mailboxes whose checks have options have half as many nodes;
        // aliases may repeat a tenant, not blow up memory.
        budget: serde_saphyr::budget! { max_depth: 32, max_nodes: 1_000_000, max_documents: 2 },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 20_000 },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        strict_booleans: true,
        // `!env NAME` read as the text `NAME` would surprise.
        reject_unsupported_tags: true,
        // A quoted line could hold a secret.
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options) {
        Ok(root) => Ok(Node::new(root, &Source { text, file })),
        Err(serde_saphyr::Error::Eof { .. }) => Ok(Node { at: Position { file, ..Position::START }, content: Content::Empty }),
        Err(error) => Err(mistake(&error, &Source { text, file })),
    }
}

fn mistake(error: &serde_saphyr::Error, source: &Source<'_>) -> Mistake {
    let (at, said) = (error.location().map(|at| position(at, source.file)), syntax(error));
    match (at, said.strip_prefix(NO_YAML)) {
        (Some(at), Some(raw)) => {
            let (at, message) = yaml_error::explain(source.text, at, raw);
            Mistake::new(Some(at), "", &message)
        }
        (at, _) => Mistake::new(at, "", &said),
    }
}

/// The words before a message of the parser's own.
pub(super) const NO_YAML: &str = "not YAML: ";

fn syntax(error: &serde_saphyr::Error) -> String {
    match error {
        serde_saphyr::Error::AliasError { error, .. } => syntax(error),
        serde_saphyr::Error::Message { msg, .. } => msg.clone(),
        serde_saphyr::Error::MultipleDocuments { .. } => {
            "a second document begins here; the configuration is one document".to_owned()
        }
        serde_saphyr::Error::Budget { .. }
        | serde_saphyr::Error::AliasReplayLimitExceeded { .. }
        | serde_saphyr::Error::AliasReplayStackDepthExceeded { .. } => {
            "it nests deeper or repeats more than a configuration does; is this the right file?".to_owned()
        }
        other => {
            // The position stands in front of the message already.
            let text = other.without_snippet().to_string();
            let text = text.lines().next().unwrap_or_default();
            let text = text.split_once(" at line ").map_or(text, |(head, _)| head);
            format!("{NO_YAML}{text}")
        }
    }
}

fn position(location: Location, file: u16) -> Position {
    let bounded = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    Position { file, line: bounded(location.line()), column: bounded(location.column()) }
}

/// A file's text and its number.
struct Source<'t> {
    text: &'t str,
    file: u16,
}

impl Node {
    fn new(raw: Spanned<Raw>, source: &Source<'_>) -> Self {
        let content = match raw.value {
            Raw::Empty => Content::Empty,
            Raw::Text(scalar) => Content::Scalar(scalar),
            Raw::Plain(canonical) => Content::Scalar(as_written(raw.defined, source.text).unwrap_or(canonical)),
            Raw::List(items) => Content::List(items.into_iter().map(|item| Self::new(item, source)).collect()),
            Raw::Map(entries) => Content::Map(entries.into_iter().map(|(key, value)| Entry::new(key, value, source)).collect()),
        };
        Self { at: position(raw.referenced, source.file), content }
    }
}

impl Node {
    /// Adds a list to that of the same key, or the key where it is not there.
    pub(super) fn extend(&mut self, key: &str, further: Self) {
        let Content::Map(entries) = &mut self.content else { return };
        match (entries.iter_mut().find(|entry| entry.key == key), further.content) {
            (Some(Entry { value: Self { content: Content::List(own), .. }, .. }), Content::List(items)) => own.extend(items),
            (_, content) => entries.push(Entry { at: self.at, key: key.to_owned(), value: Self { at: self.at, content } }),
        }
    }
}

impl Entry {
    fn new(key: Spanned<Key>, value: Spanned<Raw>, source: &Source<'_>) -> Self {
        let key_text = if key.value.plain { as_written(key.defined, source.text) } else { None }.unwrap_or(key.value.text);
        Self { at: position(key.referenced, source.file), key: key_text, value: Node::new(value, source) }
    }
}

/// Returns the source text of a number or boolean, of which the YAML parser hands over the canonical form.
fn as_written(defined: Location, text: &str) -> Option<String> {
    let start = usize::try_from(defined.span().byte_offset()?).ok()?;
    let end = start.checked_add(usize::try_from(defined.span().byte_len()?).ok()?)?;
    let written = text.get(start..end)?.trim();
    // A tag (`!!int 5`) is no part of the value.
    (!written.is_empty() && !written.contains(char::is_whitespace)).then(|| written.to_owned())
}

/// The tree as serde sees it, before scalars get their source text back.
enum Raw {
    Empty,
    Text(String),
    Plain(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<Key>, Spanned<Raw>)>),
}

struct Key {
    text: String,
    plain: bool,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Raw::deserialize(deserializer)? {
            Raw::Text(text) => Ok(Self { text, plain: false }),
            Raw::Plain(text) => Ok(Self { text, plain: true }),
            Raw::Empty | Raw::List(_) | Raw::Map(_) => Err(D::Error::custom("a key is a single word")),
        }
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Empty)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Empty)
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Plain(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Plain(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Plain(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
        Ok(Raw::Plain(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Raw, E> {
        Ok(Raw::Plain(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Plain(value.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}
