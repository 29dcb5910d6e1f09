//! Checkmk's local checks: one line for each service, for an agent plugin to print.
//!
//! `STATE "Service name" metric=value;warn;crit|… text`, after <https://docs.checkmk.com/latest/en/localchecks.html>.

use crate::diagnosis::RootCause;
use crate::levels::{Range, State};
use crate::outcome::Evidence;
use crate::reason::Reason;
use crate::report::outcome_index::OutcomeIndex;
use crate::report::root_cause::{CauseNumbers, ToldCause};
use crate::report::{JudgedOutcome, root_cause};
use crate::report::{sentence, text};

/// A line for each outcome, to the last line feed.
pub fn report(judged: &[JudgedOutcome<'_>]) -> String {
    report_with_causes(judged, &root_cause::diagnose(judged))
}

/// The same with root causes that were found elsewhere, where more was known.
pub fn report_with_causes(judged: &[JudgedOutcome<'_>], causes: &[RootCause]) -> String {
    let causes = root_cause::group(causes);
    let numbers = CauseNumbers::new(&causes);
    let index = OutcomeIndex::new(judged);
    let told: Vec<ToldCause<'_>> = causes.iter().map(|cause| ToldCause::new(cause, &index)).collect();
    let explaining = |one: &JudgedOutcome<'_>| -> Vec<&ToldCause<'_>> {
        numbers.of_probe(&one.outcome.probe).iter().filter_map(|number| told.get(number.checked_sub(1)?)).collect()
    };
    judged.iter().map(|one| line(one, &explaining(one))).collect()
}

/// The line when there was nothing to report on: an unreadable configuration, no trust store.
pub fn unknown(message: &str) -> String {
    let lines: Vec<String> = message.lines().map(|line| text::one_line(line).replace('\\', "/")).collect();
    format!("{} \"M365\" - {}\n", State::Unknown.exit_code(), lines.join("\\n"))
}

fn line(judged: &JudgedOutcome<'_>, causes: &[&ToldCause<'_>]) -> String {
    let name: String = text::one_line(&judged.outcome.probe.to_string()).replace(['"', '\'', '\\'], "_");
    let text = format!("{}: {}", sentence::subject(judged.outcome), root_cause::sentence(judged, causes));
    let mut lines = vec![text];
    for ToldCause { group: cause, whole_first_step, .. } in causes {
        let owner = cause.reason.owner().code();
        lines.push(format!("root cause: {}: {} (who must act: {owner})", root_cause::place(cause), root_cause::name(cause)));
        lines.push(format!("what to do first: {whole_first_step}"));
    }
    let mut details = |reason: Reason, evidence: &Evidence| {
        lines.push(reason.title().to_owned());
        lines.extend(sentence::evidence(evidence).into_iter().map(|(name, value)| format!("{name}: {value}")));
    };
    if let Some(failure) = judged.outcome.failure() {
        details(failure.reason, &failure.evidence);
    }
    for warning in judged.warnings() {
        details(warning.reason, &warning.evidence);
    }
    // `\n` in the text begins a new line of details: ours may, a server's may not.
    let text: Vec<String> = lines.iter().map(|line| line.replace('\\', "/")).collect();
    format!("{} \"M365 {name}\" {} {}\n", judged.state().exit_code(), metrics(judged), text.join("\\n"))
}

/// `-` where nothing was measured; plain numbers, and levels only where they are upper bounds: `;warn;crit` is that.
fn metrics(judged: &JudgedOutcome<'_>) -> String {
    let metric = |(metric, value): (_, String)| {
        let (warning, critical) = judged.limits.ranges(metric, judged.outcome.probe.check);
        let bound =
            |range: Option<Range>| range.as_ref().and_then(Range::at_most).map(|most| most.to_string()).unwrap_or_default();
        let text = format!("{metric}={value};{};{}", bound(warning), bound(critical));
        text.trim_end_matches(';').to_owned()
    };
    let metrics: Vec<String> = sentence::numbers(judged).into_iter().map(metric).collect();
    if metrics.is_empty() { "-".to_owned() } else { metrics.join("|") }
}
