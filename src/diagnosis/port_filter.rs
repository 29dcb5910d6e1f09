//! Detects a firewall or a proxy that lets port 443 through and nothing else, from many closed ports beside the open one.

use std::collections::{BTreeMap, BTreeSet};

use crate::cloud::host_port;
use crate::outcome::{EndpointFacts, Evidence, Outcome, Peer, Phase};
use crate::reason::Reason;

/// The port of HTTPS, which such a filter leaves open.
const HTTPS_PORT: u16 = 443;

/// A firewall or a proxy that lets only port 443 through, and the endpoints that are unreachable because of it.
#[derive(Debug)]
pub struct PortFilter {
    /// `firewall_required_set_only` or `proxy_allows_only_443`.
    pub reason: Reason,
    /// `host:port` of the endpoints that it blocks.
    blocked: BTreeSet<String>,
    /// The endpoints that were reached and those that were not.
    pub evidence: Evidence,
}

impl PortFilter {
    /// Finds the filter that `outcomes` show: port 443 was reached, and none of the other endpoints, of which there are at
    /// least two.
    pub fn detect(outcomes: &[&Outcome]) -> Option<Self> {
        let tried: Vec<&EndpointFacts> = outcomes.iter().flat_map(|outcome| &outcome.facts.endpoints).collect();
        let firewall = || find_filter(&tried, Reason::FirewallRequiredSetOnly, |at| at.address.is_some(), connect_failure);
        firewall().or_else(|| find_filter(&tried, Reason::ProxyAllowsOnly443, |at| at.address.is_none(), proxy_refusal))
    }

    /// Tells whether the filter blocks `peer`, a `host:port`.
    pub fn blocks(&self, peer: &str) -> bool {
        self.blocked.contains(peer)
    }
}

/// Finds the filter among the attempts that `belongs` accepts; `blocked` tells how an attempt was blocked, if it was.
fn find_filter(
    tried: &[&EndpointFacts],
    reason: Reason,
    belongs: impl Fn(&EndpointFacts) -> bool,
    blocked: impl Fn(&EndpointFacts) -> Option<Reason>,
) -> Option<PortFilter> {
    let mut endpoints: BTreeMap<(u16, &str), Vec<&EndpointFacts>> = BTreeMap::new();
    for at in tried.iter().copied().filter(|at| belongs(at)) {
        endpoints.entry((at.port, at.host.as_str())).or_default().push(at);
    }
    let is_blocked = |addresses: &[&EndpointFacts]| how_blocked(addresses, &blocked).is_some();
    let (https, others): (Vec<_>, Vec<_>) = endpoints.into_iter().partition(|((port, _), _)| *port == HTTPS_PORT);
    let (_, first) = others.first()?;
    if others.len() < 2 || !others.iter().all(|(_, addresses)| is_blocked(addresses)) {
        return None;
    }
    let ((_, host), _) = https.iter().find(|(_, addresses)| !is_blocked(addresses))?;
    let named = others.iter().map(|((port, host), _)| host_port(host, *port)).collect::<Vec<_>>().join(", ");
    let how = how_blocked(first, &blocked)?;
    Some(PortFilter {
        reason,
        blocked: others.iter().map(|((port, host), _)| host_port(host, *port)).collect(),
        evidence: Evidence {
            peer: others.first().map(|((port, host), _)| Peer::new(host, *port)),
            // Written by us, and the same in every language.
            heard: Some(format!("{} ok; {named} {how}", host_port(host, HTTPS_PORT))),
            ..Evidence::default()
        },
    })
}

/// Returns the reason for which all `addresses` of an endpoint are blocked, if they are. An address without a route, of a family
/// that this machine lacks, says nothing; where no address has a route, no filter is to blame.
fn how_blocked(addresses: &[&EndpointFacts], blocked: &impl Fn(&EndpointFacts) -> Option<Reason>) -> Option<Reason> {
    let reasons: Option<Vec<Reason>> = addresses.iter().map(|at| blocked(at)).collect();
    reasons?.into_iter().find(|reason| *reason != Reason::ConnectUnreachable)
}

/// Returns the reason why no TCP connection was made.
fn connect_failure(at: &EndpointFacts) -> Option<Reason> {
    let (_, reason) = at.failed.filter(|(phase, _)| *phase == Phase::Connect)?;
    let is_connect_failure = matches!(
        reason,
        Reason::ConnectTimedOut
            | Reason::ConnectRefused
            | Reason::ConnectReset
            | Reason::ConnectProhibited
            | Reason::ConnectUnreachable
    );
    is_connect_failure.then_some(reason)
}

/// Returns the reason why the proxy made no connection.
fn proxy_refusal(at: &EndpointFacts) -> Option<Reason> {
    at.failed.filter(|failed| *failed == (Phase::Proxy, Reason::ProxyRefused)).map(|(_, reason)| reason)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::kind::Check;
    use crate::outcome::{Facts, ProbeId, Verdict};

    const DROPPED: Option<(Phase, Reason)> = Some((Phase::Connect, Reason::ConnectTimedOut));
    const NO_ROUTE: Option<(Phase, Reason)> = Some((Phase::Connect, Reason::ConnectUnreachable));
    const REFUSED: Option<(Phase, Reason)> = Some((Phase::Proxy, Reason::ProxyRefused));
    const SILENT: Option<(Phase, Reason)> = Some((Phase::Greeting, Reason::NoGreeting));

    /// Port, address and failure of each address tried.
    type Tried<'a> = &'a [(u16, Option<&'a str>, Option<(Phase, Reason)>)];

    fn detect(tried: Tried<'_>) -> Option<PortFilter> {
        let one = |(port, address, failed): &(u16, Option<&str>, Option<(Phase, Reason)>)| EndpointFacts {
            failed: *failed,
            ..EndpointFacts::new("outlook", *port, address.and_then(|address| address.parse().ok()))
        };
        let outcome = Outcome {
            facts: Facts { endpoints: tried.iter().map(one).collect(), ..Facts::default() },
            ..Outcome::new(
                ProbeId { tenant: "t".into(), mailbox: None, check: Check::Reach },
                SystemTime::UNIX_EPOCH,
                Verdict::Ok,
            )
        };
        PortFilter::detect(&[&outcome])
    }

    #[test]
    fn detect_needs_443_open_and_two_other_ports_blocked() {
        let (v4, v6) = (Some("192.0.2.1"), Some("2001:db8::1"));
        let cases: &[(Tried<'_>, Option<Reason>)] = &[
            (&[(443, v4, None), (995, v4, DROPPED), (993, v4, DROPPED)], Some(Reason::FirewallRequiredSetOnly)),
            (
                &[(443, v4, None), (443, v6, NO_ROUTE), (995, v6, NO_ROUTE), (995, v4, DROPPED), (587, v4, DROPPED)],
                Some(Reason::FirewallRequiredSetOnly),
            ),
            (&[(443, v4, SILENT), (995, v4, DROPPED), (993, v4, DROPPED)], Some(Reason::FirewallRequiredSetOnly)),
            (&[(443, v4, None), (995, v4, NO_ROUTE), (993, v4, NO_ROUTE)], None),
            (&[(443, v4, None), (995, v4, DROPPED), (993, v4, None)], None),
            (&[(443, v4, None), (995, v4, DROPPED), (993, v4, DROPPED), (993, v6, None)], None),
            (&[(443, v4, None), (995, v4, DROPPED)], None),
            (&[(443, v4, DROPPED), (995, v4, DROPPED), (993, v4, DROPPED)], None),
            (&[(443, None, None), (995, None, REFUSED), (587, None, REFUSED)], Some(Reason::ProxyAllowsOnly443)),
            (&[(443, None, REFUSED), (995, None, REFUSED), (587, None, REFUSED)], None),
            (&[], None),
        ];
        for (tried, expected) in cases {
            assert_eq!(detect(tried).map(|filter| filter.reason), *expected, "{tried:?}");
        }
    }

    #[test]
    fn detect_names_the_blocked_ports_in_its_evidence() {
        let v4 = Some("192.0.2.1");
        let filter = detect(&[(443, v4, None), (995, v4, DROPPED), (587, v4, DROPPED)]).expect("a filter");
        let heard = "outlook:443 ok; outlook:587, outlook:995 connect_timed_out";
        assert_eq!(filter.evidence.heard.as_deref(), Some(heard));
        assert!(filter.blocks("outlook:995") && !filter.blocks("outlook:443"));
    }
}
