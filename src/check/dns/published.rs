//! Compares DNS answers with the ranges that Microsoft publishes: an address outside them is a warning, never a failure.

use std::net::IpAddr;

use crate::check::combined;
use crate::cloud::ranges::{PublishedRanges, Ranges};
use crate::outcome::Fault;
use crate::reason::Reason;

use super::answer::DnsAnswer;
use super::host::{Host, HostKind};

/// Marks the addresses of Microsoft's hosts that lie outside `ranges`, and returns one warning about them. Answers that
/// failed, a sinkhole's say, are left out: they have a reason of their own.
pub fn compare(answers: &mut [DnsAnswer], hosts: &[Host], ranges: &Ranges) -> Option<Fault> {
    let mut warnings: Vec<Fault> = Vec::new();
    for answer in answers.iter_mut().filter(|answer| answer.facts.failed.is_none()) {
        let is_microsoft = hosts.iter().any(|host| host.name == answer.facts.host && host.kind == HostKind::Microsoft);
        let Some(published) = ranges.for_host(&answer.facts.host).filter(|_| is_microsoft) else { continue };
        let outside = answer.facts.addresses.iter().copied().filter(|address| !published.contains(*address));
        answer.facts.outside = outside.collect();
        if let Some(heard) = describe(&answer.facts.outside, &published, ranges) {
            warnings.push(answer.attributed(Fault::heard(Reason::DnsOutsidePublishedRanges, heard)));
        }
    }
    let mut warnings = warnings.into_iter();
    let first = warnings.next()?;
    Some(combined::fault(first, warnings.map(|more| more.evidence.said.unwrap_or_default())))
}

/// Describes the addresses and the list: `203.0.113.9; Microsoft's list of 2026-06-06, ID 1, 2: 13.107.6.152/31, …`.
fn describe(outside: &[IpAddr], published: &PublishedRanges<'_>, ranges: &Ranges) -> Option<String> {
    let first = outside.first()?;
    let addresses: Vec<String> = outside.iter().take(8).map(ToString::to_string).collect();
    Some(format!("{}; {}, {}", addresses.join(" "), ranges.source(), published.describe(*first)))
}
