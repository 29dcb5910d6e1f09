//! The store: the present knowledge about every probe, readable between two runs.

mod entry;
mod history;
mod latencies;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::SystemTime;

pub use self::entry::{PastFailure, ProbeEntry, shown_certificates};
pub use self::history::{History, PastRun};
pub use self::latencies::Latencies;
use crate::outcome::{Outcome, ProbeId, Verdict};
use crate::settings::ProbeSettings;

/// The last outcomes, the last good facts and the counts of every probe, in the order of the configuration.
///
/// Plain data without a lock: who shares it puts it into a `RwLock` and holds that for one record or one rendering.
#[derive(Clone, Debug, Default)]
pub struct Store {
    probes: Vec<ProbeEntry>,
    indices: HashMap<ProbeId, usize>,
    latencies: BTreeMap<(String, &'static str), Latencies>,
    /// Number of runs skipped since the start, by [`SkipReason::code`](crate::outcome::SkipReason::code).
    pub skips: BTreeMap<&'static str, u64>,
}

impl Store {
    /// Creates a store in which nothing is known yet.
    pub fn new(probes: &[ProbeSettings]) -> Self {
        let mut store = Self::default();
        store.adopt(probes);
        store
    }

    /// Takes over a new configuration: keeps the entries of probes that stay what they were, drops the rest.
    pub fn adopt(&mut self, probes: &[ProbeSettings]) {
        let mut before: HashMap<ProbeId, ProbeEntry> =
            std::mem::take(&mut self.probes).into_iter().map(|entry| (entry.settings.id.clone(), entry)).collect();
        let mut latencies = std::mem::take(&mut self.latencies);
        self.indices.clear();
        for settings in probes {
            if self.indices.contains_key(&settings.id) {
                continue; // one name, one set of series
            }
            let kept = before.remove(&settings.id).filter(|entry| entry.is_same_target(settings));
            let mut entry = kept.unwrap_or_else(|| ProbeEntry::new(settings.clone()));
            entry.settings = settings.clone();
            self.indices.insert(settings.id.clone(), self.probes.len());
            self.probes.push(entry);
            let key = (settings.id.tenant.clone(), settings.id.check.name());
            let counted = latencies.remove(&key).unwrap_or_default();
            self.latencies.entry(key).or_insert(counted);
        }
    }

    /// Adds an outcome. An outcome of a probe that is no longer configured is dropped.
    pub fn record(&mut self, outcome: Outcome) {
        let kept = self.failures_kept();
        let Some(entry) = self.indices.get(&outcome.probe).and_then(|index| self.probes.get_mut(*index)) else {
            return;
        };
        if let Verdict::Skipped(skip) = &outcome.verdict {
            *self.skips.entry(skip.code()).or_default() += 1;
        } else {
            let key = (outcome.probe.tenant.clone(), outcome.probe.check.name());
            self.latencies.entry(key).or_default().observe(outcome.took);
        }
        entry.add(outcome, kept);
    }

    /// Returns the entries of all probes, in the order of the configuration.
    pub fn probes(&self) -> &[ProbeEntry] {
        &self.probes
    }

    /// Returns the entry of one probe.
    pub fn probe(&self, id: &ProbeId) -> Option<&ProbeEntry> {
        self.indices.get(id).and_then(|index| self.probes.get(*index))
    }

    /// Returns the last run of a probe that took place.
    pub fn last_run(&self, id: &ProbeId) -> Option<Arc<Outcome>> {
        self.probe(id).and_then(|entry| entry.last.clone())
    }

    /// Returns the expiry of the credential in use by each tenant's application, by tenant: as read last, else as declared.
    pub fn credentials(&self) -> BTreeMap<&str, SystemTime> {
        let read = |entry: &ProbeEntry| {
            let outcome = entry.registration.as_ref()?;
            outcome.facts.registration.as_ref()?.in_use_expires(outcome.at)
        };
        let declared = |entry: &ProbeEntry| entry.settings.tenant.credential_expires;
        let by_tenant = |expiry: fn(&ProbeEntry) -> Option<SystemTime>| {
            self.probes.iter().filter_map(move |entry| Some((&*entry.settings.id.tenant, expiry(entry)?)))
        };
        let mut expiries: BTreeMap<&str, SystemTime> = BTreeMap::new();
        for (tenant, expires) in by_tenant(read).chain(by_tenant(declared)) {
            expiries.entry(tenant).or_insert(expires);
        }
        expiries
    }

    /// Returns the histograms of the runs' times, by tenant and check.
    pub fn latencies(&self) -> impl Iterator<Item = (&str, &'static str, &Latencies)> {
        self.latencies.iter().map(|((tenant, check), latencies)| (tenant.as_str(), *check, latencies))
    }

    /// Returns the number of failures kept for each probe: twenty, but down to three where many probes could fill the memory.
    fn failures_kept(&self) -> usize {
        (2000 / self.probes.len().max(1)).clamp(3, 20)
    }
}

#[cfg(test)]
mod tests;
