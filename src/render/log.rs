//! One structured log line for each outcome.

use tracing::{debug, info, warn};

use crate::outcome::{Outcome, Verdict};
use crate::reason::Reason;
use crate::report::JudgedOutcome;
use crate::report::{sentence, text};

/// The target of these lines, for `RUST_LOG` and log filters: a name of its own, so that it stays when modules move.
const TARGET: &str = "m365_probe::outcome";

/// Logs an outcome: what worked and what did not take place as information, a failure, and what is
/// worth a look, as a warning. What was worth a look in the run `before` already is no news: it may last for months.
pub fn outcome(judged: &JudgedOutcome<'_>, before: Option<&Outcome>) {
    let outcome = judged.outcome;
    let probe = text::one_line(&outcome.probe.to_string());
    let seconds = outcome.took.as_secs_f64();
    let warnings = warnings_of(judged);
    let warnings_before = before.and_then(|before| warnings_of(&JudgedOutcome::new(before, judged.limits, before.at)));
    match &outcome.verdict {
        Verdict::Ok if warnings.is_some() && warnings != warnings_before => {
            warn!(target: TARGET, probe, ok = true, seconds, warnings, "probe succeeded, with something worth a look");
        }
        Verdict::Ok => info!(target: TARGET, probe, ok = true, seconds, warnings, "probe succeeded"),
        Verdict::Skipped(skip) => info!(target: TARGET, probe, ok = false, skipped = skip.code(), "probe not run"),
        // The ceiling itself was logged when it was reached, with its numbers.
        Verdict::Failed(failure) if failure.reason == Reason::CeilingReached => {
            debug!(target: TARGET, probe, ok = false, skipped = failure.reason.code(), "probe not run");
        }
        Verdict::Failed(failure) => {
            let (reason, owner) = (failure.reason.code(), failure.reason.owner().code());
            let heard = failure.evidence.heard.as_deref().map(text::one_line);
            let code = sentence::peer_code(failure);
            let phase = failure.phase.code();
            warn!(target: TARGET, probe, ok = false, seconds, phase, reason, owner, code, heard, warnings, "probe failed");
        }
    }
}

/// The codes of what was worth a look, if anything was.
fn warnings_of(judged: &JudgedOutcome<'_>) -> Option<String> {
    let warnings: Vec<&str> = judged.warnings().iter().map(|warning| warning.reason.code()).collect();
    (!warnings.is_empty()).then(|| warnings.join(" "))
}
