//! The lines of an IMAP server in response to a command (RFC 3501, 7): tagged, untagged and continuation.

use super::{BYE, Step, malformed};
use crate::wire::sasl::Challenge;
use crate::wire::{Refusal, pop3_imap_refusal};

/// One line of the server, its literals included: see [`literal_length`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImapResponse<'a> {
    /// The command is completed: the text after `OK`.
    Completed(&'a str),
    /// The text after `*`: data for [`super::parse_status`] and [`super::parse_capabilities`], or of no interest.
    Untagged(&'a str),
    /// The challenge after `+`, in response to the login only: send an empty line and read again.
    Challenge(Challenge),
}

/// Parses one line, without its CRLF, in response to the command sent with `tag`.
///
/// Exchange may send `* BYE` before or after the tagged refusal. The tagged line is more specific, so a caller should read on
/// after a `BYE`: see [`is_bye`].
///
/// # Errors
/// A refusal (`NO`, `BAD`), a `* BYE`, and `reply_malformed` for anything else, also for another command's tag.
pub fn parse_response<'a>(line: &'a str, tag: &str, step: Step) -> Result<ImapResponse<'a>, Refusal> {
    let (label, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (status, text) = rest.split_once(' ').unwrap_or((rest, ""));
    match label {
        "*" if is_bye(line) => Err(pop3_imap_refusal::parse_refusal(line, text, BYE)),
        // An untagged BAD is about a command that the server could not parse (RFC 3501, 7.1.3): ours.
        "*" if status.eq_ignore_ascii_case("BAD") => Err(pop3_imap_refusal::parse_refusal(line, text, step.bad_reasons())),
        "*" if !rest.is_empty() => Ok(ImapResponse::Untagged(rest)),
        "+" if step == Step::Login => Ok(ImapResponse::Challenge(Challenge::parse(rest))),
        _ if label == tag => match status.to_ascii_uppercase().as_str() {
            "OK" => Ok(ImapResponse::Completed(text)),
            "NO" => Err(pop3_imap_refusal::parse_refusal(line, text, step.no_reasons())),
            "BAD" => Err(pop3_imap_refusal::parse_refusal(line, text, step.bad_reasons())),
            _ => Err(malformed(line).into()),
        },
        // Also another command's response: then the conversation is out of step, and nothing after it can be trusted.
        _ => Err(malformed(line).into()),
    }
}

/// Reports whether the line is `* BYE`: the server is about to close the connection.
pub fn is_bye(line: &str) -> bool {
    let mut parts = line.split(' ');
    parts.next() == Some("*") && parts.next().is_some_and(|part| part.eq_ignore_ascii_case("BYE"))
}

/// Returns the number of bytes that follow the line as a literal (RFC 3501, 4.3): `{12}` or `{12+}` at its end. The caller reads
/// so many bytes and then a further line, and joins all three, CRLF included, before the line is parsed.
pub fn literal_length(line: &str) -> Option<u64> {
    let (_, count) = line.strip_suffix('}')?.rsplit_once('{')?;
    let count = count.strip_suffix('+').unwrap_or(count);
    let digits = !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit());
    // More digits than fit mean more bytes than are ever read.
    digits.then(|| count.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::reason::Reason;

    fn refused<T: std::fmt::Debug>(result: Result<T, Refusal>) -> Reason {
        result.expect_err("a refusal").fault.reason
    }

    #[test]
    fn parse_response_of_completion_data_and_challenge() {
        let parsed = |text| parse_response(text, "a2", Step::Login).expect("no refusal");
        assert_eq!(parsed("a2 OK AUTHENTICATE completed."), ImapResponse::Completed("AUTHENTICATE completed."));
        assert_eq!(parsed("a2 OK"), ImapResponse::Completed(""));
        assert_eq!(parsed("* CAPABILITY IMAP4rev1 AUTH=XOAUTH2"), ImapResponse::Untagged("CAPABILITY IMAP4rev1 AUTH=XOAUTH2"));
        assert!(
            matches!(parsed("+ eyJzdGF0dXMiOiI0MDEifQ=="), ImapResponse::Challenge(challenge) if challenge.status.as_deref() == Some("401"))
        );
        assert!(matches!(parsed("+"), ImapResponse::Challenge(_)));
    }

    #[test]
    fn parse_response_of_a_refusal_gives_its_reason() {
        use Step::{Login, Mailbox, Starttls};
        for (step, line, reason) in [
            (Login, "a2 NO AUTHENTICATE failed.", Reason::AuthRefused),
            (Login, r#"a2 NO AUTHENTICATE failed. [Error="AuthFailed:LogonDenied-None-OAuthLog:x"]"#, Reason::AuthRefused),
            (Login, "a2 NO AUTHENTICATE failed. [Error=NoADRecipient AuthResultFromPopImapEnd=8]", Reason::MailboxNotFound),
            (Login, "a2 NO User is authenticated but not connected.", Reason::MailboxNotConnected),
            (Login, "a2 NO Basic authentication is disabled.", Reason::BasicAuthBlocked),
            (Login, "a2 NO LOGIN failed.", Reason::BasicAuthBlocked),
            (
                Login,
                r#"a2 NO AUTHENTICATE failed. [Error="AuthFailed:LogonDenied-BasicAuthBlocked-<RequestId=d7c4,ST=02:03:58>" Proxy=x]"#,
                Reason::BasicAuthBlocked,
            ),
            (Login, "a2 NO Request is throttled. Suggested Backoff Time: 89117 milliseconds", Reason::Throttled),
            (Login, "a2 BAD Command Error. 10", Reason::ProtocolError),
            (Login, "a2 BAD Command Error. 11", Reason::ProtocolError),
            (Login, "a2 BAD Command Error. 12", Reason::MechanismNotOffered),
            (Login, "* BAD Command Error. 10", Reason::ProtocolError),
            (Mailbox, "a2 BAD Command Error. 12", Reason::ProtocolError),
            (Login, "a2 NO Server Unavailable. 15", Reason::ServerUnavailable),
            (Login, "a2 BAD Server Unavailable. 15", Reason::ServerUnavailable),
            (Login, "a2 NO [AUTHENTICATIONFAILED] Authentication failed.", Reason::AuthRefused),
            (Login, "a2 NO [AUTHORIZATIONFAILED] no", Reason::AuthRefused),
            (Login, "a2 NO [UNAVAILABLE] Temporary authentication failure.", Reason::ServerUnavailable),
            (Login, "a2 NO [UNAVAILABLE] Maximum number of connections from user+IP exceeded", Reason::TooManyConnections),
            (Login, "a2 NO [LIMIT] slower", Reason::Throttled),
            (Login, "a2 NO [CONTACTADMIN] ask", Reason::AuthRefused),
            (Login, "a2 NO [EXPIRED] too old", Reason::TokenExpired),
            (Login, "a2 NO [INUSE] somebody else is here", Reason::TooManyConnections),
            (Login, "a2 NO [PRIVACYREQUIRED] not in the clear", Reason::MechanismNotOffered),
            (Login, "a2 NO [REFERRAL IMAP://user;AUTH=*@other.example/] not here", Reason::MailboxElsewhere),
            (Login, "a2 NO [ALERT] Too many simultaneous connections. (Failure)", Reason::TooManyConnections),
            (Login, "a2 NO System error, try again later", Reason::ServerUnavailable),
            (Login, "a2 NO Unsupported authentication mechanism.", Reason::MechanismNotOffered),
            (Login, "a2 NO no mechanism available", Reason::MechanismNotOffered),
            (Login, "a2 BAD nonsense", Reason::ProtocolError),
            (Login, "* BYE Connection is closed. 13", Reason::ConnectionClosed),
            (Login, "* BYE Connection closed. 14", Reason::ConnectionClosed),
            (Login, "* BYE Session invalidated - Disabled", Reason::SessionInvalidated),
            (Login, "* BYE", Reason::ConnectionClosed),
            (Login, "* BYE Server shutting down.", Reason::ServerUnavailable),
            (Login, "* BYE [UNAVAILABLE] not now", Reason::ServerUnavailable),
            (Login, "* BYE Autologout; idle for too long", Reason::ConnectionClosed),
            (Starttls, "a2 BAD Command Error. 12", Reason::StarttlsNotOffered),
            (Starttls, "a2 BAD TLS support isn't enabled.", Reason::StarttlsNotOffered),
            (Starttls, "a2 NO Server Unavailable. 15", Reason::StarttlsRefused),
            (Starttls, "a2 NO not now", Reason::StarttlsRefused),
            (Mailbox, "a2 BAD User is authenticated but not connected.", Reason::MailboxNotConnected),
            (Mailbox, "a2 BAD User is authenticated but  not connected.", Reason::MailboxNotConnected),
            (Mailbox, "a2 NO [NONEXISTENT] Mailbox doesn't exist", Reason::FolderNotFound),
            (Mailbox, "a2 NO [TRYCREATE] no such mailbox", Reason::FolderNotFound),
            (Mailbox, "a2 NO [OVERQUOTA] full", Reason::MailboxFull),
            (Mailbox, "a2 NO The mailbox is full.", Reason::MailboxFull),
            (Mailbox, "a2 NO The user does not have a valid license", Reason::LicenseInvalid),
            (Mailbox, "a2 NO Account is disabled", Reason::AccountDisabled),
            (Login, "a2 NO Rate limit exceeded", Reason::Throttled),
            (Mailbox, "a2 NO [SERVERBUG] sorry", Reason::ServerUnavailable),
            (Mailbox, "a2 NO no", Reason::CommandRefused),
            (Mailbox, "a1 OK done", Reason::ReplyMalformed),
            (Mailbox, "a2 MAYBE", Reason::ReplyMalformed),
            (Mailbox, "a2", Reason::ReplyMalformed),
            (Mailbox, "+ go on", Reason::ReplyMalformed),
            (Mailbox, "*", Reason::ReplyMalformed),
            (Mailbox, "-ERR what", Reason::ReplyMalformed),
            (Mailbox, "", Reason::ReplyMalformed),
        ] {
            assert_eq!(refused(parse_response(line, "a2", step)), reason, "{line}");
        }
        let line = "a2 BAD Request is throttled. Suggested Backoff Time: 299961 milliseconds";
        assert_eq!(parse_response(line, "a2", Mailbox).expect_err("throttled").back_off, Some(Duration::from_millis(299_961)));
    }

    #[test]
    fn literal_length_is_at_the_end_of_a_line() {
        for (line, bytes) in [
            ("* STATUS {5}", Some(5)),
            ("* STATUS {5+}", Some(5)),
            ("* STATUS {99999999999999999999999}", Some(u64::MAX)),
            ("* STATUS {}", None),
            ("* STATUS {-1}", None),
            ("* STATUS {5} ", None),
            ("}", None),
        ] {
            assert_eq!(literal_length(line), bytes, "{line}");
        }
    }
}
