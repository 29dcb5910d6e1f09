//! The page of one probe: its last run at length, what was said in it, and its past.

use std::time::Duration;

use maud::{Markup, html};

use super::cause_card::{Level, reason_link, since_when, steps, steps_of, whole};
use super::html::{pairs, prose};
use super::layout::{Body, Frame, document};
use super::probe_table::state_badge;
use super::sparkline::{shown, sparkline};
use super::time::{ago, clock, plainly};
use super::{View, history};
use crate::lang::fill;
use crate::outcome::{Failure, Outcome, Span, Speaker, Transcript};
use crate::reason::Reason;
use crate::render::doctor::{evidence_rows, fact_lines};
use crate::report::outcome_index::OutcomeIndex;
use crate::report::probe_state::ProbeState;
use crate::report::remedy::Concern;
use crate::report::sentence::sentence;
use crate::report::term;
use crate::report::text::{capital, one_line};
use crate::report::{self, JudgedOutcome, root_cause};

use crate::store::{ProbeEntry, Store};

/// Renders the whole page of `entry`, one of those in the `store`.
pub fn page(store: &Store, entry: &ProbeEntry, view: &View<'_>) -> String {
    let texts = view.texts();
    let id = entry.settings.id.to_string();
    let probe = ProbeState::new(entry, view.now);
    let main = html! {
        h1 { (id) " " (state_badge(&probe, view)) }
        (about(entry, view))
        @if let Some(last) = entry.last.as_deref() {
            (last_run(store, entry, last, view))
        } @else if let Some(skipped) = entry.skipped.as_deref() {
            p { (sentence(&JudgedOutcome::new(skipped, &entry.settings.limits, view.now))) }
        } @else {
            p { (texts.not_yet) }
        }
        @if !entry.failed_transcript.is_empty() {
            details #failed-talk { summary { (texts.conversation_failed) } (conversation(&entry.failed_transcript, view)) }
        }
        (history::of_one_probe(entry, view))
    };
    document(
        view,
        &Body { title: format!("{id} · m365-probe"), state: probe.state(), refreshes: true, frame: Frame::Whole, main },
    )
}

/// The mailbox or tenant that it is about, when it ran last and how often it runs.
fn about(entry: &ProbeEntry, view: &View<'_>) -> Markup {
    let (lang, texts, settings) = (view.lang, view.texts(), &entry.settings);
    let [interval, configured, timeout] = [entry.interval(), settings.interval, settings.timeout].map(|time| plainly(time, lang));
    let rhythm = [("interval", &*interval), ("configured", &*configured), ("timeout", &*timeout)];
    html! {
        p {
            @if let Some(address) = &settings.address { (address) " · " }
            @if let Some(last) = &entry.last {
                (capital(texts.last_run)) " " (clock(last.at, view.now)) ", " (ago(last.at, view.now, lang)) ". "
            }
            (fill(if entry.interval() == settings.interval { texts.every } else { texts.slowed }, &rhythm)) ". "
            a href=(view.running(&settings.id)) { (texts.run_now) }
        }
    }
}

fn last_run(store: &Store, entry: &ProbeEntry, last: &Outcome, view: &View<'_>) -> Markup {
    let texts = view.texts();
    let judged = JudgedOutcome::new(last, &entry.settings.limits, view.now);
    html! {
        @if let Some(failure) = last.failure() {
            (failed(entry, failure, inferred_reason(store, entry, view), view))
        } @else {
            p class={ "card " (judged.state().code()) } { (sentence(&judged)) }
        }
        section aria-labelledby="phases" {
            h2 #phases { (texts.phases) }
            (phases(last, view))
            h3 { (texts.latency) }
            (sparkline(&entry.history, view.lang))
        }
        section aria-labelledby="talk" {
            h2 #talk { (texts.conversation) }
            (conversation(&entry.transcript, view))
        }
        section aria-labelledby="facts" {
            h2 #facts { (texts.facts) }
            (pairs(&fact_lines(&judged, &whole(view.lang))))
        }
    }
}

/// Returns the reason that the diagnosis infers for the failure of `entry`.
fn inferred_reason(store: &Store, entry: &ProbeEntry, view: &View<'_>) -> Option<Reason> {
    let causes = root_cause::diagnose(&report::latest(store, view.now));
    causes.iter().find(|cause| cause.explains.contains(&entry.settings.id)).map(|cause| cause.reason)
}

/// Renders the failure: since when, who must act, what to do, and the evidence.
fn failed(entry: &ProbeEntry, failure: &Failure, cause: Option<Reason>, view: &View<'_>) -> Markup {
    let (lang, texts) = (view.lang, view.texts());
    // The server's answer is evidence; what to do is about its root cause.
    let reason = cause.unwrap_or(failure.reason);
    let text = reason.text(lang);
    // What the last run did not get as far as to learn, the last token shows.
    let outcomes = [entry.last.as_deref(), entry.token.as_deref()].into_iter().flatten();
    let judged: Vec<JudgedOutcome<'_>> = outcomes
        .map(|outcome| JudgedOutcome::new(outcome, &entry.settings.limits, view.now).with_application(&*entry.settings.tenant))
        .collect();
    let concern = Concern::new(&entry.settings.id.tenant, reason, entry.last.as_deref(), &OutcomeIndex::new(&judged));
    html! {
        article class="card critical" {
            h2 { (capital(text.title)) }
            dl.key {
                div { dt { (lang.texts().common.who_must_act) } dd { (capital(term::owner(reason.owner(), lang))) } }
                @if let Some(since) = entry.since() { div { dt { (texts.since) } dd { (since_when(since, view)) } } }
                div { dt { (lang.texts().common.reason) } dd { (reason_link(failure.reason, view)) ", " (term::phase(failure.phase, lang)) } }
            }
            (steps(reason, &steps_of(&concern, text, lang), lang, Level::BelowTitle))
            p { (prose(&concern.meaning(text, lang))) }
            h3 { (texts.evidence) }
            (pairs(&evidence_rows(&failure.evidence, &whole(lang))))
        }
    }
}

/// Each phase as a bar where it lay in the run.
fn phases(outcome: &Outcome, view: &View<'_>) -> Markup {
    let texts = view.texts();
    let failed = outcome.failure().map(|failure| failure.phase);
    let mut began = Duration::ZERO;
    let bars = outcome.phases.iter().enumerate().map(|(place, span)| {
        let is_bad = failed == Some(span.phase) && place + 1 == outcome.phases.len();
        let row = phase(span, began, outcome.took, is_bad);
        began += span.took;
        row
    });
    html! {
        table class="rows bars" {
            thead {
                tr { th scope="col" { (texts.phase) } th scope="col" { (texts.took) } th scope="col" aria-hidden="true" {} }
            }
            tbody { @for bar in bars { (bar) } }
            tfoot { tr { th scope="row" { (texts.total) } td { (shown(outcome.took)) } td aria-hidden="true" {} } }
        }
    }
}

/// A phase that `began` so long after the beginning of a run that took `whole`.
fn phase(span: &Span, began: Duration, whole: Duration, is_bad: bool) -> Markup {
    let percent = |time: Duration| time.as_secs_f64() / whole.as_secs_f64().max(1e-6) * 100.0;
    let (left, width) = (format!("{:.2}", percent(began)), format!("{:.2}", percent(span.took).max(0.4)));
    html! {
        tr {
            th scope="row" { (span.phase) }
            td { (shown(span.took)) }
            td aria-hidden="true" {
                svg viewBox="0 0 100 10" preserveAspectRatio="none" width="100%" height="12" {
                    rect class=(if is_bad { "bad" } else { "run" }) x=(left) width=(width) height="10" {}
                }
            }
        }
    }
}

/// Renders the transcript. No secret can stand in it: it was redacted before the line was kept.
fn conversation(transcript: &Transcript, view: &View<'_>) -> Markup {
    let texts = view.texts();
    if transcript.is_empty() {
        return html! { p { (texts.conversation_none) } };
    }
    html! {
        ol.talk {
            @for (line, left_out) in transcript.lines() {
                @let (class, mark, who) = match line.speaker {
                    Speaker::We => ("we", "→", texts.we_said),
                    Speaker::They => ("they", "←", texts.they_said),
                    Speaker::Nobody => ("nobody", "·", texts.happened),
                };
                li class=(class) {
                    small { (shown(line.at)) " " (line.phase) } " "
                    span aria-hidden="true" { (mark) } span.unseen { (who) ": " } code { (one_line(&line.text)) }
                }
                @if left_out > 0 { li.nobody { (texts.lines_left_out.of(left_out)) } }
            }
        }
    }
}
