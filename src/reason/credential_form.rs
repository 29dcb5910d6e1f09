//! The forms of an application's credential, as far as what is to be done depends on them.

/// The form in which an application proves itself to Entra.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialForm {
    /// A client secret.
    ClientSecret,
    /// A certificate, whose private key signs an assertion.
    Certificate,
    /// A token of another identity provider, or of a managed identity, as the assertion of an app registration.
    FederatedToken,
    /// A managed identity, whose token is the access token: there is no app registration.
    ManagedIdentity,
}

impl CredentialForm {
    /// Every form.
    pub const ALL: [Self; 4] = [Self::ClientSecret, Self::Certificate, Self::FederatedToken, Self::ManagedIdentity];

    /// Returns the code, as in JSON: `client_secret`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ClientSecret => "client_secret",
            Self::Certificate => "certificate",
            Self::FederatedToken => "federated_token",
            Self::ManagedIdentity => "managed_identity",
        }
    }

    /// Returns the form with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.code() == code)
    }
}
