//! The POP3 conversation with servers that are good, odd, and hostile.

use std::time::Duration;

use super::Session;
use crate::check::script::laws::{self, Lie, Scripted};
use crate::check::script::{Delivery, talk};
use crate::outcome::Phase::{self, Auth, Greeting, Mailbox, Starttls};
use crate::reason::Reason;

const HELLO: &str = "+OK The Microsoft Exchange POP3 service is ready. [UABBADcAUAAyADYANABDAEEAMAAxADMANwAuAEYAUgBBAFAA]";

impl Scripted for Session {
    const SECURED: &[(Phase, &str, &str)] = &[
        (Greeting, "", HELLO),
        (Auth, "AUTH XOAUTH2", "+ "),
        (Auth, "<payload>", "+OK User successfully authenticated."),
        (Mailbox, "STAT", "+OK 12 34567"),
        (Mailbox, "QUIT", "+OK Microsoft Exchange Server POP3 server signing off."),
    ];

    const CLEAR: &[(Phase, &str, &str)] = &[(Greeting, "", HELLO), (Starttls, "STLS", "+OK Begin TLS negotiation.")];
}

#[tokio::test(start_paused = true)]
async fn pop3_session_with_a_good_server_opens_the_mailbox() {
    let talk = talk::<Session>(&Session::secured(), Delivery::Whole).await;
    assert_eq!(talk.ended(), (Mailbox, Ok(())));
    assert_eq!((talk.facts.mailbox.messages, talk.facts.mailbox.bytes), (Some(12), Some(34567)));
    assert_eq!(talk.facts.server.name.as_deref(), Some("PA7P264CA0137.FRAP"));
    assert_eq!(talk.turns, 3 + 1, "AUTH, the token, STAT; and a goodbye");
}

#[tokio::test(start_paused = true)]
async fn pop3_session_keeps_the_laws_of_mail_protocols() {
    laws::check::<Session>().await;
}

#[test]
fn pop3_session_with_arbitrary_replies_ends() {
    laws::check_arbitrary_replies::<Session>();
}

#[tokio::test(start_paused = true)]
async fn pop3_session_with_each_lie_ends_in_its_phase_with_its_reason() {
    const REFUSED: &str = "-ERR Authentication failure: unknown user name or bad password.";
    #[rustfmt::skip]
    let lies: &[Lie<'_>] = &[
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
        (1, "-ERR Unknown command.", Starttls, Reason::StarttlsNotOffered),
        (1, "+ go on", Starttls, Reason::ReplyMalformed),
        (1, "+OK Begin TLS.\n+OK 0 0", Starttls, Reason::StarttlsInjection),
    ];
    laws::check_lies::<Session>(lies).await;
}

#[tokio::test(start_paused = true)]
async fn pop3_login_refused_after_a_challenge_has_both_as_evidence() {
    let lie = "+ eyJzdGF0dXMiOiI0MDEifQ== |  | -ERR [AUTH] Invalid credentials";
    let talk = laws::talk_with_lie::<Session>(2, lie).await;
    let evidence = talk.result.expect_err("refused").evidence;
    assert_eq!(evidence.heard.as_deref(), Some(r#"-ERR [AUTH] Invalid credentials (challenge: {"status":"401"})"#));
    assert_eq!(talk.said.as_deref(), Some("<secret>"), "what was refused, not the empty line behind it");
}

/// A refusal in a challenge counts, also where nothing follows it; and so does what a server says before it falls silent.
#[tokio::test(start_paused = true)]
async fn pop3_session_with_a_silent_server_has_the_last_reply_as_evidence() {
    for (at, lie, reason, heard) in [
        (0, "+OK The Microsoft HANG", Reason::ReplyTimedOut, Some("+OK The Microsoft")),
        (0, "SILENCE", Reason::NoGreeting, None),
        (2, "+ eyJzdGF0dXMiOiI0MDEifQ== |  | SILENCE", Reason::AuthRefused, Some(r#"(challenge: {"status":"401"})"#)),
        (2, "-ERR half HANG", Reason::ReplyTimedOut, Some("-ERR half")),
        (2, "SILENCE", Reason::ReplyTimedOut, None),
    ] {
        let talk = laws::talk_with_lie::<Session>(at, lie).await;
        let fault = talk.result.expect_err("no answer");
        assert_eq!((fault.reason, fault.evidence.heard.as_deref()), (reason, heard), "{lie}");
    }
}

/// A goodbye that is not answered does not make a failure of a run that has succeeded.
#[tokio::test(start_paused = true)]
async fn pop3_session_with_a_goodbye_near_the_deadline_succeeds() {
    let talk = talk::<Session>(&Session::secured(), Delivery::After(Duration::from_millis(2450))).await;
    assert_eq!(talk.ended(), (Mailbox, Ok(())));
}

#[tokio::test(start_paused = true)]
async fn pop3_stat_that_is_throttled_keeps_the_back_off() {
    let lie = "-ERR Request is throttled. Suggested Backoff Time: 89117 milliseconds";
    let talk = laws::talk_with_lie::<Session>(3, lie).await;
    assert_eq!(talk.facts.back_off.map(|asked| asked.as_millis()), Some(89_117));
}
