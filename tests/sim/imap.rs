//! IMAP.

use m365_probe::sim::{Mailbox, Running, Tenant, start};

use crate::peer::{PRAXIS, Peer, token, xoauth2};

const HOST: &str = "outlook.office365.com";

/// A tenant in which one mailbox has messages of a known day.
fn contoso() -> Tenant {
    let mut tenant = Tenant::contoso();
    tenant.mailboxes[0] = Mailbox::new(PRAXIS).with_messages(12);
    tenant
}

async fn imaps(tenant: &Running) -> Peer {
    let mut peer = Peer::tls(tenant, tenant.ports().imaps, HOST).await.unwrap();
    peer.play("S: * OK The Microsoft Exchange IMAP4 service is ready. [RgBSADQAUAAyADgAMQBDAEEA…").await;
    peer
}

#[tokio::test]
async fn a_whole_session() {
    let tenant = start(contoso()).await.unwrap();
    let sasl = xoauth2(PRAXIS, &token(&tenant).await);
    imaps(&tenant)
        .await
        .play(&format!(
            "C: a1 CAPABILITY
             S: * CAPABILITY IMAP4 IMAP4rev1 AUTH=XOAUTH2 LOGINDISABLED SASL-IR UIDPLUS ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+
             S: a1 OK CAPABILITY completed.
             C: a2 ID (\"name\" \"test\")
             S: * ID…
             S: a2 OK ID completed.
             C: a3 AUTHENTICATE XOAUTH2 {sasl}
             S: a3 OK AUTHENTICATE completed.
             C: a4 STATUS INBOX (MESSAGES UNSEEN)
             S: * STATUS INBOX (MESSAGES 12 UNSEEN 4)
             S: a4 OK STATUS completed.
             C: a5 NAMESPACE
             S: * NAMESPACE ((\"\" \"/\")) NIL NIL
             S: a5 OK NAMESPACE completed.
             C: a6 LIST \"\" \"S*\"
             S: * LIST (\\HasNoChildren \\Sent) \"/\" \"Sent Items\"
             S: a6 OK LIST completed.
             C: a7 EXAMINE \"Nowhere\"
             S: a7 NO Nowhere doesn't exist.
             C: a8 STATUS {{5+}}
             C: inbox (MESSAGES)
             S: * STATUS inbox (MESSAGES 12)
             S: a8 OK STATUS completed.
             C: a9 SELECT {{5}}
             S: + Ready for additional command text.
             C: INBOX
             S: * 12 EXISTS
             S: * 0 RECENT
             S: * FLAGS…
             S: * OK [PERMANENTFLAGS…
             S: * OK [UNSEEN 3]…
             S: * OK [UIDVALIDITY 14]…
             S: * OK [UIDNEXT 13]…
             S: a9 OK [READ-WRITE] SELECT completed.
             C: b1 SEARCH UNSEEN 4:*
             S: * SEARCH 6 9 12
             S: b1 OK SEARCH completed.
             C: b2 FETCH 3 (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])
             S: * 3 FETCH (FLAGS () BODY[HEADER.FIELDS (SUBJECT)] {{21}}
             S: Subject: Befund 3
             S:
             S: )
             S: b2 OK FETCH completed.
             C: b3 UID STORE 1:2 +FLAGS.SILENT (\\Deleted)
             S: b3 OK STORE completed.
             C: b4 EXPUNGE
             S: * 1 EXPUNGE
             S: * 1 EXPUNGE
             S: b4 OK EXPUNGE completed.
             C: b5 UNSELECT
             S: b5 OK UNSELECT completed.
             C: b6 STATUS INBOX (MESSAGES)
             S: * STATUS INBOX (MESSAGES 10)
             S: b6 OK STATUS completed.
             C: b7 IDLE
             S: + IDLE accepted, awaiting DONE command.
             C: DONE
             S: b7 OK IDLE completed.
             C: b8 LOGOUT
             S: * BYE Microsoft Exchange Server IMAP4 server signing off.
             S: b8 OK LOGOUT completed.
             S: <end>"
        ))
        .await;
}

#[tokio::test]
async fn starttls() {
    let tenant = start(contoso()).await.unwrap();
    let sasl = xoauth2(PRAXIS, &token(&tenant).await);
    let mut peer = Peer::plain(tenant.ports().imap).await.unwrap();
    peer.play(
        "S: * OK The Microsoft…
         C: a1 CAPABILITY
         S: * CAPABILITY IMAP4 IMAP4rev1 STARTTLS LOGINDISABLED…
         S: a1 OK CAPABILITY completed.
         C: a2 STARTTLS
         S: a2 OK Begin TLS negotiation now.",
    )
    .await;
    let mut peer = peer.secured(&tenant, HOST).await.unwrap();
    // Without SASL-IR.
    peer.play(&format!("C: a3 AUTHENTICATE XOAUTH2\nS: +\nC: {sasl}\nS: a3 OK AUTHENTICATE completed.\nC: a4 LOGOUT\nS: * BYE…"))
        .await;
}

#[tokio::test]
async fn what_exchange_refuses() {
    let tenant = start(contoso()).await.unwrap();
    let token = token(&tenant).await;
    let (bad, unknown) = (xoauth2(PRAXIS, "a.b.c"), xoauth2("nobody@contoso.example", &token));
    for script in [
        format!("{}S: * BYE Connection closed. 14\nS: <end>", format!("C: a1 AUTHENTICATE XOAUTH2 {bad}\nS: a1 NO AUTHENTICATE failed.\n").repeat(3)),
        format!("C: a1 AUTHENTICATE XOAUTH2 {unknown}\nS: a1 NO AUTHENTICATE failed. [Error=\"AuthFailed:NoADRecipient\" Proxy=…"),
        "C: a1 LOGIN praxis secret\nS: a1 NO Basic authentication is disabled.\nS: * BYE Microsoft…\nS: <end>".to_owned(),
        "C: a1 AUTHENTICATE PLAIN AGEAYg==\nS: a1 NO Basic authentication is disabled.".to_owned(),
        "C: a1 AUTHENTICATE XOAUTH2\nS: +\nC: *\nS: a1 BAD The AUTH protocol exchange was canceled by the client.".to_owned(),
        "C: a1 SELECT INBOX\nS: a1 BAD Command received in Invalid state.\nC: EHLO x\nS: EHLO BAD Command Error. 12\nC: a3 FROB\nS: a3 BAD Command Error. 12\nS: * BYE Connection closed. 14\nS: <end>".to_owned(),
        format!("C: a1 {}\nS: * BAD Command Error. 10\nS: <end>", "x".repeat(30_000)),
        "C: a1 LOGIN {99999999999}\nS: * BAD Command Error. 10\nS: <end>".to_owned(),
    ] {
        imaps(&tenant).await.play(&script).await;
    }
}

/// A session of `praxis` that has selected the inbox.
async fn selected(tenant: &Running) -> Peer {
    let sasl = xoauth2(PRAXIS, &token(tenant).await);
    let mut peer = imaps(tenant).await;
    peer.play(&format!(
        "C: a1 AUTHENTICATE XOAUTH2 {sasl}\nS: a1 OK AUTHENTICATE completed.\nC: a2 SELECT INBOX\nS: * 12 EXISTS"
    ))
    .await;
    while peer.line().await != "a2 OK [READ-WRITE] SELECT completed." {}
    peer
}

#[tokio::test]
async fn messages_are_described_in_full() {
    let tenant = start(contoso()).await.unwrap();
    let author = "((\"Fabrikam Labor\" NIL \"befund\" \"fabrikam.example\"))";
    let envelope = format!(
        "ENVELOPE (\"Mon, 02 Nov 2026 08:01:00 +0000\" \"Befund 1\" {author} {author} {author} \
         ((NIL NIL \"praxis\" \"contoso.example\")) NIL NIL NIL \"<1.befund@fabrikam.example>\")"
    );
    let structure = "(\"text\" \"plain\" (\"charset\" \"utf-8\") NIL NIL \"7bit\" 50 5";
    let date = "INTERNALDATE \"02-Nov-2026 08:00:00 +0000\"";
    selected(&tenant)
        .await
        .play(&format!(
            "C: b1 FETCH 1 FULL
             S: * 1 FETCH (FLAGS (\\Seen) {date} RFC822.SIZE 289 {envelope} BODY {structure}))
             S: b1 OK FETCH completed.
             C: b2 UID FETCH 12 (BODYSTRUCTURE BODY.PEEK[TEXT]<0.10> BODY.PEEK[1.MIME]<0.4>)
             S: * 12 FETCH (UID 12 BODYSTRUCTURE (\"text\" \"plain\"…
             S: Guten Tag, BODY[1.MIME]<0> {{4}}
             S: Date)
             S: b2 OK FETCH completed.
             C: b3 FETCH 3 BODY[2]
             S: * 3 FETCH (BODY[2] NIL FLAGS (\\Seen))
             S: b3 OK FETCH completed.
             C: b4 UID SEARCH CHARSET US-ASCII OR SUBJECT {{8}}
             S: + Ready for additional command text.
             C: Befund 5 UNSEEN
             S: * SEARCH 5 6 9 12
             S: b4 OK SEARCH completed.
             C: b5 SEARCH CHARSET UTF-8 TEXT x
             S: b5 NO [BADCHARSET (US-ASCII)] The specified charset is not supported.
             C: b6 UID COPY 1 Archive
             S: b6 OK [COPYUID 14 1 13] COPY completed.
             C: b7 MOVE 1 Nowhere
             S: b7 NO [TRYCREATE] The destination mailbox could not be found."
        ))
        .await;
}

/// Known commands with wrong arguments are refused as long as a client likes; unknown or misplaced ones end the connection.
#[tokio::test]
async fn wrong_arguments_are_borne() {
    let tenant = start(contoso()).await.unwrap();
    let mut peer = selected(&tenant).await;
    for command in [
        "FETCH 1 ()",
        "FETCH 0 FLAGS",
        "FETCH 1 BINARY[1]",
        "SEARCH FROB",
        "STATUS INBOX (HIGHESTMODSEQ)",
        "STATUS INBOX ()",
        "NOOP now",
        "STORE 1 FLAGS",
        "UID EXPUNGE",
        "LIST (SUBSCRIBED) \"\" *",
        "SELECT INBOX (CONDSTORE)",
        "COPY 1",
        "UID FETCH +1 FLAGS",
    ] {
        peer.play(&format!("C: c1 {command}\nS: c1 BAD Command Argument Error. 11")).await;
    }
    peer.play("C: c2 GETQUOTAROOT INBOX\nS: c2 BAD Command Error. 12\nC: c3 SELECT \u{e9}\nS: c3 BAD Command Error. 11").await;
    peer.play("C: c4 LOGIN a b\nS: c4 BAD Command received in Invalid state.\nS: * BYE Connection closed. 14\nS: <end>").await;
    // A name that is said back stays within its line.
    let mut peer = selected(&tenant).await;
    peer.play("C: d1 STATUS {12+}\nC: no\nC: * OK bad (MESSAGES)\nS: d1 NO no* OK bad doesn't exist.").await;
}

#[tokio::test]
async fn two_clients_see_what_the_other_does() {
    let tenant = start(contoso()).await.unwrap();
    let (mut one, mut other) = (selected(&tenant).await, selected(&tenant).await);
    one.play("C: b1 UID STORE 2 +FLAGS.SILENT (\\Deleted)\nS: b1 OK…\nC: b2 UID EXPUNGE 1:3\nS: * 2 EXPUNGE\nS: b2 OK…").await;
    other.play("C: b1 STORE 3 +FLAGS (\\Seen)\nS: * 3 FETCH (FLAGS (\\Seen))\nS: b1 OK…").await;
    other.play("C: b2 IDLE\nS: + IDLE accepted, awaiting DONE command.\nS: * 2 EXPUNGE\nC: DONE\nS: b2 OK IDLE completed.").await;
    one.play("C: b3 NOOP\nS: * 2 FETCH (FLAGS (\\Seen))\nS: b3 OK…\nC: b4 STATUS INBOX (MESSAGES UNSEEN)\nS: * STATUS INBOX (MESSAGES 11 UNSEEN 3)")
        .await;
}
