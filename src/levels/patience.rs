//! Patience with what may pass by itself: how long a failure is no more than a warning.

use std::time::{Duration, SystemTime};

use crate::outcome::Outcome;
use crate::reason::{Reason, Severity};

/// The time for which a reason that may pass by itself is a warning; from then on it is critical. Exchange asks for pauses of some
/// minutes, and people who wait for mail ask after half an hour.
pub const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// Reports whether nobody but this machine has a part in a failure with `reason`, or its configuration leaves open what a reply says.
pub(super) const fn is_local(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::Internal
            | Reason::LocalResources
            | Reason::MachineTooSlow
            | Reason::CeilingReached
            | Reason::LocalTrustStore
            | Reason::StateUnusable
            | Reason::SecretUnreadable
            | Reason::RefusalAmbiguous
    )
}

/// Reports whether a failure for `reason`, its own or its root cause, is one that somebody is to be woken for: what will not pass by
/// itself at once, what may pass once it has lasted for [`PATIENCE`]. Where nobody knows how long it has lasted, it is.
pub fn is_serious(reason: Reason, outcome: &Outcome, now: SystemTime) -> bool {
    match reason.severity() {
        Severity::Failed => true,
        Severity::Degraded => false,
        Severity::Transient if is_local(reason) => false,
        Severity::Transient => lasting(outcome, now).is_none_or(|lasting| lasting >= PATIENCE),
    }
}

/// Returns for how long the probe has been failing, whatever the reasons were; `None` where nobody knows.
pub fn lasting(outcome: &Outcome, now: SystemTime) -> Option<Duration> {
    outcome.facts.failing_since.map(|since| now.duration_since(since).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Check;
    use crate::levels::{Limits, State, judge};
    use crate::outcome::{Evidence, Facts, Failure, Phase, ProbeId, SkipReason, Verdict};

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + 2 * PATIENCE + 2 * PATIENCE
    }

    fn run(verdict: Verdict) -> Outcome {
        Outcome::new(ProbeId { tenant: "contoso".into(), mailbox: Some("praxis".into()), check: Check::Pop3 }, now(), verdict)
    }

    fn failed(reason: Reason) -> Outcome {
        run(Verdict::Failed(Failure { phase: Phase::Tls, reason, evidence: Evidence::default() }))
    }

    #[test]
    fn judge_of_what_may_pass_is_a_warning_for_half_an_hour_and_then_critical() {
        let skipped = run(Verdict::Skipped(SkipReason::BackOff { until: now(), because: Reason::Throttled }));
        for (outcome, minutes, state) in [
            (failed(Reason::Throttled), Some(0), State::Warning),
            (failed(Reason::Throttled), Some(29), State::Warning),
            (failed(Reason::Throttled), Some(30), State::Critical),
            // Nobody knows for how long: it may be for days.
            (failed(Reason::Throttled), None, State::Critical),
            (failed(Reason::ClientSecretExpired), Some(0), State::Critical),
            (failed(Reason::MachineTooSlow), Some(90), State::Unknown),
            (skipped.clone(), None, State::Warning),
            (skipped.clone(), Some(29), State::Warning),
            (skipped, Some(31), State::Critical),
        ] {
            let since = minutes.map(|minutes| now() - Duration::from_secs(minutes * 60));
            let outcome = Outcome { facts: Facts { failing_since: since, ..outcome.facts }, ..outcome };
            let judged = judge(&outcome, &Limits::default(), now()).state;
            assert_eq!(judged, state, "{:?} for {minutes:?} minutes", outcome.verdict);
        }
    }
}
