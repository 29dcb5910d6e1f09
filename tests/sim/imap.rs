//! IMAP.

use m365_probe::sim::{Running, Tenant, start};

use crate::peer::{PRAXIS, Peer, token, xoauth2};

const HOST: &str = "outlook.office365.com";

async fn imaps(tenant: &Running) -> Peer {
    let mut peer = Peer::tls(tenant, tenant.ports().imaps, HOST).await.unwrap();
    peer.play("S: * OK The Microsoft Exchange IMAP4 service is ready. [RgBSADQAUAAyADgAMQBDAEEA…").await;
    peer
}

#[tokio::test]
async fn a_whole_session() {
    let tenant = start(Tenant::contoso()).await.unwrap();
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
             S: * LIST (\\HasNoChildren) \"/\" \"Sent Items\"
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
    let tenant = start(Tenant::contoso()).await.unwrap();
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
    let tenant = start(Tenant::contoso()).await.unwrap();
    let token = token(&tenant).await;
    let (bad, unknown) = (xoauth2(PRAXIS, "a.b.c"), xoauth2("nobody@contoso.example", &token));
    for script in [
        format!("{}S: * BYE Connection closed. 14\nS: <end>", format!("C: a1 AUTHENTICATE XOAUTH2 {bad}\nS: a1 NO AUTHENTICATE failed.\n").repeat(3)),
        format!("C: a1 AUTHENTICATE XOAUTH2 {unknown}\nS: a1 NO AUTHENTICATE failed. [Error=\"AuthFailed:NoADRecipient\" Proxy=…"),
        "C: a1 LOGIN praxis secret\nS: a1 NO Basic authentication is disabled.\nS: * BYE Microsoft…\nS: <end>".to_owned(),
        "C: a1 AUTHENTICATE PLAIN AGEAYg==\nS: a1 NO Basic authentication is disabled.".to_owned(),
        "C: a1 AUTHENTICATE XOAUTH2\nS: +\nC: *\nS: a1 BAD The AUTH protocol exchange was canceled by the client.".to_owned(),
        "C: a1 SELECT INBOX\nS: a1 BAD Command Error. 12\nC: EHLO x\nS: EHLO BAD Command Error. 12\nC: a3 FROB\nS: a3 BAD Command Error. 12\nS: * BYE Connection closed. 14\nS: <end>".to_owned(),
        format!("C: a1 {}\nS: * BAD Command Error. 10\nS: <end>", "x".repeat(30_000)),
        "C: a1 LOGIN {99999999999}\nS: * BAD Command Error. 10\nS: <end>".to_owned(),
    ] {
        imaps(&tenant).await.play(&script).await;
    }
}
