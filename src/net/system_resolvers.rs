//! The system's resolvers, each queried by itself: `getaddrinfo` has one message for most failures.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use futures_util::future::{join, join_all};

use crate::outcome::{Family, Fault};
use crate::reason::Reason;
use crate::wire::dns::DnsResponse;

use super::dns_query;

/// The file that names the resolvers on every Unix.
const FILE: &str = "/etc/resolv.conf";
/// The number of resolvers that glibc and musl use.
const MAX_SERVERS: usize = 3;
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
    join_all(configured().await.unwrap_or_default().into_iter().map(query)).await
}

/// Returns the fault of the first resolver that does not resolve `host`; `None` where all do. A resolver to which no query can
/// be sent counts only where no other fails.
pub async fn refusal(host: &str) -> Option<Fault> {
    let Some(servers) = configured().await else { return fault_without_servers(host).await };
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

/// Returns the fault where the file names no server, and none answers on this machine either.
async fn fault_without_servers(host: &str) -> Option<Fault> {
    let fault = query_fault(DEFAULT, host).await?;
    let heard = format!("{FILE} names no name server, and none answers on this machine");
    let nobody = matches!(fault.reason, Reason::DnsPortRefused | Reason::DnsServerUnreachable);
    Some(if nobody { Fault::heard(Reason::DnsServerUnreachable, heard) } else { fault })
}

/// Queries `server`, and returns its fault where it does not resolve `host`; the evidence names the server.
async fn query_fault(server: SocketAddr, host: &str) -> Option<Fault> {
    let mut fault = match dns_query::query(server, host, Family::V4, LIMIT).await {
        Ok(answer) => answer.failed.map(|reason| Fault::heard(reason, &answer.rcode).code(&answer.rcode)),
        Err(fault) => Some(fault),
    }?;
    let heard = fault.evidence.heard.take().unwrap_or_else(|| fault.reason.title().to_owned());
    fault.evidence.heard = Some(format!("{}: {heard}", server.ip()));
    Some(fault)
}

/// Reads the servers in `/etc/resolv.conf`; `None` where it names none. Link-local addresses are left to the system.
async fn configured() -> Option<Vec<SocketAddr>> {
    tokio::task::spawn_blocking(|| servers(Path::new(FILE))).await.unwrap_or_default()
}

fn servers(file: &Path) -> Option<Vec<SocketAddr>> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let named: Vec<Server> = text.lines().filter_map(server).take(MAX_SERVERS).collect();
    let at = |server: &Server| if let Server::At(address) = server { Some(SocketAddr::new(*address, 53)) } else { None };
    (!named.is_empty()).then(|| named.iter().filter_map(at).collect())
}

/// A server as resolv.conf names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    At(IpAddr),
    /// Its address needs an interface: `fe80::1%eth0`.
    LinkLocal,
}

/// Parses a line `nameserver ADDRESS`.
fn server(line: &str) -> Option<Server> {
    let mut words = line.split_whitespace();
    let address = words.next().filter(|word| *word == "nameserver").and(words.next())?;
    match address.split_once('%') {
        Some((address, _)) => address.parse::<IpAddr>().ok().map(|_| Server::LinkLocal),
        None => address.parse().ok().map(Server::At),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolv_conf_line_names_a_server_as_the_system_reads_it() {
        let at = |address: &str| Some(Server::At(address.parse().expect(address)));
        for (line, expected) in [
            ("nameserver 10.66.0.1", at("10.66.0.1")),
            ("nameserver\t2001:db8::53 # ours", at("2001:db8::53")),
            ("# nameserver 10.66.0.1", None),
            ("options timeout:1", None),
            ("nameserver fe80::1%eth0", Some(Server::LinkLocal)),
            ("nameserver not.an.address", None),
            ("nameserver", None),
        ] {
            assert_eq!(server(line), expected, "{line}");
        }
        assert_eq!(servers(Path::new("/nonexistent")), None);
    }
}
