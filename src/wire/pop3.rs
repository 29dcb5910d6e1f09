//! POP3 (RFC 1939; SASL by RFC 5034): the commands that open a mailbox, and the parsers of their replies.

use super::Refusal;
use super::pop3_imap_refusal::{self, StepReasons};
use super::sasl::{AuthReply, Challenge};
use crate::outcome::Fault;
use crate::reason::Reason;
use crate::sanitize;

/// The command that asks for TLS (RFC 2595).
pub const STLS: &str = "STLS";
/// The command that names the mechanism. The payload follows on a line of its own: Exchange takes the one-line form for an
/// over-long command and closes the connection.
pub const AUTH: &str = "AUTH XOAUTH2";
/// The command that counts the messages. Only this proves that the mailbox could be opened: Exchange replies `+OK` to AUTH
/// before it has.
pub const STAT: &str = "STAT";
/// The command that ends the session.
pub const QUIT: &str = "QUIT";

/// Writes the command that reads the header of a message, and so many lines of its body.
pub fn top(number: u64, lines: u32) -> String {
    format!("TOP {number} {lines}")
}

/// Writes the command that marks a message for deletion.
pub fn delete(number: u64) -> String {
    format!("DELE {number}")
}

/// Parses the first line of the reply to [`top`], [`delete`] or [`QUIT`].
///
/// # Errors
/// A `-ERR`, and `reply_malformed` for anything else that is no `+OK`.
pub fn parse_command(line: &str) -> Result<(), Refusal> {
    match parse_reply(line)? {
        Pop3Reply::Ok(_) => Ok(()),
        Pop3Reply::Err(text) | Pop3Reply::Closing(text) => {
            Err(refusal(line, text, Reason::CommandRefused, Reason::ProtocolError))
        }
        Pop3Reply::Continue(_) => Err(malformed(line).into()),
    }
}

/// One line of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pop3Reply<'a> {
    /// The text after `+OK`.
    Ok(&'a str),
    /// The text after `-ERR`.
    Err(&'a str),
    /// The text after `+`.
    Continue(&'a str),
    /// Exchange's last line after too many errors, which has no prefix: `Connection is closed. 21`.
    Closing(&'a str),
}

/// Parses one line, without its CRLF.
///
/// # Errors
/// `reply_malformed` for anything else.
pub fn parse_reply(line: &str) -> Result<Pop3Reply<'_>, Fault> {
    let (status, rest) = line.split_once(' ').unwrap_or((line, ""));
    match status {
        "+" => Ok(Pop3Reply::Continue(rest)),
        _ if status.eq_ignore_ascii_case("+OK") => Ok(Pop3Reply::Ok(rest)),
        _ if status.eq_ignore_ascii_case("-ERR") => Ok(Pop3Reply::Err(rest)),
        _ if line.starts_with("Connection is closed.") => Ok(Pop3Reply::Closing(line)),
        _ => Err(malformed(line)),
    }
}

/// The greeting of a POP3 server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pop3Greeting {
    /// The front end's name, where the greeting has it.
    pub server: Option<String>,
}

/// Parses the first line, without its CRLF.
///
/// # Errors
/// A `-ERR`, and `greeting_unexpected` for anything that is no POP3 greeting.
pub fn parse_greeting(line: &str) -> Result<Pop3Greeting, Refusal> {
    match parse_reply(line) {
        Ok(Pop3Reply::Ok(text)) => Ok(Pop3Greeting { server: pop3_imap_refusal::server_name(text) }),
        Ok(Pop3Reply::Err(text) | Pop3Reply::Closing(text)) => {
            Err(refusal(line, text, Reason::GreetingRefused, Reason::GreetingRefused))
        }
        Ok(Pop3Reply::Continue(_)) | Err(_) => Err(Fault::heard(Reason::GreetingUnexpected, sanitize::reply(line)).into()),
    }
}

/// Parses the reply to [`STLS`].
///
/// # Errors
/// A `-ERR`, and `reply_malformed` for anything else that is no `+OK`.
pub fn parse_stls(line: &str) -> Result<(), Refusal> {
    match parse_reply(line)? {
        Pop3Reply::Ok(_) => Ok(()),
        Pop3Reply::Err(text) | Pop3Reply::Closing(text) => {
            Err(refusal(line, text, Reason::StarttlsRefused, Reason::StarttlsNotOffered))
        }
        Pop3Reply::Continue(_) => Err(malformed(line).into()),
    }
}

/// Parses the reply to [`AUTH`]: the `+` after which the payload is sent. No user has been named yet who could be refused.
///
/// # Errors
/// A `-ERR`, and `reply_malformed` for anything else that is no `+`.
pub fn parse_auth_continuation(line: &str) -> Result<(), Refusal> {
    match parse_reply(line)? {
        Pop3Reply::Continue(_) => Ok(()),
        Pop3Reply::Err(text) | Pop3Reply::Closing(text) => {
            let mut refusal = refusal(line, text, Reason::MechanismNotOffered, Reason::MechanismNotOffered);
            if refusal.fault.reason == Reason::AuthRefused {
                refusal.fault.reason = Reason::MechanismNotOffered;
            }
            Err(refusal)
        }
        Pop3Reply::Ok(_) => Err(malformed(line).into()),
    }
}

/// Parses the reply to the payload.
///
/// # Errors
/// A `-ERR`, and `reply_malformed` for anything that is no reply.
pub fn parse_login(line: &str) -> Result<AuthReply, Refusal> {
    match parse_reply(line)? {
        Pop3Reply::Ok(_) => Ok(AuthReply::Accepted),
        Pop3Reply::Continue(encoded) => Ok(AuthReply::Challenged(Challenge::parse(encoded))),
        Pop3Reply::Err(text) | Pop3Reply::Closing(text) => Err(refusal(line, text, Reason::AuthRefused, Reason::ProtocolError)),
    }
}

/// The reply to [`STAT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatReply {
    /// The number of messages.
    pub messages: u64,
    /// Their size in bytes.
    pub bytes: u64,
}

/// Parses the reply to [`STAT`]: `+OK 12 34567`, after which a server may add anything.
///
/// # Errors
/// A `-ERR`, and `reply_malformed` for anything without the two numbers.
pub fn parse_stat(line: &str) -> Result<StatReply, Refusal> {
    match parse_reply(line)? {
        Pop3Reply::Ok(text) => {
            let mut numbers = text.split_ascii_whitespace().map(str::parse);
            match (numbers.next(), numbers.next()) {
                (Some(Ok(messages)), Some(Ok(bytes))) => Ok(StatReply { messages, bytes }),
                _ => Err(malformed(line).into()),
            }
        }
        Pop3Reply::Err(text) | Pop3Reply::Closing(text) => {
            Err(refusal(line, text, Reason::CommandRefused, Reason::ProtocolError))
        }
        Pop3Reply::Continue(_) => Err(malformed(line).into()),
    }
}

/// Parses a refusal: `refused` where its text is not more specific, `unknown` where the server does not know the command.
fn refusal(line: &str, text: &str, refused: Reason, unknown: Reason) -> Refusal {
    pop3_imap_refusal::parse_refusal(line, text, StepReasons { refused, unknown })
}

fn malformed(line: &str) -> Fault {
    Fault::heard(Reason::ReplyMalformed, sanitize::reply(line))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn reason<T: std::fmt::Debug>(result: Result<T, Refusal>) -> Reason {
        result.expect_err("a refusal").fault.reason
    }

    #[test]
    fn parsers_take_the_replies_of_exchange_online() {
        let hello = "+OK The Microsoft Exchange POP3 service is ready. [UABBADcAUAAyADYANABDAEEAMAAxADMANwAuAEYAUgBBAFAA]";
        assert_eq!(parse_greeting(hello).expect("greeted").server.as_deref(), Some("PA7P264CA0137.FRAP"));
        parse_stls("+OK Begin TLS negotiation.").expect("invited");
        parse_auth_continuation("+ ").expect("invited");
        parse_auth_continuation("+").expect("invited");
        assert_eq!(parse_login("+OK User successfully authenticated.").expect("in"), AuthReply::Accepted);
        assert_eq!(parse_stat("+OK 12 34567").expect("counted"), StatReply { messages: 12, bytes: 34567 });
        assert_eq!(parse_stat("+OK 0 0 octets").expect("counted"), StatReply { messages: 0, bytes: 0 });
        assert!(matches!(parse_login("+ eyJzdGF0dXMiOiI0MDEifQ==").expect("challenged"), AuthReply::Challenged(_)));
    }

    #[test]
    fn parse_greeting_of_a_refusal_or_another_protocol_gives_its_reason() {
        for (line, expected) in [
            ("-ERR Server Unavailable. 21", Reason::GreetingRefused),
            ("-ERR [SYS/TEMP] come back later", Reason::GreetingRefused),
            ("-ERR Too many connections", Reason::TooManyConnections),
            ("-ERR no", Reason::GreetingRefused),
            ("-ERR Connection is closed. 12", Reason::GreetingRefused),
            ("* OK The Microsoft Exchange IMAP4 service is ready.", Reason::GreetingUnexpected),
            ("220 mail ESMTP", Reason::GreetingUnexpected),
            ("HTTP/1.1 400 Bad Request", Reason::GreetingUnexpected),
            ("+OKAY", Reason::GreetingUnexpected),
            ("", Reason::GreetingUnexpected),
        ] {
            assert_eq!(reason(parse_greeting(line)), expected, "{line}");
        }
    }

    #[test]
    fn parse_login_of_a_refusal_gives_its_reason() {
        for (line, expected) in [
            ("-ERR Authentication failure: unknown user name or bad password.", Reason::AuthRefused),
            (
                "-ERR Authentication failure: unknown user name or bad password. [Error=NoADRecipient Proxy=x]",
                Reason::MailboxNotFound,
            ),
            ("-ERR Logon failure: unknown user name or bad password.", Reason::BasicAuthBlocked),
            ("-ERR Basic authentication is disabled", Reason::BasicAuthBlocked),
            ("-ERR Command is not valid in this state.", Reason::ProtocolError),
            ("-ERR The AUTH protocol exchange was canceled by the client.", Reason::ProtocolError),
            ("-ERR Protocol error. Connection is closed. 10", Reason::ProtocolError),
            ("-ERR Protocol error. 16", Reason::ProtocolError),
            ("-ERR Protocol error. 17", Reason::ProtocolError),
            ("-ERR Protocol error. 18", Reason::ProtocolError),
            ("-ERR Protocol error. 19", Reason::ProtocolError),
            ("-ERR Protocol error. 20", Reason::ProtocolError),
            ("-ERR User is authenticated but not connected.", Reason::MailboxNotConnected),
            (
                r#"-ERR Logon failure: unknown user name or bad password. [Error="AuthFailed:LogonDenied-BasicAuthBlocked-<RequestId=d7c4,ST=02:03:58>" Proxy=x]"#,
                Reason::BasicAuthBlocked,
            ),
            (
                r#"-ERR Authentication failure: unknown user name or bad password. [Error="AuthFailed:LogonDenied-None-OAuthLog:AuthExc_Auth Failed. User:x" Proxy=x]"#,
                Reason::AuthRefused,
            ),
            (
                "-ERR Authentication failure: unknown user name or bad password. [Error=TooManyADRecipients Proxy=x]",
                Reason::AddressAmbiguous,
            ),
            ("-ERR Connection is closed. 12", Reason::ConnectionClosed),
            ("-ERR Connection is closed. 22", Reason::ServerUnavailable),
            ("-ERR Server Unavailable. 21", Reason::ServerUnavailable),
            ("-ERR Session invalidated - Disabled", Reason::SessionInvalidated),
            ("Connection is closed. 21", Reason::ConnectionClosed),
            ("-ERR [AUTH] Authentication failed.", Reason::AuthRefused),
            ("-ERR [SYS/TEMP] Temporary authentication failure. [host:2026-11-23 18:00:00]", Reason::ServerUnavailable),
            ("-ERR [SYS/PERM] Mailbox is corrupt", Reason::ServerUnavailable),
            ("-ERR [LOGIN-DELAY] minimum time between mail checks violation", Reason::Throttled),
            ("-ERR [IN-USE] Do you have another POP session running?", Reason::TooManyConnections),
            ("-ERR maildrop already locked", Reason::TooManyConnections),
            ("-ERR Server is shutting down", Reason::ServerUnavailable),
            ("-ERR Request is throttled. Suggested Backoff Time: 1000 milliseconds", Reason::Throttled),
            ("garbage", Reason::ReplyMalformed),
            ("", Reason::ReplyMalformed),
        ] {
            assert_eq!(reason(parse_login(line)), expected, "{line}");
        }
        let throttled =
            parse_login("-ERR Request is throttled. Suggested Backoff Time: 1000 milliseconds").expect_err("throttled");
        assert_eq!(throttled.back_off, Some(Duration::from_secs(1)));
        assert_eq!(parse_login("-ERR [AUTH] no").expect_err("refused").fault.evidence.code.as_deref(), Some("AUTH"));
    }

    #[test]
    fn parsers_of_the_other_steps_give_the_reason_of_a_refusal() {
        assert_eq!(reason(parse_stls("-ERR Unknown command.")), Reason::StarttlsNotOffered);
        assert_eq!(reason(parse_stls("-ERR TLS support isn't enabled.")), Reason::StarttlsNotOffered);
        assert_eq!(reason(parse_stls("-ERR Protocol error. 19")), Reason::StarttlsNotOffered);
        assert_eq!(reason(parse_stls("-ERR Server Unavailable. 21")), Reason::StarttlsRefused);
        assert_eq!(reason(parse_stls("-ERR Command is not valid in this state.")), Reason::StarttlsRefused);
        assert_eq!(reason(parse_stls("+ go on")), Reason::ReplyMalformed);
        assert_eq!(reason(parse_auth_continuation("-ERR Protocol error. 14")), Reason::MechanismNotOffered);
        assert_eq!(reason(parse_auth_continuation("-ERR Unsupported authentication mechanism.")), Reason::MechanismNotOffered);
        for (line, expected) in [
            ("-ERR [AUTH] authenticating: no mechanism available", Reason::MechanismNotOffered), // Cyrus
            ("-ERR [AUTH] Cleartext authentication disallowed", Reason::MechanismNotOffered),
            ("-ERR Authentication failed.", Reason::MechanismNotOffered), // Courier
            ("-ERR [SYS/TEMP] come back later", Reason::ServerUnavailable),
        ] {
            assert_eq!(reason(parse_auth_continuation(line)), expected, "{line}");
        }
        assert_eq!(reason(parse_auth_continuation("+OK")), Reason::ReplyMalformed);
        assert_eq!(reason(parse_stat("-ERR User is authenticated but not connected.")), Reason::MailboxNotConnected);
        assert_eq!(reason(parse_stat("-ERR no such thing")), Reason::CommandRefused);
        for line in ["+OK", "+OK twelve 3", "+OK 12", "+OK -1 5", "+OK 99999999999999999999999 1", "+ 1 2"] {
            assert_eq!(reason(parse_stat(line)), Reason::ReplyMalformed, "{line}");
        }
    }

    proptest! {
        #[test]
        fn parsers_never_panic(line in any::<String>(), status in "\\+OK |-ERR |\\+ |") {
            let line = status + &line;
            let _ = (parse_greeting(&line), parse_stls(&line), parse_auth_continuation(&line), parse_login(&line), parse_stat(&line));
        }
    }
}
