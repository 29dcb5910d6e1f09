//! The page of one probe: its last run at length, what was said in it, and its past.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use super::causes::{Level, named, pairs, steps, steps_of, told_since, whole};
use super::html::{Body, capital, document, escaped, prose};
use super::spark::{shown, spark};
use super::table::{state, state_badge};
use super::time::{ago, clock, plainly};
use super::tongue::{self, with, words};
use super::{Visitor, history, running};
use crate::outcome::{Failure, Outcome, Speaker, Transcript};
use crate::reason::Reason;
use crate::render::doctor::{evidenced, facts};
use crate::render::remedy::Concern;
use crate::render::words::{one_line, sentence};
use crate::render::{Judged, cause, judged};
use crate::store::{ProbeEntry, Store};

/// The whole page of `known`, one of those in the `store`.
pub fn page(store: &Store, known: &ProbeEntry, visitor: &Visitor<'_>, now: SystemTime) -> String {
    let words = words(visitor.lang);
    let id = known.settings.id.to_string();
    let state = state(known, now);
    let mut main = String::new();
    let _ = writeln!(main, "<h1>{} {}</h1>", escaped(&id), state_badge(state, visitor));
    about(&mut main, known, visitor, now);
    if let Some(last) = known.last.as_deref() {
        run(&mut main, store, known, last, visitor, now);
    } else {
        let skipped = known.skipped.as_deref().map(|skipped| sentence(&Judged::new(skipped, &known.settings.limits, now)));
        let _ = writeln!(main, "<p>{}</p>", escaped(skipped.as_deref().unwrap_or(words.not_yet)));
    }
    if !known.failed_transcript.is_empty() {
        let _ = writeln!(main, "<details id=\"failed-talk\"><summary>{}</summary>", words.conversation_failed);
        talk(&mut main, &known.failed_transcript, visitor);
        main.push_str("</details>\n");
    }
    history::of_one(&mut main, known, visitor, now);
    document(visitor, now, &Body { title: format!("{id} · m365-probe"), state, refresh: Some(visitor.refresh), main })
}

/// Whom it is about and how often it runs.
fn about(main: &mut String, known: &ProbeEntry, visitor: &Visitor<'_>, now: SystemTime) {
    let (lang, words) = (visitor.lang, words(visitor.lang));
    let settings = &known.settings;
    let every = with(words.every, [plainly(settings.interval, lang), plainly(settings.timeout, lang)]);
    let address = settings.address.as_deref().map(|address| format!("{} · ", escaped(address))).unwrap_or_default();
    let last =
        known.last.as_ref().map(|last| format!("{} {}, {}. ", words.last_run, clock(last.at, now), ago(last.at, now, lang)));
    let last = last.map(|last| capital(&last)).unwrap_or_default();
    let run = running(&settings.id);
    let _ = writeln!(main, "<p>{address}{last}{every}. <a href=\"{run}\">{}</a></p>", words.run_now);
}

/// The last run.
fn run(main: &mut String, store: &Store, known: &ProbeEntry, last: &Outcome, visitor: &Visitor<'_>, now: SystemTime) {
    let words = words(visitor.lang);
    let judged = Judged::new(last, &known.settings.limits, now);
    match last.failure() {
        Some(failure) => failed(main, known, failure, behind(store, known, now), visitor, now),
        None => {
            let _ = writeln!(main, "<p class=\"card {}\">{}</p>", judged.state().code(), escaped(&sentence(&judged)));
        }
    }
    let _ = write!(main, "<section aria-labelledby=\"phases\">\n<h2 id=\"phases\">{}</h2>\n", words.phases);
    phases(main, last, visitor);
    let _ = write!(main, "<h3>{}</h3>\n{}\n</section>\n", words.latency, spark(&known.history, visitor.lang));
    let _ = write!(main, "<section aria-labelledby=\"talk\">\n<h2 id=\"talk\">{}</h2>\n", words.conversation);
    talk(main, &known.transcript, visitor);
    let _ = write!(main, "</section>\n<section aria-labelledby=\"facts\">\n<h2 id=\"facts\">{}</h2>\n", words.facts);
    pairs(main, &facts(&judged, &whole(visitor.lang)));
    main.push_str("</section>\n");
}

/// What lies behind the failure of `known`, as the store knows it.
fn behind(store: &Store, known: &ProbeEntry, now: SystemTime) -> Option<Reason> {
    let causes = cause::of(&judged(store, now));
    causes.iter().find(|cause| cause.explains.contains(&known.settings.id)).map(|cause| cause.reason)
}

/// What failed, since when, who must act and what to do.
fn failed(
    main: &mut String,
    known: &ProbeEntry,
    failure: &Failure,
    cause: Option<Reason>,
    visitor: &Visitor<'_>,
    now: SystemTime,
) {
    let (lang, words) = (visitor.lang, words(visitor.lang));
    // The server's answer is evidence; what to do is about what lies behind it.
    let reason = cause.unwrap_or(failure.reason);
    let text = reason.text(lang);
    // What the last run did not get as far as to learn, the last token told.
    let told = [known.last.as_deref(), known.token.as_deref()].into_iter().flatten();
    let judged: Vec<Judged<'_>> =
        told.map(|outcome| Judged::new(outcome, &known.settings.limits, now).with_application(&*known.settings.tenant)).collect();
    let concern = Concern::new(&known.settings.id.tenant, reason, known.last.as_deref(), &judged);
    let _ = write!(main, "<article class=\"card critical\">\n<h2>{}</h2>\n<dl class=\"key\">\n", escaped(&capital(text.title)));
    let place = tongue::phase(failure.phase, lang);
    let _ = writeln!(main, "<div><dt>{}</dt><dd>{}, {place}</dd></div>", words.reason, named(failure.reason, visitor));
    if let Some(since) = known.since() {
        let since = told_since(since, now, lang);
        let _ = writeln!(main, "<div><dt>{}</dt><dd>{since}</dd></div>", words.since);
    }
    let owner = capital(tongue::owner(reason.owner(), lang));
    let _ = write!(main, "<div><dt>{}</dt><dd>{owner}</dd></div>\n</dl>\n", words.acts);
    let _ = writeln!(main, "<p>{}</p>", prose(&concern.meaning(text, lang)));
    steps(main, reason, &steps_of(&concern, text, lang), lang, Level::BelowTitle);
    let _ = writeln!(main, "<h3>{}</h3>", words.evidence);
    pairs(main, &evidenced(&failure.evidence, &whole(lang)));
    main.push_str("</article>\n");
}

/// Each phase as a bar where it lay in the run.
fn phases(main: &mut String, outcome: &Outcome, visitor: &Visitor<'_>) {
    let words = words(visitor.lang);
    let whole = outcome.took.as_secs_f64().max(1e-6);
    let mut began = Duration::ZERO;
    let _ = write!(
        main,
        "<table class=\"rows bars\">\n<thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\" aria-hidden=\"true\"></th></tr></thead>\n<tbody>\n",
        words.phase, words.took
    );
    let failed = outcome.failure().map(|failure| failure.phase);
    for (place, span) in outcome.phases.iter().enumerate() {
        let left = began.as_secs_f64() / whole * 100.0;
        let width = (span.took.as_secs_f64() / whole * 100.0).max(0.4);
        let bad = failed == Some(span.phase) && place + 1 == outcome.phases.len();
        let class = if bad { "bad" } else { "run" };
        let _ = writeln!(
            main,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td aria-hidden=\"true\"><svg viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" \
             width=\"100%\" height=\"12\"><rect class=\"{class}\" x=\"{left:.2}\" width=\"{width:.2}\" height=\"10\"/></svg></td></tr>",
            span.phase,
            shown(span.took)
        );
        began += span.took;
    }
    let _ = write!(
        main,
        "</tbody>\n<tfoot><tr><th scope=\"row\">{}</th><td>{}</td><td aria-hidden=\"true\"></td></tr></tfoot>\n</table>\n",
        words.total,
        shown(outcome.took)
    );
}

/// What was said and heard. A secret cannot stand here: it was masked before the line was kept.
fn talk(main: &mut String, transcript: &Transcript, visitor: &Visitor<'_>) {
    let words = words(visitor.lang);
    if transcript.is_empty() {
        let _ = writeln!(main, "<p>{}</p>", words.conversation_none);
        return;
    }
    main.push_str("<ol class=\"talk\">\n");
    for (line, left_out) in transcript.lines() {
        let (class, mark, who) = match line.speaker {
            Speaker::We => ("we", "→", words.we_said),
            Speaker::They => ("they", "←", words.they_said),
            Speaker::Nobody => ("nobody", "·", words.happened),
        };
        let _ = writeln!(
            main,
            "<li class=\"{class}\"><small>{} {}</small> <span aria-hidden=\"true\">{mark}</span><span class=\"unseen\">{who}: </span><code>{}</code></li>",
            shown(line.at),
            line.phase,
            escaped(&one_line(&line.text))
        );
        if left_out > 0 {
            let _ = writeln!(main, "<li class=\"nobody\">{}</li>", with(words.lines_left_out, [left_out]));
        }
    }
    main.push_str("</ol>\n");
}
