//! POP3 (RFC 1939, SASL by RFC 5034) as a conversation that opens a mailbox needs it: one function per answer.

use super::sasl::{Challenge, Login};
use super::{Refusal, exchange};
use crate::outcome::Fault;
use crate::reason::Reason;
use crate::sanitize;

/// Asks for TLS (RFC 2595).
pub const STLS: &str = "STLS";
/// Names the mechanism. The payload follows on a line of its own: Exchange takes the one-line form for an over-long
/// command and hangs up.
pub const AUTH: &str = "AUTH XOAUTH2";
/// Counts the messages. Only this proves that the mailbox could be opened: Exchange answers `+OK` to AUTH before it has.
pub const STAT: &str = "STAT";
/// Ends the session.
pub const QUIT: &str = "QUIT";

/// One line from the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply<'a> {
    /// `+OK` and the text after it.
    Ok(&'a str),
    /// `-ERR` and the text after it.
    Err(&'a str),
    /// `+` and what stands after it.
    Continue(&'a str),
    /// Exchange's parting words after too many mistakes, a line without any prefix: `Connection is closed. 21`.
    Closing(&'a str),
}

/// Reads one line, without its CRLF.
pub fn reply(line: &str) -> Result<Reply<'_>, Fault> {
    let (status, rest) = line.split_once(' ').unwrap_or((line, ""));
    match status {
        "+" => Ok(Reply::Continue(rest)),
        _ if status.eq_ignore_ascii_case("+OK") => Ok(Reply::Ok(rest)),
        _ if status.eq_ignore_ascii_case("-ERR") => Ok(Reply::Err(rest)),
        _ if line.starts_with("Connection is closed.") => Ok(Reply::Closing(line)),
        _ => Err(malformed(line)),
    }
}

/// What the greeting told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Greeting {
    /// The front end's name, where the greeting carries it.
    pub server: Option<String>,
}

/// The first line.
pub fn greeting(line: &str) -> Result<Greeting, Refusal> {
    match reply(line) {
        Ok(Reply::Ok(words)) => Ok(Greeting { server: exchange::server_name(words) }),
        Ok(Reply::Err(words) | Reply::Closing(words)) => {
            Err(refused(line, words, Reason::GreetingRefused, Reason::GreetingRefused))
        }
        Ok(Reply::Continue(_)) | Err(_) => Err(Fault::heard(Reason::GreetingUnexpected, sanitize::reply(line)).into()),
    }
}

/// The answer to [`STLS`].
pub fn stls(line: &str) -> Result<(), Refusal> {
    match reply(line)? {
        Reply::Ok(_) => Ok(()),
        Reply::Err(words) | Reply::Closing(words) => {
            Err(refused(line, words, Reason::StarttlsRefused, Reason::StarttlsNotOffered))
        }
        Reply::Continue(_) => Err(malformed(line).into()),
    }
}

/// The answer to [`AUTH`]: an invitation to send the payload. Nobody has been named yet who could be refused.
pub fn invitation(line: &str) -> Result<(), Refusal> {
    match reply(line)? {
        Reply::Continue(_) => Ok(()),
        Reply::Err(words) | Reply::Closing(words) => {
            let mut refusal = refused(line, words, Reason::MechanismNotOffered, Reason::MechanismNotOffered);
            if refusal.fault.reason == Reason::AuthRefused {
                refusal.fault.reason = Reason::MechanismNotOffered;
            }
            Err(refusal)
        }
        Reply::Ok(_) => Err(malformed(line).into()),
    }
}

/// The answer to the payload.
pub fn login(line: &str) -> Result<Login, Refusal> {
    match reply(line)? {
        Reply::Ok(_) => Ok(Login::Accepted),
        Reply::Continue(encoded) => Ok(Login::Challenged(Challenge::read(encoded))),
        Reply::Err(words) | Reply::Closing(words) => Err(refused(line, words, Reason::AuthRefused, Reason::ProtocolError)),
    }
}

/// What [`STAT`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Messages.
    pub messages: u64,
    /// Their size in bytes.
    pub bytes: u64,
}

/// The answer to [`STAT`]: `+OK 12 34567`, after which a server may add anything.
pub fn stat(line: &str) -> Result<Stat, Refusal> {
    match reply(line)? {
        Reply::Ok(words) => {
            let mut numbers = words.split_ascii_whitespace().map(str::parse);
            match (numbers.next(), numbers.next()) {
                (Some(Ok(messages)), Some(Ok(bytes))) => Ok(Stat { messages, bytes }),
                _ => Err(malformed(line).into()),
            }
        }
        Reply::Err(words) | Reply::Closing(words) => Err(refused(line, words, Reason::CommandRefused, Reason::ProtocolError)),
        Reply::Continue(_) => Err(malformed(line).into()),
    }
}

/// `refused` where the answer is no, `unknown` where the server does not know what was asked for.
fn refused(line: &str, words: &str, refused: Reason, unknown: Reason) -> Refusal {
    exchange::refusal(line, words, exchange::Step { refused, unknown })
}

fn malformed(line: &str) -> Fault {
    Fault::heard(Reason::ReplyMalformed, sanitize::reply(line))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn reason<T: std::fmt::Debug>(answer: Result<T, Refusal>) -> Reason {
        answer.expect_err("a refusal").fault.reason
    }

    #[test]
    fn the_conversation_of_exchange_online() {
        let hello = "+OK The Microsoft Exchange POP3 service is ready. [UABBADcAUAAyADYANABDAEEAMAAxADMANwAuAEYAUgBBAFAA]";
        assert_eq!(greeting(hello).expect("greeted").server.as_deref(), Some("PA7P264CA0137.FRAP"));
        stls("+OK Begin TLS negotiation.").expect("invited");
        invitation("+ ").expect("invited");
        invitation("+").expect("invited");
        assert_eq!(login("+OK User successfully authenticated.").expect("in"), Login::Accepted);
        assert_eq!(stat("+OK 12 34567").expect("counted"), Stat { messages: 12, bytes: 34567 });
        assert_eq!(stat("+OK 0 0 octets").expect("counted"), Stat { messages: 0, bytes: 0 });
        assert!(matches!(login("+ eyJzdGF0dXMiOiI0MDEifQ==").expect("challenged"), Login::Challenged(_)));
    }

    #[test]
    fn greetings_that_are_none() {
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
            assert_eq!(reason(greeting(line)), expected, "{line}");
        }
    }

    #[test]
    fn refusals_of_the_login() {
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
            assert_eq!(reason(login(line)), expected, "{line}");
        }
        let throttled = login("-ERR Request is throttled. Suggested Backoff Time: 1000 milliseconds").expect_err("throttled");
        assert_eq!(throttled.back_off, Some(Duration::from_secs(1)));
        assert_eq!(login("-ERR [AUTH] no").expect_err("refused").fault.evidence.code.as_deref(), Some("AUTH"));
    }

    #[test]
    fn refusals_of_the_other_steps() {
        assert_eq!(reason(stls("-ERR Unknown command.")), Reason::StarttlsNotOffered);
        assert_eq!(reason(stls("-ERR TLS support isn't enabled.")), Reason::StarttlsNotOffered);
        assert_eq!(reason(stls("-ERR Protocol error. 19")), Reason::StarttlsNotOffered);
        assert_eq!(reason(stls("-ERR Server Unavailable. 21")), Reason::StarttlsRefused);
        assert_eq!(reason(stls("-ERR Command is not valid in this state.")), Reason::StarttlsRefused);
        assert_eq!(reason(stls("+ go on")), Reason::ReplyMalformed);
        assert_eq!(reason(invitation("-ERR Protocol error. 14")), Reason::MechanismNotOffered);
        assert_eq!(reason(invitation("-ERR Unsupported authentication mechanism.")), Reason::MechanismNotOffered);
        for (line, expected) in [
            ("-ERR [AUTH] authenticating: no mechanism available", Reason::MechanismNotOffered), // Cyrus
            ("-ERR [AUTH] Cleartext authentication disallowed", Reason::MechanismNotOffered),
            ("-ERR Authentication failed.", Reason::MechanismNotOffered), // Courier
            ("-ERR [SYS/TEMP] come back later", Reason::ServerUnavailable),
        ] {
            assert_eq!(reason(invitation(line)), expected, "{line}");
        }
        assert_eq!(reason(invitation("+OK")), Reason::ReplyMalformed);
        assert_eq!(reason(stat("-ERR User is authenticated but not connected.")), Reason::MailboxNotConnected);
        assert_eq!(reason(stat("-ERR no such thing")), Reason::CommandRefused);
        for line in ["+OK", "+OK twelve 3", "+OK 12", "+OK -1 5", "+OK 99999999999999999999999 1", "+ 1 2"] {
            assert_eq!(reason(stat(line)), Reason::ReplyMalformed, "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_line_panics(line in any::<String>(), status in "\\+OK |-ERR |\\+ |") {
            let line = status + &line;
            let _ = (greeting(&line), stls(&line), invitation(&line), login(&line), stat(&line));
        }
    }
}
