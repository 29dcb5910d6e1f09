//! Round trips that are sent, or found, by Graph.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use m365_probe::kind::Check;
use m365_probe::outcome::Phase;
use m365_probe::reason::Reason;
use m365_probe::settings::RoundTrip;
use m365_probe::sim::{Delivery, Message, SubmissionRefusal, Tenant};

use crate::peer::PRAXIS;
use crate::round_trip::{LABOR, Lab, MINUTE, reason};

pub fn by_graph() -> RoundTrip {
    RoundTrip { send_by: Check::Graph, by: Check::Graph, ..RoundTrip::default() }
}

#[tokio::test]
async fn mail_is_sent_and_found_and_deleted_by_graph_at_either_end() {
    for (send_by, by) in
        [(Check::Graph, Check::Graph), (Check::Graph, Check::Imap), (Check::Graph, Check::Pop3), (Check::Smtp, Check::Graph)]
    {
        let lab = Lab::new(RoundTrip { send_by, by, ..RoundTrip::default() }).await;
        let sent = lab.run().await;
        assert_eq!((reason(&sent), sent.facts.round_trip.pending), (None, Some(1)), "{send_by} {by}");
        let copies = usize::from(send_by == Check::Smtp);
        assert_eq!(lab.mails(PRAXIS), [1, 0, copies], "{send_by} {by}");
        lab.wait(MINUTE);
        let found = lab.run().await;
        let facts = &found.facts.round_trip;
        assert_eq!((reason(&found), facts.pending), (None, Some(0)), "{send_by} {by}: {facts:?}");
        assert!(facts.message_id.as_ref().is_some_and(|id| id.contains('@')), "{send_by} {by}: {facts:?}");
        assert!(facts.hops.len() == 3 && facts.arrival.is_some(), "{send_by} {by}: {facts:?}");
        assert_eq!((facts.deleted, lab.mails(PRAXIS)), (Some(1 + copies as u64), [0, 0, 0]), "{send_by} {by}");
        let phases: Vec<Phase> = found.phases.iter().map(|span| span.phase).collect();
        assert!(phases.contains(&Phase::Arrive) && !phases.contains(&Phase::Submit), "{send_by} {by}: {phases:?}");
        let text = format!("{:?}", found.facts.transcript);
        assert!(by != Check::Graph || text.contains("DELETE") && !text.contains("X-M365-Probe"), "{text}");
        lab.wait(10 * MINUTE);
        assert_eq!(lab.run().await.facts.round_trip.pending, Some(0), "{send_by} {by}: it is not time for the next one");
    }
}

#[tokio::test]
async fn mail_to_another_mailbox_is_found_there_by_graph() {
    let lab = Lab::new(RoundTrip { to: Some(LABOR.to_owned()), ..by_graph() }).await;
    lab.run().await;
    assert_eq!((lab.mails(PRAXIS), lab.mails(LABOR)), ([0, 0, 0], [1, 0, 0]));
    lab.wait(MINUTE);
    let found = lab.run().await;
    assert_eq!((reason(&found), found.facts.round_trip.deleted), (None, Some(1)));
    assert_eq!(lab.mails(LABOR), [0; 3]);
}

#[tokio::test]
async fn mail_that_is_junked_bounced_or_lost_is_told_by_graph_until_one_arrives() {
    for (delivery, first, last) in [
        (Delivery::Junked, Some(Reason::MailJunked), Reason::MailJunked),
        (Delivery::Bounced, Some(Reason::MailBounced), Reason::MailBounced),
        (Delivery::Lost, None, Reason::MailLost),
    ] {
        let mut lab = Lab::new(by_graph()).await;
        lab.set(|mailbox| mailbox.delivery = delivery);
        lab.run().await;
        lab.restart();
        lab.wait(MINUTE);
        let told = lab.run().await;
        assert_eq!(reason(&told), first, "{delivery:?}");
        if delivery == Delivery::Bounced {
            let evidence = &told.failure().unwrap().evidence;
            assert_eq!((evidence.code.as_deref(), &evidence.said), (Some("5.1.10"), &None));
            assert!(evidence.heard.as_ref().unwrap().contains("RecipientNotFound"), "{evidence:?}");
        }
        lab.wait(60 * MINUTE);
        lab.set(|mailbox| mailbox.delivery = Delivery::Prompt);
        assert_eq!(reason(&lab.run().await), Some(last), "{delivery:?}");
        lab.wait(MINUTE);
        assert_eq!(reason(&lab.run().await), None, "{delivery:?}: the next one has arrived");
        assert_eq!(lab.mails(PRAXIS), [0, 0, 0], "{delivery:?}");
    }
}

#[tokio::test]
async fn refusal_of_graph_has_the_reason_of_the_one_by_smtp_and_suspends_sending_where_it_is_for_good() {
    for (refusal, expected, for_good) in [
        (SubmissionRefusal::SendAsDenied, Reason::SendAsDenied, true),
        (SubmissionRefusal::SenderBlocked, Reason::SenderBlocked, true),
        (SubmissionRefusal::MailboxFull, Reason::MailboxFull, true),
        (SubmissionRefusal::QuotaReached, Reason::SubmissionQuotaExceeded, true),
        (SubmissionRefusal::TooLarge, Reason::MessageTooLarge, true),
        (SubmissionRefusal::CutOff, Reason::Throttled, false),
        (SubmissionRefusal::Deferred, Reason::ServerUnavailable, false),
    ] {
        let mut lab = Lab::new(by_graph()).await;
        lab.set(|mailbox| mailbox.submission = Some(refusal));
        let refused = lab.run().await;
        assert_eq!(reason(&refused), Some(expected), "{refusal:?}");
        assert_eq!(refused.failure().unwrap().phase, Phase::Submit, "{refusal:?}");
        assert_eq!(refused.facts.round_trip.suspended_until.is_some(), for_good, "{refusal:?}");
        assert_eq!(refused.facts.back_off.is_some(), !for_good, "{refusal:?}: Retry-After");
        lab.restart();
        lab.set(|mailbox| mailbox.submission = None);
        lab.wait(16 * MINUTE);
        let next = lab.run().await;
        let held = next.facts.warnings.first().map(|warning| warning.reason);
        assert_eq!(held, for_good.then_some(Reason::SendingSuspended), "{refusal:?}");
        assert_eq!(next.facts.round_trip.pending, Some(u64::from(!for_good)), "{refusal:?}");
    }
}

#[tokio::test]
async fn missing_permission_of_graph_is_told_as_such_and_the_mail_goes_once_it_is_granted() {
    let mut lab = Lab::new(by_graph()).await;
    let take = |tenant: &mut Tenant, role: &str| tenant.application.roles.retain(|granted| granted != role);
    lab.tenant.change(|tenant| take(tenant, "Mail.Send"));
    let refused = lab.run().await;
    assert_eq!(reason(&refused), Some(Reason::TokenRoleMissing));
    assert_eq!(refused.failure().unwrap().phase, Phase::Submit);
    assert_eq!(refused.access().map(|access| access.permission), Some("Mail.Send"));
    let facts = &refused.facts.round_trip;
    assert_eq!((facts.pending, facts.sent, facts.suspended_until), (Some(0), None, None));
    lab.tenant.change(|tenant| tenant.application.roles.push("Mail.Send".to_owned()));
    assert_eq!(lab.run().await.facts.round_trip.pending, Some(1), "with a fresh token, in the same turn");
    lab.wait(MINUTE);
    lab.tenant.change(|tenant| take(tenant, "Mail.ReadWrite"));
    lab.means.tokens = Arc::default();
    let found = lab.run().await;
    assert_eq!((reason(&found), found.facts.round_trip.pending), (None, Some(0)), "Mail.Read finds it");
    assert_eq!(found.facts.warnings.first().map(|warning| warning.reason), Some(Reason::MailNotDeleted));
    assert_eq!(lab.mails(PRAXIS), [1, 0, 0]);
}

#[tokio::test]
async fn mails_of_others_stay_whatever_their_subject_and_their_quotations() {
    let lab = Lab::new(by_graph()).await;
    lab.run().await;
    let mut ours = String::new();
    lab.tenant.change(|tenant| ours.clone_from(&tenant.mailbox(PRAXIS).unwrap().messages.last().unwrap().text));
    let mark = ours.lines().find(|line| line.starts_with("X-M365-Probe-Round-Trip")).unwrap();
    for text in [
        "Subject: m365-probe round trip aaaaaaaa\r\nMessage-ID: <1@contoso.example>\r\nX-M365-Probe-Round-Trip: \
         99999999-2222-3333-4444-555555555555/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee/1\r\n\r\nx\r\n",
        &format!("Subject: Re: m365-probe round trip\r\nMessage-ID: <2@contoso.example>\r\n\r\n{mark}\r\n"),
        &format!("Subject: Away: m365-probe round trip\r\nAuto-Submitted: auto-replied\r\n{mark}\r\n\r\nx\r\n"),
        "From: <postmaster@contoso.example>\r\nSubject: Undeliverable: x\r\nContent-Type: multipart/report\r\n\r\nx\r\n",
    ] {
        lab.set(|mailbox| mailbox.add("inbox", text.to_owned(), false));
        lab.set(|mailbox| mailbox.add("junkemail", text.to_owned(), false));
    }
    lab.wait(MINUTE);
    let found = lab.run().await;
    assert_eq!((reason(&found), found.facts.round_trip.deleted), (None, Some(1)));
    let mut left = (0, 0);
    lab.tenant.change(|tenant| {
        let mailbox = tenant.mailbox(PRAXIS).unwrap();
        left = (mailbox.messages.len(), mailbox.messages_of(mailbox.folder("junkemail").unwrap()).len());
    });
    assert_eq!(left, (12 + 4, 4));
}

#[tokio::test]
async fn mail_among_more_than_one_look_reads_is_found_by_the_next() {
    const OTHERS: u32 = 550;
    let lab = Lab::new(by_graph()).await;
    let now = SystemTime::now();
    lab.set(|mailbox| {
        let others = (0..OTHERS).map(|number| Message {
            received: now - Duration::from_secs((OTHERS - number).into()),
            ..Message::example(1000 + number, PRAXIS)
        });
        mailbox.messages.extend(others);
        mailbox.last_uid = 1000 + OTHERS;
    });
    lab.run().await;
    for (pending, deleted) in [(1, 0), (0, 1)] {
        lab.wait(MINUTE);
        let facts = lab.run().await.facts.round_trip;
        assert_eq!((facts.pending, facts.deleted), (Some(pending), Some(deleted)));
    }
}
