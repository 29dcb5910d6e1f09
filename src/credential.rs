//! Credentials, with which the application authenticates to Entra. Each kind is a variant, and decides in one place what it adds
//! to a token request.

use std::fmt;
use std::path::PathBuf;

use crate::secret::Secret;

/// A credential of the application. It is read anew for every token request, so that a rotated one needs no reload.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A client secret.
    ClientSecret(SecretSource),
}

impl Credential {
    /// Returns the parameters that it adds to a token request (RFC 6749, section 2.3.1), by name.
    ///
    /// # Errors
    /// A message for a person, without the secret: it cannot be read.
    pub fn parameters(&self) -> Result<Vec<(&'static str, Secret)>, String> {
        match self {
            Self::ClientSecret(source) => Ok(vec![("client_secret", source.read()?)]),
        }
    }

    /// Returns the client secret; `None` where it cannot be read or the credential is of another kind.
    pub fn client_secret(&self) -> Option<Secret> {
        match self {
            Self::ClientSecret(source) => source.read().ok(),
        }
    }

    /// Returns the name of its kind: `client_secret`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ClientSecret(_) => "client_secret",
        }
    }
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
            Self::ClientSecret(source) => source.fmt(f),
        }
    }
}

/// The place of a secret.
#[derive(Clone, Debug)]
pub enum SecretSource {
    /// A file; white space at its end is not part of the secret.
    File(PathBuf),
    /// An environment variable.
    Variable(String),
    /// The secret itself (the simulated tenant, tests).
    InMemory(Secret),
}

impl SecretSource {
    /// Reads the secret.
    ///
    /// # Errors
    /// A message for a person, without the secret: the file or variable is missing, unreadable, not UTF-8 or empty.
    pub fn read(&self) -> Result<Secret, String> {
        let text = match self {
            Self::File(path) => {
                std::fs::read_to_string(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?
            }
            Self::Variable(name) => {
                std::env::var(name).map_err(|_| format!("the variable `{name}` is not set to readable text"))?
            }
            Self::InMemory(secret) => return Ok(secret.clone()),
        };
        let secret = trimmed(text);
        if secret.expose().is_empty() { Err(format!("{self} is empty")) } else { Ok(secret) }
    }
}

/// Makes a secret of a text, without white space at its end.
pub fn trimmed(text: String) -> Secret {
    let secret = Secret::new(text.trim_end());
    drop(Secret::new(text)); // zeroes the copy with the line ending
    secret
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "the file `{}`", path.display()),
            Self::Variable(name) => write!(f, "the variable `{name}`"),
            Self::InMemory(_) => f.write_str("the given secret"),
        }
    }
}
