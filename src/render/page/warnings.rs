//! The warnings of the page: what runs warned of, limits that were violated, and results that are missing.

use std::collections::BTreeMap;
use std::time::SystemTime;

use maud::{Markup, html};

use super::View;
use super::cause_card::{code, probe_link};
use super::html::badge;
use super::probe_table::state_name;
use super::time::lasting;
use crate::lang::{Lang, fill};
use crate::levels::{Judgement, State};
use crate::reason::Reason;
use crate::report::probe_state::ProbeState;
use crate::report::sentence::sentence;
use crate::report::text::capital;
use crate::report::{expiry, term};
use crate::store::{ProbeEntry, Store};

/// A line for each probe whose state is neither well nor failing; and one for each reason that probes warn of.
pub fn section(store: &Store, view: &View<'_>) -> Markup {
    let texts = view.texts();
    let probes = store.probes().iter().filter_map(|entry| line(entry, view));
    let reasons = warned(store, view.lang, view.now).into_iter().map(|(reason, warned)| warning(reason, &warned, view));
    let lines: Vec<Markup> = probes.chain(reasons).collect();
    html! {
        @if !lines.is_empty() {
            section aria-labelledby="look" {
                h2 #look { (texts.warnings) }
                ul.look { @for line in lines { li { (line) } } }
            }
        }
    }
}

fn warning(reason: Reason, warned: &Warned<'_>, view: &View<'_>) -> Markup {
    html! {
        (badge(Some(warned.state), state_name(warned.state, view)))
        " " strong { (capital(&warned.title)) } " " (code(reason, view)) br;
        (probe_link(&warned.first.settings.id, view))
        @if warned.count > 1 { " (+" (warned.count - 1) ")" }
        "; " (view.lang.texts().common.who_must_act) ": " (term::owner(reason.owner(), view.lang))
    }
}

/// The state of a probe that neither is well nor fails, and why, where no warning says so already.
fn line(entry: &ProbeEntry, view: &View<'_>) -> Option<Markup> {
    let probe = ProbeState::new(entry, view.now);
    let state = probe.state().filter(|state| *state != State::Ok)?;
    let is_warned_of = probe.current_run().is_some_and(|run| is_explained_by_warnings(&run.judgement));
    if is_warned_of || probe.failure().is_some() {
        return None;
    }
    let text = match &probe {
        ProbeState::NotRun => return None,
        ProbeState::Current(judged) => sentence(judged),
        ProbeState::Stale(judged) => fill(view.texts().too_old, &[("time", &lasting(judged.outcome.at, view.now, view.lang))]),
    };
    Some(html! { (badge(Some(state), state_name(state, view))) " " (probe_link(&entry.settings.id, view)) ": " (text) })
}

/// Reports whether warnings alone explain why a run that succeeded is not well.
fn is_explained_by_warnings(judgement: &Judgement<'_>) -> bool {
    judgement.warnings.iter().any(|warning| judgement.warning_state(warning) != State::Ok)
        && judgement.breaches.iter().all(|breach| judgement.has_warning_about(breach))
}

/// A reason that current runs warn of.
struct Warned<'a> {
    /// The worst that a level makes of it.
    state: State,
    /// The number of probes that warn of it.
    count: usize,
    first: &'a ProbeEntry,
    /// The warning's title, as the first of them has it.
    title: String,
}

/// Each reason that current runs warn of.
fn warned(store: &Store, lang: Lang, now: SystemTime) -> BTreeMap<Reason, Warned<'_>> {
    let mut warned = BTreeMap::new();
    for entry in store.probes() {
        let probe = ProbeState::new(entry, now);
        let Some(judged) = probe.current_run() else { continue };
        let states = judged.warnings().iter().map(|warning| (warning.reason, judged.judgement.warning_state(warning)));
        for (reason, state) in states.filter(|(_, state)| *state != State::Ok) {
            let title = || expiry::warning_title(reason, judged, lang).unwrap_or_else(|| reason.text(lang).title.to_owned());
            let same = warned.entry(reason).or_insert_with(|| Warned { state, count: 0, first: entry, title: title() });
            (same.state, same.count) = (same.state.worse(state), same.count + 1);
        }
    }
    warned
}
