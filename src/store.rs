//! The store: the present knowledge about every probe, and its snapshots, which take a microsecond.

mod clock_jump;
mod entry;
mod histogram;
mod history;
mod incident;
mod index;
mod published;
mod shared_vec;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::SystemTime;

use self::clock_jump::ClockJump;
pub use self::entry::{FailureCount, PastFailure, ProbeEntry, shown_certificates};
pub use self::histogram::{Arrivals, Histogram, Latencies, Scale};
pub use self::history::{History, PastRun};
pub use self::incident::{Incident, Incidents};
use self::index::{Index, Place};
pub use self::published::PublishedStore;
pub use self::shared_vec::SharedVec;
use crate::outcome::{CredentialKind, Outcome, ProbeId, SkipReason};
use crate::settings::ProbeSettings;

/// The last outcomes, the last good facts and the counts of every probe, in the order of the configuration.
///
/// Plain data without a lock. A clone of it is a snapshot: the two share all entries, and an outcome that is recorded into one
/// copies the entry of its probe and nothing else. [`PublishedStore`] is the one that threads share.
#[derive(Clone, Debug, Default)]
pub struct Store {
    probes: SharedVec<ProbeEntry>,
    latencies: SharedVec<TenantLatencies>,
    index: Arc<Index>,
    /// Number of runs skipped since the start, by [`SkipReason::code`](crate::outcome::SkipReason::code).
    pub skips: BTreeMap<&'static str, u64>,
    recorded: u64,
}

/// The histogram of one check of one tenant.
#[derive(Clone, Debug)]
struct TenantLatencies {
    tenant: String,
    check: &'static str,
    latencies: Latencies,
}

impl Store {
    /// Creates a store in which nothing is known yet.
    pub fn new(probes: &[ProbeSettings]) -> Self {
        let mut store = Self::default();
        store.adopt(&probes.iter().cloned().map(Arc::new).collect::<Vec<_>>());
        store
    }

    /// Takes over a new configuration: keeps the entries of probes that stay what they were, drops the rest.
    pub fn adopt(&mut self, probes: &[Arc<ProbeSettings>]) {
        let before = std::mem::take(&mut self.index);
        let mut entries: Vec<_> = std::mem::take(&mut self.probes).into_items().map(Some).collect();
        let series = self.adopt_latencies(probes);
        let (mut names, mut places) = (HashSet::new(), Vec::with_capacity(probes.len()));
        let mut adopted = Vec::with_capacity(probes.len());
        for settings in probes {
            if !names.insert(&settings.id) {
                continue; // one name, one set of series
            }
            let kept = before.of_probe(&settings.id).and_then(|place| entries.get_mut(place.entry)?.take());
            let kept = kept.filter(|entry| entry.is_same_target(settings));
            let mut entry = kept.unwrap_or_else(|| Arc::new(ProbeEntry::new(Arc::clone(settings))));
            if !Arc::ptr_eq(&entry.settings, settings) {
                Arc::make_mut(&mut entry).settings = Arc::clone(settings);
            }
            let latencies = series.get(&series_of(&settings.id)).copied().unwrap_or_default();
            places.push((Arc::clone(settings), Place { entry: adopted.len(), latencies }));
            adopted.push(entry);
        }
        self.index = Arc::new(Index::new(places));
        self.probes = adopted.into_iter().collect();
    }

    /// Keeps the histograms of `probes`, drops the others, and returns the place of each.
    fn adopt_latencies<'a>(&mut self, probes: &'a [Arc<ProbeSettings>]) -> BTreeMap<(&'a str, &'static str), usize> {
        let mut series: BTreeMap<_, usize> = probes.iter().map(|settings| (series_of(&settings.id), 0)).collect();
        let before: Vec<_> = std::mem::take(&mut self.latencies).into_items().collect();
        let before: HashMap<_, _> = before.iter().map(|counted| ((&*counted.tenant, counted.check), counted)).collect();
        let empty = |&(tenant, check): &(&str, &'static str)| {
            Arc::new(TenantLatencies { tenant: tenant.to_owned(), check, latencies: Latencies::default() })
        };
        let kept = series.keys().map(|key| before.get(key).map_or_else(|| empty(key), |counted| Arc::clone(counted)));
        self.latencies = kept.collect();
        series.values_mut().enumerate().for_each(|(index, place)| *place = index);
        series
    }

    /// Adds an outcome. An outcome of a probe that is no longer configured is dropped.
    pub fn record(&mut self, outcome: Outcome) {
        let kept = self.failures_kept();
        self.recorded += 1;
        let Some(place) = self.index.of_probe(&outcome.probe) else { return };
        if outcome.is_missed() {
            *self.skips.entry(SkipReason::Missed.code()).or_default() += 1;
        } else if let Some(code) = outcome.skip_code() {
            *self.skips.entry(code).or_default() += 1;
        } else if let Some(counted) = self.latencies.get_mut(place.latencies).filter(|_| outcome.is_latency_sample()) {
            counted.latencies.observe(outcome.took);
        }
        if let Some(entry) = self.probes.get_mut(place.entry) {
            entry.add(outcome, kept);
        }
    }

    /// Rewrites every time that was read from the wall clock before it was set.
    fn follow(&mut self, jump: ClockJump) {
        for index in 0..self.probes.len() {
            if let Some(entry) = self.probes.get_mut(index) {
                entry.follow(jump);
            }
        }
    }

    /// Returns the number of outcomes recorded: a store in which it is the same is the same.
    pub fn recorded(&self) -> u64 {
        self.recorded
    }

    /// Returns the entries of all probes, in the order of the configuration.
    pub fn probes(&self) -> &SharedVec<ProbeEntry> {
        &self.probes
    }

    /// Returns the entries of a tenant's probes, in the order of the configuration.
    pub fn of_tenant(&self, name: &str) -> impl Iterator<Item = &ProbeEntry> {
        self.index.of_tenant(name).iter().filter_map(|place| self.probes.get(*place))
    }

    /// Reports whether a tenant has probes.
    pub fn has_tenant(&self, name: &str) -> bool {
        !self.index.of_tenant(name).is_empty()
    }

    /// Returns the entries of mailboxes, each by its label or its address, in the order of the configuration.
    pub fn of_mailboxes(&self, names: &[&str]) -> impl Iterator<Item = &ProbeEntry> {
        let places: BTreeSet<usize> = names.iter().flat_map(|name| self.index.of_mailbox(name)).copied().collect();
        places.into_iter().filter_map(|place| self.probes.get(place))
    }

    /// Returns the entry of one probe.
    pub fn probe(&self, id: &ProbeId) -> Option<&ProbeEntry> {
        self.index.of_probe(id).and_then(|place| self.probes.get(place.entry))
    }

    /// Restores the histogram of one check of one tenant, if it is configured.
    pub fn restore_latencies(&mut self, tenant: &str, check: &str, latencies: Latencies) {
        let place = self.latencies.iter().position(|counted| counted.tenant == tenant && counted.check == check);
        if let Some(counted) = place.and_then(|place| self.latencies.get_mut(place)) {
            counted.latencies = latencies;
        }
    }

    /// Restores the number of runs skipped for the reason with this code, if there is such a reason.
    pub fn restore_skips(&mut self, code: &str, count: u64) {
        if let Some(code) = SkipReason::CODES.into_iter().find(|known| *known == code) {
            self.skips.insert(code, count);
        }
    }

    /// Returns the entry of one probe, to restore in it what an earlier process knew.
    pub fn probe_mut(&mut self, id: &ProbeId) -> Option<&mut ProbeEntry> {
        let place = self.index.of_probe(id)?;
        self.probes.get_mut(place.entry)
    }

    /// Returns the last run of a probe that took place.
    pub fn last_run(&self, id: &ProbeId) -> Option<Arc<Outcome>> {
        self.probe(id).and_then(|entry| entry.last.clone())
    }

    /// Returns kind and expiry of the credential in use by each tenant's application, by tenant: a certificate's as it was read last,
    /// a secret's as Graph told it last, else as declared.
    pub fn credentials(&self) -> BTreeMap<&str, (CredentialKind, SystemTime)> {
        let read = |entry: &ProbeEntry| match entry.settings.tenant.credential.kind()? {
            CredentialKind::Certificate => {
                entry.client_certificate.as_ref()?.facts.certificate.as_ref().map(|certificate| certificate.not_after)
            }
            CredentialKind::Secret => {
                let outcome = entry.registration.as_ref()?;
                outcome.facts.registration.as_ref()?.in_use_expires(outcome.at)
            }
        };
        let declared = |entry: &ProbeEntry| entry.settings.tenant.credential_expires;
        // The last reading counts: a certificate is renewed while other probes still use the token of the one before.
        let mut latest: Vec<&ProbeEntry> = self.probes.iter().collect();
        latest.sort_by_key(|entry| Reverse(entry.client_certificate.as_ref().map(|outcome| outcome.at)));
        let mut expiries = BTreeMap::new();
        for expiry in [read as fn(&ProbeEntry) -> Option<SystemTime>, declared] {
            for entry in &latest {
                if let Some(ending) = entry.settings.tenant.credential.kind().zip(expiry(entry)) {
                    expiries.entry(&*entry.settings.id.tenant).or_insert(ending);
                }
            }
        }
        expiries
    }

    /// Returns the histograms of the runs' times, by tenant and check.
    pub fn latencies(&self) -> impl Iterator<Item = (&str, &'static str, &Latencies)> {
        self.latencies.iter().map(|counted| (&*counted.tenant, counted.check, &counted.latencies))
    }

    /// Returns the histogram of one check of a tenant, to restore in it what an earlier process counted.
    pub fn latencies_mut(&mut self, tenant: &str, check: &str) -> Option<&mut Latencies> {
        let index = self.latencies.iter().position(|counted| counted.tenant == tenant && counted.check == check)?;
        self.latencies.get_mut(index).map(|counted| &mut counted.latencies)
    }

    /// Returns the number of failures kept for each probe: twenty, but down to two where many probes could fill the memory.
    fn failures_kept(&self) -> usize {
        (2000 / self.probes.len().max(1)).clamp(2, 20)
    }
}

/// Returns the tenant and the check that name the histogram in which a probe's runs are counted.
fn series_of(id: &ProbeId) -> (&str, &'static str) {
    (&id.tenant, id.check.name())
}

#[cfg(test)]
mod tests;
