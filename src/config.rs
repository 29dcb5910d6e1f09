//! Turns the file as written into [`Settings`], or reports every mistake in it at once.
//!
//! One catalogue of keys drives the reader, the unknown-key detection and the schema; the example is
//! the very file that the tests parse.

mod backlog;
mod catalogue;
mod ceilings;
mod certificate;
mod checks;
mod clouds;
mod credential;
mod federated_token;
mod include;
mod managed_identity;
mod mistake;
mod network;
mod proxy_variables;
mod quoted;
mod reader;
mod redacted;
mod round_trip;
mod schema;
mod secret_file;
mod selection;
mod starting;
mod syntax;
mod system;
mod tenants;
mod text;
mod tree;
mod url;
mod value;
mod web;
mod yaml_error;

use std::path::Path;

use crate::file::FileKind;
use crate::settings::Settings;

pub use backlog::watch_folders;
pub use credential::SERVICE_CREDENTIALS;
pub use managed_identity::named_client_id;
pub use mistake::{Mistake, Mistakes, Position};
pub use quoted::Quoted;
pub use schema::schema;
pub use selection::{CLIENT_SECRET, Selection, from_selection};
pub use starting::StartingFile;
pub use system::{FileRead, LocalSystem, System};
pub use web::{ClientCertificate, TlsTerms, TlsVersion, Web, load_web, web_example};

use catalogue::Section;
use ceilings::CeilingsRead;
use checks::Defaults;
use include::Included;
use reader::Reader;
use system::OutsideOfService;

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

/// Returns the example with every key in use: those that are commented out there, in place of systemd's credentials.
pub fn example_with_every_key() -> String {
    let lines = example().lines().filter(|line| !line.trim_start().starts_with("client_secret_credential: "));
    let in_use = lines.map(|line| match line.trim_start().strip_prefix('#') {
        Some(key) if key.starts_with(|c: char| c.is_ascii_lowercase()) => line.replacen('#', "", 1),
        _ => line.to_owned(),
    });
    in_use.fold(String::new(), |all, line| all + &line + "\n")
}

/// Reads the file at `path`, and those that it includes. Paths in a file are relative to its directory.
///
/// # Errors
/// Every mistake, in the order of the file; or that the file cannot be read.
pub fn load(path: &Path) -> Result<Loaded, Mistakes> {
    load_from(path, FileKind::Any, &LocalSystem)
}

/// Reads the file at `path` as [`load`] does, outside of the service: a credential that systemd hands over to it alone is a warning.
///
/// # Errors
/// As [`load`].
pub fn check(path: &Path) -> Result<Loaded, Mistakes> {
    load_from(path, FileKind::Any, &OutsideOfService)
}

/// Reads the file at `path` as [`load`] does, through `system`. A pipe can be read once only, at the start.
///
/// # Errors
/// As [`load`]; or that it is a file of another kind.
pub fn load_from(path: &Path, kind: FileKind, system: &dyn System) -> Result<Loaded, Mistakes> {
    let file = path.display().to_string();
    let read = system.text(path, kind, text::MAX_BYTES);
    let text = text::read_from(read, text::MAX_BYTES).map_err(|mistake| Mistakes::new(&file, vec![mistake]))?;
    parse(&text, path, system)
}

/// Parses `text`, the contents of the file at `path`, and reads the files and variables it refers to through `system`.
///
/// # Errors
/// Every mistake, in the order of the text.
pub fn parse(text: &str, path: &Path, system: &dyn System) -> Result<Loaded, Mistakes> {
    let file = path.display().to_string();
    let read = text::require_at_most(text::MAX_BYTES, text.len()).and_then(|()| tree::read(text, 0));
    let root = read.map_err(|mistake| Mistakes::new(&file, vec![mistake]))?;
    let mut reader = Reader::new(system, path.parent().unwrap_or(Path::new("")));
    let (settings, included) = settings(&mut reader, &root, text.len());
    let Reader { mistakes, mut warnings, mut missing_credentials, .. } = reader;
    if !mistakes.is_empty() {
        missing_credentials.sort_unstable();
        missing_credentials.dedup();
        return Err(Mistakes { missing_credentials, ..Mistakes::new(&file, mistakes) });
    }
    warnings.sort_by(|one, other| (&one.file, one.at).cmp(&(&other.file, other.at)));
    let redacted = redacted::heading(&included) + &redacted::write(&include::merged(root, included));
    Ok(Loaded { settings, warnings, redacted })
}

/// Reads the settings of a file of `bytes` bytes and the files that it includes.
fn settings(reader: &mut Reader<'_>, root: &tree::Node, bytes: usize) -> (Settings, Vec<Included>) {
    let root = reader.section(root, Section::Root, "");
    let defaults = Defaults::read(reader, root.entry("defaults").map(|entry| &entry.value));
    let network::Read { network, pins } = network::read(reader, root.entry("network").map(|entry| &entry.value));
    let mut clouds = clouds::read(reader, &root);
    let included = include::read(reader, &root, bytes);
    if root.is_missing("tenants") && root.is_missing("include") {
        reader.mistake(root.at, "tenants", "`tenants` is missing: the tenants and their mailboxes");
    }
    let probes = tenants::read(reader, &root, &included, defaults, &mut clouds);
    clouds.warn_unused(reader, &network, &pins);
    defaults.ceilings.warn_low(reader, &probes);
    let state_file = reader.one::<value::StateFile>(&root, "state_file").map(|found| reader.resolve(&found.value.0));
    let CeilingsRead { ceilings, probe_max_age, .. } = defaults.ceilings;
    (Settings { network, in_flight: defaults.in_flight, ceilings, probe_max_age, probes, state_file }, included)
}
