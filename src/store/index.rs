//! The places of probes in a store, by their names, their tenant and their mailbox: a request for one mailbox looks at no other.

use std::collections::HashMap;
use std::sync::Arc;

use crate::outcome::ProbeId;
use crate::settings::ProbeSettings;

/// The places of a probe in the store's vectors.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub entry: usize,
    pub latencies: usize,
}

/// Places by name, each list in ascending order.
#[derive(Debug, Default)]
pub struct Index {
    /// In the order of the names: a search among 30,000 compares fifteen, and a hash table would hold a copy of each name.
    probes: Vec<(Arc<ProbeSettings>, Place)>,
    tenants: HashMap<String, Vec<usize>>,
    /// By label and by address, in lower case: Exchange compares addresses without case.
    mailboxes: HashMap<String, Vec<usize>>,
}

impl Index {
    /// Indexes probes, each with a name of its own, in the order of their places in the store.
    pub fn new(mut probes: Vec<(Arc<ProbeSettings>, Place)>) -> Self {
        let mut index = Self::default();
        for (settings, Place { entry: place, .. }) in &probes {
            let place = *place;
            match index.tenants.get_mut(&settings.id.tenant) {
                Some(places) => places.push(place),
                None => _ = index.tenants.insert(settings.id.tenant.clone(), vec![place]),
            }
            for name in [&settings.address, &settings.id.mailbox].into_iter().flatten() {
                let places = index.mailboxes.entry(name.to_ascii_lowercase()).or_default();
                if places.last() != Some(&place) {
                    places.push(place);
                }
            }
        }
        probes.sort_unstable_by(|(one, _), (other, _)| one.id.cmp(&other.id));
        Self { probes, ..index }
    }

    /// Returns the places of a probe.
    pub fn of_probe(&self, id: &ProbeId) -> Option<Place> {
        let found = self.probes.binary_search_by(|(settings, _)| settings.id.cmp(id)).ok()?;
        self.probes.get(found).map(|(_, place)| *place)
    }

    /// Returns the places of a tenant's probes.
    pub fn of_tenant(&self, name: &str) -> &[usize] {
        self.tenants.get(name).map_or(&[], Vec::as_slice)
    }

    /// Returns the places of the probes of a mailbox, by its label or its address, in any tenant.
    pub fn of_mailbox(&self, name: &str) -> &[usize] {
        self.mailboxes.get(&name.to_ascii_lowercase()).map_or(&[], Vec::as_slice)
    }
}
