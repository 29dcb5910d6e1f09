//! Reads the `tenants` section into probes, in the order of the file.

use std::sync::Arc;

use crate::cloud::Cloud;
use crate::credential::{AssignedIdentity, Credential};
use crate::outcome::{Phase, ProbeId};
use crate::settings::{Authorization, Expectation, ProbeSettings, Tenant};

use super::catalogue::{Level, Section};
use super::checks::{self, CheckSettings, Defaults};
use super::clouds::Clouds;
use super::credential;
use super::include::{self, Included};
use super::quoted::Quoted;
use super::reader::{Fields, Found, Reader, UniqueNames};
use super::tree::{Content, Node};
use super::value::{self, ClientId, CloudName, Date, Label, MailAddress, Switch, TenantId};

/// Reads the section, then those of the included files.
pub(super) fn read(
    reader: &mut Reader<'_>,
    root: &Fields<'_>,
    included: &[Included],
    defaults: Defaults,
    clouds: &mut Clouds,
) -> Vec<ProbeSettings> {
    let mut tenant_reader = TenantReader { reader, defaults, clouds, names: UniqueNames::default() };
    let mut probes = tenant_reader.tenants(root);
    for file in included {
        tenant_reader.reader.base.clone_from(&file.base);
        let fields = include::section(tenant_reader.reader, file);
        probes.extend(tenant_reader.tenants(&fields));
    }
    probes
}

/// A reader of one tenant after the other, with a method for each part. A part that is `None` is missing or wrong, and a mistake
/// is recorded for it.
struct TenantReader<'r, 'a> {
    reader: &'r mut Reader<'a>,
    defaults: Defaults,
    clouds: &'r mut Clouds,
    /// Names of the tenants read so far.
    names: UniqueNames,
}

/// The `credential` section as read.
#[derive(Default)]
struct CredentialSection {
    credential: Option<Credential>,
    expires: Option<Found<Date>>,
    read_expiry: Option<Found<Switch>>,
}

/// An item of `mailboxes` as read.
struct Mailbox {
    address: String,
    label: String,
    authorization: Authorization,
    expect: Expectation,
    checks: Vec<CheckSettings>,
}

impl TenantReader<'_, '_> {
    fn tenants(&mut self, fields: &Fields<'_>) -> Vec<ProbeSettings> {
        let tenants = self.reader.list(fields, "tenants");
        tenants.iter().flat_map(|(path, node)| self.tenant(node, path)).collect()
    }

    fn tenant(&mut self, node: &Node, path: &str) -> Vec<ProbeSettings> {
        let fields = self.reader.section(node, Section::Tenant, path);
        let name = self.name(&fields);
        let cloud = self.cloud(&fields);
        let tenant_id = self.reader.one::<TenantId>(&fields, "tenant_id").map(|found| found.value.0);
        let client_id = self.reader.one::<ClientId>(&fields, "client_id");
        let section = self.credential(&fields, cloud.as_ref());
        self.require_client_id_of_identity(client_id.as_ref(), &section);
        let authorization = self.authorization(&fields).unwrap_or_default();
        let checks = checks::read(self.reader, &fields, Level::Tenant, self.defaults, cloud.as_ref());
        let mailboxes = self.mailboxes(&fields, cloud.as_ref(), authorization);
        self.require_checks(&fields, &checks);

        let (Some(name), Some(cloud), Some(tenant_id), Some(client_id), Some(credential)) =
            (name, cloud, tenant_id, client_id, section.credential)
        else {
            return Vec::new();
        };
        let tenant = Tenant {
            credential_expires: section.expires.map(|found| found.value.0),
            read_expiry: section.read_expiry.is_some_and(|found| found.value.0),
            ..Tenant::new(name, cloud, tenant_id, client_id.value.0, credential)
        };
        probes(&Arc::new(tenant), checks, mailboxes)
    }

    fn name(&mut self, fields: &Fields<'_>) -> Option<String> {
        let name = self.reader.one::<Label>(fields, "name")?;
        require_unique(self.reader, &mut self.names, &name);
        Some(name.value.0)
    }

    fn cloud(&mut self, fields: &Fields<'_>) -> Option<Cloud> {
        let written = match fields.entry("cloud") {
            Some(_) => Some(self.reader.one::<CloudName>(fields, "cloud")?),
            None => None,
        };
        let name = written.as_ref().map_or("global", |found| found.value.0.as_str());
        self.clouds.find(name).unwrap_or_else(|message| {
            let at = written.as_ref().map_or(fields.at, |found| found.at);
            self.reader.mistake(at, &fields.key("cloud"), message);
            None
        })
    }

    fn credential(&mut self, tenant: &Fields<'_>, cloud: Option<&Cloud>) -> CredentialSection {
        let Some(entry) = tenant.entry("credential") else { return CredentialSection::default() };
        let fields = self.reader.section(&entry.value, Section::Credential, &tenant.key("credential"));
        let section = CredentialSection {
            credential: credential::read(self.reader, &fields, cloud.map_or("", |cloud| &cloud.login.host)),
            expires: self.reader.one::<Date>(&fields, "expires"),
            read_expiry: self.reader.one::<Switch>(&fields, "read_expiry"),
        };
        self.require_graph(section.read_expiry.as_ref(), cloud);
        section
    }

    /// Refuses, for a managed identity that is not the application's assertion, what it cannot have: a client id of another, and an
    /// expiry.
    fn require_client_id_of_identity(&mut self, client_id: Option<&Found<ClientId>>, section: &CredentialSection) {
        let Some(credential) = section.credential.as_ref().filter(|credential| credential.is_local()) else { return };
        let named = credential.managed_identity().map(|identity| &identity.identity);
        if let (Some(Found { at, key, value: ClientId(id) }), Some(AssignedIdentity::ClientId(named))) = (client_id, named)
            && !id.eq_ignore_ascii_case(named)
        {
            let message = "it is not the id of `managed_identity`, whose token is used as it is; write that id, or `as: client_id` \
                           beside `managed_identity` where the token is to sign in this application";
            self.reader.mistake(*at, key, message);
        }
        if let Some(found) = section.read_expiry.as_ref().filter(|found| found.value.0) {
            let message = "a managed identity has no credential that ends, and no registration to read; leave it out";
            self.reader.mistake(found.at, &found.key, message);
        }
    }

    /// Refuses `read_expiry` in a cloud whose Graph host is not known.
    fn require_graph(&mut self, read_expiry: Option<&Found<Switch>>, cloud: Option<&Cloud>) {
        let (Some(found), Some(cloud)) = (read_expiry.filter(|found| found.value.0), cloud) else { return };
        if cloud.graph.is_none() {
            let message = format!(
                "no Graph host is known for the cloud `{}`, and the expiry can be read nowhere else; leave it out",
                Quoted::value(&cloud.name)
            );
            self.reader.mistake(found.at, &found.key, message);
        }
    }

    fn authorization(&mut self, fields: &Fields<'_>) -> Option<Authorization> {
        self.reader.one::<value::Authorization>(fields, "authorization").map(|found| found.value.0)
    }

    /// Refuses `checks: []` where there are no mailboxes either.
    fn require_checks(&mut self, fields: &Fields<'_>, checks: &[CheckSettings]) {
        let is_empty_list = |node: &Node| matches!(&node.content, Content::List(items) if items.is_empty());
        let none_wanted = fields.entry("checks").is_some_and(|entry| is_empty_list(&entry.value));
        if checks.is_empty() && none_wanted && fields.entry("mailboxes").is_none() {
            self.reader.mistake(fields.at, &fields.path, "nothing is checked here; give it `checks` or `mailboxes`");
        }
    }

    fn mailboxes(&mut self, tenant: &Fields<'_>, cloud: Option<&Cloud>, authorization: Authorization) -> Vec<Mailbox> {
        let mut labels = UniqueNames::default();
        let mailboxes = self.reader.list(tenant, "mailboxes");
        mailboxes.iter().filter_map(|(path, node)| self.mailbox(node, path, cloud, authorization, &mut labels)).collect()
    }

    fn mailbox(
        &mut self,
        node: &Node,
        path: &str,
        cloud: Option<&Cloud>,
        of_tenant: Authorization,
        labels: &mut UniqueNames,
    ) -> Option<Mailbox> {
        let fields = self.reader.section(node, Section::Mailbox, path);
        let address = self.reader.one::<MailAddress>(&fields, "address");
        let name = self.reader.one::<Label>(&fields, "name");
        let authorization = self.authorization(&fields).unwrap_or(of_tenant);
        let expect = self.reader.one::<value::Expectation>(&fields, "expect").map(|found| found.value.0).unwrap_or_default();
        let checks = checks::read(self.reader, &fields, Level::Mailbox, self.defaults, cloud);
        let Found { at, key, value: MailAddress(address) } = address?;
        let label = match name {
            Some(name) => name,
            None if fields.entry("name").is_some() => return None,
            None => Found { at, key, value: Label(address.clone()) },
        };
        require_unique(self.reader, labels, &label);
        for check in checks.iter().filter(|check| !check.round_trip.is_allowed(&address)) {
            let to = Quoted::value(check.round_trip.recipient(&address));
            let message = format!("`{}` sends mail to `{to}`, in another domain; name that in `allow_domain`", check.check);
            self.reader.mistake(fields.at, &fields.key("checks"), message);
        }
        if expect == Expectation::Denied
            && let Some(check) = checks.iter().find(|check| check.check.kind().phases.contains(&Phase::Submit))
        {
            let message = format!("`{}` sends mail; a mailbox with `expect: denied` is only logged in to", check.check);
            self.reader.mistake(fields.at, &fields.key("checks"), message);
        }
        Some(Mailbox { address, label: label.value.0, authorization, expect, checks })
    }
}

/// Refuses a label that another tenant, or another mailbox of the tenant, has already.
fn require_unique(reader: &mut Reader<'_>, labels: &mut UniqueNames, found: &Found<Label>) {
    let Label(label) = &found.value;
    if let Some(first) = labels.insert(label, found.at) {
        let message = format!("{}; labels must differ", reader.duplicate(label, first, found.at));
        reader.mistake(found.at, &found.key, message);
    }
}

/// Returns the tenant's own probes, then those of each mailbox.
fn probes(tenant: &Arc<Tenant>, checks: Vec<CheckSettings>, mailboxes: Vec<Mailbox>) -> Vec<ProbeSettings> {
    let mut probes: Vec<_> = checks.into_iter().map(|check| probe(tenant, None, check)).collect();
    for Mailbox { address, label, authorization, expect, checks } in mailboxes {
        let of_mailbox = |check| probe(tenant, Some((label.clone(), address.clone())), check);
        probes.extend(checks.into_iter().map(of_mailbox).map(|probe| ProbeSettings { authorization, expect, ..probe }));
    }
    probes
}

/// Creates the probe of one check; a mailbox is given as its label and its address.
pub(super) fn probe(tenant: &Arc<Tenant>, mailbox: Option<(String, String)>, check: CheckSettings) -> ProbeSettings {
    let (label, address) = mailbox.unzip();
    let id = ProbeId { tenant: tenant.name.clone(), mailbox: label, check: check.check };
    ProbeSettings {
        interval: check.interval,
        timeout: check.timeout,
        limits: check.limits,
        folder: check.folder,
        backlog: check.backlog,
        round_trip: check.round_trip,
        ..ProbeSettings::new(id, Arc::clone(tenant), address)
    }
}
