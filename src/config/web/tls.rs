//! The TLS settings of our own pages, from the web configuration.

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

/// The certificates that clients are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientCertificate {
    /// None is asked for.
    #[default]
    None,
    /// One is asked for, and not verified.
    Requested,
    /// One is required, whoever issued it.
    Any,
    /// One is asked for, and if presented must be issued by a CA of `client_ca_file`.
    VerifiedIfGiven,
    /// One is required, issued by a CA of `client_ca_file`.
    Verified,
}

impl ClientCertificate {
    /// Returns a number that is the higher the fewer clients are admitted.
    pub const fn admission(self) -> u8 {
        match self {
            Self::None | Self::Requested | Self::VerifiedIfGiven => 0,
            Self::Any => 1,
            Self::Verified => 2,
        }
    }

    /// Reports whether the issuer is verified.
    pub const fn is_verified(self) -> bool {
        matches!(self, Self::VerifiedIfGiven | Self::Verified)
    }
}

/// The terms on which TLS is accepted.
#[derive(Debug)]
pub struct TlsTerms {
    /// The certificate chain in PEM, our own certificate first.
    pub chain: Vec<u8>,
    /// The private key in PEM, without a password.
    pub key: Secret,
    /// The oldest and the newest version that is spoken.
    pub versions: (TlsVersion, TlsVersion),
    /// The certificates that clients are asked for.
    pub clients: ClientCertificate,
    /// The certificates of the CAs that issue clients' certificates, in PEM.
    pub issuers: Option<Vec<u8>>,
}
