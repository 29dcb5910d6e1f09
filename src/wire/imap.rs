//! IMAP4rev1 (RFC 3501; SASL-IR by RFC 4959): the commands that open a mailbox, and the parsers of their responses.

use super::pop3_imap_refusal::StepReasons;
use crate::outcome::Fault;
use crate::reason::Reason;
use crate::sanitize;

pub mod folder;
mod greeting;
mod name;
pub mod quota;
mod response;
mod status;

pub use greeting::{ImapGreeting, parse_capabilities, parse_greeting};
pub use name::{INBOX, folder_name};
pub use response::{ImapResponse, is_bye, literal_length, parse_response};
pub use status::{ImapStatusResponse, parse_status, status};

/// The command that asks for TLS.
pub const STARTTLS: &str = "STARTTLS";
/// The command that asks for the capabilities.
pub const CAPABILITY: &str = "CAPABILITY";
/// The command that ends the session.
pub const LOGOUT: &str = "LOGOUT";

/// The command that logs in. The payload stands on the same line (SASL-IR), which saves a round trip, or follows the `+`.
pub const AUTHENTICATE: &str = "AUTHENTICATE XOAUTH2";

/// A command, which decides the reason of its refusal when the text does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// [`STARTTLS`].
    Starttls,
    /// [`AUTHENTICATE`].
    Login,
    /// [`status`], and everything else.
    Mailbox,
}

impl Step {
    /// Returns the reasons of a `NO`.
    const fn no_reasons(self) -> StepReasons {
        let refused = match self {
            Self::Starttls => Reason::StarttlsRefused,
            Self::Login => Reason::AuthRefused,
            Self::Mailbox => Reason::CommandRefused,
        };
        StepReasons { refused, unknown: self.unknown_reason() }
    }

    /// Returns the reasons of a `BAD`, which blames our command unless the text says otherwise: Exchange throttles with `BAD`
    /// too.
    const fn bad_reasons(self) -> StepReasons {
        let refused = match self {
            Self::Starttls => Reason::StarttlsNotOffered,
            Self::Login | Self::Mailbox => Reason::ProtocolError,
        };
        StepReasons { refused, unknown: self.unknown_reason() }
    }

    const fn unknown_reason(self) -> Reason {
        match self {
            Self::Starttls => Reason::StarttlsNotOffered,
            Self::Login => Reason::MechanismNotOffered,
            Self::Mailbox => Reason::ProtocolError,
        }
    }
}

const GREETING: StepReasons = StepReasons { refused: Reason::GreetingRefused, unknown: Reason::GreetingRefused };
const BYE: StepReasons = StepReasons { refused: Reason::ConnectionClosed, unknown: Reason::ProtocolError };

fn malformed(line: &str) -> Fault {
    Fault::heard(Reason::ReplyMalformed, sanitize::reply(line))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parsers_never_panic(rest in any::<String>(), start in "a1 NO |a1 OK |a1 BAD |\\* OK |\\* BYE |\\* STATUS |\\+ |") {
            let line = start + &rest;
            let _ = (parse_greeting(&line), parse_response(&line, "a1", Step::Login), literal_length(&line), is_bye(&line));
        }
    }
}
