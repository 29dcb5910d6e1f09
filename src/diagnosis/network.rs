//! Causes of failures before a server is reached: the resolver, a host without an address, the hosts file, a port filter, an
//! unreachable login host.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::port_filter::PortFilter;
use super::{Blame, Confidence, failures, standalone};
use crate::kind::Check;
use crate::outcome::{DnsFacts, EndpointFacts, Evidence, Failure, Fault, NameSource, Outcome, Peer, Phase, ServerClock};
use crate::reason::{Owner, Reason};

/// The evidence of a tenant's outcomes about the network between this machine and Microsoft.
#[derive(Debug)]
pub struct Network<'a> {
    /// The failure of the resolver itself, whichever name is asked for, and how sure it is.
    resolver: Option<(Reason, Confidence)>,
    /// Hosts for which this machine's resolver has no usable address, and why.
    unresolved: BTreeMap<&'a str, Reason>,
    /// Microsoft's hosts whose address this machine's hosts file fixes.
    pinned: BTreeSet<&'a str>,
    /// `host:port` of servers that accept the connection and never answer a request.
    unresponsive: BTreeSet<String>,
    /// The failure of the `token` check, where the login host was not reached.
    login_failure: Option<&'a Failure>,
    /// A firewall or proxy that lets only port 443 through.
    port_filter: Option<PortFilter>,
    /// Set if certificates are outside their time because this machine's clock is wrong, as it seems.
    clock_wrong: bool,
}

impl<'a> Network<'a> {
    /// Collects what `outcomes` show.
    pub fn observe(outcomes: &[&'a Outcome]) -> Self {
        let token = failures(outcomes).find(|(outcome, _)| outcome.probe.check == Check::Token);
        Self {
            resolver: resolver_failure(outcomes),
            unresolved: failures(outcomes)
                .flat_map(|(outcome, _)| unresolved(outcome).into_iter().chain(blocked_by_name(outcome)))
                .collect(),
            pinned: outcomes.iter().flat_map(|outcome| pinned(outcome)).collect(),
            unresponsive: failures(outcomes)
                .filter(|(_, one)| one.reason == Reason::ReplyTimedOut)
                .filter_map(|(_, one)| peer(one))
                .collect(),
            login_failure: token.map(|(_, failure)| failure).filter(|failure| is_of_the_network(failure.reason)),
            port_filter: PortFilter::detect(outcomes),
            clock_wrong: is_clock_wrong(outcomes),
        }
    }

    /// Blames `failure` on the network, if it follows from something there.
    pub fn blame(&self, outcome: &'a Outcome, failure: &'a Failure) -> Option<Blame<'a>> {
        // An unreachable proxy is a cause by itself; what is known of names concerns other hosts.
        if !is_of_the_network(failure.reason) || failure.reason == Reason::ProxyUnreachable {
            return None;
        }
        if let Some(filter) = self.filter_before(peer(failure).as_deref(), failure.phase) {
            return Some(blame_filter(outcome, filter));
        }
        if let Some(candidates) = outside_its_time(failure.reason).filter(|_| self.clock_wrong) {
            let evidence = Cow::Borrowed(&failure.evidence);
            return Some(Blame { outcome, reason: Reason::ClockWrong, confidence: Confidence::Likely, candidates, evidence });
        }
        let evidence = Cow::Borrowed(&failure.evidence);
        if let Some((reason, confidence)) = self.resolver.filter(|_| is_resolver(failure.reason)) {
            return Some(Blame { outcome, reason, confidence, candidates: &[], evidence });
        }
        let unresolved = || peer_host(failure).and_then(|host| self.unresolved.get(host).copied());
        // Other runs get no token for the reason that the `token` check met, whatever each of them met.
        let login = || self.login_failure.filter(|_| failure.phase == Phase::Token).map(|login| login.reason);
        // `reach` meets the same silence before it has sent a request.
        let silent = || peer(failure).filter(|at| self.is_unresponsive(at, failure.reason)).map(|_| Reason::ReplyTimedOut);
        // An address in the hosts file may belong to a server that is gone.
        let pinned = || peer_host(failure).filter(|host| self.pinned.contains(host)).map(|_| Reason::DnsHostsFile);
        let reason = unresolved().or_else(pinned).or_else(login).or_else(silent)?;
        Some(Blame { outcome, reason, confidence: standalone::confidence(reason), candidates: &[], evidence })
    }

    /// Blames the further endpoints that the `reach` checks found unreachable: a run has one reason, but its endpoints may
    /// fail for several.
    pub fn also_unreachable(&self, outcomes: &[&'a Outcome]) -> Vec<Blame<'a>> {
        let mut blames = Vec::new();
        for (outcome, failure) in failures(outcomes).filter(|(outcome, _)| outcome.probe.check == Check::Reach) {
            let filtered = self.filter_before(peer(failure).as_deref(), failure.phase).is_some();
            for (at, reason) in unreachable(&outcome.facts.endpoints) {
                let peer = Peer::new(&at.host, at.port);
                let endpoint = peer.endpoint();
                let phase = at.failed.map_or(Phase::Connect, |(phase, _)| phase);
                if let Some(filter) = self.filter_before(Some(&endpoint), phase) {
                    blames.extend((!filtered).then(|| blame_filter(outcome, filter)));
                    continue;
                }
                let by_name = self.unresolved.contains_key(&*at.host) || self.pinned.contains(&*at.host);
                let by_clock = self.clock_wrong && outside_its_time(reason).is_some();
                let explained = by_name || by_clock || self.is_unresponsive(&endpoint, reason);
                if (filtered || reason != failure.reason) && !is_resolver(reason) && !explained {
                    let evidence = Cow::Owned(Evidence { peer: Some(peer), ..Evidence::default() });
                    blames.push(Blame { outcome, reason, confidence: standalone::confidence(reason), candidates: &[], evidence });
                }
            }
        }
        blames
    }

    /// The port filter that blocks `peer`, where a connection fails in `phase`.
    fn filter_before(&self, peer: Option<&str>, phase: Phase) -> Option<&PortFilter> {
        let filter = self.port_filter.as_ref().filter(|_| matches!(phase, Phase::Connect | Phase::Proxy))?;
        peer.filter(|peer| filter.blocks(peer)).map(|_| filter)
    }

    fn is_unresponsive(&self, peer: &str, reason: Reason) -> bool {
        reason == Reason::NoGreeting && self.unresponsive.contains(peer)
    }
}

/// Returns the failure of the resolver: as the `dns` check met it, else as most runs met it. It is as sure as the surest run that
/// met it.
fn resolver_failure(outcomes: &[&Outcome]) -> Option<(Reason, Confidence)> {
    let failed = || failures(outcomes).filter(|(_, failure)| is_resolver(failure.reason));
    let asked = failed().find(|(outcome, _)| outcome.probe.check == Check::Dns).map(|(_, failure)| failure.reason);
    // It answers some queries: a run with a shorter timeout than the `dns` check meets silence.
    let partly = outcomes.iter().flat_map(|outcome| &outcome.facts.warnings).find(|warning| is_partial_failure(warning));
    let silent = || failed().all(|(_, failure)| failure.reason == Reason::DnsNoAnswer);
    let partly = || partly.map(|warning| warning.reason).filter(|_| silent());
    let reason = asked.or_else(partly).or_else(|| most_frequent(failed().map(|(_, failure)| failure.reason)))?;
    let met = failed().filter(|(_, failure)| failure.reason == reason).map(|(_, failure)| standalone::confidence_of(failure));
    Some((reason, met.max().unwrap_or(standalone::confidence(reason))))
}

/// Tells whether the warning is about the system's resolver, which leaves some queries unanswered.
fn is_partial_failure(warning: &Fault) -> bool {
    matches!(warning.reason, Reason::DnsOneServerFails | Reason::DnsOneFamilyFails)
        && warning.evidence.peer.as_ref().is_some_and(|peer| peer.host == DnsFacts::SYSTEM)
}

/// The reasons of a certificate that is outside its time, each as the other explanation of a wrong clock.
fn outside_its_time(reason: Reason) -> Option<&'static [Reason]> {
    match reason {
        Reason::TlsCertificateExpired => Some(&[Reason::TlsCertificateExpired]),
        Reason::TlsCertificateNotYetValid => Some(&[Reason::TlsCertificateNotYetValid]),
        _ => None,
    }
}

/// Reports whether certificates are outside their time because of this machine's clock: as servers tell that were asked for theirs,
/// else as all certificates together do.
fn is_clock_wrong(outcomes: &[&Outcome]) -> bool {
    let endpoints = outcomes.iter().flat_map(|outcome| &outcome.facts.endpoints);
    let clocks: Vec<_> = endpoints.filter_map(|endpoint| endpoint.server_clock).collect();
    if clocks.is_empty() {
        return are_all_certificates_outside_their_time(outcomes);
    }
    clocks.iter().all(ServerClock::explains_refusal)
}

/// Reports whether two certificates or more were presented and all of them are outside their time: that Microsoft forgot to renew
/// them all at once is less likely than that this machine's clock is wrong.
fn are_all_certificates_outside_their_time(outcomes: &[&Outcome]) -> bool {
    let endpoints = outcomes.iter().flat_map(|outcome| &outcome.facts.endpoints);
    let mut presented = BTreeSet::new();
    for endpoint in endpoints {
        let Some(certificate) = &endpoint.certificate else { continue };
        if endpoint.failed.is_none_or(|(_, reason)| outside_its_time(reason).is_none()) {
            return false;
        }
        presented.insert(&certificate.fingerprint);
    }
    presented.len() >= 2
}

/// Blames a failure on the port filter.
fn blame_filter<'a>(outcome: &'a Outcome, filter: &PortFilter) -> Blame<'a> {
    let evidence = Cow::Owned(filter.evidence.clone());
    Blame { outcome, reason: filter.reason, confidence: Confidence::Likely, candidates: &[], evidence }
}

/// Returns the hosts for which the system's resolver, which every dial uses, has no usable address: no family has an answer, or
/// the answer is a DNS filter's.
fn unresolved(outcome: &Outcome) -> Vec<(&str, Reason)> {
    let mut hosts: BTreeMap<&str, Vec<&DnsFacts>> = BTreeMap::new();
    for answer in outcome.facts.dns.iter().filter(|answer| answer.is_from_system()) {
        hosts.entry(&answer.host).or_default().push(answer);
    }
    let why = |answers: &[&DnsFacts]| {
        let mut failed = answers.iter().filter_map(|answer| answer.failed);
        let blocked = failed.find(|reason| matches!(reason, Reason::DnsSinkhole | Reason::DnsHostsFileBlocks));
        if blocked.is_some() {
            return blocked;
        }
        let reasons: Option<Vec<Reason>> = answers.iter().map(|answer| answer.failed).collect();
        reasons?.into_iter().next().filter(|reason| !is_resolver(*reason))
    };
    hosts.into_iter().filter_map(|(host, answers)| Some((host, why(&answers)?))).collect()
}

/// Returns the hosts whose address the hosts file fixes, where the run warns of that: they are Microsoft's.
fn pinned(outcome: &Outcome) -> impl Iterator<Item = &str> {
    let is_warned = outcome.facts.warnings.iter().any(|warning| warning.reason == Reason::DnsHostsFile);
    let of_hosts_file = move |answer: &&DnsFacts| is_warned && answer.source == Some(NameSource::HostsFile);
    outcome.facts.dns.iter().filter(of_hosts_file).map(|answer| answer.host.as_str())
}

/// Returns the hosts for which `reach` found that a DNS filter or the hosts file leads elsewhere.
fn blocked_by_name(outcome: &Outcome) -> impl Iterator<Item = (&str, Reason)> {
    let reached = outcome.facts.endpoints.iter().filter(|_| outcome.probe.check == Check::Reach);
    reached.filter_map(|endpoint| match endpoint.failed {
        Some((Phase::Dns, reason @ (Reason::DnsSinkhole | Reason::DnsHostsFileBlocks))) => Some((&*endpoint.host, reason)),
        _ => None,
    })
}

/// Returns the endpoints of which no address was reached, and the reason of the attempt that got farthest.
fn unreachable(endpoints: &[EndpointFacts]) -> Vec<(&EndpointFacts, Reason)> {
    let mut addresses: BTreeMap<(&str, u16), Vec<&EndpointFacts>> = BTreeMap::new();
    for endpoint in endpoints {
        addresses.entry((&endpoint.host, endpoint.port)).or_default().push(endpoint);
    }
    let farthest = |tried: Vec<&'_ EndpointFacts>| -> Option<(Phase, Reason)> {
        let failed: Option<Vec<(Phase, Reason)>> = tried.iter().map(|endpoint| endpoint.failed).collect();
        failed?.into_iter().reduce(|one, other| if other.0 > one.0 { other } else { one })
    };
    let mut seen = BTreeSet::new();
    let first = endpoints.iter().filter(|endpoint| seen.insert((&*endpoint.host, endpoint.port)));
    first.filter_map(|at| Some((at, farthest(addresses.remove(&(&*at.host, at.port))?)?.1))).collect()
}

/// Tells whether the reason is about the resolver and not about one name.
fn is_resolver(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::DnsNoAnswer
            | Reason::DnsConfigMalformed
            | Reason::DnsPortRefused
            | Reason::DnsServerUnreachable
            | Reason::DnsTcpBlocked
            | Reason::DnsRefused
            | Reason::DnsServerFailure
            | Reason::DnsMalformed
    )
}

/// Tells whether the reason is about reaching a server and not about its reply.
fn is_of_the_network(reason: Reason) -> bool {
    // Something in the network is at work here as well, but Microsoft's reply is what tells.
    let answered = matches!(
        reason,
        Reason::TenantRestricted | Reason::TokenRequestMalformed | Reason::BasicAuthBlocked | Reason::ProtocolError
    );
    let network = reason.owner() == Owner::Network && !answered;
    let of_this_machine = matches!(
        reason,
        Reason::DnsHostsFileBlocks | Reason::DnsSearchList | Reason::DnsConfigMalformed | Reason::TlsCertificateNotYetValid
    );
    network || of_this_machine || matches!(reason, Reason::TimedOut | Reason::ReplyTimedOut)
}

/// Returns `host:port` of the peer, whichever of its addresses was tried.
fn peer(failure: &Failure) -> Option<String> {
    failure.evidence.peer.as_ref().map(Peer::endpoint)
}

fn peer_host(failure: &Failure) -> Option<&str> {
    failure.evidence.peer.as_ref().map(|peer| &*peer.host)
}

/// Returns the reason that occurs most often; of equals, the first.
fn most_frequent(reasons: impl Iterator<Item = Reason>) -> Option<Reason> {
    let mut counts: Vec<(Reason, usize)> = Vec::new();
    for reason in reasons {
        match counts.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => counts.push((reason, 1)),
        }
    }
    counts.into_iter().reduce(|one, other| if other.1 > one.1 { other } else { one }).map(|(reason, _)| reason)
}
