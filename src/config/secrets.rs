//! Where secrets are: files and variables, examined at load so that a missing one is told before the first run.

use std::path::Path;

use crate::secret::Secret;
use crate::settings::SecretSource;

use super::catalogue::SECRET_SOURCES;
use super::mistake::Position;
use super::reader::{Fields, Found, Reader, excerpt, redact};
use super::value::{CredentialName, SecretFile, Variable};

/// Where systemd puts a service's credentials (`systemd.exec(5)`).
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// Where the client secret is: exactly one of file, variable and credential.
pub(super) fn source(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<SecretSource> {
    let file = reader.one::<SecretFile>(fields, "client_secret_file");
    let variable = reader.one::<Variable>(fields, "client_secret_env");
    let credential = reader.one::<CredentialName>(fields, "client_secret_credential");
    let given: Vec<_> = SECRET_SOURCES.iter().filter_map(|name| Some((*name, fields.entry(name)?))).collect();
    match given[..] {
        [] if SECRET_SOURCES.iter().any(|name| !fields.is_missing(name)) => None,
        [] => {
            let message = "there is no client secret; name its file with `client_secret_file`, its variable with `client_secret_env` or \
                 its credential with `client_secret_credential`";
            reader.mistake(fields.at, &fields.path, message);
            None
        }
        [(first, _), (other, second), ..] => {
            let message = format!("`{first}` and `{other}` are both given; one of them is enough");
            reader.mistake(second.at, &fields.path, message);
            None
        }
        [("client_secret_file", _)] => from_file(reader, &file?),
        [("client_secret_env", _)] => from_variable(reader, &variable?),
        [_] => from_credential(reader, &credential?),
    }
}

fn from_credential(reader: &mut Reader<'_>, found: &Found<CredentialName>) -> Option<SecretSource> {
    let Some(directory) = reader.system.variable(CREDENTIALS_DIRECTORY) else {
        let message = format!(
            "systemd hands over no credentials here ({CREDENTIALS_DIRECTORY} is not set); give the unit \
             `LoadCredential=`, or set the variable to the directory that has the file"
        );
        reader.mistake(found.at, &found.key, message);
        return None;
    };
    let path = Path::new(&directory).join(&found.value.0);
    read_file(reader, &path, found.at, &found.key).map(|_| SecretSource::File(path))
}

fn from_file(reader: &mut Reader<'_>, found: &Found<SecretFile>) -> Option<SecretSource> {
    let path = reader.resolve(&found.value.0);
    read_file(reader, &path, found.at, &found.key).map(|_| SecretSource::File(path))
}

fn from_variable(reader: &mut Reader<'_>, found: &Found<Variable>) -> Option<SecretSource> {
    let name = &found.value.0;
    let wrong = match reader.system.variable(name).map(Secret::new) {
        None => "is not set to readable text",
        Some(secret) if secret.expose().trim().is_empty() => "is empty",
        Some(_) => return Some(SecretSource::Variable(name.clone())),
    };
    reader.mistake(found.at, &found.key, format!("the variable `{}` {wrong}", excerpt(name)));
    None
}

/// What editors and shells do to a file with a secret.
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

/// Reads a secret, and warns of a file that others can read.
pub(super) fn read_file(reader: &mut Reader<'_>, path: &Path, at: impl Into<Option<Position>>, key: &str) -> Option<Secret> {
    let at = at.into();
    let last = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if redact(&last) != last {
        reader.mistake(at, key, "this looks like the secret itself; write it into a file and give the file's path");
        return None;
    }
    let name = path.display();
    let file = match reader.system.file(path) {
        Ok(file) => file,
        Err(error) => {
            reader.mistake(at, key, format!("cannot read `{name}`: {error}"));
            return None;
        }
    };
    let Ok(text) = String::from_utf8(file.bytes) else {
        reader.mistake(at, key, format!("`{name}` is not text; a secret is one line of UTF-8"));
        return None;
    };
    let secret = Secret::new(text.trim_end());
    drop(Secret::new(text)); // zeroes the copy with the line ending
    if secret.expose().is_empty() {
        reader.mistake(at, key, format!("`{name}` is empty; it must contain the secret alone"));
        return None;
    }
    if let Some(wrong) = malformed(secret.expose()) {
        reader.mistake(at, key, format!("`{name}` {wrong}; it must contain the secret alone"));
        return None;
    }
    if file.mode.is_some_and(|mode| mode & OTHERS_READ != 0) {
        reader.warning(at, key, format!("others on this machine can read `{name}`; chmod 600 keeps them out"));
    }
    Some(secret)
}
