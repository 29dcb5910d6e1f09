//! The two versions of Entra's endpoints.

/// A version of Entra's endpoints: the first asks for a resource, the second for scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V1,
    V2,
}

impl Version {
    /// The version and the rest of a path below the tenant: `oauth2/v2.0/token`, `oauth2/token`.
    pub(super) fn from_path<'p>(path: &[&'p str]) -> Option<(Self, &'p str)> {
        match *path {
            ["oauth2", "v2.0", last] => Some((Self::V2, last)),
            ["oauth2", last] => Some((Self::V1, last)),
            _ => None,
        }
    }
}
