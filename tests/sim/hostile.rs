//! Clients that mean no good, or do not know any better.

use m365_probe::sim::{Tenant, start};

use crate::peer::{Peer, token};

/// Text in the clear behind STLS is thrown away, not obeyed after TLS has begun.
#[tokio::test]
async fn commands_slipped_in_ahead_of_tls_are_not_obeyed() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    let mut peer = Peer::plain(tenant.ports().pop3).await.unwrap();
    peer.play("S: +OK The Microsoft…").await;
    peer.send(b"STLS\r\nQUIT\r\n").await;
    peer.play("S: +OK Begin TLS negotiation.").await;
    let mut peer = peer.secured(&tenant, "outlook.office365.com").await.unwrap();
    peer.play("C: CAPA\nS: +OK\nS: TOP").await;
}

/// Whatever a client sends, the next one is served.
#[tokio::test]
async fn garbage_ends_nobody_else_s_service() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    let ports = tenant.ports();
    let garbage: &[&[u8]] = &[
        b"\0\0\0\0",
        b"\xff\xfe\r\n\r\n",
        b"a1 LOGIN {18446744073709551616}\r\n",
        b"* {1+}\r\n",
        b"BDAT 99999999999999999999 LAST\r\n",
        b"MAIL FROM:\xc3\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\xff\xff",
    ];
    for port in [ports.login, ports.pop3s, ports.pop3, ports.imaps, ports.imap, ports.smtp, ports.ews, ports.dns] {
        for bytes in garbage {
            Peer::plain(port).await.unwrap().send(bytes).await;
        }
    }
    for (port, name) in [(ports.pop3s, "outlook.office365.com"), (ports.imaps, "outlook.office365.com")] {
        for bytes in garbage {
            Peer::tls(&tenant, port, name).await.unwrap().send(bytes).await;
        }
    }
    assert!(!token(&tenant).await.is_empty());
    for port in [ports.pop3, ports.imap, ports.smtp] {
        assert_ne!(Peer::plain(port).await.unwrap().line().await, "<end>");
    }
}

#[tokio::test]
async fn http_requests_are_bounded() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    let port = tenant.ports().ews;
    for (head, body, status) in [
        ("GARBAGE\r\nHost: x".to_owned(), String::new(), 400),
        (format!("GET / HTTP/1.1\r\nHost: x\r\nX-Long: {}", "x".repeat(100_000)), String::new(), 431),
        ("POST /EWS/Exchange.asmx HTTP/1.1\r\nHost: x".to_owned(), "x".repeat(300_000), 413),
    ] {
        let peer = Peer::tls(&tenant, port, "outlook.office365.com").await.unwrap();
        assert_eq!(peer.request(&head, &body).await.status(), status, "{}", head.lines().next().unwrap());
    }
}

/// A port is closed when the tenant is dropped, and every conversation with it.
#[tokio::test]
async fn dropping_it_stops_it() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    let port = tenant.ports().smtp;
    let mut peer = Peer::plain(port).await.unwrap();
    peer.play("S: 220…").await;
    drop(tenant);
    peer.play("S: <end>").await;
    assert!(Peer::plain(port).await.is_err());
}
