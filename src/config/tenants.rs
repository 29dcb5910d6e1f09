//! The `tenants` section → probes, in the order of the file.

use std::sync::Arc;

use crate::cloud::Cloud;
use crate::outcome::ProbeId;
use crate::settings::{Authorization, ProbeSettings, SecretSource, Tenant};

use super::catalogue::{Level, Section};
use super::checks::{self, CheckSettings, Defaults};
use super::clouds::Clouds;
use super::mistake::Position;
use super::reader::{Fields, Found, Reader, UniqueNames, duplicate};
use super::secrets;
use super::tree::Node;
use super::value::{self, ClientId, CloudName, Date, Label, MailAddress, Switch, TenantId};

/// Reads the section.
pub(super) fn read(reader: &mut Reader<'_>, root: &Fields<'_>, defaults: Defaults, clouds: &mut Clouds) -> Vec<ProbeSettings> {
    let mut names = UniqueNames::default();
    let mut probes = Vec::new();
    for (path, node) in reader.list(root, "tenants") {
        probes.extend(tenant(reader, node, &path, defaults, clouds, &mut names));
    }
    probes
}

fn tenant(
    reader: &mut Reader<'_>,
    node: &Node,
    path: &str,
    defaults: Defaults,
    clouds: &mut Clouds,
    names: &mut UniqueNames,
) -> Vec<ProbeSettings> {
    let fields = reader.section(node, Section::Tenant, path);
    let name = reader.one::<Label>(&fields, "name");
    if let Some(found) = &name {
        distinct(reader, names, &found.value.0, found.at, &found.key);
    }
    let cloud = cloud(reader, &fields, clouds);
    let tenant_id = reader.one::<TenantId>(&fields, "tenant_id");
    let client_id = reader.one::<ClientId>(&fields, "client_id");
    let Credential { source: credential, expires, read_expiry } = credential(reader, &fields);
    if let (Some(found), Some(cloud)) = (&read_expiry, &cloud)
        && found.value.0
        && cloud.graph.is_none()
    {
        let message = format!(
            "no Graph host is known for the cloud `{}`, and the expiry can be read nowhere else; leave it out",
            cloud.name
        );
        reader.mistake(found.at, &found.key, message);
    }
    let authorization = authorization(reader, &fields);
    let own = checks::read(reader, &fields, Level::Tenant, defaults, cloud.as_ref());
    let mailboxes = mailboxes(reader, &fields, defaults, cloud.as_ref(), authorization.unwrap_or_default());
    if own.is_empty() && fields.entry("mailboxes").is_none() && fields.entry("checks").is_some_and(is_empty_list) {
        reader.mistake(fields.at, path, "nothing is checked here; give it `checks` or `mailboxes`");
    }

    // Whatever is missing here has been told already.
    let (Some(name), Some(cloud), Some(tenant_id), Some(client_id), Some(credential)) =
        (name, cloud, tenant_id, client_id, credential)
    else {
        return Vec::new();
    };
    let tenant = Arc::new(Tenant {
        credential_expires: expires.map(|found| found.value.0),
        read_expiry: read_expiry.is_some_and(|found| found.value.0),
        ..Tenant::new(name.value.0, cloud, tenant_id.value.0, client_id.value.0, credential)
    });
    let own = own.into_iter().map(|asked| probe(&tenant, None, asked));
    let theirs = mailboxes.into_iter().flat_map(|Mailbox { address, label, authorization, checks }| {
        let tenant = &tenant;
        let probe = move |asked| probe(tenant, Some((label.clone(), address.clone())), asked);
        checks.into_iter().map(probe).map(move |probe| ProbeSettings { authorization, ..probe })
    });
    own.chain(theirs).collect()
}

fn is_empty_list(entry: &super::tree::Entry) -> bool {
    matches!(&entry.value.content, super::tree::Content::List(items) if items.is_empty())
}

fn cloud(reader: &mut Reader<'_>, fields: &Fields<'_>, clouds: &mut Clouds) -> Option<Cloud> {
    let written = match fields.entry("cloud") {
        Some(_) => Some(reader.one::<CloudName>(fields, "cloud")?),
        None => None,
    };
    let name = written.as_ref().map_or("global", |found| found.value.0.as_str());
    clouds.find(name).unwrap_or_else(|message| {
        let at = written.as_ref().map_or(fields.at, |found| found.at);
        reader.mistake(at, &fields.key("cloud"), message);
        None
    })
}

/// The credential as the file has it.
#[derive(Default)]
struct Credential {
    source: Option<SecretSource>,
    expires: Option<Found<Date>>,
    read_expiry: Option<Found<Switch>>,
}

fn credential(reader: &mut Reader<'_>, tenant: &Fields<'_>) -> Credential {
    let Some(entry) = tenant.entry("credential") else { return Credential::default() };
    let fields = reader.section(&entry.value, Section::Credential, &tenant.key("credential"));
    Credential {
        source: secrets::source(reader, &fields),
        expires: reader.one::<Date>(&fields, "expires"),
        read_expiry: reader.one::<Switch>(&fields, "read_expiry"),
    }
}

fn authorization(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Authorization> {
    reader.one::<value::Authorization>(fields, "authorization").map(|found| found.value.0)
}

/// A mailbox as the file has it.
struct Mailbox {
    address: String,
    label: String,
    authorization: Authorization,
    checks: Vec<CheckSettings>,
}

fn mailboxes(
    reader: &mut Reader<'_>,
    tenant: &Fields<'_>,
    defaults: Defaults,
    cloud: Option<&Cloud>,
    usual: Authorization,
) -> Vec<Mailbox> {
    let mut labels = UniqueNames::default();
    let mut mailboxes = Vec::new();
    for (path, node) in reader.list(tenant, "mailboxes") {
        let fields = reader.section(node, Section::Mailbox, &path);
        let address = reader.one::<MailAddress>(&fields, "address");
        let name = reader.one::<Label>(&fields, "name");
        let authorization = authorization(reader, &fields).unwrap_or(usual);
        let checks = checks::read(reader, &fields, Level::Mailbox, defaults, cloud);
        let Some(address) = address else { continue };
        let (label, at, key) = match name {
            Some(name) => (name.value.0, name.at, name.key),
            None if fields.entry("name").is_some() => continue,
            None => (address.value.0.clone(), address.at, address.key),
        };
        distinct(reader, &mut labels, &label, at, &key);
        mailboxes.push(Mailbox { address: address.value.0, label, authorization, checks });
    }
    mailboxes
}

fn distinct(reader: &mut Reader<'_>, labels: &mut UniqueNames, label: &str, at: Position, key: &str) {
    if let Some(first) = labels.insert(label, at) {
        reader.mistake(at, key, format!("{}; labels must differ", duplicate(label, first)));
    }
}

/// The probe of one check; a mailbox is its label and its address.
pub(super) fn probe(tenant: &Arc<Tenant>, mailbox: Option<(String, String)>, asked: CheckSettings) -> ProbeSettings {
    let (label, address) = mailbox.unzip();
    let id = ProbeId { tenant: tenant.name.clone(), mailbox: label, check: asked.check };
    ProbeSettings {
        interval: asked.interval,
        timeout: asked.timeout,
        limits: asked.limits,
        folder: asked.folder,
        ..ProbeSettings::new(id, Arc::clone(tenant), address)
    }
}
