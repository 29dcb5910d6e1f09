//! The verdict on answers together, as tables: one line per network.

use super::answer::DnsAnswer;
use super::host::{Host, HostKind};
use super::verdict::judge;
use super::{Ranges, published};
use crate::outcome::{DnsFacts, Family, Fault, NameSource, Peer};
use crate::reason::Reason;

const HOST: &str = "outlook.office365.com";
const SYSTEM: &str = DnsFacts::SYSTEM;

/// The answer of a resolver in one family.
#[derive(Clone, Copy, Debug)]
enum FamilyAnswer {
    At(&'static str),
    From(NameSource, &'static str),
    No(Reason),
}

use FamilyAnswer::{At, From, No};
use NameSource::{HostsFile, Pin};

/// A resolver and its answers for IPv4 and IPv6.
type Answers = (&'static str, FamilyAnswer, FamilyAnswer);

/// The verdict: the fault, the beginning of its evidence, and the warnings.
type Expected = (Option<Reason>, &'static str, &'static [Reason]);

const NAME: FamilyAnswer = No(Reason::DnsNameUnknown);
const NONE: FamilyAnswer = No(Reason::DnsNoAddresses);
const MUTE: FamilyAnswer = No(Reason::DnsNoAnswer);
const V4: FamilyAnswer = At("52.97.97.162");
const V6: FamilyAnswer = At("2603:1026::2");

fn answer(resolver: &str, family: Family, given: FamilyAnswer) -> DnsAnswer {
    let mut answer = DnsAnswer::unanswered(Peer::named(resolver), resolver, HOST, family);
    let (source, addresses) = match given {
        At(addresses) => (None, addresses),
        From(source, addresses) => (Some(source), addresses),
        No(reason) => {
            let codes = [(Reason::DnsNameUnknown, "NXDOMAIN"), (Reason::DnsServerFailure, "SERVFAIL")];
            let code = codes.iter().find(|(coded, _)| *coded == reason).map(|(_, code)| (*code).to_owned());
            answer.facts.rcode = code.filter(|_| resolver != SYSTEM);
            answer.set_fault(Some(Fault::heard(reason, "no")));
            (None, "")
        }
    };
    answer.facts.source = source;
    answer.facts.addresses = addresses.split_whitespace().map(|address| address.parse().expect(address)).collect();
    answer
}

#[track_caller]
fn assert_judged(kind: HostKind, resolvers: &[Answers], (fault, evidence, warnings): Expected) {
    let both = |(resolver, v4, v6): &Answers| [answer(resolver, Family::V4, *v4), answer(resolver, Family::V6, *v6)];
    let mut answers: Vec<DnsAnswer> = resolvers.iter().flat_map(both).collect();
    let hosts = [Host { name: HOST.to_owned(), kind }];
    let judged = judge(&mut answers, &hosts);
    let outside = published::compare(&mut answers, &hosts, Ranges::built_in("global").expect("shipped"));
    let warned: Vec<Fault> = judged.warnings.into_iter().chain(outside).collect();
    let reasons: Vec<Reason> = warned.iter().map(|warning| warning.reason).collect();
    assert_eq!((judged.fault.as_ref().map(|fault| fault.reason), &*reasons), (fault, warnings), "{kind:?} {resolvers:?}");
    let heard = judged.fault.iter().chain(&warned).next().and_then(|fault| fault.evidence.heard.clone()).unwrap_or_default();
    assert!(heard.starts_with(evidence), "{kind:?} {resolvers:?}: {heard}");
}

#[test]
fn judge_of_one_resolver_fails_without_a_usable_address() {
    let half = &[Reason::DnsOneFamilyFails][..];
    for (answers, expected) in [
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
                "146.112.61.104; Microsoft's list of 2026-06-06, ID 1, 2: 13.107.6.152/31, 13.107.18.10/31",
                &[Reason::DnsOutsidePublishedRanges],
            ),
        ),
        (
            (SYSTEM, V4, At("2a00:1450::1")),
            (None, "2a00:1450::1; Microsoft's list of 2026-06-06, ID 1, 2: 2603:1006::/40", &[Reason::DnsOutsidePublishedRanges]),
        ),
    ] {
        assert_judged(HostKind::Microsoft, &[answers], expected);
    }
}

#[test]
fn judge_of_an_address_depends_on_its_source_and_the_kind_of_host() {
    for (kind, answers, expected) in [
        (HostKind::Own, (SYSTEM, At("10.0.0.1"), NONE), (None, "", &[][..])),
        (HostKind::Own, (SYSTEM, At("127.0.0.1"), NONE), (None, "", &[])),
        (HostKind::Own, (SYSTEM, At("203.0.113.9"), NONE), (None, "", &[])),
        (HostKind::Own, (SYSTEM, At("0.0.0.0"), NONE), (Some(Reason::DnsSinkhole), "0.0.0.0", &[])),
        (HostKind::Pinned, (SYSTEM, From(Pin, "10.0.0.1"), NONE), (None, "", &[])),
        (HostKind::Pinned, (SYSTEM, From(Pin, "203.0.113.9"), NONE), (None, "", &[])),
        (HostKind::Pinned, ("9.9.9.9", At("10.0.0.1"), NONE), (None, "", &[])),
        (HostKind::Pinned, ("9.9.9.9", At("0.0.0.0"), NONE), (Some(Reason::DnsSinkhole), "0.0.0.0", &[])),
        (HostKind::Proxied, (SYSTEM, NAME, NAME), (None, "", &[])),
        (HostKind::Proxied, (SYSTEM, At("10.0.0.1"), NONE), (None, "", &[])),
        (HostKind::Proxied, (SYSTEM, At("0.0.0.0"), NONE), (None, "", &[])),
        (HostKind::Proxied, (SYSTEM, MUTE, MUTE), (None, "", &[])),
        (HostKind::Proxied, (SYSTEM, V4, MUTE), (None, "", &[])),
        (HostKind::Own, (SYSTEM, V4, MUTE), (None, "A: 52.97.97.162, AAAA: dns_no_answer", &[Reason::DnsOneFamilyFails])),
        (HostKind::Proxied, (SYSTEM, No(Reason::LocalResources), NONE), (Some(Reason::LocalResources), "no", &[])),
        (HostKind::Proxy, (SYSTEM, At("10.0.0.1"), NONE), (None, "", &[])),
        (HostKind::Proxy, (SYSTEM, NAME, NAME), (Some(Reason::ProxyUnreachable), "no", &[])),
        (HostKind::Proxy, (SYSTEM, At("0.0.0.0"), NONE), (Some(Reason::ProxyUnreachable), "0.0.0.0", &[])),
        (HostKind::Proxy, (SYSTEM, MUTE, MUTE), (Some(Reason::DnsNoAnswer), "no", &[])),
        (
            HostKind::Microsoft,
            (SYSTEM, From(HostsFile, "10.0.0.1"), NONE),
            (None, "10.0.0.1 stands in the hosts file", &[Reason::DnsHostsFile, Reason::DnsOutsidePublishedRanges]),
        ),
        (
            HostKind::Microsoft,
            (SYSTEM, From(HostsFile, "52.97.97.162"), NONE),
            (None, "52.97.97.162 stands in the hosts file", &[Reason::DnsHostsFile]),
        ),
        (HostKind::Microsoft, (SYSTEM, From(HostsFile, "0.0.0.0"), NONE), (Some(Reason::DnsHostsFileBlocks), "0.0.0.0", &[])),
        (HostKind::Own, (SYSTEM, From(HostsFile, "0.0.0.0"), NONE), (Some(Reason::DnsHostsFileBlocks), "0.0.0.0", &[])),
        (HostKind::Own, (SYSTEM, From(HostsFile, "10.0.0.1"), NONE), (None, "", &[])),
    ] {
        assert_judged(kind, &[answers], expected);
    }
}

#[test]
fn judge_of_a_denial_fails_for_the_system_and_warns_for_other_resolvers() {
    let disagree = &[Reason::DnsResolversDisagree][..];
    for (answers, expected) in [
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
        assert_judged(HostKind::Microsoft, &answers, expected);
    }
    let pinned = [(SYSTEM, From(Pin, "10.0.0.1"), NONE), ("9.9.9.9", NAME, NAME)];
    assert_judged(HostKind::Pinned, &pinned, (None, "9.9.9.9 says NXDOMAIN, network.resolve says 10.0.0.1", disagree));
}
