//! Reads the folders whose backlog a check watches.

use crate::kind::Check;
use crate::levels::{Limits, Metric};
use crate::settings::ProbeSettings;
use crate::wire::imap::INBOX;

use super::quoted::Quoted;
use super::reader::{Fields, Reader, invalid_value};
use super::value::{FolderName, Value as _};

/// The key that names them.
pub(super) const KEY: &str = "backlog";

/// The most folders of one check: each takes requests of its own, and a run has to end within its timeout.
const MOST: usize = 10;

/// Reads the folders, each once; those of another check are mistakes.
pub(super) fn read(reader: &mut Reader<'_>, fields: &Fields<'_>, check: Option<Check>) -> Vec<String> {
    let mut folders: Vec<String> = Vec::new();
    for (path, node) in reader.one_or_list(fields, KEY) {
        let Some(found) = reader.scalar::<FolderName>(node, &path) else { continue };
        let name = found.value.0;
        match flaw(check, &name, &folders) {
            Some(message) => reader.mistake(found.at, &path, message),
            None => folders.push(name),
        }
    }
    folders
}

/// Has `probes` count the mail of the folders that the command line names, in place of those configured.
///
/// # Errors
/// A message for a person: a name that is none, or that a check does not take, or no check that counts mail.
pub fn watch_folders(probes: &mut [ProbeSettings], names: &[String]) -> Result<(), String> {
    if names.is_empty() {
        return Ok(());
    }
    let checks: Vec<Check> = probes.iter().map(|probe| probe.id.check).collect();
    if let (Some(first), false) = (checks.first(), checks.iter().any(|check| check.counts_folders())) {
        return Err(counts_none(*first));
    }
    for probe in probes.iter_mut().filter(|probe| probe.id.check.counts_folders()) {
        probe.backlog.clear();
        for name in names {
            let FolderName(name) = FolderName::parse(name).map_err(|hint| invalid_value(name, &FolderName::FORMAT, &hint))?;
            match flaw(Some(probe.id.check), &name, &probe.backlog) {
                Some(message) => return Err(message),
                None => probe.backlog.push(name),
            }
        }
    }
    Ok(())
}

/// Returns what is wrong with `name` as a folder that `check` watches beside `others`.
fn flaw(check: Option<Check>, name: &str, others: &[String]) -> Option<String> {
    match check {
        Some(check) if !check.counts_folders() => Some(counts_none(check)),
        Some(Check::Pop3) if !name.eq_ignore_ascii_case(INBOX) => {
            Some(format!("POP3 shows no folder but the inbox; write {INBOX}"))
        }
        _ if others.iter().any(|other| other.eq_ignore_ascii_case(name)) => {
            Some(format!("`{}` occurs twice in this list", Quoted::value(name)))
        }
        _ if others.len() == MOST => {
            Some(format!("these are more than {MOST} folders; each takes requests of its own, and a run has a timeout"))
        }
        _ => None,
    }
}

fn counts_none(check: Check) -> String {
    let able = Check::ALL.iter().filter(|check| check.counts_folders()).map(|check| check.name());
    format!("`{check}` counts no mail in folders; it is an option of {}", able.collect::<Vec<_>>().join(", "))
}

/// Refuses limits of what only a watched backlog tells, and warns of those of what the check never measures: neither would ever be
/// violated.
pub(super) fn require(reader: &mut Reader<'_>, fields: &Fields<'_>, check: Check, limits: &Limits) {
    let watches = fields.entry(KEY).is_some();
    let limited: Vec<Metric> = limits.metrics().collect();
    for metric in limited.into_iter().filter(|metric| !metric.is_measured_by((check, watches))) {
        let Some(message) = metric.unmeasured_by(&[(check, watches)], "`backlog`; name the folders there") else { continue };
        if matches!(metric, Metric::OldestMessage | Metric::QuotaPercent) {
            reader.mistake(fields.at, &fields.path, message);
        } else {
            reader.warning(fields.at, &fields.path, &message);
        }
    }
}
