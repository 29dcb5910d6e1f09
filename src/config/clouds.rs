//! Reads the `clouds` section: clouds beside the built-in ones, or changed ones; and keeps which of them are in use.

use std::collections::BTreeSet;

use crate::cloud::{Cloud, HttpsEndpoint};
use crate::kind::Check;
use crate::lang::Lang;
use crate::report::term;
use crate::settings::Network;
use crate::spelling::did_you_mean;

use super::catalogue::{Level, Section, checks_of};
use super::mistake::Position;
use super::quoted::Quoted;
use super::reader::{Fields, Reader, invalid_value};
use super::tree::Entry;
use super::value::{EwsUrl, ImapUrl, Label, Pop3Url, Scope, ServerUrl, SmtpUrl, Value};

/// The clouds a tenant can be in.
#[derive(Default)]
pub(super) struct Clouds {
    configured: Vec<ConfiguredCloud>,
    /// Names of clouds that tenants are in.
    used: BTreeSet<String>,
    /// Names of hosts of those clouds.
    hosts: BTreeSet<String>,
}

struct ConfiguredCloud {
    at: Position,
    name: String,
    /// The cloud; `None` if its section has a mistake.
    cloud: Option<Cloud>,
}

/// Reads the section.
pub(super) fn read(reader: &mut Reader<'_>, root: &Fields<'_>) -> Clouds {
    let configured = reader.table(root, "clouds").into_iter().map(|entry| cloud(reader, entry)).collect();
    Clouds { configured, ..Clouds::default() }
}

fn cloud(reader: &mut Reader<'_>, entry: &Entry) -> ConfiguredCloud {
    let path = format!("clouds.{}", Quoted::value(&entry.key));
    if let Err(hint) = Label::parse(&entry.key) {
        reader.mistake(entry.at, "clouds", invalid_value(&entry.key, &Label::FORMAT, &hint));
    }
    let fields = reader.section(&entry.value, Section::Cloud, &path);
    let built_in = Cloud::built_in(&entry.key);
    if built_in.is_none() && fields.is_missing("login") {
        reader.mistake(fields.at, &fields.key("login"), "`login` is missing: where tokens come from");
    }
    let login = reader.one::<ServerUrl>(&fields, "login").map(|found| found.value.0);
    let pop3 = reader.one::<Pop3Url>(&fields, Check::Pop3.name()).map(|found| found.value.0);
    let imap = reader.one::<ImapUrl>(&fields, Check::Imap.name()).map(|found| found.value.0);
    let smtp = reader.one::<SmtpUrl>(&fields, Check::Smtp.name()).map(|found| found.value.0);
    let ews = reader.one::<EwsUrl>(&fields, Check::Ews.name()).map(|found| found.value.0);
    let graph = reader.one::<ServerUrl>(&fields, Check::Graph.name()).map(|found| found.value.0);
    let scope = reader.one::<Scope>(&fields, "scope").map(|found| found.value.0);
    let name = entry.key.clone();
    let base = built_in.or_else(|| login.clone().map(|login| Cloud::new(&name, login)));
    let cloud = base.map(|base| Cloud {
        name: name.clone(),
        login: login.unwrap_or(base.login),
        pop3: pop3.or(base.pop3),
        imap: imap.or(base.imap),
        smtp: smtp.or(base.smtp),
        ews: ews.or(base.ews),
        graph_scope: graph.as_ref().map(graph_scope).or(base.graph_scope),
        graph: graph.or(base.graph),
        scope: scope.unwrap_or(base.scope),
    });
    ConfiguredCloud { at: entry.at, name, cloud }
}

/// Returns Graph's OAuth scope, which names its host; ports are no part of a resource's name.
fn graph_scope(graph: &HttpsEndpoint) -> String {
    format!("https://{}/.default", HttpsEndpoint { port: 443, ..graph.clone() }.authority())
}

impl Clouds {
    /// Returns the cloud of that name and counts it as used; `None` if it is configured with a mistake.
    ///
    /// # Errors
    /// The message for an unknown name.
    pub(super) fn find(&mut self, name: &str) -> Result<Option<Cloud>, String> {
        let cloud = match self.configured.iter().find(|configured| configured.name == name) {
            Some(configured) => configured.cloud.clone(),
            None => Some(Cloud::built_in(name).ok_or_else(|| self.unknown(name))?),
        };
        self.used.insert(name.to_owned());
        self.hosts.extend(cloud.iter().flat_map(Cloud::hosts).map(str::to_ascii_lowercase));
        Ok(cloud)
    }

    fn unknown(&self, name: &str) -> String {
        let mut names: Vec<&str> = Cloud::built_in_names().collect();
        names.extend(self.configured.iter().map(|configured| configured.name.as_str()));
        let hint = did_you_mean(name, names.iter().copied());
        let hint = hint.map(|name| format!("; did you mean `{}`?", Quoted::value(name))).unwrap_or_default();
        let names: Vec<_> = names.into_iter().map(Quoted::value).collect();
        let names = names.iter().map(|name| &**name).collect::<Vec<_>>().join(", ");
        format!("`{}` is not a cloud; it is one of {names}{hint}", Quoted::value(name))
    }

    /// Warns of clouds that no tenant is in and of pins of names that no cloud in use has.
    pub(super) fn warn_unused(&self, reader: &mut Reader<'_>, network: &Network, pins: &[(Position, String)]) {
        for configured in self.configured.iter().filter(|configured| !self.used.contains(&configured.name)) {
            reader.warning(configured.at, &format!("clouds.{}", Quoted::value(&configured.name)), "no tenant is in this cloud");
        }
        let proxy = network.proxy.as_ref().map(|proxy| proxy.host.as_str());
        for (at, name) in pins.iter().filter(|(_, name)| !self.hosts.contains(name) && proxy != Some(name)) {
            reader.warning(
                *at,
                &format!("network.resolve.{}", Quoted::value(name)),
                "no cloud that a tenant is in has this host",
            );
        }
    }
}

/// Returns the message for a check whose server a cloud does not name, with the checks that it has.
pub(super) fn missing_endpoint(cloud: &Cloud, check: Check) -> String {
    let names = checks_of(Level::Mailbox).filter(|check| check.is_offered_by(cloud)).map(Check::name);
    let names = names.collect::<Vec<_>>().join(", ");
    let can = if names.is_empty() { "no mailbox can be checked there".to_owned() } else { format!("it has {names}") };
    let (name, protocol) = (Quoted::value(&cloud.name), term::check(check, Lang::En));
    format!("the cloud `{name}` has no known {protocol} host; {can}; name the host as `{check}` under `clouds.{name}`")
}
