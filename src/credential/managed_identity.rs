//! A managed identity of Azure as a credential: an endpoint on this machine hands out its tokens, and there is no secret.
//! <https://learn.microsoft.com/en-us/entra/identity/managed-identities-azure-resources/overview>

use std::fmt;
use std::path::PathBuf;
use std::time::SystemTime;

use super::{Proof, federated_token};
use crate::cloud::HttpsEndpoint;
use crate::outcome::Fault;
use crate::secret::Secret;

/// A managed identity, and the endpoint that hands out its tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct ManagedIdentity {
    /// The identity whose tokens are asked for.
    pub identity: AssignedIdentity,
    /// The kind of machine, on which the request depends.
    pub host: IdentityHost,
    /// The endpoint's host, port and path. It speaks HTTP without TLS, and never leaves this machine or its link.
    pub at: HttpsEndpoint,
    /// The part that its token has.
    pub part: TokenPart,
}

/// One of the identities that are assigned to a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssignedIdentity {
    /// The machine's own one; where it has none, the only one that a user has assigned.
    System,
    /// One that a user has assigned, by its client id.
    ClientId(String),
    /// One that a user has assigned, by its object (principal) id.
    ObjectId(String),
    /// One that a user has assigned, by its resource id.
    ResourceId(String),
}

/// A kind of machine with an endpoint for managed identities.
#[derive(Clone, Debug, PartialEq)]
pub enum IdentityHost {
    /// A virtual machine or a node of a cluster: the Instance Metadata Service (IMDS).
    VirtualMachine,
    /// App Service, Functions, Container Apps, Automation: the endpoint wants this header's value, which the platform hands over.
    AppService(Secret),
    /// A server elsewhere that Azure Arc connects: the endpoint wants the content of a file in this directory.
    Arc(PathBuf),
}

/// The part that the token of a managed identity has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenPart {
    /// It is the access token.
    Access,
    /// It is the assertion by which an application signs in (identity federation).
    Assertion,
}

impl ManagedIdentity {
    /// Returns the resource that its token is asked for: the one of `scope`, or Entra itself as the application's judge at `login`.
    pub fn resource<'a>(&self, scope: &'a str, login: &str) -> &'a str {
        match self.part {
            TokenPart::Access => scope.strip_suffix("/.default").unwrap_or(scope),
            TokenPart::Assertion => federated_token::audience(login),
        }
    }

    /// Returns the header's value that the endpoint wants to see with each request, if it does.
    pub const fn header(&self) -> Option<&Secret> {
        match &self.host {
            IdentityHost::AppService(value) => Some(value),
            IdentityHost::VirtualMachine | IdentityHost::Arc(_) => None,
        }
    }

    /// Returns the URL of the endpoint.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.at.authority(), self.at.path)
    }

    /// Makes the proof of an application's identity of its token, for Entra at `login`.
    ///
    /// # Errors
    /// `federated_token_unusable`, `federated_token_stale`: it is of no use to Entra.
    pub fn proof(token: Secret, login: &str, now: SystemTime) -> Result<Proof, Fault> {
        federated_token::proof(token, "the reply", login, now)
    }
}

/// Writes the identity as the configuration has it.
impl fmt::Display for AssignedIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("system"),
            Self::ClientId(id) | Self::ResourceId(id) => f.write_str(id),
            Self::ObjectId(id) => write!(f, "object_id={id}"),
        }
    }
}

/// Writes the identity, and the endpoint that it is asked at.
impl fmt::Display for ManagedIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.identity, self.url())
    }
}
