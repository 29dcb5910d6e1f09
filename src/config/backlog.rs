//! Reads the folders whose backlog a check watches.

use crate::kind::Check;
use crate::levels::{Limits, Metric};
use crate::wire::imap::INBOX;

use super::quoted::Quoted;
use super::reader::{Fields, Reader};
use super::value::FolderName;

/// The key that names them.
pub(super) const KEY: &str = "backlog";

/// The most folders of one check: each takes requests of its own, and a run has to end within its timeout.
const MOST: usize = 10;

/// The checks that can watch a backlog.
const CHECKS: [Check; 3] = [Check::Pop3, Check::Imap, Check::Graph];

/// Reads the folders, each once; those of another check are mistakes.
pub(super) fn read(reader: &mut Reader<'_>, fields: &Fields<'_>, check: Option<Check>) -> Vec<String> {
    let mut folders: Vec<String> = Vec::new();
    for (path, node) in reader.one_or_list(fields, KEY) {
        let Some(found) = reader.scalar::<FolderName>(node, &path) else { continue };
        let name = found.value.0;
        let message = match check {
            Some(check) if !CHECKS.contains(&check) => {
                let names = CHECKS.map(Check::name).join(", ");
                Some(format!("`{check}` counts no mail in folders; it is an option of {names}"))
            }
            Some(Check::Pop3) if !name.eq_ignore_ascii_case(INBOX) => {
                Some(format!("POP3 shows no folder but the inbox; write {INBOX}"))
            }
            _ if folders.iter().any(|other| other.eq_ignore_ascii_case(&name)) => {
                Some(format!("`{}` occurs twice in this list", Quoted::value(&name)))
            }
            _ if folders.len() == MOST => {
                Some(format!("these are more than {MOST} folders; each takes requests of its own, and a run has a timeout"))
            }
            _ => None,
        };
        match message {
            Some(message) => reader.mistake(found.at, &path, message),
            None => folders.push(name),
        }
    }
    folders
}

/// Refuses limits of what only a watched backlog tells: without it they would never be violated.
pub(super) fn require(reader: &mut Reader<'_>, fields: &Fields<'_>, limits: &Limits) {
    if fields.entry(KEY).is_some() {
        return;
    }
    let limited = limits.warning.iter().chain(&limits.critical).map(|(metric, _)| *metric);
    for metric in Metric::all().filter(|metric| metric.needs_backlog()) {
        if limited.clone().any(|one| one == metric) {
            reader.mistake(fields.at, &fields.path, format!("`{metric}` is not known without `{KEY}`; name the folders there"));
        }
    }
}
