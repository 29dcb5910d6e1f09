//! The metrics of one run: whether it worked, how long it took, and where and why it failed.

use std::time::Duration;

use super::families::{Families, Labelled as _, Labels};
use crate::fact::metrics;
use crate::outcome::{Fault, Outcome, Peer, Phase, ProbeId};
use crate::report::sentence;

metrics! {
    SUCCESS: "m365_probe_success",
        "Whether the last run succeeded: opened the mailbox, or was refused where it must stay closed; absent before the first (cached on /metrics).";
    DURATION: "m365_probe_duration_seconds", "Time of the last run, absent where this machine stood still (cached on /metrics).";
    PHASE: "m365_probe_phase_duration_seconds",
        "Time of one phase of the last run, 0 if it was not entered, absent where this machine stood still (cached on /metrics).";
    FAILURE: "m365_probe_failure_info",
        "1 while the last run failed in this phase, for this reason, which is this owner's to act on (cached on /metrics).";
    ENDPOINT: "m365_probe_endpoint_info", "1 while the last run failed, with the host and port it failed at (cached on /metrics).";
    WARNING: "m365_probe_warning_info",
        "1 while the last run, successful or not, saw something worth a look, which is this owner's to act on (cached on /metrics).";
}

/// Adds the metrics of a run that took place, but for its phases and its endpoint, and `warnings` of it.
pub fn add<'a>(families: &mut Families, outcome: &Outcome, warnings: impl Iterator<Item = &'a Fault>) {
    let labels = Labels::of_probe(&outcome.probe);
    families.gauge(&SUCCESS, &labels, f64::from(u8::from(outcome.is_ok())));
    if outcome.is_latency_sample() {
        families.seconds(&DURATION, &labels, outcome.took);
    }
    if let Some(failure) = outcome.failure() {
        let labels = labels.with("phase", failure.phase.code());
        let labels = labels.with("reason", failure.reason.code());
        families.gauge(&FAILURE, &labels.with("owner", failure.reason.owner().code()), 1.0);
    }
    for warning in warnings {
        let labels = labels.with("reason", warning.reason.code());
        families.gauge(&WARNING, &labels.with("owner", warning.reason.owner().code()), 1.0);
    }
}

/// Returns the host and port at which the run failed, if it did.
pub fn endpoint(outcome: &Outcome) -> Option<String> {
    outcome.failure().and_then(|failure| failure.evidence.peer.as_ref()).map(Peer::endpoint)
}

/// Adds an endpoint at which a run of the probe failed.
pub fn failed_at(families: &mut Families, probe: &ProbeId, endpoint: &str) {
    families.gauge(&ENDPOINT, &Labels::of_probe(probe).with("endpoint", endpoint), 1.0);
}

/// Returns the phases that the run may enter, each with the time spent in it, 0 where it was not entered. None where this machine
/// stood still.
pub fn phases(outcome: &Outcome) -> impl Iterator<Item = (Phase, Duration)> {
    let phases = outcome.probe.check.kind().phases;
    let further = sentence::entered(outcome).filter(|(phase, _)| !phases.contains(phase));
    let expected = phases.iter().map(|phase| (*phase, outcome.phase(*phase).unwrap_or_default()));
    expected.chain(further).filter(|_| outcome.is_latency_sample())
}

/// Adds the time of one phase.
pub fn phase(families: &mut Families, probe: &ProbeId, phase: Phase, took: Duration) {
    families.seconds(&PHASE, &Labels::of_probe(probe).with("phase", phase.code()), took);
}
