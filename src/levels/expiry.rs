//! The one place where expiries are judged: when a client secret ends, and how near an expiry is.

use std::time::SystemTime;

use super::{Limits, Metric, Range, State};
use crate::kind::Check;
use crate::outcome::Outcome;
use crate::reason::Reason;

/// The date on which a client secret ends that is known to end at `date`, after what `outcome` learnt of it.
///
/// The known date may be out of date: a secret that Entra calls expired had ended when the run began, whatever was declared or
/// read of it.
pub fn secret_expiry(date: SystemTime, outcome: &Outcome) -> SystemTime {
    if secret_refusal(outcome) == Some(Reason::ClientSecretExpired) { date.min(outcome.at) } else { date }
}

/// The reason for which Entra refused the client secret itself in this run: expired, or wrong.
pub fn secret_refusal(outcome: &Outcome) -> Option<Reason> {
    let reason = outcome.failure()?.reason;
    matches!(reason, Reason::ClientSecretExpired | Reason::ClientSecretWrong | Reason::ClientSecretMalformed).then_some(reason)
}

/// The state of what ends at `at`, by the limits of `metric` for `check`.
///
/// Without a limit, 30 days are a warning and 7 critical for a certificate, which is so shown although no run is a warning for
/// it (Microsoft renews its own).
pub fn expiry_state(metric: Metric, at: SystemTime, limits: &Limits, check: Check, now: SystemTime) -> State {
    let (warning, critical) = match (metric, limits.ranges(metric, check)) {
        (Metric::CertificateDays, (None, None)) => (Some(Range::at_least(30.0)), Some(Range::at_least(7.0))),
        (_, set) => set,
    };
    let days = super::days_until(at, now);
    let alerts = |range: Option<Range>| range.is_some_and(|range| range.alerts(days));
    match (alerts(critical), alerts(warning)) {
        (true, _) => State::Critical,
        (false, true) => State::Warning,
        (false, false) => State::Ok,
    }
}
