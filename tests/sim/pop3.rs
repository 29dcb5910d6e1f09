//! POP3.

use m365_probe::sim::{Mailbox, Running, Tenant, start};

use crate::peer::{PRAXIS, Peer, token, xoauth2};

const HOST: &str = "outlook.office365.com";

/// A tenant in which one mailbox has messages of a known day.
fn contoso() -> Tenant {
    let mut tenant = Tenant::contoso();
    tenant.mailboxes[0] = Mailbox::new(PRAXIS).with_messages(12);
    tenant
}

async fn pop3s(tenant: &Running) -> Peer {
    let mut peer = Peer::tls(tenant, tenant.ports().pop3s, HOST).await.unwrap();
    peer.play("S: +OK The Microsoft Exchange POP3 service is ready. [RgBSADQAUAAyADgAMQBDAEEA…").await;
    peer
}

#[tokio::test]
async fn a_whole_session() {
    let tenant = start(contoso()).await.unwrap();
    let sasl = xoauth2(PRAXIS, &token(&tenant).await);
    pop3s(&tenant)
        .await
        .play(&format!(
            "C: CAPA
             S: +OK
             S: TOP
             S: UIDL
             S: SASL XOAUTH2
             S: .
             C: STAT
             S: -ERR Command is not valid in this state.
             C: AUTH XOAUTH2
             S: +
             C: {sasl}
             S: +OK User successfully authenticated.
             C: STAT
             S: +OK 12 3477
             C: LIST 2
             S: +OK 2 289
             C: UIDL 13
             S: -ERR The specified message is out of range.
             C: TOP 1 1
             S: +OK
             S: Date: Mon, 02 Nov 2026 08:01:00 +0000
             S: From: \"Fabrikam Labor\" <befund@fabrikam.example>
             S: To: praxis@contoso.example
             S: Subject: Befund 1
             S: Message-ID: <1.befund@fabrikam.example>
             S: MIME-Version: 1.0
             S: Content-Type: text/plain; charset=utf-8
             S:
             S: Guten Tag,
             S: .
             C: DELE 1
             S: +OK
             C: DELE 1
             S: -ERR The specified message is out of range.
             C: STAT
             S: +OK 11 3188
             C: RSET
             S: +OK
             C: NOOP
             S: +OK
             C: DELE 12
             S: +OK
             C: QUIT
             S: +OK Microsoft Exchange Server POP3 server signing off.
             S: <end>"
        ))
        .await;
    // Deleted at QUIT, and only then.
    let mut again = pop3s(&tenant).await;
    again.play(&format!("C: AUTH XOAUTH2\nS: +\nC: {sasl}\nS: +OK User…\nC: STAT\nS: +OK 11 3185")).await;
}

#[tokio::test]
async fn stls() {
    let tenant = start(contoso()).await.unwrap();
    let sasl = xoauth2(PRAXIS, &token(&tenant).await);
    let mut peer = Peer::plain(tenant.ports().pop3).await.unwrap();
    peer.play(
        "S: +OK The Microsoft…
         C: CAPA
         S: +OK
         S: TOP
         S: UIDL
         S: STLS
         S: .
         C: AUTH XOAUTH2
         S: -ERR Command is not valid in this state.
         C: STLS
         S: +OK Begin TLS negotiation.",
    )
    .await;
    let mut peer = peer.secured(&tenant, HOST).await.unwrap();
    peer.play(&format!("C: AUTH XOAUTH2\nS: +\nC: {sasl}\nS: +OK User…\nC: STAT\nS: +OK 12 3477\nC: QUIT\nS: +OK Microsoft…"))
        .await;
}

#[tokio::test]
async fn what_exchange_refuses() {
    let tenant = start(contoso()).await.unwrap();
    let (good, bad) = (xoauth2(PRAXIS, &token(&tenant).await), xoauth2(PRAXIS, "a.b.c"));
    let failure = "-ERR Authentication failure: unknown user name or bad password.";
    for script in [
        // The one-line form.
        format!("C: AUTH XOAUTH2 {good}\nS: -ERR Protocol error. Connection is closed. 10\nS: <end>"),
        // A client that thinks better of it may begin again.
        format!("C: AUTH XOAUTH2\nS: +\nC: *\nS: -ERR The AUTH protocol exchange was canceled by the client.\nC: auth xoauth2\nS: +\nC: {good}\nS: +OK User…"),
        "C: USER praxis\nS: +OK\nC: PASS x\nS: -ERR Basic authentication is disabled".to_owned(),
        // The last line really comes without -ERR.
        format!("{}S: Connection is closed. 21\nS: <end>", format!("C: AUTH XOAUTH2\nS: +\nC: {bad}\nS: {failure}\n").repeat(3)),
        "C: HELP\nS: -ERR Protocol error. 19\nC: A1 CAPABILITY\nS: -ERR Protocol error. 19\nC: HELP\nS: -ERR Protocol error. Connection is closed. 20\nS: <end>".to_owned(),
        "C: AUTH GSSAPI\nS: -ERR Protocol error. 14\nC: QUIT now\nS: -ERR Protocol error. 16".to_owned(),
        format!("C: {}\nS: -ERR Protocol error. Connection is closed. 10\nS: <end>", "x".repeat(30_000)),
    ] {
        pop3s(&tenant).await.play(&script).await;
    }
}
