//! The page at `/public`, for a screen that everybody can see: the state of each tenant and protocol, and nothing about whom or
//! how. No mailbox, address, identifier, host or server's word is on it, and no link: what it leads to may want a login.

use maud::{Markup, html};

use super::View;
use super::html::{class, sign};
use super::judged_probe::JudgedProbe;
use super::layout::{Body, Frame, document};
use super::probe_table::grouped;
use super::status::{count, worst_state};
use super::time::{ago, clock};
use crate::kind::Check;
use crate::levels::State;
use crate::report::term;
use crate::store::Store;

/// Renders the page.
pub fn page(store: &Store, view: &View<'_>) -> String {
    let probes: Vec<JudgedProbe<'_>> = store.probes().iter().map(|entry| JudgedProbe::new(entry, view.now)).collect();
    let all: Vec<&JudgedProbe<'_>> = probes.iter().collect();
    let state = worst_state(&all);
    let headline = headline(state, view);
    let main = html! {
        div class={ "banner " (class(state)) } {
            h1 #headline { span aria-hidden="true" { (sign(state)) } " " (headline) }
            p { (count(&all, view)) }
        }
        @for (tenant, probes) in grouped(all.iter().copied(), |id| &id.tenant) { (card(tenant, &probes, view)) }
    };
    let title = format!("{headline} · m365-probe");
    document(view, &Body { title, state, refreshes: true, frame: Frame::Bare, main })
}

/// The protocols of a tenant, with the state of the worst of its mailboxes each.
fn card(tenant: &str, probes: &[&JudgedProbe<'_>], view: &View<'_>) -> Markup {
    let texts = view.texts();
    html! {
        section aria-labelledby={ "tenant-" (tenant) } {
            h2 id={ "tenant-" (tenant) } { (tenant) }
            table.rows {
                thead { tr { @for head in [texts.check, texts.state, texts.since] { th scope="col" { (head) } } } }
                tbody {
                    @for (check, probes) in by_check(probes) {
                        @let state = worst_state(&probes);
                        tr class=(class(state)) {
                            th scope="row" { (term::check(check, view.lang)) }
                            td { span.sign aria-hidden="true" { (sign(state)) } " " (count(&probes, view)) }
                            @let since = since(&probes, view);
                            td data-of=[since.as_ref().map(|_| texts.since)] { @if let Some(since) = since { (since) } }
                        }
                    }
                }
            }
        }
    }
}

/// The probes of each check, in the order in which checks stand everywhere.
fn by_check<'a>(probes: &[&'a JudgedProbe<'a>]) -> Vec<(Check, Vec<&'a JudgedProbe<'a>>)> {
    let of = |check: Check| probes.iter().copied().filter(|probe| probe.id().check == check).collect::<Vec<_>>();
    Check::ALL.iter().map(|check| (*check, of(*check))).filter(|(_, probes)| !probes.is_empty()).collect()
}

/// The time since which the first of the probes that fail has failed.
fn since(probes: &[&JudgedProbe<'_>], view: &View<'_>) -> Option<Markup> {
    let failing = probes.iter().filter(|probe| probe.state.failure().is_some());
    let since = failing.filter_map(|probe| probe.entry.failing_since).min()?;
    Some(html! { (clock(since, view.now)) " (" (ago(since, view.now, view.lang)) ")" })
}

/// The state of everything in a sentence.
fn headline(state: Option<State>, view: &View<'_>) -> &'static str {
    let texts = view.texts();
    match state {
        None => texts.still_to_run,
        Some(State::Ok) => texts.all_well,
        Some(State::Warning) => texts.with_warnings,
        Some(State::Critical) => texts.not_all_works,
        Some(State::Unknown) => texts.unsure,
    }
}
