//! Whole runs against peers that end them in each phase: phase, reason and evidence are right.

use std::time::{Duration, SystemTime};

use m365_probe::check::Means;
use m365_probe::cloud::{Cloud, MailEndpoint};
use m365_probe::diagnosis::{Confidence, diagnose};
use m365_probe::kind::Check;
use m365_probe::outcome::{Peer, Phase};
use m365_probe::reason::Reason;
use m365_probe::secret::Secret;
use m365_probe::settings::{Network, Proxy, ProxyKind};

use crate::certificates::{Flaw, Trusted};
use crate::peer::{Act, Authority};
use crate::trial::{closed_port, failed, lab, run_within};

use Act::{Close, Hear, HearHead, Say, Tls};

pub const TOKEN: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 73\r\n\r\n\
    {\"token_type\":\"Bearer\",\"expires_in\":3599,\"access_token\":\"EwBAAl3BAAUFFp\"}";
const ENTRA: &[Act] = &[Tls, HearHead, Say(TOKEN)];
const HELLO: Act = Say("+OK The Microsoft Exchange POP3 service is ready.\r\n");
const GO_ON: Act = Say("+ \r\n");
const IN: Act = Say("+OK User successfully authenticated.\r\n");

/// A timeout that suffices for every honest step on a busy machine.
const LONG: Duration = Duration::from_secs(20);
/// A timeout for peers that are silent.
const SHORT: Duration = Duration::from_secs(2);

/// The phase and reason with which a run ends.
type End = (Phase, Reason);

async fn cloud(by: &Authority, login: &[Act], pop3: &[Act]) -> Cloud {
    let mut cloud = lab("localhost", by.serve(login).await);
    cloud.pop3 = Some(MailEndpoint::implicit("localhost", by.serve(pop3).await));
    cloud
}

/// Returns a network that trusts both authorities.
fn trusting(authority: &Authority, trusted: &Trusted) -> Network {
    let both = authority.trusted().ca_file.map(|file| std::fs::read_to_string(file).unwrap()).unwrap()
        + &std::fs::read_to_string(trusted.file()).unwrap();
    std::fs::write(trusted.file(), both).unwrap();
    Network { ca_file: Some(trusted.file().to_owned()), ..Network::default() }
}

#[tokio::test]
async fn pop3_with_honest_peers_enters_every_phase_in_order() {
    let authority = Authority::new();
    let pop3 = [Tls, HELLO, Hear, GO_ON, Hear, IN, Hear, Say("+OK 3 1000\r\n"), Hear, Say("+OK\r\n")];
    let outcome = run_within(LONG, Check::Pop3, cloud(&authority, ENTRA, &pop3).await, &authority.means()).await;
    assert!(outcome.is_ok(), "{:?}", outcome.verdict);
    let phases: Vec<_> = outcome.phases.iter().map(|span| span.phase).collect();
    assert_eq!(phases, [Phase::Token, Phase::Dns, Phase::Connect, Phase::Tls, Phase::Greeting, Phase::Auth, Phase::Mailbox]);
}

#[tokio::test]
async fn pop3_with_each_lying_peer_fails_in_its_phase() {
    use Phase::{Auth, Greeting, Mailbox, Tls as InTls, Token};
    let refused = Say("HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\ncontent-length: 76\r\n\r\n\
        {\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: wrong secret\"}");
    let authority = Authority::new();
    #[rustfmt::skip]
    let lies: &[(&[Act], &[Act], Duration, End)] = &[
        (&[Tls, HearHead, refused], &[], LONG, (Token, Reason::ClientSecretWrong)),
        (&[Tls, HearHead, Close], &[], LONG, (Token, Reason::ConnectionClosed)),
        (&[Close], &[], LONG, (Token, Reason::TlsClosed)),
        (&[Say("HTTP/1.1 400 Bad Request\r\n\r\n")], &[], LONG, (Token, Reason::TlsNotSpoken)),
        (&[], &[], SHORT, (Token, Reason::TlsTimedOut)),
        (&[Tls], &[], SHORT, (Token, Reason::ReplyTimedOut)),
        (ENTRA, &[], SHORT, (InTls, Reason::TlsTimedOut)),
        (ENTRA, &[Close], LONG, (InTls, Reason::TlsClosed)),
        (ENTRA, &[Hear, Close], LONG, (InTls, Reason::TlsClosed)),
        (ENTRA, &[HELLO], LONG, (InTls, Reason::TlsNotSpoken)),
        (ENTRA, &[Say("\u{15}\u{3}\u{3}\0\u{2}\u{2}\u{28}"), Close], LONG, (InTls, Reason::TlsFailed)),
        (ENTRA, &[Say("\u{15}\u{3}\u{1}\0\u{2}\u{2}\u{46}"), Close], LONG, (InTls, Reason::TlsProtocolTooOld)),
        (ENTRA, &[Say("\u{15}\u{3}\u{3}\0\u{2}\u{1}\0"), Close], LONG, (InTls, Reason::TlsClosed)),
        (ENTRA, &[Tls], SHORT, (Greeting, Reason::NoGreeting)),
        (ENTRA, &[Tls, Close], LONG, (Greeting, Reason::ConnectionClosed)),
        (ENTRA, &[Tls, Say("SSH-2.0-OpenSSH_9.2\r\n")], LONG, (Greeting, Reason::GreetingUnexpected)),
        (ENTRA, &[Tls, HELLO, Hear, Say("-ERR Protocol error. 14\r\n")], LONG, (Auth, Reason::MechanismNotOffered)),
        (ENTRA, &[Tls, HELLO, Hear, GO_ON, Hear, Say("-ERR no\r\n")], LONG, (Auth, Reason::AuthRefused)),
        (ENTRA, &[Tls, HELLO, Hear, GO_ON, Hear], SHORT, (Auth, Reason::ReplyTimedOut)),
        (ENTRA, &[Tls, HELLO, Hear, GO_ON, Hear, IN, Hear, Say("+OK\r\n")], LONG, (Mailbox, Reason::ReplyMalformed)),
        (ENTRA, &[Tls, HELLO, Hear, GO_ON, Hear, IN, Hear, Close], LONG, (Mailbox, Reason::ConnectionClosed)),
        (ENTRA, &[Tls, HELLO, Hear, GO_ON, Hear, IN, Hear], SHORT, (Mailbox, Reason::ReplyTimedOut)),
    ];
    // All at once: those that are met with silence take their whole time.
    let mut runs = tokio::task::JoinSet::new();
    for (place, (login, pop3, timeout, _)) in lies.iter().enumerate() {
        let (cloud, means, timeout) = (cloud(&authority, login, pop3).await, authority.means(), *timeout);
        runs.spawn(async move { (place, run_within(timeout, Check::Pop3, cloud, &means).await) });
    }
    for (place, outcome) in runs.join_all().await {
        let (login, pop3, _, end) = &lies[place];
        assert_eq!(failed(&outcome), Some(*end), "{login:?} {pop3:?}: {:?}", outcome.verdict);
        assert!(outcome.failure().is_some_and(|failure| failure.evidence.peer.is_some()), "{outcome:?}");
    }
    // The token check names the step itself.
    let (silent, dumb) = (cloud(&authority, &[], &[]).await, cloud(&authority, &[Tls], &[]).await);
    let means = authority.means();
    let (silent, dumb) =
        tokio::join!(run_within(SHORT, Check::Token, silent, &means), run_within(SHORT, Check::Token, dumb, &means));
    assert_eq!(failed(&silent), Some((InTls, Reason::TlsTimedOut)));
    assert_eq!(failed(&dumb), Some((Token, Reason::ReplyTimedOut)));
}

#[tokio::test]
async fn pop3_with_an_unknown_name_or_closed_port_fails_in_dns_or_connect() {
    let authority = Authority::new();
    for (host, port, end) in [
        ("not..a.name", 995, (Phase::Dns, Reason::DnsNameUnknown)),
        ("localhost", closed_port(), (Phase::Connect, Reason::ConnectRefused)),
    ] {
        let mut cloud = cloud(&authority, ENTRA, &[]).await;
        cloud.pop3 = Some(MailEndpoint::implicit(host, port));
        let outcome = run_within(LONG, Check::Pop3, cloud, &authority.means()).await;
        assert_eq!(failed(&outcome), Some(end), "{host}: {:?}", outcome.verdict);
    }
    let nobody = lab("localhost", closed_port());
    assert_eq!(
        failed(&run_within(LONG, Check::Token, nobody, &authority.means()).await),
        Some((Phase::Connect, Reason::ConnectRefused))
    );
}

#[tokio::test]
async fn pop3_with_each_lying_proxy_fails_in_phase_proxy() {
    let authority = Authority::new();
    let header: &'static str = "X: y\r\n".repeat(10_000).leak();
    let line: &'static str = "x".repeat(40_000).leak();
    #[rustfmt::skip]
    let lies: &[(&[Act], Duration, Reason)] = &[
        (&[HearHead, Say("HTTP/1.1 403 Forbidden\r\n\r\n")], LONG, Reason::ProxyRefused),
        (&[HearHead, Say("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n")], LONG, Reason::ProxyAuthRefused),
        (&[HearHead, Say("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Negotiate\r\n\r\n")], LONG, Reason::ProxyAuthUnsupported),
        (&[HearHead, Say("HTTP/1.1 504 Gateway Timeout\r\n\r\n")], LONG, Reason::ProxyTimedOut),
        (&[HearHead, Say("SSH-2.0-OpenSSH_9.2\r\n\r\n")], LONG, Reason::ProxyReplyMalformed),
        (&[HearHead, Say("\0\u{1}\u{2}"), Close], LONG, Reason::ProxyReplyMalformed),
        (&[HearHead, Say("HTTP/1.1 200 OK\r\n"), Say(header)], LONG, Reason::ProxyReplyMalformed),
        (&[HearHead, Say(line)], LONG, Reason::ProxyReplyMalformed),
        (&[Close], LONG, Reason::ProxyReplyMalformed),
        (&[], SHORT, Reason::ProxyTimedOut),
        (&[HearHead, Say("HTTP/1.1 200 OK\r\n")], SHORT, Reason::ProxyTimedOut),
    ];
    let mut runs = tokio::task::JoinSet::new();
    for (place, (acts, timeout, _)) in lies.iter().enumerate() {
        let proxy = Proxy {
            kind: ProxyKind::Http,
            host: "localhost".to_owned(),
            port: authority.serve(acts).await,
            login: Some(("user".to_owned(), Secret::new("proxy-password"))),
        };
        let network = Network { proxy: Some(proxy), ..authority.trusted() };
        let (means, timeout) = (Means::new(&network).expect("means"), *timeout);
        runs.spawn(async move { (place, run_within(timeout, Check::Token, lab("login.example", 443), &means).await) });
    }
    for (place, outcome) in runs.join_all().await {
        let (acts, _, reason) = &lies[place];
        assert_eq!(failed(&outcome), Some((Phase::Proxy, *reason)), "{acts:.200?}: {:?}", outcome.verdict);
        let shown = format!("{outcome:?}");
        assert!(!shown.contains("proxy-password") && shown.len() < 3000, "{shown}");
    }
    let proxy = Proxy { kind: ProxyKind::Http, host: "localhost".to_owned(), port: closed_port(), login: None };
    let network = Network { proxy: Some(proxy), ..authority.trusted() };
    let means = Means::new(&network).expect("means");
    let outcome = run_within(LONG, Check::Token, lab("login.example", 443), &means).await;
    assert_eq!(failed(&outcome), Some((Phase::Connect, Reason::ProxyUnreachable)));
}

#[tokio::test]
async fn pop3_with_an_unknown_proxy_is_proxy_unreachable() {
    let unknown = "x".repeat(64); // no DNS name can have such a label: nobody is asked
    let proxy = Proxy { kind: ProxyKind::Http, host: unknown.clone(), port: 3128, login: None };
    let means = Means::new(&Network { proxy: Some(proxy), ..Network::default() }).expect("means");
    for check in [Check::Token, Check::Dns, Check::Reach] {
        let outcome = run_within(LONG, check, lab("login.example", 443), &means).await;
        assert_eq!(failed(&outcome), Some((Phase::Dns, Reason::ProxyUnreachable)), "{check}: {:?}", outcome.verdict);
        let evidence = &outcome.failure().expect("failed").evidence;
        assert_eq!(evidence.code.as_deref(), Some("dns_name_unknown"), "{check}");
        if check == Check::Dns {
            assert_eq!(evidence.said, Some(format!("A {unknown}")));
        } else {
            assert_eq!(evidence.peer, Some(Peer::new(&unknown, 3128)), "{check}");
            assert!(evidence.heard.as_deref().is_some_and(|heard| heard.starts_with(&unknown)), "{check}: {evidence:?}");
        }
    }
}

#[tokio::test]
async fn pop3_and_smtp_with_each_bad_certificate_name_the_flaw_and_keep_it() {
    const SMTP: &[&str] = &["220 smtp.example ESMTP\r\n", "250-smtp.example\r\n250 STARTTLS\r\n", "220 go ahead\r\n"];
    let (authority, trusted) = (Authority::new(), Trusted::new());
    let means = Means::new(&trusting(&authority, &trusted)).expect("means");
    for (flaw, reason, words) in [
        (Flaw::Expired, Reason::TlsCertificateExpired, "has expired; issuer CN=Trusted Root"),
        (Flaw::NotYetValid, Reason::TlsCertificateNotYetValid, "not yet valid; issuer"),
        (Flaw::WrongName, Reason::TlsCertificateWrongName, "for mail.fabrikam.example"),
        (Flaw::NameInSubject, Reason::TlsCertificateWrongName, "; it has no subject alternative name, and a name in the subject"),
        (Flaw::SelfSigned, Reason::TlsCertificateSelfSigned, "self-signed"),
        (Flaw::Untrusted, Reason::TlsCertificateUntrusted, "Inspecting Device"),
        (Flaw::Weak, Reason::TlsCertificateWeak, "too weak; issuer"),
        (Flaw::WrongPurpose, Reason::TlsCertificateUnfit, "purpose; issuer CN=Trusted Root"),
        (Flaw::ExpiredAuthority, Reason::TlsCertificateExpired, "has expired: of the authority CN=Authority In Between, valid "),
        (Flaw::Alone, Reason::TlsCertificateUntrusted, "; no certificate of its issuer came with it; issuer CN=Authority In"),
        (Flaw::Old, Reason::TlsProtocolTooOld, "alert"),
    ] {
        for check in [Check::Pop3, Check::Smtp] {
            let mut cloud = cloud(&authority, ENTRA, &[]).await;
            cloud.pop3 = Some(MailEndpoint::implicit("localhost", trusted.serve(Some(flaw), &[], &[])));
            cloud.smtp = Some(MailEndpoint::upgrade("localhost", trusted.serve(Some(flaw), SMTP, &[])));
            let outcome = run_within(LONG, check, cloud, &means).await;
            assert_eq!(failed(&outcome), Some((Phase::Tls, reason)), "{flaw:?} {check}: {:?}", outcome.verdict);
            let tried = outcome.facts.endpoints.last().expect("an address");
            assert_eq!(tried.failed, Some((Phase::Tls, reason)));
            let heard = outcome.failure().and_then(|failure| failure.evidence.heard.clone()).unwrap_or_default();
            assert!(heard.contains(words), "{flaw:?}: {heard}");
            if flaw != Flaw::Old {
                let certificate = tried.certificate.as_ref().expect("the certificate that was refused");
                let subject = if flaw == Flaw::NameInSubject { "localhost" } else { "The Peer" };
                assert!(!certificate.verified && certificate.subject.contains(subject), "{certificate:?}");
            }
        }
    }
}

/// Answers to the request for the server's time, which is so many days from now.
fn at_day(day: i64) -> &'static [&'static str] {
    let time = SystemTime::now() + Duration::from_secs(1000 * 86_400) - Duration::from_secs((1000 - day).unsigned_abs() * 86_400);
    let answer = format!("HTTP/1.1 404 Not Found\r\ndate: {}\r\ncontent-length: 0\r\n\r\n", httpdate::fmt_http_date(time));
    vec!["", &*answer.leak()].leak()
}

#[tokio::test]
async fn token_with_a_certificate_outside_its_time_is_judged_by_the_servers_own_clock() {
    let (authority, trusted) = (Authority::new(), Trusted::new());
    let network = trusting(&authority, &trusted);
    let (expired, early) = (Reason::TlsCertificateExpired, Reason::TlsCertificateNotYetValid);
    for (flaw, answers, own, words, cause) in [
        (Flaw::Expired, at_day(-10), expired, "the certificate is in its time; ", Reason::ClockWrong),
        (Flaw::NotYetValid, at_day(10), early, "the certificate is in its time; ", Reason::ClockWrong),
        (Flaw::Expired, at_day(0), expired, "the server's own clock agrees with this machine's; ", expired),
        (Flaw::Expired, at_day(-60), expired, "the certificate is outside its time as well; ", expired),
        (Flaw::ExpiredAuthority, at_day(-10), expired, "the certificate is outside its time as well; ", expired),
        (Flaw::Expired, &["", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"], expired, "certificate verify failed", expired),
        (Flaw::Expired, &["garbage"], expired, "certificate verify failed", expired),
    ] {
        let cloud = lab("localhost", trusted.serve(Some(flaw), &[], answers));
        let outcome = run_within(LONG, Check::Token, cloud, &Means::new(&network).expect("means")).await;
        assert_eq!(failed(&outcome), Some((Phase::Tls, own)), "{flaw:?} {answers:?}: {:?}", outcome.verdict);
        let heard = outcome.failure().and_then(|failure| failure.evidence.heard.clone()).unwrap_or_default();
        assert!(heard.contains(words) && heard.contains("certificate verify failed"), "{flaw:?} {answers:?}: {heard}");
        let causes = diagnose([&outcome]);
        assert_eq!(causes.iter().map(|cause| cause.reason).collect::<Vec<_>>(), [cause], "{flaw:?} {answers:?}");
        if cause == Reason::ClockWrong {
            assert_eq!((causes[0].confidence, causes[0].candidates.as_slice()), (Confidence::Likely, &[own][..]));
        }
    }
}

/// The demand for a client certificate: with TLS 1.3 it comes when the handshake is over for us, with what should have been the first word.
#[tokio::test]
async fn checks_with_a_peer_that_wants_a_client_certificate_fail_in_phase_tls() {
    let (authority, trusted) = (Authority::new(), Trusted::new());
    let network = trusting(&authority, &trusted);
    for (flaw, code) in [(Flaw::Demanding12, "alert 40"), (Flaw::Demanding13, "alert 116")] {
        for check in [Check::Token, Check::Pop3, Check::Reach] {
            let mut cloud = cloud(&authority, ENTRA, &[]).await;
            let port = trusted.serve(Some(flaw), &[], &[]);
            if check == Check::Pop3 {
                cloud.pop3 = Some(MailEndpoint::implicit("localhost", port));
            } else {
                cloud = lab("localhost", port);
            }
            // No token is kept from one run to the next.
            let outcome = run_within(LONG, check, cloud, &Means::new(&network).expect("means")).await;
            let end = (Phase::Tls, Reason::TlsClientCertificateWanted);
            assert_eq!(failed(&outcome), Some(end), "{flaw:?} {check}: {:?}", outcome.verdict);
            assert_eq!(outcome.facts.endpoints.last().and_then(|tried| tried.failed), Some(end), "{flaw:?} {check}");
            assert_eq!(outcome.failure().and_then(|failure| failure.evidence.code.as_deref()), Some(code), "{check}");
        }
    }
}
