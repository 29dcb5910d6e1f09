//! The state of a service that must outlive a restart, as JSON, written and read: since when a probe fails, counters, the last
//! failures, incidents.
//!
//! No run is kept as such, so nothing restored looks like one: until its first run a probe has no result. A failed run that
//! follows upon failed ones before the restart continues their "since"; a run that succeeds ends it.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::{ProbeEntry, phase, reason, time};
use crate::outcome::{Evidence, Failure, ProbeId, parse_seconds, rfc3339, seconds};
use crate::phase::Phase;
use crate::reason::Reason;
use crate::settings::ProbeSettings;
use crate::store::{Arrivals, FailureCount, Incident, Incidents, Latencies, PastFailure, ProbeEntry as StoredProbe, Store};

/// The mark of the format, by which a file of another program is told.
const FORMAT: &str = "m365-probe state";
/// The version of the format.
const VERSION: u64 = 1;
/// Failures kept over all probes, the latest ones: some 700 bytes each, so that a whole state stays within 15 MB.
const FAILURES: usize = 4000;

/// A state. Times are RFC 3339 in UTC.
#[derive(Debug, Serialize, Deserialize)]
pub struct State<'a> {
    format: Cow<'a, str>,
    version: u64,
    at: String,
    probes: Vec<ProbeState<'a>>,
    latencies: Vec<TenantLatencies<'a>>,
    skips: BTreeMap<Cow<'a, str>, u64>,
}

/// The cause for which a state is not read.
#[derive(Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// A later version wrote it.
    Newer(u64),
    /// It is no state, or damaged; the message says where.
    Damaged(String),
}

/// The knowledge about one probe.
#[derive(Debug, Serialize, Deserialize)]
struct ProbeState<'a> {
    #[serde(flatten)]
    probe: ProbeEntry<'a>,
    /// The tenant and application that it is of: counts of another one say nothing.
    target: String,
    runs: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    arrivals: Option<Cow<'a, Arrivals>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_success: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failing: Option<Failing<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    failures: Vec<FailureState<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    last_failures: Vec<PastFailureState<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    incidents: Vec<IncidentState<'a>>,
}

/// The present failure.
#[derive(Debug, Serialize, Deserialize)]
struct Failing<'a> {
    since: String,
    reason: Cow<'a, str>,
    reason_since: String,
}

/// The count of the runs that failed in one phase for one reason.
#[derive(Debug, Serialize, Deserialize)]
struct FailureState<'a> {
    phase: Cow<'a, str>,
    reason: Cow<'a, str>,
    count: u64,
    since: String,
}

/// A failure of an earlier run, as far as `/api/v1/outcomes` showed it.
#[derive(Debug, Serialize, Deserialize)]
struct PastFailureState<'a> {
    at: String,
    seconds: f64,
    phase: Cow<'a, str>,
    reason: Cow<'a, str>,
    evidence: Cow<'a, Evidence>,
}

/// A time in which the probe failed for one reason; it lasts where it has no end.
#[derive(Debug, Serialize, Deserialize)]
struct IncidentState<'a> {
    reason: Cow<'a, str>,
    from: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    runs: u32,
}

/// The histogram of one check of one tenant.
#[derive(Debug, Serialize, Deserialize)]
struct TenantLatencies<'a> {
    tenant: Cow<'a, str>,
    check: Cow<'a, str>,
    latencies: Cow<'a, Latencies>,
}

impl<'a> State<'a> {
    /// The state that `store` has.
    pub fn new(store: &'a Store, now: SystemTime) -> Self {
        let kept_since = kept_failures_since(store);
        let latencies = store.latencies().map(|(tenant, check, latencies)| TenantLatencies {
            tenant: tenant.into(),
            check: check.into(),
            latencies: Cow::Borrowed(latencies),
        });
        Self {
            format: FORMAT.into(),
            version: VERSION,
            at: rfc3339(now),
            // A probe that has not run is as new to the next process as to this one.
            probes: store
                .probes()
                .iter()
                .filter(|entry| entry.runs > 0)
                .map(|entry| ProbeState::new(entry, kept_since))
                .collect(),
            latencies: latencies.collect(),
            skips: store.skips.iter().map(|(code, count)| ((*code).into(), *count)).collect(),
        }
    }

    /// JSON, in one line.
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec(self).unwrap_or_default(); // texts, numbers and maps with text keys: JSON holds them all
        json.push(b'\n');
        json
    }
}

/// Returns the time since which failures are kept, so that no more than [`FAILURES`] are.
fn kept_failures_since(store: &Store) -> SystemTime {
    let mut times: Vec<SystemTime> =
        store.probes().iter().flat_map(|entry| &entry.last_failures).map(|failure| failure.at).collect();
    if times.len() <= FAILURES {
        return SystemTime::UNIX_EPOCH;
    }
    let (_, oldest, _) = times.select_nth_unstable_by_key(FAILURES, |at| Reverse(*at));
    *oldest
}

impl State<'static> {
    /// Parses JSON.
    ///
    /// # Errors
    /// A newer version wrote it, or it is no state.
    pub fn from_json(json: &[u8]) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Header {
            format: String,
            version: u64,
        }
        let damaged = |error: serde_json::Error| Unreadable::Damaged(format!("it is not readable: {error}"));
        let Header { format, version } = serde_json::from_slice(json).map_err(damaged)?;
        if format != FORMAT {
            return Err(Unreadable::Damaged("it is not of this program".to_owned()));
        }
        if version > VERSION {
            return Err(Unreadable::Newer(version));
        }
        serde_json::from_slice(json).map_err(damaged)
    }

    /// Restores the knowledge about the probes that `store` has, in which nothing is known yet, and returns their number. What is
    /// not understood is left out.
    pub fn restore(self, store: &mut Store) -> usize {
        let mut restored = 0;
        for state in self.probes {
            let Ok(id) = state.probe.id() else { continue };
            if let Some(entry) = store.probe_mut(&id).filter(|entry| state.is_of(&entry.settings)) {
                state.restore(entry);
                restored += 1;
            }
        }
        for TenantLatencies { tenant, check, latencies } in self.latencies {
            store.restore_latencies(&tenant, &check, latencies.into_owned());
        }
        for (code, count) in self.skips {
            store.restore_skips(&code, count);
        }
        restored
    }
}

impl<'a> ProbeState<'a> {
    fn new(entry: &'a StoredProbe, kept_since: SystemTime) -> Self {
        let id: &'a ProbeId = &entry.settings.id;
        let failing = entry.failing_since.zip(entry.reason_since).zip(entry.failing_reason);
        Self {
            probe: ProbeEntry::new(id, entry.settings.address.as_deref()),
            target: target(&entry.settings),
            runs: entry.runs,
            arrivals: (entry.arrivals.count > 0).then_some(Cow::Borrowed(&entry.arrivals)),
            last_success: entry.last_success.map(rfc3339),
            failing: failing.map(|((since, reason_since), reason)| Failing {
                since: rfc3339(since),
                reason: reason.code().into(),
                reason_since: rfc3339(reason_since),
            }),
            failures: entry
                .failures
                .iter()
                .map(|((phase, reason), failures)| FailureState {
                    phase: phase.code().into(),
                    reason: reason.code().into(),
                    count: failures.count,
                    since: rfc3339(failures.since),
                })
                .collect(),
            last_failures: entry
                .last_failures
                .iter()
                .filter(|failure| failure.at >= kept_since)
                .map(|failure| PastFailureState {
                    at: rfc3339(failure.at),
                    seconds: seconds(failure.took),
                    phase: failure.failure.phase.code().into(),
                    reason: failure.failure.reason.code().into(),
                    evidence: Cow::Borrowed(&failure.failure.evidence),
                })
                .collect(),
            incidents: entry.incidents.iter().map(IncidentState::new).collect(),
        }
    }

    /// Reports whether this is about the same mailbox or tenant of the same application.
    fn is_of(&self, settings: &ProbeSettings) -> bool {
        self.target == target(settings) && self.probe.address.as_deref() == settings.address.as_deref()
    }

    fn restore(self, entry: &mut StoredProbe) {
        entry.runs = self.runs;
        entry.arrivals = self.arrivals.map(Cow::into_owned).unwrap_or_default();
        entry.last_success = self.last_success.as_deref().and_then(|at| time("last_success", at).ok());
        if let Some(Ok((since, reason, reason_since))) = self.failing.map(|failing| failing.read()) {
            (entry.failing_since, entry.reason_since, entry.failing_reason) = (Some(since), Some(reason_since), Some(reason));
        }
        entry.failures = self.failures.into_iter().filter_map(|failures| failures.read().ok()).collect();
        entry.last_failures = self.last_failures.into_iter().filter_map(|failure| failure.read().ok().map(Arc::new)).collect();
        entry.incidents = Incidents::restored(self.incidents.iter().filter_map(|incident| incident.read().ok()));
    }
}

/// Returns the tenant and application that a probe is of, and the folder that it opens.
fn target(settings: &ProbeSettings) -> String {
    let tenant = &settings.tenant;
    format!("{}/{}/{}/{:?}", tenant.cloud.name, tenant.tenant_id, tenant.client_id, settings.folder)
}

impl Failing<'_> {
    fn read(&self) -> Result<(SystemTime, Reason, SystemTime), String> {
        Ok((time("since", &self.since)?, reason(&self.reason)?, time("reason_since", &self.reason_since)?))
    }
}

impl FailureState<'_> {
    fn read(&self) -> Result<((Phase, Reason), FailureCount), String> {
        let count = FailureCount { count: self.count, since: time("since", &self.since)? };
        Ok(((phase(&self.phase)?, reason(&self.reason)?), count))
    }
}

impl IncidentState<'_> {
    fn new(incident: &Incident) -> Self {
        let Incident { reason, from, to, runs } = incident;
        Self { reason: reason.code().into(), from: rfc3339(*from), to: to.map(rfc3339), runs: *runs }
    }

    fn read(&self) -> Result<Incident, String> {
        let to = self.to.as_deref().map(|to| time("to", to)).transpose()?;
        Ok(Incident { reason: reason(&self.reason)?, from: time("from", &self.from)?, to, runs: self.runs })
    }
}

impl PastFailureState<'_> {
    fn read(self) -> Result<PastFailure, String> {
        let failure = Failure { phase: phase(&self.phase)?, reason: reason(&self.reason)?, evidence: self.evidence.into_owned() };
        Ok(PastFailure { at: time("at", &self.at)?, took: parse_seconds(self.seconds).unwrap_or_default(), failure })
    }
}

#[cfg(test)]
mod tests;
