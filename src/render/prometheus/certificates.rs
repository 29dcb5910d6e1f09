//! The metrics of the certificates that endpoints presented: when they end, whether they were accepted, and who issued them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use super::families::{Families, Labelled as _, Labels};
use crate::cloud::host_port;
use crate::fact::{CERTIFICATE_NOT_AFTER, CERTIFICATE_VERIFIED, TLS_INFO};
use crate::outcome::{CertificateFacts, EndpointFacts, Outcome, ProbeId};
use crate::report::text;
use crate::store::shown_certificates;

/// Characters of an issuer's name that become a label.
const ISSUER: usize = 64;

/// The certificates that one endpoint presented to the runs that tell how things are: the current ones, else the last.
#[derive(Debug)]
pub struct Presented<'a> {
    /// The first end of any of them.
    end: SystemTime,
    /// True if each was accepted.
    verified: bool,
    /// TLS versions, each with the issuer of a certificate.
    by: BTreeSet<(&'a str, &'a str)>,
    /// Start of the run, and true if it is current.
    at: (bool, SystemTime),
}

impl<'a> Presented<'a> {
    /// The certificate of one run.
    pub fn new(endpoint: &'a EndpointFacts, certificate: &'a CertificateFacts, at: SystemTime, is_current: bool) -> Self {
        let by = BTreeSet::from([(endpoint.tls_version.as_deref().unwrap_or(""), &*certificate.issuer)]);
        Self { end: certificate.not_after, verified: certificate.verified, by, at: (is_current, at) }
    }

    /// Adds what another run was presented, or another address of the endpoint in the same run.
    pub fn add(&mut self, other: Self) {
        let (is_current, at) = self.at;
        if is_current && other.at.0 || self.at == other.at {
            self.end = self.end.min(other.end);
            self.verified &= other.verified;
            self.by.extend(other.by);
            self.at = (is_current, at.max(other.at.1));
        } else if other.at > self.at {
            *self = other;
        }
    }

    /// Adds the metrics, of runs that are not current the end alone: it stays true.
    pub fn write(&self, families: &mut Families, probe: &ProbeId, (host, port): (&str, u16)) {
        let (labels, endpoint) = (Labels::of_probe(probe), host_port(host, port));
        let labels = labels.with("endpoint", &endpoint);
        families.timestamp(&CERTIFICATE_NOT_AFTER, &labels, Some(self.end));
        if !self.at.0 {
            return;
        }
        families.gauge(&CERTIFICATE_VERIFIED, &labels, f64::from(u8::from(self.verified)));
        let shown = |issuer: &str| text::one_line(issuer).chars().take(ISSUER).collect::<String>();
        let by: BTreeSet<(&str, String)> = self.by.iter().map(|(version, issuer)| (*version, shown(issuer))).collect();
        for (version, issuer) in by {
            families.gauge(&TLS_INFO, &labels.with("version", version).with("issuer", &issuer), 1.0);
        }
    }
}

/// Adds what `outcome` was presented at the endpoints that `is_shown` accepts, as certificates of `probe`.
pub fn of_run(
    families: &mut Families,
    probe: &ProbeId,
    outcome: &Outcome,
    is_shown: impl Fn(&str, u16) -> bool,
    is_current: bool,
) {
    let mut endpoints: BTreeMap<(&str, u16), Presented<'_>> = BTreeMap::new();
    for (endpoint, certificate) in shown_certificates(outcome).filter(|(at, _)| is_shown(&at.host, at.port)) {
        let presented = || Presented::new(endpoint, certificate, outcome.at, is_current);
        endpoints.entry((&endpoint.host, endpoint.port)).and_modify(|known| known.add(presented())).or_insert_with(presented);
    }
    for (endpoint, presented) in endpoints {
        presented.write(families, probe, endpoint);
    }
}
