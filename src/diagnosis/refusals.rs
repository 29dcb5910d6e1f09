//! Causes of refusals that Exchange does not explain, told apart by what works beside them.
//!
//! POP3, IMAP and SMTP need the application's service principal in Exchange and a permission for the mailbox; EWS and Graph
//! need neither.
//! <https://learn.microsoft.com/en-us/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth>

mod mailbox;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use self::mailbox::{Api, BLOCKED, Mailbox, more_specific};
use super::{Blame, Confidence, failures, standalone};
use crate::kind::Check;
use crate::outcome::{Failure, Outcome, Phase, ProbeId, Registration};
use crate::reason::Reason;

/// The evidence of a tenant's outcomes about the application's access.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an observation of its own")]
pub struct Refusals<'a> {
    mailboxes: BTreeMap<Option<&'a str>, Mailbox>,
    /// The fault of the token that all these checks share, where a server named it.
    token_fault: Option<Reason>,
    /// Set if Exchange knows the application: a mail protocol accepted it, if only for a mailbox that it may not open.
    is_registered: bool,
    /// The mail protocols that refused, over all mailboxes.
    refusing: Vec<Check>,
    /// Set if a mail protocol opened a mailbox.
    mail_works: bool,
    /// Set if a server gave a reason for a mailbox as a whole.
    has_state: bool,
    /// Set if a mailbox shows that the application is not on the list of EWS.
    is_off_ews_list: bool,
    /// Set if EWS and Graph both refuse the application for a mailbox.
    is_refused_by_both: bool,
    /// Set if EWS or Graph opened a mailbox.
    api_works: bool,
    /// Set if EWS opened a mailbox.
    ews_works: bool,
    /// Set if EWS or Graph refused without a reason that concerns that service alone.
    api_refused: bool,
    /// The last change, which may not have taken effect yet, where one is known.
    change: Option<Change>,
    /// The reason, by Entra, EWS or Graph, why this tenant lets the application in nowhere, whatever the token: it has no Exchange
    /// Online, or a policy is in the way.
    tenant_fault: Option<Reason>,
}

/// The time that a changed permission may need to take effect: Exchange caches permissions.
/// <https://learn.microsoft.com/en-us/exchange/permissions-exo/application-rbac>
const PROPAGATION: Duration = Duration::from_secs(2 * 3600);

/// The last change, the most certain kind of knowledge first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    /// The application was registered a short while ago.
    Registered,
    /// The access that is refused now worked a short while ago.
    StoppedWorking,
    /// It has been refused for longer than a change takes.
    LongAgo,
}

impl Change {
    fn from_outcome(outcome: &Outcome) -> Option<Self> {
        let is_recent = |then: SystemTime| outcome.at.duration_since(then).is_ok_and(|age| age < PROPAGATION);
        let facts = &outcome.facts;
        if facts.registration.as_ref().and_then(Registration::created).is_some_and(is_recent) {
            return Some(Self::Registered);
        }
        facts.last_worked.map(|worked| if is_recent(worked) { Self::StoppedWorking } else { Self::LongAgo })
    }
}

/// The reason behind a refusal, its confidence, and other possible reasons.
type Finding = (Reason, Confidence, &'static [Reason]);

impl<'a> Refusals<'a> {
    /// Collects what `outcomes` show.
    pub fn observe(outcomes: &[&'a Outcome]) -> Self {
        let change = outcomes.iter().filter_map(|outcome| Change::from_outcome(outcome)).min();
        let mut refusals = Self { change, ..Self::default() };
        for outcome in outcomes.iter().filter(|outcome| outcome.is_ok()) {
            refusals.add_success(outcome);
        }
        for (outcome, failure) in failures(outcomes) {
            refusals.add_failure(outcome, failure);
        }
        refusals.summarize();
        refusals
    }

    /// Notes what any of the mailboxes shows: each failure asks for it.
    fn summarize(&mut self) {
        for mailbox in self.mailboxes.values() {
            self.mail_works |= !mailbox.working.is_empty();
            self.has_state |= mailbox.state.is_some();
            self.is_off_ews_list |= mailbox.is_off_ews_list_only();
            self.is_refused_by_both |= mailbox.is_refused_by_both();
        }
    }

    fn add_success(&mut self, outcome: &'a Outcome) {
        let check = outcome.probe.check;
        if check.is_mail() {
            self.is_registered = true;
            self.mailbox(outcome).working.push(check);
        }
        self.mailbox(outcome).set_api(check, Api::Works);
        self.api_works |= check.is_api();
        self.ews_works |= check == Check::Ews;
    }

    fn mailbox(&mut self, outcome: &'a Outcome) -> &mut Mailbox {
        self.mailboxes.entry(outcome.probe.mailbox.as_deref()).or_default()
    }

    fn add_failure(&mut self, outcome: &'a Outcome, failure: &Failure) {
        let check = outcome.probe.check;
        let mailbox = self.mailboxes.entry(outcome.probe.mailbox.as_deref()).or_default();
        mailbox.set_api(check, Api::Refused(failure.reason));
        if is_refusal(outcome, failure) {
            mailbox.refused.push((check, failure.reason));
            mailbox.is_unopened |= failure.reason == Reason::MailboxNotConnected;
            self.is_registered |= mailbox.is_unopened;
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
            | Reason::MailboxFull
            | Reason::MailboxUnavailable => {
                mailbox.state = more_specific(mailbox.state, failure.reason);
                mailbox.is_unknown |= failure.reason == Reason::MailboxNotFound && check != Check::Graph;
            }
            Reason::ConditionalAccessBlocked
            | Reason::ServicePrincipalMissing
            | Reason::TokenWrongTenant
            | Reason::ResourceNotFound
            | Reason::ResourceDisabled
            | Reason::TenantBlocked => {
                self.tenant_fault = self.tenant_fault.or(Some(failure.reason));
            }
            // Graph has a token of its own.
            Reason::TokenInvalid | Reason::TokenExpired | Reason::TokenWrongAudience if check != Check::Graph => {
                self.token_fault = self.token_fault.or(Some(failure.reason));
            }
            Reason::EwsTokenRefused | Reason::EwsForbidden | Reason::AccessDenied | Reason::AuthRefused if check.is_api() => {
                self.api_refused = true;
            }
            _ => {}
        }
    }

    /// Blames `failure` on a reason, if it is a refusal that other outcomes explain.
    pub fn blame(&self, outcome: &'a Outcome, failure: &'a Failure) -> Option<Blame<'a>> {
        let mailbox = self.mailboxes.get(&outcome.probe.mailbox.as_deref());
        let by_others = |mailbox| {
            self.explain_by_both_apis(outcome, failure, mailbox).or_else(|| self.explain_by_others(outcome, failure, mailbox))
        };
        if let Some((reason, confidence, candidates)) = mailbox.and_then(by_others) {
            return Some(Blame { outcome, reason, confidence, candidates, evidence: Cow::Borrowed(&failure.evidence) });
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
            self.explain_all_refused()
        } else if self.is_registered {
            self.explain_for_mailbox(outcome, failure, mailbox)?
        } else {
            self.explain_for_application(mailbox)?
        };
        Some(Blame { outcome, reason, confidence, candidates, evidence: Cow::Borrowed(&failure.evidence) })
    }

    /// Explains a refusal of EWS or Graph by the replies of both.
    fn explain_by_both_apis(&self, outcome: &Outcome, failure: &Failure, mailbox: &Mailbox) -> Option<Finding> {
        let (ews, graph) = (mailbox.ews, mailbox.graph);
        let policy = Some(Api::Refused(Reason::ImpersonationDenied));
        let by_list = self.is_off_ews_list;
        match (outcome.probe.check, failure.reason) {
            (Check::Ews, Reason::EwsForbidden) if graph.is_some_and(Api::is_past_policies) => {
                Some((Reason::EwsNotLicensed, Confidence::Likely, &[Reason::EwsBlockedByPolicy, Reason::EwsDisabled]))
            }
            (Check::Ews, Reason::EwsForbidden) if graph == policy => {
                Some((Reason::ImpersonationDenied, Confidence::Likely, &[Reason::EwsNotLicensed]))
            }
            // The list of allowed applications does not apply to Graph; the lists by User-Agent apply to both.
            (Check::Ews, Reason::EwsBlockedByPolicy) if graph == policy && !by_list => Some(BY_USER_AGENT),
            (Check::Graph, Reason::ImpersonationDenied) if ews == BLOCKED && !by_list => Some(BY_USER_AGENT),
            // Graph has one reply for both policies, and EWS names neither.
            (Check::Graph, Reason::ImpersonationDenied)
                if !ews.is_some_and(|ews| ews.is_past_policies() || ews.is_policy_refusal()) =>
            {
                Some((Reason::ImpersonationDenied, Confidence::Likely, &[Reason::UserAgentBlocked]))
            }
            // Graph has one reply for all mailboxes that it does not serve.
            (Check::Graph, Reason::MailboxNotFound) => {
                let by_tenant = self.explain_by_tenant();
                let by_state = mailbox.explain_by_state().filter(|(reason, ..)| *reason != Reason::MailboxNotFound);
                let alone: Finding = if mailbox.is_opened() {
                    (Reason::MailboxNotFound, Confidence::Possible, &[Reason::MailboxUnavailable])
                } else {
                    (Reason::MailboxNotFound, Confidence::Likely, &[Reason::LicenseInvalid])
                };
                by_tenant.or(by_state).or((!mailbox.is_unknown).then_some(alone))
            }
            _ => None,
        }
    }

    /// Explains a reply that says little, or what is said of a tenant that is not served, by what another protocol says of the same
    /// mailbox or of the tenant: a general word never outweighs a specific one.
    fn explain_by_others(&self, outcome: &Outcome, failure: &Failure, mailbox: &Mailbox) -> Option<Finding> {
        if !matches!(failure.phase, Phase::Auth | Phase::Mailbox) {
            return None;
        }
        let check = outcome.probe.check;
        match failure.reason {
            Reason::ServerUnavailable | Reason::OperationFailed => {
                let by_state = mailbox.explain_by_state().or_else(|| self.explain_by_tenant());
                by_state.map(|(reason, ..)| -> Finding { (reason, Confidence::Likely, &[Reason::ServerUnavailable]) })
            }
            // The address is in the directory of no tenant that Exchange serves.
            Reason::MailboxNotFound if check.is_mail() && !self.is_registered => self.explain_by_tenant(),
            Reason::EwsTokenRefused if !self.api_works => self.explain_by_tenant(),
            Reason::AccessDenied if failure.evidence.unrecognized && !self.api_works => self.explain_by_tenant(),
            _ => None,
        }
    }

    fn explain_by_tenant(&self) -> Option<Finding> {
        self.tenant_fault.map(|reason| (reason, Confidence::Likely, standalone::candidates_of_reason(reason)))
    }

    /// Tells whether the outcomes exclude the candidate for all that a cause explains.
    pub fn exclude(&self, candidate: Reason, explains: &[ProbeId]) -> bool {
        let of_all = |is_excluded: &dyn Fn(&Mailbox) -> bool| {
            explains.iter().all(|probe| self.mailboxes.get(&probe.mailbox.as_deref()).is_some_and(is_excluded))
        };
        match candidate {
            Reason::ExchangeServicePrincipalMissing => self.is_registered,
            Reason::TokenWrongTenant => self.is_registered || self.api_works,
            Reason::UserAgentBlocked => self.api_works,
            // The list of applications is the tenant's, the switch may be the mailbox's.
            Reason::EwsBlockedByPolicy => self.ews_works,
            Reason::PropagationPending => self.change == Some(Change::LongAgo),
            Reason::MailboxNotFound => of_all(&|mailbox| mailbox.is_opened() || mailbox.is_unopened),
            Reason::LicenseInvalid => of_all(&Mailbox::is_opened),
            // POP3 and IMAP need the same permission.
            Reason::MailboxPermissionMissing => of_all(&Mailbox::is_opened_by_mail),
            // SMTP names its switch.
            Reason::ProtocolDisabled => explains.iter().all(|probe| probe.check == Check::Smtp),
            _ => false,
        }
    }

    /// Tells whether no protocol accepts the application although Entra issues its token: the cause is one that all protocols
    /// have in common.
    fn is_refused_everywhere(&self) -> bool {
        let explained = self.token_fault.is_some() || self.tenant_fault.is_some() || self.has_state;
        let many = self.refusing.len() > 1 || self.is_refused_by_both;
        !self.is_registered && !explained && !self.api_works && self.api_refused && many
    }

    /// Explains that everything is refused: shortly after a change, by that change.
    fn explain_all_refused(&self) -> Finding {
        match self.change {
            Some(Change::Registered) => (Reason::PropagationPending, Confidence::Likely, AS_IF_MISSING),
            Some(Change::StoppedWorking) => (Reason::AccessRefusedEverywhere, Confidence::Likely, LATELY),
            Some(Change::LongAgo) => (Reason::AccessRefusedEverywhere, Confidence::Likely, EVERYWHERE),
            None => (Reason::AccessRefusedEverywhere, Confidence::Likely, WHO_KNOWS),
        }
    }

    /// Explains a refusal where no mail protocol accepts the application for any mailbox.
    fn explain_for_application(&self, mailbox: &Mailbox) -> Option<Finding> {
        if let Some(finding) = self.explain_by_tenant() {
            return Some(finding);
        }
        if let Some(reason) = self.token_fault {
            return Some((reason, Confidence::Likely, &[]));
        }
        if let Some(finding) = mailbox.explain_mail_by_state() {
            return Some(finding);
        }
        // A single protocol may also be switched off.
        let new = self.change == Some(Change::Registered);
        let candidates = if new { UNREGISTERED_OR_NEW } else { UNREGISTERED };
        (self.refusing.len() > 1).then_some((Reason::ExchangeServicePrincipalMissing, Confidence::Likely, candidates))
    }

    /// Explains a refusal where Exchange knows the application: the cause is in this mailbox.
    fn explain_for_mailbox(&self, outcome: &Outcome, failure: &Failure, mailbox: &Mailbox) -> Option<Finding> {
        // SMTP alone does not open the mailbox, so that what is wrong with it goes unnoticed there.
        let by_state = mailbox.explain_mail_by_state().filter(|_| !mailbox.is_opened_by_mail());
        if by_state.is_some() {
            return by_state;
        }
        if mailbox.working == [Check::Smtp] && mailbox.is_closed_to_pop3() {
            return Some((Reason::MailboxPermissionMissing, Confidence::Likely, OF_UNOPENED));
        }
        if !mailbox.working.is_empty() {
            return Some(explain_single_protocol(outcome, failure));
        }
        if mailbox.looks_switched_off() {
            return Some((Reason::ProtocolDisabled, Confidence::Likely, &[Reason::MailboxPermissionMissing]));
        }
        match mailbox.refused.len() {
            0 => None,
            1 if !self.mail_works => None,
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
const OF_UNOPENED: &[Reason] = &[Reason::LicenseInvalid, Reason::MailboxUnavailable, Reason::PropagationPending];
const OF_MAILBOX: &[Reason] = &[Reason::ProtocolDisabled, Reason::MailboxNotFound, Reason::PropagationPending];

/// Explains that one protocol is refused where another opens the mailbox: registration and permission are there.
fn explain_single_protocol(outcome: &Outcome, failure: &Failure) -> Finding {
    let lacks_role = outcome.facts.token.as_ref().is_some_and(|token| token.lacks_all_of(outcome.probe.check.roles()));
    match (outcome.probe.check, failure.reason) {
        // SMTP names its switch. An application without a role in the token has one in Exchange, for some mailboxes.
        (Check::Smtp, Reason::AuthRefused) if lacks_role => {
            (Reason::ImpersonationDenied, Confidence::Likely, &[Reason::TokenRoleMissing, Reason::PropagationPending])
        }
        (Check::Smtp, Reason::AuthRefused) => {
            (Reason::AuthRefused, Confidence::Possible, &[Reason::PropagationPending, Reason::MailboxPermissionMissing])
        }
        _ if lacks_role => {
            (Reason::ProtocolDisabled, Confidence::Likely, &[Reason::TokenRoleMissing, Reason::MailboxPermissionMissing])
        }
        _ => (Reason::ProtocolDisabled, Confidence::Likely, &[Reason::MailboxPermissionMissing, Reason::PropagationPending]),
    }
}

/// Tells whether Exchange refused without a reason. `5.7.139` has one, also where its text is not known.
fn is_refusal(outcome: &Outcome, failure: &Failure) -> bool {
    let generic = matches!(failure.reason, Reason::AuthRefused | Reason::MailboxNotConnected)
        && failure.evidence.code.as_deref() != Some(standalone::TEXT_DECIDES);
    generic && outcome.probe.check.is_mail() && matches!(failure.phase, Phase::Auth | Phase::Mailbox)
}
