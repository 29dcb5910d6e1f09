//! The keys of a certificate in the `credential` section: the files are read and checked when the configuration is loaded, so that
//! what is wrong with them is reported before anything is sent.

use std::path::Path;
use std::time::SystemTime;

use crate::credential::{CertificateFiles, CertificateSource, Credential, EncodedPair, SecretSource, has_private_key};
use crate::outcome::Fault;
use crate::reason::Reason;

use super::credential::{Optional, ReadSecret, handed_over, read_secret};
use super::mistake::Position;
use super::quoted::may_be_secret;
use super::reader::{Fields, Reader};
use super::secret_file::warn_of_readers;
use super::value::{CredentialName, PasswordFile, Pkcs12File};
use super::web::value::{CertificateFile, KeyFile};

/// The keys that may stand beside `certificate_file`.
pub(super) const KEY: &[&str] = &[
    "private_key_file",
    "private_key_credential",
    "private_key_password_file",
    "private_key_password_env",
    "private_key_password_credential",
];

/// The keys that may stand beside those of PKCS #12.
pub(super) const PKCS12_PASSWORD: &[&str] = &["pkcs12_password_file", "pkcs12_password_env", "pkcs12_password_credential"];

/// A place and what was read there.
struct Contents {
    source: SecretSource,
    bytes: Vec<u8>,
}

/// Reads a certificate in PEM, with its private key beside it or in a file of its own.
pub(super) fn pem(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Credential> {
    let found = reader.one::<CertificateFile>(fields, "certificate_file")?;
    let (at, key_of) = (found.at, found.key.clone());
    let certificate = contents(reader, &found.value.0, at, &key_of)?;
    let key = private_key(reader, fields).ok()?;
    let password = password(reader, fields, [KEY[2], KEY[3], KEY[4]]).ok()?;
    if key.is_none() && has_private_key(&certificate.bytes) {
        warn_of_readers(reader, &found.value.0, at, &key_of);
    }
    let (of_key, key) = key.map(|key| (key.source, key.bytes)).unzip();
    let (of_password, password) = password.map(|password| (password.source, password.secret)).unzip();
    let encoded = EncodedPair::Pem {
        certificates: &certificate.bytes,
        key: key.as_ref().unwrap_or(&certificate.bytes),
        password: password.as_ref(),
    };
    let files = CertificateFiles::Pem { certificate: certificate.source, key: of_key, password: of_password };
    credential(reader, files, &encoded, at, &fields.path)
}

/// Reads the certificate of `--certificate-file`, with the private key of `--private-key-file`.
pub(super) fn from_options(reader: &mut Reader<'_>, path: &Path, key: Option<&Path>) -> Option<Credential> {
    let option = "--certificate-file";
    let certificate = contents(reader, path, None, option)?;
    let key = match key {
        Some(key) => Some(contents(reader, key, None, "--private-key-file")?),
        None => None,
    };
    let (of_key, key) = key.map(|key| (key.source, key.bytes)).unzip();
    let key = key.as_ref().unwrap_or(&certificate.bytes);
    let encoded = EncodedPair::Pem { certificates: &certificate.bytes, key, password: None };
    let files = CertificateFiles::Pem { certificate: certificate.source, key: of_key, password: None };
    credential(reader, files, &encoded, None, option)
}

/// Reads a PKCS #12 file.
pub(super) fn pkcs12_file(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Credential> {
    let found = reader.one::<Pkcs12File>(fields, "pkcs12_file")?;
    let file = contents(reader, &found.value.0, found.at, &found.key)?;
    warn_of_readers(reader, &found.value.0, found.at, &found.key);
    pkcs12(reader, fields, file, found.at)
}

/// Reads a PKCS #12 file that systemd hands over.
pub(super) fn pkcs12_credential(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Credential> {
    let found = reader.one::<CredentialName>(fields, "pkcs12_credential")?;
    let path = handed_over(reader, &found)?;
    let file = contents(reader, &path, found.at, &found.key)?;
    pkcs12(reader, fields, file, found.at)
}

fn pkcs12(reader: &mut Reader<'_>, fields: &Fields<'_>, file: Contents, at: Position) -> Option<Credential> {
    let password = password(reader, fields, [PKCS12_PASSWORD[0], PKCS12_PASSWORD[1], PKCS12_PASSWORD[2]]).ok()?;
    let (of_password, password) = password.map(|password| (password.source, password.secret)).unzip();
    let encoded = EncodedPair::Pkcs12 { bytes: &file.bytes, password: password.as_ref() };
    let files = CertificateFiles::Pkcs12 { file: file.source, password: of_password };
    credential(reader, files, &encoded, at, &fields.path)
}

/// Makes the credential of what was read from its files. Refuses a pair that is of no use, and warns of one that is none, or outside
/// its dates: by tomorrow it may be another.
fn credential(
    reader: &mut Reader<'_>,
    files: CertificateFiles,
    encoded: &EncodedPair<'_>,
    at: impl Into<Option<Position>>,
    path: &str,
) -> Option<Credential> {
    let told = |fault: Fault| fault.evidence.heard.unwrap_or_default();
    let source = |pair| Some(Credential::Certificate(CertificateSource::new(files, pair)));
    match encoded.decode() {
        Ok(pair) => {
            if let Some(fault) = pair.out_of_date(SystemTime::now()) {
                reader.flaw(at, path, ("", &told(fault)), false);
            }
            source(Some(pair))
        }
        // One of two files is being replaced, and the other will be: no reason to refuse the whole configuration.
        Err(fault) if fault.reason == Reason::ClientKeyMismatch => {
            reader.flaw(at, path, ("", &told(fault)), false);
            source(None)
        }
        Err(fault) => {
            reader.mistake(at, path, told(fault));
            None
        }
    }
}

/// Reads the private key's own file, where there is one.
fn private_key(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Optional<Contents> {
    let [file, handed, ..] = KEY else { return Ok(None) };
    require_one(reader, fields, &[*file, *handed])?;
    if fields.entry(file).is_some() {
        let found = reader.one::<KeyFile>(fields, file).ok_or(())?;
        let contents = contents(reader, &found.value.0, found.at, &found.key).ok_or(())?;
        warn_of_readers(reader, &found.value.0, found.at, &found.key);
        return Ok(Some(contents));
    }
    if fields.entry(handed).is_some() {
        let found = reader.one::<CredentialName>(fields, handed).ok_or(())?;
        let path = handed_over(reader, &found).ok_or(())?;
        return contents(reader, &path, found.at, &found.key).map(Some).ok_or(());
    }
    Ok(None)
}

/// Reads a password from the file, the variable or the credential of systemd's that one of the keys names.
fn password(reader: &mut Reader<'_>, fields: &Fields<'_>, keys: [&str; 3]) -> Optional<ReadSecret> {
    require_one(reader, fields, &keys)?;
    read_secret::<PasswordFile>(reader, fields, keys)
}

/// Refuses more than one of these keys.
fn require_one(reader: &mut Reader<'_>, fields: &Fields<'_>, names: &[&str]) -> Result<(), ()> {
    let given: Vec<_> = names.iter().filter_map(|name| Some((*name, fields.entry(name)?))).collect();
    let [(first, _), (second, entry), ..] = given[..] else { return Ok(()) };
    reader.mistake(entry.at, &fields.path, format!("`{first}` and `{second}` are both given; one of them is enough"));
    Err(())
}

/// Reads a file with a certificate or a private key.
fn contents(reader: &mut Reader<'_>, path: &Path, at: impl Into<Option<Position>>, key: &str) -> Option<Contents> {
    let resolved = reader.resolve(path);
    let name = reader.shown(path);
    let problem = match reader.system.file(&resolved) {
        Ok(file) if file.bytes.is_empty() => format!("`{name}` is empty"),
        Ok(file) => return Some(Contents { source: SecretSource::File(resolved), bytes: file.bytes }),
        Err(_) if may_be_secret(&path.to_string_lossy()) => {
            "this looks like the contents; write them into a file and give the file's path".to_owned()
        }
        Err(error) => format!("cannot read `{name}`: {error}"),
    };
    reader.mistake(at, key, problem);
    None
}
