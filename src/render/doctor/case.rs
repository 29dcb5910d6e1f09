//! A root cause for a person: who must act, what to do now, what was seen, and folded under it what it explains.

use super::page::{Ink, Look, Page};
use super::shown;
use crate::lang::{Doctor, fill, list, number};
use crate::outcome::{Evidence, Outcome};
use crate::reason::{Owner, Reason};
use crate::report::JudgedOutcome;
use crate::report::remedy::{Concern, StepPart};
use crate::report::root_cause::{self, RootCauseGroup};
use crate::report::term;
use crate::report::text;

/// Names told one by one.
const NAMED: usize = 3;

/// Everything about one root cause.
pub fn block(page: &mut Page, number: usize, case: &RootCauseGroup, judged: &[JudgedOutcome<'_>], look: &Look) {
    let words = &look.lang.words().doctor;
    let (text, concern) = (case.reason.text(look.lang), case.concern(judged));
    page.gap();
    let title = fill(words.root_cause, &[("n", &number.to_string())]) + ": " + &capital(text.title);
    page.heading(0, Ink::Bad, &title);
    page.gap();
    rows(
        page,
        &[
            (words.whose_move, term::owner(case.reason.owner(), look.lang)),
            (words.how_sure, term::confidence(case.confidence, look.lang)),
            (words.place, &place(case, look)),
            (words.reason, case.reason.code()),
        ],
    );
    section(page, words.meaning);
    page.prose("    ", &concern.meaning(text, look.lang));
    remedy(page, case.reason, &concern, look);
    candidates(page, case, &concern, look);
    let (exchange, seen) = seen(case, judged);
    evidence(page, exchange, seen, look);
    ticket(page, case, seen, &concern, judged, look);
    page.gap();
    let told = probes(case, look);
    let (count, all) = (case.explains.len().to_string(), judged.len().to_string());
    let told = fill(words.explains_of, &[("n", &count), ("all", &all), ("probes", &told)]);
    let source = text.source.map(|source| (words.source, source));
    let last: Vec<(&str, &str)> = std::iter::once((words.explains, &*told)).chain(source).collect();
    rows(page, &last);
}

/// What to do, numbered, each command on a line of its own; below it how long a change takes and which id is meant.
pub fn remedy(page: &mut Page, reason: Reason, concern: &Concern<'_>, look: &Look) {
    let words = &look.lang.words().doctor;
    let text = reason.text(look.lang);
    section(page, words.to_do);
    steps(page, 4, concern.steps(text, look.lang), words);
    let template = match concern.object_id() {
        Some(_) => words.object_id,
        None => words.object_id_unknown,
    };
    if text.steps.iter().any(|step| step.names("object_id")) {
        page.gap();
        page.prose("    ", &fill(template, &[("id", &text::one_line(concern.object_id().unwrap_or_default()))]));
    }
    if let Some(applies) = text.applies {
        page.gap();
        rows(page, &[(words.applies, applies)]);
    }
}

/// Steps, numbered, each command on a line of its own.
pub fn steps(page: &mut Page, indent: usize, steps: Vec<Vec<StepPart>>, words: &Doctor) {
    let apart = steps.iter().flatten().any(|part| matches!(part, StepPart::Command(_)));
    for (number, step) in (1..).zip(steps) {
        if apart && number > 1 {
            page.gap();
        }
        let mut first = format!("{}{number}. ", " ".repeat(indent));
        let below = " ".repeat(first.len());
        let mut after_prose = true;
        for part in step {
            let is_prose = matches!(part, StepPart::Prose(_));
            if is_prose != after_prose {
                page.gap();
            }
            after_prose = is_prose;
            match part {
                StepPart::Prose(prose) => page.hanging(&first, &below, &prose),
                StepPart::Command(command) => {
                    let command = page.paint(Ink::Command, &command);
                    page.line(&format!("{below}    {command}"));
                }
                StepPart::More(more) => {
                    let template = if more == 1 { words.one_more_mailbox } else { words.more_mailboxes };
                    page.prose(&format!("{below}    "), &fill(template, &[("n", &more.to_string())]));
                }
            }
            first.clone_from(&below);
        }
    }
}

/// What else it may be; with everything told, also what to do about each.
fn candidates(page: &mut Page, case: &RootCauseGroup, concern: &Concern<'_>, look: &Look) {
    if case.candidates.is_empty() {
        return;
    }
    section(page, look.lang.words().doctor.candidates);
    for (letter, candidate) in ('a'..='z').zip(&case.candidates) {
        let text = candidate.text(look.lang);
        page.prose(&format!("    {letter}. "), &format!("{} ({candidate})", text.title));
        if look.everything {
            page.gap();
            steps(page, 7, concern.steps(text, look.lang), &look.lang.words().doctor);
            page.gap();
        }
    }
}

/// The evidence that tells most, and the run it is from: that of the case, or that of another run which failed for the same
/// reason and brought home more.
pub fn seen<'a>(case: &'a RootCauseGroup, judged: &'a [JudgedOutcome<'a>]) -> (&'a Evidence, Option<&'a Outcome>) {
    let explained = case.outcomes(judged);
    let failures = || explained.iter().filter_map(|outcome| Some((*outcome, outcome.failure()?)));
    let Some((outcome, first)) = failures().find(|(_, failure)| failure.evidence == case.evidence) else {
        return (&case.evidence, explained.first().copied());
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

/// Where and when it showed, and the words that were exchanged, as they were.
fn evidence(page: &mut Page, evidence: &Evidence, seen: Option<&Outcome>, look: &Look) {
    let told = exchanged(evidence, look);
    let Some(outcome) = seen.filter(|_| !told.is_empty()) else { return };
    let words = &look.lang.words().doctor;
    let during = outcome.failure().map(|failure| term::phase(failure.phase, look.lang)).unwrap_or_default();
    let probe = text::one_line(&outcome.probe.to_string());
    section(page, &format!("{} ({probe}, {during})", words.seen));
    let label = look.lang.words().facts.requested_pause;
    let pause = outcome.facts.back_off.map(|pause| (label, number(pause.as_secs_f64(), 0, look.lang) + " s"));
    let told: Vec<(&str, String)> = told.into_iter().chain(pause).collect();
    let names = column(told.iter().map(|(name, _)| *name));
    for (name, value) in &told {
        page.verbatim(4, names, name, value);
    }
}

/// Peer, what was sent, what was heard and the code, as far as they are known.
pub fn exchanged(evidence: &Evidence, look: &Look) -> Vec<(&'static str, String)> {
    let words = &look.lang.words().doctor;
    let Evidence { peer, said, heard, code, ids: _ } = evidence;
    let peer = peer.as_ref().map(ToString::to_string);
    let told = [(words.peer, &peer), (words.said, said), (words.heard, heard), (words.code, code)];
    told.into_iter().filter_map(|(name, text)| Some((name, shown(text.as_deref()?, look)))).collect()
}

/// The same, and the ids that came with it.
pub fn evidenced(evidence: &Evidence, look: &Look) -> Vec<(String, String)> {
    let told = exchanged(evidence, look).into_iter().map(|(name, value)| (name.to_owned(), value));
    told.chain(evidence.ids.iter().map(|(name, value)| (name.label(look.lang).to_owned(), shown(value, look)))).collect()
}

/// What Microsoft's support asks for, in one block; only where it is not ours to mend, and Microsoft gave us something to
/// quote.
fn ticket(
    page: &mut Page,
    case: &RootCauseGroup,
    seen: Option<&Outcome>,
    concern: &Concern<'_>,
    judged: &[JudgedOutcome<'_>],
    look: &Look,
) {
    let words = &look.lang.words().doctor;
    if matches!(case.reason.owner(), Owner::Here | Owner::Network) {
        return;
    }
    let quotable = |outcome: &&Outcome| !quoted(outcome, look).is_empty();
    let Some(outcome) = seen.filter(quotable).or_else(|| case.outcomes(judged).into_iter().find(quotable)) else { return };
    let mut told = vec![(words.time.to_owned(), text::time(outcome.at))];
    let (client_id, tenant_id) = concern.application();
    told.extend(tenant_id.map(|id| (words.tenant_id.to_owned(), shown(id, look))));
    told.extend(client_id.map(|id| (words.client_id.to_owned(), shown(id, look))));
    told.extend(quoted(outcome, look));
    section(page, words.ticket);
    let names = column(told.iter().map(|(name, _)| &**name));
    for (name, value) in &told {
        page.verbatim(4, names, name, value);
    }
}

/// The ids that a run brought home, each once.
fn quoted(outcome: &Outcome, look: &Look) -> Vec<(String, String)> {
    let evidence = outcome.failure().into_iter().flat_map(|failure| &failure.evidence.ids);
    let server = &outcome.facts.server;
    let mut told: Vec<(String, String)> = Vec::new();
    for (name, value) in evidence.chain(&server.ids) {
        let row = (name.label(look.lang).to_owned(), shown(value, look));
        if !told.contains(&row) {
            told.push(row);
        }
    }
    let name = server.name.as_deref().map(|name| (look.lang.words().ids.server.to_owned(), shown(name, look)));
    let known = |row: &(String, String)| told.iter().any(|(_, value)| *value == row.1);
    let name = name.filter(|row| !known(row));
    let asked = outcome.facts.token.as_ref().and_then(|token| token.request_id.as_deref());
    let asked = asked.map(|id| (look.lang.words().doctor.token_request_id.to_owned(), shown(id, look)));
    let asked = asked.filter(|row| !known(row));
    told.extend(name);
    told.extend(asked);
    told
}

/// `contoso`, or the mailboxes of it.
fn place(case: &RootCauseGroup, look: &Look) -> String {
    let tenant = text::one_line(&case.tenant);
    match &case.mailboxes[..] {
        [] => tenant,
        mailboxes => format!("{tenant}: {}", some(mailboxes, look)),
    }
}

fn some(mailboxes: &[String], look: &Look) -> String {
    let names: Vec<String> = mailboxes.iter().map(|name| text::one_line(name)).collect();
    list(&names, NAMED, look.lang)
}

/// `token; praxis, labor and empfang (pop3, imap)`.
fn probes(case: &RootCauseGroup, look: &Look) -> String {
    let told = root_cause::by_checks(&case.explains).into_iter().map(|(checks, mailboxes)| match &mailboxes[..] {
        [] => checks.join(", "),
        mailboxes => format!("{} ({})", some(mailboxes, look), checks.join(", ")),
    });
    told.collect::<Vec<_>>().join("; ")
}

fn section(page: &mut Page, title: &str) {
    page.gap();
    page.heading(2, Ink::Head, title);
}

/// Names in one column, values wrapped in the next.
fn rows(page: &mut Page, rows: &[(&str, &str)]) {
    let names = column(rows.iter().map(|(name, _)| *name)).max(LABELS);
    for (name, value) in rows {
        page.row(2, names, name, value);
    }
}

/// So that the rows of a block stand in one column throughout.
pub const LABELS: usize = 18;

/// The width of a column of names.
pub fn column<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.map(|name| name.chars().count()).max().unwrap_or_default()
}

/// With a capital letter, for the beginning of a line.
pub fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}
