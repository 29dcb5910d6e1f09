//! The answer to one question: facts for the outcome, and the fault if it failed.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::net::system_resolvers::ResolverAnswers;
use crate::net::{Net, dns_query, resolve, system_resolvers};
use crate::outcome::{DnsFacts, Evidence, Family, Fault, NameSource, Peer};
use crate::reason::Reason;

/// The time limit of one answer from a server: as long as glibc waits before it turns to the next server.
pub const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// A look-up that takes longer than this waits for somebody who does not answer.
const SLOW: Duration = Duration::from_secs(2);

/// The answer to one question, or the fault in place of one.
#[derive(Clone, Debug)]
pub struct DnsAnswer {
    /// The answer as it stands in the outcome.
    pub facts: DnsFacts,
    /// The fault with its evidence, if the question failed.
    pub fault: Option<Fault>,
    /// A warning about the servers that were asked.
    pub warning: Option<Fault>,
    /// The server that was asked, for the evidence.
    peer: Peer,
}

impl DnsAnswer {
    /// Asks the system, as an application does, for both families in at most `limit`. A pinned name has its pinned address, as in
    /// every other check.
    pub async fn from_system(net: &Net, host: &str, limit: Duration) -> [Self; 2] {
        let lookup = match net.pinned(host) {
            Some(address) => SystemLookup::immediate(Ok(vec![address]), Duration::ZERO),
            None => SystemLookup::run(host, limit).await,
        };
        let mut answers = [Family::V4, Family::V6].map(|family| {
            let mut answer = Self::unanswered(Peer::named(DnsFacts::SYSTEM), DnsFacts::SYSTEM, host, family);
            answer.facts.source = net.pinned(host).map(|_| NameSource::Pin);
            answer.facts.took = lookup.took.filter(|_| lookup.found.is_ok());
            match lookup.addresses(family) {
                Ok(addresses) => answer.facts.addresses = addresses,
                Err(fault) => answer.set_fault(Some(fault)),
            }
            answer
        });
        answers[0].warning = lookup.dead_server().map(|fault| answers[0].attributed(fault));
        answers
    }

    /// Asks the server at `at` for one family, in at most `limit`.
    pub async fn from_server(at: SocketAddr, host: &str, family: Family, limit: Duration) -> Self {
        let began = Instant::now();
        let mut answer = Self::unanswered(at.into(), &label(at), host, family);
        match dns_query::query(at, host, family, limit).await {
            Ok(response) => {
                answer.facts.took = Some(began.elapsed());
                let fault = response.fault();
                answer.facts.rcode = Some(response.rcode);
                answer.facts.addresses = response.addresses;
                answer.facts.chain = response.chain;
                answer.facts.ttl = response.ttl;
                answer.set_fault(fault);
            }
            Err(fault) => answer.set_fault(Some(fault)),
        }
        answer
    }

    /// Sets the fault of this answer, or clears it where `fault` is `None`.
    pub fn set_fault(&mut self, fault: Option<Fault>) {
        self.facts.failed = fault.as_ref().map(|fault| fault.reason);
        self.fault = fault.map(|fault| self.attributed(fault));
    }

    /// Returns `fault` with the server and the question in its evidence.
    pub fn attributed(&self, fault: Fault) -> Fault {
        let question = format!("{} {}", record_type(self.facts.family), self.facts.host);
        let evidence = Evidence { peer: Some(self.peer.clone()), said: Some(question), ..fault.evidence };
        Fault { reason: fault.reason, evidence }
    }

    /// Returns the answer in a few words: the addresses, else the server's code, else the reason.
    pub fn summary(&self) -> String {
        let addresses: Vec<String> = self.facts.addresses.iter().take(8).map(ToString::to_string).collect();
        let code = self.facts.rcode.as_ref().filter(|code| *code != "NOERROR");
        match (addresses.is_empty(), code, self.facts.failed) {
            (false, ..) => addresses.join(" "),
            (true, Some(code), _) => code.clone(),
            (true, None, Some(reason)) => reason.code().to_owned(),
            (true, None, None) => "no address".to_owned(),
        }
    }

    pub(super) fn unanswered(peer: Peer, resolver: &str, host: &str, family: Family) -> Self {
        Self { facts: DnsFacts::new(host, resolver, family), fault: None, warning: None, peer }
    }
}

/// A look-up by the system, with the answers of each of its servers where it took long.
struct SystemLookup {
    found: Result<Vec<IpAddr>, Fault>,
    took: Option<Duration>,
    each: Vec<ResolverAnswers>,
}

impl SystemLookup {
    fn immediate(found: Result<Vec<IpAddr>, Fault>, took: Duration) -> Self {
        Self { found, took: Some(took), each: Vec::new() }
    }

    /// Looks `host` up in at most `limit`. `getaddrinfo` waits for one server after the other, and for both families, and does
    /// not tell for which: so the servers are asked as well. Where none of them answers, there is nothing to wait for.
    async fn run(host: &str, limit: Duration) -> Self {
        let began = Instant::now();
        let mut lookup = pin!(async { (resolve::system(host).await, began.elapsed()) });
        if let Ok((found, took)) = timeout(SLOW.min(limit / 2), &mut lookup).await {
            return Self::immediate(found, took);
        }
        let left = limit.saturating_sub(began.elapsed());
        let mut asking = pin!(system_resolvers::query_each(host, ANSWER_LIMIT.min(left)));
        let (mut found, each) = tokio::select! {
            biased;
            found = &mut lookup => (Some(found), asking.await),
            each = &mut asking => (None, each),
        };
        if found.is_none() && each.iter().any(|server| server.dead_fault().is_none()) {
            found = timeout(limit.saturating_sub(began.elapsed()), lookup).await.ok();
        }
        let (found, took) =
            found.map_or_else(|| (Err(Fault::new(Reason::DnsNoAnswer)), None), |(found, took)| (found, Some(took)));
        Self { found, took, each }
    }

    /// Returns the addresses of one family. Where the look-up ran out of time, the answers of its servers stand in for it, if
    /// they show what it waits for.
    ///
    /// # Errors
    /// The fault of the look-up, or `dns_no_addresses` where this family has none.
    fn addresses(&self, family: Family) -> Result<Vec<IpAddr>, Fault> {
        let answers = || self.each.iter().map(|server| &server.families[family as usize]);
        let unanswered = || answers().next().filter(|_| answers().all(Result::is_err)).and_then(|first| first.clone().err());
        let none = || unanswered().unwrap_or_else(|| Fault::new(Reason::DnsNoAddresses));
        match &self.found {
            Ok(addresses) => {
                let matching: Vec<IpAddr> =
                    addresses.iter().copied().filter(|address| Family::from(*address) == family).collect();
                if matching.is_empty() { Err(none()) } else { Ok(matching) }
            }
            Err(_) if self.took.is_none() && self.is_partly_answered() => match answers().flatten().next() {
                Some(answer) => answer.fault().map_or_else(|| Ok(answer.addresses.clone()), Err),
                None => Err(none()),
            },
            Err(fault) => Err(fault.clone()),
        }
    }

    /// Tells whether the servers answered some of the questions and left others unanswered.
    fn is_partly_answered(&self) -> bool {
        let all = || self.each.iter().flat_map(|server| &server.families);
        all().any(Result::is_err) && all().any(Result::is_ok)
    }

    /// Returns the warning that one of the servers is dead, where another is not.
    fn dead_server(&self) -> Option<Fault> {
        let why = self.each.iter().find_map(ResolverAnswers::dead_fault)?;
        self.each.iter().find(|server| server.dead_fault().is_none())?;
        let answer = |server: &ResolverAnswers| match server.dead_fault() {
            Some(fault) => format!("{}: {}", server.server, fault.reason),
            None => format!("{}: answers", server.server),
        };
        let answers: Vec<String> = self.each.iter().map(answer).collect();
        Some(Fault::heard(Reason::DnsOneServerFails, answers.join(", ")).code(why.reason.code()))
    }
}

/// Returns the type of the records that hold a family's addresses: `A` or `AAAA`.
pub fn record_type(family: Family) -> &'static str {
    match family {
        Family::V4 => "A",
        Family::V6 => "AAAA",
    }
}

/// Returns the `resolver` label of a server, with the port only where it is not 53.
fn label(at: SocketAddr) -> String {
    if at.port() == 53 { at.ip().to_string() } else { at.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::dns::DnsResponse;

    /// A server that gives one address in the families it answers for.
    fn server(number: u8, answers: [bool; 2]) -> ResolverAnswers {
        let family = |(answers, address): (bool, &str)| {
            let answer = DnsResponse {
                rcode: "NOERROR".to_owned(),
                addresses: vec![address.parse().expect(address)],
                ..DnsResponse::default()
            };
            if answers { Ok(answer) } else { Err(Fault::new(Reason::DnsNoAnswer)) }
        };
        let [v4, v6] = answers;
        ResolverAnswers {
            server: IpAddr::from([10, 0, 0, number]),
            families: [family((v4, "52.97.97.162")), family((v6, "2603:1026::2"))],
        }
    }

    /// Returns the addresses of both families and the warning after a look-up that `found` these, or ran out of time.
    fn result(found: Option<&[&str]>, each: &[ResolverAnswers]) -> ([Result<usize, Reason>; 2], Option<String>) {
        let addresses = |found: &[&str]| found.iter().map(|address| address.parse().expect(address)).collect();
        let took = found.map(|_| Duration::from_secs(5));
        let found = found.map_or_else(|| Err(Fault::new(Reason::DnsNoAnswer)), |found| Ok(addresses(found)));
        let lookup = SystemLookup { found, took, each: each.to_vec() };
        let count = |family| lookup.addresses(family).map(|addresses| addresses.len()).map_err(|fault| fault.reason);
        ([count(Family::V4), count(Family::V6)], lookup.dead_server().and_then(|fault| fault.evidence.heard))
    }

    #[test]
    fn system_lookup_that_hangs_takes_the_answers_of_its_servers() {
        const V4: &[&str] = &["52.97.97.162"];
        let (silent, none) = (Err(Reason::DnsNoAnswer), Err(Reason::DnsNoAddresses));
        let (well, dead, half) = (server(1, [true; 2]), server(2, [false; 2]), server(3, [true, false]));
        let one_dead = Some("10.0.0.2: dns_no_answer, 10.0.0.1: answers".to_owned());
        let pair = [dead.clone(), well.clone()];
        for (found, each, expected) in [
            (Some(V4), &[][..], ([Ok(1), none], None)),
            (Some(V4), &pair[..], ([Ok(1), none], one_dead.clone())),
            (None, &pair[..], ([Ok(1), Ok(1)], one_dead)),
            (Some(V4), std::slice::from_ref(&half), ([Ok(1), silent], None)),
            (None, std::slice::from_ref(&half), ([Ok(1), silent], None)),
            (None, &[dead], ([silent, silent], None)),
            // They answer, and the look-up hangs all the same: not for their sake.
            (None, &[well], ([silent, silent], None)),
        ] {
            assert_eq!(result(found, each), expected, "{found:?} {each:?}");
        }
    }
}
