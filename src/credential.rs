//! Credentials, with which the application authenticates to Entra: a file a kind, and a variant here.

mod arc_key;
mod assertion;
mod certificate;
mod client_secret;
mod federated_token;
mod key_pair;
mod managed_identity;
mod source;

use std::fmt;
use std::path::Path;
use std::time::SystemTime;

pub use self::arc_key::{ARC_KEYS, read_arc_key};
pub use self::certificate::{CertificateFiles, CertificateSource};
pub use self::federated_token::flaw as federated_token_flaw;
pub use self::key_pair::{EncodedPair, KeyPair, has_private_key};
pub use self::managed_identity::{AssignedIdentity, IdentityHost, ManagedIdentity, TokenPart};
pub use self::source::{SecretSource, Unreadable, trimmed};
use crate::outcome::{ClientCertificateFacts, CredentialKind, Fault};
use crate::reason::{CredentialForm, Reason};
use crate::secret::Secret;

/// A credential of the application. It is read anew for every token request, so that a rotated one needs no reload.
#[derive(Clone, Debug, PartialEq)]
pub enum Credential {
    /// A client secret.
    ClientSecret(SecretSource),
    /// A certificate and its private key.
    Certificate(CertificateSource),
    /// A token of another identity provider.
    FederatedToken(SecretSource),
    /// A managed identity, whose tokens an endpoint on this machine hands out.
    ManagedIdentity(ManagedIdentity),
}

/// The token request that a credential is presented in.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// Application (client) id.
    pub client_id: String,
    /// The URL of the token endpoint.
    pub endpoint: String,
}

impl TokenRequest {
    /// Returns the host of the token endpoint.
    fn host(&self) -> &str {
        let authority = self.endpoint.strip_prefix("https://").unwrap_or(&self.endpoint);
        authority.split(['/', ':']).next().unwrap_or_default()
    }
}

/// A credential as it was read for one token request.
#[derive(Debug)]
pub struct Reading {
    /// The certificate, also one that was not presented because it is of no use.
    pub certificate: Option<ClientCertificateFacts>,
    /// The proof, or why nothing can be sent.
    pub proof: Result<Proof, Fault>,
}

/// The proof of the application's identity in one token request.
#[derive(Debug)]
pub struct Proof {
    /// The parameter that holds it, and its value.
    pub parameter: (&'static str, Secret),
    /// The parameters that it adds beside that one.
    pub companions: &'static [(&'static str, &'static str)],
    /// A description for evidence, where one helps to compare it with what Entra knows.
    pub shown: Option<String>,
    /// A problem of the credential that stopped nothing.
    pub warning: Option<Fault>,
}

impl Proof {
    /// A proof that consists of one parameter and needs no description.
    fn new(name: &'static str, value: Secret) -> Self {
        Self { parameter: (name, value), companions: &[], shown: None, warning: None }
    }
}

impl Credential {
    /// Reads it and makes the proof for a token request.
    pub fn present(&self, request: &TokenRequest, now: SystemTime) -> Reading {
        match self {
            Self::ClientSecret(source) => client_secret::present(source),
            Self::Certificate(source) => source.present(request, now),
            Self::FederatedToken(source) => federated_token::present(source, request.host(), now),
            // Its proof is made of a token that an endpoint has to be asked for.
            Self::ManagedIdentity(_) => Reading { certificate: None, proof: Err(Fault::new(Reason::Internal)) },
        }
    }

    /// Explains a refusal by Entra at `now` by what was presented, and adds to the evidence what helps to compare it.
    pub fn explain(&self, fault: Fault, proof: &Proof, now: SystemTime) -> Explained {
        match self {
            Self::ClientSecret(_) => client_secret::explain(fault, proof),
            Self::Certificate(source) => source.explain(fault, proof, now),
            Self::FederatedToken(_) | Self::ManagedIdentity(_) => federated_token::explain(fault, proof),
        }
    }

    /// Returns the files that it is read from.
    pub fn files(&self) -> Vec<&Path> {
        match self {
            Self::ClientSecret(source) | Self::FederatedToken(source) => source.file().into_iter().collect(),
            Self::Certificate(source) => source.files().sources().filter_map(SecretSource::file).collect(),
            Self::ManagedIdentity(_) => Vec::new(),
        }
    }

    /// Returns the secret that each request with it has: a client secret, or what App Service wants to see. `None` where it cannot be
    /// read or there is none.
    pub fn client_secret(&self) -> Option<Secret> {
        match self {
            Self::ClientSecret(source) => source.read().ok(),
            Self::Certificate(_) | Self::FederatedToken(_) => None,
            Self::ManagedIdentity(identity) => identity.header().cloned(),
        }
    }

    /// Returns the mark by which Microsoft Graph shows which of the application's credentials this is: the first three characters
    /// of a secret, the thumbprint of a certificate. `None` where it cannot be read.
    pub fn mark(&self) -> Option<Secret> {
        match self {
            Self::ClientSecret(source) => Some(client_secret::mark(&source.read().ok()?)),
            Self::Certificate(source) => source.mark(SystemTime::now()),
            Self::FederatedToken(_) | Self::ManagedIdentity(_) => None, // Graph lists neither among these
        }
    }

    /// Reports whether reading it waits for a file.
    pub fn is_in_a_file(&self) -> bool {
        !self.files().is_empty()
    }

    /// Returns the managed identity, if it is one.
    pub const fn managed_identity(&self) -> Option<&ManagedIdentity> {
        match self {
            Self::ManagedIdentity(identity) => Some(identity),
            _ => None,
        }
    }

    /// Reports whether access tokens come from an endpoint on this machine, and the login host of the cloud is never asked.
    pub fn is_local(&self) -> bool {
        self.managed_identity().is_some_and(|identity| identity.part == TokenPart::Access)
    }

    /// Returns its kind as something that ends on a known day; `None` for a federated token and a managed identity, which have no
    /// end.
    pub const fn kind(&self) -> Option<CredentialKind> {
        match self {
            Self::ClientSecret(_) => Some(CredentialKind::Secret),
            Self::Certificate(_) => Some(CredentialKind::Certificate),
            Self::FederatedToken(_) | Self::ManagedIdentity(_) => None,
        }
    }

    /// Returns the form in which it proves the application.
    pub fn form(&self) -> CredentialForm {
        match self {
            Self::ClientSecret(_) => CredentialForm::ClientSecret,
            Self::Certificate(_) => CredentialForm::Certificate,
            Self::ManagedIdentity(_) if self.is_local() => CredentialForm::ManagedIdentity,
            Self::FederatedToken(_) | Self::ManagedIdentity(_) => CredentialForm::FederatedToken,
        }
    }
}

/// A refusal as the credential explains it.
#[derive(Debug)]
pub struct Explained {
    /// The fault, whose reason may be another one now.
    pub fault: Fault,
    /// A description of the credential that was sent, for the evidence.
    pub shown: Option<String>,
}

impl From<SecretSource> for Credential {
    fn from(source: SecretSource) -> Self {
        Self::ClientSecret(source)
    }
}

/// Writes the place that it is read from.
impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClientSecret(source) | Self::FederatedToken(source) => source.fmt(f),
            Self::Certificate(source) => source.fmt(f),
            Self::ManagedIdentity(identity) => identity.fmt(f),
        }
    }
}
