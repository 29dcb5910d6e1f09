//! The keys of a federated token in the `credential` section.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::credential::{Credential, SecretSource, federated_token_flaw};
use crate::reason::Reason;

use super::credential::variable;
use super::mistake::Position;
use super::reader::{Fields, Reader};
use super::secret_file;
use super::value::{TokenFile, Variable};

/// The variable by which AKS sends token requests to a proxy in the cluster (identity bindings).
const TOKEN_PROXY: &str = "AZURE_KUBERNETES_TOKEN_PROXY";

/// Reads a token from a file, for Entra at the host `login`.
pub(super) fn file(reader: &mut Reader<'_>, fields: &Fields<'_>, login: &str) -> Option<Credential> {
    let found = reader.one::<TokenFile>(fields, "federated_token_file")?;
    read(reader, &found.value.0, Some(found.at), &found.key, login)
}

/// Reads a token from the file that an environment variable names, as the webhook of Kubernetes sets it.
pub(super) fn file_in_variable(reader: &mut Reader<'_>, fields: &Fields<'_>, login: &str) -> Option<Credential> {
    let found = reader.one::<Variable>(fields, "federated_token_file_env")?;
    let path = PathBuf::from(variable(reader, &found)?.expose());
    read(reader, &path, Some(found.at), &found.key, login)
}

/// Reads the token of `--federated-token-file`.
pub(super) fn from_option(reader: &mut Reader<'_>, path: &Path, login: &str) -> Option<Credential> {
    read(reader, path, None, "--federated-token-file", login)
}

fn read(reader: &mut Reader<'_>, path: &Path, at: Option<Position>, key: &str, login: &str) -> Option<Credential> {
    if reader.system.variable(TOKEN_PROXY).is_some() {
        let message = format!(
            "{TOKEN_PROXY} is set: identity bindings of AKS, whose tokens a proxy in the cluster exchanges, are not supported; use \
             workload identity without them"
        );
        reader.mistake(at, key, message);
        return None;
    }
    let token = secret_file::read_unshared(reader, path, at, key)?;
    let flaw = federated_token_flaw(&token, login, SystemTime::now());
    if let Some(fault) = flaw {
        let is_unusable = fault.reason == Reason::FederatedTokenUnusable;
        let place = format!("`{}`: ", reader.shown(path));
        reader.flaw(at, key, (&place, &fault.evidence.heard.unwrap_or_default()), is_unusable);
        if is_unusable {
            return None; // one that has expired may have been replaced until the next request
        }
    }
    Some(Credential::FederatedToken(SecretSource::File(reader.resolve(path))))
}
