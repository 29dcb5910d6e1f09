//! The greeting of an IMAP server and its capabilities.

use super::GREETING;
use crate::outcome::Fault;
use crate::reason::Reason;
use crate::sanitize;
use crate::wire::{Refusal, pop3_imap_refusal};

/// The greeting of an IMAP server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImapGreeting {
    /// The front end's name, where the greeting has it.
    pub server: Option<String>,
    /// The capabilities in upper case, where the greeting has them (`[CAPABILITY …]`).
    pub capabilities: Option<Vec<String>>,
    /// True for `PREAUTH`: the session is logged in already, which no public server says.
    pub is_preauthenticated: bool,
}

/// Parses the first line, without its CRLF.
///
/// # Errors
/// A `* BYE`, and `greeting_unexpected` for anything that is no IMAP greeting.
pub fn parse_greeting(line: &str) -> Result<ImapGreeting, Refusal> {
    let unexpected = || Refusal::from(Fault::heard(Reason::GreetingUnexpected, sanitize::reply(line)));
    let rest = line.strip_prefix("* ").ok_or_else(unexpected)?;
    let (status, text) = rest.split_once(' ').unwrap_or((rest, ""));
    let is_preauthenticated = match status.to_ascii_uppercase().as_str() {
        "OK" => false,
        "PREAUTH" => true,
        "BYE" => return Err(pop3_imap_refusal::parse_refusal(line, text, GREETING)),
        _ => return Err(unexpected()),
    };
    Ok(ImapGreeting { server: pop3_imap_refusal::server_name(text), capabilities: capability_code(text), is_preauthenticated })
}

/// Parses untagged data: the capabilities in upper case of `CAPABILITY IMAP4rev1 …`, or `None` where it is something else.
pub fn parse_capabilities(data: &str) -> Option<Vec<String>> {
    let mut list = data.split_ascii_whitespace();
    list.next().filter(|word| word.eq_ignore_ascii_case("CAPABILITY"))?;
    Some(list.take(100).map(|word| sanitize::one_line(&word.to_ascii_uppercase(), 60)).collect())
}

/// Parses the capabilities in a response code at the start of `text`: `[CAPABILITY IMAP4rev1 …]`.
fn capability_code(text: &str) -> Option<Vec<String>> {
    let (code, _) = text.strip_prefix('[')?.split_once(']')?;
    parse_capabilities(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_greeting_gives_server_capabilities_or_reason() {
        let hello = "* OK The Microsoft Exchange IMAP4 service is ready. [UABBADcAUAAyADYANABDAEEAMAAxADMANwAuAEYAUgBBAFAA]";
        assert_eq!(parse_greeting(hello).expect("greeted").server.as_deref(), Some("PA7P264CA0137.FRAP"));
        let dovecot = parse_greeting("* OK [CAPABILITY IMAP4rev1 sasl-ir AUTH=XOAUTH2] Dovecot ready.").expect("greeted");
        assert_eq!(dovecot.capabilities, Some(["IMAP4REV1", "SASL-IR", "AUTH=XOAUTH2"].map(String::from).to_vec()));
        assert!(parse_greeting("* PREAUTH welcome back").expect("greeted").is_preauthenticated);
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
            assert_eq!(parse_greeting(line).expect_err("a refusal").fault.reason, reason, "{line}");
        }
    }
}
