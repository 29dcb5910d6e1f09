//! One structured log line for each outcome.

use tracing::{info, warn};

use super::words;
use crate::outcome::{Outcome, Verdict};

/// Logs `outcome`: what worked and what did not take place as information, a failure as a warning.
pub fn outcome(outcome: &Outcome) {
    let probe = words::one_line(&outcome.probe.to_string());
    let seconds = outcome.took.as_secs_f64();
    match &outcome.verdict {
        Verdict::Ok => info!(probe, ok = true, seconds, "probe succeeded"),
        Verdict::Skipped(skip) => info!(probe, ok = false, skipped = skip.code(), "probe not run"),
        Verdict::Failed(failure) => {
            let (reason, owner) = (failure.reason.code(), failure.reason.owner().code());
            let heard = failure.evidence.heard.as_deref().map(words::one_line);
            let code = words::code(failure);
            let phase = failure.phase.code();
            warn!(probe, ok = false, seconds, phase, reason, owner, code, heard, "probe failed");
        }
    }
}
