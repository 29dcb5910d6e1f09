//! What is known now, for everybody who asks between two runs: the last outcomes, the last good facts, counts.

mod known;
mod latencies;
mod recent;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::SystemTime;

pub use self::known::{Known, PastFailure, shown_certificates};
pub use self::latencies::Latencies;
pub use self::recent::{Brief, Recent};
use crate::outcome::{Outcome, ProbeId, Verdict};
use crate::settings::ProbeSettings;

/// What is known of every probe, in the order of the configuration.
///
/// Plain state without a lock: whoever shares it puts it into a `RwLock` and holds that for a record or a rendering.
#[derive(Clone, Debug, Default)]
pub struct Store {
    probes: Vec<Known>,
    places: HashMap<ProbeId, usize>,
    latencies: BTreeMap<(String, &'static str), Latencies>,
    /// Turns that were skipped since the start, by [`SkipReason::code`](crate::outcome::SkipReason::code).
    pub skips: BTreeMap<&'static str, u64>,
}

impl Store {
    /// A store in which nothing is known yet.
    pub fn new(probes: &[ProbeSettings]) -> Self {
        let mut store = Self::default();
        store.adopt(probes);
        store
    }

    /// Takes over a new configuration: keeps what is known of probes that stay what they were, drops the rest.
    pub fn adopt(&mut self, probes: &[ProbeSettings]) {
        let mut before: HashMap<ProbeId, Known> =
            std::mem::take(&mut self.probes).into_iter().map(|known| (known.settings.id.clone(), known)).collect();
        let mut latencies = std::mem::take(&mut self.latencies);
        self.places.clear();
        for settings in probes {
            if self.places.contains_key(&settings.id) {
                continue; // one name, one set of series
            }
            let stays = before.remove(&settings.id).filter(|known| known.is_about(settings));
            let mut known = stays.unwrap_or_else(|| Known::new(settings.clone()));
            known.settings = settings.clone();
            self.places.insert(settings.id.clone(), self.probes.len());
            self.probes.push(known);
            let of = (settings.id.tenant.clone(), settings.id.check.name());
            let counted = latencies.remove(&of).unwrap_or_default();
            self.latencies.entry(of).or_insert(counted);
        }
    }

    /// Learns from an outcome. One of a probe that is no longer configured is forgotten.
    pub fn record(&mut self, outcome: Outcome) {
        let kept = self.failures_kept();
        let Some(known) = self.places.get(&outcome.probe).and_then(|place| self.probes.get_mut(*place)) else {
            return;
        };
        if let Verdict::Skipped(skip) = &outcome.verdict {
            *self.skips.entry(skip.code()).or_default() += 1;
        } else {
            let of = (outcome.probe.tenant.clone(), outcome.probe.check.name());
            self.latencies.entry(of).or_default().observe(outcome.took);
        }
        known.learn(outcome, kept);
    }

    /// Every probe, in the order of the configuration.
    pub fn probes(&self) -> &[Known] {
        &self.probes
    }

    /// One probe.
    pub fn probe(&self, id: &ProbeId) -> Option<&Known> {
        self.places.get(id).and_then(|place| self.probes.get(*place))
    }

    /// The last run of a probe that took place.
    pub fn last_run(&self, id: &ProbeId) -> Option<Arc<Outcome>> {
        self.probe(id).and_then(|known| known.last.clone())
    }

    /// When the credential in use of each tenant's application expires: as it was read last, else as declared.
    pub fn credentials(&self) -> BTreeMap<&str, SystemTime> {
        let read = |known: &Known| {
            let outcome = known.registration.as_ref()?;
            outcome.facts.registration.as_ref()?.in_use_expires(outcome.at)
        };
        let declared = |known: &Known| known.settings.tenant.credential_expires;
        let known = |of: fn(&Known) -> Option<SystemTime>| {
            self.probes.iter().filter_map(move |known| Some((&*known.settings.id.tenant, of(known)?)))
        };
        let mut told: BTreeMap<&str, SystemTime> = BTreeMap::new();
        for (tenant, expires) in known(read).chain(known(declared)) {
            told.entry(tenant).or_insert(expires);
        }
        told
    }

    /// How long runs took, by tenant and check.
    pub fn latencies(&self) -> impl Iterator<Item = (&str, &'static str, &Latencies)> {
        self.latencies.iter().map(|((tenant, check), latencies)| (tenant.as_str(), *check, latencies))
    }

    /// Failures kept for each probe: twenty, fewer where many probes could fill the memory with them.
    fn failures_kept(&self) -> usize {
        (2000 / self.probes.len().max(1)).clamp(3, 20)
    }
}

#[cfg(test)]
mod tests;
