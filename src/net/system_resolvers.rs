//! The system's resolvers, each queried by itself: `getaddrinfo` has one message for most failures.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures_util::future::{join, join_all};

use crate::outcome::{Family, Fault};
use crate::reason::Reason;
use crate::wire::dns::DnsResponse;

use super::dns_query;
use super::resolv_conf::{FILE, ResolvConf};

/// The longest wait for one resolver: most have just answered `getaddrinfo` somehow, and at once.
const LIMIT: Duration = Duration::from_secs(1);
/// The resolver that is used where none is named (resolv.conf(5)).
const DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 53);

/// The answers of one resolver about a name.
#[derive(Clone, Debug)]
pub struct ResolverAnswers {
    /// The resolver's address.
    pub server: IpAddr,
    /// The answers for IPv4 and IPv6, in that order.
    pub families: [Result<DnsResponse, Fault>; 2],
}

impl ResolverAnswers {
    /// Returns the fault of a resolver that answers for neither family, and so is of no use for any name; `None` where it answers.
    pub fn dead_fault(&self) -> Option<&Fault> {
        self.families.iter().all(Result::is_err).then(|| self.families[0].as_ref().err())?
    }
}

/// Queries each resolver for the addresses of `host` in both families, all in parallel and each for at most `limit`; the
/// answers are in the system's order.
pub async fn query_each(host: &str, limit: Duration) -> Vec<ResolverAnswers> {
    let query = |server: SocketAddr| async move {
        let family = |family| dns_query::query(server, host, family, limit);
        let (v4, v6) = join(family(Family::V4), family(Family::V6)).await;
        ResolverAnswers { server: server.ip(), families: [v4, v6] }
    };
    join_all(ResolvConf::read().await.servers().unwrap_or_default().into_iter().map(query)).await
}

/// Returns the fault of the first resolver that does not resolve `host`; `None` where all do. A resolver to which no query can
/// be sent counts only where no other fails.
pub async fn refusal(host: &str) -> Option<Fault> {
    let conf = ResolvConf::read().await;
    let Some(servers) = conf.servers() else { return fault_without_servers(host, &conf).await };
    let mut met: Option<Fault> = None;
    for server in servers {
        let Some(fault) = query_fault(server, host).await else { continue };
        let is_unsent = |met: &Fault| met.reason == Reason::DnsServerUnreachable;
        if met.as_ref().is_none_or(|met| is_unsent(met) && !is_unsent(&fault)) {
            met = Some(fault);
        }
    }
    met
}

/// Returns the fault where the file names no server, or only by lines that the C library passes over, and none answers on this
/// machine either.
async fn fault_without_servers(host: &str, conf: &ResolvConf) -> Option<Fault> {
    let fault = query_fault(DEFAULT, host).await?;
    if let Some(line) = &conf.misread {
        return Some(Fault::heard(Reason::DnsConfigMalformed, format!("{FILE}, {line}")));
    }
    let heard = format!("{FILE} names no name server, and none answers on this machine");
    let nobody = matches!(fault.reason, Reason::DnsPortRefused | Reason::DnsServerUnreachable);
    Some(if nobody { Fault::heard(Reason::DnsServerUnreachable, heard) } else { fault })
}

/// Queries `server`, and returns its fault where it does not resolve `host`; the evidence names the server.
async fn query_fault(server: SocketAddr, host: &str) -> Option<Fault> {
    let mut fault = match dns_query::query(server, host, Family::V4, LIMIT).await {
        Ok(answer) => answer.fault(),
        Err(fault) => Some(fault),
    }?;
    let heard = fault.evidence.heard.take().unwrap_or_else(|| fault.reason.title().to_owned());
    fault.evidence.heard = Some(format!("{}: {heard}", server.ip()));
    Some(fault)
}
