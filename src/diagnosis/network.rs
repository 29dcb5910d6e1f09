//! What lies behind failures on the way: a resolver, a host without an address, a login host nobody reaches.

use std::collections::{BTreeMap, BTreeSet};

use super::port_filter::PortFilter;
use super::{Blame, Confidence, failures, standalone};
use crate::cloud::host_port;
use crate::kind::Check;
use crate::outcome::{DnsFacts, EndpointFacts, Evidence, Failure, Fault, NameSource, Outcome, Phase};
use crate::reason::{Owner, Reason};

/// What all outcomes of a tenant show of the way to Microsoft.
#[derive(Debug)]
pub struct Network<'a> {
    /// What is wrong with the resolver itself, whichever name is asked for.
    resolver: Option<Reason>,
    /// Hosts that this machine's resolver does not lead to.
    lost: BTreeMap<&'a str, Reason>,
    /// Hosts of Microsoft's whose address this machine's hosts file fixes.
    fixed: BTreeSet<&'a str>,
    /// `host:port` of those who connect and then never answer a request.
    silent: BTreeSet<&'a str>,
    /// Why the token check did not get an answer.
    login: Option<&'a Failure>,
    /// Who lets only the web through.
    gate: Option<PortFilter>,
}

impl<'a> Network<'a> {
    /// What `outcomes` show.
    pub fn of(outcomes: &[&'a Outcome]) -> Self {
        let token = failures(outcomes).find(|(outcome, _)| outcome.probe.check == Check::Token);
        Self {
            resolver: resolver(outcomes),
            lost: failures(outcomes).flat_map(|(outcome, _)| lost(outcome).into_iter().chain(astray(outcome))).collect(),
            fixed: outcomes.iter().flat_map(|outcome| fixed(outcome)).collect(),
            silent: failures(outcomes)
                .filter(|(_, one)| one.reason == Reason::ReplyTimedOut)
                .filter_map(|(_, one)| peer(one))
                .collect(),
            login: token.map(|(_, failure)| failure).filter(|failure| is_about_the_way(failure.reason)),
            gate: PortFilter::of(outcomes),
        }
    }

    /// What `failure` is blamed on, if it is a consequence of something on the way.
    pub fn blame(&self, outcome: &'a Outcome, failure: &Failure) -> Option<Blame<'a>> {
        // Of a proxy that is not reached its own words tell all; what is known of names is known of other hosts.
        if !is_about_the_way(failure.reason) || failure.reason == Reason::ProxyUnreachable {
            return None;
        }
        if let Some(gate) = self.gate_before(peer(failure), failure.phase) {
            return Some(behind(outcome, gate));
        }
        let resolver = self.resolver.filter(|_| is_resolver(failure.reason));
        let lost = || peer_host(failure).and_then(|host| self.lost.get(host).copied());
        // The token was not to be had for the reason that the check of the token tells, however another run met it.
        let login = || self.login.filter(|_| failure.phase == Phase::Token).map(|login| login.reason);
        // The same silence, met by `reach` before anything was asked for.
        let silent = || peer(failure).filter(|at| self.is_silence(at, failure.reason)).map(|_| Reason::ReplyTimedOut);
        // An address that somebody wrote down once may lead to a server that is gone.
        let fixed = || peer_host(failure).filter(|host| self.fixed.contains(host)).map(|_| Reason::DnsHostsFile);
        let reason = resolver.or_else(lost).or_else(fixed).or_else(login).or_else(silent)?;
        let evidence = failure.evidence.clone();
        Some(Blame { outcome, reason, confidence: standalone::confidence(reason), candidates: &[], evidence })
    }

    /// What else the `reach` checks met: a run has one reason, but several endpoints may be closed for several.
    pub fn also_unreachable(&self, outcomes: &[&'a Outcome]) -> Vec<Blame<'a>> {
        let mut blames = Vec::new();
        for (outcome, failure) in failures(outcomes).filter(|(outcome, _)| outcome.probe.check == Check::Reach) {
            let gated = self.gate_before(peer(failure), failure.phase).is_some();
            for (at, reason) in closed(&outcome.facts.endpoints) {
                let peer = host_port(&at.host, at.port);
                let phase = at.failed.map_or(Phase::Connect, |(phase, _)| phase);
                if let Some(gate) = self.gate_before(Some(&peer), phase) {
                    blames.extend((!gated).then(|| behind(outcome, gate)));
                    continue;
                }
                let at_host = self.lost.contains_key(&*at.host) || self.fixed.contains(&*at.host);
                let explained = at_host || self.is_silence(&peer, reason);
                if (gated || reason != failure.reason) && !is_resolver(reason) && !explained {
                    let evidence = Evidence { peer: Some(peer), ..Evidence::default() };
                    blames.push(Blame { outcome, reason, confidence: standalone::confidence(reason), candidates: &[], evidence });
                }
            }
        }
        blames
    }

    /// The gate that stands before `peer`, where a connection fails in `phase`.
    fn gate_before(&self, peer: Option<&str>, phase: Phase) -> Option<&PortFilter> {
        let gate = self.gate.as_ref().filter(|_| matches!(phase, Phase::Connect | Phase::Proxy))?;
        peer.filter(|peer| gate.closes(peer)).map(|_| gate)
    }

    fn is_silence(&self, peer: &str, reason: Reason) -> bool {
        reason == Reason::NoGreeting && self.silent.contains(peer)
    }
}

/// What is wrong with the resolver: as the check that asks it itself has it, else as most met it.
fn resolver(outcomes: &[&Outcome]) -> Option<Reason> {
    let told = || failures(outcomes).filter(|(_, failure)| is_resolver(failure.reason));
    let asked = told().find(|(outcome, _)| outcome.probe.check == Check::Dns).map(|(_, failure)| failure.reason);
    // It answers, but not to everything: who has less patience than the check meets silence.
    let partly = outcomes.iter().flat_map(|outcome| &outcome.facts.warnings).find(|warning| is_partly(warning));
    let silent = || told().all(|(_, failure)| failure.reason == Reason::DnsNoAnswer);
    let partly = || partly.map(|warning| warning.reason).filter(|_| silent());
    asked.or_else(partly).or_else(|| most_frequent(told().map(|(_, failure)| failure.reason)))
}

/// Whether the system's own resolver is warned of, for it leaves some of what it is asked unanswered.
fn is_partly(warning: &Fault) -> bool {
    matches!(warning.reason, Reason::DnsOneServerFails | Reason::DnsOneFamilyFails)
        && warning.evidence.peer.as_deref() == Some("system")
}

/// A failure before which a gate stands.
fn behind<'a>(outcome: &'a Outcome, gate: &PortFilter) -> Blame<'a> {
    let evidence = gate.evidence.clone();
    Blame { outcome, reason: gate.reason, confidence: Confidence::Likely, candidates: &[], evidence }
}

/// The hosts that the system's resolver, which every dial asks, does not lead to: no family has an answer, or a filter's.
fn lost(outcome: &Outcome) -> Vec<(&str, Reason)> {
    let mut hosts: BTreeMap<&str, Vec<&DnsFacts>> = BTreeMap::new();
    for answer in outcome.facts.dns.iter().filter(|answer| answer.resolver == "system") {
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

/// The hosts whose address the hosts file fixes, where that is worth a look: they are Microsoft's.
fn fixed(outcome: &Outcome) -> impl Iterator<Item = &str> {
    let worth_a_look = outcome.facts.warnings.iter().any(|warning| warning.reason == Reason::DnsHostsFile);
    let of_hosts_file = move |answer: &&DnsFacts| worth_a_look && answer.source == Some(NameSource::HostsFile);
    outcome.facts.dns.iter().filter(of_hosts_file).map(|answer| answer.host.as_str())
}

/// The hosts whose names, as `reach` found, are to blame for an address where nothing of Microsoft's is.
fn astray(outcome: &Outcome) -> impl Iterator<Item = (&str, Reason)> {
    let reached = outcome.facts.endpoints.iter().filter(|_| outcome.probe.check == Check::Reach);
    reached.filter_map(|endpoint| match endpoint.failed {
        Some((Phase::Dns, reason @ (Reason::DnsSinkhole | Reason::DnsHostsFileBlocks))) => Some((&*endpoint.host, reason)),
        _ => None,
    })
}

/// The endpoints that no address leads to, and why the one that got farthest failed.
fn closed(endpoints: &[EndpointFacts]) -> Vec<(&EndpointFacts, Reason)> {
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

/// Whether the reason is about the resolver and not about one name.
fn is_resolver(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::DnsNoAnswer
            | Reason::DnsPortRefused
            | Reason::DnsServerUnreachable
            | Reason::DnsTcpBlocked
            | Reason::DnsRefused
            | Reason::DnsServerFailure
            | Reason::DnsMalformed
    )
}

/// Whether the reason is about reaching somebody and not about what they answered.
fn is_about_the_way(reason: Reason) -> bool {
    // Somebody on the way is at work here as well, and Microsoft answers to what they made of it.
    let answered = matches!(
        reason,
        Reason::TenantRestricted | Reason::TokenRequestMalformed | Reason::BasicAuthBlocked | Reason::ProtocolError
    );
    let way = reason.owner() == Owner::Network && !answered;
    let of_this_machine = matches!(reason, Reason::DnsHostsFileBlocks | Reason::TlsCertificateNotYetValid);
    way || of_this_machine || matches!(reason, Reason::TimedOut | Reason::ReplyTimedOut)
}

/// `outlook.office365.com:995` of `outlook.office365.com:995 (52.98.1.2)`.
fn peer(failure: &Failure) -> Option<&str> {
    failure.evidence.peer.as_deref()?.split(' ').next()
}

fn peer_host(failure: &Failure) -> Option<&str> {
    let at = peer(failure)?;
    Some(at.rsplit_once(':').map_or(at, |(host, _)| host))
}

/// The first of equals.
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
