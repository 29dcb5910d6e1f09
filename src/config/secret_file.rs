//! Reads files with a secret when the configuration is loaded, so that a missing one is reported before the first run.

use std::path::Path;

use crate::credential;
use crate::secret::Secret;

use super::mistake::Position;
use super::quoted::may_be_secret;
use super::reader::Reader;

/// Returns the defect of a secret's file that an editor or a shell left there, if any, as the end of a sentence.
fn malformed(secret: &str) -> Option<&'static str> {
    if secret.starts_with('\u{feff}') {
        Some("begins with a byte order mark")
    } else if secret.contains(['\n', '\r']) {
        Some("has more than one line")
    } else {
        None
    }
}

/// Permission bits that let somebody else read a file.
const OTHERS_READ: u32 = 0o044;

/// Reads a secret from the file at `path`, as it is written in the configuration, and warns of a file that others can read;
/// `None` if it is missing or wrong.
pub(super) fn read(reader: &mut Reader<'_>, path: &Path, at: impl Into<Option<Position>>, key: &str) -> Option<Secret> {
    let at = at.into();
    let secret = read_unshared(reader, path, at, key)?;
    warn_of_readers(reader, path, at, key);
    Some(secret)
}

/// Reads a secret as [`read`] does, from a file whose mode is somebody else's choice.
pub(super) fn read_unshared(reader: &mut Reader<'_>, path: &Path, at: Option<Position>, key: &str) -> Option<Secret> {
    let name = reader.shown(path);
    let file = match reader.system.file(&reader.resolve(path)) {
        Ok(file) => file,
        Err(_) if may_be_secret(&path.to_string_lossy()) => {
            reader.mistake(at, key, "this looks like the secret itself; write it into a file and give the file's path");
            return None;
        }
        Err(error) => {
            reader.mistake(at, key, format!("cannot read `{name}`: {error}"));
            return None;
        }
    };
    let Ok(text) = String::from_utf8(file.bytes) else {
        reader.mistake(at, key, format!("`{name}` is not text; a secret is one line of UTF-8"));
        return None;
    };
    let secret = credential::trimmed(text);
    if secret.expose().is_empty() {
        reader.mistake(at, key, format!("`{name}` is empty; it must contain the secret alone"));
        return None;
    }
    if let Some(wrong) = malformed(secret.expose()) {
        reader.mistake(at, key, format!("`{name}` {wrong}; it must contain the secret alone"));
        return None;
    }
    Some(secret)
}

/// Warns of a file at `path` that others can read.
pub(super) fn warn_of_readers(reader: &mut Reader<'_>, path: &Path, at: impl Into<Option<Position>>, key: &str) {
    let mode = reader.system.file(&reader.resolve(path)).ok().and_then(|file| file.mode);
    warn_of_mode(reader, mode, &reader.shown(path), at.into(), key);
}

fn warn_of_mode(reader: &mut Reader<'_>, mode: Option<u32>, name: &str, at: Option<Position>, key: &str) {
    if mode.is_some_and(|mode| mode & OTHERS_READ != 0) {
        reader.warning(at, key, format!("others on this machine can read `{name}`; chmod 600 keeps them out"));
    }
}
