//! The check against resolvers on loopback that lie, in every way they can.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::{A, CNAME};
use hickory_proto::rr::{RData, RecordType};
use tokio::net::UdpSocket;

use crate::resolver::{Lie, addresses, circular, cut, honest, many, microsoft, name, refuses, reply, resolver, written};
use crate::trial::{failed, lab, run};
use m365_probe::check::Means;
use m365_probe::cloud::ranges::Ranges;
use m365_probe::cloud::{Cloud, MailEndpoint};
use m365_probe::kind::Check;
use m365_probe::outcome::{DnsFacts, Family, NameSource, Outcome, Phase};
use m365_probe::reason::Reason;
use m365_probe::settings::{Network, Proxy, ProxyKind, Resolver};

const HOST: &str = "outlook.office365.com";

fn global() -> Cloud {
    Cloud::built_in("global").expect("built in")
}

fn warned(outcome: &Outcome) -> Vec<Reason> {
    outcome.facts.warnings.iter().map(|warning| warning.reason).collect()
}

async fn ask(cloud: Cloud, resolvers: &[SocketAddr]) -> Outcome {
    let mut means = Means::new(&Network::default()).expect("a trust store");
    means.resolvers = resolvers.iter().map(|at| Resolver::Address(*at)).collect();
    run(Check::Dns, cloud, &means).await
}

#[tokio::test]
async fn dns_with_each_lying_resolver_has_the_reason_of_the_lie() {
    let table: &[(&str, Lie, Option<Reason>)] = &[
        ("honest", honest, None),
        ("IPv4 only", |to, _| written(&addresses(to, &["52.97.97.162"])), None),
        ("IPv6 only", |to, _| written(&addresses(to, &["2603:1026::2"])), None),
        ("NXDOMAIN", |to, _| refuses(to, ResponseCode::NXDomain), Some(Reason::DnsNameUnknown)),
        ("SERVFAIL", |to, _| refuses(to, ResponseCode::ServFail), Some(Reason::DnsServerFailure)),
        ("REFUSED", |to, _| refuses(to, ResponseCode::Refused), Some(Reason::DnsRefused)),
        ("NODATA", |to, _| refuses(to, ResponseCode::NoError), Some(Reason::DnsNoAddresses)),
        ("sinkhole", |to, _| written(&addresses(to, &["0.0.0.0"])), Some(Reason::DnsSinkhole)),
        ("half a sinkhole", |to, _| written(&addresses(to, &["0.0.0.0", "2603:1026::2"])), Some(Reason::DnsSinkhole)),
        ("private", |to, _| written(&addresses(to, &["10.0.0.1"])), None),
        ("garbage", |to, _| vec![[&to.metadata.id.to_be_bytes()[..], &[0x81; 9]].concat()], Some(Reason::DnsMalformed)),
        (
            "forged first",
            |to, tcp| {
                let mut forged = addresses(to, &["6.6.6.6"]);
                forged.metadata.id ^= 1;
                let mut elsewhere = addresses(to, &["6.6.6.6"]);
                elsewhere.queries[0].name = name("evil.example.");
                [written(&forged), written(&elsewhere), honest(to, tcp)].concat()
            },
            None,
        ),
        (
            "cut short",
            |to, tcp| {
                let mut whole = addresses(to, &["52.97.97.162"]);
                whole.metadata.truncation = !tcp;
                written(&if tcp { whole } else { whole.truncate() })
            },
            None,
        ),
        (
            "cut short, then garbage",
            |to, tcp| {
                let mut whole = addresses(to, &["52.97.97.162"]);
                whole.metadata.truncation = true;
                if tcp { vec![vec![0; 5]] } else { written(&whole) }
            },
            Some(Reason::DnsMalformed),
        ),
        ("cut short, then hung up", |to, tcp| if tcp { vec![] } else { cut(to) }, Some(Reason::DnsTcpBlocked)),
        (
            "cut short, then nothing of the announced length",
            |to, tcp| if tcp { vec![vec![]] } else { cut(to) },
            Some(Reason::DnsMalformed),
        ),
        ("cut short, then more addresses than anybody has", |to, tcp| if tcp { written(&many(to, 1400)) } else { cut(to) }, None),
        (
            "cut short, then 64 kB of nothing",
            |to, tcp| if tcp { vec![[&to.metadata.id.to_be_bytes()[..], &[0x81; 65_000]].concat()] } else { cut(to) },
            Some(Reason::DnsMalformed),
        ),
        ("a name that points at itself", |to, _| vec![circular(to)], Some(Reason::DnsMalformed)),
        (
            "aliases in a circle",
            |to, _| {
                let alias = |target: &str| RData::CNAME(CNAME(name(target)));
                let owner = to.queries[0].name.to_ascii();
                let records = vec![(owner.as_str(), alias("a.example.")), ("a.example.", alias(&owner))];
                written(&reply(to, ResponseCode::NoError, records))
            },
            Some(Reason::DnsNoAddresses),
        ),
        (
            "addresses of another name",
            |to, _| {
                let data = RData::A(A([6, 6, 6, 6].into()));
                written(&reply(to, ResponseCode::NoError, vec![("evil.example.", data)]))
            },
            Some(Reason::DnsNoAddresses),
        ),
        ("cut short over TCP too", |to, _| cut(to), Some(Reason::DnsMalformed)),
    ];
    assert_reasons(table).await;
}

/// Resolvers without EDNS, which no application uses either.
#[tokio::test]
async fn dns_with_a_resolver_without_edns_asks_again_without() {
    let table: &[(&str, Lie, Option<Reason>)] = &[
        ("NOTIMP", |to, _| refuses(to, ResponseCode::NotImp), Some(Reason::DnsServerFailure)),
        (
            "too old for EDNS",
            |to, tcp| if to.edns.is_some() { refuses(to, ResponseCode::FormErr) } else { honest(to, tcp) },
            None,
        ),
        (
            "EDNS is not implemented",
            |to, tcp| if to.edns.is_some() { refuses(to, ResponseCode::NotImp) } else { honest(to, tcp) },
            None,
        ),
        (
            "EDNS is a failure",
            |to, tcp| if to.edns.is_some() { refuses(to, ResponseCode::ServFail) } else { honest(to, tcp) },
            None,
        ),
        (
            "EDNS has no answer, and what has none is dropped",
            |to, _| if to.edns.is_some() { refuses(to, ResponseCode::ServFail) } else { vec![] },
            Some(Reason::DnsServerFailure),
        ),
        ("questions with EDNS are dropped", |to, tcp| if to.edns.is_some() { vec![] } else { honest(to, tcp) }, None),
    ];
    assert_reasons(table).await;
}

async fn assert_reasons(table: &[(&str, Lie, Option<Reason>)]) {
    for (lie, respond, expected) in table {
        let outcome = ask(lab(HOST, 443), &[resolver(*respond).await]).await;
        assert_eq!(failed(&outcome), expected.map(|reason| (Phase::Dns, reason)), "{lie}: {:?}", outcome.facts.dns);
        let forged = outcome.facts.dns.iter().flat_map(|facts| &facts.addresses).any(|at| *at == IpAddr::from([6, 6, 6, 6]));
        assert!(!forged, "{lie}");
        let longest = |counted: fn(&DnsFacts) -> usize| outcome.facts.dns.iter().map(counted).max().unwrap_or_default();
        assert!(longest(|facts| facts.addresses.len()) <= 64 && longest(|facts| facts.chain.len()) <= 16, "{lie}");
    }
}

#[tokio::test]
async fn dns_keeps_each_question_as_a_fact() {
    let at = resolver(|to, _| {
        let chain = |target: &str| RData::CNAME(CNAME(name(target)));
        let data = match to.queries[0].query_type {
            RecordType::A => RData::A(A([52, 97, 97, 162].into())),
            _ => return refuses(to, ResponseCode::NoError),
        };
        let owner = to.queries[0].name.to_ascii();
        let records = vec![(owner.as_str(), chain("a.example.")), ("a.example.", chain("b.example.")), ("b.example.", data)];
        written(&reply(to, ResponseCode::NoError, records))
    })
    .await;
    let outcome = ask(lab(HOST, 443), &[at]).await;
    assert!(outcome.is_ok(), "{:?}", outcome.verdict);
    let [v4, v6] = outcome.facts.dns.as_slice() else { panic!("{:?}", outcome.facts.dns) };
    assert_eq!((v4.host.as_str(), v4.resolver.clone(), v4.family), (HOST, at.to_string(), Family::V4));
    assert_eq!(v4.rcode.as_deref(), Some("NOERROR"));
    assert_eq!(v4.addresses, [IpAddr::from([52, 97, 97, 162])]);
    assert_eq!(v4.chain, ["a.example", "b.example"]);
    assert_eq!(v4.ttl, Some(Duration::from_secs(60)));
    assert!(v4.took.is_some());
    assert_eq!((v6.family, v6.addresses.len(), v6.failed), (Family::V6, 0, None));
}

#[tokio::test]
async fn dns_with_private_addresses_for_microsoft_s_hosts_is_a_sinkhole() {
    let at = resolver(|to, _| written(&addresses(to, &["10.0.0.1"]))).await;
    let outcome = ask(Cloud::built_in("global").expect("built in"), &[at]).await;
    let failure = outcome.failure().expect("a failure");
    assert_eq!(failure.reason, Reason::DnsSinkhole);
    assert_eq!(failure.evidence.peer, Some(at.into()));
    assert_eq!(failure.evidence.said.as_deref(), Some("A login.microsoftonline.com"));
    let heard = failure.evidence.heard.as_deref().expect("words");
    assert!(heard.starts_with("10.0.0.1; also A outlook.office365.com, A smtp.office365.com, "), "{heard}");
}

#[tokio::test(start_paused = true)]
async fn dns_with_one_silent_resolver_of_two_ends_in_time_and_is_no_answer() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let outcome = ask(lab(HOST, 443), &[silent.local_addr().expect("bound")]).await;
    assert_eq!(failed(&outcome), Some((Phase::Dns, Reason::DnsNoAnswer)));
    assert_eq!(outcome.took, Duration::from_secs(5));
    assert_eq!(outcome.facts.dns.len(), 2, "{:?}", outcome.facts.dns);
    assert!(outcome.facts.dns.iter().all(|facts| facts.failed == Some(Reason::DnsNoAnswer) && facts.took.is_none()));
}

#[tokio::test]
async fn dns_with_resolvers_that_disagree_is_a_warning() {
    let (knows, denies) = (resolver(microsoft).await, resolver(|to, _| refuses(to, ResponseCode::NXDomain)).await);
    let outcome = ask(global(), &[denies, knows]).await;
    assert!(outcome.is_ok(), "{:?}", outcome.verdict);
    assert_eq!(warned(&outcome), [Reason::DnsResolversDisagree]);
    let evidence = &outcome.facts.warnings[0].evidence;
    assert_eq!(evidence.peer, Some(denies.into()));
    let both = format!("{denies} says NXDOMAIN, {knows} says 20.190.141.1 2603:1046:2000::2; also A outlook.office365.com, ");
    assert!(evidence.heard.as_deref().is_some_and(|heard| heard.starts_with(&both)), "{evidence:?}");
    let failed = outcome.facts.dns.iter().filter(|facts| facts.failed.is_some()).count();
    assert_eq!((failed, outcome.facts.dns.len()), (8, 16));
}

#[tokio::test]
async fn dns_with_an_address_outside_the_ranges_is_a_warning_until_the_user_s_list_has_it() {
    let at = resolver(|to, _| written(&addresses(to, &["146.112.61.104"]))).await;
    let mut means = Means::new(&Network::default()).expect("a trust store");
    means.resolvers = vec![Resolver::Address(at)];
    let outcome = run(Check::Dns, global(), &means).await;
    assert!(outcome.is_ok(), "{:?}", outcome.verdict);
    assert_eq!(warned(&outcome), [Reason::DnsOutsidePublishedRanges]);
    let heard = outcome.facts.warnings[0].evidence.heard.clone().expect("both sides");
    assert!(heard.starts_with("146.112.61.104; Microsoft's list of 2026-06-06, ID 56: 20.20.32.0/19, "), "{heard}");
    assert!(heard.ends_with("; also A outlook.office365.com, A smtp.office365.com, A graph.microsoft.com"), "{heard}");
    assert_eq!(outcome.facts.dns[0].outside, outcome.facts.dns[0].addresses);

    let list =
        r#"[{ "id": 1, "urls": ["*.microsoftonline.com", "*.office365.com", "*.microsoft.com"], "ips": ["146.112.0.0/16"] }]"#;
    means.ranges = Some(Arc::new(Ranges::parse(list, "ours").expect("a list")));
    let outcome = run(Check::Dns, global(), &means).await;
    assert!(outcome.is_ok() && warned(&outcome).is_empty(), "{:?} {:?}", outcome.verdict, outcome.facts.warnings);
    let outcome = run(Check::Dns, Cloud { name: "lab".to_owned(), ..global() }, &means).await;
    assert!(warned(&outcome).is_empty(), "no list is for a laboratory");
}

#[tokio::test]
async fn dns_behind_a_proxy_resolves_the_proxy_s_name_alone() {
    let proxy = Some(Proxy { kind: ProxyKind::Http, host: "localhost".to_owned(), port: 3128, login: None });
    let mut means = Means::new(&Network { proxy, ..Network::default() }).expect("a trust store");
    let denies = resolver(|to, _| refuses(to, ResponseCode::NXDomain)).await;
    means.resolvers = vec![Resolver::Address(denies), Resolver::System];
    let mut cloud = lab("does-not-exist.invalid", 443);
    cloud.ews = global().ews;
    let outcome = run(Check::Dns, cloud, &means).await;
    assert!(outcome.is_ok() && warned(&outcome).is_empty(), "{:?} {:?}", outcome.verdict, outcome.facts.warnings);
    let found = outcome.facts.dns.iter().filter(|facts| !facts.addresses.is_empty()).map(|facts| facts.host.as_str());
    assert!(found.clone().count() > 0 && found.clone().all(|host| host == "localhost"), "{:?}", outcome.facts.dns);
}

#[tokio::test]
async fn dns_with_a_name_in_the_hosts_file_names_the_file_as_source() {
    let file = std::env::temp_dir().join(format!("m365-probe-check-hosts-{}", std::process::id()));
    std::fs::write(&file, "127.0.0.1 localhost\n::1 LocalHost # ours\n").expect("written");
    let mut means = Means::new(&Network::default()).expect("a trust store");
    means.hosts_file.clone_from(&file);
    let outcome = run(Check::Dns, lab("localhost", 443), &means).await;
    let _ = std::fs::remove_file(&file);
    assert!(outcome.is_ok() && warned(&outcome).is_empty(), "{:?} {:?}", outcome.verdict, outcome.facts.warnings);
    assert!(outcome.facts.dns.iter().all(|facts| facts.source == Some(NameSource::HostsFile)), "{:?}", outcome.facts.dns);
    let outcome = run(Check::Dns, lab("localhost", 443), &means).await;
    assert!(outcome.facts.dns.iter().all(|facts| facts.source.is_none()), "{:?}", outcome.facts.dns);
}

#[tokio::test]
async fn dns_with_a_truncated_answer_and_no_tcp_is_tcp_blocked() {
    let udp = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let at = udp.local_addr().expect("bound");
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        while let Ok((length, peer)) = udp.recv_from(&mut buffer).await {
            let question = Message::from_vec(&buffer[..length]).expect("a question");
            udp.send_to(&cut(&question)[0], peer).await.expect("sent");
        }
    });
    let outcome = ask(lab(HOST, 443), &[at]).await;
    assert_eq!(failed(&outcome), Some((Phase::Dns, Reason::DnsTcpBlocked)));
    let heard = outcome.failure().and_then(|failure| failure.evidence.heard.clone()).expect("words");
    assert!(heard.starts_with("cut short over UDP, and over TCP: ") && heard.contains("refused"), "{heard}");
}

#[tokio::test(start_paused = true)]
async fn dns_with_an_answer_to_another_question_is_malformed() {
    let at = resolver(|to, _| {
        let mut other = addresses(to, &["6.6.6.6"]);
        other.queries[0].name = name("login.microsoftonline.com.");
        written(&other)
    })
    .await;
    let outcome = ask(lab(HOST, 443), &[at]).await;
    assert_eq!(failed(&outcome), Some((Phase::Dns, Reason::DnsMalformed)));
    assert!(outcome.facts.dns.iter().all(|facts| facts.addresses.is_empty()), "{:?}", outcome.facts.dns);
    let heard = outcome.failure().and_then(|failure| failure.evidence.heard.clone());
    assert!(heard.is_some_and(|heard| heard.starts_with("an answer to another question: A login.microsoftonline.com")));
}

#[tokio::test(start_paused = true)]
async fn dns_with_a_resolver_that_speaks_another_protocol_is_malformed() {
    let at = resolver(|_, _| vec![b"HTTP/1.0 400 Bad Request\r\n\r\n".to_vec()]).await;
    let outcome = ask(lab(HOST, 443), &[at]).await;
    assert_eq!(failed(&outcome), Some((Phase::Dns, Reason::DnsMalformed)));
    assert_eq!(outcome.failure().expect("failed").evidence.heard.as_deref(), Some("HTTP/1.0 400 Bad Request"));
}

#[tokio::test(start_paused = true)]
async fn dns_evidence_of_bytes_that_are_no_message_counts_them() {
    let at = resolver(|_, _| vec![vec![0, 1, 2]]).await;
    let outcome = ask(lab(HOST, 443), &[at]).await;
    let heard = outcome.failure().and_then(|failure| failure.evidence.heard.clone());
    assert!(heard.is_some_and(|heard| heard.starts_with("3 bytes that are no DNS message")));
}

#[tokio::test]
async fn dns_with_one_failing_address_family_is_a_warning() {
    let at = resolver(|to, tcp| match to.queries[0].query_type {
        RecordType::A => honest(to, tcp),
        _ => refuses(to, ResponseCode::NXDomain),
    })
    .await;
    let outcome = ask(lab(HOST, 443), &[at]).await;
    assert!(outcome.is_ok(), "{:?}", outcome.verdict);
    assert_eq!(warned(&outcome), [Reason::DnsOneFamilyFails]);
    let evidence = &outcome.facts.warnings[0].evidence;
    assert_eq!((evidence.peer.clone(), evidence.code.as_deref()), (Some(at.into()), Some("dns_name_unknown")));
    assert!(evidence.heard.as_deref().is_some_and(|heard| heard.ends_with(", AAAA: NXDOMAIN")), "{evidence:?}");
}

#[tokio::test]
async fn dns_without_a_route_to_the_resolver_is_server_unreachable() {
    // Packets to everybody go nowhere but by a socket that may send them.
    let outcome = ask(lab(HOST, 443), &["255.255.255.255:53".parse().expect("an address")]).await;
    assert_eq!(failed(&outcome), Some((Phase::Dns, Reason::DnsServerUnreachable)), "{:?}", outcome.verdict);
}

#[tokio::test]
async fn dns_with_a_closed_resolver_port_is_port_refused() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let nobody = socket.local_addr().expect("bound");
    drop(socket);
    let outcome = ask(lab(HOST, 443), &[resolver(honest).await, nobody]).await;
    assert_eq!(failed(&outcome), Some((Phase::Dns, Reason::DnsPortRefused)));
    assert!(outcome.took < Duration::from_secs(2));
    let evidence = &outcome.failure().expect("failed").evidence;
    assert_eq!(evidence.peer, Some(nobody.into()));
    assert!(evidence.heard.as_deref().is_some_and(|heard| heard.contains("refused")), "{evidence:?}");
}

#[tokio::test]
async fn dns_of_the_system_s_resolver_follows_pins_and_the_hosts_file() {
    let pinned = [(HOST.to_owned(), IpAddr::from([127, 0, 0, 9]))].into();
    let means = Means::new(&Network { resolve: pinned, ..Network::default() }).expect("a trust store");
    let mut cloud = lab("localhost", 443);
    cloud.pop3 = Some(MailEndpoint::implicit("Outlook.Office365.com", 995));
    cloud.imap = Some(MailEndpoint::implicit("127.0.0.1", 993));
    let outcome = run(Check::Dns, cloud, &means).await;
    assert!(outcome.is_ok(), "{:?}", outcome.verdict);
    let facts: Vec<_> =
        outcome.facts.dns.iter().map(|facts| (facts.host.as_str(), facts.resolver.as_str(), facts.family)).collect();
    let both = |host| [(host, "system", Family::V4), (host, "system", Family::V6)];
    assert_eq!(facts, [both("localhost"), both(HOST)].concat());
    assert_eq!(outcome.facts.dns[2].addresses, [IpAddr::from([127, 0, 0, 9])]);
}
