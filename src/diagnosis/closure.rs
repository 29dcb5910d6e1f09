//! Mailboxes that must stay closed: which failures are about that, and the cause of a refusal that proves nothing.

use super::RootCause;
use crate::outcome::{Failure, Outcome};
use crate::reason::Reason;

/// Reports whether the outcome is the judgement on a mailbox that must stay closed.
pub fn is_judged(outcome: &Outcome) -> bool {
    let is_judged = |failure: &Failure| matches!(failure.reason, Reason::AccessTooBroad | Reason::RefusalAmbiguous);
    outcome.facts.stays_closed.is_some() || outcome.failure().is_some_and(is_judged)
}

/// Adds a refusal that proves nothing to the cause for which the same check opens no other mailbox of the tenant: that of the tenant,
/// or else the one that explains most. Returns false where the failure is another, or no such check fails.
pub fn explain(outcome: &Outcome, failure: &Failure, causes: &mut [RootCause]) -> bool {
    if failure.reason != Reason::RefusalAmbiguous {
        return false;
    }
    let is_met_by_same_check =
        |cause: &&mut RootCause| cause.explains.iter().any(|probe| probe.check == outcome.probe.check && *probe != outcome.probe);
    let behind = causes.iter_mut().filter(is_met_by_same_check);
    let Some(cause) = behind.max_by_key(|cause| (cause.mailbox.is_none(), cause.explains.len())) else { return false };
    cause.explains.push(outcome.probe.clone());
    true
}
