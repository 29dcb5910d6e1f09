//! The IMAP conversation with servers that are good, odd, and hostile.

use std::time::Duration;

use super::Session;
use crate::check::script::laws::{self, Part};
use crate::check::script::{Delivery, Turn, lying, script, talk};
use crate::outcome::Phase::{self, Auth, Greeting, Mailbox, Starttls};
use crate::reason::Reason;

const HELLO: &str = "* OK The Microsoft Exchange IMAP4 service is ready. [UABBADcAUAAyADYANABDAEEAMAAxADMANwAuAEYAUgBBAFAA]";

fn good() -> Vec<Turn> {
    script(&[
        (Greeting, "", HELLO),
        (Auth, "a1 AUTHENTICATE XOAUTH2 <payload>", "a1 OK AUTHENTICATE completed."),
        (Mailbox, "a2 STATUS INBOX (MESSAGES UNSEEN)", "* STATUS INBOX (MESSAGES 12 UNSEEN 3) \na2 OK STATUS completed."),
        (Mailbox, "a3 LOGOUT", "* BYE Microsoft Exchange Server IMAP4 server signing off.\na3 OK LOGOUT completed."),
    ])
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

fn in_the_clear() -> Vec<Turn> {
    script(&[(Greeting, "", HELLO), (Starttls, "a1 STARTTLS", "a1 OK Begin TLS negotiation now.")])
}

#[tokio::test(start_paused = true)]
async fn good_runs() {
    for (turns, lines) in [(good(), 2 + 1), (without_sasl_ir(), 3 + 1)] {
        let talk = talk::<Session>(&turns, Delivery::Whole).await;
        assert_eq!(talk.ended(), (Mailbox, Ok(())));
        assert_eq!((talk.facts.mailbox.messages, talk.facts.mailbox.unseen), (Some(12), Some(3)));
        assert_eq!(talk.turns, lines, "the commands, and a goodbye");
    }
}

#[tokio::test(start_paused = true)]
async fn the_laws_hold() {
    laws::hold::<Session>(Part::Secured, &good()).await;
    laws::hold::<Session>(Part::Secured, &without_sasl_ir()).await;
    laws::hold::<Session>(Part::Clear, &in_the_clear()).await;
}

#[test]
fn whatever_a_server_says_the_run_ends() {
    laws::anything_ends::<Session>(Part::Secured, &good());
    laws::anything_ends::<Session>(Part::Clear, &in_the_clear());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_passes_over_the_payload_is_given_it_again() {
    let turns = lying(&good(), 1, "+ | <payload> | a1 OK in");
    let talk = talk::<Session>(&[&turns[..], &good()[2..]].concat(), Delivery::Whole).await;
    assert_eq!(talk.ended(), (Mailbox, Ok(())));
}

#[tokio::test(start_paused = true)]
async fn every_lie_has_its_place_and_reason() {
    const MISUNDERSTOOD: &str = "a1 BAD Command Error. 10 | a2 CAPABILITY | ";
    let with_and_without = |list: &str| format!("{MISUNDERSTOOD}* CAPABILITY {list}\na2 OK done");
    let refused_as_basic = |list: &str| format!("a1 NO Login failed. | a2 CAPABILITY | * CAPABILITY {list}\na2 OK done");
    #[rustfmt::skip]
    let lies: &[(usize, &str, Phase, Reason)] = &[
        (0, "+OK POP3 ready", Greeting, Reason::GreetingUnexpected),
        (0, "* PREAUTH welcome", Greeting, Reason::GreetingUnexpected),
        (0, "* BYE Server Unavailable. 15", Greeting, Reason::GreetingRefused),
        (1, "a1 NO AUTHENTICATE failed.", Auth, Reason::AuthRefused),
        (1, "+ eyJzdGF0dXMiOiI0MDEifQ== |  | a1 NO AUTHENTICATE failed.", Auth, Reason::AuthRefused),
        (1, "+ | <payload> | + eyJzdGF0dXMiOiI0MDEifQ== |  | a1 NO no", Auth, Reason::AuthRefused),
        (1, "+ | <payload> | + |  | a1 NO no", Auth, Reason::AuthRefused),
        (1, "+ no |  | + no", Auth, Reason::ReplyMalformed),
        (1, "a2 OK of another command", Auth, Reason::ReplyMalformed),
        (1, "a1 MAYBE", Auth, Reason::ReplyMalformed),
        (1, "* BYE Session invalidated - Disabled\na1 NO no", Auth, Reason::AuthRefused),
        (1, "* BYE Session invalidated - Disabled\nEOF", Auth, Reason::SessionInvalidated),
        (1, &with_and_without("IMAP4rev1 AUTH=PLAIN"), Auth, Reason::MechanismNotOffered),
        (1, &with_and_without("IMAP4rev1 AUTH=XOAUTH2"), Auth, Reason::ProtocolError),
        // Whether or not the explanation comes, the refusal stands.
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
    ];
    for (at, lie, phase, reason) in lies {
        laws::a_lie_ends::<Session>(Part::Secured, &good(), *at, lie, *phase, *reason).await;
    }
    for (lie, reason) in [
        ("a1 BAD Command Error. 12", Reason::StarttlsNotOffered),
        ("* CAPABILITY x\na1 OK Begin TLS.\n* CAPABILITY AUTH=XOAUTH2", Reason::StarttlsInjection),
        ("+ go on", Reason::ReplyMalformed),
    ] {
        laws::a_lie_ends::<Session>(Part::Clear, &in_the_clear(), 1, lie, Starttls, reason).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_explanation_asked_for_later_is_not_what_was_refused() {
    let lie = "a1 BAD Command Error. 10 | a2 CAPABILITY | * CAPABILITY IMAP4rev1\na2 OK done";
    let talk = talk::<Session>(&lying(&good(), 1, lie), Delivery::Whole).await;
    assert_eq!(talk.ended(), (Auth, Err(Reason::MechanismNotOffered)));
    assert_eq!(talk.said.as_deref(), Some("a1 AUTHENTICATE XOAUTH2 <secret>"));
}

/// The explanation takes a round trip, which is no part of the login's time.
#[tokio::test(start_paused = true)]
async fn an_explanation_is_not_measured() {
    const DELAY: Duration = Duration::from_millis(70);
    let lie = "a1 NO Login failed. | a2 CAPABILITY | * CAPABILITY IMAP4rev1\na2 OK done";
    let talk = talk::<Session>(&lying(&good(), 1, lie), Delivery::After(DELAY)).await;
    let auth = talk.spans.iter().find(|span| span.phase == Auth).expect("a login");
    assert_eq!(auth.took, DELAY);
}

/// Courier refuses a mechanism it does not have as it does a password, but has said in its greeting what it can do.
#[tokio::test(start_paused = true)]
async fn what_was_announced_tells_why_a_login_is_refused() {
    for (announced, reason) in [("AUTH=PLAIN", Reason::MechanismNotOffered), ("auth=xoauth2", Reason::AuthRefused)] {
        let greeting = format!("* OK [CAPABILITY IMAP4rev1 SASL-IR {announced}] ready");
        let turns = [&lying(&good(), 0, &greeting)[..1], &lying(&good(), 1, "a1 NO Authentication failed.")[1..]].concat();
        let talk = talk::<Session>(&turns, Delivery::Whole).await;
        assert_eq!(talk.ended(), (Auth, Err(reason)), "{announced}");
    }
}
