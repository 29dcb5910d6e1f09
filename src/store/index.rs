//! The places of probes in a store, by their tenant and by their mailbox: a request for one mailbox looks at no other.

use std::collections::HashMap;
use std::sync::Arc;

use crate::settings::ProbeSettings;

/// Places by name, each list in ascending order.
#[derive(Debug, Default)]
pub struct Index {
    tenants: HashMap<String, Vec<usize>>,
    /// By label and by address, in lower case: Exchange compares addresses without case.
    mailboxes: HashMap<String, Vec<usize>>,
}

impl Index {
    /// Indexes probes, which stand at their places in the store.
    pub fn new<'a>(probes: impl Iterator<Item = &'a Arc<ProbeSettings>>) -> Self {
        let mut index = Self::default();
        for (place, settings) in probes.enumerate() {
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
        index
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
