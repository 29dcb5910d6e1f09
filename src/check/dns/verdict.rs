//! Judges all answers together: which resolver does not lead to which host, which resolvers disagree, and the most telling
//! reason.

use std::net::IpAddr;

use crate::check::combined;
use crate::net::dial::proxy_denial_fault;
use crate::net::resolve::is_denial;
use crate::outcome::{Fault, NameSource};
use crate::reason::Reason;

use super::answer::{DnsAnswer, record_type};
use super::blocking::{is_blocking, is_nowhere};
use super::host::{Host, HostKind};

/// The reasons of a failure, the most telling first: a filter's lie before a plain no, a no before silence.
const MOST_TELLING_FIRST: &[Reason] = &[
    Reason::LocalResources,
    Reason::DnsHostsFileBlocks,
    Reason::DnsSearchList,
    Reason::DnsConfigMalformed,
    Reason::DnsSinkhole,
    Reason::DnsNameUnknown,
    Reason::ProxyUnreachable,
    Reason::DnsRefused,
    Reason::DnsServerFailure,
    Reason::DnsMalformed,
    Reason::DnsTcpBlocked,
    Reason::DnsPortRefused,
    Reason::DnsServerUnreachable,
    Reason::DnsNoAnswer,
    Reason::DnsNoAddresses,
];

/// The verdict on all answers together.
#[derive(Debug, Default)]
pub struct Verdict {
    /// The most telling `dns_*` reason, if there is one; the others stand in its evidence.
    pub fault: Option<Fault>,
    /// Findings that do not fail the check.
    pub warnings: Vec<Fault>,
}

/// Marks blocked answers, forgives the family that a host does not have, and judges the rest.
///
/// A resolver of the user's choice that denies a name to which another leads is a warning; the system's own is
/// believed by every application here, so that its lie is a failure. A resolver that does not work at all is one too.
pub fn judge(answers: &mut [DnsAnswer], hosts: &[Host]) -> Verdict {
    for answer in answers.iter_mut() {
        let host = hosts.iter().find(|host| host.name == answer.facts.host);
        mark_blocked(answer, host.map_or(HostKind::Own, |host| host.kind));
    }
    // Both families of a host stand side by side, whoever was asked.
    let same =
        |one: &DnsAnswer, other: &DnsAnswer| one.facts.host == other.facts.host && one.facts.resolver == other.facts.resolver;
    let resolutions: Vec<Resolution> = answers.chunk_by_mut(same).filter_map(Resolution::new).collect();
    let mut findings = Findings::default();
    for host in hosts {
        let of_host = || resolutions.iter().filter(|resolution| resolution.host == host.name);
        let resolved = of_host().find(|resolution| resolution.fault.is_none());
        of_host().for_each(|resolution| findings.add(host, resolution, resolved));
    }
    findings.into_verdict()
}

/// The faults of all hosts and resolvers, by what they mean.
#[derive(Debug, Default)]
struct Findings {
    failed: Vec<Fault>,
    dead_servers: Vec<Fault>,
    failed_families: Vec<Fault>,
    disagreements: Vec<Fault>,
    hosts_file: Vec<Fault>,
}

impl Findings {
    /// Adds what one resolver answers for `host`; `resolved` is an answer that leads there, whoever gave it.
    fn add(&mut self, host: &Host, resolution: &Resolution, resolved: Option<&Resolution>) {
        let is_proxied = host.kind == HostKind::Proxied;
        if !is_proxied {
            self.failed_families.extend(resolution.failed_family.clone());
            self.dead_servers.extend(resolution.dead_server.clone());
        }
        let Some(fault) = &resolution.fault else {
            self.hosts_file.extend(resolution.hosts_file.clone().filter(|_| host.kind == HostKind::Microsoft));
            return;
        };
        // A proxy finds the addresses itself.
        if is_proxied && fault.reason != Reason::LocalResources {
            return;
        }
        let Some(resolved) = resolved.filter(|_| is_denial(fault.reason)) else {
            let fault = fault.clone();
            return self.failed.push(if host.is_proxy() { proxy_denial_fault(fault) } else { fault });
        };
        let both = both_sides(fault, resolution, resolved);
        if resolution.is_from_system {
            return self.failed.push(both);
        }
        self.disagreements.push(both.renamed(Reason::DnsResolversDisagree));
    }

    fn into_verdict(mut self) -> Verdict {
        self.failed.sort_by_key(rank);
        let warnings = [self.dead_servers, self.failed_families, self.disagreements, self.hosts_file];
        Verdict { fault: first_of(self.failed), warnings: warnings.into_iter().filter_map(first_of).collect() }
    }
}

/// The answer of one resolver for one host, in both families.
#[derive(Debug)]
struct Resolution {
    host: String,
    /// The name of the resolver in evidence.
    resolver: String,
    is_from_system: bool,
    /// The reason why it does not lead there, if it does not.
    fault: Option<Fault>,
    /// The addresses, the server's code or the reason.
    summary: String,
    /// An address that the hosts file gives.
    hosts_file: Option<Fault>,
    /// One family fails where the other leads there.
    failed_family: Option<Fault>,
    /// One of the resolver's servers is dead.
    dead_server: Option<Fault>,
}

impl Resolution {
    /// Takes the faults out of the answers, which are those of one host and resolver.
    fn new(families: &mut [DnsAnswer]) -> Option<Self> {
        forgive_missing_family(families);
        let (fault, failed_family) = take_fault(families);
        let dead_server = families.iter_mut().find_map(|answer| answer.warning.take());
        let reason = fault.as_ref().map(|fault| fault.reason);
        let deciding = || families.iter().filter(|answer| answer.facts.failed == reason);
        let with_addresses = || deciding().filter(|answer| !answer.facts.addresses.is_empty());
        let addresses: Vec<String> = with_addresses().map(DnsAnswer::summary).collect();
        let first = families.first()?;
        let from_hosts_file = with_addresses().find(|answer| answer.facts.source == Some(NameSource::HostsFile));
        Some(Self {
            host: first.facts.host.clone(),
            resolver: match first.facts.source {
                Some(NameSource::Pin) => "network.resolve".to_owned(),
                Some(NameSource::HostsFile) => "the hosts file".to_owned(),
                None => first.facts.resolver.clone(),
            },
            is_from_system: first.facts.is_from_system(),
            summary: if addresses.is_empty() { deciding().next().unwrap_or(first).summary() } else { addresses.join(" ") },
            hosts_file: from_hosts_file.map(|answer| {
                answer.attributed(Fault::heard(Reason::DnsHostsFile, format!("{} stands in the hosts file", answer.summary())))
            }),
            failed_family: failed_family.map(|fault| one_family_fails(&fault, families)),
            dead_server,
            fault,
        })
    }
}

/// Clears the fault of a family without addresses where the other has some.
fn forgive_missing_family(families: &mut [DnsAnswer]) {
    if families.iter().all(|answer| answer.fault.is_some()) {
        return;
    }
    for answer in families.iter_mut().filter(|answer| answer.facts.failed == Some(Reason::DnsNoAddresses)) {
        answer.set_fault(None);
    }
}

/// Takes the most telling fault out: first the host's, where nothing leads there or a filter blocks it, else the family's.
fn take_fault(families: &mut [DnsAnswer]) -> (Option<Fault>, Option<Fault>) {
    let blocks = |reason| matches!(reason, Some(Reason::DnsSinkhole | Reason::DnsHostsFileBlocks));
    let is_blocked = families.iter().any(|answer| blocks(answer.facts.failed));
    let is_resolved = families.iter().any(|answer| answer.fault.is_none());
    let fault = families.iter_mut().filter_map(|answer| answer.fault.take()).min_by_key(rank);
    if is_blocked || !is_resolved { (fault, None) } else { (None, fault) }
}

/// The fault of the one family, with the answers of both: `A: 52.97.97.162, AAAA: SERVFAIL`.
fn one_family_fails(fault: &Fault, families: &[DnsAnswer]) -> Fault {
    let summaries: Vec<String> =
        families.iter().map(|answer| format!("{}: {}", record_type(answer.facts.family), answer.summary())).collect();
    let mut failed = fault.clone().renamed(Reason::DnsOneFamilyFails).code(fault.reason.code());
    failed.evidence.heard = Some(summaries.join(", "));
    failed
}

/// The fault, with what it contradicts beside it: `9.9.9.9 says NXDOMAIN, system says 52.97.97.162`.
fn both_sides(fault: &Fault, denying: &Resolution, resolved: &Resolution) -> Fault {
    let heard = format!("{} says {}, {} says {}", denying.resolver, denying.summary, resolved.resolver, resolved.summary);
    let mut both = fault.clone();
    both.evidence.heard = Some(heard);
    both
}

/// The first fault; what else failed is added to what was heard.
fn first_of(faults: Vec<Fault>) -> Option<Fault> {
    let mut faults = faults.into_iter();
    let first = faults.next()?;
    let others: Vec<String> = faults.map(|fault| describe_other(&first, &fault)).collect();
    Some(combined::fault(first, others.into_iter()))
}

/// Describes a further fault, without what it shares with the first:
/// `A outlook.office365.com at 9.9.9.9:53 dns_no_answer`.
fn describe_other(first: &Fault, fault: &Fault) -> String {
    let mut shown = fault.evidence.said.clone().unwrap_or_default();
    if fault.evidence.peer != first.evidence.peer || fault.reason != first.reason {
        let peer = fault.evidence.peer.as_ref().map(ToString::to_string);
        shown = format!("{shown} at {}", peer.unwrap_or_default());
    }
    if fault.reason == first.reason { shown } else { format!("{shown} {}", fault.reason) }
}

fn rank(fault: &Fault) -> usize {
    MOST_TELLING_FIRST.iter().position(|reason| *reason == fault.reason).unwrap_or(MOST_TELLING_FIRST.len())
}

/// An answer of nothing but blocking addresses is a filter's; in the hosts file they are this machine's own doing, and
/// the block is certain only where they lead nowhere at all.
fn mark_blocked(answer: &mut DnsAnswer, kind: HostKind) {
    let (blocks, reason): (fn(IpAddr) -> bool, Reason) = match (answer.facts.source, kind) {
        (Some(NameSource::HostsFile), _) => (is_nowhere, Reason::DnsHostsFileBlocks),
        (None, HostKind::Microsoft) => (is_blocking, Reason::DnsSinkhole),
        (None, HostKind::Own | HostKind::Pinned | HostKind::Proxy) => (is_nowhere, Reason::DnsSinkhole),
        (None, HostKind::Proxied) | (Some(NameSource::Pin), _) => return,
    };
    let Some(first) = answer.facts.addresses.first() else { return };
    if answer.facts.addresses.iter().all(|address| blocks(*address)) {
        answer.set_fault(Some(Fault::heard(reason, first.to_string())));
    }
}
