//! The incidents of the page: from when to when which checks failed for which reason.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use maud::{Markup, html};

use super::View;
use super::cause_card::code;
use super::time::{clock, plainly};
use crate::outcome::ProbeId;
use crate::reason::Reason;
use crate::report::text::capital;
use crate::store::{Incident, ProbeEntry};

/// Incidents that have a row at most, the latest.
const ROWS: usize = 20;

/// The same reason in one tenant, at the same time, in any number of its checks.
struct Joined<'a> {
    tenant: &'a str,
    reason: Reason,
    from: SystemTime,
    to: Option<SystemTime>,
    probes: BTreeSet<&'a ProbeId>,
}

/// Renders a row for each incident of `entries`, the latest first; nothing where there was none.
pub fn table<'a>(entries: impl IntoIterator<Item = &'a ProbeEntry>, view: &View<'_>) -> Markup {
    let texts = view.texts();
    let joined = joined(entries);
    html! {
        @if !joined.is_empty() {
            table.rows {
                thead { tr { @for head in [texts.from, texts.until, texts.took, view.lang.texts().common.reason, texts.checks] { th scope="col" { (head) } } } }
                tbody { @for incident in joined.iter().take(ROWS) { (row(incident, view)) } }
            }
        }
    }
}

fn row(incident: &Joined<'_>, view: &View<'_>) -> Markup {
    let texts = view.texts();
    let lasted = incident.to.unwrap_or(view.now).duration_since(incident.from).unwrap_or_default();
    html! {
        tr {
            th scope="row" { (clock(incident.from, view.now)) }
            td { @match incident.to { Some(to) => (clock(to, view.now)), None => strong { (texts.lasting) } } }
            td { (plainly(lasted, view.lang)) }
            td { (incident.tenant) ": " (capital(incident.reason.text(view.lang).title)) " " (code(incident.reason, view)) }
            td { (incident.probes.len()) }
        }
    }
}

/// Joins the incidents of several probes that are one, and returns the latest first. Each check notices the beginning and the end
/// at its own turn, so those that begin within an interval after the end of another are the same.
fn joined<'a>(entries: impl IntoIterator<Item = &'a ProbeEntry>) -> Vec<Joined<'a>> {
    let mut groups: BTreeMap<(&str, Reason), Vec<(&Incident, &ProbeEntry)>> = BTreeMap::new();
    for entry in entries {
        // One that lasts is an earlier process's word until there is a run of this one.
        for incident in entry.incidents.iter().filter(|incident| incident.to.is_some() || entry.last.is_some()) {
            groups.entry((&entry.settings.id.tenant, incident.reason)).or_default().push((incident, entry));
        }
    }
    let mut joined: Vec<Joined<'_>> = Vec::new();
    for ((tenant, reason), mut incidents) in groups {
        incidents.sort_by_key(|(incident, _)| incident.from);
        let mut open: Option<Joined<'_>> = None;
        for (incident, entry) in incidents {
            match &mut open {
                Some(same) if same.reaches(incident.from, entry.settings.interval) => same.add(incident, entry),
                _ => {
                    let probes = BTreeSet::from([&entry.settings.id]);
                    joined.extend(open.replace(Joined { tenant, reason, from: incident.from, to: incident.to, probes }));
                }
            }
        }
        joined.extend(open);
    }
    joined.sort_by_key(|incident| std::cmp::Reverse((incident.to.is_none(), incident.from)));
    joined
}

impl<'a> Joined<'a> {
    fn reaches(&self, at: SystemTime, interval: Duration) -> bool {
        self.to.is_none_or(|to| to.checked_add(interval).is_none_or(|to| at <= to))
    }

    fn add(&mut self, incident: &Incident, entry: &'a ProbeEntry) {
        self.to = self.to.zip(incident.to).map(|(one, other)| one.max(other));
        self.probes.insert(&entry.settings.id);
    }
}
