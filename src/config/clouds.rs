//! The `clouds` section → clouds beside the built-in ones, and which of all of them are in use.

use std::collections::BTreeSet;

use crate::cloud::{Cloud, HttpsEndpoint};
use crate::settings::Network;
use crate::spelling::did_you_mean;

use super::catalogue::{Level, Section, checks_of};
use super::mistake::Position;

use super::reader::{Fields, Reader, complaint, shown};
use super::tree::Entry;
use super::value::{EwsUrl, ImapUrl, Label, Pop3Url, Scope, ServerUrl, SmtpUrl, Value};

/// The clouds a tenant can be in.
#[derive(Default)]
pub(super) struct Clouds {
    own: Vec<Own>,
    /// Names of clouds that tenants are in.
    used: BTreeSet<String>,
    /// Names of hosts of those clouds.
    hosts: BTreeSet<String>,
}

struct Own {
    at: Position,
    name: String,
    /// `None`: named in the file, but not understood.
    cloud: Option<Cloud>,
}

/// Reads the section.
pub(super) fn read(reader: &mut Reader<'_>, root: &Fields<'_>) -> Clouds {
    let own = reader.table(root, "clouds").into_iter().map(|entry| cloud(reader, entry)).collect();
    Clouds { own, ..Clouds::default() }
}

fn cloud(reader: &mut Reader<'_>, entry: &Entry) -> Own {
    let path = format!("clouds.{}", shown(&entry.key));
    if let Err(hint) = Label::parse(&entry.key) {
        reader.mistake(entry.at, "clouds", complaint(&entry.key, &Label::FORMAT, &hint));
    } else if Cloud::built_in(&entry.key).is_some() {
        reader.mistake(entry.at, &path, format!("`{}` is a built-in cloud; choose another name", entry.key));
    }
    let fields = reader.section(&entry.value, Section::Cloud, &path);
    let login = reader.one::<ServerUrl>(&fields, "login").map(|found| found.value.0);
    let pop3 = reader.one::<Pop3Url>(&fields, "pop3").map(|found| found.value.0);
    let imap = reader.one::<ImapUrl>(&fields, "imap").map(|found| found.value.0);
    let smtp = reader.one::<SmtpUrl>(&fields, "smtp").map(|found| found.value.0);
    let ews = reader.one::<EwsUrl>(&fields, "ews").map(|found| found.value.0);
    let graph = reader.one::<ServerUrl>(&fields, "graph").map(|found| found.value.0);
    let scope = reader.one::<Scope>(&fields, "scope").map(|found| found.value.0);
    let name = entry.key.clone();
    let cloud = login.map(|login| Cloud {
        name: name.clone(),
        login,
        pop3,
        imap,
        smtp,
        ews,
        graph_scope: graph.as_ref().map(graph_scope),
        graph,
        scope: scope.unwrap_or_else(|| "https://outlook.office365.com/.default".to_owned()),
    });
    Own { at: entry.at, name, cloud }
}

/// Graph's scope names its host; ports are no part of a resource's name.
fn graph_scope(graph: &HttpsEndpoint) -> String {
    format!("https://{}/.default", HttpsEndpoint { port: 443, ..graph.clone() }.authority())
}

impl Clouds {
    /// The cloud of that name, or what is wrong with the name. `Ok(None)`: it is there, but was not understood.
    pub(super) fn choose(&mut self, name: &str) -> Result<Option<Cloud>, String> {
        let cloud = match self.own.iter().find(|own| own.name == name) {
            Some(own) => own.cloud.clone(),
            None => Some(Cloud::built_in(name).ok_or_else(|| self.unknown(name))?),
        };
        self.used.insert(name.to_owned());
        self.hosts.extend(cloud.iter().flat_map(hosts));
        Ok(cloud)
    }

    fn unknown(&self, name: &str) -> String {
        let mut known: Vec<&str> = Cloud::built_in_names().collect();
        known.extend(self.own.iter().map(|own| own.name.as_str()));
        let hint = did_you_mean(name, known.iter().copied()).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
        format!("`{}` is not a cloud; it is one of {}{hint}", shown(name), known.join(", "))
    }

    /// Warns of clouds that no tenant is in and of pins of names that no cloud in use has.
    pub(super) fn warn_unused(&self, reader: &mut Reader<'_>, network: &Network, pins: &[(Position, String)]) {
        for own in self.own.iter().filter(|own| !self.used.contains(&own.name)) {
            reader.warning(own.at, &format!("clouds.{}", own.name), "no tenant is in this cloud");
        }
        let proxy = network.proxy.as_ref().map(|proxy| proxy.host.as_str());
        for (at, name) in pins.iter().filter(|(_, name)| !self.hosts.contains(name) && proxy != Some(name)) {
            reader.warning(*at, &format!("network.resolve.{name}"), "no cloud that a tenant is in has this host");
        }
    }
}

fn hosts(cloud: &Cloud) -> impl Iterator<Item = String> {
    let mail = [&cloud.pop3, &cloud.imap, &cloud.smtp].into_iter().flatten().map(|endpoint| &endpoint.host);
    let https = [&cloud.ews, &cloud.graph].into_iter().flatten().map(|endpoint| &endpoint.host);
    std::iter::once(&cloud.login.host).chain(mail).chain(https).cloned().collect::<Vec<_>>().into_iter()
}

/// Whether the cloud has what the check needs.
pub(super) fn offers(cloud: &Cloud, check: &str) -> bool {
    match check {
        "pop3" => cloud.pop3.is_some(),
        "imap" => cloud.imap.is_some(),
        "smtp" => cloud.smtp.is_some(),
        "ews" => cloud.ews.is_some(),
        "graph" => cloud.graph.is_some(),
        _ => true,
    }
}

/// Why a check cannot be had in a cloud, and what can.
pub(super) fn not_offered(cloud: &Cloud, check: &str) -> String {
    let names = checks_of(Level::Mailbox).map(|check| check.name).filter(|name| offers(cloud, name));
    let names = names.collect::<Vec<_>>().join(", ");
    let can = if names.is_empty() { "no mailbox can be checked there".to_owned() } else { format!("it has {names}") };
    let way_out =
        if Cloud::built_in(&cloud.name).is_some() { "name the server in a cloud of your own" } else { "name the server" };
    format!("no {check} server is known of the cloud `{}`; {can}, or {way_out} under `clouds`", cloud.name)
}
