//! IMAP4rev1 (RFC 3501, SASL-IR by RFC 4959) as a conversation that opens a mailbox needs it: lines and their meaning.

use super::sasl::Challenge;
use super::{Refusal, exchange};
use crate::outcome::Fault;
use crate::reason::Reason;
use crate::sanitize;

mod status;

pub use status::{STATUS, Status, status};

/// Asks for TLS.
pub const STARTTLS: &str = "STARTTLS";
/// Asks what the server can do.
pub const CAPABILITY: &str = "CAPABILITY";
/// Ends the session.
pub const LOGOUT: &str = "LOGOUT";

/// Logs in. The payload stands on the same line (SASL-IR), which saves a round trip, or follows the `+`.
pub const AUTHENTICATE: &str = "AUTHENTICATE XOAUTH2";

/// A command, which decides what its refusal means when the words do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// [`STARTTLS`].
    Starttls,
    /// [`AUTHENTICATE`].
    Login,
    /// [`STATUS`], and everything else.
    Mailbox,
}

impl Step {
    /// `NO`.
    const fn refused(self) -> exchange::Step {
        let refused = match self {
            Self::Starttls => Reason::StarttlsRefused,
            Self::Login => Reason::AuthRefused,
            Self::Mailbox => Reason::CommandRefused,
        };
        exchange::Step { refused, unknown: self.unknown() }
    }

    /// `BAD` blames our command, unless the words say otherwise: Exchange throttles with `BAD` too.
    const fn misunderstood(self) -> exchange::Step {
        let refused = match self {
            Self::Starttls => Reason::StarttlsNotOffered,
            Self::Login | Self::Mailbox => Reason::ProtocolError,
        };
        exchange::Step { refused, unknown: self.unknown() }
    }

    const fn unknown(self) -> Reason {
        match self {
            Self::Starttls => Reason::StarttlsNotOffered,
            Self::Login => Reason::MechanismNotOffered,
            Self::Mailbox => Reason::ProtocolError,
        }
    }
}

const GREETING: exchange::Step = exchange::Step { refused: Reason::GreetingRefused, unknown: Reason::GreetingRefused };
const FAREWELL: exchange::Step = exchange::Step { refused: Reason::ConnectionClosed, unknown: Reason::ProtocolError };

/// One answer from the server, its literals included: see [`literal`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// The command is done.
    Done(&'a str),
    /// `*` and what stands after it: data for [`status()`], or to be passed over.
    Untagged(&'a str),
    /// `+`, in answer to the login only: refused in a challenge; send an empty line and read again.
    Challenged(Challenge),
}

/// Reads one line, without its CRLF, in answer to the command sent with `tag`.
///
/// A refusal (`NO`, `BAD`) and a farewell (`* BYE`) are errors. Exchange may say `BYE` before or after the tagged
/// refusal; the tagged line tells more, so a caller that can should read on after a `BYE`: see [`is_farewell`].
pub fn line<'a>(line: &'a str, tag: &str, step: Step) -> Result<Line<'a>, Refusal> {
    let (label, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (status, words) = rest.split_once(' ').unwrap_or((rest, ""));
    match label {
        "*" if is_farewell(line) => Err(exchange::refusal(line, words, FAREWELL)),
        // Untagged, it is about a command that the server could not even take apart (RFC 3501, 7.1.3): ours.
        "*" if status.eq_ignore_ascii_case("BAD") => Err(exchange::refusal(line, words, step.misunderstood())),
        "*" if !rest.is_empty() => Ok(Line::Untagged(rest)),
        "+" if step == Step::Login => Ok(Line::Challenged(Challenge::read(rest))),
        _ if label == tag => match status.to_ascii_uppercase().as_str() {
            "OK" => Ok(Line::Done(words)),
            "NO" => Err(exchange::refusal(line, words, step.refused())),
            "BAD" => Err(exchange::refusal(line, words, step.misunderstood())),
            _ => Err(malformed(line).into()),
        },
        // Also another command's reply: then the conversation is out of step, and nothing after it can be trusted.
        _ => Err(malformed(line).into()),
    }
}

/// Whether the line is `* BYE`: the server is about to hang up.
pub fn is_farewell(line: &str) -> bool {
    let mut words = line.split(' ');
    words.next() == Some("*") && words.next().is_some_and(|word| word.eq_ignore_ascii_case("BYE"))
}

/// How many bytes follow the line as a literal: `{12}` or `{12+}` at its end. The reader takes so many bytes and then a
/// further line, and joins all three, CRLF included, before the line is read here.
pub fn literal(line: &str) -> Option<u64> {
    let (_, count) = line.strip_suffix('}')?.rsplit_once('{')?;
    let count = count.strip_suffix('+').unwrap_or(count);
    let digits = !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit());
    // More digits than fit mean more bytes than anybody will read.
    digits.then(|| count.parse().unwrap_or(u64::MAX))
}

/// What the greeting told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Greeting {
    /// The front end's name, where the greeting carries it.
    pub server: Option<String>,
    /// What the server can do, where the greeting says so (`[CAPABILITY …]`).
    pub capabilities: Option<Vec<String>>,
    /// `PREAUTH`: the server holds us for logged in already, which no public server does.
    pub preauthenticated: bool,
}

/// The first line.
pub fn greeting(line: &str) -> Result<Greeting, Refusal> {
    let unexpected = || Refusal::from(Fault::heard(Reason::GreetingUnexpected, sanitize::reply(line)));
    let rest = line.strip_prefix("* ").ok_or_else(unexpected)?;
    let (status, words) = rest.split_once(' ').unwrap_or((rest, ""));
    let preauthenticated = match status.to_ascii_uppercase().as_str() {
        "OK" => false,
        "PREAUTH" => true,
        "BYE" => return Err(exchange::refusal(line, words, GREETING)),
        _ => return Err(unexpected()),
    };
    Ok(Greeting { server: exchange::server_name(words), capabilities: announced(words), preauthenticated })
}

/// What untagged data announces, in upper case: `CAPABILITY IMAP4rev1 …`. `None` where it is something else.
pub fn capabilities(data: &str) -> Option<Vec<String>> {
    let mut list = data.split_ascii_whitespace();
    list.next().filter(|word| word.eq_ignore_ascii_case("CAPABILITY"))?;
    Some(list.take(100).map(|word| sanitize::one_line(&word.to_ascii_uppercase(), 60)).collect())
}

/// The same in a response code at the start of `words`: `[CAPABILITY IMAP4rev1 …]`.
fn announced(words: &str) -> Option<Vec<String>> {
    let (code, _) = words.strip_prefix('[')?.split_once(']')?;
    capabilities(code)
}

fn malformed(line: &str) -> Fault {
    Fault::heard(Reason::ReplyMalformed, sanitize::reply(line))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn refused<T: std::fmt::Debug>(answer: Result<T, Refusal>) -> Reason {
        answer.expect_err("a refusal").fault.reason
    }

    #[test]
    fn greetings() {
        let hello = "* OK The Microsoft Exchange IMAP4 service is ready. [UABBADcAUAAyADYANABDAEEAMAAxADMANwAuAEYAUgBBAFAA]";
        assert_eq!(greeting(hello).expect("greeted").server.as_deref(), Some("PA7P264CA0137.FRAP"));
        let dovecot = greeting("* OK [CAPABILITY IMAP4rev1 sasl-ir AUTH=XOAUTH2] Dovecot ready.").expect("greeted");
        assert_eq!(dovecot.capabilities, Some(["IMAP4REV1", "SASL-IR", "AUTH=XOAUTH2"].map(String::from).to_vec()));
        assert!(greeting("* PREAUTH welcome back").expect("greeted").preauthenticated);
        for (line, reason) in [
            ("* BYE Connection closed. 14", Reason::GreetingRefused),
            ("* BYE Server Unavailable. 15", Reason::GreetingRefused),
            ("* BYE Too many connections", Reason::TooManyConnections),
            ("* BYE go away", Reason::GreetingRefused),
            ("* NO", Reason::GreetingUnexpected),
            ("+OK POP3 ready", Reason::GreetingUnexpected),
            ("220 mail ESMTP", Reason::GreetingUnexpected),
            ("*", Reason::GreetingUnexpected),
            ("", Reason::GreetingUnexpected),
        ] {
            assert_eq!(refused(greeting(line)), reason, "{line}");
        }
    }

    #[test]
    fn lines_that_go_on() {
        let read = |text| line(text, "a2", Step::Login).expect("no refusal");
        assert_eq!(read("a2 OK AUTHENTICATE completed."), Line::Done("AUTHENTICATE completed."));
        assert_eq!(read("a2 OK"), Line::Done(""));
        assert_eq!(read("* CAPABILITY IMAP4rev1 AUTH=XOAUTH2"), Line::Untagged("CAPABILITY IMAP4rev1 AUTH=XOAUTH2"));
        assert!(
            matches!(read("+ eyJzdGF0dXMiOiI0MDEifQ=="), Line::Challenged(challenge) if challenge.status.as_deref() == Some("401"))
        );
        assert!(matches!(read("+"), Line::Challenged(_)));
    }

    #[test]
    fn refusals() {
        use Step::{Login, Mailbox, Starttls};
        for (step, said, reason) in [
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
            (Mailbox, "a2 NO [NONEXISTENT] Mailbox doesn't exist", Reason::FolderNotFound),
            (Mailbox, "a2 NO [TRYCREATE] no such mailbox", Reason::FolderNotFound),
            (Mailbox, "a2 NO [OVERQUOTA] full", Reason::CommandRefused),
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
            assert_eq!(refused(line(said, "a2", step)), reason, "{said}");
        }
        let said = "a2 BAD Request is throttled. Suggested Backoff Time: 299961 milliseconds";
        assert_eq!(line(said, "a2", Mailbox).expect_err("throttled").back_off, Some(Duration::from_millis(299_961)));
    }

    #[test]
    fn literals_at_the_end_of_a_line() {
        for (line, bytes) in [
            ("* STATUS {5}", Some(5)),
            ("* STATUS {5+}", Some(5)),
            ("* STATUS {99999999999999999999999}", Some(u64::MAX)),
            ("* STATUS {}", None),
            ("* STATUS {-1}", None),
            ("* STATUS {5} ", None),
            ("}", None),
        ] {
            assert_eq!(literal(line), bytes, "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_line_panics(rest in any::<String>(), start in "a1 NO |a1 OK |a1 BAD |\\* OK |\\* BYE |\\* STATUS |\\+ |") {
            let said = start + &rest;
            let _ = (greeting(&said), line(&said, "a1", Step::Login), literal(&said), is_farewell(&said));
        }
    }
}
