//! Judged outcomes, found by their probe and their tenant.

use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};

use super::{Application, JudgedOutcome};
use crate::outcome::{Outcome, ProbeId};

/// The ids of a tenant that texts about it are filled in with.
#[derive(Clone, Copy, Debug, Default)]
pub struct TenantIds<'a> {
    /// The application and its tenant as configured.
    pub configured: Option<Application<'a>>,
    /// Application (client) id, as the first token that has one names it.
    pub client_id: Option<&'a str>,
    /// Directory (tenant) id, likewise.
    pub tenant_id: Option<&'a str>,
    /// Object id of the enterprise application, likewise.
    pub object_id: Option<&'a str>,
}

/// An index over judged outcomes: who explains ten thousand failures looks each up, and searches for none.
#[derive(Debug)]
pub struct OutcomeIndex<'a> {
    judged: &'a [JudgedOutcome<'a>],
    places: HashMap<&'a ProbeId, usize>,
    tenants: HashMap<&'a str, TenantIds<'a>>,
    /// This machine's address as Microsoft's submission server sees it, whichever tenant it was seen for.
    pub public_address: Option<&'a str>,
}

impl<'a> OutcomeIndex<'a> {
    /// Indexes `judged`, where no probe comes twice but for its facts.
    pub fn new(judged: &'a [JudgedOutcome<'a>]) -> Self {
        let mut places = HashMap::with_capacity(judged.len());
        let mut tenants: HashMap<&str, TenantIds<'_>> = HashMap::new();
        for (place, one) in judged.iter().enumerate() {
            let probe = &one.outcome.probe;
            places.entry(probe).or_insert(place);
            let ids = match tenants.entry(&probe.tenant) {
                Occupied(known) => known.into_mut(),
                Vacant(new) => new.insert(TenantIds::default()),
            };
            ids.add(one);
        }
        let public_address = judged.iter().find_map(|one| one.outcome.facts.server.public_address.as_deref());
        Self { judged, places, tenants, public_address }
    }

    /// Returns the outcomes that are indexed.
    pub const fn judged(&self) -> &'a [JudgedOutcome<'a>] {
        self.judged
    }

    /// Returns those of `probes`, in the order in which they are indexed.
    pub fn judged_of(&self, probes: &[ProbeId]) -> Vec<&'a JudgedOutcome<'a>> {
        let mut places: Vec<usize> = probes.iter().filter_map(|probe| self.places.get(probe).copied()).collect();
        places.sort_unstable();
        places.into_iter().filter_map(|place| self.judged.get(place)).collect()
    }

    /// The same without what they amount to.
    pub fn outcomes(&self, probes: &[ProbeId]) -> Vec<&'a Outcome> {
        self.judged_of(probes).into_iter().map(|one| one.outcome).collect()
    }

    /// Returns what is known of a tenant's application.
    pub fn tenant(&self, name: &str) -> TenantIds<'a> {
        self.tenants.get(name).copied().unwrap_or_default()
    }
}

impl<'a> TenantIds<'a> {
    /// Takes from an outcome what is not known yet.
    fn add(&mut self, one: &JudgedOutcome<'a>) {
        self.configured = self.configured.or(one.application);
        if let Some(token) = &one.outcome.facts.token {
            self.client_id = self.client_id.or(token.app_id.as_deref());
            self.tenant_id = self.tenant_id.or(token.tenant_id.as_deref());
            self.object_id = self.object_id.or(token.object_id.as_deref());
        }
    }
}
