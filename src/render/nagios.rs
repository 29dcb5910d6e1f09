//! The output of a plugin for Nagios, Icinga and all that take their place.
//!
//! One first line, one `|`, performance data behind it, then long text. Nagios takes everything behind a second `|` for
//! performance data and Icinga joins what follows one on each line, so there never is a second one.

mod perfdata;

use std::collections::HashSet;
use std::fmt::Write as _;

use crate::diagnosis::RootCause;
use crate::fact;
use crate::lang::Lang;
use crate::levels::State;
use crate::outcome::Verdict;
use crate::report::outcome_index::OutcomeIndex;
use crate::report::root_cause::{CauseNumbers, RootCauseGroup, ToldCause};
use crate::report::{JudgedOutcome, root_cause, worst_state};
use crate::report::{sentence, text};

/// Bytes of output that are safe: Nagios keeps 8192 (`MAX_PLUGIN_OUTPUT_LENGTH`), its closing NUL included.
const MOST: usize = 8000;

/// Bytes of it for the first line's text; the guidelines want 80, a remedy needs a little more.
const FIRST_LINE: usize = 800;

/// The whole output, to its last line feed, and the state to exit with.
///
/// `verbosity` is the number of `-v`: 0 the cause of failures, 1 times too, 2 all evidence too, 3 all facts too.
pub fn report(judged: &[JudgedOutcome<'_>], verbosity: u8) -> (String, State) {
    report_with_causes(judged, &root_cause::diagnose(judged), verbosity)
}

/// The same with root causes that were found elsewhere, where more was known.
pub fn report_with_causes(judged: &[JudgedOutcome<'_>], causes: &[RootCause], verbosity: u8) -> (String, State) {
    let state = worst_state(judged);
    let (first, long) = match judged {
        [] => ("M365 UNKNOWN - no probe matches the selection".to_owned(), Vec::new()),
        [one] => one_outcome(one, &root_cause::group(causes), verbosity),
        several => several_outcomes(several, &root_cause::group(causes), state, verbosity),
    };
    let mut out = bounded(&harmless(&first), FIRST_LINE);
    let perfdata = perfdata::text(judged);
    if !perfdata.is_empty() {
        let _ = write!(out, " | {perfdata}");
    }
    for line in long.into_iter().chain(hints(judged)) {
        out.push('\n');
        out.push_str(&harmless(&line));
    }
    let mut out = bounded(&out, MOST);
    out.push('\n');
    (out, state)
}

/// The output when there was nothing to report on: wrong usage, an unreadable configuration, a panic. Exit with
/// [`State::Unknown`].
pub fn unknown(message: &str) -> String {
    let mut lines = message.lines().map(text::one_line);
    let mut out = format!("M365 UNKNOWN - {}", lines.next().unwrap_or_default());
    lines.for_each(|line| out.extend(["\n", &line]));
    bounded(&harmless(&out), MOST) + "\n"
}

/// Returns a line for each limit that was probably meant otherwise, each once.
fn hints(judged: &[JudgedOutcome<'_>]) -> Vec<String> {
    let mut lines: Vec<String> = judged.iter().flat_map(|one| one.limits.hints()).map(|hint| format!("hint: {hint}")).collect();
    let mut seen = HashSet::new();
    lines.retain(|line| seen.insert(line.clone()));
    lines
}

/// `POP3 OK - praxis@contoso.example: mailbox opened in 0.412s, 12 messages`.
fn line(judged: &JudgedOutcome<'_>) -> String {
    headed(judged, &sentence::sentence(judged))
}

/// `POP3 CRITICAL - praxis@contoso.example: auth_refused in auth; follows from root cause 1`.
fn consequence(judged: &JudgedOutcome<'_>, numbers: &str) -> String {
    headed(
        judged,
        &sentence::sentence_with(judged, |failure| {
            let (reason, since) = (sentence::reason_and_phase(failure), sentence::since(judged, failure.reason));
            format!("{reason}; follows from root cause {numbers}{since}")
        }),
    )
}

fn headed(judged: &JudgedOutcome<'_>, sentence: &str) -> String {
    let check = judged.outcome.probe.check.name().to_ascii_uppercase();
    format!("{check} {} - {}: {sentence}", judged.state(), sentence::subject(judged.outcome))
}

/// The outcome itself. Where others showed what lies behind it, that and its remedy take the place of its own.
fn one_outcome(judged: &JudgedOutcome<'_>, causes: &[RootCauseGroup], verbosity: u8) -> (String, Vec<String>) {
    let explaining = CauseNumbers::new(causes).groups(&judged.outcome.probe);
    let index = OutcomeIndex::new(std::slice::from_ref(judged));
    let told: Vec<ToldCause<'_>> = explaining.iter().map(|cause| ToldCause::new(cause, &index)).collect();
    let first = root_cause::sentence(judged, &told.iter().collect::<Vec<_>>());
    let mut long: Vec<String> = told.first().map(|told| what_to_do_first(&told.whole_first_step)).into_iter().collect();
    let others = explaining.into_iter().filter(|cause| cause.explains.len() > 1).cloned().collect::<Vec<_>>();
    long.extend(root_cause_lines(&others, &index));
    long.extend(details(judged, verbosity));
    (headed(judged, &first), long)
}

/// The root cause first, and behind each failure which cause it follows from.
fn several_outcomes(
    judged: &[JudgedOutcome<'_>],
    causes: &[RootCauseGroup],
    state: State,
    verbosity: u8,
) -> (String, Vec<String>) {
    let index = OutcomeIndex::new(judged);
    let (first, mut long) = match causes.first() {
        Some(cause) => (
            first_line_of_cause(cause, causes.len() - 1, &index, state),
            vec![what_to_do_first(&root_cause::whole_first_step(cause, &index))],
        ),
        None => (summary(judged, state), Vec::new()),
    };
    long.extend(root_cause_lines(causes, &index));
    long.extend(one_each(judged, causes, verbosity));
    (first, long)
}

/// `M365 CRITICAL - contoso: client_secret_expired (certain), 9 of 12 not ok: the client secret has expired; create a …`.
///
/// The part that everybody wants to know stands first, because phones and mail subjects show 80 characters.
fn first_line_of_cause(cause: &RootCauseGroup, others: usize, index: &OutcomeIndex<'_>, state: State) -> String {
    let judged = index.judged();
    let others = match others {
        0 => String::new(),
        1 => "; 1 more root cause".to_owned(),
        others => format!("; {others} more root causes"),
    };
    let bad = judged.iter().filter(|one| one.state() != State::Ok).count();
    let (place, certainty, all) = (root_cause::place(cause), cause.confidence.code(), judged.len());
    let endpoints = failed_endpoints(cause, index).or_else(|| root_cause::names(cause, index));
    let endpoints = endpoints.map(|names| format!(" {names};")).unwrap_or_default();
    let (headline, step) = (root_cause::headline(cause, Lang::En), root_cause::first_step_with_ids(cause, index));
    let explained = index.judged_of(&cause.explains);
    let first = explained.into_iter().min_by_key(|one| one.outcome.facts.failing_since.unwrap_or(one.now));
    let since = first.map(|one| sentence::since(one, cause.reason)).unwrap_or_default();
    let who = sentence::who_must_act(cause.reason);
    format!(
        "M365 {state} - {place}: {} ({certainty}), {bad} of {all} not ok:{endpoints} {headline}; {step}{who}{since}{others}",
        cause.reason
    )
}

/// Returns the hosts and ports of the connections that failed for `cause`: `outlook.office365.com:995, smtp.office365.com:587`.
fn failed_endpoints(cause: &RootCauseGroup, index: &OutcomeIndex<'_>) -> Option<String> {
    const NAMED: usize = 3;
    let failures = index.judged_of(&cause.explains);
    let mut endpoints: Vec<String> = Vec::new();
    for endpoint in failures.into_iter().filter_map(|one| sentence::failed_endpoint(one.outcome.failure()?)) {
        if !endpoints.contains(&endpoint) {
            endpoints.push(endpoint);
        }
    }
    let more = endpoints.len().saturating_sub(NAMED);
    endpoints.truncate(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!endpoints.is_empty()).then(|| endpoints.join(", ") + &more)
}

/// A line for each root cause, numbered from 1.
fn root_cause_lines(causes: &[RootCauseGroup], index: &OutcomeIndex<'_>) -> Vec<String> {
    let line = |(number, cause): (usize, &RootCauseGroup)| {
        let (name, place, owner) = (root_cause::name(cause), root_cause::place(cause), cause.reason.owner().code());
        let candidates = root_cause::candidates(cause).map(|codes| format!("; or perhaps {codes}")).unwrap_or_default();
        let remedy = root_cause::first_step_with_ids(cause, index);
        format!(
            "root cause {number}: {place}: {name} (who must act: {owner}){candidates}; {remedy}; explains {}",
            root_cause::explained_probes(cause)
        )
    };
    (1..).zip(causes).map(line).collect()
}

/// Writes the first step in full. What a command does with its output to be read more easily stands behind a `|`, which no output
/// may have.
fn what_to_do_first(step: &str) -> String {
    const LAYOUT: &str = " | Format-";
    let pieces = step.split('`').map(|piece| piece.split_once(LAYOUT).map_or(piece, |(command, _)| command));
    format!("what to do first: {}", pieces.collect::<Vec<_>>().join("`"))
}

/// `M365 CRITICAL - 2 of 7 not ok: contoso/token (client_secret_expired in token), …`.
fn summary(judged: &[JudgedOutcome<'_>], state: State) -> String {
    const NAMED: usize = 3;
    let bad: Vec<&JudgedOutcome<'_>> = worst_first(judged).into_iter().filter(|one| one.state() != State::Ok).collect();
    if bad.is_empty() {
        return format!("M365 {state} - {} of {} ok{}", judged.len(), judged.len(), notes(judged));
    }
    let named: Vec<String> = bad.iter().take(NAMED).map(|one| name_and_cause(one)).collect();
    let more = bad.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("M365 {state} - {} of {} not ok: {}{more}", bad.len(), judged.len(), named.join(", "))
}

/// Returns the notes where all is well, each reason once: `; ews_retiring: EWS ends in 123 days (2027-04-01), move to …`.
fn notes(judged: &[JudgedOutcome<'_>]) -> String {
    let mut seen = HashSet::new();
    let mut notes = String::new();
    for one in judged {
        for warning in one.warnings().iter().filter(|warning| seen.insert(warning.reason)) {
            let _ = write!(notes, "; {}", sentence::warning(one, warning));
        }
    }
    notes
}

fn name_and_cause(judged: &JudgedOutcome<'_>) -> String {
    let name = text::one_line(&judged.outcome.probe.to_string());
    let cause = match &judged.outcome.verdict {
        Verdict::Failed(failure) => sentence::reason_and_phase(failure),
        Verdict::Skipped(skip) => skip.code().to_owned(),
        Verdict::Ok => warning_codes(judged).join(", "),
    };
    if cause.is_empty() { name } else { format!("{name} ({cause})") }
}

/// Returns why a run that succeeded is not well: its warnings, and the violated limits that no warning is about.
fn warning_codes(judged: &JudgedOutcome<'_>) -> Vec<&'static str> {
    let judgement = &judged.judgement;
    let warnings = judgement.warnings.iter().filter(|warning| judgement.warning_state(warning) != State::Ok);
    let levels = judgement.breaches.iter().filter(|breach| !judgement.has_warning_about(breach));
    let missing = judgement.missing.iter().map(|metric| metric.code());
    warnings.map(|warning| warning.reason.code()).chain(levels.map(|breach| breach.metric.code())).chain(missing).collect()
}

/// A line each, and what lies behind each as far as one `-v` less would tell.
fn one_each(judged: &[JudgedOutcome<'_>], causes: &[RootCauseGroup], verbosity: u8) -> Vec<String> {
    let numbers = CauseNumbers::new(causes);
    let line = |one: &JudgedOutcome<'_>| match numbers.text(&one.outcome.probe) {
        Some(numbers) => consequence(one, &numbers),
        None => line(one),
    };
    let indented_details = |one: &JudgedOutcome<'_>| match verbosity.checked_sub(1) {
        Some(verbosity) => details(one, verbosity).into_iter().map(|line| format!("  {line}")).collect(),
        None => Vec::new(),
    };
    worst_first(judged).into_iter().flat_map(|one| std::iter::once(line(one)).chain(indented_details(one))).collect()
}

/// So that what is cut off at the end is what matters least.
fn worst_first<'a, 'b>(judged: &'b [JudgedOutcome<'a>]) -> Vec<&'b JudgedOutcome<'a>> {
    let mut sorted: Vec<&JudgedOutcome<'_>> = judged.iter().collect();
    sorted.sort_by_key(|one| std::cmp::Reverse(one.state().badness()));
    sorted
}

fn details(judged: &JudgedOutcome<'_>, verbosity: u8) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(failure) = judged.outcome.failure() {
        lines.push(format!("{} (who must act: {})", failure.reason.title(), failure.reason.owner().code()));
        let telling = |name: &str| verbosity >= 2 || !matches!(name, "peer" | "said" | "code");
        let evidence = sentence::evidence(&failure.evidence).into_iter().filter(|(name, _)| telling(name));
        lines.extend(evidence.map(|(name, value)| format!("{name}: {value}")));
    }
    for warning in judged.warnings() {
        let (reason, owner) = (warning.reason, warning.reason.owner().code());
        lines.push(format!("{reason}: {} (who must act: {owner})", judged.first_step(reason)));
        lines.extend(sentence::evidence(&warning.evidence).into_iter().map(|(name, value)| format!("  {name}: {value}")));
    }
    if verbosity >= 1 && !judged.outcome.phases.is_empty() {
        lines.push(format!("phases: {}", sentence::phases(judged.outcome)));
    }
    if verbosity >= 3 {
        lines.extend(fact::plain_lines(judged));
    }
    lines
}

fn harmless(text: &str) -> String {
    text.replace('|', "/")
}

/// `text`, cut between characters so that it has at most `most` bytes.
fn bounded(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let cut = "…";
    let end = (0..=most - cut.len()).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default().to_owned() + cut
}
