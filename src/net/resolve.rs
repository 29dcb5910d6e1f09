//! The resolution of a name as the application would do it: pinned names, then the system's resolver.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::path::Path;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::file;
use crate::outcome::Fault;
use crate::reason::Reason;

use super::{hosts, search_list, system_resolvers};

/// The most addresses of a name that are kept; more are no honest answer, and too many to try or to show.
const MAX_ADDRESSES: usize = 64;
/// The permits for lookups in flight. Each holds a thread that cannot be stopped, for as long as the system's resolver likes.
/// With more than this many of them the resolver is dead anyway, and further ones wait for the deadline without a thread.
static LOOKUPS: Semaphore = Semaphore::const_new(16);

/// Resolves `host` to its addresses, in the order the system prefers them. Never empty.
///
/// # Errors
/// The `dns_*` reasons.
pub async fn resolve(pinned: &BTreeMap<String, IpAddr>, host: &str) -> Result<Vec<IpAddr>, Fault> {
    if let Ok(address) = host.parse() {
        return Ok(vec![address]);
    }
    if let Some(address) = pinned.get(&host.to_ascii_lowercase()) {
        return Ok(vec![*address]);
    }
    let addresses = system(host).await?;
    if addresses.iter().all(IpAddr::is_unspecified) {
        // 0.0.0.0 would connect us to ourselves.
        let entries = hosts::entries(Path::new(hosts::SYSTEM), vec![host.to_owned()]).await;
        let here = hosts::gives(&entries, host, &addresses);
        let reason = if here { Reason::DnsHostsFileBlocks } else { Reason::DnsSinkhole };
        return Err(Fault::heard(reason, format!("{host} has the address {}", addresses[0])));
    }
    Ok(addresses)
}

/// Reports whether a reason means that the resolver works and denies the name: it does not exist, or has no usable address.
pub fn is_denial(reason: Reason) -> bool {
    matches!(reason, Reason::DnsSinkhole | Reason::DnsNameUnknown | Reason::DnsNoAddresses | Reason::DnsHostsFileBlocks)
}

/// Resolves `host` by `getaddrinfo`, hosts file and search list included. Never empty.
///
/// # Errors
/// The `dns_*` reasons.
pub async fn system(host: &str) -> Result<Vec<IpAddr>, Fault> {
    let addresses = match lookup(host).await {
        Ok(addresses) => addresses,
        Err(failed) => return Err(failed.explain(host).await),
    };
    if addresses.is_empty() {
        return Err(Fault::new(Reason::DnsNoAddresses));
    }
    search_list::captured(host, &addresses).await.map_or(Ok(addresses), Err)
}

/// A look-up for which `getaddrinfo` has an error.
#[derive(Debug)]
pub(super) struct FailedLookup {
    error: io::Error,
    took: Duration,
}

impl FailedLookup {
    /// Makes the fault of the failed look-up of `host`. `getaddrinfo` has one message for a resolver that refuses, fails, or is
    /// not there, so each resolver is queried once more to tell them apart.
    pub(super) async fn explain(self, host: &str) -> Fault {
        // A file or socket that cannot be opened is no name for glibc.
        if let Some(error) = file::exhaustion() {
            return Fault::heard(Reason::LocalResources, error.to_string());
        }
        let reason = reason(&self.error, self.took);
        let ambiguous = matches!(reason, Reason::DnsServerFailure | Reason::DnsNoAnswer);
        let fault = if ambiguous { system_resolvers::refusal(host).await } else { None };
        // Where its servers answer and it has an error, what it met is not known.
        let is_default = reason == Reason::DnsServerFailure;
        fault.unwrap_or_else(|| Fault::heard(reason, self.error.to_string()).unrecognized(is_default))
    }
}

/// Asks `getaddrinfo` for the addresses of `host`.
pub(super) async fn lookup(host: &str) -> Result<Vec<IpAddr>, FailedLookup> {
    let permit = LOOKUPS.acquire().await;
    let began = Instant::now();
    let name = host.to_owned();
    // The permit goes with the thread, which lives on when this run does not wait for it any more.
    let lookup = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        (name.as_str(), 0).to_socket_addrs().map(|found| found.map(|socket| socket.ip()).take(MAX_ADDRESSES).collect::<Vec<_>>())
    });
    lookup.await.unwrap_or_else(|error| Err(error.into())).map_err(|error| FailedLookup { error, took: began.elapsed() })
}

/// Finds the reason by the message of glibc or musl: of getaddrinfo's error, std keeps only that.
fn reason(error: &io::Error, took: Duration) -> Reason {
    /// glibc says "Temporary failure" for SERVFAIL, which comes at once, and for silence, which takes `timeout:` seconds.
    const SILENCE: Duration = Duration::from_secs(2);
    let text = error.to_string();
    let contains = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    if contains(&["not known", "does not resolve", "NODATA"]) {
        Reason::DnsNameUnknown
    } else if contains(&["No address associated", "has no usable address"]) {
        Reason::DnsNoAddresses
    } else if contains(&["Temporary failure", "Try again"]) && took >= SILENCE {
        Reason::DnsNoAnswer
    } else if error.raw_os_error().is_some() {
        Reason::LocalResources
    } else {
        Reason::DnsServerFailure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn resolve_of_an_address_or_a_pinned_name_asks_no_resolver() {
        let pinned = BTreeMap::from([("outlook.office365.com".to_owned(), IpAddr::from([127, 0, 0, 9]))]);
        for (host, address) in [("10.1.2.3", "10.1.2.3"), ("::1", "::1"), ("Outlook.Office365.com", "127.0.0.9")] {
            assert_eq!(resolve(&pinned, host).await.expect(host), [address.parse::<IpAddr>().expect(address)]);
        }
    }

    #[test]
    fn getaddrinfo_message_has_its_reason() {
        let quick = Duration::from_millis(3);
        let slow = Duration::from_secs(10);
        for (text, took, expected) in [
            ("failed to lookup address information: Name or service not known", quick, Reason::DnsNameUnknown),
            ("failed to lookup address information: Name does not resolve", quick, Reason::DnsNameUnknown),
            ("failed to lookup address information: No address associated with hostname", quick, Reason::DnsNoAddresses),
            ("failed to lookup address information: Temporary failure in name resolution", slow, Reason::DnsNoAnswer),
            ("failed to lookup address information: Temporary failure in name resolution", quick, Reason::DnsServerFailure),
            ("failed to lookup address information: Non-recoverable failure", quick, Reason::DnsServerFailure),
        ] {
            assert_eq!(reason(&io::Error::other(text), took), expected, "{text}");
        }
        assert_eq!(reason(&io::Error::from_raw_os_error(24), quick), Reason::LocalResources);
    }
}
