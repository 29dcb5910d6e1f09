//! The page at `/`: what is broken, since when, who must act and what to do; below it, how every probe is doing.

use std::collections::HashSet;

use maud::{Markup, html};

use super::cause_card::{self, CauseCard};
use super::html::{class, sign};
use super::judged_probe::JudgedProbe;
use super::layout::{Body, Frame, document};
use super::search::{self, Search};
use super::time::ago;
use super::{FaultSwitch, View, expiries, faults, headline, history, listing, warnings};
use crate::lang::fill;
use crate::levels::State;
use crate::outcome::ProbeId;
use crate::report::JudgedOutcome;
use crate::report::expiry::{self, Ending, Expiry};
use crate::report::outcome_index::OutcomeIndex;
use crate::report::probe_state::ProbeState;
use crate::report::root_cause::{self, RootCauseGroup};
use crate::store::Store;

/// Root causes that have a card at most. Where there are more, each reason has one, and the others are lines.
const CARDS: usize = 8;

/// Renders the page of what `search` looks for. `switches` turn on the faults that can be made to happen: none but in the
/// demonstration.
pub fn page(store: &Store, switches: Option<&[FaultSwitch]>, search: &Search<'_>, view: &View<'_>) -> String {
    let probes: Vec<JudgedProbe<'_>> = store.probes().iter().map(|entry| JudgedProbe::new(entry, view.now)).collect();
    let judged: Vec<JudgedOutcome<'_>> = probes.iter().filter_map(|probe| probe.state.clone().into_judged()).collect();
    let index = OutcomeIndex::new(&judged);
    let causes = root_cause::group(&root_cause::diagnose(&judged));
    let expiries = expiry::expiries(store, view.now);
    let all: Vec<&JudgedProbe<'_>> = probes.iter().collect();
    let state = overall(&expiries, &all, &causes);
    let headline = headline::headline(&all, state, &causes, &expiries, view);
    let several_tenants = headline::has_several_tenants(&all);
    let found = search.find(&probes, &causes);
    let shown = if search.is_continued() { Vec::new() } else { of_found(&causes, &found, search) };
    let (first, further) = with_cards(&shown);
    let cards: Vec<CauseCard<'_>> =
        first.into_iter().map(|cause| CauseCard::new(cause, several_tenants, &index, store)).collect();
    let main = html! {
        (banner(&all, state, &headline, if search.is_narrow() { &[] } else { &cards }, further.len(), view))
        @if search.is_narrow() { (search::form(search, view)) (search::found(search, found.len(), all.len(), view)) }
        @for (number, card) in (1_usize..).zip(&cards) { (card.article((cards.len() > 1 || search.is_narrow()).then_some(number), view)) }
        (cause_card::further(&further, view))
        @if !search.is_continued() { (warnings::section(&found, view)) }
        @if !search.is_narrow() && all.len() > listing::PROBES { (search::form(search, view)) }
        (listing::section(&found, search, view))
        @if let Some(switches) = switches { (faults::section(switches, view)) }
        @if !search.is_continued() { (expiries::section(of_tenants(&expiries, &found, search), view)) (history::of_all_probes(&found, view)) }
    };
    document(view, &Body { title: format!("{headline} · m365-probe"), state, refreshes: true, frame: Frame::Whole, main })
}

/// The root causes that explain any of the probes that were found.
fn of_found<'a>(causes: &'a [RootCauseGroup], found: &[&JudgedProbe<'_>], search: &Search<'_>) -> Vec<&'a RootCauseGroup> {
    if !search.is_narrow() {
        return causes.iter().collect();
    }
    let found: HashSet<&ProbeId> = found.iter().map(|probe| probe.id()).collect();
    causes.iter().filter(|cause| cause.explains.iter().any(|probe| found.contains(probe))).collect()
}

/// The root causes that have a card, and the others: of too many, the first of each reason has one.
fn with_cards<'a>(causes: &[&'a RootCauseGroup]) -> (Vec<&'a RootCauseGroup>, Vec<&'a RootCauseGroup>) {
    let mut reasons = HashSet::new();
    let (mut first, mut further): (Vec<_>, Vec<_>) =
        causes.iter().copied().partition(|cause| causes.len() <= CARDS || reasons.insert(cause.reason));
    let too_many = first.split_off(first.len().min(CARDS));
    further.splice(..0, too_many);
    (first, further)
}

/// The expiries of the tenants among the probes that were found, and those of servers.
fn of_tenants<'a>(expiries: &'a [Expiry], found: &[&JudgedProbe<'_>], search: &Search<'_>) -> Vec<&'a Expiry> {
    let tenants: HashSet<&str> = found.iter().map(|probe| &*probe.id().tenant).collect();
    let is_shown = |expiry: &&Expiry| match &expiry.ending {
        Ending::ClientSecret(tenant) | Ending::ClientCertificate(tenant) | Ending::Ews(tenant) => {
            !search.is_narrow() || tenants.contains(&**tenant)
        }
        Ending::Certificate(_) => true,
    };
    expiries.iter().filter(is_shown).collect()
}

/// The worst state of probes; `None` while the first run of one is still to come and nothing is amiss.
pub fn worst_state(probes: &[&JudgedProbe<'_>]) -> Option<State> {
    match probes.iter().filter_map(|probe| probe.state.state()).reduce(State::worse)? {
        State::Ok if probes.iter().any(|probe| probe.state.is_waiting()) => None,
        worst => Some(worst),
    }
}

/// The state of everything together; `None` while checks are still to run and nothing else is known to be amiss. An expiry that is
/// near makes it a warning also where no probe has a limit for it.
fn overall(expiries: &[Expiry], probes: &[&JudgedProbe<'_>], causes: &[RootCauseGroup]) -> Option<State> {
    match worst_state(probes) {
        // What may pass by itself is no more than a warning at first.
        Some(State::Warning) if !causes.is_empty() => Some(State::Warning),
        _ if !causes.is_empty() => Some(State::Critical),
        None | Some(State::Ok) if has_run(probes) && expiries.iter().any(|expiry| expiry.state != State::Ok) => {
            Some(State::Warning)
        }
        state => state,
    }
}

fn has_run(probes: &[&JudgedProbe<'_>]) -> bool {
    probes.iter().any(|probe| probe.state.state().is_some())
}

/// Returns the number of checks that fail; where none does, of those that are critical by a limit; where none is, of those that
/// work. A check that has not run, or not recently, does not count as working.
pub fn count(probes: &[&JudgedProbe<'_>], view: &View<'_>) -> String {
    let texts = view.texts();
    let count = |is: fn(&ProbeState<'_>) -> bool| probes.iter().filter(|probe| is(&probe.state)).count();
    let failing = count(|probe| probe.failure().is_some());
    let critical = count(|probe| probe.state() == Some(State::Critical));
    let working = count(|probe| probe.current_run().is_some_and(|run| matches!(run.state(), State::Ok | State::Warning)));
    let waiting = probes.iter().filter(|probe| probe.state.is_waiting()).count();
    let all = view.lang.texts().common.checks.of(probes.len());
    let counted = match (failing, critical) {
        (1.., _) => texts.of_checks_fail.with(failing, &[("all", &all)]),
        (0, 1..) => fill(texts.checks_critical, &[("n", &critical.to_string()), ("all", &all)]),
        (0, 0) => texts.checks_work.with(working, &[("all", &all)]),
    };
    match waiting {
        0 => counted,
        _ => format!("{counted}, {}", fill(texts.waiting, &[("n", &waiting.to_string())])),
    }
}

/// The headline, a line for each of several problems that have a card, how many checks stand behind it, and when the last one ran.
fn banner(
    probes: &[&JudgedProbe<'_>],
    state: Option<State>,
    headline: &str,
    cards: &[CauseCard<'_>],
    further: usize,
    view: &View<'_>,
) -> Markup {
    let texts = view.texts();
    let last = probes.iter().filter_map(|probe| probe.state.last_run()).map(|last| last.at).max();
    html! {
        div class={ "banner " (class(state)) } {
            h1 #headline { span aria-hidden="true" { (sign(state)) } " " (headline) }
            p { (count(probes, view)) @if let Some(at) = last { " · " (texts.last_run) " " (ago(at, view.now, view.lang)) } }
            @if cards.len() > 1 {
                ol { @for (number, card) in (1..).zip(cards) { li { (card.line(number, view)) } } }
            }
            @if further > 0 && !cards.is_empty() { p { a href="#further" { (texts.further_problems.of(further)) } } }
        }
    }
}
