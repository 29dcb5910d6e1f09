//! The places that secrets are read from.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::zeroize::Zeroizing;

use crate::file::{self, FileKind};
use crate::outcome::Fault;
use crate::reason::Reason;
use crate::secret::Secret;

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

/// A secret that cannot be read: a message for a person, without the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    message: String,
    /// Set if the secret may be well, and this machine has no descriptor or memory left.
    is_out_of_resources: bool,
}

impl Unreadable {
    /// Makes the fault of a run that needs the secret.
    pub fn fault(self) -> Fault {
        let reason = if self.is_out_of_resources { Reason::LocalResources } else { Reason::SecretUnreadable };
        Fault::heard(reason, self.message)
    }
}

impl From<String> for Unreadable {
    fn from(message: String) -> Self {
        Self { message, is_out_of_resources: false }
    }
}

impl From<Unreadable> for String {
    fn from(unreadable: Unreadable) -> Self {
        unreadable.message
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl SecretSource {
    /// Reads the secret.
    ///
    /// # Errors
    /// The file or variable is missing, unreadable, not UTF-8 or empty.
    pub fn read(&self) -> Result<Secret, Unreadable> {
        self.read_as(FileKind::Regular)
    }

    /// Reads the secret at the start, once: also from a pipe.
    ///
    /// # Errors
    /// As [`SecretSource::read`].
    pub fn read_once(&self) -> Result<Secret, Unreadable> {
        self.read_as(FileKind::Any)
    }

    /// Reads bytes, such as those of PEM and PKCS #12.
    ///
    /// # Errors
    /// The file or variable is missing, unreadable or empty.
    pub fn read_bytes(&self) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
        let Self::File(path) = self else { return Ok(self.read()?.expose().as_bytes().to_vec().into()) };
        let bytes = read_file(path, FileKind::Regular).map_err(|error| unreadable(path, &error))?;
        if bytes.is_empty() { Err(format!("{self} is empty").into()) } else { Ok(bytes.into()) }
    }

    /// Returns its file, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Variable(_) | Self::InMemory(_) => None,
        }
    }

    fn read_as(&self, kind: FileKind) -> Result<Secret, Unreadable> {
        let text = match self {
            Self::File(path) => read_text(path, kind).map_err(|error| unreadable(path, &error))?,
            Self::Variable(name) => {
                std::env::var(name).map_err(|_| format!("the variable `{name}` is not set to readable text"))?
            }
            Self::InMemory(secret) => return Ok(secret.clone()),
        };
        let secret = trimmed(text);
        if secret.expose().is_empty() { Err(format!("{self} is empty").into()) } else { Ok(secret) }
    }
}

/// Bytes of a file with a secret that are read at most: the longest there is, a chain of certificates with its key, has a tenth.
const MAX_BYTES: u64 = 256 * 1024;

/// The times that an empty file is read again, and the pause before each: longer than it takes to write a file of this size.
const AGAIN: usize = 4;
const PAUSE: Duration = Duration::from_millis(20);

fn read_file(path: &Path, kind: FileKind) -> io::Result<Vec<u8>> {
    let read = || file::read(path, kind, MAX_BYTES);
    if kind == FileKind::Any { read() } else { until_written(read) }
}

/// Reads once more while there is nothing: whoever writes a new secret into the same file empties it first.
fn until_written(mut read: impl FnMut() -> io::Result<Vec<u8>>) -> io::Result<Vec<u8>> {
    let mut bytes = read()?;
    for _ in 0..AGAIN {
        if !bytes.is_empty() {
            break;
        }
        std::thread::sleep(PAUSE);
        bytes = read()?;
    }
    Ok(bytes)
}

fn unreadable(path: &Path, error: &io::Error) -> Unreadable {
    let message = format!("cannot read `{}`: {error}", path.display());
    Unreadable { message, is_out_of_resources: file::is_out_of_resources(error) }
}

fn read_text(path: &Path, kind: FileKind) -> io::Result<String> {
    let bytes = read_file(path, kind)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_that_is_empty_for_a_moment_is_read_with_what_is_written_then() {
        let mut contents = [&b""[..], b"", b"secret", b"never read"].into_iter();
        let bytes = until_written(|| Ok(contents.next().unwrap_or_default().to_vec()));
        assert_eq!(bytes.expect("read"), b"secret");
        let mut times = 0;
        let bytes = until_written(|| {
            times += 1;
            Ok(Vec::new())
        });
        assert_eq!((bytes.expect("read"), times), (Vec::new(), 1 + AGAIN));
        assert!(until_written(|| Err(io::ErrorKind::NotFound.into())).is_err());
    }
}
