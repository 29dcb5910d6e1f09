//! A root cause for a person: who must act, what to do now, what was seen, and folded under it what it explains.

use super::layout::{Ink, Layout, Style};
use super::shown;
use crate::lang::{Doctor, fill, list, number};
use crate::outcome::{Evidence, Outcome};
use crate::reason::{CredentialForm, Owner, Reason};
use crate::report::outcome_index::OutcomeIndex;
use crate::report::remedy::{Concern, StepPart};
use crate::report::root_cause::{self, RootCauseGroup};
use crate::report::term;
use crate::report::text;

/// Names that are listed one by one.
const NAMED: usize = 3;

/// Writes everything about one root cause.
pub fn write(out: &mut Layout, number: usize, cause: &RootCauseGroup, index: &OutcomeIndex<'_>, style: &Style) {
    let texts = &style.lang.texts().doctor;
    let (text, concern) = (cause.reason.text(style.lang), cause.concern(index));
    out.gap();
    let title =
        fill(texts.root_cause, &[("n", &number.to_string())]) + ": " + &text::capital(&root_cause::headline(cause, style.lang));
    out.heading(0, Ink::Bad, &title);
    out.gap();
    rows(
        out,
        &[
            (style.lang.texts().common.who_must_act, term::owner(cause.reason.owner(), style.lang)),
            (texts.how_sure, term::confidence(cause.confidence, style.lang)),
            (texts.place, &place(cause, style)),
            (texts.reason, cause.reason.code()),
        ],
    );
    section(out, texts.meaning);
    out.prose("    ", &concern.meaning(text, style.lang));
    candidates(out, cause, style);
    remedy(out, cause.reason, &concern, style);
    steps_of_candidates(out, cause, &concern, style);
    let (exchange, seen) = best_evidence(cause, index);
    evidence(out, exchange, seen, style);
    ticket(out, cause, seen, &concern, index, style);
    out.gap();
    let probes = probes(cause, style);
    let (count, all) = (cause.explains.len().to_string(), style.lang.texts().common.checks.of(index.judged().len()));
    let explained = fill(texts.explains_of, &[("n", &count), ("all", &all), ("probes", &probes)]);
    let source = text.source.map(|source| (texts.source, source));
    let last: Vec<(&str, &str)> = std::iter::once((texts.explains, &*explained)).chain(source).collect();
    rows(out, &last);
}

/// Writes the steps, numbered, each command on a line of its own; below them how long a change takes and which id is meant.
pub fn remedy(out: &mut Layout, reason: Reason, concern: &Concern<'_>, style: &Style) {
    let texts = &style.lang.texts().doctor;
    let text = reason.text(style.lang);
    section(out, texts.to_do);
    steps(out, 4, concern.remedy(text, style.lang), texts);
    let template = match (concern.object_id().is_some(), concern.credential() == Some(CredentialForm::ManagedIdentity)) {
        (true, false) => texts.object_id,
        (false, false) => texts.object_id_unknown,
        (true, true) => texts.object_id_of_identity,
        (false, true) => texts.object_id_of_identity_unknown,
    };
    if text.steps.iter().any(|step| step.names("object_id")) {
        out.gap();
        out.prose("    ", &fill(template, &[("id", &text::one_line(concern.object_id().unwrap_or_default()))]));
    }
    if let Some(applies) = text.applies {
        out.gap();
        rows(out, &[(texts.applies, applies)]);
    }
}

/// Steps, numbered, each command on a line of its own.
pub fn steps(out: &mut Layout, indent: usize, steps: Vec<Vec<StepPart>>, texts: &Doctor) {
    let apart = steps.iter().flatten().any(|part| matches!(part, StepPart::Command(_)));
    for (number, step) in (1..).zip(steps) {
        if apart && number > 1 {
            out.gap();
        }
        let mut first = format!("{}{number}. ", " ".repeat(indent));
        let below = " ".repeat(first.len());
        let mut after_prose = true;
        for part in step {
            let is_prose = matches!(part, StepPart::Prose(_));
            if is_prose != after_prose {
                out.gap();
            }
            after_prose = is_prose;
            match part {
                StepPart::Prose(prose) => out.hanging(&first, &below, &prose),
                StepPart::Command(command) => {
                    let command = out.paint(Ink::Command, &command);
                    out.line(&format!("{below}    {command}"));
                }
                StepPart::More(more) => {
                    out.prose(&format!("{below}    "), &texts.more_mailboxes.of(more));
                }
            }
            first.clone_from(&below);
        }
    }
}

/// Writes the other possible reasons, before any command.
fn candidates(out: &mut Layout, cause: &RootCauseGroup, style: &Style) {
    if cause.candidates.is_empty() {
        return;
    }
    section(out, style.lang.texts().doctor.candidates);
    for (letter, candidate) in ('a'..='z').zip(&cause.candidates) {
        out.prose(&format!("    {letter}. "), &format!("{} ({candidate})", candidate.text(style.lang).title));
    }
}

/// Writes, with everything shown, the steps for each of the other possible reasons.
fn steps_of_candidates(out: &mut Layout, cause: &RootCauseGroup, concern: &Concern<'_>, style: &Style) {
    let texts = &style.lang.texts().doctor;
    for candidate in cause.candidates.iter().filter(|_| style.everything) {
        let text = candidate.text(style.lang);
        section(out, &fill(texts.to_do_if, &[("title", text.title)]));
        steps(out, 4, concern.steps(text, style.lang), texts);
    }
}

/// The evidence that tells most, and the run it is from: that of the case, or that of another run which failed for the same
/// reason and brought home more.
pub fn best_evidence<'a>(cause: &'a RootCauseGroup, index: &OutcomeIndex<'a>) -> (&'a Evidence, Option<&'a Outcome>) {
    let explained = index.outcomes(&cause.explains);
    let failures = || explained.iter().filter_map(|outcome| Some((*outcome, outcome.failure()?)));
    let Some((outcome, first)) = failures().find(|(_, failure)| failure.evidence == cause.evidence) else {
        return (&cause.evidence, explained.first().copied());
    };
    let telling = |evidence: &Evidence| usize::from(evidence.code.is_some()) + evidence.ids.len();
    let alike = failures().filter(|(_, failure)| failure.reason == first.reason);
    let best = alike.fold(
        (outcome, first),
        |best, other| {
            if telling(&other.1.evidence) > telling(&best.1.evidence) { other } else { best }
        },
    );
    (&best.1.evidence, Some(best.0))
}

/// Writes the exchange as it was, headed by the probe and phase in which it took place.
fn evidence(out: &mut Layout, evidence: &Evidence, seen: Option<&Outcome>, style: &Style) {
    let lines = exchange(evidence, style);
    let Some(outcome) = seen.filter(|_| !lines.is_empty()) else { return };
    let texts = &style.lang.texts().doctor;
    let during = outcome.failure().map(|failure| term::phase(failure.phase, style.lang)).unwrap_or_default();
    let probe = text::one_line(&outcome.probe.to_string());
    section(out, &format!("{} ({probe}, {during})", texts.seen));
    let label = style.lang.texts().facts.requested_pause;
    let pause = outcome.facts.back_off.map(|pause| (label, number(pause.as_secs_f64(), 0, style.lang) + " s"));
    let lines: Vec<(&str, String)> = lines.into_iter().chain(pause).collect();
    let names = column(lines.iter().map(|(name, _)| *name));
    for (name, value) in &lines {
        out.verbatim(4, names, name, value);
    }
}

/// Peer, what was sent, what was heard and the code, as far as they are known.
pub fn exchange(evidence: &Evidence, style: &Style) -> Vec<(&'static str, String)> {
    let texts = &style.lang.texts().doctor;
    let Evidence { peer, said, heard, code, unrecognized: _, ids: _ } = evidence;
    let peer = peer.as_ref().map(ToString::to_string);
    let parts = [(texts.peer, &peer), (texts.said, said), (texts.heard, heard), (texts.code, code)];
    parts.into_iter().filter_map(|(name, text)| Some((name, shown(text.as_deref()?, style)))).collect()
}

/// The same, and the ids that came with it.
pub fn evidence_rows(evidence: &Evidence, style: &Style) -> Vec<(String, String)> {
    let rows = exchange(evidence, style).into_iter().map(|(name, value)| (name.to_owned(), value));
    rows.chain(evidence.ids.iter().map(|(name, value)| (name.label(style.lang).to_owned(), shown(value, style)))).collect()
}

/// Writes what Microsoft's support asks for, in one block; only where the problem is not ours to mend, and Microsoft gave us
/// something to quote.
fn ticket(
    out: &mut Layout,
    cause: &RootCauseGroup,
    seen: Option<&Outcome>,
    concern: &Concern<'_>,
    index: &OutcomeIndex<'_>,
    style: &Style,
) {
    let texts = &style.lang.texts().doctor;
    if matches!(cause.reason.owner(), Owner::Here | Owner::Network) {
        return;
    }
    let quotable = |outcome: &&Outcome| !support_ids(outcome, style).is_empty();
    let Some(outcome) = seen.filter(quotable).or_else(|| index.outcomes(&cause.explains).into_iter().find(quotable)) else {
        return;
    };
    let mut rows = vec![(texts.time.to_owned(), text::time(outcome.at))];
    let (client_id, tenant_id) = concern.application();
    rows.extend(tenant_id.map(|id| (texts.tenant_id.to_owned(), shown(id, style))));
    rows.extend(client_id.map(|id| (texts.client_id.to_owned(), shown(id, style))));
    rows.extend(support_ids(outcome, style));
    section(out, texts.ticket);
    let names = column(rows.iter().map(|(name, _)| &**name));
    for (name, value) in &rows {
        out.verbatim(4, names, name, value);
    }
}

/// The ids that a run brought home, each once.
fn support_ids(outcome: &Outcome, style: &Style) -> Vec<(String, String)> {
    let evidence = outcome.failure().into_iter().flat_map(|failure| &failure.evidence.ids);
    let server = &outcome.facts.server;
    let mut rows: Vec<(String, String)> = Vec::new();
    for (name, value) in evidence.chain(&server.ids) {
        let row = (name.label(style.lang).to_owned(), shown(value, style));
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    let name = server.name.as_deref().map(|name| (style.lang.texts().ids.server.to_owned(), shown(name, style)));
    let is_listed = |row: &(String, String)| rows.iter().any(|(_, value)| *value == row.1);
    let name = name.filter(|row| !is_listed(row));
    let asked = outcome.facts.token.as_ref().and_then(|token| token.request_id.as_deref());
    let asked = asked.map(|id| (style.lang.texts().doctor.token_request_id.to_owned(), shown(id, style)));
    let asked = asked.filter(|row| !is_listed(row));
    rows.extend(name);
    rows.extend(asked);
    rows
}

/// `contoso`, or the mailboxes of it.
fn place(cause: &RootCauseGroup, style: &Style) -> String {
    let tenant = text::one_line(&cause.tenant);
    match &cause.mailboxes[..] {
        [] => tenant,
        mailboxes => format!("{tenant}: {}", mailbox_names(mailboxes, style)),
    }
}

fn mailbox_names(mailboxes: &[String], style: &Style) -> String {
    let names: Vec<String> = mailboxes.iter().map(|name| text::one_line(name)).collect();
    list(&names, NAMED, style.lang)
}

/// `token; praxis, labor and empfang (pop3, imap)`.
fn probes(cause: &RootCauseGroup, style: &Style) -> String {
    let parts = root_cause::by_checks(&cause.explains).into_iter().map(|(checks, mailboxes)| match &mailboxes[..] {
        [] => checks.join(", "),
        mailboxes => format!("{} ({})", mailbox_names(mailboxes, style), checks.join(", ")),
    });
    parts.collect::<Vec<_>>().join("; ")
}

fn section(out: &mut Layout, title: &str) {
    out.gap();
    out.heading(2, Ink::Head, title);
}

/// Names in one column, values wrapped in the next.
fn rows(out: &mut Layout, rows: &[(&str, &str)]) {
    let names = column(rows.iter().map(|(name, _)| *name)).max(LABELS);
    for (name, value) in rows {
        out.row(2, names, name, value);
    }
}

/// So that the rows of a block stand in one column throughout.
pub const LABELS: usize = 18;

/// The width of a column of names.
pub fn column<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.map(|name| name.chars().count()).max().unwrap_or_default()
}
