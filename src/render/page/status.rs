//! The page at `/`: what is broken, since when, who must act and what to do; below it, how every probe is doing.

use std::collections::HashMap;

use maud::{Markup, html};

use super::cause_card::CauseCard;
use super::html::{class, sign};
use super::layout::{Body, document};
use super::time::ago;
use super::{Offer, View, expiries, faults, history, probe_table, worth_a_look};
use crate::lang::fill;
use crate::levels::State;
use crate::report::{self, root_cause};
use crate::store::{ProbeEntry, Store};

/// Renders the whole page. `offers` are the faults that can be made to happen: none but in the demonstration.
pub fn page(store: &Store, offers: Option<&[Offer]>, view: &View<'_>) -> String {
    let judged = report::latest(store, view.now);
    let found = root_cause::group(&root_cause::diagnose(&judged));
    let cards: Vec<CauseCard<'_>> = found.iter().map(|cause| CauseCard::new(cause, &judged, store)).collect();
    let state = overall(store, &cards, view);
    let headline = headline(store, state, &cards, view);
    let main = html! {
        (banner(store, state, &headline, &cards, view))
        @for (number, card) in (1_usize..).zip(&cards) { (card.article((cards.len() > 1).then_some(number), view)) }
        @if let Some(offers) = offers { (faults::section(offers, view)) }
        (worth_a_look::section(store, view))
        (tenants(store, view))
        (expiries::section(store, view))
        (history::of_all_probes(store, view))
    };
    document(view, &Body { title: format!("{headline} · m365-probe"), state, refreshes: true, main })
}

/// The state of everything together; `None` while nothing is known.
fn overall(store: &Store, cards: &[CauseCard<'_>], view: &View<'_>) -> Option<State> {
    if !cards.is_empty() {
        return Some(State::Critical);
    }
    let states = || store.probes().iter().filter_map(|known| probe_table::state(known, view.now));
    states().next()?;
    let worst = states().reduce(State::worse)?;
    Some(if worst == State::Ok && worth_a_look::is_needed(store, view) { State::Warning } else { worst })
}

/// The one problem by its name; of several, how many.
fn headline(store: &Store, state: Option<State>, cards: &[CauseCard<'_>], view: &View<'_>) -> String {
    let words = view.words();
    match (state, cards) {
        (_, [one]) => one.title(view.lang),
        (_, [_, ..]) => fill(words.problems, &[("n", &cards.len().to_string())]),
        (None, _) if store.probes().is_empty() => words.nothing_configured.to_owned(),
        (None, _) => words.nothing_yet.to_owned(),
        (Some(State::Ok), _) => words.all_well.to_owned(),
        (Some(State::Warning | State::Critical), _) => words.worth.to_owned(),
        (Some(State::Unknown), _) => words.unsure.to_owned(),
    }
}

/// The headline, a line for each of several problems, how many checks stand behind it, and when the last one ran.
fn banner(store: &Store, state: Option<State>, headline: &str, cards: &[CauseCard<'_>], view: &View<'_>) -> Markup {
    let words = view.words();
    let all = store.probes().len();
    let failing = store.probes().iter().filter(|known| known.failing_since.is_some()).count();
    let working = store.probes().iter().filter(|known| known.failing_since.is_none() && known.last.is_some()).count();
    let (template, count) = if failing > 0 { (words.of_checks_fail, failing) } else { (words.checks_work, working) };
    let counted = fill(template, &[("n", &count.to_string()), ("all", &all.to_string())]);
    let last = store.probes().iter().filter_map(|known| known.last.as_ref()).map(|last| last.at).max();
    html! {
        div class={ "banner " (class(state)) } {
            h1 #headline { span aria-hidden="true" { (sign(state)) } " " (headline) }
            p { (counted) @if let Some(at) = last { " · " (words.last_run) " " (ago(at, view.now, view.lang)) } }
            @if cards.len() > 1 {
                ol { @for (number, card) in (1..).zip(cards) { li { (card.line(number, view)) } } }
            }
        }
    }
}

/// A section for each tenant, those with problems first.
fn tenants(store: &Store, view: &View<'_>) -> Markup {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut tenants: Vec<(&str, Vec<&ProbeEntry>)> = Vec::new();
    for known in store.probes() {
        let name = &*known.settings.id.tenant;
        let place = *places.entry(name).or_insert(tenants.len());
        match tenants.get_mut(place) {
            Some((_, probes)) => probes.push(known),
            None => tenants.push((name, vec![known])),
        }
    }
    let well = |probes: &[&ProbeEntry]| probes.iter().all(|known| probe_table::state(known, view.now) == Some(State::Ok));
    tenants.sort_by_key(|(_, probes)| well(probes));
    html! {
        @for (name, probes) in &tenants {
            section aria-labelledby={ "tenant-" (name) } {
                h2 id={ "tenant-" (name) } { (name) }
                (probe_table::of_tenant(probes, view))
            }
        }
    }
}
