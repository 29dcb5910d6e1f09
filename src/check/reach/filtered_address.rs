//! Blames the source of an address that no server of Microsoft's can have, and not the connection that failed there.

use std::path::Path;

use crate::check::dns::blocking::is_blocking;
use crate::cloud;
use crate::net::{Net, hosts};
use crate::outcome::{Fault, Phase};
use crate::reason::Reason;

use super::attempt::Attempt;

/// Blames the resolver, or the hosts file at `hosts_file`, for the attempts that failed at a DNS filter's address. One that
/// succeeds there has met Microsoft behind a gateway of the user's own.
pub async fn blame(attempts: &mut [Attempt<'_>], net: &Net, hosts_file: &Path) {
    let filtered: Vec<&mut Attempt<'_>> = attempts.iter_mut().filter(|attempt| has_filtered_address(attempt, net)).collect();
    if filtered.is_empty() {
        return;
    }
    let entries = hosts::entries(hosts_file, filtered.iter().map(|attempt| attempt.at.host.to_ascii_lowercase()).collect()).await;
    for attempt in filtered {
        let (Some(address), Some((phase, fault))) = (attempt.address(), attempt.failed.take()) else { continue };
        let host = &attempt.at.host;
        let in_hosts_file = hosts::gives(&entries, host, &[address]);
        let reason = if in_hosts_file { Reason::DnsHostsFileBlocks } else { Reason::DnsSinkhole };
        let heard = format!("{host} has the address {address}; there {} in {phase}", fault.reason);
        attempt.fail(Phase::Dns, Fault::heard(reason, heard));
    }
}

fn has_filtered_address(attempt: &Attempt<'_>, net: &Net) -> bool {
    let at = attempt.at;
    attempt.failed.is_some()
        && cloud::is_microsoft_endpoint(&at.host.to_ascii_lowercase(), at.port)
        && net.pinned(&at.host).is_none()
        && attempt.address().is_some_and(is_blocking)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;
    use crate::check::reach::attempt::Route;
    use crate::check::reach::endpoint;
    use crate::cloud::Cloud;
    use crate::settings::Network;

    #[tokio::test]
    async fn failure_at_a_filters_address_is_dns_sinkhole() {
        let cloud = Cloud::built_in("global").expect("built in");
        let endpoints = endpoint::all(&cloud, true);
        let pinned =
            Network { resolve: [("login.microsoftonline.com".to_owned(), [10, 1, 1, 1].into())].into(), ..Network::default() };
        let (plain, pinned) = (Net::new(&Network::default()).expect("a trust store"), Net::new(&pinned).expect("a trust store"));
        for (net, address, fails, expected) in [
            (&plain, "10.1.1.1", true, Some((Phase::Dns, Reason::DnsSinkhole))),
            (&plain, "169.254.7.7", true, Some((Phase::Dns, Reason::DnsSinkhole))),
            (&plain, "20.190.141.32", true, Some((Phase::Connect, Reason::ConnectRefused))),
            (&pinned, "10.1.1.1", true, Some((Phase::Connect, Reason::ConnectRefused))),
            (&plain, "10.1.1.1", false, None),
        ] {
            let route = Route::Direct(address.parse::<IpAddr>().expect(address));
            let mut attempts = [Attempt::new(&endpoints[0], route, Instant::now() + Duration::from_secs(1))];
            if fails {
                attempts[0].fail(Phase::Connect, Fault::new(Reason::ConnectRefused));
            }
            blame(&mut attempts, net, Path::new("/nonexistent")).await;
            let failed = attempts[0].failed.as_ref().map(|(phase, fault)| (*phase, fault.reason));
            assert_eq!(failed, expected, "{address}");
            assert_eq!(attempts[0].facts().failed, expected, "{address}");
        }
    }
}
