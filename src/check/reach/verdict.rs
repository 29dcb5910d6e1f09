//! What all attempts mean together: which endpoints cannot be reached, and which failure came first.

use crate::check::several;
use crate::cloud::host_port;
use crate::outcome::{Fault, Phase};

use super::attempt::Attempt;
use super::endpoint::Endpoint;

/// The failure of the earliest phase, if any endpoint works on none of its addresses; the other endpoints stand in its
/// evidence.
pub fn judge(endpoints: &[Endpoint], attempts: &[Attempt<'_>]) -> Option<(Phase, Fault)> {
    let mut failed: Vec<(&Endpoint, Phase, &Fault)> = endpoints.iter().filter_map(|at| failure(at, attempts)).collect();
    failed.sort_by_key(|(_, phase, _)| *phase);
    let mut failed = failed.into_iter();
    let (_, phase, first) = failed.next()?;
    let others = failed.map(|(at, phase, fault)| format!("{} {} in {phase}", host_port(&at.host, at.port), fault.reason));
    Some((phase, several::with(first.clone(), others)))
}

/// Why `at` cannot be reached: the failure of the address that got farthest, because the others may not matter (a
/// machine without IPv6 has no route to half of them).
fn failure<'a>(at: &'a Endpoint, attempts: &'a [Attempt<'_>]) -> Option<(&'a Endpoint, Phase, &'a Fault)> {
    let mut failed: Vec<&(Phase, Fault)> = Vec::new();
    for attempt in attempts.iter().filter(|attempt| std::ptr::eq(attempt.at, at)) {
        failed.push(attempt.failed.as_ref()?);
    }
    let farthest = failed.iter().map(|(phase, _)| *phase).max()?;
    failed.into_iter().find(|(phase, _)| *phase == farthest).map(|(phase, fault)| (at, *phase, fault))
}
