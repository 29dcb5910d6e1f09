//! A failure as its own cause, and how much its reason says by itself.

use super::{Blame, Confidence};
use crate::outcome::{Failure, Outcome};
use crate::reason::Reason;

/// Blames `failure` on its own reason.
pub fn blame<'a>(outcome: &'a Outcome, failure: &Failure) -> Blame<'a> {
    Blame {
        outcome,
        reason: failure.reason,
        confidence: confidence(failure.reason),
        candidates: candidates(failure.reason),
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
        | Reason::ProtocolError
        | Reason::ClientCredentialRefused
        | Reason::TokenRefused
        | Reason::EwsForbidden
        | Reason::EwsTokenRefused
        | Reason::AccessDenied => Confidence::Likely,
        _ => Confidence::Certain,
    }
}

/// What else may be behind a reason that hides its cause.
fn candidates(reason: Reason) -> &'static [Reason] {
    match reason {
        Reason::AuthRefused => {
            &[Reason::ExchangeServicePrincipalMissing, Reason::MailboxPermissionMissing, Reason::ProtocolDisabled]
        }
        Reason::MailboxNotConnected => &[Reason::MailboxPermissionMissing, Reason::ProtocolDisabled, Reason::LicenseInvalid],
        Reason::EwsForbidden => &[Reason::LicenseInvalid, Reason::ImpersonationDenied, Reason::EwsBlockedByPolicy],
        _ => &[],
    }
}
