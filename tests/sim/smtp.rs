//! SMTP submission.

use m365_probe::sim::{Running, Tenant, start};

use crate::peer::{PRAXIS, Peer, token, xoauth2};

const EHLO: &str = "C: EHLO probe.example
    S: 250-FR4P281CA0001.DEUP281.PROD.OUTLOOK.COM Hello [203.0.113.7]
    S: 250-SIZE 157286400
    S: 250-PIPELINING
    S: 250-DSN
    S: 250-ENHANCEDSTATUSCODES
    S: 250-AUTH LOGIN XOAUTH2
    S: 250-8BITMIME
    S: 250-BINARYMIME
    S: 250-CHUNKING
    S: 250 SMTPUTF8";

async fn smtp(tenant: &Running) -> Peer {
    let mut peer = Peer::plain(tenant.ports().smtp).await.unwrap();
    peer.play("S: 220 FR4P281CA0001.DEUP281.PROD.OUTLOOK.COM Microsoft ESMTP MAIL Service ready at…").await;
    peer.play(&EHLO.replace("AUTH LOGIN XOAUTH2", "STARTTLS")).await;
    peer.play("C: STARTTLS\nS: 220 2.0.0 SMTP server ready").await;
    let mut peer = peer.secured(tenant, "smtp.office365.com").await.unwrap();
    peer.play(EHLO).await;
    peer
}

#[tokio::test]
async fn a_whole_session() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    let sasl = xoauth2(PRAXIS, &token(&tenant).await);
    for login in [format!("C: AUTH XOAUTH2 {sasl}"), format!("C: AUTH XOAUTH2\nS: 334\nC: {sasl}")] {
        let rest = "S: 235 2.7.0 Authentication successful
             C: MAIL FROM:<praxis@contoso.example> SIZE=5
             S: 250 2.1.0 Sender OK
             C: RCPT TO:<somebody@fabrikam.example>
             S: 250 2.1.5 Recipient OK
             C: DATA
             S: 354 Start mail input; end with <CRLF>.<CRLF>
             C: Subject: x
             C:
             C: ..
             C: .
             S: 250 2.0.0 OK…
             C: MAIL FROM:<labor@contoso.example>
             S: 250 2.1.0 Sender OK
             C: RCPT TO:<somebody@fabrikam.example>
             S: 250 2.1.5 Recipient OK
             C: BDAT 4 LAST
             C: xx
             S: 554 5.2.252 SendAsDenied; praxis@contoso.example not allowed to send as labor@contoso.example; STOREDRV.Submission…
             C: RSET
             S: 250 2.0.0 Resetting
             C: NOOP
             S: 250 2.0.0 OK
             C: QUIT
             S: 221 2.0.0 Service closing transmission channel
             S: <end>";
        smtp(&tenant).await.play(&format!("{login}\n{rest}")).await;
    }
}

#[tokio::test]
async fn what_exchange_refuses() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    let bad = xoauth2(PRAXIS, "a.b.c");
    let refused = "535 5.7.3 Authentication unsuccessful [FR4P281CA0001.DEUP281.PROD.OUTLOOK.COM 20";
    for script in [
        format!(
            "{}S: 421 4.7.0 Too many errors on this connection…\nS: <end>",
            format!("C: AUTH XOAUTH2 {bad}\nS: {refused}…\n").repeat(3)
        ),
        "C: MAIL FROM:<praxis@contoso.example>\nS: 530 5.7.57 Client not authenticated to send mail. […".to_owned(),
        "C: AUTH PLAIN AGEAYg==\nS: 535 5.7.139 Authentication unsuccessful, basic authentication is disabled. […".to_owned(),
        "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: YQ==\nS: 334 UGFzc3dvcmQ6\nC: Yg==\nS: 535 5.7.139…".to_owned(),
        "C: AUTH XOAUTH2\nS: 334\nC: *\nS: 501 5.7.0…\nC: AUTH CRAM-MD5\nS: 504 5.7.4…\nC: STARTTLS\nS: 500 5.3.3…".to_owned(),
    ] {
        smtp(&tenant).await.play(&script).await;
    }
    // Without TLS there is no AUTH.
    let mut plain = Peer::plain(tenant.ports().smtp).await.unwrap();
    plain.play("S: 220…\nC: HELO x\nS: 250 FR4P281CA0001…\nC: AUTH XOAUTH2\nS: 503 5.5.2…").await;
}

/// Commands and parameters that nobody needs to log in, each with its proper answer.
#[tokio::test]
async fn the_rest_of_the_protocol_is_answered() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    let sasl = xoauth2(PRAXIS, &token(&tenant).await);
    let mut plain = Peer::plain(tenant.ports().smtp).await.unwrap();
    plain
        .play(
            "S: 220…
             C: help
             S: 214-This server supports the following commands:
             S: 214 HELO EHLO STARTTLS RCPT DATA RSET MAIL QUIT HELP AUTH BDAT
             C: MAIL FROM:<praxis@contoso.example>
             S: 503 5.5.2 Send hello first […
             C: VRFY praxis
             S: 252 2.1.5…
             C: EXPN all
             S: 502 5.3.3 Command not implemented […
             C: NOOP whatever
             S: 250 2.0.0 OK
             C: RCPT TO:<a@b.example>
             S: 503 5.5.2 Send hello first […
             C: XFROB
             S: 500 5.3.3 Unrecognized command […
             C: DATA
             S: 503 5.5.2 Send hello first […
             S: 421 4.7.0 Too many errors on this connection…
             S: <end>",
        )
        .await;
    smtp(&tenant)
        .await
        .play(&format!(
            "C: AUTH
             S: 501 5.5.4 Invalid arguments […
             C: AUTH XOAUTH2 {sasl}
             S: 235…
             C: MAIL FROM:<praxis@contoso.example> SIZE=200000000
             S: 552 5.3.4 Message size exceeds fixed maximum message size […
             C: MAIL FROM:<praxis@contoso.example> FROB=1
             S: 501 5.5.4 Unrecognized parameter […
             C: mail from:<praxis@contoso.example> size=4 BODY=BINARYMIME SMTPUTF8 RET=HDRS ENVID=x AUTH=<>
             S: 250 2.1.0 Sender OK
             C: rcpt to:<somebody@fabrikam.example> NOTIFY=NEVER ORCPT=rfc822;somebody@fabrikam.example
             S: 250 2.1.5 Recipient OK
             C: DATA
             S: 503 5.5.2 Need BDAT command […
             C: BDAT 2
             C:
             S: 250 2.6.0 Chunk received OK, 2 octets
             C: BDAT 0 LAST
             S: 250 2.0.0 OK…
             C: BDAT many
             S: 501 5.5.4 Invalid arguments […
             S: <end>"
        ))
        .await;
    // Pipelined, and cut anywhere.
    let mut peer = smtp(&tenant).await;
    let session = format!(
        "AUTH XOAUTH2 {sasl}\r\nMAIL FROM:<praxis@contoso.example>\r\nRCPT TO:<a@b.example>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n"
    );
    for piece in session.as_bytes().chunks(97) {
        peer.send(piece).await;
    }
    peer.play("S: 235…\nS: 250 2.1.0…\nS: 250 2.1.5…\nS: 354…\nS: 250 2.0.0…\nS: 221…\nS: <end>").await;
}

#[tokio::test]
async fn the_switch_is_examined_before_the_token() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    tenant.change(|tenant| tenant.exchange.smtp_auth_disabled = true);
    let bad = xoauth2(PRAXIS, "a.b.c");
    let disabled = "S: 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. \
                    Visit https://aka.ms/smtp_auth_disabled for more information. [FR4P281CA0001…";
    smtp(&tenant).await.play(&format!("C: AUTH XOAUTH2 {bad}\n{disabled}")).await;
}
