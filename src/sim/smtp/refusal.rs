//! The replies with which mail is refused at its end.

use crate::sim::mailbox::SubmissionRefusal;

/// Returns the reply to a mail of `sender` in the session of `user`.
pub(super) fn reply(refusal: SubmissionRefusal, user: &str, sender: &str) -> String {
    match refusal {
        SubmissionRefusal::SendAsDenied => {
            return format!(
                "554 5.2.252 SendAsDenied; {user} not allowed to send as {sender}; \
                 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied"
            );
        }
        SubmissionRefusal::SenderBlocked => "550 5.1.8 Access denied, bad outbound sender",
        SubmissionRefusal::MailboxFull => {
            "554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded"
        }
        SubmissionRefusal::QuotaReached => "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException",
        SubmissionRefusal::TooLarge => "552 5.3.4 Message size exceeds fixed maximum message size",
        SubmissionRefusal::CutOff => {
            "550 5.2.252 Send as denied; submissions of this mailbox are throttled because of continuous errors"
        }
        SubmissionRefusal::Deferred => "452 4.3.1 Insufficient system resources",
    }
    .to_owned()
}
