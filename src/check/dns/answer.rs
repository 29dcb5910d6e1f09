//! One question asked, and what came of it: facts for the outcome, and the fault if it turns out to be one.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::net::{Net, ask, resolve};
use crate::outcome::{DnsFacts, Evidence, Family, Fault, NameSource};
use crate::reason::Reason;

/// The `resolver` label of this machine's own.
pub const SYSTEM: &str = "system";

/// What came of one question.
#[derive(Clone, Debug)]
pub struct Answer {
    /// For the outcome.
    pub facts: DnsFacts,
    /// Why the question failed, with its evidence, if it did.
    pub fault: Option<Fault>,
    /// Who was asked, for the evidence.
    peer: String,
}

impl Answer {
    /// Asks as the application would. A pinned name has its pinned address, as in every other check.
    pub async fn from_system(net: &Net, host: &str, limit: Duration) -> [Self; 2] {
        let began = Instant::now();
        let found = match net.pinned(host) {
            Some(address) => Ok(vec![address]),
            None => timeout(limit, resolve::system(host)).await.unwrap_or_else(|_| Err(Fault::new(Reason::DnsNoAnswer))),
        };
        let took = began.elapsed();
        [Family::V4, Family::V6].map(|family| {
            let mut answer = Self::unheard(SYSTEM.to_owned(), SYSTEM.to_owned(), host, family);
            answer.facts.source = net.pinned(host).map(|_| NameSource::Pin);
            match &found {
                Ok(addresses) => {
                    answer.facts.took = Some(took);
                    answer.facts.addresses = addresses.iter().copied().filter(|address| Family::of(*address) == family).collect();
                    let none = answer.facts.addresses.is_empty();
                    answer.fail_if(none.then(|| Fault::new(Reason::DnsNoAddresses)));
                }
                Err(fault) => answer.fail_if(Some(fault.clone())),
            }
            answer
        })
    }

    /// Asks the server at `at`.
    pub async fn from_server(at: SocketAddr, host: &str, family: Family, limit: Duration) -> Self {
        let began = Instant::now();
        let mut answer = Self::unheard(at.to_string(), label(at), host, family);
        match ask::ask(at, host, family, limit).await {
            Ok(said) => {
                answer.facts.took = Some(began.elapsed());
                let fault = said.failed.map(|reason| Fault::heard(reason, &said.rcode).code(&said.rcode));
                answer.facts.rcode = Some(said.rcode);
                answer.facts.addresses = said.addresses;
                answer.facts.chain = said.chain;
                answer.facts.ttl = said.ttl;
                answer.fail_if(fault);
            }
            Err(fault) => answer.fail_if(Some(fault)),
        }
        answer
    }

    /// Takes note of `fault`, if there is one.
    pub fn fail_if(&mut self, fault: Option<Fault>) {
        self.facts.failed = fault.as_ref().map(|fault| fault.reason);
        self.fault = fault.map(|fault| self.attributed(fault));
    }

    /// `fault` with who was asked for what.
    pub fn attributed(&self, fault: Fault) -> Fault {
        let said = format!("{} {}", record(self.facts.family), self.facts.host);
        let evidence = Evidence { peer: Some(self.peer.clone()), said: Some(said), ..fault.evidence };
        Fault { reason: fault.reason, evidence }
    }

    /// Whether this machine's own resolver was asked.
    pub fn is_systems(&self) -> bool {
        self.facts.resolver == SYSTEM
    }

    /// What was answered, in a few words: the addresses, else the server's code, else the reason.
    pub fn told(&self) -> String {
        let addresses: Vec<String> = self.facts.addresses.iter().take(8).map(ToString::to_string).collect();
        let code = self.facts.rcode.as_ref().filter(|code| *code != "NOERROR");
        match (addresses.is_empty(), code, self.facts.failed) {
            (false, ..) => addresses.join(" "),
            (true, Some(code), _) => code.clone(),
            (true, None, Some(reason)) => reason.code().to_owned(),
            (true, None, None) => "no address".to_owned(),
        }
    }

    pub(super) fn unheard(peer: String, resolver: String, host: &str, family: Family) -> Self {
        let facts = DnsFacts {
            host: host.to_owned(),
            resolver,
            family,
            took: None,
            rcode: None,
            addresses: Vec::new(),
            chain: Vec::new(),
            ttl: None,
            source: None,
            outside: Vec::new(),
            failed: None,
        };
        Self { facts, fault: None, peer }
    }
}

fn record(family: Family) -> &'static str {
    match family {
        Family::V4 => "A",
        Family::V6 => "AAAA",
    }
}

/// As the user wrote it: the port only where it is not 53.
fn label(at: SocketAddr) -> String {
    if at.port() == 53 { at.ip().to_string() } else { at.to_string() }
}
