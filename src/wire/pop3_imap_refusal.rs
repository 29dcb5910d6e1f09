//! The texts in which POP3 and IMAP servers refuse, Exchange's above all, and the reason for each.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Refusal, sentences};
use crate::outcome::{Fault, SupportId};
use crate::reason::Reason;
use crate::sanitize;

/// The reasons of a refusal at one step of a conversation, where its text is not more specific.
#[derive(Clone, Copy)]
pub(super) struct StepReasons {
    /// The reason where the server refuses.
    pub refused: Reason,
    /// The reason where the server does not know the command or its argument.
    pub unknown: Reason,
}

/// Parses a refusal. `line` is the whole line, `text` the part of it after the status.
pub(super) fn parse_refusal(line: &str, text: &str, step: StepReasons) -> Refusal {
    let lower = sentences::normalized(text);
    let code = response_code(text);
    let in_table = || TEXTS.iter().find(|(part, _)| lower.contains(part)).map(|(_, reason)| *reason);
    let by_text = || sentences::reason(&lower).or_else(in_table);
    let by_code = || {
        RESPONSE_CODES
            .iter()
            .find(|(known, _)| code.is_some_and(|code| code.eq_ignore_ascii_case(known)))
            .map(|(_, reason)| *reason)
    };
    let known = if UNKNOWN_COMMAND.iter().any(|part| lower.contains(part)) {
        Some(step.unknown)
    } else {
        by_text().or_else(by_code).filter(|reason| is_more_specific(*reason, step))
    };
    let mut fault = Fault::heard(known.unwrap_or(step.refused), sanitize::reply(line)).unrecognized(known.is_none());
    if let Some(code) = code {
        fault = fault.code(code);
    }
    Refusal::from(with_diagnostic_tail(fault, text)).back_off(back_off(&lower))
}

/// Reports whether the text's reason is more specific than the step's. Not so for a closed connection or an outage in the
/// greeting, which is a refused greeting, and for an error or an outage in response to STARTTLS, which is a refusal of TLS.
fn is_more_specific(reason: Reason, step: StepReasons) -> bool {
    match step.unknown {
        Reason::GreetingRefused => !matches!(reason, Reason::ConnectionClosed | Reason::ServerUnavailable),
        Reason::StarttlsNotOffered => !matches!(reason, Reason::ProtocolError | Reason::ServerUnavailable),
        _ => true,
    }
}

/// Texts of a server that does not know the command or its argument.
const UNKNOWN_COMMAND: &[&str] = &[
    "protocol error. 14", // Exchange POP3: an argument, the mechanism too
    "protocol error. 19", // Exchange POP3: the command
    "protocol error. 20",
    "command error. 12", // Exchange IMAP: command or arguments
    "unknown command",   // Dovecot
    "unrecognized command",
    "isn't enabled", // Dovecot: `TLS support isn't enabled.`
];

/// Part of the text in lower case, reason. The first match wins: the more specific stands above the less specific.
const TEXTS: &[(&str, Reason)] = &[
    ("request is throttled", Reason::Throttled),
    ("backoff time", Reason::Throttled),
    ("basicauthblocked", Reason::BasicAuthBlocked),
    ("basic authentication is disabled", Reason::BasicAuthBlocked),
    // Exchange's response to USER and PASS, and to LOGIN; its response to AUTH is `Authentication failure`.
    ("logon failure:", Reason::BasicAuthBlocked),
    ("login failed.", Reason::BasicAuthBlocked),
    // In the `[Error="…"]` tail: the address is not in the directory.
    ("noadrecipient", Reason::MailboxNotFound),
    ("toomanyadrecipients", Reason::AddressAmbiguous), // the address is there more than once
    ("authenticated but not connected", Reason::MailboxNotConnected),
    ("session invalidated", Reason::SessionInvalidated),
    ("number of connections", Reason::TooManyConnections), // Dovecot
    ("too many connections", Reason::TooManyConnections),
    ("too many simultaneous connections", Reason::TooManyConnections), // Gmail
    ("already locked", Reason::TooManyConnections),                    // RFC 1939: by another POP3 session
    ("account is locked", Reason::AccountDisabled),
    ("account locked", Reason::AccountDisabled),
    ("account is disabled", Reason::AccountDisabled),
    ("account disabled", Reason::AccountDisabled),
    ("throttl", Reason::Throttled),
    ("too many requests", Reason::Throttled),
    ("message limit", Reason::Throttled),
    ("rate limit", Reason::Throttled),
    ("server unavailable", Reason::ServerUnavailable),
    ("shutting down", Reason::ServerUnavailable), // Dovecot, Cyrus
    ("try again later", Reason::ServerUnavailable),
    ("temporary authentication failure", Reason::ServerUnavailable), // Dovecot
    ("internal error occurred", Reason::ServerUnavailable),          // Dovecot
    ("authentication mechanism", Reason::MechanismNotOffered),       // Dovecot: `Unsupported authentication mechanism.`
    ("no mechanism available", Reason::MechanismNotOffered),         // Cyrus
    ("protocol error", Reason::ProtocolError),
    ("command error", Reason::ProtocolError),
    ("command is not valid in this state", Reason::ProtocolError),
    ("exchange was canceled by the client", Reason::ProtocolError),
    // Exchange's own numbers: 22 ends a session for a cause of the server's, the others for one of the client's.
    ("connection is closed. 22", Reason::ServerUnavailable),
    ("connection is closed.", Reason::ConnectionClosed),
    ("connection closed.", Reason::ConnectionClosed),
    // Exchange's reply to a dozen mistakes.
    ("authentication failure", Reason::AuthRefused),
    ("authenticate failed", Reason::AuthRefused),
    ("authentication failed", Reason::AuthRefused),
];

/// Response codes of IMAP (RFC 5530) and of POP3 (RFC 2449, RFC 3206).
const RESPONSE_CODES: &[(&str, Reason)] = &[
    ("AUTHENTICATIONFAILED", Reason::AuthRefused),
    ("AUTHORIZATIONFAILED", Reason::AuthRefused),
    ("AUTH", Reason::AuthRefused),
    ("EXPIRED", Reason::TokenExpired),
    ("UNAVAILABLE", Reason::ServerUnavailable),
    ("SYS/TEMP", Reason::ServerUnavailable),
    ("SYS/PERM", Reason::ServerUnavailable),
    ("SERVERBUG", Reason::ServerUnavailable),
    ("LIMIT", Reason::Throttled),
    ("OVERQUOTA", Reason::MailboxFull),
    ("LOGIN-DELAY", Reason::Throttled),
    // Another session holds the mailbox open.
    ("INUSE", Reason::TooManyConnections),
    ("IN-USE", Reason::TooManyConnections),
    ("CORRUPTION", Reason::MailboxUnavailable),
    ("NOPERM", Reason::AccessDenied),
    ("NONEXISTENT", Reason::FolderNotFound),
    ("TRYCREATE", Reason::FolderNotFound),
    ("REFERRAL", Reason::MailboxElsewhere),           // on another server (RFC 2221)
    ("PRIVACYREQUIRED", Reason::MechanismNotOffered), // as SMTP's 538
    ("CLIENTBUG", Reason::ProtocolError),
];

/// Returns the response code at the start of `text`: `UNAVAILABLE` of `[UNAVAILABLE] come back later`.
fn response_code(text: &str) -> Option<&str> {
    let code = text.trim_start().strip_prefix('[')?.split([']', ' ']).next()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'/');
    (!code.is_empty() && code.len() <= 40 && code.bytes().all(plain)).then_some(code)
}

/// Adds code and ids of Exchange's diagnostic tail: `[Error="AuthFailed:LogonDenied-…<RequestId=…,ST=…>…" Proxy=HOST:PORT:…]`.
/// The quotes are there only if the text needs them.
fn with_diagnostic_tail(mut fault: Fault, text: &str) -> Fault {
    let Some((_, tail)) = text.split_once("[Error=") else { return fault };
    let error = tail.trim_start_matches('"');
    let code = error.split(|c: char| !c.is_ascii_alphanumeric() && c != ':').next().unwrap_or_default();
    if !code.is_empty() {
        fault = fault.code(sanitize::one_line(code, 60));
    }
    for (key, name) in
        [("RequestId=", SupportId::RequestId), ("MailboxBE=", SupportId::MailboxServer), ("Proxy=", SupportId::Proxy)]
    {
        let value = tail.split_once(key).map(|(_, rest)| rest.split(|c: char| ",<>]\" ".contains(c)).next().unwrap_or_default());
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            fault = fault.id(name, sanitize::one_line(value, 100));
        }
    }
    fault
}

/// Parses the back-off in `suggested backoff time: 89117 milliseconds`; the punctuation was observed to vary.
fn back_off(lower: &str) -> Option<Duration> {
    let (_, rest) = lower.split_once("backoff time")?;
    let rest = rest.trim_start_matches([':', '=', ' ']);
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next().filter(|digits| !digits.is_empty())?;
    // More digits than fit mean a very long time.
    let number = digits.parse().unwrap_or(u64::MAX);
    let unit = rest.get(digits.len()..).unwrap_or_default().trim_start();
    Some(if unit.starts_with("second") { Duration::from_secs(number) } else { Duration::from_millis(number) })
}

/// Decodes the front end's name in Exchange's greeting: `… service is ready. [UABBADcA…]`, base64 of UTF-16LE. It names the data
/// centre, and shows that the server is Exchange.
pub(super) fn server_name(greeting: &str) -> Option<String> {
    let (_, encoded) = greeting.trim_end().strip_suffix(']')?.rsplit_once('[')?;
    let bytes = STANDARD.decode(encoded).ok()?;
    let units: Vec<u16> = bytes.chunks_exact(2).filter_map(|pair| Some(u16::from_le_bytes(pair.try_into().ok()?))).collect();
    let name = String::from_utf16(&units).ok()?;
    let is_host = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    (is_host && !name.is_empty() && name.len() <= 255 && bytes.len() % 2 == 0).then_some(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::outcome::{SupportId, SupportIds};

    const LOGIN: StepReasons = StepReasons { refused: Reason::AuthRefused, unknown: Reason::ProtocolError };

    #[test]
    fn parse_refusal_with_a_diagnostic_tail_takes_its_code_and_ids() {
        let line = r#"NO AUTHENTICATE failed. [Error="AuthFailed:LogonDenied-None-OAuthLog:AuthExc_Auth Failed. User:x" Proxy=PA7P264MB0001.FRAP264.PROD.OUTLOOK.COM:1993:SSL]"#;
        let fault = parse_refusal(line, line, LOGIN).fault;
        assert_eq!(fault.reason, Reason::AuthRefused);
        assert_eq!(fault.evidence.code.as_deref(), Some("AuthFailed:LogonDenied"));
        assert_eq!(
            fault.evidence.ids,
            SupportIds::from([(SupportId::Proxy, "PA7P264MB0001.FRAP264.PROD.OUTLOOK.COM:1993:SSL".to_owned())])
        );

        let line = r#"-ERR Logon failure [Error="AuthFailed:LogonDenied-BasicAuthBlocked-<RequestId=d7c4a3b2-1111,ST=02:03:58><AS:BasicAuthBlocked>"#;
        let fault = parse_refusal(line, line, LOGIN).fault;
        assert_eq!(fault.reason, Reason::BasicAuthBlocked);
        assert_eq!(fault.evidence.ids, SupportIds::from([(SupportId::RequestId, "d7c4a3b2-1111".to_owned())]));

        let fault = parse_refusal("", "[Error=NoADRecipient Service=Imap4 MailboxBE=x.prod]", LOGIN).fault;
        assert_eq!(fault.reason, Reason::MailboxNotFound);
        assert_eq!(fault.evidence.ids, SupportIds::from([(SupportId::MailboxServer, "x.prod".to_owned())]));

        let fault = parse_refusal("", "NO AUTHENTICATE failed. [Error=\"AuthFailed:TooManyADRecipients\"]", LOGIN).fault;
        assert_eq!(fault.reason, Reason::AddressAmbiguous);
    }

    #[test]
    fn parse_refusal_reads_the_back_off_in_every_spelling() {
        for (text, expected) in [
            ("Request is throttled. Suggested Backoff Time: 89117 milliseconds", Some(Duration::from_millis(89_117))),
            ("Backoff Time=299961 milliseconds", Some(Duration::from_millis(299_961))),
            ("Suggested backoff time 5 seconds", Some(Duration::from_secs(5))),
            ("Suggested Backoff Time: 99999999999999999999999 milliseconds", Some(super::super::MAX_BACK_OFF)),
            ("Suggested Backoff Time: soon", None),
            ("Server Unavailable. 15", None),
        ] {
            assert_eq!(parse_refusal(text, text, LOGIN).back_off, expected, "{text}");
        }
    }

    #[test]
    fn server_name_is_in_exchange_s_greeting_alone() {
        for (greeting, name) in [
            ("+OK ready. [UABBADcAUAAyADYANABDAEEAMAAxADMANwAuAEYAUgBBAFAA]", Some("PA7P264CA0137.FRAP")),
            ("+OK ready. []", None),
            ("+OK ready. [AAA]", None),
            ("+OK ready. [Z]]", None),
            ("+OK Dovecot ready.", None),
            ("* OK [CAPABILITY IMAP4rev1] Dovecot ready.", None),
        ] {
            assert_eq!(server_name(greeting).as_deref(), name, "{greeting}");
        }
    }

    proptest! {
        #[test]
        fn parse_refusal_never_panics(text in any::<String>(), tail in any::<String>()) {
            parse_refusal(&text, &text, LOGIN);
            parse_refusal(&text, &format!("{text}[Error=\"{tail}] backoff time {tail}"), LOGIN);
            server_name(&format!("{text}[{tail}]"));
        }
    }
}
