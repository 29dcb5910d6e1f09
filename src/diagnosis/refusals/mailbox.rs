//! What the checks of one mailbox show, and what that alone tells.

use super::{Confidence, Finding};
use crate::kind::Check;
use crate::reason::Reason;

/// What the checks of one mailbox show.
#[derive(Debug, Default)]
pub struct Mailbox {
    /// Mail protocols that opened it.
    pub fine: Vec<Check>,
    /// Mail protocols that refused, and in which words.
    pub refused: Vec<(Check, Reason)>,
    /// What somebody said about the mailbox as a whole.
    pub state: Option<Reason>,
    /// Somebody beside Graph says that there is no such mailbox.
    pub unknown: bool,
    /// A mail protocol took the token and then found no mailbox to open: the address is in the directory.
    pub unopened: bool,
    /// What EWS and Graph, which share policies and little else, answered.
    pub ews: Option<Api>,
    /// See `ews`.
    pub graph: Option<Api>,
}

impl Mailbox {
    /// Keeps what EWS or Graph `answered`; other checks are nobody's here.
    pub fn learn_api(&mut self, check: Check, answered: Api) {
        match check {
            Check::Ews => self.ews = Some(answered),
            Check::Graph => self.graph = Some(answered),
            _ => {}
        }
    }

    /// What is said about the mailbox as a whole, by all together. That there is none, Graph says of every mailbox that it
    /// does not serve; one that is in the directory all the same has no licence.
    pub fn told(&self) -> Option<Finding> {
        match self.state? {
            Reason::MailboxNotFound if self.unopened && !self.unknown => {
                Some((Reason::LicenseInvalid, Confidence::Likely, &[Reason::MailboxNotFound]))
            }
            state => Some((state, Confidence::Likely, &[])),
        }
    }

    /// The same, as far as it keeps mail protocols out: those of a shared mailbox work, and its account is disabled.
    pub fn told_of_mail(&self) -> Option<Finding> {
        self.told().filter(|(told, ..)| *told != Reason::AccountDisabled)
    }

    /// POP3 and IMAP refuse in the words for protocols that are switched off, and SMTP, which has a switch of its own, does not
    /// refuse with them.
    pub fn looks_switched_off(&self) -> bool {
        let off = [(Check::Pop3, Reason::AuthRefused), (Check::Imap, Reason::MailboxNotConnected)];
        self.refused.len() == off.len() && off.iter().all(|one| self.refused.contains(one))
    }

    /// EWS keeps to a list of applications, and Graph, which knows no such list, lets the application in.
    pub fn is_told_of_list(&self) -> bool {
        self.ews == BLOCKED && self.graph == Some(Api::Fine)
    }

    /// Neither EWS nor Graph lets the application in, and neither has a reason of its own.
    pub fn is_refused_by_both(&self) -> bool {
        self.ews == Some(Api::Refused(Reason::EwsTokenRefused)) && self.graph == Some(Api::Refused(Reason::AccessDenied))
    }
}

/// What EWS or Graph answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// It opened the mailbox.
    Fine,
    /// It failed, for this reason.
    Refused(Reason),
}

impl Api {
    /// Got as far as the mailbox: no policy is in the way.
    pub const fn passed(self) -> bool {
        matches!(self, Self::Fine | Self::Refused(Reason::FolderNotFound | Reason::MailboxUnavailable))
    }

    /// Is an access policy's answer: a program that EWS blocks by its `User-Agent` hears of that instead.
    pub const fn tells_of_policy(self) -> bool {
        matches!(self, Self::Refused(Reason::ImpersonationDenied | Reason::EwsForbidden))
    }
}

/// What EWS says to an application that is not on its list.
pub const BLOCKED: Option<Api> = Some(Api::Refused(Reason::EwsBlockedByPolicy));

/// Of two things said about a mailbox the one that says more: that there is none is what many say who serve it not.
pub fn most_telling(known: Option<Reason>, said: Reason) -> Option<Reason> {
    known.filter(|known| *known != Reason::MailboxNotFound || said == Reason::MailboxNotFound).or(Some(said))
}
