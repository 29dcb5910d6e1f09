//! The last failures, also of what works again by now.

use maud::{Markup, html};

use super::View;
use super::cause_card::{code, probe_link};
use super::incidents;
use super::judged_probe::JudgedProbe;
use super::sparkline::shown;
use super::time::clock;
use crate::report::sentence::peer_code;
use crate::report::term;
use crate::store::{PastFailure, ProbeEntry};

/// Failures that are shown for all probes together.
const SHOWN: usize = 25;

/// The last failures of all probes, the latest first, folded.
pub fn of_all_probes(probes: &[&JudgedProbe<'_>], view: &View<'_>) -> Markup {
    let texts = view.texts();
    let entries = probes.iter().map(|probe| probe.entry);
    let mut past: Vec<(&ProbeEntry, &PastFailure)> =
        entries.flat_map(|entry| entry.last_failures.iter().map(move |failure| (entry, &**failure))).collect();
    past.sort_by_key(|(_, failure)| std::cmp::Reverse(failure.at));
    past.truncate(SHOWN);
    section(past.is_empty(), view, || {
        html! {
            (incidents::table(probes.iter().map(|probe| probe.entry), view))
            details #past { summary { (texts.history) " (" (past.len()) ")" } (table(&past, true, view)) }
        }
    })
}

/// The last failures of one probe.
pub fn of_one_probe(entry: &ProbeEntry, view: &View<'_>) -> Markup {
    let texts = view.texts();
    let past: Vec<(&ProbeEntry, &PastFailure)> = entry.last_failures.iter().map(|failure| (entry, &**failure)).collect();
    section(
        past.is_empty(),
        view,
        || html! { (incidents::table([entry], view)) h3 { (texts.history) } (table(&past, false, view)) },
    )
}

fn section(is_empty: bool, view: &View<'_>, failures: impl Fn() -> Markup) -> Markup {
    let texts = view.texts();
    html! {
        section aria-labelledby="history" {
            h2 #history { (texts.incidents) }
            @if is_empty { p { (texts.history_none) } } @else { (failures()) }
        }
    }
}

/// A row for each failure; `names_probe` adds a column that says whose it was.
fn table(past: &[(&ProbeEntry, &PastFailure)], names_probe: bool, view: &View<'_>) -> Markup {
    let texts = view.texts();
    html! {
        table.rows {
            thead {
                tr {
                    th scope="col" { (texts.when) }
                    @if names_probe { th scope="col" { (texts.check) } }
                    th scope="col" { (view.lang.texts().common.reason) }
                    th scope="col" { (texts.took) }
                }
            }
            tbody {
                @for (entry, PastFailure { at, took, failure }) in past {
                    tr {
                        th scope="row" { (clock(*at, view.now)) }
                        @if names_probe { td { (probe_link(&entry.settings.id, view)) } }
                        td {
                            (code(failure.reason, view))
                            @if let Some(code) = peer_code(failure) { " (" (code) ")" }
                            br; small { (term::phase(failure.phase, view.lang)) }
                        }
                        td { (shown(*took)) }
                    }
                }
            }
        }
    }
}
