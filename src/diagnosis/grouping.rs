//! Groups failures by the reason they are blamed on: one cause for the tenant, or one for each mailbox concerned.

use std::collections::{BTreeMap, BTreeSet};

use super::{Blame, RootCause};
use crate::outcome::{Outcome, Phase};
use crate::reason::{Owner, Reason};

/// Makes one cause of all `blames` with the same reason, or one for each mailbox, in the order in which the reasons come.
/// No two causes have tenant, mailbox and reason in common.
pub fn group_by_reason(outcomes: &[&Outcome], blames: Vec<Blame<'_>>) -> Vec<RootCause> {
    let mut order: Vec<Reason> = Vec::new();
    let mut by_reason: BTreeMap<Reason, Vec<Blame<'_>>> = BTreeMap::new();
    for blame in blames {
        let same = by_reason.entry(blame.reason).or_default();
        if same.is_empty() {
            order.push(blame.reason);
        }
        same.push(blame);
    }
    let same = order.into_iter().filter_map(|reason| by_reason.remove(&reason));
    same.flat_map(|same| split_by_mailbox(outcomes, same)).collect()
}

/// Makes one cause where the whole tenant is concerned, else one for each mailbox.
fn split_by_mailbox(outcomes: &[&Outcome], same: Vec<Blame<'_>>) -> Vec<RootCause> {
    if !is_per_mailbox(outcomes, &same) {
        return cause(None, &same).into_iter().collect();
    }
    let mut mailboxes: BTreeMap<Option<&str>, Vec<Blame<'_>>> = BTreeMap::new();
    for blame in same {
        mailboxes.entry(blame.outcome.probe.mailbox.as_deref()).or_default().push(blame);
    }
    mailboxes.into_iter().filter_map(|(mailbox, same)| cause(mailbox, &same)).collect()
}

/// Tells whether mailboxes are concerned one by one: the same checks work for other mailboxes, or the reason is about a
/// mailbox and only one fails for it.
fn is_per_mailbox(outcomes: &[&Outcome], same: &[Blame<'_>]) -> bool {
    let concerned: BTreeSet<_> = same.iter().map(|blame| blame.outcome.probe.mailbox.as_deref()).collect();
    let after_connecting = |blame: &Blame<'_>| {
        blame
            .outcome
            .failure()
            .is_some_and(|failure| matches!(failure.phase, Phase::Auth | Phase::Mailbox | Phase::Submit | Phase::Arrive))
            && blame.outcome.probe.mailbox.is_some()
    };
    let Some(reason) = same.first().map(|blame| blame.reason) else { return false };
    if reason.owner() == Owner::Network || !same.iter().all(after_connecting) {
        return false;
    }
    let checks: BTreeSet<_> = same.iter().map(|blame| blame.outcome.probe.check).collect();
    let works = |outcome: &&&Outcome| {
        outcome.is_ok() && checks.contains(&outcome.probe.check) && !concerned.contains(&outcome.probe.mailbox.as_deref())
    };
    outcomes.iter().any(|outcome| works(&outcome)) || concerned.len() == 1 && is_about_a_mailbox(reason)
}

fn is_about_a_mailbox(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::AuthRefused
            | Reason::MailboxPermissionMissing
            | Reason::ProtocolDisabled
            | Reason::MailboxNotConnected
            | Reason::AccessTooBroad
            | Reason::RefusalAmbiguous
            | Reason::MailboxNotFound
            | Reason::AddressNotPrimary
            | Reason::AddressAmbiguous
            | Reason::MailboxElsewhere
            | Reason::MailboxUnavailable
            | Reason::MailboxFull
            | Reason::SmtpAuthDisabledMailbox
            | Reason::TooManyConnections
            | Reason::SessionInvalidated
            | Reason::ImpersonationDenied
            | Reason::EwsForbidden
            | Reason::AccessDenied
            | Reason::FolderNotFound
            | Reason::LicenseInvalid
            | Reason::AccountDisabled
            | Reason::Throttled
            | Reason::SenderBlocked
            | Reason::SendAsDenied
            | Reason::SubmissionRefused
            | Reason::SubmissionQuotaExceeded
            | Reason::MessageTooLarge
            | Reason::MailJunked
            | Reason::MailDelayed
            | Reason::MailBounced
            | Reason::MailLost
    )
}

fn cause(mailbox: Option<&str>, same: &[Blame<'_>]) -> Option<RootCause> {
    // The evidence of the most certain: of equals, one whose own reason it is, and of those the first.
    let is_own = |blame: &Blame<'_>| blame.outcome.failure().is_some_and(|failure| failure.reason == blame.reason);
    let best = same.iter().rev().max_by_key(|blame| (blame.confidence, is_own(blame)))?;
    let mut seen = BTreeSet::new();
    let explained = same.iter().map(|blame| &blame.outcome.probe).filter(|probe| seen.insert(*probe));
    Some(RootCause {
        reason: best.reason,
        confidence: best.confidence,
        tenant: best.outcome.probe.tenant.clone(),
        mailbox: mailbox.map(ToOwned::to_owned),
        explains: explained.cloned().collect(),
        unlisted: 0,
        candidates: best.candidates.to_vec(),
        evidence: best.evidence.clone().into_owned(),
    })
}
