//! `dns`: does every configured resolver know the addresses of every host the tenant needs?

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::cloud::Cloud;
use crate::net::Net;
use crate::net::together::{share, together};
use crate::outcome::{Family, Fault, Phase};
use crate::settings::{ProbeSettings, Resolver};

use super::{Check, Cx};
use answer::Answer;

mod answer;
mod verdict;

/// A resolver has this long for one answer: as long as glibc waits before it turns to the next server.
const QUESTION: Duration = Duration::from_secs(5);
/// Questions under way at a time: more would look like an attack to a resolver, and lose datagrams.
const AT_ONCE: usize = 32;

/// The check.
#[derive(Debug)]
pub struct Names {
    hosts: Vec<String>,
    /// Whether the hosts are Microsoft's own, which have public addresses, and not those of a laboratory.
    public: bool,
}

impl Check for Names {
    const NAME: &'static str = "dns";
    const PURPOSE: &'static str = "the addresses of all hosts, from every configured resolver";
    const OF_MAILBOX: bool = false;
    const PHASES: &'static [Phase] = &[Phase::Dns];

    fn new(settings: &ProbeSettings) -> Result<Self, String> {
        let cloud = &settings.tenant.cloud;
        Ok(Self { hosts: hosts(cloud), public: cloud.is_built_in() })
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<(), Fault> {
        let net = &cx.means.net;
        let questions = self.questions(&cx.means.resolvers);
        // The last answer is due well before the run's deadline.
        let limit = QUESTION.min(share(cx.trace.remaining() * 2 / 3, questions.len(), AT_ONCE));
        let mut answers: Vec<Vec<Answer>> = vec![Vec::new(); questions.len()];
        let asked: Vec<_> = questions.iter().map(|question| question.ask(net, limit)).collect();
        together(AT_ONCE, asked, |place, heard| {
            if let Some(answer) = answers.get_mut(place) {
                *answer = heard;
            }
        })
        .await;
        let mut answers: Vec<_> = answers.into_iter().flatten().collect();
        let verdict = verdict::judge(&mut answers, |host| net.pinned(host), self.public);
        cx.trace.facts.dns = answers.into_iter().map(|answer| answer.facts).collect();
        verdict
    }
}

impl Names {
    /// Resolver by resolver, in the order of the configuration.
    fn questions<'a>(&'a self, resolvers: &'a [Resolver]) -> Vec<Question<'a>> {
        let of = |resolver: &'a Resolver, host: &'a String| match resolver {
            Resolver::System => vec![Question::System { host }],
            Resolver::Address(at) => [Family::V4, Family::V6].map(|family| Question::Server { at: *at, host, family }).to_vec(),
        };
        resolvers.iter().flat_map(|resolver| self.hosts.iter().flat_map(move |host| of(resolver, host))).collect()
    }
}

/// What is asked in one go.
#[derive(Clone, Debug)]
enum Question<'a> {
    /// `getaddrinfo` looks for both families.
    System { host: &'a str },
    /// One message to one server.
    Server { at: SocketAddr, host: &'a str, family: Family },
}

impl Question<'_> {
    async fn ask(&self, net: &Net, limit: Duration) -> Vec<Answer> {
        match *self {
            Self::System { host } => Answer::from_system(net, host, limit).await.to_vec(),
            Self::Server { at, host, family } => vec![Answer::from_server(at, host, family, limit).await],
        }
    }
}

/// Every host of `cloud` that has a name, each once.
fn hosts(cloud: &Cloud) -> Vec<String> {
    let mail = [&cloud.pop3, &cloud.imap, &cloud.smtp].into_iter().flatten().map(|at| &at.host);
    let https = [&cloud.ews, &cloud.graph].into_iter().flatten().map(|at| &at.host);
    let mut hosts = Vec::new();
    for host in [&cloud.login.host].into_iter().chain(mail).chain(https).map(|host| host.to_ascii_lowercase()) {
        if host.parse::<IpAddr>().is_err() && !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts
}
