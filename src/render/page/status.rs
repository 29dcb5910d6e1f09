//! The page at `/`: what is broken, since when, who must act and what to do; below it, how every probe is doing.

use maud::{Markup, html};

use super::cause_card::CauseCard;
use super::html::{class, sign};
use super::layout::{Body, document};
use super::time::ago;
use super::{FaultSwitch, View, expiries, faults, history, probe_table, warnings};
use crate::lang::fill;
use crate::levels::State;
use crate::report::expiry::{self, Expiry};
use crate::report::probe_state::ProbeState;
use crate::report::{self, root_cause};
use crate::store::{ProbeEntry, Store};

/// Renders the whole page. `switches` turn on the faults that can be made to happen: none but in the demonstration.
pub fn page(store: &Store, switches: Option<&[FaultSwitch]>, view: &View<'_>) -> String {
    let judged = report::latest(store, view.now);
    let found = root_cause::group(&root_cause::diagnose(&judged));
    let cards: Vec<CauseCard<'_>> = found.iter().map(|cause| CauseCard::new(cause, &judged, store)).collect();
    let probes: Vec<ProbeState<'_>> = store.probes().iter().map(|entry| ProbeState::new(entry, view.now)).collect();
    let expiries = expiry::expiries(store, view.now);
    let state = overall(&expiries, &probes, &cards);
    let headline = headline(&probes, state, &cards, view);
    let main = html! {
        (banner(&probes, state, &headline, &cards, view))
        @for (number, card) in (1_usize..).zip(&cards) { (card.article((cards.len() > 1).then_some(number), view)) }
        @if let Some(switches) = switches { (faults::section(switches, view)) }
        (warnings::section(store, view))
        (tenants(store, view))
        (expiries::section(&expiries, view))
        (history::of_all_probes(store, view))
    };
    document(view, &Body { title: format!("{headline} · m365-probe"), state, refreshes: true, main })
}

/// The state of everything together; `None` while checks are still to run and nothing else is known to be amiss. An expiry that is
/// near makes it a warning also where no probe has a limit for it.
fn overall(expiries: &[Expiry], probes: &[ProbeState<'_>], cards: &[CauseCard<'_>]) -> Option<State> {
    if !cards.is_empty() {
        return Some(State::Critical);
    }
    let worst = probes.iter().filter_map(ProbeState::state).reduce(State::worse)?;
    match worst {
        State::Ok if expiries.iter().any(|expiry| expiry.state != State::Ok) => Some(State::Warning),
        State::Ok if probes.iter().any(ProbeState::is_waiting) => None,
        worst => Some(worst),
    }
}

/// The one problem by its name; of several, how many.
fn headline(probes: &[ProbeState<'_>], state: Option<State>, cards: &[CauseCard<'_>], view: &View<'_>) -> String {
    let texts = view.texts();
    let text = match (state, cards) {
        (_, [one]) => return one.title(view.lang),
        (_, [_, ..]) => return fill(texts.problems, &[("n", &cards.len().to_string())]),
        (None, _) if probes.is_empty() => texts.nothing_configured,
        (None, _) if probes.iter().all(ProbeState::is_waiting) => texts.nothing_yet,
        (None, _) => texts.still_to_run,
        (Some(State::Ok), _) => texts.all_well,
        (Some(State::Warning), _) => texts.with_warnings,
        (Some(State::Critical), _) => texts.limit_violated,
        (Some(State::Unknown), _) => texts.unsure,
    };
    text.to_owned()
}

/// Returns the number of checks that fail; where none does, of those that are critical by a limit; where none is, of those that
/// work. A check that has not run, or not recently, does not count as working.
fn count(probes: &[ProbeState<'_>], view: &View<'_>) -> String {
    let texts = view.texts();
    let count = |is: fn(&ProbeState<'_>) -> bool| probes.iter().filter(|probe| is(probe)).count();
    let failing = count(|probe| probe.failure().is_some());
    let critical = count(|probe| probe.state() == Some(State::Critical));
    let working = count(|probe| probe.current_run().is_some_and(|run| matches!(run.state(), State::Ok | State::Warning)));
    let waiting = probes.iter().filter(|probe| probe.is_waiting()).count();
    let (template, number) = match (failing, critical) {
        (1.., _) => (texts.of_checks_fail, failing),
        (0, 1..) => (texts.checks_critical, critical),
        (0, 0) => (texts.checks_work, working),
    };
    let counted = fill(template, &[("n", &number.to_string()), ("all", &probes.len().to_string())]);
    match waiting {
        0 => counted,
        _ => format!("{counted}, {}", fill(texts.waiting, &[("n", &waiting.to_string())])),
    }
}

/// The headline, a line for each of several problems, how many checks stand behind it, and when the last one ran.
fn banner(probes: &[ProbeState<'_>], state: Option<State>, headline: &str, cards: &[CauseCard<'_>], view: &View<'_>) -> Markup {
    let texts = view.texts();
    let last = probes.iter().filter_map(ProbeState::last_run).map(|last| last.at).max();
    html! {
        div class={ "banner " (class(state)) } {
            h1 #headline { span aria-hidden="true" { (sign(state)) } " " (headline) }
            p { (count(probes, view)) @if let Some(at) = last { " · " (texts.last_run) " " (ago(at, view.now, view.lang)) } }
            @if cards.len() > 1 {
                ol { @for (number, card) in (1..).zip(cards) { li { (card.line(number, view)) } } }
            }
        }
    }
}

/// A section for each tenant, those with problems first.
fn tenants(store: &Store, view: &View<'_>) -> Markup {
    let mut tenants = probe_table::grouped(store.probes(), |id| &id.tenant);
    let well = |probes: &[&ProbeEntry]| probes.iter().all(|entry| ProbeState::new(entry, view.now).state() == Some(State::Ok));
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
