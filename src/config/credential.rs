//! The `credential` section: the kinds of credential, and where each is read from.

use std::path::{Path, PathBuf};

use crate::credential::{Credential, SecretSource};
use crate::secret::{Secret, SecretFlaw};

use super::certificate::{self, KEY, PKCS12_PASSWORD};
use super::federated_token;
use super::managed_identity;
use super::mistake::Position;
use super::quoted::Quoted;
use super::reader::{Fields, Found, Reader};
use super::secret_file;
use super::value::{CredentialName, SecretFile, Value, Variable};

/// A function that reads a credential by its key, for the Entra of this host, which is empty where it is not known; it returns `None`
/// where the value is wrong, after it recorded the mistake.
type Read = fn(&mut Reader<'_>, &Fields<'_>, &str) -> Option<Credential>;

/// A key that says by itself what the credential is.
pub(super) struct Source {
    /// The key, of which exactly one is given.
    pub key: &'static str,
    /// The keys that may stand beside it and nowhere else.
    pub beside: &'static [&'static str],
    /// The reason why no day is declared on which it ends; empty where one may be.
    end: &'static str,
    read: Read,
}

/// The keys of the place of a client secret: a file, a variable, a credential of systemd's.
const CLIENT_SECRET: [&str; 3] = ["client_secret_file", "client_secret_env", "client_secret_credential"];

/// The keys that say what the credential is. A further kind of credential is a further row.
pub(super) const SOURCES: &[Source] = &[
    Source { key: CLIENT_SECRET[0], beside: DECLARED, end: "", read: |reader, fields, _| client_secret(reader, fields) },
    Source { key: CLIENT_SECRET[1], beside: DECLARED, end: "", read: |reader, fields, _| client_secret(reader, fields) },
    Source { key: CLIENT_SECRET[2], beside: DECLARED, end: "", read: |reader, fields, _| client_secret(reader, fields) },
    Source {
        key: "certificate_file",
        beside: KEY,
        end: CERTIFICATE_END,
        read: |reader, fields, _| certificate::pem(reader, fields),
    },
    Source {
        key: "pkcs12_file",
        beside: PKCS12_PASSWORD,
        end: CERTIFICATE_END,
        read: |reader, fields, _| certificate::pkcs12_file(reader, fields),
    },
    Source {
        key: "pkcs12_credential",
        beside: PKCS12_PASSWORD,
        end: CERTIFICATE_END,
        read: |reader, fields, _| certificate::pkcs12_credential(reader, fields),
    },
    Source { key: "federated_token_file", beside: &[], end: FEDERATED_END, read: federated_token::file },
    Source { key: "federated_token_file_env", beside: &[], end: FEDERATED_END, read: federated_token::file_in_variable },
    Source {
        key: "managed_identity",
        beside: managed_identity::BESIDE,
        end: IDENTITY_END,
        read: |reader, fields, _| managed_identity::read(reader, fields),
    },
];

const CERTIFICATE_END: &str = "; a certificate says itself when it ends";
const FEDERATED_END: &str = "; a federated credential does not end";
const IDENTITY_END: &str = "; Azure renews the credential of a managed identity";

/// The key for what only a person can know of a client secret. A certificate says itself when it ends.
const DECLARED: &[&str] = &["expires"];

/// The variable that holds the directory of a service's credentials under systemd (`systemd.exec(5)`).
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// Reads the section, for Entra at the host `login`, which is empty where it is not known.
pub(super) fn read(reader: &mut Reader<'_>, fields: &Fields<'_>, login: &str) -> Option<Credential> {
    let given: Vec<_> = SOURCES.iter().filter_map(|source| Some((source, fields.entry(source.key)?))).collect();
    match given[..] {
        [] => {
            missing(reader, fields);
            None
        }
        [(source, _)] => {
            let is_alone = refuse_others(reader, fields, source);
            let credential = match presumed(reader, fields) {
                Ok(None) => (source.read)(reader, fields, login),
                Ok(credential) => credential,
                Err(()) => None,
            };
            credential.filter(|_| is_alone)
        }
        [(first, _), (second, entry), ..] => {
            let message = format!("`{}` and `{}` are both given; an application has one credential here", first.key, second.key);
            reader.mistake(entry.at, &fields.path, message);
            None
        }
    }
}

/// Records that no credential is given, unless a key was misspelt; a key that stands beside one tells which was meant.
fn missing(reader: &mut Reader<'_>, fields: &Fields<'_>) {
    let beside = SOURCES.iter().flat_map(|source| source.beside.iter().map(move |name| (source.key, *name)));
    let orphan = beside.filter(|(_, name)| !DECLARED.contains(name)).find(|(_, name)| fields.entry(name).is_some());
    if let Some((key, name)) = orphan {
        reader.mistake(fields.at, &fields.path, format!("`{name}` needs `{key}` beside it"));
    } else if SOURCES.iter().all(|source| fields.is_missing(source.key)) {
        let keys: Vec<String> = SOURCES.iter().map(|source| format!("`{}`", source.key)).collect();
        reader.mistake(
            fields.at,
            &fields.path,
            format!("there is no credential; name its place with one of {}", keys.join(", ")),
        );
    }
}

/// Refuses the keys of other credentials; returns true where there are none.
fn refuse_others(reader: &mut Reader<'_>, fields: &Fields<'_>, source: &Source) -> bool {
    let mut foreign: Vec<&str> = SOURCES.iter().flat_map(|other| other.beside).copied().collect();
    foreign.retain(|name| !source.beside.contains(name));
    foreign.sort_unstable();
    foreign.dedup();
    let given: Vec<_> = foreign.into_iter().filter_map(|name| Some((name, fields.entry(name)?))).collect();
    for (name, entry) in &given {
        let why = if DECLARED.contains(name) { source.end } else { "" };
        reader.mistake(entry.at, &fields.key(name), format!("`{name}` does not go with `{}`{why}; leave it out", source.key));
    }
    given.is_empty()
}

fn client_secret(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Credential> {
    let ReadSecret { source, secret, at, key } = read_secret::<SecretFile>(reader, fields, CLIENT_SECRET).ok()??;
    if let Some(flaw) = SecretFlaw::find(&secret) {
        reader.warning(at, &key, format!("the client secret {flaw}; it is to be the Value of a secret, and nothing else"));
    }
    Some(source.into())
}

/// A secret as it was read when the configuration was loaded, and the key that names its place.
pub(super) struct ReadSecret {
    pub source: SecretSource,
    pub secret: Secret,
    at: Position,
    key: String,
}

/// A value that is not given is no mistake; one that is wrong is, and it is recorded.
pub(super) type Optional<T> = Result<Option<T>, ()>;

/// Reads a secret from the file (`F` says of what), the variable or the credential of systemd's that the first of these keys names
/// that is given.
pub(super) fn read_secret<F: Value + AsRef<Path>>(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    [file, env, handed]: [&str; 3],
) -> Optional<ReadSecret> {
    let of_file = |reader: &mut Reader<'_>, path: &Path, at, key: String| {
        let secret = secret_file::read(reader, path, at, &key).ok_or(())?;
        Ok(Some(ReadSecret { source: SecretSource::File(reader.resolve(path)), secret, at, key }))
    };
    if fields.entry(file).is_some() {
        let Found { value, at, key } = reader.one::<F>(fields, file).ok_or(())?;
        return of_file(reader, value.as_ref(), at, key);
    }
    if fields.entry(env).is_some() {
        let found = reader.one::<Variable>(fields, env).ok_or(())?;
        let secret = variable(reader, &found).ok_or(())?;
        let Found { value: Variable(name), at, key } = found;
        return Ok(Some(ReadSecret { source: SecretSource::Variable(name), secret, at, key }));
    }
    if fields.entry(handed).is_some() {
        let found = reader.one::<CredentialName>(fields, handed).ok_or(())?;
        let path = handed_over(reader, &found).ok_or(())?;
        return of_file(reader, &path, found.at, found.key);
    }
    Ok(None)
}

/// The directory in which systemd keeps the credentials of the packaged service while it runs.
pub const SERVICE_CREDENTIALS: &str = "/run/credentials/m365-probe.service";

/// Returns what stands for a credential that only the service has, and warns that nobody looked at it.
fn presumed(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Optional<Credential> {
    if !reader.system.presumes_credentials() || reader.system.variable(CREDENTIALS_DIRECTORY).is_some() {
        return Ok(None);
    }
    let keys = SOURCES.iter().flat_map(|source| std::iter::once(&source.key).chain(source.beside));
    let Some(key) = keys.copied().find(|key| key.ends_with("_credential") && fields.entry(key).is_some()) else {
        return Ok(None);
    };
    let found = reader.one::<CredentialName>(fields, key).ok_or(())?;
    let message = format!("nobody looked at it: systemd hands it over to the service alone ({CREDENTIALS_DIRECTORY} is not set)");
    reader.warning(found.at, &found.key, message);
    Ok(Some(SecretSource::File(Path::new(SERVICE_CREDENTIALS).join(&found.value.0)).into()))
}

/// Reads a secret from an environment variable.
pub(super) fn variable(reader: &mut Reader<'_>, found: &Found<Variable>) -> Option<Secret> {
    let Variable(name) = &found.value;
    let wrong = match reader.system.variable(name).map(Secret::new) {
        None => "is not set to readable text",
        Some(secret) if secret.expose().trim().is_empty() => "is empty",
        Some(secret) => return Some(secret),
    };
    reader.mistake(found.at, &found.key, format!("the variable `{}` {wrong}", Quoted::value(name)));
    None
}

/// Returns the file of a credential that systemd hands over.
pub(super) fn handed_over(reader: &mut Reader<'_>, found: &Found<CredentialName>) -> Option<PathBuf> {
    let Some(directory) = reader.system.variable(CREDENTIALS_DIRECTORY) else {
        let message = format!(
            "systemd hands over no credentials here ({CREDENTIALS_DIRECTORY} is not set); give the unit \
             `LoadCredential=`, or set the variable to the directory that has the file"
        );
        reader.mistake(found.at, &found.key, message);
        reader.missing_credentials.push(found.value.0.clone());
        return None;
    };
    Some(Path::new(&directory).join(&found.value.0))
}
