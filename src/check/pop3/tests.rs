//! The POP3 conversation with servers that are good, odd, and hostile.

use std::time::{Duration, SystemTime};

use super::Session;
use crate::check::script::laws::{self, Lie, Scripted};
use crate::check::script::{Delivery, Talk, Turn, script, talk, talk_of_backlog};
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

/// Returns a session that reads the header of the first message, and gets `header`, of which it need not read all.
fn reading(header: &str) -> Vec<Turn> {
    let read = [(Mailbox, "TOP 1 0", header), (Mailbox, "ANYTHING", "+OK bye")];
    [&Session::secured()[..4], &script(&read)].concat()
}

async fn with_header(header: &str) -> Talk {
    talk_of_backlog::<Session>(&reading(header), Delivery::Whole, &["INBOX".to_owned()]).await
}

#[tokio::test(start_paused = true)]
async fn pop3_backlog_has_the_time_at_which_the_first_message_was_received() {
    let header = "+OK\nReceived: by x;\n Mon, 23 Nov 2026 17:59:49 +0000\nSubject: private matter\n..\n.";
    let talk = with_header(header).await;
    assert_eq!(talk.ended(), (Mailbox, Ok(())));
    let [inbox] = &talk.facts.backlog[..] else { panic!("{:?}", talk.facts.backlog) };
    assert_eq!((inbox.messages, inbox.unread), (Some(12), None));
    assert_eq!(inbox.oldest, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_456_789)));
    assert!(!talk.shown().contains("private matter"), "{}", talk.shown());
}

#[tokio::test(start_paused = true)]
async fn pop3_backlog_of_an_empty_mailbox_asks_for_no_message() {
    let mut turns = Session::secured();
    turns[3].answers = "+OK 0 0".to_owned();
    let talk = talk_of_backlog::<Session>(&turns, Delivery::Whole, &["INBOX".to_owned()]).await;
    assert_eq!(talk.ended(), (Mailbox, Ok(())));
    assert_eq!((talk.facts.backlog[0].messages, talk.facts.backlog[0].age), (Some(0), None));
}

/// A stranger may have sent any header: it is no failure of the mailbox.
#[tokio::test(start_paused = true)]
async fn pop3_backlog_with_a_hostile_header_keeps_what_its_beginning_tells() {
    const DATE: &str = "+OK\nDate: Mon, 23 Nov 2026 17:59:49 +0000\n";
    for (header, is_known) in [
        ("+OK\nDate: never\n.".to_owned(), false),
        ("+OK\n.".to_owned(), false),
        (format!("{DATE}X: {}\n.", "x".repeat(40_000)), true),
        (format!("{DATE}{}.", "X: y\n".repeat(600)), true),
        (format!("+OK\n{}.", "X: y\n".repeat(600)), false),
    ] {
        let talk = with_header(&header).await;
        assert_eq!(talk.ended(), (Mailbox, Ok(())), "{header:.60}");
        assert_eq!(talk.facts.backlog[0].age.is_some(), is_known, "{header:.60}");
    }
}

#[tokio::test(start_paused = true)]
async fn pop3_backlog_with_a_refusal_or_silence_ends_with_its_reason() {
    for (reply, reason) in [
        ("-ERR The specified message is out of range.", Reason::CommandRefused),
        ("+OK\nDate: Mon EOF", Reason::ConnectionClosed),
        ("+OK\nSILENCE", Reason::ReplyTimedOut),
    ] {
        assert_eq!(with_header(reply).await.ended(), (Mailbox, Err(reason)), "{reply}");
    }
}
