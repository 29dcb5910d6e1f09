//! The warnings of the page: what runs warned of, limits that were violated, and results that are missing.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::View;
use super::cause_card::{code, probe_link};
use super::html::badge;
use super::judged_probe::JudgedProbe;
use super::probe_table::state_name;
use super::time::lasting;
use crate::lang::{Lang, fill};
use crate::levels::{Judgement, State};
use crate::outcome::ProbeId;
use crate::reason::Reason;
use crate::report::probe_state::ProbeState;
use crate::report::sentence::sentence;
use crate::report::text::capital;
use crate::report::{JudgedOutcome, expiry, term};

/// Lines about single probes at most.
const LINES: usize = 25;

/// A line for each probe whose state is neither well nor failing; and one for each reason that probes warn of.
pub fn section(probes: &[&JudgedProbe<'_>], view: &View<'_>) -> Markup {
    let texts = view.texts();
    let noticed: Vec<&JudgedProbe<'_>> = probes.iter().copied().filter(|probe| has_line(probe)).collect();
    let reasons = warned(probes, view.lang);
    html! {
        @if !noticed.is_empty() || !reasons.is_empty() {
            section aria-labelledby="look" {
                h2 #look { (texts.warnings) }
                ul.look {
                    @for probe in noticed.iter().take(LINES) { li { (line(probe, view)) } }
                    @if let Some(more @ 1..) = noticed.len().checked_sub(LINES) {
                        li { (texts.and_more_checks.of(more)) }
                    }
                    @for (reason, warned) in &reasons { li { (warning(*reason, warned, view)) } }
                }
            }
        }
    }
}

fn warning(reason: Reason, warned: &Warned<'_>, view: &View<'_>) -> Markup {
    html! {
        (badge(Some(warned.state), state_name(warned.state, view)))
        " " strong { (capital(&warned.title)) } " " (code(reason, view)) br;
        (probe_link(warned.first, view))
        @if warned.count > 1 { " (+" (warned.count - 1) ")" }
        "; " (view.lang.texts().common.who_must_act) ": " (term::owner(reason.owner(), view.lang))
    }
}

/// Reports whether a probe neither is well nor fails, and no warning says why already.
fn has_line(probe: &JudgedProbe<'_>) -> bool {
    let is_warned_of = || probe.state.current_run().is_some_and(|run| is_explained_by_warnings(&run.judgement));
    probe.is_troubled() && probe.state.failure().is_none() && !is_warned_of()
}

/// The result of a probe in a sentence, or since when there is none.
pub fn text(probe: &JudgedProbe<'_>, view: &View<'_>) -> String {
    match &probe.state {
        ProbeState::NotRun => view.texts().not_yet.to_owned(),
        ProbeState::Current(judged) => sentence(judged),
        ProbeState::Stale(judged) => fill(view.texts().too_old, &[("time", &lasting(judged.outcome.at, view.now, view.lang))]),
    }
}

/// The first warning of a probe, else its result.
pub fn headline(probe: &JudgedProbe<'_>, view: &View<'_>) -> String {
    let warning = probe.state.current_run().and_then(|run| {
        let first = run.warnings().iter().find(|warning| run.judgement.warning_state(warning) != State::Ok)?;
        Some(title(first.reason, run, view.lang))
    });
    match (warning, probe.id()) {
        (Some(warning), ProbeId { mailbox: None, tenant, .. }) => format!("{tenant}: {warning}"),
        (warning, id) => format!("{id}: {}", warning.unwrap_or_else(|| text(probe, view))),
    }
}

/// The title of a reason that a run warns of, with the day of what ends.
fn title(reason: Reason, judged: &JudgedOutcome<'_>, lang: Lang) -> String {
    expiry::warning_title(reason, judged, lang).unwrap_or_else(|| reason.text(lang).title.to_owned())
}

/// The state of such a probe, and why.
fn line(probe: &JudgedProbe<'_>, view: &View<'_>) -> Markup {
    let state = probe.state.state().unwrap_or(State::Unknown);
    html! { (badge(Some(state), state_name(state, view))) " " (probe_link(probe.id(), view)) ": " (text(probe, view)) }
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
    first: &'a ProbeId,
    /// The warning's title, as the first of them has it.
    title: String,
}

/// Each reason that current runs warn of.
fn warned<'a>(probes: &[&'a JudgedProbe<'a>], lang: Lang) -> BTreeMap<Reason, Warned<'a>> {
    let mut warned = BTreeMap::new();
    for probe in probes {
        let Some(judged) = probe.state.current_run() else { continue };
        let states = judged.warnings().iter().map(|warning| (warning.reason, judged.judgement.warning_state(warning)));
        for (reason, state) in states.filter(|(_, state)| *state != State::Ok) {
            let same = warned.entry(reason).or_insert_with(|| Warned {
                state,
                count: 0,
                first: probe.id(),
                title: title(reason, judged, lang),
            });
            (same.state, same.count) = (same.state.worse(state), same.count + 1);
        }
    }
    warned
}
