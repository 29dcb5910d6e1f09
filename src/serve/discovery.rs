//! `/sd`: our probes as targets for Prometheus's HTTP service discovery
//! (<https://prometheus.io/docs/prometheus/latest/http_sd/>).

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::SocketAddr;

use hyper::HeaderMap;
use hyper::header::HOST;
use serde::{Serialize, Serializer as _};

use super::ExternalUrl;
use crate::compressed::{CompressedText, CompressingWriter};
use crate::outcome::ProbeId;
use crate::probe::Probe;

#[derive(Serialize)]
struct Group<'a> {
    targets: [&'a str; 1],
    labels: BTreeMap<&'static str, String>,
}

/// The place at which Prometheus is to scrape us.
pub struct Place {
    host: String,
    path: String,
    is_secure: bool,
}

impl Place {
    /// Takes the place from `--web.external-url`, else from the request: its host, or `local`, or `localhost` behind a Unix
    /// socket, where it names none.
    pub fn new(external: Option<&ExternalUrl>, headers: &HeaderMap, local: Option<SocketAddr>, is_secure: bool) -> Self {
        if let Some(url) = external {
            return Self { host: url.authority().to_owned(), path: url.path().to_owned(), is_secure: url.is_secure() };
        }
        let local = || local.map_or_else(|| "localhost".to_owned(), |local| local.to_string());
        Self { host: host(headers).map_or_else(local, ToOwned::to_owned), path: String::new(), is_secure }
    }
}

/// Renders one target for each probe, at `place`.
pub fn targets<'a>(probes: impl Iterator<Item = &'a Probe>, place: &Place) -> CompressedText {
    let mut text = CompressingWriter::default();
    let groups = probes.map(|probe| Group { targets: [&place.host], labels: labels(probe.id(), place) });
    // Texts only, written to memory: there is nothing JSON cannot hold.
    let _ = serde_json::Serializer::pretty(&mut text).collect_seq(groups);
    let _ = text.write_all(b"\n");
    text.finish()
}

/// Returns the labels of a probe's target. `instance` differs for each, while all share one address.
fn labels(id: &ProbeId, place: &Place) -> BTreeMap<&'static str, String> {
    let mut labels = BTreeMap::from([
        ("__metrics_path__", format!("{}/probe", place.path)),
        ("__param_check", id.check.name().to_owned()),
        ("__param_tenant", id.tenant.clone()),
        ("instance", id.to_string()),
        ("check", id.check.name().to_owned()),
        ("tenant", id.tenant.clone()),
    ]);
    if place.is_secure {
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
