//! The machine that the application runs on, as far as Azure gives it managed identities: plain data.

use std::path::PathBuf;

use crate::credential::ARC_KEYS;
use crate::secret::Secret;

/// A machine with an endpoint that hands out tokens of managed identities.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Its kind, by which the endpoint speaks.
    pub kind: MachineKind,
    /// The machine's own identity, if it has one.
    pub own: Option<Identity>,
    /// The identities that a user has assigned.
    pub assigned: Vec<Identity>,
    /// The value of IDENTITY_HEADER, which App Service hands to the application.
    pub header: Secret,
    /// The directory in which the agent of Azure Arc writes its keys.
    pub keys: PathBuf,
    /// The path of that directory as the agent names it to others, who may see it elsewhere.
    pub named_keys: PathBuf,
}

/// A kind of machine with managed identities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MachineKind {
    /// A virtual machine: the Instance Metadata Service (IMDS).
    VirtualMachine,
    /// App Service, Functions, Container Apps.
    AppService,
    /// A server that Azure Arc connects.
    Arc,
}

/// A managed identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Client id.
    pub client_id: String,
    /// Object (principal) id of its enterprise application.
    pub object_id: String,
    /// Resource id.
    pub resource_id: String,
}

impl Machine {
    /// A machine whose own identity is `own`, and that has no other.
    pub fn new(kind: MachineKind, own: Identity) -> Self {
        Self {
            kind,
            own: Some(own),
            assigned: Vec::new(),
            // Shaped like a real one, and of no use anywhere.
            header: Secret::new("853b9a84-5bfa-4b22-a3f3-0b9a43d9ad8a"),
            keys: ARC_KEYS.into(),
            named_keys: ARC_KEYS.into(),
        }
    }

    /// Returns the identity with one of these ids, in any case.
    pub fn identity(&self, id: &str) -> Option<&Identity> {
        let has_id = |identity: &&Identity| {
            [&identity.client_id, &identity.object_id, &identity.resource_id].iter().any(|own| own.eq_ignore_ascii_case(id))
        };
        self.own.iter().chain(&self.assigned).find(has_id)
    }
}

impl Identity {
    /// An identity with these ids, as resource `name` of one subscription.
    pub fn new(name: &str, client_id: &str, object_id: &str) -> Self {
        let group = "/subscriptions/01234567-89ab-cdef-0123-456789abcdef/resourcegroups/monitoring";
        Self {
            client_id: client_id.to_owned(),
            object_id: object_id.to_owned(),
            resource_id: format!("{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"),
        }
    }
}
