//! The cause of a failure that no other outcome explains: its own reason, and how much that reason says by itself.

use std::borrow::Cow;

use super::{Blame, Confidence};
use crate::kind::Check;
use crate::outcome::{Evidence, Failure, Outcome};
use crate::reason::Reason;

/// Blames `failure` on its own reason.
pub fn blame<'a>(outcome: &'a Outcome, failure: &'a Failure) -> Blame<'a> {
    Blame {
        outcome,
        reason: failure.reason,
        confidence: if is_ambiguous(outcome, failure) || is_login_alone(outcome, failure) {
            Confidence::Likely
        } else {
            confidence_of(failure)
        },
        candidates: candidates(outcome, failure),
        evidence: Cow::Borrowed(&failure.evidence),
    }
}

/// Returns the confidence that a failure's reason is its cause. A reason that is a default is never certain.
pub fn confidence_of(failure: &Failure) -> Confidence {
    let most = if failure.evidence.unrecognized { Confidence::Likely } else { Confidence::Certain };
    confidence(failure.reason).min(most)
}

/// Returns the confidence that a reason is the cause: a generic refusal hides many causes, and silence or garbage may come from
/// anything on the way.
pub fn confidence(reason: Reason) -> Confidence {
    match reason {
        Reason::AuthRefused
        | Reason::MailboxNotConnected
        | Reason::OperationFailed
        | Reason::CommandRefused
        | Reason::RequestRejected
        | Reason::TimedOut
        | Reason::Internal => Confidence::Possible,
        Reason::ConnectFailed
        | Reason::TlsFailed
        | Reason::ConnectionClosed
        | Reason::ReplyTimedOut
        | Reason::ReplyMalformed
        | Reason::DnsHostsFile
        | Reason::DnsOneServerFails
        | Reason::DnsOneFamilyFails
        | Reason::ProtocolError
        | Reason::ClientCredentialRefused
        | Reason::ClientSecretMalformed
        | Reason::MachineTooSlow
        | Reason::TokenRefused
        | Reason::EwsForbidden
        | Reason::EwsTokenRefused
        | Reason::AddressAmbiguous
        | Reason::TokenWrongTenant
        | Reason::MailboxElsewhere
        | Reason::AccessDenied => Confidence::Likely,
        _ => Confidence::Certain,
    }
}

/// The code that SMTP uses for a dozen different refusals, told apart by their text alone. A refusal that still has this
/// code as `auth_refused` has a text that is not known.
pub const TEXT_DECIDES: &str = "5.7.139";

/// Tells whether the reply has two known causes: IMAP's for an address that is not in the directory was also observed where IMAP
/// was switched off.
fn is_ambiguous(outcome: &Outcome, failure: &Failure) -> bool {
    (outcome.probe.check, failure.reason) == (Check::Imap, Reason::MailboxNotFound) || is_locked(failure)
}

/// Tells whether the mailbox is held to be open because of a login alone: SMTP may take that and open nothing.
fn is_login_alone(outcome: &Outcome, failure: &Failure) -> bool {
    (outcome.probe.check, failure.reason) == (Check::Smtp, Reason::AccessTooBroad)
}

/// Tells whether the server says that the account is locked, which an administrator does, and a policy.
fn is_locked(failure: &Failure) -> bool {
    let Evidence { heard, code, .. } = &failure.evidence;
    let says_disabled = heard.as_deref().is_some_and(|heard| heard.to_ascii_lowercase().contains("disabled"));
    let is_status = code.as_deref() == Some("456");
    let says_locked = heard.as_deref().is_some_and(|heard| heard.to_ascii_lowercase().contains("locked"));
    failure.reason == Reason::AccountDisabled && !says_disabled && (is_status || says_locked)
}

/// Returns other causes of a reason that does not name its cause.
fn candidates(outcome: &Outcome, failure: &Failure) -> &'static [Reason] {
    match failure.reason {
        _ if is_locked(failure) => &[Reason::AuthPolicyBlocked],
        _ if is_ambiguous(outcome, failure) => &[Reason::ProtocolDisabled, Reason::TokenWrongTenant],
        Reason::AuthRefused if failure.evidence.code.as_deref() == Some(TEXT_DECIDES) => {
            &[Reason::AuthPolicyBlocked, Reason::SmtpAuthDisabledMailbox, Reason::BasicAuthBlocked]
        }
        Reason::AuthRefused => {
            &[Reason::ExchangeServicePrincipalMissing, Reason::MailboxPermissionMissing, Reason::ProtocolDisabled]
        }
        Reason::MailboxNotConnected => &[Reason::MailboxPermissionMissing, Reason::ProtocolDisabled, Reason::LicenseInvalid],
        reason => candidates_of_reason(reason),
    }
}

/// Returns other causes of a reason that does not name its cause, whatever the protocol.
pub fn candidates_of_reason(reason: Reason) -> &'static [Reason] {
    match reason {
        // From October 2026 on EWS is off in many tenants.
        Reason::EwsForbidden => {
            &[Reason::EwsDisabled, Reason::EwsBlockedByPolicy, Reason::EwsNotLicensed, Reason::ImpersonationDenied]
        }
        Reason::MailboxElsewhere => &[Reason::ServerUnavailable],
        // Exchange knows no such tenant: it is another, or one without Exchange Online.
        Reason::TokenWrongTenant => &[Reason::ResourceNotFound],
        _ => &[],
    }
}
