//! Many outcomes in, root causes out: what no outcome can know alone, and what follows from what.
//!
//! Every failure is blamed on a reason: its own, or the one behind it that other outcomes show. Failures blamed on the same
//! reason have one cause. Where the evidence does not decide, the cause says so and lists what else it may be.

mod grouping;
mod network;
mod port_filter;
mod refusals;
mod standalone;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use self::network::Network;
use self::refusals::Refusals;
use crate::outcome::{Evidence, Failure, Outcome, ProbeId};
use crate::reason::{Owner, Reason};

/// How far the evidence carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// One of several explanations, none of them better supported.
    Possible,
    /// The best explanation of what was seen; the others are listed.
    Likely,
    /// Somebody in a position to know said so, or it was measured.
    Certain,
}

impl Confidence {
    /// The word for it, also in JSON.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

/// Why things fail in a tenant, or in one of its mailboxes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootCause {
    /// What it is; also who must act, what it means and what to do.
    pub reason: Reason,
    /// How sure that is.
    pub confidence: Confidence,
    /// The tenant's name.
    pub tenant: String,
    /// The mailbox's label, where it concerns one and not the tenant.
    pub mailbox: Option<String>,
    /// The failed probes it explains, in the order of the outcomes; never empty.
    pub explains: Vec<ProbeId>,
    /// What else it may be, the next best first.
    pub candidates: Vec<Reason>,
    /// What was seen where it shows best.
    pub evidence: Evidence,
}

impl RootCause {
    /// Who must act it is.
    pub const fn owner(&self) -> Owner {
        self.reason.owner()
    }
}

/// A failed outcome and what it is blamed on.
#[derive(Clone, Debug)]
struct Blame<'a> {
    outcome: &'a Outcome,
    reason: Reason,
    confidence: Confidence,
    candidates: &'static [Reason],
    evidence: Evidence,
}

/// The root causes of everything that failed, the most certain first, and of equals the one that explains most.
///
/// Each failed outcome is explained by at least one; one that succeeded or did not take place, by none.
pub fn diagnose<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Vec<RootCause> {
    let mut tenants: BTreeMap<&str, Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        tenants.entry(&outcome.probe.tenant).or_default().push(outcome);
    }
    let mut causes: Vec<RootCause> = tenants.values().flat_map(|outcomes| of_tenant(outcomes)).collect();
    causes.sort_by_key(|cause| std::cmp::Reverse((cause.confidence, cause.explains.len())));
    causes
}

fn of_tenant(outcomes: &[&Outcome]) -> Vec<RootCause> {
    if outcomes.iter().all(|outcome| outcome.failure().is_none()) {
        return Vec::new();
    }
    let (network, access) = (Network::of(outcomes), Refusals::of(outcomes));
    let mut blames = Vec::new();
    for (outcome, failure) in failures(outcomes) {
        let known = network.blame(outcome, failure).or_else(|| access.blame(outcome, failure));
        blames.push(known.unwrap_or_else(|| standalone::blame(outcome, failure)));
    }
    blames.extend(network.also_unreachable(outcomes));
    grouping::group_by_reason(outcomes, blames)
}

fn failures<'a>(outcomes: &[&'a Outcome]) -> impl Iterator<Item = (&'a Outcome, &'a Failure)> {
    outcomes.iter().filter_map(|outcome| Some((*outcome, outcome.failure()?)))
}
