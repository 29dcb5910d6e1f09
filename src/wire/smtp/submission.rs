//! The commands that submit a mail (RFC 5321, 3.3), and the parsers of their replies.

use super::refusal::refusal;
use super::{SmtpReply, malformed};
use crate::reason::Reason;
use crate::wire::mail::SubmissionRefusal;

/// The command that begins the text.
pub const DATA: &str = "DATA";
/// The code that invites the text.
pub const GO_AHEAD: u16 = 354;
/// The code of every other success.
pub const COMPLETED: u16 = 250;

/// Writes the command that names the sender.
pub fn mail_command(from: &str) -> String {
    format!("MAIL FROM:<{from}>")
}

/// Writes the command that names the recipient.
pub fn rcpt_command(to: &str) -> String {
    format!("RCPT TO:<{to}>")
}

/// Parses the reply to MAIL, RCPT, DATA or the text, of which `expected` is the code of success.
///
/// # Errors
/// A refusal (`4xx`, `5xx`), and `reply_malformed` for another code.
pub fn parse_submission(reply: &SmtpReply, expected: u16) -> Result<(), SubmissionRefusal> {
    match reply.code {
        code if code == expected => Ok(()),
        // RFC 5321, 3.4: the server forwards it.
        251 | 252 if expected == COMPLETED => Ok(()),
        400..=599 => {
            Err(SubmissionRefusal { refusal: refusal(reply, Reason::SubmissionRefused), is_for_good: reply.code >= 500 })
        }
        _ => Err(SubmissionRefusal { refusal: malformed(reply).into(), is_for_good: false }),
    }
}

/// Returns the Message-ID in the reply to the text, as `250 2.0.0 OK <id> [Hostname=…]` of Exchange.
pub fn message_id(reply: &SmtpReply) -> Option<String> {
    let text = reply.text();
    let (_, rest) = text.split_once('<')?;
    let (id, _) = rest.split_once('>')?;
    let is_id = id.len() <= 250 && id.contains('@') && id.bytes().all(|byte| byte.is_ascii_graphic());
    is_id.then(|| format!("<{id}>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: u16, text: &str) -> SmtpReply {
        SmtpReply { code, lines: vec![text.to_owned()] }
    }

    #[test]
    fn parse_submission_of_refusals_tells_those_for_good() {
        for (code, text, reason, for_good) in [
            (554, "5.2.252 SendAsDenied; a not allowed to send as b", Reason::SendAsDenied, true),
            (550, "5.1.8 Access denied, bad outbound sender", Reason::SenderBlocked, true),
            (
                554,
                "5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded",
                Reason::MailboxFull,
                true,
            ),
            (554, "5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", Reason::SubmissionQuotaExceeded, true),
            (552, "5.3.4 Message size exceeds fixed maximum message size", Reason::MessageTooLarge, true),
            (550, "5.2.252 submissions are throttled", Reason::Throttled, true),
            (550, "5.7.1 no", Reason::SubmissionRefused, true),
            (452, "4.3.1 Insufficient system resources", Reason::SubmissionDeferred, false),
            (451, "4.7.0 Temporary server error. Please try again later. PRX5", Reason::ServerUnavailable, false),
            (250, "2.1.0 OK", Reason::ReplyMalformed, false),
        ] {
            let refused = parse_submission(&reply(code, text), GO_AHEAD).expect_err("no success");
            assert_eq!((refused.refusal.fault.reason, refused.is_for_good), (reason, for_good), "{code} {text}");
        }
        assert!(parse_submission(&reply(251, "2.1.5 will forward"), COMPLETED).is_ok());
        assert!(parse_submission(&reply(354, "go"), GO_AHEAD).is_ok());
    }

    #[test]
    fn message_id_is_found_in_the_reply_of_exchange() {
        let id = |text| message_id(&reply(250, text));
        assert_eq!(id("2.0.0 OK <1@CONTOSO.PROD> [Hostname=X.PROD.OUTLOOK.COM]").as_deref(), Some("<1@CONTOSO.PROD>"));
        for text in ["2.0.0 Ok: queued as 4F5F1", "<>", "<no id>", "<a b@c>", "<a@b"] {
            assert_eq!(id(text), None, "{text}");
        }
    }
}
