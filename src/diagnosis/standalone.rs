//! A failure as its own cause, and how much its reason says by itself.

use super::{Blame, Confidence};
use crate::kind::Check;
use crate::outcome::{Failure, Outcome};
use crate::reason::Reason;

/// Blames `failure` on its own reason.
pub fn blame<'a>(outcome: &'a Outcome, failure: &Failure) -> Blame<'a> {
    Blame {
        outcome,
        reason: failure.reason,
        confidence: if by_hearsay(outcome, failure) { Confidence::Likely } else { confidence(failure.reason) },
        candidates: candidates(outcome, failure),
        evidence: failure.evidence.clone(),
    }
}

/// How sure a reason is as a cause: generic refusals hide many, silence and garbage come from somebody unknown.
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
        | Reason::TokenRefused
        | Reason::EwsForbidden
        | Reason::EwsTokenRefused
        | Reason::AddressAmbiguous
        | Reason::MailboxElsewhere
        | Reason::AccessDenied => Confidence::Likely,
        _ => Confidence::Certain,
    }
}

/// The code of SMTP refusals that say why in their words, of which there are a dozen.
pub const UNKNOWN_WORDS: &str = "5.7.139";

/// IMAP's word on a mailbox that is not in the directory was also heard where IMAP was switched off.
fn by_hearsay(outcome: &Outcome, failure: &Failure) -> bool {
    (outcome.probe.check, failure.reason) == (Check::Imap, Reason::MailboxNotFound)
}

/// What else may be behind a reason that hides its cause.
fn candidates(outcome: &Outcome, failure: &Failure) -> &'static [Reason] {
    match failure.reason {
        _ if by_hearsay(outcome, failure) => &[Reason::ProtocolDisabled, Reason::TokenWrongTenant],
        Reason::AuthRefused if failure.evidence.code.as_deref() == Some(UNKNOWN_WORDS) => {
            &[Reason::AuthPolicyBlocked, Reason::SmtpAuthDisabledMailbox, Reason::BasicAuthBlocked]
        }
        Reason::AuthRefused => {
            &[Reason::ExchangeServicePrincipalMissing, Reason::MailboxPermissionMissing, Reason::ProtocolDisabled]
        }
        Reason::MailboxNotConnected => &[Reason::MailboxPermissionMissing, Reason::ProtocolDisabled, Reason::LicenseInvalid],
        // From October 2026 on EWS is off in many tenants.
        Reason::EwsForbidden => {
            &[Reason::EwsDisabled, Reason::EwsBlockedByPolicy, Reason::EwsNotLicensed, Reason::ImpersonationDenied]
        }
        Reason::MailboxElsewhere => &[Reason::ServerUnavailable],
        _ => &[],
    }
}
