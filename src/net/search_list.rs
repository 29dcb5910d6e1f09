//! The search list of `/etc/resolv.conf`: a domain of it with a wildcard record answers in the place of the name itself.

use std::net::IpAddr;
use std::path::Path;

use futures_util::future::join_all;

use crate::cloud::{self, ranges};
use crate::outcome::Fault;
use crate::reason::Reason;

use super::resolv_conf::{self, ResolvConf};
use super::{hosts, resolve};

/// Returns the fault where `found`, the addresses that the system has for `host`, are those of a longer name: `host` with a
/// domain of the search list behind it. Looked for only where `host` is Microsoft's and none of the addresses is.
///
/// The proof is the name with a dot at its end, for which no search list is used: it has other addresses, or none. Then the
/// fault is why it has none.
pub async fn captured(host: &str, found: &[IpAddr]) -> Option<Fault> {
    if !cloud::is_microsoft_host(host) || found.iter().any(|address| ranges::is_published(host, *address)) {
        return None;
    }
    let conf = ResolvConf::read().await;
    if conf.search.is_empty() || is_in_hosts_file(host, found).await {
        return None;
    }
    let absolute = format!("{host}.");
    let own = resolve::lookup(&absolute).await;
    if own.as_ref().is_ok_and(|own| found.iter().any(|address| own.contains(address))) {
        return None;
    }
    let longer = longer_name(host, found, &conf).await?;
    let address = found.first()?;
    match own {
        Ok(own) => {
            let own = own.first()?;
            let heard = format!("{host} has the address {address} of {longer}; {absolute} has {own}; {}", describe(&conf));
            Some(Fault::heard(Reason::DnsSearchList, heard))
        }
        Err(failed) => {
            let mut fault = failed.explain(&absolute).await;
            let heard = fault.evidence.heard.take().unwrap_or_else(|| fault.reason.title().to_owned());
            fault.evidence.heard = Some(format!("{absolute}: {heard}; {address} is the address of {longer}"));
            Some(fault)
        }
    }
}

/// Returns the first of the names made of `host` and a search domain that has one of the addresses in `found`.
async fn longer_name(host: &str, found: &[IpAddr], conf: &ResolvConf) -> Option<String> {
    let lookups = conf.search.iter().map(|domain| async move {
        let longer = format!("{host}.{domain}");
        let addresses = resolve::lookup(&format!("{longer}.")).await.unwrap_or_default();
        addresses.iter().any(|address| found.contains(address)).then_some(longer)
    });
    join_all(lookups).await.into_iter().flatten().next()
}

/// Describes the lines of the file: `/etc/resolv.conf: search corp.example, ndots:5`.
fn describe(conf: &ResolvConf) -> String {
    format!("{}: search {}, ndots:{}", resolv_conf::FILE, conf.search.join(" "), conf.ndots)
}

async fn is_in_hosts_file(host: &str, found: &[IpAddr]) -> bool {
    let entries = hosts::entries(Path::new(hosts::SYSTEM), vec![host.to_owned()]).await;
    hosts::gives(&entries, host, found)
}
