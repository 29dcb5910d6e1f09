//! `dns`: does every configured resolver know the addresses of every host the tenant needs?

use std::net::SocketAddr;
use std::time::Duration;

use crate::cloud::Cloud;
use crate::cloud::ranges::Ranges;
use crate::net::Net;
use crate::net::hosts::{self, Entries};
use crate::outcome::{Family, Fault, NameSource};
use crate::settings::{ProbeSettings, Resolver};

use super::concurrency::{run_all, share};
use super::{Conversation, Cx};
use answer::{ANSWER_LIMIT, DnsAnswer};
use host::Host;

mod answer;
pub(super) mod blocking;
mod host;
mod published;
#[cfg(test)]
mod tests;
mod verdict;

/// The time limit of a look-up by the system: glibc waits for each answer that does not come, several times over.
const SYSTEM_LIMIT: Duration = Duration::from_secs(20);
/// Questions under way at a time: more would look like an attack to a resolver, and lose datagrams.
const AT_ONCE: usize = 32;

/// The `dns` check of one cloud's hosts.
#[derive(Debug)]
pub struct DnsCheck {
    cloud: Cloud,
    /// Set if tokens come from the cloud's login host.
    login: bool,
}

impl Conversation for DnsCheck {
    fn new(settings: &ProbeSettings) -> Result<Self, String> {
        Ok(Self { cloud: settings.tenant.cloud.clone(), login: !settings.tenant.credential.is_local() })
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<(), Fault> {
        let net = &cx.means.net;
        let hosts = host::all(&self.cloud, self.login, net);
        let entries = hosts::entries(&cx.means.hosts_file, hosts.iter().map(|host| host.name.clone()).collect()).await;
        let questions = questions(&hosts, &cx.means.resolvers);
        // The last answer is due well before the run's deadline.
        let limit = SYSTEM_LIMIT.min(share(cx.trace.remaining() * 2 / 3, questions.len(), AT_ONCE));
        let answers = run_all(AT_ONCE, questions.iter().map(|question| question.ask(net, &entries, limit))).await;
        let mut answers: Vec<DnsAnswer> = answers.into_iter().flatten().collect();
        let judged = verdict::judge(&mut answers, &hosts);
        let ranges = cx.means.ranges.as_deref().or_else(|| Ranges::built_in(&self.cloud.name));
        let outside = ranges.and_then(|ranges| published::compare(&mut answers, &hosts, ranges));
        judged.warnings.into_iter().chain(outside).for_each(|warning| cx.trace.facts.warn(warning));
        cx.trace.facts.dns = answers.into_iter().map(|answer| answer.facts).collect();
        judged.fault.map_or(Ok(()), Err)
    }
}

/// Returns the questions about all `hosts`, resolver by resolver in the order of the configuration.
fn questions<'a>(hosts: &'a [Host], resolvers: &'a [Resolver]) -> Vec<Question<'a>> {
    let questions_for = |resolver: &'a Resolver, host: &'a Host| match resolver {
        Resolver::System => vec![Question::System { host: &host.name }],
        Resolver::Address(_) if host.is_proxy() => vec![],
        Resolver::Address(at) => {
            [Family::V4, Family::V6].map(|family| Question::Server { at: *at, host: &host.name, family }).to_vec()
        }
    };
    resolvers.iter().flat_map(|resolver| hosts.iter().flat_map(move |host| questions_for(resolver, host))).collect()
}

/// One question to one resolver about one host.
#[derive(Clone, Debug)]
enum Question<'a> {
    /// `getaddrinfo` looks for both families, and may ask one server after the other.
    System { host: &'a str },
    /// One message to one server.
    Server { at: SocketAddr, host: &'a str, family: Family },
}

impl Question<'_> {
    async fn ask(&self, net: &Net, entries: &Entries, limit: Duration) -> Vec<DnsAnswer> {
        match *self {
            Self::System { host } => {
                let mut answers = DnsAnswer::from_system(net, host, limit).await.to_vec();
                let found: Vec<_> = answers.iter().flat_map(|answer| answer.facts.addresses.clone()).collect();
                if net.pinned(host).is_none() && hosts::gives(entries, host, &found) {
                    for answer in &mut answers {
                        answer.facts.source = Some(NameSource::HostsFile);
                    }
                }
                answers
            }
            Self::Server { at, host, family } => vec![DnsAnswer::from_server(at, host, family, limit.min(ANSWER_LIMIT)).await],
        }
    }
}
