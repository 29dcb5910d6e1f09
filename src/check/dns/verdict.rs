//! What the answers mean together: which host which resolver does not lead to, and the reason that tells most.

use std::net::IpAddr;

use crate::check::several;
use crate::outcome::Fault;
use crate::reason::Reason;

use super::answer::Answer;

/// What tells most comes first: a filter's lie before a plain no, a no before silence.
const TELLING: &[Reason] = &[
    Reason::LocalResources,
    Reason::DnsSinkhole,
    Reason::DnsNameUnknown,
    Reason::DnsRefused,
    Reason::DnsServerFailure,
    Reason::DnsMalformed,
    Reason::DnsNoAnswer,
    Reason::DnsNoAddresses,
];

/// Marks blocked answers, forgives the family a host does not have, and says what is left. `public` hosts have public
/// addresses only, except where they are `pinned` to another.
///
/// # Errors
/// The most telling `dns_*` reason, if any resolver leads to no address of any host; the others stand in the evidence.
pub fn judge(answers: &mut [Answer], pinned: impl Fn(&str) -> Option<IpAddr>, public: bool) -> Result<(), Fault> {
    for answer in answers.iter_mut() {
        let pin = pinned(&answer.facts.host);
        mark_sinkhole(answer, |address| is_sinkhole(address, pin, public));
    }
    // Both families of a host stand side by side, whoever was asked.
    let mut failed: Vec<Fault> = Vec::new();
    for pair in
        answers.chunk_by_mut(|one, other| one.facts.host == other.facts.host && one.facts.resolver == other.facts.resolver)
    {
        failed.extend(failure(pair));
    }
    worst(failed).map_or(Ok(()), Err)
}

/// Why one resolver does not lead to one host, if it does not.
fn failure(families: &mut [Answer]) -> Option<Fault> {
    let blocked = families.iter().any(|answer| answer.facts.failed == Some(Reason::DnsSinkhole));
    let reachable = families.iter().any(|answer| answer.fault.is_none());
    if reachable {
        for answer in families.iter_mut().filter(|answer| answer.facts.failed == Some(Reason::DnsNoAddresses)) {
            answer.facts.failed = None;
        }
    }
    let faults = families.iter_mut().filter_map(|answer| answer.fault.take());
    if blocked || !reachable { faults.min_by_key(rank) } else { None }
}

/// The most telling fault, the first of equals; what else failed is added to what was heard.
fn worst(mut failed: Vec<Fault>) -> Option<Fault> {
    failed.sort_by_key(rank);
    let mut faults = failed.into_iter();
    let worst = faults.next()?;
    Some(several::with(worst, faults.map(|fault| shown(&fault))))
}

/// `A outlook.office365.com at 9.9.9.9:53 dns_no_answer`.
fn shown(fault: &Fault) -> String {
    let part = |text: &Option<String>| text.clone().unwrap_or_default();
    format!("{} at {} {}", part(&fault.evidence.said), part(&fault.evidence.peer), fault.reason)
}

fn rank(fault: &Fault) -> usize {
    TELLING.iter().position(|reason| *reason == fault.reason).unwrap_or(TELLING.len())
}

fn mark_sinkhole(answer: &mut Answer, is_sinkhole: impl Fn(IpAddr) -> bool) {
    let Some(first) = answer.facts.addresses.first().copied() else { return };
    if answer.facts.addresses.iter().all(|address| is_sinkhole(*address)) {
        answer.fail_if(Some(Fault::heard(Reason::DnsSinkhole, first.to_string())));
    }
}

/// Whether `address` leads nowhere near Microsoft: unspecified, loopback, private, shared (RFC 6598) or link-local.
fn is_sinkhole(address: IpAddr, pin: Option<IpAddr>, public: bool) -> bool {
    let here = match address.to_canonical() {
        IpAddr::V4(v4) => {
            let shared = matches!(v4.octets(), [100, 64..=127, ..]);
            v4.is_loopback() || v4.is_private() || v4.is_link_local() || shared
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    };
    address.to_canonical().is_unspecified() || (here && public && pin != Some(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocking_addresses_are_known_where_hosts_are_public() {
        for (address, pin, public, expected) in [
            ("0.0.0.0", None, false, true),
            ("::", None, false, true),
            ("::ffff:0.0.0.0", None, false, true),
            ("127.0.0.1", None, true, true),
            ("::1", None, true, true),
            ("10.1.2.3", None, true, true),
            ("172.31.255.1", None, true, true),
            ("192.168.1.1", None, true, true),
            ("169.254.0.1", None, true, true),
            ("100.64.0.1", None, true, true),
            ("100.127.255.255", None, true, true),
            ("fd00::1", None, true, true),
            ("fe80::1", None, true, true),
            ("::ffff:10.0.0.1", None, true, true),
            ("52.97.97.162", None, true, false),
            ("100.128.0.1", None, true, false),
            ("172.32.0.1", None, true, false),
            ("2603:1026::1", None, true, false),
            ("10.1.2.3", None, false, false),
            ("127.0.0.1", None, false, false),
            ("10.1.2.3", Some("10.1.2.3"), true, false),
            ("10.1.2.4", Some("10.1.2.3"), true, true),
        ] {
            let parsed = |text: &str| text.parse::<IpAddr>().expect("an address");
            assert_eq!(is_sinkhole(parsed(address), pin.map(parsed), public), expected, "{address} {pin:?} {public}");
        }
    }
}
