//! The IMAP conversation with servers that are good, odd, and hostile.

use std::time::Duration;

use super::Session;
use crate::check::script::laws::{self, Lie, Part, Scripted};
use crate::check::script::{Delivery, Turn, lying, script, talk};
use crate::outcome::Phase::{self, Auth, Greeting, Mailbox, Starttls};
use crate::reason::Reason;

const HELLO: &str = "* OK The Microsoft Exchange IMAP4 service is ready. [UABBADcAUAAyADYANABDAEEAMAAxADMANwAuAEYAUgBBAFAA]";

impl Scripted for Session {
    const SECURED: &[(Phase, &str, &str)] = &[
        (Greeting, "", HELLO),
        (Auth, "a1 AUTHENTICATE XOAUTH2 <payload>", "a1 OK AUTHENTICATE completed."),
        (Mailbox, "a2 STATUS INBOX (MESSAGES UNSEEN)", "* STATUS INBOX (MESSAGES 12 UNSEEN 3) \na2 OK STATUS completed."),
        (Mailbox, "a3 LOGOUT", "* BYE Microsoft Exchange Server IMAP4 server signing off.\na3 OK LOGOUT completed."),
    ];

    const CLEAR: &[(Phase, &str, &str)] = &[(Greeting, "", HELLO), (Starttls, "a1 STARTTLS", "a1 OK Begin TLS negotiation now.")];
}

/// A server whose capabilities lack `SASL-IR`: it takes no payload with the command.
fn without_sasl_ir() -> Vec<Turn> {
    script(&[
        (Greeting, "", "* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2] ready"),
        (Auth, "a1 AUTHENTICATE XOAUTH2", "+ "),
        (Auth, "<payload>", "* CAPABILITY IMAP4rev1\na1 OK [CAPABILITY IMAP4rev1] in"),
        (Mailbox, "a2 STATUS INBOX (MESSAGES UNSEEN)", "* 3 EXISTS\n* STATUS {5}\nINBOX (UNSEEN 3 MESSAGES 12)\na2 OK done"),
        (Mailbox, "a3 LOGOUT", "a3 OK bye"),
    ])
}

#[tokio::test(start_paused = true)]
async fn imap_session_with_good_servers_opens_the_mailbox() {
    for (turns, lines) in [(Session::secured(), 2 + 1), (without_sasl_ir(), 3 + 1)] {
        let talk = talk::<Session>(&turns, Delivery::Whole).await;
        assert_eq!(talk.ended(), (Mailbox, Ok(())));
        assert_eq!((talk.facts.mailbox.messages, talk.facts.mailbox.unseen), (Some(12), Some(3)));
        assert_eq!(talk.turns, lines, "the commands, and a goodbye");
    }
}

#[tokio::test(start_paused = true)]
async fn imap_session_keeps_the_laws_of_mail_protocols() {
    laws::check::<Session>().await;
    laws::check_script::<Session>(Part::Secured, &without_sasl_ir()).await;
}

#[test]
fn imap_session_with_arbitrary_replies_ends() {
    laws::check_arbitrary_replies::<Session>();
}

#[tokio::test(start_paused = true)]
async fn imap_login_with_an_empty_challenge_sends_the_payload_again() {
    let turns = lying(&Session::secured(), 1, "+ | <payload> | a1 OK in");
    let talk = talk::<Session>(&[&turns[..], &Session::secured()[2..]].concat(), Delivery::Whole).await;
    assert_eq!(talk.ended(), (Mailbox, Ok(())));
}

#[tokio::test(start_paused = true)]
async fn imap_session_with_each_lie_ends_in_its_phase_with_its_reason() {
    const MISUNDERSTOOD: &str = "a1 BAD Command Error. 10 | a2 CAPABILITY | ";
    let with_and_without = |list: &str| format!("{MISUNDERSTOOD}* CAPABILITY {list}\na2 OK done");
    let refused_plainly = |list: &str| format!("a1 NO AUTHENTICATE failed. | a2 CAPABILITY | * CAPABILITY {list}\na2 OK done");
    let refused_as_basic = |list: &str| format!("a1 NO Login failed. | a2 CAPABILITY | * CAPABILITY {list}\na2 OK done");
    #[rustfmt::skip]
    let lies: &[Lie<'_>] = &[
        (0, "+OK POP3 ready", Greeting, Reason::GreetingUnexpected),
        (0, "* PREAUTH welcome", Greeting, Reason::GreetingUnexpected),
        (0, "* BYE Server Unavailable. 15", Greeting, Reason::GreetingRefused),
        (1, "a1 NO AUTHENTICATE failed. | a2 CAPABILITY | a2 OK nothing said", Auth, Reason::AuthRefused),
        (1, "+ eyJzdGF0dXMiOiI0MDEifQ== |  | a1 NO AUTHENTICATE failed. | a2 CAPABILITY | a2 OK nothing said", Auth, Reason::AuthRefused),
        (1, "+ | <payload> | + eyJzdGF0dXMiOiI0MDEifQ== |  | a1 NO no | a2 CAPABILITY | a2 OK nothing said", Auth, Reason::AuthRefused),
        (1, "+ | <payload> | + |  | a1 NO no | a2 CAPABILITY | a2 OK nothing said", Auth, Reason::AuthRefused),
        (1, "+ no |  | + no", Auth, Reason::ReplyMalformed),
        (1, "a2 OK of another command", Auth, Reason::ReplyMalformed),
        (1, "a1 MAYBE", Auth, Reason::ReplyMalformed),
        (1, "* BYE Session invalidated - Disabled\na1 NO no | a2 CAPABILITY | a2 OK nothing said", Auth, Reason::AuthRefused),
        (1, "* BYE Session invalidated - Disabled\nEOF", Auth, Reason::SessionInvalidated),
        (1, &with_and_without("IMAP4rev1 AUTH=PLAIN"), Auth, Reason::MechanismNotOffered),
        (1, &with_and_without("IMAP4rev1 AUTH=XOAUTH2"), Auth, Reason::ProtocolError),
        (1, &refused_plainly("IMAP4rev1 AUTH=PLAIN AUTH=NTLM"), Auth, Reason::MechanismNotOffered),
        (1, &refused_plainly("IMAP4rev1 AUTH=XOAUTH2"), Auth, Reason::AuthRefused),
        // Whether or not the explanation comes, the refusal stands.
        (1, "a1 NO AUTHENTICATE failed. | a2 CAPABILITY | EOF", Auth, Reason::AuthRefused),
        (1, &format!("{MISUNDERSTOOD}SILENCE"), Auth, Reason::ProtocolError),
        (1, &format!("{MISUNDERSTOOD}EOF"), Auth, Reason::ProtocolError),
        (1, &format!("{MISUNDERSTOOD}LINES * 1 EXISTS"), Auth, Reason::ProtocolError),
        // A server may take any login for a password's: what it can do tells, however many lines it takes to say so.
        (1, &refused_as_basic("IMAP4rev1 AUTH=PLAIN"), Auth, Reason::MechanismNotOffered),
        (1, &refused_as_basic("IMAP4rev1\n* CAPABILITY auth=xoauth2"), Auth, Reason::BasicAuthBlocked),
        (1, "a1 NO Login failed. | a2 CAPABILITY | a2 OK nothing said", Auth, Reason::BasicAuthBlocked),
        (2, "a2 BAD User is authenticated but not connected.", Mailbox, Reason::MailboxNotConnected),
        (2, "a2 NO [NONEXISTENT] no such", Mailbox, Reason::FolderNotFound),
        (2, "a2 OK without a status", Mailbox, Reason::ReplyMalformed),
        (2, "* STATUS Sent (MESSAGES 1)\na2 OK of another folder", Mailbox, Reason::ReplyMalformed),
        (2, "* STATUS INBOX (MESSAGES x)\na2 OK", Mailbox, Reason::ReplyMalformed),
        (2, "* STATUS {99999999999999999999}", Mailbox, Reason::ReplyTooLong),
        (2, "* STATUS {20000}", Mailbox, Reason::ReplyTooLong),
        (2, "* STATUS {5}\nINBEOF", Mailbox, Reason::ConnectionClosed),
        (2, "* STATUS {5}\nSILENCE", Mailbox, Reason::ReplyTimedOut),
        (2, "LINES * STATUS {5}\nINBOX {5}", Mailbox, Reason::ReplyTooLong),
        (2, "* BYE Server Unavailable. 15\nEOF", Mailbox, Reason::ServerUnavailable),
        (2, "+ go on", Mailbox, Reason::ReplyMalformed),
        (1, "a1 BAD Command Error. 12", Starttls, Reason::StarttlsNotOffered),
        (1, "* CAPABILITY x\na1 OK Begin TLS.\n* CAPABILITY AUTH=XOAUTH2", Starttls, Reason::StarttlsInjection),
        (1, "+ go on", Starttls, Reason::ReplyMalformed),
    ];
    laws::check_lies::<Session>(lies).await;
}

#[tokio::test(start_paused = true)]
async fn imap_login_explained_by_capabilities_keeps_the_refused_request() {
    let lie = "a1 BAD Command Error. 10 | a2 CAPABILITY | * CAPABILITY IMAP4rev1\na2 OK done";
    let talk = laws::talk_with_lie::<Session>(1, lie).await;
    assert_eq!(talk.ended(), (Auth, Err(Reason::MechanismNotOffered)));
    assert_eq!(talk.said.as_deref(), Some("a1 AUTHENTICATE XOAUTH2 <secret>"));
}

/// The explanation takes a round trip, which is no part of the login's time.
#[tokio::test(start_paused = true)]
async fn imap_login_explained_by_capabilities_is_not_measured_longer() {
    const DELAY: Duration = Duration::from_millis(70);
    let lie = "a1 NO Login failed. | a2 CAPABILITY | * CAPABILITY IMAP4rev1\na2 OK done";
    let talk = talk::<Session>(&lying(&Session::secured(), 1, lie), Delivery::After(DELAY)).await;
    let auth = talk.spans.iter().find(|span| span.phase == Auth).expect("a login");
    assert_eq!(auth.took, DELAY);
}

/// Courier refuses a mechanism it does not have as it does a password, but has said in its greeting what it can do.
#[tokio::test(start_paused = true)]
async fn imap_login_refused_without_xoauth2_in_the_greeting_is_mechanism_not_offered() {
    for (announced, reason) in [("AUTH=PLAIN", Reason::MechanismNotOffered), ("auth=xoauth2", Reason::AuthRefused)] {
        let mut turns = lying(&Session::secured(), 1, "a1 NO Authentication failed.");
        turns[0].answers = format!("* OK [CAPABILITY IMAP4rev1 SASL-IR {announced}] ready");
        let talk = talk::<Session>(&turns, Delivery::Whole).await;
        assert_eq!(talk.ended(), (Auth, Err(reason)), "{announced}");
    }
}
