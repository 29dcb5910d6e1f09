//! Turns the file as written into [`Settings`], or reports every mistake in it at once.
//!
//! One catalogue of keys drives the reader, the unknown-key detection and the schema; the example is
//! the very file that the tests parse.

mod catalogue;
mod checks;
mod clouds;
mod credential;
mod mistake;
mod network;
mod proxy_variables;
mod quoted;
mod reader;
mod redacted;
mod schema;
mod secret_file;
mod selection;
mod syntax;
mod system;
mod tenants;
mod tree;
mod url;
mod value;
mod web;

use std::path::Path;

use crate::settings::Settings;

pub use mistake::{Mistake, Mistakes, Position};
pub use quoted::Quoted;
pub use schema::schema;
pub use selection::{CLIENT_SECRET, Selection, from_selection};
pub use system::{FileRead, LocalSystem, System};
pub use web::{ClientCertificate, TlsTerms, TlsVersion, Web, load_web, web_example};

use catalogue::Section;
use checks::Defaults;
use reader::Reader;

/// A configuration without mistakes.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings read from it.
    pub settings: Settings,
    /// The warnings, in the order of the file.
    pub warnings: Vec<Mistake>,
    /// The file as it was understood, for `/config`: YAML without comments and without secrets.
    pub redacted: String,
}

/// Returns a complete and commented configuration: every key, with its purpose.
pub const fn example() -> &'static str {
    include_str!("config/example.yml")
}

/// Reads the file at `path`. Paths in it are relative to its directory.
///
/// # Errors
/// Every mistake, in the order of the file; or that the file cannot be read.
pub fn load(path: &Path) -> Result<Loaded, Mistakes> {
    let file = path.display().to_string();
    let text = read(path).map_err(|mistake| Mistakes::new(&file, vec![mistake]))?;
    parse(&text, path, &LocalSystem)
}

/// Reads the text of a file, but no more than `tree::MAX_BYTES` and one byte: a pipe, as from `<(sops -d config.yml)`, may be
/// endless.
fn read(path: &Path) -> Result<String, Mistake> {
    use std::io::Read;
    let unreadable = |error: std::io::Error| Mistake::in_file(&format!("cannot be read: {error}"));
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    let bound = u64::try_from(tree::MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    file.take(bound).read_to_end(&mut bytes).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|error| {
        let good = String::from_utf8_lossy(error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default());
        Mistake::new(Some(Position::after(&good)), "", "is not UTF-8 text from here on; save the file as UTF-8")
    })
}

/// Parses `text`, the contents of the file at `path`, and reads the files and variables it refers to through `system`.
///
/// # Errors
/// Every mistake, in the order of the text.
pub fn parse(text: &str, path: &Path, system: &dyn System) -> Result<Loaded, Mistakes> {
    let file = path.display().to_string();
    let root = tree::read(text).map_err(|mistake| Mistakes::new(&file, vec![mistake]))?;
    let mut reader = Reader::new(system, path.parent().unwrap_or(Path::new("")));
    let settings = settings(&mut reader, &root);
    let Reader { mistakes, mut warnings, .. } = reader;
    if !mistakes.is_empty() {
        return Err(Mistakes::new(&file, mistakes));
    }
    warnings.sort_by_key(|warning| warning.at);
    Ok(Loaded { settings, warnings, redacted: redacted::write(&root) })
}

fn settings(reader: &mut Reader<'_>, root: &tree::Node) -> Settings {
    let root = reader.section(root, Section::Root, "");
    let defaults = Defaults::read(reader, root.entry("defaults").map(|entry| &entry.value));
    let network::Read { network, pins } = network::read(reader, root.entry("network").map(|entry| &entry.value));
    let mut clouds = clouds::read(reader, &root);
    let probes = tenants::read(reader, &root, defaults, &mut clouds);
    clouds.warn_unused(reader, &network, &pins);
    Settings { network, probes }
}
