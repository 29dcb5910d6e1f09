//! Credentials, with which the application authenticates to Entra. Each kind is a variant, and decides in one place what it adds
//! to a token request.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::file::{self, FileKind};
use crate::secret::Secret;

/// A credential of the application. It is read anew for every token request, so that a rotated one needs no reload.
#[derive(Clone, Debug, PartialEq)]
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

    /// Returns the files that it is read from.
    pub fn files(&self) -> Vec<&Path> {
        match self {
            Self::ClientSecret(SecretSource::File(path)) => vec![path],
            Self::ClientSecret(SecretSource::Variable(_) | SecretSource::InMemory(_)) => Vec::new(),
        }
    }

    /// Returns the client secret; `None` where it cannot be read or the credential is of another kind.
    pub fn client_secret(&self) -> Option<Secret> {
        match self {
            Self::ClientSecret(source) => source.read().ok(),
        }
    }

    /// Reports whether reading it waits for a file.
    pub const fn is_in_a_file(&self) -> bool {
        matches!(self, Self::ClientSecret(SecretSource::File(_)))
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
#[derive(Clone, Debug, PartialEq)]
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
        self.read_as(FileKind::Regular)
    }

    /// Reads the secret at the start, once: also from a pipe.
    ///
    /// # Errors
    /// As [`SecretSource::read`].
    pub fn read_once(&self) -> Result<Secret, String> {
        self.read_as(FileKind::Any)
    }

    fn read_as(&self, kind: FileKind) -> Result<Secret, String> {
        let text = match self {
            Self::File(path) => read_text(path, kind).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?,
            Self::Variable(name) => {
                std::env::var(name).map_err(|_| format!("the variable `{name}` is not set to readable text"))?
            }
            Self::InMemory(secret) => return Ok(secret.clone()),
        };
        let secret = trimmed(text);
        if secret.expose().is_empty() { Err(format!("{self} is empty")) } else { Ok(secret) }
    }
}

/// Bytes of a file with a secret that are read at most: the longest there is, a chain of certificates with its key, has a tenth.
const MAX_BYTES: u64 = 256 * 1024;

fn read_text(path: &Path, kind: FileKind) -> io::Result<String> {
    let bytes = file::read(path, kind, MAX_BYTES)?;
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))
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
