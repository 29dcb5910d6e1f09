//! The `credential` section: the kinds of credential, and where each is read from.

use std::path::Path;

use crate::credential::{Credential, SecretSource};
use crate::secret::{Secret, SecretFlaw};

use super::mistake::Position;
use super::quoted::Quoted;
use super::reader::{Fields, Reader};
use super::secret_file;
use super::value::{CredentialName, SecretFile, Variable};

/// A function that reads a credential by its key; it returns `None` where the value is wrong, after it recorded the mistake.
type Read = fn(&mut Reader<'_>, &Fields<'_>) -> Option<Credential>;

/// The keys of which exactly one is given, each with its reader. A further kind of credential is a further row.
pub(super) const SOURCES: &[(&str, Read)] = &[
    ("client_secret_file", client_secret_file),
    ("client_secret_env", client_secret_env),
    ("client_secret_credential", client_secret_credential),
];

/// The variable that holds the directory of a service's credentials under systemd (`systemd.exec(5)`).
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// Reads the section.
pub(super) fn read(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Credential> {
    let given: Vec<_> = SOURCES.iter().filter_map(|(name, read)| Some((*name, fields.entry(name)?, read))).collect();
    match given[..] {
        [] if SOURCES.iter().any(|(name, _)| !fields.is_missing(name)) => None,
        [] => {
            let message = "there is no client secret; name its file with `client_secret_file`, its variable with `client_secret_env` or \
                 its credential with `client_secret_credential`";
            reader.mistake(fields.at, &fields.path, message);
            None
        }
        [(_, _, read)] => read(reader, fields),
        [(first, ..), (other, second, _), ..] => {
            let message = format!("`{first}` and `{other}` are both given; one of them is enough");
            reader.mistake(second.at, &fields.path, message);
            None
        }
    }
}

fn client_secret_file(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Credential> {
    let found = reader.one::<SecretFile>(fields, "client_secret_file")?;
    let secret = secret_file::read(reader, &found.value.0, found.at, &found.key)?;
    warn_of_flaw(reader, &secret, found.at, &found.key);
    Some(SecretSource::File(reader.resolve(&found.value.0)).into())
}

fn client_secret_env(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Credential> {
    let found = reader.one::<Variable>(fields, "client_secret_env")?;
    let name = &found.value.0;
    let wrong = match reader.system.variable(name).map(Secret::new) {
        None => "is not set to readable text",
        Some(secret) if secret.expose().trim().is_empty() => "is empty",
        Some(secret) => {
            warn_of_flaw(reader, &secret, found.at, &found.key);
            return Some(SecretSource::Variable(name.clone()).into());
        }
    };
    reader.mistake(found.at, &found.key, format!("the variable `{}` {wrong}", Quoted::value(name)));
    None
}

fn client_secret_credential(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Credential> {
    let found = reader.one::<CredentialName>(fields, "client_secret_credential")?;
    let Some(directory) = reader.system.variable(CREDENTIALS_DIRECTORY) else {
        let message = format!(
            "systemd hands over no credentials here ({CREDENTIALS_DIRECTORY} is not set); give the unit \
             `LoadCredential=`, or set the variable to the directory that has the file"
        );
        reader.mistake(found.at, &found.key, message);
        return None;
    };
    let path = Path::new(&directory).join(&found.value.0);
    let secret = secret_file::read(reader, &path, found.at, &found.key)?;
    warn_of_flaw(reader, &secret, found.at, &found.key);
    Some(SecretSource::File(path).into())
}

/// Warns of a client secret that cannot be one of Entra's, before anything is sent.
fn warn_of_flaw(reader: &mut Reader<'_>, secret: &Secret, at: Position, key: &str) {
    if let Some(flaw) = SecretFlaw::find(secret) {
        reader.warning(at, key, format!("the client secret {flaw}; it is to be the Value of a secret, and nothing else"));
    }
}
