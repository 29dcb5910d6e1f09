//! The POP3 conversation with servers that are good, odd, and hostile.

use std::time::Duration;

use super::Session;
use crate::check::script::laws::{self, Part};
use crate::check::script::{Delivery, Turn, lying, script, talk};
use crate::outcome::Phase::{self, Auth, Greeting, Mailbox, Starttls};
use crate::reason::Reason;

const HELLO: &str = "+OK The Microsoft Exchange POP3 service is ready. [UABBADcAUAAyADYANABDAEEAMAAxADMANwAuAEYAUgBBAFAA]";

fn good() -> Vec<Turn> {
    script(&[
        (Greeting, "", HELLO),
        (Auth, "AUTH XOAUTH2", "+ "),
        (Auth, "<payload>", "+OK User successfully authenticated."),
        (Mailbox, "STAT", "+OK 12 34567"),
        (Mailbox, "QUIT", "+OK Microsoft Exchange Server POP3 server signing off."),
    ])
}

fn in_the_clear() -> Vec<Turn> {
    script(&[(Greeting, "", HELLO), (Starttls, "STLS", "+OK Begin TLS negotiation.")])
}

#[tokio::test(start_paused = true)]
async fn a_good_run() {
    let talk = talk::<Session>(&good(), Delivery::Whole).await;
    assert_eq!(talk.ended(), (Mailbox, Ok(())));
    assert_eq!((talk.facts.mailbox.messages, talk.facts.mailbox.bytes), (Some(12), Some(34567)));
    assert_eq!(talk.facts.server.name.as_deref(), Some("PA7P264CA0137.FRAP"));
    assert_eq!(talk.turns, 3 + 1, "AUTH, the token, STAT; and a goodbye");
}

#[tokio::test(start_paused = true)]
async fn the_laws_hold() {
    laws::hold::<Session>(Part::Secured, &good()).await;
    laws::hold::<Session>(Part::Clear, &in_the_clear()).await;
}

#[test]
fn whatever_a_server_says_the_run_ends() {
    laws::anything_ends::<Session>(Part::Secured, &good());
    laws::anything_ends::<Session>(Part::Clear, &in_the_clear());
}

#[tokio::test(start_paused = true)]
async fn every_lie_has_its_place_and_reason() {
    const REFUSED: &str = "-ERR Authentication failure: unknown user name or bad password.";
    #[rustfmt::skip]
    let lies: &[(usize, &str, Phase, Reason)] = &[
        (0, "* OK IMAP ready", Greeting, Reason::GreetingUnexpected),
        (0, "-ERR Server Unavailable. 21", Greeting, Reason::GreetingRefused),
        (0, "-ERR Connection is closed. 12", Greeting, Reason::GreetingRefused),
        (1, "-ERR Protocol error. 14", Auth, Reason::MechanismNotOffered),
        (1, "+OK go on", Auth, Reason::ReplyMalformed),
        (2, REFUSED, Auth, Reason::AuthRefused),
        // Two lines at once, the second without a status: only the first is the answer.
        (2, "-ERR Protocol error. Connection is closed. 10\nConnection is closed. 21", Auth, Reason::ProtocolError),
        (2, "Connection is closed. 21", Auth, Reason::ConnectionClosed),
        (2, "-ERR Server Unavailable. 21", Auth, Reason::ServerUnavailable),
        (2, "+ eyJzdGF0dXMiOiI0MDEifQ== |  | -ERR [AUTH] Invalid credentials", Auth, Reason::AuthRefused),
        (2, "+ |  | -ERR [AUTH] Invalid credentials", Auth, Reason::AuthRefused),
        (2, "+ eyJzdGF0dXMiOiI0MDEifQ== |  | +OK", Auth, Reason::ReplyMalformed),
        (2, "+ eyJzdGF0dXMiOiI0MDEifQ== |  | + again", Auth, Reason::ReplyMalformed),
        (2, "+ eyJzdGF0dXMiOiI0MDEifQ== |  | SILENCE", Auth, Reason::AuthRefused),
        (2, "+ eyJzdGF0dXMiOiI0MDEifQ== |  | EOF", Auth, Reason::AuthRefused),
        (2, "+ bm8= |  | SILENCE", Auth, Reason::ReplyTimedOut),
        (3, "-ERR User is authenticated but not connected.", Mailbox, Reason::MailboxNotConnected),
        (3, "-ERR Request is throttled. Suggested Backoff Time: 1000 milliseconds", Mailbox, Reason::Throttled),
        (3, "+OK 99999999999999999999999 1", Mailbox, Reason::ReplyMalformed),
        (3, "+OK twelve", Mailbox, Reason::ReplyMalformed),
    ];
    for (at, lie, phase, reason) in lies {
        laws::a_lie_ends::<Session>(Part::Secured, &good(), *at, lie, *phase, *reason).await;
    }
    for (lie, reason) in [
        ("-ERR Unknown command.", Reason::StarttlsNotOffered),
        ("+ go on", Reason::ReplyMalformed),
        ("+OK Begin TLS.\n+OK 0 0", Reason::StarttlsInjection),
    ] {
        laws::a_lie_ends::<Session>(Part::Clear, &in_the_clear(), 1, lie, Starttls, reason).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_challenge_and_the_refusal_behind_it_are_both_evidence() {
    let lie = "+ eyJzdGF0dXMiOiI0MDEifQ== |  | -ERR [AUTH] Invalid credentials";
    let talk = talk::<Session>(&lying(&good(), 2, lie), Delivery::Whole).await;
    let evidence = talk.result.expect_err("refused").evidence;
    assert_eq!(evidence.heard.as_deref(), Some(r#"-ERR [AUTH] Invalid credentials (challenge: {"status":"401"})"#));
    assert_eq!(talk.said.as_deref(), Some("<secret>"), "what was refused, not the empty line behind it");
}

/// A refusal in a challenge is one, also where nothing comes behind it; and so is what a server says before it falls silent.
#[tokio::test(start_paused = true)]
async fn what_was_heard_last_is_the_evidence_of_silence() {
    for (at, lie, reason, heard) in [
        (0, "+OK The Microsoft HANG", Reason::ReplyTimedOut, Some("+OK The Microsoft")),
        (0, "SILENCE", Reason::NoGreeting, None),
        (2, "+ eyJzdGF0dXMiOiI0MDEifQ== |  | SILENCE", Reason::AuthRefused, Some(r#"(challenge: {"status":"401"})"#)),
        (2, "-ERR half HANG", Reason::ReplyTimedOut, Some("-ERR half")),
        (2, "SILENCE", Reason::ReplyTimedOut, None),
    ] {
        let talk = talk::<Session>(&lying(&good(), at, lie), Delivery::Whole).await;
        let fault = talk.result.expect_err("no answer");
        assert_eq!((fault.reason, fault.evidence.heard.as_deref()), (reason, heard), "{lie}");
    }
}

/// Everything went well by the skin of its teeth: a goodbye that is not answered does not turn that into a failure.
#[tokio::test(start_paused = true)]
async fn a_goodbye_near_the_deadline_costs_nothing() {
    let talk = talk::<Session>(&good(), Delivery::After(Duration::from_millis(2450))).await;
    assert_eq!(talk.ended(), (Mailbox, Ok(())));
}

#[tokio::test(start_paused = true)]
async fn a_back_off_is_kept() {
    let lie = "-ERR Request is throttled. Suggested Backoff Time: 89117 milliseconds";
    let talk = talk::<Session>(&lying(&good(), 3, lie), Delivery::Whole).await;
    assert_eq!(talk.facts.back_off.map(|asked| asked.as_millis()), Some(89_117));
}
