//! What TLS is accepted with on our own pages, as a web configuration says it.

use crate::secret::Secret;

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.0, which the system's OpenSSL may no longer speak.
    Tls10,
    /// TLS 1.1, likewise.
    Tls11,
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

/// Which certificates clients show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientCertificate {
    /// None is asked for.
    #[default]
    None,
    /// One is asked for, and none is looked at.
    Requested,
    /// There must be one, whoever issued it.
    Any,
    /// If there is one, it must be issued by one of ours.
    VerifiedIfGiven,
    /// There must be one, issued by one of ours.
    Verified,
}

impl ClientCertificate {
    /// Whether it matters who issued it.
    pub const fn is_verified(self) -> bool {
        matches!(self, Self::VerifiedIfGiven | Self::Verified)
    }
}

/// What TLS is accepted with.
#[derive(Debug)]
pub struct TlsTerms {
    /// PEM, our own certificate first.
    pub chain: Vec<u8>,
    /// Its key: PEM without a password.
    pub key: Secret,
    /// The oldest and the newest version that is spoken.
    pub versions: (TlsVersion, TlsVersion),
    /// Which certificates clients show.
    pub clients: ClientCertificate,
    /// PEM of those who issue them.
    pub issuers: Option<Vec<u8>>,
}
