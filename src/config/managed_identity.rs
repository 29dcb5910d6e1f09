//! The keys of a managed identity in the `credential` section, and the endpoint that hands out its tokens on this machine.

use std::path::Path;

use hyper::Uri;

use crate::cloud::HttpsEndpoint;
use crate::credential::{ARC_KEYS, AssignedIdentity, Credential, IdentityHost, ManagedIdentity, TokenPart};
use crate::secret::Secret;

use super::mistake::Position;
use super::quoted::Quoted;
use super::reader::{Fields, Found, Reader};
use super::syntax::is_guid;
use super::system::System;
use super::value::{Format, Value};

/// The key that may stand beside `managed_identity`.
pub(super) const BESIDE: &[&str] = &["as"];

/// The variables that the platforms set, by which Microsoft's own libraries tell them apart, too.
const ENDPOINT: &str = "IDENTITY_ENDPOINT";
const HEADER: &str = "IDENTITY_HEADER";
const SERVICE_FABRIC: &str = "IDENTITY_SERVER_THUMBPRINT";
const MSI_ENDPOINT: &str = "MSI_ENDPOINT";
const MSI_SECRET: &str = "MSI_SECRET";
const ARC: &str = "IMDS_ENDPOINT";
const IMDS_HOST: &str = "AZURE_POD_IDENTITY_AUTHORITY_HOST";

/// The program of Azure Arc's agent, which is there where its variables did not reach this process.
const ARC_AGENT: (&str, &str) = ("/opt/azcmagent/bin", "himds");
/// The endpoint of Azure Arc's agent.
const ARC_ENDPOINT: &str = "http://127.0.0.1:40342/metadata/identity/oauth2/token";
/// The link-local address of the Instance Metadata Service.
const IMDS: &str = "http://169.254.169.254";
const IMDS_PATH: &str = "/metadata/identity/oauth2/token";

/// The identity that tokens are asked for.
pub(super) struct IdentityName(pub AssignedIdentity);

impl Value for IdentityName {
    const FORMAT: Format = Format::new(
        "a managed identity",
        "`system`, or of a user-assigned one the client id, object_id=ID, or the resource id (/subscriptions/...)",
        "^(system|(client_id=|object_id=)?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|/[Ss][Uu][Bb][Ss][Cc][Rr][Ii][Pp][Tt][Ii][Oo][Nn][Ss]/[!-~]+)$",
    );

    fn parse(text: &str) -> Result<Self, String> {
        let (kind, id) = text.split_once('=').unwrap_or(("client_id", text));
        let is_resource = text.get(..15).is_some_and(|start| start.eq_ignore_ascii_case("/subscriptions/"));
        match kind {
            _ if text == "system" => Ok(Self(AssignedIdentity::System)),
            _ if is_resource && text.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Ok(Self(AssignedIdentity::ResourceId(text.to_owned())))
            }
            "client_id" if is_guid(id) => Ok(Self(AssignedIdentity::ClientId(id.to_owned()))),
            "object_id" if is_guid(id) => Ok(Self(AssignedIdentity::ObjectId(id.to_owned()))),
            _ if text.eq_ignore_ascii_case("system") => Err("did you mean `system`?".to_owned()),
            _ => Err(String::new()),
        }
    }
}

/// Returns the client id by which `text` names a managed identity; `None` where it names one in another way, or none.
pub fn named_client_id(text: &str) -> Option<String> {
    match IdentityName::parse(text) {
        Ok(IdentityName(AssignedIdentity::ClientId(id))) => Some(id),
        _ => None,
    }
}

/// The part of the token where it is no access token.
pub(super) struct SignsIn;

impl Value for SignsIn {
    const FORMAT: Format = Format::new("an application that the token signs in", "client_id, the application of that key", "")
        .choices(&["client_id"]);

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "client_id" => Ok(Self),
            _ if is_guid(text) => Err("write the application's id to the tenant's key `client_id`".to_owned()),
            _ => Err(String::new()),
        }
    }
}

/// Reads the keys of the section.
pub(super) fn read(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Credential> {
    let found = reader.one::<IdentityName>(fields, "managed_identity");
    let part = match fields.entry("as") {
        Some(_) => reader.one::<SignsIn>(fields, "as").map(|_| TokenPart::Assertion),
        None => Some(TokenPart::Access),
    };
    let Found { value: IdentityName(identity), at, key } = found?;
    credential(reader, identity, part?, at, &key)
}

/// Reads the identity of `--managed-identity`.
pub(super) fn from_option(reader: &mut Reader<'_>, text: &str) -> Option<Credential> {
    let option = "--managed-identity";
    let IdentityName(identity) = reader.text(None, option, text)?;
    credential(reader, identity, TokenPart::Access, None, option)
}

fn credential(
    reader: &mut Reader<'_>,
    identity: AssignedIdentity,
    part: TokenPart,
    at: impl Into<Option<Position>>,
    key: &str,
) -> Option<Credential> {
    let at = at.into();
    match endpoint(reader.system) {
        Ok((host, endpoint)) => Some(Credential::ManagedIdentity(ManagedIdentity { identity, host, at: endpoint, part })),
        Err(message) => {
            reader.mistake(at, key, message);
            None
        }
    }
}

/// Finds the endpoint of this machine, in the order of Microsoft's own libraries.
///
/// # Errors
/// A message that names the platform, where it is not supported, or the variable whose URL is of no use.
fn endpoint(system: &dyn System) -> Result<(IdentityHost, HttpsEndpoint), String> {
    let variable = |name: &str| system.variable(name).filter(|value| !value.trim().is_empty());
    let unsupported = |name: &str, platform: &str| {
        format!(
            "the variable {name} is set, as by {platform}, whose managed identities are not supported; use a certificate there"
        )
    };
    let (named, header) = (variable(ENDPOINT), variable(HEADER));
    if let (Some(url), Some(value)) = (&named, header) {
        if variable(SERVICE_FABRIC).is_some() {
            return Err(unsupported(SERVICE_FABRIC, "Service Fabric"));
        }
        return Ok((IdentityHost::AppService(Secret::new(value)), parsed(ENDPOINT, url)?));
    }
    if variable(MSI_ENDPOINT).is_some() {
        let (name, platform) = match variable(MSI_SECRET) {
            Some(_) => (MSI_SECRET, "Azure Machine Learning"),
            None => (MSI_ENDPOINT, "Cloud Shell"),
        };
        return Err(unsupported(name, platform));
    }
    let arc = IdentityHost::Arc(ARC_KEYS.into());
    let (directory, agent) = ARC_AGENT;
    let is_arc = || system.names(Path::new(directory)).is_ok_and(|names| names.iter().any(|name| name == agent));
    match named {
        Some(url) if variable(ARC).is_some() => Ok((arc, parsed(ENDPOINT, &url)?)),
        _ if is_arc() => Ok((arc, parsed(ENDPOINT, ARC_ENDPOINT)?)),
        _ => {
            let host = variable(IMDS_HOST).unwrap_or_else(|| IMDS.to_owned());
            let url = format!("{}{IMDS_PATH}", host.trim().trim_end_matches('/'));
            Ok((IdentityHost::VirtualMachine, parsed(IMDS_HOST, &url)?))
        }
    }
}

/// Parses the URL of an endpoint that the variable `name` gives.
fn parsed(name: &str, url: &str) -> Result<HttpsEndpoint, String> {
    let uri: Option<Uri> = url.trim().parse().ok();
    let parts = uri.filter(|uri| uri.scheme_str() == Some("http") && uri.query().is_none()).and_then(|uri| {
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        Some(HttpsEndpoint { host, port: authority.port_u16().unwrap_or(80), path: uri.path().to_owned() })
    });
    parts.ok_or_else(|| {
        format!("the variable {name} names `{}` as the endpoint; it has to be `http://HOST:PORT/PATH`", Quoted::value(url))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io;

    use super::*;
    use crate::config::FileRead;
    use crate::file::FileKind;

    /// Variables, and the names in the directory of Azure Arc's agent.
    #[derive(Debug, Default)]
    struct Machine(BTreeMap<&'static str, &'static str>, Vec<String>);

    impl System for Machine {
        fn variable(&self, name: &str) -> Option<String> {
            self.0.get(name).map(|&value| value.to_owned())
        }

        fn file(&self, _: &Path) -> io::Result<FileRead> {
            Err(io::ErrorKind::NotFound.into())
        }

        fn text(&self, _: &Path, _: FileKind, _: usize) -> io::Result<Vec<u8>> {
            Err(io::ErrorKind::NotFound.into())
        }

        fn names(&self, _: &Path) -> io::Result<Vec<String>> {
            Ok(self.1.clone())
        }
    }

    fn found(variables: &[(&'static str, &'static str)], agent: &[&str]) -> Result<String, String> {
        let names = agent.iter().map(|&name| name.to_owned()).collect();
        let (host, at) = endpoint(&Machine(variables.iter().copied().collect(), names))?;
        let kind = match host {
            IdentityHost::VirtualMachine => "imds",
            IdentityHost::AppService(header) => return Ok(format!("app {} {}{}", header.expose(), at.authority(), at.path)),
            IdentityHost::Arc(_) => "arc",
        };
        Ok(format!("{kind} {}{}", at.authority(), at.path))
    }

    #[test]
    fn endpoint_is_found_in_the_order_of_microsoft_s_libraries() {
        let own = (ENDPOINT, "http://localhost:42356/msi/token");
        for (variables, agent, expected) in [
            (&[][..], &[][..], "imds 169.254.169.254:80/metadata/identity/oauth2/token"),
            (&[(IMDS_HOST, "http://127.0.0.1:8080/")], &[], "imds 127.0.0.1:8080/metadata/identity/oauth2/token"),
            (&[(IMDS_HOST, "http://[::1]:8080")], &[], "imds [::1]:8080/metadata/identity/oauth2/token"),
            (&[own, (HEADER, "value")], &["himds"], "app value localhost:42356/msi/token"),
            (&[own, (ARC, "http://127.0.0.1:40342")], &[], "arc localhost:42356/msi/token"),
            (&[], &["himds"], "arc 127.0.0.1:40342/metadata/identity/oauth2/token"),
            (&[own], &[], "imds 169.254.169.254:80/metadata/identity/oauth2/token"),
            (&[(HEADER, "value"), (ENDPOINT, "")], &[], "imds 169.254.169.254:80/metadata/identity/oauth2/token"),
        ] {
            assert_eq!(found(variables, agent).as_deref(), Ok(expected), "{variables:?} {agent:?}");
        }
    }

    #[test]
    fn endpoint_of_a_platform_that_is_not_supported_is_refused_by_its_name() {
        let own = [(ENDPOINT, "http://localhost/msi/token"), (HEADER, "value")];
        for (variables, platform) in [
            (&[own[0], own[1], (SERVICE_FABRIC, "AB")][..], "Service Fabric"),
            (&[(MSI_ENDPOINT, "http://localhost"), (MSI_SECRET, "value")], "Azure Machine Learning"),
            (&[(MSI_ENDPOINT, "http://localhost")], "Cloud Shell"),
        ] {
            let message = found(variables, &["himds"]).expect_err("not supported");
            assert!(message.contains(platform) && !message.contains("value"), "{message}");
        }
        for url in ["https://localhost/msi", "http://user@localhost/msi", "localhost:42356", "http://h/a?b=c", "http://"] {
            let message = found(&[(ENDPOINT, url), (HEADER, "value")], &[]).expect_err("no endpoint");
            assert!(message.contains(ENDPOINT), "{message}");
        }
    }

    #[test]
    fn identity_name_is_system_or_one_of_three_ids() {
        let guid = "01234567-89ab-cdef-0123-456789abcdef";
        let parse = |text: &str| IdentityName::parse(text).map(|name| name.0);
        assert_eq!(parse("system"), Ok(AssignedIdentity::System));
        assert_eq!(parse(guid), Ok(AssignedIdentity::ClientId(guid.to_owned())));
        assert_eq!(parse(&format!("client_id={guid}")), Ok(AssignedIdentity::ClientId(guid.to_owned())));
        assert_eq!(parse(&format!("object_id={guid}")), Ok(AssignedIdentity::ObjectId(guid.to_owned())));
        let resource = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i";
        assert_eq!(parse(resource), Ok(AssignedIdentity::ResourceId(resource.to_owned())));
        for text in ["", "System", "contoso", "object_id=contoso", "/subscriptions/a b", "system=", "msi_res_id=x"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
