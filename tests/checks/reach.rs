//! The check against peers on loopback: honest ones, and ones that end it at every step.

use std::net::IpAddr;
use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream};

use crate::trial::{closed_port, failed, lab, run};
use m365_probe::check::Means;
use m365_probe::cloud::{Cloud, HttpsEndpoint, MailEndpoint};
use m365_probe::kind::Check;
use m365_probe::outcome::{Outcome, Peer, Phase};
use m365_probe::reason::Reason;
use m365_probe::settings::{Network, Proxy, ProxyKind};

use crate::peer::{Act, Authority};

use Act::{Close, Hear, HearHead, Say, Tls, Tunnel};

const ENTRA: &[Act] = &[
    Tls,
    HearHead,
    Say("HTTP/1.1 302 Found\r\nx-ms-request-id: 1\r\nlocation: https://www.office.com/\r\ncontent-length: 0\r\n\r\n"),
];
const POP3: &[Act] = &[Tls, Say("+OK The Microsoft Exchange POP3 service is ready.\r\n")];
const IMAP: &[Act] = &[Tls, Say("* OK The Microsoft Exchange IMAP4 service is ready.\r\n")];
const SMTP: &[Act] = &[
    Say("220 smtp.example ESMTP\r\n"),
    Hear,
    Say("250-smtp.example Hello [203.0.113.7]\r\n250 STARTTLS\r\n"),
    Hear,
    Say("220 go ahead\r\n"),
    Tls,
];

/// A cloud on this machine, played by these peers.
async fn cloud(by: &Authority, login: &[Act], pop3: &[Act], imap: &[Act], smtp: &[Act]) -> Cloud {
    let mut cloud = lab("localhost", by.serve(login).await);
    cloud.pop3 = Some(MailEndpoint::implicit("localhost", by.serve(pop3).await));
    cloud.imap = Some(MailEndpoint::implicit("localhost", by.serve(imap).await));
    cloud.smtp = Some(MailEndpoint::upgrade("localhost", by.serve(smtp).await));
    cloud
}

fn verified(outcome: &Outcome) -> usize {
    let certificates = outcome.facts.endpoints.iter().filter_map(|at| at.certificate.as_ref());
    certificates.filter(|certificate| certificate.verified).count()
}

#[tokio::test]
async fn reach_with_honest_peers_succeeds_and_verifies_each() {
    let authority = Authority::new();
    let cloud = cloud(&authority, ENTRA, POP3, IMAP, SMTP).await;
    let outcome = run(Check::Reach, cloud, &authority.means()).await;
    assert!(outcome.is_ok(), "{:?}", outcome.verdict);
    let phases: Vec<_> = outcome.phases.iter().map(|span| span.phase).collect();
    assert_eq!(phases, [Phase::Dns, Phase::Connect, Phase::Tls, Phase::Greeting, Phase::Starttls, Phase::Tls]);
    assert_eq!((outcome.facts.endpoints.len(), verified(&outcome)), (4, 4));
    assert_eq!(outcome.facts.server.public_address.as_deref(), Some("203.0.113.7"));
    for at in &outcome.facts.endpoints {
        assert_eq!((at.address, at.failed), (Some(IpAddr::from([127, 0, 0, 1])), None));
        assert!(at.connect.is_some() && at.handshake.is_some() && at.tls_version.is_some(), "{at:?}");
    }
}

#[tokio::test]
async fn reach_with_each_lying_peer_has_its_phase_and_reason() {
    let authority = Authority::new();
    let means = authority.means();
    let page = Say("HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\ncontent-length: 13\r\n\r\n<html>Blocked");
    let portal = Say("HTTP/1.1 302 Found\r\nlocation: http://portal.example/\r\ncontent-length: 0\r\n\r\n");
    let login: &[(&[Act], (Phase, Reason))] = &[
        (&[Tls, HearHead, page], (Phase::Greeting, Reason::HttpNotMicrosoft)),
        (&[Tls, HearHead, portal], (Phase::Greeting, Reason::HttpRedirected)),
        (&[Tls, HearHead, Say("+OK ready\r\n")], (Phase::Greeting, Reason::GreetingUnexpected)),
        (&[Tls, HearHead, Close], (Phase::Greeting, Reason::ConnectionClosed)),
    ];
    let pop3: &[(&[Act], (Phase, Reason))] = &[
        (&[Say("+OK ready\r\n")], (Phase::Tls, Reason::TlsNotSpoken)),
        (&[Close], (Phase::Tls, Reason::TlsClosed)),
        (&[Tls, Say("* OK IMAP here\r\n")], (Phase::Greeting, Reason::GreetingUnexpected)),
        (&[Tls, Say("-ERR come back later\r\n")], (Phase::Greeting, Reason::GreetingRefused)),
        (&[Tls, Close], (Phase::Greeting, Reason::ConnectionClosed)),
    ];
    let hello = Say("220 smtp.example ESMTP\r\n");
    let offer = Say("250-smtp.example Hello\r\n250 STARTTLS\r\n");
    let smtp: &[(&[Act], (Phase, Reason))] = &[
        (&[Say("SSH-2.0-OpenSSH_9.2\r\n")], (Phase::Greeting, Reason::GreetingUnexpected)),
        (&[hello, Hear, Say("250 XXXXXXXA\r\n")], (Phase::Starttls, Reason::StarttlsNotOffered)),
        (&[hello, Hear, offer, Hear, Say("454 not now\r\n")], (Phase::Starttls, Reason::StarttlsRefused)),
        (&[hello, Hear, offer, Hear, Say("220 go\r\n250 injected\r\n")], (Phase::Starttls, Reason::StarttlsInjection)),
        (&[hello, Hear, offer, Hear, Say("220 go\r\n"), Close], (Phase::Tls, Reason::TlsClosed)),
    ];
    for (acts, expected) in login {
        let outcome = run(Check::Reach, cloud(&authority, acts, POP3, IMAP, SMTP).await, &means).await;
        assert_eq!(failed(&outcome), Some(*expected), "{acts:?}");
    }
    for (acts, expected) in pop3 {
        let outcome = run(Check::Reach, cloud(&authority, ENTRA, acts, IMAP, SMTP).await, &means).await;
        assert_eq!(failed(&outcome), Some(*expected), "{acts:?}");
    }
    for (acts, expected) in smtp {
        let outcome = run(Check::Reach, cloud(&authority, ENTRA, POP3, IMAP, acts).await, &means).await;
        assert_eq!(failed(&outcome), Some(*expected), "{acts:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn reach_with_one_silent_port_ends_in_time_and_names_it_alone() {
    let authority = Authority::new();
    for (login, pop3, expected) in [
        (ENTRA, &[][..], (Phase::Tls, Reason::TlsTimedOut)),
        (ENTRA, &[Tls], (Phase::Greeting, Reason::NoGreeting)),
        (&[Tls], POP3, (Phase::Greeting, Reason::NoGreeting)),
    ] {
        let outcome = run(Check::Reach, cloud(&authority, login, pop3, IMAP, SMTP).await, &authority.means()).await;
        assert_eq!(failed(&outcome), Some(expected));
        assert!(outcome.took >= Duration::from_secs(4) && outcome.took < Duration::from_secs(7), "{:?}", outcome.took);
        let broken = outcome.facts.endpoints.iter().filter(|at| at.failed.is_some()).count();
        assert_eq!(broken, 1, "{:?}", outcome.facts.endpoints);
    }
}

/// A listener whose queue is full drops what else would connect, as a firewall does.
#[tokio::test(start_paused = true)]
async fn reach_with_a_port_that_drops_packets_is_connect_timed_out() {
    let authority = Authority::new();
    let mut cloud = cloud(&authority, ENTRA, POP3, IMAP, SMTP).await;
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("bound");
    let full = socket.listen(0).expect("listening");
    let at = full.local_addr().expect("bound");
    let _queued = TcpStream::connect(at).await.expect("room for one");
    cloud.imap = Some(MailEndpoint::implicit("localhost", at.port()));
    let outcome = run(Check::Reach, cloud, &authority.means()).await;
    assert_eq!(failed(&outcome), Some((Phase::Connect, Reason::ConnectTimedOut)));
    assert!(outcome.took < Duration::from_secs(6), "{:?}", outcome.took);
    assert_eq!(verified(&outcome), 3);
}

#[tokio::test]
async fn reach_with_a_closed_port_names_it_and_the_next_failure() {
    let authority = Authority::new();
    let mut cloud = cloud(&authority, ENTRA, POP3, POP3, SMTP).await;
    let closed = closed_port();
    cloud.pop3 = Some(MailEndpoint::implicit("localhost", closed));
    let imap = cloud.imap.as_ref().expect("set").port;
    let outcome = run(Check::Reach, cloud, &authority.means()).await;
    assert_eq!(failed(&outcome), Some((Phase::Connect, Reason::ConnectRefused)));
    let evidence = &outcome.failure().expect("failed").evidence;
    assert_eq!(evidence.peer, Some(Peer::new("localhost", closed).at([127, 0, 0, 1].into())));
    let heard = evidence.heard.as_deref().expect("words");
    assert!(heard.ends_with(&format!("; also localhost:{imap} greeting_unexpected in greeting")), "{heard}");
    let broken: Vec<_> = outcome.facts.endpoints.iter().map(|at| at.failed.map(|(phase, _)| phase)).collect();
    assert_eq!(broken, [None, Some(Phase::Connect), Some(Phase::Greeting), None]);
    assert_eq!(verified(&outcome), 3);
}

#[tokio::test]
async fn reach_with_an_untrusted_certificate_keeps_it_as_a_fact() {
    let (authority, interceptor) = (Authority::new(), Authority::new());
    let cloud = cloud(&interceptor, ENTRA, POP3, IMAP, SMTP).await;
    let outcome = run(Check::Reach, cloud, &authority.means()).await;
    assert_eq!(failed(&outcome), Some((Phase::Tls, Reason::TlsCertificateUntrusted)));
    for at in &outcome.facts.endpoints {
        let certificate = at.certificate.as_ref().expect("seen");
        assert_eq!((certificate.issuer.as_str(), certificate.verified), ("Test Root", false));
        assert_eq!(at.failed, Some((Phase::Tls, Reason::TlsCertificateUntrusted)));
    }
}

#[tokio::test]
async fn reach_with_an_unknown_name_is_dns_name_unknown() {
    let authority = Authority::new();
    let mut cloud = cloud(&authority, ENTRA, POP3, POP3, SMTP).await;
    let unknown = "x".repeat(64); // no DNS name can have such a label: nobody is asked
    cloud.ews = Some(HttpsEndpoint::new(&unknown, "/EWS/Exchange.asmx"));
    let outcome = run(Check::Reach, cloud, &authority.means()).await;
    assert_eq!(failed(&outcome), Some((Phase::Dns, Reason::DnsNameUnknown)), "{:?}", outcome.verdict);
    assert_eq!(outcome.failure().expect("failed").evidence.peer, Some(Peer::new(&unknown, 443)));
    assert_eq!(verified(&outcome), 4);
}

#[tokio::test]
async fn reach_through_a_proxy_has_the_proxy_s_result_for_each_endpoint() {
    let authority = Authority::new();
    let behind = authority.serve(ENTRA).await;
    let established = Say("HTTP/1.1 200 Connection established\r\n\r\n");
    let tunnel = authority.serve(&[HearHead, established, Tunnel(behind)]).await;
    let refusing = authority.serve(&[HearHead, Say("HTTP/1.1 403 Forbidden\r\n\r\n"), Close]).await;
    for (port, expected) in [
        (tunnel, None),
        (refusing, Some((Phase::Proxy, Reason::ProxyRefused))),
        (closed_port(), Some((Phase::Connect, Reason::ProxyUnreachable))),
    ] {
        let proxy = Some(Proxy { kind: ProxyKind::Http, host: "127.0.0.1".to_owned(), port, login: None });
        let means = Means::new(&Network { proxy, ..authority.trusted() }).expect("a trust store");
        let outcome = run(Check::Reach, lab("login.example", 443), &means).await;
        assert_eq!(failed(&outcome), expected, "{:?}", outcome.verdict);
        let [at] = outcome.facts.endpoints.as_slice() else { panic!("{:?}", outcome.facts.endpoints) };
        assert_eq!((at.host.as_str(), at.port, at.address, at.failed), ("login.example", 443, None, expected));
    }
}
