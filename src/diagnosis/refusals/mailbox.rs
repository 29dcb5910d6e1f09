//! The evidence of the checks of one mailbox, and the reasons that follow from it alone.

use super::{Confidence, Finding};
use crate::kind::Check;
use crate::reason::Reason;

/// The evidence of the checks of one mailbox.
#[derive(Debug, Default)]
pub struct Mailbox {
    /// The mail protocols that opened it.
    pub working: Vec<Check>,
    /// The mail protocols that refused, and the reasons of their replies.
    pub refused: Vec<(Check, Reason)>,
    /// The reason that a server gave for the mailbox as a whole.
    pub state: Option<Reason>,
    /// Set if another service than Graph says that there is no such mailbox.
    pub is_unknown: bool,
    /// Set if a mail protocol accepted the token and then could not open the mailbox: the address is in the directory.
    pub is_unopened: bool,
    /// The result of EWS, which shares policies with Graph and little else.
    pub ews: Option<Api>,
    /// The result of Graph.
    pub graph: Option<Api>,
}

impl Mailbox {
    /// Keeps the result of EWS or Graph; other checks are ignored.
    pub fn set_api(&mut self, check: Check, result: Api) {
        match check {
            Check::Ews => self.ews = Some(result),
            Check::Graph => self.graph = Some(result),
            _ => {}
        }
    }

    /// Explains refusals by the state of the mailbox. Graph says of every mailbox that it does not serve that there is none; one
    /// that is in the directory nevertheless has no licence.
    pub fn explain_by_state(&self) -> Option<Finding> {
        match self.state? {
            // Graph alone says so, and another service opened it.
            Reason::MailboxNotFound if self.is_opened() && !self.is_unknown => None,
            Reason::MailboxNotFound if self.is_unopened && !self.is_unknown => {
                Some((Reason::LicenseInvalid, Confidence::Likely, &[Reason::MailboxNotFound]))
            }
            state => Some((state, Confidence::Likely, &[])),
        }
    }

    /// Explains refusals of mail protocols by the state of the mailbox: a disabled account is none, for shared mailboxes work
    /// with one, and a full mailbox is opened like any other.
    pub fn explain_mail_by_state(&self) -> Option<Finding> {
        self.explain_by_state().filter(|(reason, ..)| !matches!(reason, Reason::AccountDisabled | Reason::MailboxFull))
    }

    /// Tells whether a service opened it. SMTP's login opens nothing.
    pub fn is_opened(&self) -> bool {
        self.is_opened_by_mail() || [self.ews, self.graph].contains(&Some(Api::Works))
    }

    /// Tells whether POP3 or IMAP opened it.
    pub fn is_opened_by_mail(&self) -> bool {
        self.working.iter().any(|check| *check != Check::Smtp)
    }

    /// Tells whether POP3 accepted the token and could not open it. Switched off, POP3 refuses the login.
    pub fn is_closed_to_pop3(&self) -> bool {
        self.refused.contains(&(Check::Pop3, Reason::MailboxNotConnected))
    }

    /// Tells whether POP3 and IMAP reply as they do when switched off, and SMTP, which has a switch of its own, does not refuse.
    pub fn looks_switched_off(&self) -> bool {
        let off = [(Check::Pop3, Reason::AuthRefused), (Check::Imap, Reason::MailboxNotConnected)];
        self.refused.len() == off.len() && off.iter().all(|one| self.refused.contains(one))
    }

    /// Tells whether EWS refuses by its list of applications, which does not exist for Graph, and Graph works.
    pub fn is_off_ews_list_only(&self) -> bool {
        self.ews == BLOCKED && self.graph == Some(Api::Works)
    }

    /// Tells whether both EWS and Graph refuse the application, neither with a reason of its own.
    pub fn is_refused_by_both(&self) -> bool {
        self.ews == Some(Api::Refused(Reason::EwsTokenRefused)) && self.graph == Some(Api::Refused(Reason::AccessDenied))
    }
}

/// The result of EWS or Graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// It opened the mailbox.
    Works,
    /// It failed, for this reason.
    Refused(Reason),
}

impl Api {
    /// Tells whether the request reached the mailbox, so that no policy forbids it.
    pub const fn is_past_policies(self) -> bool {
        matches!(self, Self::Works | Self::Refused(Reason::FolderNotFound | Reason::MailboxUnavailable))
    }

    /// Tells whether it is the reply of an access policy; a program blocked by its `User-Agent` gets another.
    pub const fn is_policy_refusal(self) -> bool {
        matches!(self, Self::Refused(Reason::ImpersonationDenied | Reason::EwsForbidden))
    }
}

/// The result of EWS for an application that is not on its list.
pub const BLOCKED: Option<Api> = Some(Api::Refused(Reason::EwsBlockedByPolicy));

/// Returns the more specific of two reasons for a mailbox as a whole: `mailbox_not_found` is also the reply of services that do
/// not serve it.
pub fn more_specific(known: Option<Reason>, reason: Reason) -> Option<Reason> {
    known.filter(|known| *known != Reason::MailboxNotFound || reason == Reason::MailboxNotFound).or(Some(reason))
}
