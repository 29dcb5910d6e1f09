//! What the answers mean together: which resolver does not lead to which host, who disagrees with whom, and the reason
//! that tells most.

use crate::check::combined;
use crate::net::dial::nameless;
use crate::net::resolve::is_denial;
use crate::outcome::{Fault, NameSource};
use crate::reason::Reason;

use super::answer::{DnsAnswer, record};
use super::blocking::{is_blocking, is_nowhere};
use super::host::{Host, Way};

/// What tells most comes first: a filter's lie before a plain no, a no before silence.
const TELLING: &[Reason] = &[
    Reason::LocalResources,
    Reason::DnsHostsFileBlocks,
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

/// What the answers amount to.
#[derive(Debug, Default)]
pub struct Judged {
    /// The most telling `dns_*` reason, if there is one; the others stand in its evidence.
    pub fault: Option<Fault>,
    /// What is worth a look.
    pub warnings: Vec<Fault>,
}

/// Marks blocked answers, forgives the family a host does not have, and says what is left.
///
/// A resolver of the user's choice that denies a name to which another leads is worth a look; the system's own is
/// believed by every application here, so that its lie is a failure. A resolver that does not work at all is one too.
pub fn judge(answers: &mut [DnsAnswer], hosts: &[Host]) -> Judged {
    for answer in answers.iter_mut() {
        let host = hosts.iter().find(|host| host.name == answer.facts.host);
        mark(answer, host.map_or(Way::Own, |host| host.way));
    }
    // Both families of a host stand side by side, whoever was asked.
    let same =
        |one: &DnsAnswer, other: &DnsAnswer| one.facts.host == other.facts.host && one.facts.resolver == other.facts.resolver;
    let views: Vec<View> = answers.chunk_by_mut(same).filter_map(View::of).collect();
    let (mut failed, mut disagreeing, mut fixed) = (Vec::new(), Vec::new(), Vec::new());
    let (mut halved, mut slowed) = (Vec::new(), Vec::new());
    for host in hosts {
        let views: Vec<&View> = views.iter().filter(|view| view.host == host.name).collect();
        let leading = views.iter().find(|view| view.fault.is_none());
        for view in &views {
            if host.way != Way::Proxied {
                halved.extend(view.halved.clone());
                slowed.extend(view.slowed.clone());
            }
            match (&view.fault, leading) {
                (Some(fault), _) if is_of_no_account(host.way, fault.reason) => {}
                (Some(fault), Some(leading)) if is_denial(fault.reason) => {
                    let both = both_sides(fault, view, leading);
                    if view.is_systems { failed.push(both) } else { disagreeing.push(both.renamed(Reason::DnsResolversDisagree)) }
                }
                (Some(fault), _) if host.is_proxy() => failed.push(nameless(fault.clone())),
                (Some(fault), _) => failed.push(fault.clone()),
                (None, _) => fixed.extend(view.fixed.clone().filter(|_| host.way == Way::Microsoft)),
            }
        }
    }
    failed.sort_by_key(rank);
    let warnings = [slowed, halved, disagreeing, fixed].into_iter().filter_map(together).collect();
    Judged { fault: together(failed), warnings }
}

/// What one resolver says of one host, in both families.
#[derive(Debug)]
struct View {
    host: String,
    /// Who says it.
    speaker: String,
    is_systems: bool,
    /// Why it does not lead there, if it does not.
    fault: Option<Fault>,
    /// What it says, in a few words.
    told: String,
    /// The hosts file's part in it.
    fixed: Option<Fault>,
    /// That one family fails where the other leads there.
    halved: Option<Fault>,
    /// That one of its servers is dead.
    slowed: Option<Fault>,
}

impl View {
    /// Takes the faults out of the answers; that one family has no address where the other has is none.
    fn of(families: &mut [DnsAnswer]) -> Option<Self> {
        let blocked = |reason| matches!(reason, Some(Reason::DnsSinkhole | Reason::DnsHostsFileBlocks));
        let blocked = families.iter().any(|answer| blocked(answer.facts.failed));
        let leads = families.iter().any(|answer| answer.fault.is_none());
        if leads {
            for answer in families.iter_mut().filter(|answer| answer.facts.failed == Some(Reason::DnsNoAddresses)) {
                answer.facts.failed = None;
                answer.fault = None;
            }
        }
        let told = families.iter_mut().filter_map(|answer| answer.fault.take()).min_by_key(rank);
        let (fault, half) = if blocked || !leads { (told, None) } else { (None, told) };
        let reason = fault.as_ref().map(|fault| fault.reason);
        let speaking: Vec<&DnsAnswer> = families.iter().filter(|answer| answer.facts.failed == reason).collect();
        let with_addresses = || speaking.iter().filter(|answer| !answer.facts.addresses.is_empty());
        let told: Vec<String> = with_addresses().map(|answer| answer.summary()).collect();
        let first = families.first()?;
        let fixed = with_addresses().find(|answer| answer.facts.source == Some(NameSource::HostsFile));
        Some(Self {
            host: first.facts.host.clone(),
            speaker: match first.facts.source {
                Some(NameSource::Pin) => "network.resolve".to_owned(),
                Some(NameSource::HostsFile) => "the hosts file".to_owned(),
                None => first.facts.resolver.clone(),
            },
            is_systems: first.is_systems(),
            told: if told.is_empty() { speaking.first().unwrap_or(&first).summary() } else { told.join(" ") },
            fixed: fixed.map(|answer| {
                answer.attributed(Fault::heard(Reason::DnsHostsFile, format!("{} stands in the hosts file", answer.summary())))
            }),
            halved: half.map(|fault| halved(&fault, families)),
            slowed: families.iter_mut().find_map(|answer| answer.warning.take()),
            fault,
        })
    }
}

/// The fault of the one family, with what both are told: `A: 52.97.97.162, AAAA: SERVFAIL`.
fn halved(fault: &Fault, families: &[DnsAnswer]) -> Fault {
    let told: Vec<String> =
        families.iter().map(|answer| format!("{}: {}", record(answer.facts.family), answer.summary())).collect();
    let half = Fault { reason: Reason::DnsOneFamilyFails, evidence: fault.evidence.clone() };
    let mut half = half.code(fault.reason.code());
    half.evidence.heard = Some(told.join(", "));
    half
}

/// The fault, with what it contradicts beside it: `9.9.9.9 says NXDOMAIN, system says 52.97.97.162`.
fn both_sides(fault: &Fault, denying: &View, leading: &View) -> Fault {
    let heard = format!("{} says {}, {} says {}", denying.speaker, denying.told, leading.speaker, leading.told);
    let mut both = fault.clone();
    both.evidence.heard = Some(heard);
    both
}

/// Whether nothing goes the way that the fault is on: a proxy finds the addresses itself.
fn is_of_no_account(way: Way, reason: Reason) -> bool {
    way == Way::Proxied && reason != Reason::LocalResources
}

/// The first fault; what else failed is added to what was heard.
fn together(faults: Vec<Fault>) -> Option<Fault> {
    let mut faults = faults.into_iter();
    let first = faults.next()?;
    let others: Vec<String> = faults.map(|fault| beside(&first, &fault)).collect();
    Some(combined::fault(first, others.into_iter()))
}

/// `A outlook.office365.com at 9.9.9.9:53 dns_no_answer`, without what it has in common with the first.
fn beside(first: &Fault, fault: &Fault) -> String {
    let mut shown = fault.evidence.said.clone().unwrap_or_default();
    if fault.evidence.peer != first.evidence.peer || fault.reason != first.reason {
        let peer = fault.evidence.peer.as_ref().map(ToString::to_string);
        shown = format!("{shown} at {}", peer.unwrap_or_default());
    }
    if fault.reason == first.reason { shown } else { format!("{shown} {}", fault.reason) }
}

fn rank(fault: &Fault) -> usize {
    TELLING.iter().position(|reason| *reason == fault.reason).unwrap_or(TELLING.len())
}

/// An answer of nothing but blocking addresses is a filter's; in the hosts file they are this machine's own doing, and
/// the block is certain only where they lead nowhere at all.
fn mark(answer: &mut DnsAnswer, way: Way) {
    let Some(first) = answer.facts.addresses.first().copied() else { return };
    let all = |blocks: fn(std::net::IpAddr) -> bool| answer.facts.addresses.iter().all(|address| blocks(*address));
    let reason = match (answer.facts.source, way) {
        (Some(NameSource::HostsFile), _) if all(is_nowhere) => Reason::DnsHostsFileBlocks,
        (None, Way::Microsoft) if all(is_blocking) => Reason::DnsSinkhole,
        (None, Way::Own | Way::Pinned | Way::Proxy) if all(is_nowhere) => Reason::DnsSinkhole,
        _ => return,
    };
    answer.fail_if(Some(Fault::heard(reason, first.to_string())));
}
