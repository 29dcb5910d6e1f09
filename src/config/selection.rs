//! Makes a configuration from the command line alone, for `check` and `doctor` where there is no file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::cloud::Cloud;
use crate::credential::{AssignedIdentity, Credential, SecretSource};
use crate::kind::Check;
use crate::levels::Limits;
use crate::secret::Secret;
use crate::settings::{ProbeSettings, Settings, Tenant};

use super::catalogue::{Level, level_of};
use super::certificate;
use super::checks::{self, Defaults};
use super::clouds::{Clouds, missing_endpoint};
use super::federated_token;
use super::managed_identity;
use super::mistake::Mistakes;
use super::network;
use super::reader::Reader;
use super::secret_file;
use super::system::System;
use super::tenants::probe;
use super::value::{ClientId, MailAddress, TenantId, Value};

/// The variable that holds the client secret where no file is named.
pub const CLIENT_SECRET: &str = "M365_PROBE_CLIENT_SECRET";

/// The options that take the place of a file, as they were written.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// `--cloud`; `global` unless given.
    pub cloud: Option<String>,
    /// `--tenant-id`.
    pub tenant_id: Option<String>,
    /// `--client-id`.
    pub client_id: Option<String>,
    /// `--client-secret-file`; without it the variable [`CLIENT_SECRET`].
    pub client_secret_file: Option<PathBuf>,
    /// `--certificate-file`.
    pub certificate_file: Option<PathBuf>,
    /// `--private-key-file`; without it the key stands beside the certificate.
    pub private_key_file: Option<PathBuf>,
    /// `--federated-token-file`.
    pub federated_token_file: Option<PathBuf>,
    /// `--managed-identity`.
    pub managed_identity: Option<String>,
    /// `--mailbox`.
    pub mailboxes: Vec<String>,
    /// Names of checks. `all`, or an empty list, stands for every default check that the cloud offers.
    pub checks: Vec<String>,
    /// `--timeout`.
    pub timeout: Option<Duration>,
    /// `--warning` and `--critical`.
    pub limits: Limits,
}

/// Makes settings of a selection: the same probes that a file with these values would give.
///
/// `dns` and `reach` need neither ids nor a secret; where only they are asked for, those may be missing.
///
/// # Errors
/// Every mistake, with the option in place of the key.
pub fn from_selection(selection: &Selection, system: &dyn System) -> Result<Settings, Mistakes> {
    let mut reader = Reader::new(system, Path::new(""));
    let settings = settings(&mut reader, selection);
    match settings {
        Some(settings) if reader.mistakes.is_empty() => Ok(settings),
        _ => Err(Mistakes::new("", reader.mistakes)),
    }
}

fn settings(reader: &mut Reader<'_>, selection: &Selection) -> Option<Settings> {
    let network = network::read(reader, None).network;
    let cloud = Clouds::default().find(selection.cloud.as_deref().unwrap_or("global"));
    let cloud = cloud.unwrap_or_else(|message| {
        reader.mistake(None, "--cloud", message);
        None
    });
    let asked = asked(reader, selection, cloud.as_ref());
    let mailboxes = mailboxes(reader, selection, &asked);
    let needs_token = asked.is_empty() || asked.iter().any(|check| check.needs_token());
    let tenant = tenant(reader, selection, cloud, needs_token);
    let probes = probes(&Arc::new(tenant?), &asked, &mailboxes, selection);
    Some(Settings { network, probes, ..Settings::default() })
}

/// Returns the checks asked for; those of a mailbox only as far as the cloud has them.
fn asked(reader: &mut Reader<'_>, selection: &Selection, cloud: Option<&Cloud>) -> Vec<Check> {
    let offered = |check: &Check| cloud.is_none_or(|cloud| check.is_offered_by(cloud));
    if selection.checks.is_empty() || selection.checks.iter().any(|name| name == "all") {
        let possible = |check: &Check| level_of(*check) == Level::Tenant || !selection.mailboxes.is_empty();
        let is_default = |check: &Check| check.kind().by_default && possible(check);
        return Check::ALL.iter().copied().filter(is_default).filter(offered).collect();
    }
    let mut asked: Vec<Check> = Vec::new();
    for name in &selection.checks {
        match (checks::find_any(name), cloud) {
            (Ok(check), Some(cloud)) if !check.is_offered_by(cloud) => {
                reader.mistake(None, "--cloud", missing_endpoint(cloud, check));
            }
            (Ok(check), _) if asked.contains(&check) => {}
            (Ok(check), _) => asked.push(check),
            (Err(message), _) => reader.mistake(None, "CHECK", message),
        }
    }
    asked
}

fn mailboxes(reader: &mut Reader<'_>, selection: &Selection, asked: &[Check]) -> Vec<String> {
    if let (Some(check), true) = (asked.iter().find(|check| level_of(**check) == Level::Mailbox), selection.mailboxes.is_empty())
    {
        reader.mistake(None, "--mailbox", format!("{check} opens a mailbox; name one with --mailbox ADDRESS"));
    }
    let mut mailboxes: Vec<String> = Vec::new();
    for text in &selection.mailboxes {
        let Some(MailAddress(address)) = reader.text(None, "--mailbox", text) else { continue };
        if !mailboxes.iter().any(|other| other.eq_ignore_ascii_case(&address)) {
            mailboxes.push(address);
        }
    }
    mailboxes
}

fn tenant(reader: &mut Reader<'_>, selection: &Selection, cloud: Option<Cloud>, needs_token: bool) -> Option<Tenant> {
    let tenant_id = id::<TenantId>(reader, "--tenant-id", selection.tenant_id.as_deref(), needs_token, |id| id.0);
    let needs_client_id = needs_token && selection.managed_identity.is_none();
    let client_id = id::<ClientId>(reader, "--client-id", selection.client_id.as_deref(), needs_client_id, |id| id.0);
    let login = cloud.as_ref().map_or("", |cloud| &cloud.login.host);
    let credential = credential(reader, selection, login, needs_token);
    let (cloud, tenant_id) = (cloud?, tenant_id?);
    let client_id = client_id.map(|id| if id.is_empty() { own_client_id(credential.as_ref()) } else { id });
    let name = if tenant_id.is_empty() { cloud.name.clone() } else { tenant_id.clone() };
    Some(Tenant::new(name, cloud, tenant_id, client_id?, credential?))
}

/// Returns the client id that stands in the credential itself; empty where there is none.
fn own_client_id(credential: Option<&Credential>) -> String {
    match credential.and_then(Credential::managed_identity).map(|identity| &identity.identity) {
        Some(AssignedIdentity::ClientId(id)) => id.clone(),
        _ => String::new(),
    }
}

/// Parses the id that an option gives; empty where it is neither given nor needed.
fn id<T: Value>(
    reader: &mut Reader<'_>,
    option: &str,
    text: Option<&str>,
    needed: bool,
    inner: fn(T) -> String,
) -> Option<String> {
    match text {
        Some(text) => reader.text(None, option, text).map(inner),
        None if needed => {
            reader.mistake(
                None,
                option,
                format!("it is missing; give {} with {option}, or a file with --config", T::FORMAT.what),
            );
            None
        }
        None => Some(String::new()),
    }
}

fn credential(reader: &mut Reader<'_>, selection: &Selection, login: &str, needed: bool) -> Option<Credential> {
    if let Some(path) = &selection.certificate_file {
        return certificate::from_options(reader, path, selection.private_key_file.as_deref());
    }
    if let Some(path) = &selection.federated_token_file {
        return federated_token::from_option(reader, path, login);
    }
    if let Some(identity) = &selection.managed_identity {
        return managed_identity::from_option(reader, identity);
    }
    if let Some(path) = &selection.client_secret_file {
        return secret_file::read(reader, path, None, "--client-secret-file").map(|_| SecretSource::File(path.clone()).into());
    }
    let secret = reader.system.variable(CLIENT_SECRET).map(Secret::new);
    match secret {
        Some(secret) if !secret.expose().trim().is_empty() => Some(SecretSource::Variable(CLIENT_SECRET.to_owned()).into()),
        _ if needed => {
            let message = format!(
                "there is no credential; name the file of the client secret, or that of a certificate with --certificate-file, or put \
                 the secret into the variable {CLIENT_SECRET}; on an Azure machine, --managed-identity needs none"
            );
            reader.mistake(None, "--client-secret-file", message);
            None
        }
        _ => Some(SecretSource::InMemory(Secret::new("")).into()),
    }
}

/// Returns the probes in the order of a file: the tenant's checks, then mailbox by mailbox.
fn probes(tenant: &Arc<Tenant>, asked: &[Check], mailboxes: &[String], selection: &Selection) -> Vec<ProbeSettings> {
    let defaults = selection.timeout.map_or(Defaults::default(), |timeout| Defaults::default().with_timeout(timeout));
    let of = |level: Level| asked.iter().copied().filter(move |check| level_of(*check) == level);
    let one = |mailbox: Option<&String>, check| {
        let mailbox = mailbox.map(|address| (address.clone(), address.clone()));
        ProbeSettings { limits: selection.limits.clone(), ..probe(tenant, mailbox, defaults.settings_for(check)) }
    };
    let own = of(Level::Tenant).map(|check| one(None, check));
    let theirs = mailboxes.iter().flat_map(|mailbox| of(Level::Mailbox).map(move |check| (mailbox, check)));
    own.chain(theirs.map(|(mailbox, check)| one(Some(mailbox), check))).collect()
}
