//! Reads the `network` section and the environment's proxy variables into the network settings.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::cloud::ranges::Ranges;
use crate::net::trust;
use crate::secret::Secret;
use crate::settings::{self, Network, Proxy, Resolver};

use super::catalogue::{PROXY_LOGIN, Section};
use super::mistake::Position;
use super::proxy_variables;
use super::quoted::Quoted;
use super::reader::{Fields, Reader, UniqueNames};
use super::secret_file;
use super::syntax::is_host_name;
use super::tree::Node;
use super::value::{CaFile, Inspection, IpAddress, PasswordFile, ProxyUrl, ProxyUser, RangesFile, ResolverName};

/// The section as read, with the positions of pinned names, so that an unused pin can be warned of.
pub(super) struct Read {
    pub network: Network,
    pub pins: Vec<(Position, String)>,
}

/// Reads the section; without one, returns the default with the environment's proxy.
pub(super) fn read(reader: &mut Reader<'_>, node: Option<&Node>) -> Read {
    let fields = node.map(|node| reader.section(node, Section::Network, "network"));
    let (resolve, pins) = fields.as_ref().map(|fields| resolve(reader, fields)).unwrap_or_default();
    let resolvers = fields.as_ref().map(|fields| resolvers(reader, fields)).unwrap_or_default();
    let network = Network {
        resolve,
        ca_file: fields.as_ref().and_then(|fields| ca_file(reader, fields)),
        inspection: fields.as_ref().and_then(|fields| inspection(reader, fields)).unwrap_or_default(),
        proxy: proxy(reader, fields.as_ref()),
        proxy_login_variable: proxy_login_variable(reader, fields.as_ref()),
        no_proxy: proxy_variables::no_proxy(reader.system),
        resolvers: if resolvers.is_empty() { vec![Resolver::System] } else { resolvers },
        ranges: fields.as_ref().and_then(|fields| ranges(reader, fields)).map(Arc::new),
        ..Network::default()
    };
    Read { network, pins }
}

fn resolve(reader: &mut Reader<'_>, fields: &Fields<'_>) -> (BTreeMap<String, IpAddr>, Vec<(Position, String)>) {
    let (mut pinned, mut pins) = (BTreeMap::new(), Vec::new());
    for entry in reader.table(fields, "resolve") {
        let path = format!("network.resolve.{}", Quoted::value(&entry.key));
        let name = entry.key.trim_end_matches('.').to_ascii_lowercase();
        if !is_host_name(&name) {
            reader.mistake(
                entry.at,
                "network.resolve",
                format!("`{}` is not a host name; it has no scheme and no port", Quoted::value(&entry.key)),
            );
        }
        if let Some(address) = reader.scalar::<IpAddress>(&entry.value, &path) {
            pinned.insert(name.clone(), address.value.0);
            pins.push((entry.at, name));
        }
    }
    (pinned, pins)
}

fn resolvers(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<Resolver> {
    let (mut resolvers, mut seen) = (Vec::new(), UniqueNames::default());
    for (path, node) in reader.list(fields, "resolvers") {
        let Some(found) = reader.scalar::<ResolverName>(node, &path) else { continue };
        let name = match &found.value.0 {
            Resolver::System => "system".to_owned(),
            Resolver::Address(address) => address.to_string(),
        };
        match seen.insert(&name, found.at) {
            Some(first) => {
                let message = reader.duplicate(&name, first, found.at);
                reader.mistake(found.at, &path, message);
            }
            None => resolvers.push(found.value.0),
        }
    }
    resolvers
}

fn ranges(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Ranges> {
    let found = reader.one::<RangesFile>(fields, "ranges_file")?;
    let path = reader.resolve(&found.value.0);
    let name = format!("`{}`", reader.shown(&found.value.0));
    let read = reader.system.file(&path).map_err(|error| format!("cannot read {name}: {error}"));
    let ranges = read.and_then(|file| {
        // What is no UTF-8 is no JSON either, and its place is told as such.
        Ranges::parse(&String::from_utf8_lossy(&file.bytes), &name).map_err(|wrong| format!("{name}, {wrong}"))
    });
    ranges.map_err(|wrong| reader.mistake(found.at, &found.key, wrong)).ok()
}

fn ca_file(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<PathBuf> {
    let found = reader.one::<CaFile>(fields, "ca_file")?;
    let path = reader.resolve(&found.value.0);
    let wrong = match reader.system.file(&path) {
        Err(error) => format!("cannot read `{}`: {error}", reader.shown(&found.value.0)),
        Ok(file) => match trust::certificates(&file.bytes) {
            Ok(all) if all.is_empty() => {
                format!(
                    "`{}` holds no certificate; it takes PEM, beginning with -----BEGIN CERTIFICATE-----",
                    reader.shown(&found.value.0)
                )
            }
            Ok(_) => return Some(path),
            Err(number) => format!("certificate {number} in `{}` cannot be read", reader.shown(&found.value.0)),
        },
    };
    reader.mistake(found.at, &found.key, wrong);
    None
}

fn inspection(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<settings::Inspection> {
    reader.one::<Inspection>(fields, "inspection").map(|found| found.value.0)
}

fn proxy(reader: &mut Reader<'_>, fields: Option<&Fields<'_>>) -> Option<Proxy> {
    let written = fields.and_then(|fields| fields.entry("proxy"));
    let login = fields.and_then(|fields| login(reader, fields));
    let address = match (fields, written) {
        (Some(fields), Some(_)) => match reader.one::<ProxyUrl>(fields, "proxy")?.value {
            ProxyUrl::At(kind, host, port) => Some(Proxy { kind, host, port, login: None }),
            ProxyUrl::None => None,
        },
        _ => proxy_variables::proxy(reader),
    };
    match (address, login) {
        (Some(proxy), Some(login)) => Some(Proxy { login: Some(login.1), ..proxy }),
        (Some(proxy), None) => Some(proxy),
        (None, Some((at, _))) => {
            reader.mistake(at, "network.proxy_user", "there is no proxy to log in to; name it with `proxy`");
            None
        }
        (None, None) => None,
    }
}

/// Returns the variable that names the proxy, where no key of the section is about the proxy or its login.
fn proxy_login_variable(reader: &Reader<'_>, fields: Option<&Fields<'_>>) -> Option<&'static str> {
    let is_written = fields.is_some_and(|fields| PROXY_LOGIN.iter().chain(&["proxy"]).any(|key| fields.entry(key).is_some()));
    proxy_variables::name(reader.system).filter(|_| !is_written)
}

/// Reads user and password, of which both are given or neither.
fn login(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<(Position, (String, Secret))> {
    let [user, password] = PROXY_LOGIN;
    for (one, other) in [(user, password), (password, user)] {
        if let (Some(entry), true) = (fields.entry(one), fields.is_missing(other)) {
            reader.mistake(entry.at, &fields.key(one), format!("it needs `{other}`; a login has both parts"));
        }
    }
    let user = reader.one::<ProxyUser>(fields, "proxy_user");
    let file = reader.one::<PasswordFile>(fields, "proxy_password_file")?;
    let password = secret_file::read(reader, &file.value.0, file.at, &file.key)?;
    user.map(|user| (user.at, (user.value.0, password)))
}
