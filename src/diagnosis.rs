//! Infers root causes from the outcomes of many probes.
//!
//! Every failure is blamed on a reason: its own, or one that other outcomes show. Failures blamed on the same reason have one
//! root cause. Where the evidence does not decide, the cause has a lower confidence and lists other possible reasons.

mod closure;
mod grouping;
mod network;
mod port_filter;
mod refusals;
mod standalone;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;

use self::network::Network;
use self::refusals::Refusals;
use crate::outcome::{Evidence, Failure, Outcome, ProbeId};
use crate::reason::{Owner, Reason};

/// The degree to which the evidence supports a root cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Confidence {
    /// One of several explanations, none of them better supported.
    Possible,
    /// The best explanation of the evidence; others are listed.
    Likely,
    /// The peer said so, or it was measured.
    Certain,
}

impl Confidence {
    /// Every degree, the least first.
    pub const ALL: [Self; 3] = [Self::Possible, Self::Likely, Self::Certain];

    /// Returns the degree with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|degree| degree.code() == code)
    }

    /// Returns the code, as in JSON and in labels.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

/// A reason why checks fail in a tenant or in one of its mailboxes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootCause {
    /// The reason, which has owner, meaning and remedy.
    pub reason: Reason,
    /// The confidence.
    pub confidence: Confidence,
    /// The tenant's name.
    pub tenant: String,
    /// The mailbox's label, where it concerns one and not the tenant.
    pub mailbox: Option<String>,
    /// The failed probes it explains, in the order of the outcomes, those of mailboxes that must stay closed last; never empty.
    pub explains: Vec<ProbeId>,
    /// The number of further probes that it explains, where not all are listed.
    pub unlisted: usize,
    /// Other possible reasons, the most likely first.
    pub candidates: Vec<Reason>,
    /// The evidence of the failure that shows it best.
    pub evidence: Evidence,
}

impl RootCause {
    /// Returns the owner, who must act.
    pub const fn owner(&self) -> Owner {
        self.reason.owner()
    }
}

/// A failed outcome and the reason it is blamed on.
#[derive(Clone, Debug)]
struct Blame<'a> {
    outcome: &'a Outcome,
    reason: Reason,
    confidence: Confidence,
    candidates: &'static [Reason],
    evidence: Cow<'a, Evidence>,
}

/// Finds the root causes of all failures, the most certain first, and of equals the one that explains most.
///
/// Each failed outcome is explained by at least one cause; one that succeeded or was skipped, by none.
pub fn diagnose<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Vec<RootCause> {
    let mut tenants: BTreeMap<&str, Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        tenants.entry(&outcome.probe.tenant).or_default().push(outcome);
    }
    let mut causes: Vec<RootCause> = tenants.values().flat_map(|outcomes| diagnose_tenant(outcomes)).collect();
    causes.sort_by_key(|cause| std::cmp::Reverse((cause.confidence, cause.explains.len())));
    causes
}

fn diagnose_tenant(outcomes: &[&Outcome]) -> Vec<RootCause> {
    if outcomes.iter().all(|outcome| outcome.failure().is_none()) {
        return Vec::new();
    }
    // What must stay closed shows nothing of what should be open, and the reverse.
    let (closed, open): (Vec<&Outcome>, Vec<&Outcome>) = outcomes.iter().partition(|outcome| closure::is_judged(outcome));
    let (network, refusals) = (Network::observe(&open), Refusals::observe(&open));
    let mut blames = Vec::new();
    for (outcome, failure) in failures(&open) {
        let explained = network.blame(outcome, failure).or_else(|| refusals.blame(outcome, failure));
        blames.push(explained.unwrap_or_else(|| standalone::blame(outcome, failure)));
    }
    blames.extend(network.also_unreachable(&open));
    let mut causes = grouping::group_by_reason(&open, blames);
    for RootCause { candidates, explains, .. } in &mut causes {
        candidates.retain(|candidate| !refusals.exclude(*candidate, explains));
    }
    let unexplained = failures(&closed).filter(|(outcome, failure)| !closure::explain(outcome, failure, &mut causes));
    let blames = unexplained.map(|(outcome, failure)| standalone::blame(outcome, failure)).collect();
    causes.extend(grouping::group_by_reason(&open, blames));
    causes
}

fn failures<'a>(outcomes: &[&'a Outcome]) -> impl Iterator<Item = (&'a Outcome, &'a Failure)> {
    outcomes.iter().filter_map(|outcome| Some((*outcome, outcome.failure()?)))
}
