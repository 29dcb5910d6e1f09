//! SMTP submission (RFC 5321, RFC 4954): the commands that log in without sending mail, and the parsers of their replies.

use super::Refusal;
use super::sasl::{AuthReply, Challenge};
use crate::outcome::Fault;
use crate::reason::Reason;
use crate::sanitize;

mod ehlo;
mod refusal;
mod reply;
pub mod submission;

pub use ehlo::{EhloResponse, parse_ehlo, parse_first_ehlo};
use refusal::refusal;
pub use refusal::{by_enhanced_code as reason_of_enhanced_code, is_line_too_long};
pub use reply::{ReplyParser, SmtpReply, Trailer};

/// The command that asks for TLS (RFC 3207).
pub const STARTTLS: &str = "STARTTLS";
/// The command that logs in. The payload stands on the same line, which saves a round trip, or follows the `334`. In upper
/// case: Exchange was reported to refuse lower case.
pub const AUTH: &str = "AUTH XOAUTH2";
/// The command that ends the session.
pub const QUIT: &str = "QUIT";

/// Writes the `EHLO` command with the client's `name`, or an address literal where it has none.
pub fn ehlo_command(name: &str) -> String {
    format!("EHLO {name}")
}

/// The greeting of an SMTP server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SmtpGreeting {
    /// The name that the server greets with, if it is a host name.
    pub server: Option<String>,
}

/// Parses the first reply, which is read with [`ReplyParser::for_greeting`].
///
/// # Errors
/// A refusal (`4xx`, `5xx`), and `greeting_unexpected` for another code.
pub fn parse_greeting(reply: &SmtpReply) -> Result<SmtpGreeting, Refusal> {
    match reply.code {
        220 => Ok(SmtpGreeting { server: reply.host_name() }),
        400..=599 => Err(refusal(reply, Reason::GreetingRefused)),
        _ => Err(Fault::heard(Reason::GreetingUnexpected, sanitize::reply(&reply.to_string())).into()),
    }
}

/// Parses the reply to [`STARTTLS`].
///
/// # Errors
/// A refusal (`4xx`, `5xx`), and `reply_malformed` for another code.
pub fn parse_starttls(reply: &SmtpReply) -> Result<(), Refusal> {
    match reply.code {
        220 => Ok(()),
        // Whatever the code (454 not available, 500 unknown, 503 bad sequence), TLS is what the server refused.
        400..=599 => Err(refusal::starttls_refusal(reply)),
        _ => Err(malformed(reply).into()),
    }
}

/// Parses the reply to the payload, however it was sent. Where it was sent on the line of [`AUTH`], ask [`is_line_too_long`]
/// first.
///
/// # Errors
/// A refusal (`4xx`, `5xx`), and `reply_malformed` for another code.
pub fn parse_login(reply: &SmtpReply) -> Result<AuthReply, Refusal> {
    match reply.code {
        235 => Ok(AuthReply::Accepted),
        334 => Ok(AuthReply::Challenged(Challenge::parse(&reply.text()))),
        400..=599 => Err(refusal(reply, Reason::AuthRefused)),
        _ => Err(malformed(reply).into()),
    }
}

/// Reports whether the reply to [`AUTH`] with the payload on the same line asks for the payload again: an empty challenge, where
/// a refusal would have a text. Such a server has ignored it.
pub fn asks_for_payload(reply: &SmtpReply) -> bool {
    reply.code == 334 && reply.text().trim().is_empty()
}

/// Parses the reply to [`AUTH`] without a payload: the `334` after which the payload is sent.
///
/// # Errors
/// A refusal (`4xx`, `5xx`), and `reply_malformed` for another code.
pub fn parse_auth_continuation(reply: &SmtpReply) -> Result<(), Refusal> {
    match reply.code {
        334 => Ok(()),
        400..=599 => Err(refusal(reply, Reason::AuthRefused)),
        _ => Err(malformed(reply).into()),
    }
}

fn malformed(reply: &SmtpReply) -> Fault {
    Fault::heard(Reason::ReplyMalformed, sanitize::reply(&reply.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str) -> SmtpReply {
        let mut parser = ReplyParser::default();
        text.lines().find_map(|line| parser.push(line).expect("an SMTP line")).expect("a whole reply")
    }

    fn refused<T: std::fmt::Debug>(result: Result<T, Refusal>) -> Reason {
        result.expect_err("a refusal").fault.reason
    }

    #[test]
    fn parsers_take_the_replies_of_exchange_online() {
        let hello = reply(
            "220 GV2PEPF000000F3.outlook.office365.com Microsoft ESMTP MAIL Service ready at Tue, 4 Apr 2023 20:49:44 +0000",
        );
        assert_eq!(parse_greeting(&hello).expect("greeted").server.as_deref(), Some("GV2PEPF000000F3.outlook.office365.com"));
        parse_starttls(&reply("220 2.0.0 SMTP server ready")).expect("go on");
        assert_eq!(parse_login(&reply("235 2.7.0 Authentication successful")).expect("in"), AuthReply::Accepted);
        parse_auth_continuation(&reply("334 ")).expect("invited");
        parse_auth_continuation(&reply("334")).expect("invited");
        let challenge = Challenge { status: Some("401".into()), text: r#"{"status":"401"}"#.into() };
        assert_eq!(parse_login(&reply("334 eyJzdGF0dXMiOiI0MDEifQ==")).expect("challenged"), AuthReply::Challenged(challenge));
    }

    #[test]
    fn is_line_too_long_by_code_and_text() {
        for text in ["500 5.5.2 Line too long", "500 5.5.6 Authentication Exchange line is too long", "500 Line too long."] {
            assert!(is_line_too_long(&reply(text)), "{text}");
            // In reply to the payload on a line of its own, the command's length is not the cause.
            assert_eq!(refused(parse_login(&reply(text))), Reason::ProtocolError, "{text}");
        }
        assert!(!is_line_too_long(&reply("500 5.5.2 Error: bad syntax")));
        assert_eq!(refused(parse_login(&reply("500 5.5.2 Error: bad syntax"))), Reason::ProtocolError);
    }

    #[test]
    fn parsers_refuse_replies_of_another_step() {
        assert_eq!(refused(parse_greeting(&reply("200 hello"))), Reason::GreetingUnexpected);
        assert_eq!(refused(parse_starttls(&reply("250 ok"))), Reason::ReplyMalformed);
        assert_eq!(refused(parse_login(&reply("250 ok"))), Reason::ReplyMalformed);
        assert_eq!(refused(parse_auth_continuation(&reply("235 ok"))), Reason::ReplyMalformed);
        assert_eq!(refused(parse_starttls(&reply("454 4.7.0 TLS not available"))), Reason::StarttlsRefused);
        assert_eq!(refused(parse_starttls(&reply("500 5.3.3 Unrecognized command"))), Reason::StarttlsRefused);
        assert_eq!(refused(parse_starttls(&reply("421 4.3.2 Service not available"))), Reason::ServerUnavailable);
        assert_eq!(refused(parse_ehlo(&reply("550 go away"))), Reason::CommandRefused);
    }
}
