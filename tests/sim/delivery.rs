//! The way of a mail: submitted over SMTP, seen over IMAP and POP3, deleted.

use std::time::Duration;

use m365_probe::sim::{Delivery, Running, SubmissionRefusal, Tenant, start};

use crate::peer::{PRAXIS, Peer, token, xoauth2};

const SUBMISSION: &str = "C: MAIL FROM:<praxis@contoso.example>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<TO>
    S: 250 2.1.5 Recipient OK
    C: DATA
    S: 354 Start mail input; end with <CRLF>.<CRLF>
    C: Message-ID: <1@contoso.example>
    C: Subject: self
    C:
    C: ..
    C: .";

/// Submits a mail to `to`, and expects `reply`.
async fn submit(tenant: &Running, to: &str, reply: &str) {
    let sasl = xoauth2(PRAXIS, &token(tenant).await);
    let mut peer = Peer::plain(tenant.ports().smtp).await.unwrap();
    peer.play("S: 220…").await;
    peer.ask("STARTTLS").await;
    let mut peer = peer.secured(tenant, "smtp.office365.com").await.unwrap();
    peer.play("C: HELO x\nS: 250…").await;
    let submission = SUBMISSION.replace("TO>", &format!("{to}>"));
    peer.play(&format!("C: AUTH XOAUTH2 {sasl}\nS: 235…\n{submission}\nS: {reply}")).await;
}

/// Logs in over IMAP.
async fn imap(tenant: &Running) -> Peer {
    let sasl = xoauth2(PRAXIS, &token(tenant).await);
    let mut peer = Peer::tls(tenant, tenant.ports().imaps, "outlook.office365.com").await.unwrap();
    peer.play(&format!("S: * OK…\nC: a1 AUTHENTICATE XOAUTH2 {sasl}\nS: a1 OK…")).await;
    peer
}

/// Expects so many messages in a folder, and this next id.
async fn status(peer: &mut Peer, folder: &str, messages: u32, next: u32) {
    let request = format!("C: s1 STATUS \"{folder}\" (MESSAGES UIDNEXT)");
    let shown = if folder.contains(' ') { format!("\"{folder}\"") } else { folder.to_owned() };
    peer.play(&format!("{request}\nS: * STATUS {shown} (MESSAGES {messages} UIDNEXT {next})\nS: s1 OK…")).await;
}

#[tokio::test]
async fn mail_to_oneself_lies_in_inbox_and_sent_items_until_it_is_deleted() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    let mut imap = imap(&tenant).await;
    status(&mut imap, "INBOX", 12, 13).await;
    submit(&tenant, PRAXIS, "250 2.0.0 OK <1@contoso.example> [Hostname=…").await;
    status(&mut imap, "INBOX", 13, 15).await;
    status(&mut imap, "Sent Items", 1, 15).await;
    for (folder, number, uid) in [("Sent Items", 1, 13), ("INBOX", 13, 14)] {
        imap.ask(&format!("b1 SELECT \"{folder}\"")).await;
        while !imap.line().await.starts_with("b1 OK") {}
        let fetch = format!(
            "C: b2 UID FETCH 13:* (BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])
             S: * {number} FETCH (UID {uid} BODY[HEADER.FIELDS (MESSAGE-ID)] {{35}}
             S: Message-ID: <1@contoso.example>
             S:
             S: )
             S: b2 OK…"
        );
        imap.play(&fetch).await;
        imap.play(&format!("C: b3 UID STORE {uid} +FLAGS.SILENT (\\Deleted)\nS: b3 OK…")).await;
        imap.play(&format!("C: b4 UID EXPUNGE {uid}\nS: * {number} EXPUNGE\nS: b4 OK…")).await;
        status(&mut imap, folder, number - 1, 15).await;
    }
}

#[tokio::test]
async fn mail_goes_where_the_mailbox_has_it_go() {
    for (delivery, to, inbox, junk) in [
        (Delivery::Prompt, "labor@contoso.example", 12, 0),
        (Delivery::Prompt, PRAXIS, 13, 0),
        (Delivery::Junked, PRAXIS, 12, 1),
        (Delivery::Lost, PRAXIS, 12, 0),
        (Delivery::Bounced, PRAXIS, 13, 0),
        (Delivery::Prompt, "nobody@contoso.example", 13, 0),
        (Delivery::Prompt, "nobody@fabrikam.example", 12, 0),
        (Delivery::Late(Duration::from_secs(3600)), PRAXIS, 12, 0),
    ] {
        let tenant = start(Tenant::contoso()).await.unwrap();
        tenant.change(|tenant| tenant.mailbox_mut(PRAXIS).unwrap().delivery = delivery);
        submit(&tenant, to, "250 2.0.0 OK…").await;
        let mut imap = imap(&tenant).await;
        for (folder, messages) in [("INBOX", inbox), ("Junk Email", junk)] {
            let line = imap.ask(&format!("c1 STATUS \"{folder}\" (MESSAGES)")).await;
            assert!(line.ends_with(&format!("(MESSAGES {messages})")), "{delivery:?} {to}: {line}");
            imap.line().await;
        }
    }
}

#[tokio::test]
async fn mail_that_bounces_comes_back_in_a_report_that_names_it() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    submit(&tenant, "nobody@contoso.example", "250 2.0.0 OK…").await;
    let mut imap = imap(&tenant).await;
    imap.ask("d1 EXAMINE INBOX").await;
    while !imap.line().await.starts_with("d1 OK") {}
    imap.send(b"d2 FETCH 13 BODY[]\r\n").await;
    let mut text = String::new();
    while !text.contains("d2 OK") {
        text += &(imap.line().await + "\n");
    }
    for part in [
        "multipart/report; report-type=delivery-status",
        "Auto-Submitted: auto-replied",
        "In-Reply-To: <1@contoso.example>",
        "Final-Recipient: rfc822;nobody@contoso.example",
        "Diagnostic-Code: smtp;550 5.1.10",
        "Subject: self",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
}

#[tokio::test]
async fn mail_that_is_refused_at_data_is_delivered_nowhere() {
    for (refusal, reply) in [
        (SubmissionRefusal::SendAsDenied, "554 5.2.252 SendAsDenied;…"),
        (SubmissionRefusal::SenderBlocked, "550 5.1.8…"),
        (SubmissionRefusal::MailboxFull, "554 5.2.2…"),
        (SubmissionRefusal::QuotaReached, "554 5.2.0…"),
        (SubmissionRefusal::TooLarge, "552 5.3.4…"),
        (SubmissionRefusal::CutOff, "550 5.2.252…"),
        (SubmissionRefusal::Deferred, "452 4.3.1…"),
    ] {
        let tenant = start(Tenant::contoso()).await.unwrap();
        tenant.change(|tenant| tenant.mailbox_mut(PRAXIS).unwrap().submission = Some(refusal));
        submit(&tenant, PRAXIS, reply).await;
        status(&mut imap(&tenant).await, "INBOX", 12, 13).await;
    }
}
