//! SMTP submission (RFC 5321, RFC 4954) as a conversation that logs in and sends nothing needs it.

use super::Refusal;
use super::sasl::{Challenge, Login};
use crate::outcome::Fault;
use crate::reason::Reason;
use crate::sanitize;

mod ehlo;
mod refusal;
mod reply;

pub use ehlo::{Features, ehlo, first_ehlo};
pub use refusal::line_too_long;
use refusal::refusal;
pub use reply::{Assembly, Reply, Trailer};

/// Asks for TLS (RFC 3207).
pub const STARTTLS: &str = "STARTTLS";
/// Logs in. The payload stands on the same line, which saves a round trip, or follows the `334`. In upper case:
/// Exchange was reported to mind.
pub const AUTH: &str = "AUTH XOAUTH2";
/// Ends the session.
pub const QUIT: &str = "QUIT";

/// `EHLO` with our name, or an address literal where we have none.
pub fn ehlo_command(name: &str) -> String {
    format!("EHLO {name}")
}

/// What the greeting told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Greeting {
    /// The server's name.
    pub server: Option<String>,
}

/// The first reply; read it with [`Assembly::greeting`].
pub fn greeting(reply: &Reply) -> Result<Greeting, Refusal> {
    match reply.code {
        220 => Ok(Greeting { server: reply.host() }),
        400..=599 => Err(refusal(reply, Reason::GreetingRefused)),
        _ => Err(Fault::heard(Reason::GreetingUnexpected, sanitize::reply(&reply.shown())).into()),
    }
}

/// The reply to [`STARTTLS`].
pub fn starttls(reply: &Reply) -> Result<(), Refusal> {
    match reply.code {
        220 => Ok(()),
        // Whatever the server calls it (454 not available, 500 unknown, 503 not now): TLS is what it refused.
        400..=599 => Err(refusal::starttls(reply)),
        _ => Err(malformed(reply).into()),
    }
}

/// The reply to the payload, whichever way it was sent; to [`AUTH`] with it on the same line, ask [`line_too_long`] first.
pub fn login(reply: &Reply) -> Result<Login, Refusal> {
    match reply.code {
        235 => Ok(Login::Accepted),
        334 => Ok(Login::Challenged(Challenge::read(&reply.words()))),
        400..=599 => Err(refusal(reply, Reason::AuthRefused)),
        _ => Err(malformed(reply).into()),
    }
}

/// Whether the reply to [`AUTH`] with the payload on the same line asks for the payload all the same: an empty challenge, where
/// a refusal would say something. Such a server has passed over it.
pub fn asks_for_payload(reply: &Reply) -> bool {
    reply.code == 334 && reply.words().trim().is_empty()
}

/// The reply to a bare [`AUTH`]: an invitation to send the payload.
pub fn invitation(reply: &Reply) -> Result<(), Refusal> {
    match reply.code {
        334 => Ok(()),
        400..=599 => Err(refusal(reply, Reason::AuthRefused)),
        _ => Err(malformed(reply).into()),
    }
}

fn malformed(reply: &Reply) -> Fault {
    Fault::heard(Reason::ReplyMalformed, sanitize::reply(&reply.shown()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str) -> Reply {
        let mut assembly = Assembly::default();
        text.lines().find_map(|line| assembly.push(line).expect("an SMTP line")).expect("a whole reply")
    }

    fn refused<T: std::fmt::Debug>(answer: Result<T, Refusal>) -> Reason {
        answer.expect_err("a refusal").fault.reason
    }

    #[test]
    fn the_conversation_of_exchange_online() {
        let hello = reply(
            "220 GV2PEPF000000F3.outlook.office365.com Microsoft ESMTP MAIL Service ready at Tue, 4 Apr 2023 20:49:44 +0000",
        );
        assert_eq!(greeting(&hello).expect("greeted").server.as_deref(), Some("GV2PEPF000000F3.outlook.office365.com"));
        starttls(&reply("220 2.0.0 SMTP server ready")).expect("go on");
        assert_eq!(login(&reply("235 2.7.0 Authentication successful")).expect("in"), Login::Accepted);
        invitation(&reply("334 ")).expect("invited");
        invitation(&reply("334")).expect("invited");
        let challenge = Challenge { status: Some("401".into()), text: r#"{"status":"401"}"#.into() };
        assert_eq!(login(&reply("334 eyJzdGF0dXMiOiI0MDEifQ==")).expect("challenged"), Login::Challenged(challenge));
    }

    #[test]
    fn a_token_too_long_for_the_line_is_sent_alone() {
        for said in ["500 5.5.2 Line too long", "500 5.5.6 Authentication Exchange line is too long", "500 Line too long."] {
            assert!(line_too_long(&reply(said)), "{said}");
            // Alone on its line it cannot be the command's fault any more.
            assert_eq!(refused(login(&reply(said))), Reason::ProtocolError, "{said}");
        }
        assert!(!line_too_long(&reply("500 5.5.2 Error: bad syntax")));
        assert_eq!(refused(login(&reply("500 5.5.2 Error: bad syntax"))), Reason::ProtocolError);
    }

    #[test]
    fn replies_that_fit_no_step() {
        assert_eq!(refused(greeting(&reply("200 hello"))), Reason::GreetingUnexpected);
        assert_eq!(refused(starttls(&reply("250 ok"))), Reason::ReplyMalformed);
        assert_eq!(refused(login(&reply("250 ok"))), Reason::ReplyMalformed);
        assert_eq!(refused(invitation(&reply("235 ok"))), Reason::ReplyMalformed);
        assert_eq!(refused(starttls(&reply("454 4.7.0 TLS not available"))), Reason::StarttlsRefused);
        assert_eq!(refused(starttls(&reply("500 5.3.3 Unrecognized command"))), Reason::StarttlsRefused);
        assert_eq!(refused(starttls(&reply("421 4.3.2 Service not available"))), Reason::ServerUnavailable);
        assert_eq!(refused(ehlo(&reply("550 go away"))), Reason::CommandRefused);
    }
}
