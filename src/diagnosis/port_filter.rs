//! A firewall or a proxy that lets the web through and nothing else: what many closed ports and the open one say together.

use std::collections::{BTreeMap, BTreeSet};

use crate::cloud::host_port;
use crate::outcome::{EndpointFacts, Evidence, Outcome, Phase};
use crate::reason::Reason;

/// The port that is open everywhere.
const WEB: u16 = 443;

/// Who lets only port 443 through, and to whom nobody comes for that.
#[derive(Debug)]
pub struct PortFilter {
    /// The firewall or the proxy.
    pub reason: Reason,
    /// `host:port` of the endpoints that it closes.
    closed: BTreeSet<String>,
    /// What was seen.
    pub evidence: Evidence,
}

impl PortFilter {
    /// The gate that `outcomes` show: 443 was reached, and of the other endpoints, two at least, not one.
    pub fn of(outcomes: &[&Outcome]) -> Option<Self> {
        let tried: Vec<&EndpointFacts> = outcomes.iter().flat_map(|outcome| &outcome.facts.endpoints).collect();
        let direct = || of(&tried, Reason::FirewallRequiredSetOnly, |at| at.address.is_some(), is_closed);
        direct().or_else(|| of(&tried, Reason::ProxyAllowsOnly443, |at| at.address.is_none(), is_refused))
    }

    /// Whether it is the gate that keeps from `peer`.
    pub fn closes(&self, peer: &str) -> bool {
        self.closed.contains(peer)
    }
}

fn of(
    tried: &[&EndpointFacts],
    reason: Reason,
    belongs: impl Fn(&EndpointFacts) -> bool,
    closed: impl Fn(&EndpointFacts) -> Option<Reason>,
) -> Option<PortFilter> {
    let mut endpoints: BTreeMap<(u16, &str), Vec<&EndpointFacts>> = BTreeMap::new();
    for at in tried.iter().copied().filter(|at| belongs(at)) {
        endpoints.entry((at.port, at.host.as_str())).or_default().push(at);
    }
    let is_shut = |addresses: &[&EndpointFacts]| how(addresses, &closed).is_some();
    let (web, others): (Vec<_>, Vec<_>) = endpoints.into_iter().partition(|((port, _), _)| *port == WEB);
    let (_, first) = others.first()?;
    if others.len() < 2 || !others.iter().all(|(_, addresses)| is_shut(addresses)) {
        return None;
    }
    let ((_, host), _) = web.iter().find(|(_, addresses)| !is_shut(addresses))?;
    let named = others.iter().map(|((port, host), _)| host_port(host, *port)).collect::<Vec<_>>().join(", ");
    let how = how(first, &closed)?;
    Some(PortFilter {
        reason,
        closed: others.iter().map(|((port, host), _)| host_port(host, *port)).collect(),
        evidence: Evidence {
            peer: others.first().map(|((port, host), _)| host_port(host, *port)),
            // Our own words, and read in every language.
            heard: Some(format!("{} ok; {named} {how}", host_port(host, WEB))),
            ..Evidence::default()
        },
    })
}

/// How all `addresses` are closed, if they are. That there is no route to some, of a family this machine has not, says
/// nothing; to all, that no rule is behind it.
fn how(addresses: &[&EndpointFacts], closed: &impl Fn(&EndpointFacts) -> Option<Reason>) -> Option<Reason> {
    let reasons: Option<Vec<Reason>> = addresses.iter().map(|at| closed(at)).collect();
    reasons?.into_iter().find(|reason| *reason != Reason::ConnectUnreachable)
}

/// How no connection comes about.
fn is_closed(at: &EndpointFacts) -> Option<Reason> {
    let (_, reason) = at.failed.filter(|(phase, _)| *phase == Phase::Connect)?;
    let known = matches!(
        reason,
        Reason::ConnectTimedOut
            | Reason::ConnectRefused
            | Reason::ConnectReset
            | Reason::ConnectProhibited
            | Reason::ConnectUnreachable
    );
    known.then_some(reason)
}

/// How the proxy does not connect further.
fn is_refused(at: &EndpointFacts) -> Option<Reason> {
    at.failed.filter(|failed| *failed == (Phase::Proxy, Reason::ProxyRefused)).map(|(_, reason)| reason)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::kind::Check;
    use crate::outcome::{Facts, ProbeId, Verdict};

    const DROPPED: Option<(Phase, Reason)> = Some((Phase::Connect, Reason::ConnectTimedOut));
    const NO_ROUTE: Option<(Phase, Reason)> = Some((Phase::Connect, Reason::ConnectUnreachable));
    const REFUSED: Option<(Phase, Reason)> = Some((Phase::Proxy, Reason::ProxyRefused));
    const SILENT: Option<(Phase, Reason)> = Some((Phase::Greeting, Reason::NoGreeting));

    /// Port, address and failure of each address tried.
    type Tried<'a> = &'a [(u16, Option<&'a str>, Option<(Phase, Reason)>)];

    fn gate(tried: Tried<'_>) -> Option<PortFilter> {
        let one = |(port, address, failed): &(u16, Option<&str>, Option<(Phase, Reason)>)| EndpointFacts {
            host: "outlook".into(),
            port: *port,
            address: address.and_then(|address| address.parse().ok()),
            connect: None,
            handshake: None,
            tls_version: None,
            certificate: None,
            failed: *failed,
        };
        let outcome = Outcome {
            probe: ProbeId { tenant: "t".into(), mailbox: None, check: Check::Reach },
            address: None,
            at: SystemTime::UNIX_EPOCH,
            took: Duration::ZERO,
            phases: Vec::new(),
            facts: Facts { endpoints: tried.iter().map(one).collect(), ..Facts::default() },
            verdict: Verdict::Ok,
        };
        PortFilter::of(&[&outcome])
    }

    #[test]
    fn only_when_443_is_open_and_all_else_is_closed_a_gate_is_seen() {
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
            assert_eq!(gate(tried).map(|gate| gate.reason), *expected, "{tried:?}");
        }
    }

    #[test]
    fn the_evidence_names_the_ports() {
        let v4 = Some("192.0.2.1");
        let gate = gate(&[(443, v4, None), (995, v4, DROPPED), (587, v4, DROPPED)]).expect("a gate");
        let heard = "outlook:443 ok; outlook:587, outlook:995 connect_timed_out";
        assert_eq!(gate.evidence.heard.as_deref(), Some(heard));
        assert!(gate.closes("outlook:995") && !gate.closes("outlook:443"));
    }
}
