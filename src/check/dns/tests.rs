//! The verdict on answers together, as tables: one line per network.

use super::answer::{DnsAnswer, SYSTEM};
use super::host::{Host, Way};
use super::verdict::judge;
use super::{Ranges, published};
use crate::outcome::{Family, Fault, NameSource, Peer};
use crate::reason::Reason;

const HOST: &str = "outlook.office365.com";

/// The answer of a resolver in one family.
#[derive(Clone, Copy, Debug)]
enum Says {
    At(&'static str),
    From(NameSource, &'static str),
    No(Reason),
}

use NameSource::{HostsFile, Pin};
use Says::{At, From, No};

/// A resolver and its answers for IPv4 and IPv6.
type Said = (&'static str, Says, Says);

/// The verdict: the fault, the beginning of its evidence, and the warnings.
type Expected = (Option<Reason>, &'static str, &'static [Reason]);

const NAME: Says = No(Reason::DnsNameUnknown);
const NONE: Says = No(Reason::DnsNoAddresses);
const MUTE: Says = No(Reason::DnsNoAnswer);
const V4: Says = At("52.97.97.162");
const V6: Says = At("2603:1026::2");

fn answer(resolver: &str, family: Family, says: Says) -> DnsAnswer {
    let mut answer = DnsAnswer::unheard(Peer::named(resolver), resolver, HOST, family);
    let (source, addresses) = match says {
        At(addresses) => (None, addresses),
        From(source, addresses) => (Some(source), addresses),
        No(reason) => {
            let codes = [(Reason::DnsNameUnknown, "NXDOMAIN"), (Reason::DnsServerFailure, "SERVFAIL")];
            let code = codes.iter().find(|(coded, _)| *coded == reason).map(|(_, code)| (*code).to_owned());
            answer.facts.rcode = code.filter(|_| resolver != SYSTEM);
            answer.fail_if(Some(Fault::heard(reason, "no")));
            (None, "")
        }
    };
    answer.facts.source = source;
    answer.facts.addresses = addresses.split_whitespace().map(|address| address.parse().expect(address)).collect();
    answer
}

#[track_caller]
fn assert_judged(way: Way, said: &[Said], (fault, words, warnings): Expected) {
    let both = |(resolver, v4, v6): &Said| [answer(resolver, Family::V4, *v4), answer(resolver, Family::V6, *v6)];
    let mut answers: Vec<DnsAnswer> = said.iter().flat_map(both).collect();
    let hosts = [Host { name: HOST.to_owned(), way }];
    let judged = judge(&mut answers, &hosts);
    let outside = published::compare(&mut answers, &hosts, Ranges::built_in("global").expect("shipped"));
    let warned: Vec<Fault> = judged.warnings.into_iter().chain(outside).collect();
    let told: Vec<Reason> = warned.iter().map(|warning| warning.reason).collect();
    assert_eq!((judged.fault.as_ref().map(|fault| fault.reason), &*told), (fault, warnings), "{way:?} {said:?}");
    let heard = judged.fault.iter().chain(&warned).next().and_then(|fault| fault.evidence.heard.clone()).unwrap_or_default();
    assert!(heard.starts_with(words), "{way:?} {said:?}: {heard}");
}

#[test]
fn one_resolver_is_believed() {
    let half = &[Reason::DnsOneFamilyFails][..];
    for (said, expected) in [
        ((SYSTEM, V4, V6), (None, "", &[][..])),
        ((SYSTEM, V4, NONE), (None, "", &[])),
        ((SYSTEM, NONE, V6), (None, "", &[])),
        ((SYSTEM, NONE, NONE), (Some(Reason::DnsNoAddresses), "no", &[])),
        ((SYSTEM, NAME, NAME), (Some(Reason::DnsNameUnknown), "no", &[])),
        (("9.9.9.9", V4, No(Reason::DnsServerFailure)), (None, "A: 52.97.97.162, AAAA: SERVFAIL", half)),
        (("9.9.9.9", V4, NAME), (None, "A: 52.97.97.162, AAAA: NXDOMAIN", half)),
        (("9.9.9.9", MUTE, V6), (None, "A: dns_no_answer, AAAA: 2603:1026::2", half)),
        ((SYSTEM, V4, MUTE), (None, "A: 52.97.97.162, AAAA: dns_no_answer", half)),
        ((SYSTEM, At("10.0.0.1"), NONE), (Some(Reason::DnsSinkhole), "10.0.0.1", &[])),
        ((SYSTEM, At("100.64.0.1"), V6), (Some(Reason::DnsSinkhole), "100.64.0.1", &[])),
        ((SYSTEM, V4, At("::")), (Some(Reason::DnsSinkhole), "::", &[])),
        ((SYSTEM, At("192.0.2.7"), NONE), (Some(Reason::DnsSinkhole), "192.0.2.7", &[])),
        (
            (SYSTEM, At("146.112.61.104"), NONE), // a block page at a public address
            (
                None,
                "146.112.61.104; Microsoft's list of 2023-07-31, ID 1, 2: 13.107.6.152/31, 13.107.18.10/31",
                &[Reason::DnsOutsidePublishedRanges],
            ),
        ),
        (
            (SYSTEM, V4, At("2a00:1450::1")),
            (None, "2a00:1450::1; Microsoft's list of 2023-07-31, ID 1, 2: 2603:1006::/40", &[Reason::DnsOutsidePublishedRanges]),
        ),
    ] {
        assert_judged(Way::Microsoft, &[said], expected);
    }
}

#[test]
fn whose_doing_an_address_is_decides_what_it_means() {
    for (way, said, expected) in [
        (Way::Own, (SYSTEM, At("10.0.0.1"), NONE), (None, "", &[][..])),
        (Way::Own, (SYSTEM, At("127.0.0.1"), NONE), (None, "", &[])),
        (Way::Own, (SYSTEM, At("203.0.113.9"), NONE), (None, "", &[])),
        (Way::Own, (SYSTEM, At("0.0.0.0"), NONE), (Some(Reason::DnsSinkhole), "0.0.0.0", &[])),
        (Way::Pinned, (SYSTEM, From(Pin, "10.0.0.1"), NONE), (None, "", &[])),
        (Way::Pinned, (SYSTEM, From(Pin, "203.0.113.9"), NONE), (None, "", &[])),
        (Way::Pinned, ("9.9.9.9", At("10.0.0.1"), NONE), (None, "", &[])),
        (Way::Pinned, ("9.9.9.9", At("0.0.0.0"), NONE), (Some(Reason::DnsSinkhole), "0.0.0.0", &[])),
        (Way::Proxied, (SYSTEM, NAME, NAME), (None, "", &[])),
        (Way::Proxied, (SYSTEM, At("10.0.0.1"), NONE), (None, "", &[])),
        (Way::Proxied, (SYSTEM, At("0.0.0.0"), NONE), (None, "", &[])),
        (Way::Proxied, (SYSTEM, MUTE, MUTE), (None, "", &[])),
        (Way::Proxied, (SYSTEM, V4, MUTE), (None, "", &[])),
        (Way::Own, (SYSTEM, V4, MUTE), (None, "A: 52.97.97.162, AAAA: dns_no_answer", &[Reason::DnsOneFamilyFails])),
        (Way::Proxied, (SYSTEM, No(Reason::LocalResources), NONE), (Some(Reason::LocalResources), "no", &[])),
        (Way::Proxy, (SYSTEM, At("10.0.0.1"), NONE), (None, "", &[])),
        (Way::Proxy, (SYSTEM, NAME, NAME), (Some(Reason::ProxyUnreachable), "no", &[])),
        (Way::Proxy, (SYSTEM, At("0.0.0.0"), NONE), (Some(Reason::ProxyUnreachable), "0.0.0.0", &[])),
        (Way::Proxy, (SYSTEM, MUTE, MUTE), (Some(Reason::DnsNoAnswer), "no", &[])),
        (
            Way::Microsoft,
            (SYSTEM, From(HostsFile, "10.0.0.1"), NONE),
            (None, "10.0.0.1 stands in the hosts file", &[Reason::DnsHostsFile, Reason::DnsOutsidePublishedRanges]),
        ),
        (
            Way::Microsoft,
            (SYSTEM, From(HostsFile, "52.97.97.162"), NONE),
            (None, "52.97.97.162 stands in the hosts file", &[Reason::DnsHostsFile]),
        ),
        (Way::Microsoft, (SYSTEM, From(HostsFile, "0.0.0.0"), NONE), (Some(Reason::DnsHostsFileBlocks), "0.0.0.0", &[])),
        (Way::Own, (SYSTEM, From(HostsFile, "0.0.0.0"), NONE), (Some(Reason::DnsHostsFileBlocks), "0.0.0.0", &[])),
        (Way::Own, (SYSTEM, From(HostsFile, "10.0.0.1"), NONE), (None, "", &[])),
    ] {
        assert_judged(way, &[said], expected);
    }
}

#[test]
fn the_system_s_lie_is_a_failure_and_another_s_is_worth_a_look() {
    let disagree = &[Reason::DnsResolversDisagree][..];
    for (said, expected) in [
        // Different addresses are what anycast DNS is for.
        ([(SYSTEM, V4, V6), ("9.9.9.9", At("40.101.1.1"), At("2603:1036::7"))], (None, "", &[][..])),
        ([(SYSTEM, V4, V6), ("9.9.9.9", V4, NONE)], (None, "", &[])),
        (
            [(SYSTEM, V4, V6), ("9.9.9.9", NAME, NAME)],
            (None, "9.9.9.9 says NXDOMAIN, system says 52.97.97.162 2603:1026::2", disagree),
        ),
        (
            [(SYSTEM, V4, NONE), ("9.9.9.9", At("0.0.0.0"), At("::"))],
            (None, "9.9.9.9 says 0.0.0.0 ::, system says 52.97.97.162", disagree),
        ),
        (
            [(SYSTEM, V4, V6), ("9.9.9.9", NONE, NONE)],
            (None, "9.9.9.9 says dns_no_addresses, system says 52.97.97.162", disagree),
        ),
        ([("9.9.9.9", NAME, NAME), ("1.1.1.1", V4, V6)], (None, "9.9.9.9 says NXDOMAIN, 1.1.1.1 says 52.97.97.162", disagree)),
        (
            [(SYSTEM, At("10.0.0.1"), NONE), ("9.9.9.9", V4, V6)],
            (Some(Reason::DnsSinkhole), "system says 10.0.0.1, 9.9.9.9 says 52.97.97.162", &[]),
        ),
        (
            [(SYSTEM, NAME, NAME), ("9.9.9.9", V4, V6)],
            (Some(Reason::DnsNameUnknown), "system says dns_name_unknown, 9.9.9.9 says 52.97.97.162", &[]),
        ),
        ([(SYSTEM, V4, V6), ("9.9.9.9", MUTE, MUTE)], (Some(Reason::DnsNoAnswer), "no", &[])),
        ([(SYSTEM, MUTE, MUTE), ("9.9.9.9", V4, V6)], (Some(Reason::DnsNoAnswer), "no", &[])),
        (
            [(SYSTEM, NAME, NAME), ("9.9.9.9", At("0.0.0.0"), NONE)],
            (Some(Reason::DnsSinkhole), "0.0.0.0; also A outlook.office365.com at system dns_name_unknown", &[]),
        ),
        (
            [(SYSTEM, From(HostsFile, "0.0.0.0"), NONE), ("9.9.9.9", V4, V6)],
            (Some(Reason::DnsHostsFileBlocks), "the hosts file says 0.0.0.0, 9.9.9.9 says 52.97.97.162", &[]),
        ),
    ] {
        assert_judged(Way::Microsoft, &said, expected);
    }
    let pinned = [(SYSTEM, From(Pin, "10.0.0.1"), NONE), ("9.9.9.9", NAME, NAME)];
    assert_judged(Way::Pinned, &pinned, (None, "9.9.9.9 says NXDOMAIN, network.resolve says 10.0.0.1", disagree));
}
