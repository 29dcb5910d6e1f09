//! What lies behind a refusal that Exchange does not explain: what works beside it tells the causes apart.
//!
//! POP3, IMAP and SMTP need the application's service principal in Exchange and a permission for the mailbox; EWS and Graph
//! need neither.
//! <https://learn.microsoft.com/en-us/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth>

mod mailbox;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use self::mailbox::{Api, BLOCKED, Mailbox, most_telling};
use super::{Blame, Confidence, failures, standalone};
use crate::kind::Check;
use crate::outcome::{Failure, Outcome, Phase, Registration};
use crate::reason::Reason;

/// What all outcomes of a tenant show of the application's access.
#[derive(Debug, Default)]
pub struct Refusals<'a> {
    mailboxes: BTreeMap<Option<&'a str>, Mailbox>,
    /// Somebody told what is wrong with the token that all these checks share.
    token: Option<Reason>,
    /// Exchange knows the application: a mail protocol let it in, if only to a mailbox it may not open.
    known: bool,
    /// Mail protocols that refused, over all mailboxes.
    refusing: Vec<Check>,
    /// EWS or Graph opened a mailbox.
    api_fine: bool,
    /// EWS or Graph refused without a reason that would be theirs alone.
    api_refused: bool,
    /// What is known of a change that may still be on its way.
    change: Option<Change>,
    /// Entra says that the tenant has no Exchange Online now: then Graph finds no mailbox in it.
    tenant: Option<Reason>,
}

/// A permission that was changed may take so long to be what Exchange goes by: it keeps them in memory.
/// <https://learn.microsoft.com/en-us/exchange/permissions-exo/application-rbac>
const PROPAGATION: Duration = Duration::from_secs(2 * 3600);

/// What is known of the last change, from the surest to the least telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    /// The application has just been registered.
    Registered,
    /// What is refused now worked a short while ago.
    Stopped,
    /// It has been refused for longer than a change takes.
    Long,
}

impl Change {
    fn seen_in(outcome: &Outcome) -> Option<Self> {
        let lately = |then: SystemTime| outcome.at.duration_since(then).is_ok_and(|age| age < PROPAGATION);
        let facts = &outcome.facts;
        if facts.registration.as_ref().and_then(Registration::created).is_some_and(lately) {
            return Some(Self::Registered);
        }
        facts.last_worked.map(|worked| if lately(worked) { Self::Stopped } else { Self::Long })
    }
}

/// A conclusion.
type Finding = (Reason, Confidence, &'static [Reason]);

impl<'a> Refusals<'a> {
    /// What `outcomes` show.
    pub fn of(outcomes: &[&'a Outcome]) -> Self {
        let change = outcomes.iter().filter_map(|outcome| Change::seen_in(outcome)).min();
        let mut access = Self { change, ..Self::default() };
        for outcome in outcomes.iter().filter(|outcome| outcome.is_ok()) {
            access.learn_success(outcome);
        }
        for (outcome, failure) in failures(outcomes) {
            access.learn_failure(outcome, failure);
        }
        access
    }

    fn learn_success(&mut self, outcome: &'a Outcome) {
        let check = outcome.probe.check;
        if check.is_mail() {
            self.known = true;
            self.mailbox(outcome).fine.push(check);
        }
        self.mailbox(outcome).learn_api(check, Api::Fine);
        self.api_fine |= check.is_api();
    }

    fn mailbox(&mut self, outcome: &'a Outcome) -> &mut Mailbox {
        self.mailboxes.entry(outcome.probe.mailbox.as_deref()).or_default()
    }

    fn learn_failure(&mut self, outcome: &'a Outcome, failure: &Failure) {
        let check = outcome.probe.check;
        let mailbox = self.mailboxes.entry(outcome.probe.mailbox.as_deref()).or_default();
        mailbox.learn_api(check, Api::Refused(failure.reason));
        if is_refusal(outcome, failure) {
            mailbox.refused.push((check, failure.reason));
            mailbox.unopened |= failure.reason == Reason::MailboxNotConnected;
            self.known |= mailbox.unopened;
            if !self.refusing.contains(&check) {
                self.refusing.push(check);
            }
        }
        match failure.reason {
            Reason::MailboxNotFound
            | Reason::AddressNotPrimary
            | Reason::AddressAmbiguous
            | Reason::MailboxElsewhere
            | Reason::LicenseInvalid
            | Reason::AccountDisabled
            | Reason::MailboxUnavailable => {
                mailbox.state = most_telling(mailbox.state, failure.reason);
                mailbox.unknown |= failure.reason == Reason::MailboxNotFound && check != Check::Graph;
            }
            Reason::ResourceNotFound | Reason::ResourceDisabled | Reason::TenantBlocked => self.tenant = Some(failure.reason),
            // Graph has a token of its own.
            Reason::TokenInvalid | Reason::TokenExpired | Reason::TokenWrongAudience | Reason::TokenWrongTenant
                if check != Check::Graph =>
            {
                self.token = self.token.or(Some(failure.reason));
            }
            Reason::EwsTokenRefused | Reason::EwsForbidden | Reason::AccessDenied | Reason::AuthRefused if check.is_api() => {
                self.api_refused = true;
            }
            _ => {}
        }
    }

    /// What `failure` is blamed on, if it is a refusal that other outcomes explain.
    pub fn blame(&self, outcome: &'a Outcome, failure: &Failure) -> Option<Blame<'a>> {
        let concerned = self.mailboxes.get(&outcome.probe.mailbox.as_deref());
        if let Some((reason, confidence, candidates)) = concerned.and_then(|mailbox| self.of_api(outcome, failure, mailbox)) {
            return Some(Blame { outcome, reason, confidence, candidates, evidence: failure.evidence.clone() });
        }
        let everywhere = self.is_refused_everywhere();
        let unexplained_api = everywhere
            && outcome.probe.check.is_api()
            && matches!(
                failure.reason,
                Reason::EwsTokenRefused | Reason::EwsForbidden | Reason::AccessDenied | Reason::AuthRefused
            );
        if !unexplained_api && !is_refusal(outcome, failure) {
            return None;
        }
        let mailbox = self.mailboxes.get(&outcome.probe.mailbox.as_deref())?;
        let (reason, confidence, candidates) = if everywhere {
            self.of_everything()
        } else if self.known {
            self.of_mailbox(outcome, failure, mailbox)?
        } else {
            self.of_application(mailbox)?
        };
        Some(Blame { outcome, reason, confidence, candidates, evidence: failure.evidence.clone() })
    }

    /// What EWS's answer and Graph's tell together, which neither tells alone.
    fn of_api(&self, outcome: &Outcome, failure: &Failure, mailbox: &Mailbox) -> Option<Finding> {
        let (ews, graph) = (mailbox.ews, mailbox.graph);
        let policy = Some(Api::Refused(Reason::ImpersonationDenied));
        let by_list = self.mailboxes.values().any(Mailbox::is_told_of_list);
        match (outcome.probe.check, failure.reason) {
            (Check::Ews, Reason::EwsForbidden) if graph.is_some_and(Api::passed) => {
                Some((Reason::EwsNotLicensed, Confidence::Likely, &[Reason::EwsBlockedByPolicy, Reason::EwsDisabled]))
            }
            (Check::Ews, Reason::EwsForbidden) if graph == policy => {
                Some((Reason::ImpersonationDenied, Confidence::Likely, &[Reason::EwsNotLicensed]))
            }
            // The list of allowed applications does not reach Graph; the lists by User-Agent reach both.
            (Check::Ews, Reason::EwsBlockedByPolicy) if graph == policy && !by_list => Some(BY_USER_AGENT),
            (Check::Graph, Reason::ImpersonationDenied) if ews == BLOCKED && !by_list => Some(BY_USER_AGENT),
            // Graph has one answer for both policies, and EWS tells neither.
            (Check::Graph, Reason::ImpersonationDenied) if !ews.is_some_and(|ews| ews.passed() || ews.tells_of_policy()) => {
                Some((Reason::ImpersonationDenied, Confidence::Likely, &[Reason::UserAgentBlocked]))
            }
            // Graph has one answer for all mailboxes that it does not serve.
            (Check::Graph, Reason::MailboxNotFound) => {
                let of_tenant = self.tenant.map(|told| -> Finding { (told, Confidence::Likely, &[]) });
                let told = mailbox.told().filter(|(told, ..)| *told != Reason::MailboxNotFound);
                let alone: Finding = (Reason::MailboxNotFound, Confidence::Likely, &[Reason::LicenseInvalid]);
                of_tenant.or(told).or((!mailbox.unknown).then_some(alone))
            }
            _ => None,
        }
    }

    /// Nothing lets the application in, though Entra issues its token: what the protocols have in common is to blame.
    fn is_refused_everywhere(&self) -> bool {
        let explained = self.token.is_some() || self.mailboxes.values().any(|mailbox| mailbox.state.is_some());
        let by_both = self.mailboxes.values().any(Mailbox::is_refused_by_both);
        !self.known && !explained && !self.api_fine && self.api_refused && (self.refusing.len() > 1 || by_both)
    }

    /// Everything is refused: since shortly after a change, it is that change on its way.
    fn of_everything(&self) -> Finding {
        match self.change {
            Some(Change::Registered) => (Reason::PropagationPending, Confidence::Likely, AS_IF_MISSING),
            Some(Change::Stopped) => (Reason::AccessRefusedEverywhere, Confidence::Likely, LATELY),
            Some(Change::Long) => (Reason::AccessRefusedEverywhere, Confidence::Likely, EVERYWHERE),
            None => (Reason::AccessRefusedEverywhere, Confidence::Likely, WHO_KNOWS),
        }
    }

    /// No mail protocol has let the application in anywhere.
    fn of_application(&self, mailbox: &Mailbox) -> Option<Finding> {
        if let Some(reason) = self.token {
            return Some((reason, Confidence::Likely, &[]));
        }
        if let Some(told) = mailbox.told_of_mail() {
            return Some(told);
        }
        // One protocol alone may as well be switched off.
        let new = self.change == Some(Change::Registered);
        let candidates = if new { UNREGISTERED_OR_NEW } else { UNREGISTERED };
        (self.refusing.len() > 1).then_some((Reason::ExchangeServicePrincipalMissing, Confidence::Likely, candidates))
    }

    /// Exchange knows the application: it is about this mailbox.
    fn of_mailbox(&self, outcome: &Outcome, failure: &Failure, mailbox: &Mailbox) -> Option<Finding> {
        if !mailbox.fine.is_empty() {
            return Some(of_protocol(outcome, failure));
        }
        if let Some(told) = mailbox.told_of_mail() {
            return Some(told);
        }
        if mailbox.looks_switched_off() {
            return Some((Reason::ProtocolDisabled, Confidence::Likely, &[Reason::MailboxPermissionMissing]));
        }
        let others_work = self.mailboxes.values().any(|other| !other.fine.is_empty());
        match mailbox.refused.len() {
            0 => None,
            1 if !others_work => None,
            1 => Some((Reason::MailboxPermissionMissing, Confidence::Possible, OF_MAILBOX)),
            _ => Some((Reason::MailboxPermissionMissing, Confidence::Likely, OF_MAILBOX)),
        }
    }
}

const BY_USER_AGENT: Finding =
    (Reason::UserAgentBlocked, Confidence::Likely, &[Reason::EwsBlockedByPolicy, Reason::ImpersonationDenied]);
const EVERYWHERE: &[Reason] =
    &[Reason::AuthPolicyBlocked, Reason::ExchangeServicePrincipalMissing, Reason::MailboxPermissionMissing];
const LATELY: &[Reason] = &[
    Reason::PropagationPending,
    Reason::AuthPolicyBlocked,
    Reason::ExchangeServicePrincipalMissing,
    Reason::MailboxPermissionMissing,
];
const WHO_KNOWS: &[Reason] = &[
    Reason::AuthPolicyBlocked,
    Reason::ExchangeServicePrincipalMissing,
    Reason::MailboxPermissionMissing,
    Reason::PropagationPending,
];
const AS_IF_MISSING: &[Reason] =
    &[Reason::ExchangeServicePrincipalMissing, Reason::MailboxPermissionMissing, Reason::AccessRefusedEverywhere];
const UNREGISTERED: &[Reason] = &[Reason::MailboxPermissionMissing, Reason::ProtocolDisabled, Reason::PropagationPending];
const UNREGISTERED_OR_NEW: &[Reason] = &[Reason::PropagationPending, Reason::MailboxPermissionMissing, Reason::ProtocolDisabled];
const OF_MAILBOX: &[Reason] = &[Reason::ProtocolDisabled, Reason::MailboxNotFound, Reason::PropagationPending];

/// One protocol is refused where another opens the mailbox: not for want of a registration or a permission.
fn of_protocol(outcome: &Outcome, failure: &Failure) -> Finding {
    let needed = outcome.probe.check.roles();
    let roles = outcome.facts.token.as_ref().and_then(|token| token.roles.as_ref());
    let lacks_role = roles.is_some_and(|roles| !roles.iter().any(|granted| needed.contains(&granted.as_str())));
    match (outcome.probe.check, failure.reason) {
        // SMTP's switch speaks for itself. Whoever has no role in the token has one in Exchange, for some mailboxes.
        (Check::Smtp, Reason::AuthRefused) if lacks_role => {
            (Reason::ImpersonationDenied, Confidence::Likely, &[Reason::TokenRoleMissing, Reason::PropagationPending])
        }
        (Check::Smtp, Reason::AuthRefused) => {
            (Reason::AuthRefused, Confidence::Possible, &[Reason::PropagationPending, Reason::MailboxPermissionMissing])
        }
        _ if lacks_role => {
            (Reason::ProtocolDisabled, Confidence::Likely, &[Reason::TokenRoleMissing, Reason::MailboxPermissionMissing])
        }
        _ => (Reason::ProtocolDisabled, Confidence::Likely, &[Reason::MailboxPermissionMissing]),
    }
}

/// Whether Exchange refused without saying why. `5.7.139` says why, if in words that nobody knows.
fn is_refusal(outcome: &Outcome, failure: &Failure) -> bool {
    let generic = matches!(failure.reason, Reason::AuthRefused | Reason::MailboxNotConnected)
        && failure.evidence.code.as_deref() != Some(standalone::UNKNOWN_WORDS);
    generic && outcome.probe.check.is_mail() && matches!(failure.phase, Phase::Auth | Phase::Mailbox)
}
