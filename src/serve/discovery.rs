//! `/sd`: our probes as targets for Prometheus's HTTP service discovery
//! (<https://prometheus.io/docs/prometheus/latest/http_sd/>).

use std::collections::BTreeMap;
use std::net::SocketAddr;

use hyper::HeaderMap;
use hyper::header::HOST;
use serde::Serialize;

use crate::outcome::ProbeId;
use crate::probe::Probe;

#[derive(Serialize)]
struct Group<'a> {
    targets: [&'a str; 1],
    labels: BTreeMap<&'static str, String>,
}

/// Renders one target for each probe, at the host and scheme by which the request reached us; at `local`, or `localhost` behind a
/// Unix socket, where it names no host.
pub fn targets<'a>(
    probes: impl Iterator<Item = &'a Probe>,
    headers: &HeaderMap,
    local: Option<SocketAddr>,
    secure: bool,
) -> String {
    let local = || local.map_or_else(|| "localhost".to_owned(), |local| local.to_string());
    let host = host(headers).map_or_else(local, ToOwned::to_owned);
    let groups: Vec<Group<'_>> = probes.map(|probe| Group { targets: [&host], labels: labels(probe.id(), secure) }).collect();
    serde_json::to_string_pretty(&groups).unwrap_or_default() + "\n" // texts only: there is nothing JSON cannot hold
}

/// Returns the labels of a probe's target. `instance` differs for each, while all share one address.
fn labels(id: &ProbeId, secure: bool) -> BTreeMap<&'static str, String> {
    let mut labels = BTreeMap::from([
        ("__metrics_path__", "/probe".to_owned()),
        ("__param_check", id.check.name().to_owned()),
        ("__param_tenant", id.tenant.clone()),
        ("instance", id.to_string()),
        ("check", id.check.name().to_owned()),
        ("tenant", id.tenant.clone()),
    ]);
    if secure {
        labels.insert("__scheme__", "https".to_owned());
    }
    if let Some(mailbox) = &id.mailbox {
        labels.extend([("__param_mailbox", mailbox.clone()), ("mailbox", mailbox.clone())]);
    }
    labels
}

/// Returns the host of the request, if it looks like one.
fn host(headers: &HeaderMap) -> Option<&str> {
    let host = headers.get(HOST)?.to_str().ok()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
    Some(host).filter(|host| !host.is_empty() && host.len() <= 300 && host.bytes().all(plain))
}
