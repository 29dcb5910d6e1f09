//! The hosts and ports that a reason is about, for its remedy to name.

use crate::kind::Check;
use crate::outcome::{DnsFacts, NameSource, Outcome, Peer};
use crate::reason::Reason;

/// Host and port; of a name that was not resolved, the name alone.
pub type Endpoint<'a> = (&'a str, Option<u16>);

/// The peer of a failed run, and all endpoints and names that it could not reach or resolve for `reason`.
pub fn endpoints(outcome: &Outcome, reason: Reason) -> Vec<Endpoint<'_>> {
    let missed = outcome.facts.endpoints.iter().filter(|at| at.failed.is_some_and(|(_, why)| why == reason));
    let missed = missed.map(|at| (&*at.host, Some(at.port)));
    let names = names(outcome, reason).map(|host| (host, None));
    // The peer of `dns` is the resolver, and of `reach` the first of many.
    let one = !matches!(outcome.probe.check, Check::Dns | Check::Reach);
    let failure = outcome.failure().filter(|failure| one || failure.reason == reason && outcome.probe.check == Check::Reach);
    let peer = failure.and_then(|failure| endpoint(failure.evidence.peer.as_ref()?));
    let warning = outcome.facts.warnings.iter().find(|warning| warning.reason == reason);
    let warned = warning.and_then(|warning| endpoint(warning.evidence.peer.as_ref()?));
    // What is warned of may be noticed by a run that fails for something else.
    let peer = warned.or(peer.filter(|_| warning.is_none()));
    peer.into_iter().chain(missed).chain(names).collect()
}

/// Reports whether `reason` is about the names that were asked for, rather than about who answers.
pub const fn is_about_names(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::DnsNameUnknown
            | Reason::DnsNoAddresses
            | Reason::DnsSinkhole
            | Reason::DnsHostsFile
            | Reason::DnsHostsFileBlocks
            | Reason::DnsResolversDisagree
            | Reason::DnsOutsidePublishedRanges
    )
}

/// The names whose DNS answers failed for `reason`, or show what the warning `reason` is about.
fn names(outcome: &Outcome, reason: Reason) -> impl Iterator<Item = &str> {
    let answers = &outcome.facts.dns;
    let is_resolved = |host: &str| answers.iter().any(|answer| answer.host == host && answer.failed.is_none());
    let concerned = move |answer: &&DnsFacts| match reason {
        Reason::DnsHostsFile => answer.source == Some(NameSource::HostsFile),
        Reason::DnsOutsidePublishedRanges => !answer.outside.is_empty(),
        Reason::DnsResolversDisagree => answer.failed.is_some() && is_resolved(&answer.host),
        _ => answer.failed == Some(reason),
    };
    answers.iter().filter(concerned).map(|answer| &*answer.host)
}

/// The host and port of the peer; a resolver without a port is no endpoint.
fn endpoint(peer: &Peer) -> Option<Endpoint<'_>> {
    Some((&peer.host, Some(peer.port?)))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::outcome::{Facts, Family, ProbeId, Verdict};

    #[test]
    fn names_of_a_dns_warning_are_the_hosts_concerned() {
        let answer = |host: &str, failed, source, outside: &[&str]| DnsFacts {
            source,
            outside: outside.iter().filter_map(|address| address.parse().ok()).collect(),
            failed,
            ..DnsFacts::new(host, "system", Family::V4)
        };
        let denied = Some(Reason::DnsNameUnknown);
        let dns = vec![
            answer("a", denied, None, &[]),
            answer("a", None, Some(NameSource::HostsFile), &[]),
            answer("b", denied, None, &[]),
            answer("c", None, None, &["192.0.2.1"]),
        ];
        let outcome = Outcome {
            facts: Facts { dns, ..Facts::default() },
            ..Outcome::new(ProbeId { tenant: "t".into(), mailbox: None, check: Check::Dns }, SystemTime::UNIX_EPOCH, Verdict::Ok)
        };
        for (reason, expected) in [
            (Reason::DnsHostsFile, &["a"][..]),
            (Reason::DnsOutsidePublishedRanges, &["c"]),
            (Reason::DnsResolversDisagree, &["a"]),
            (Reason::DnsNameUnknown, &["a", "b"]),
        ] {
            assert_eq!(names(&outcome, reason).collect::<Vec<_>>(), expected, "{reason}");
        }
    }
}
