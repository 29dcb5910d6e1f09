//! Settings for a running tenant's clients: a cloud, settings, a configuration file.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::cloud::{Cloud, EWS_PATH, HttpsEndpoint, MailEndpoint};
use crate::credential::{
    AssignedIdentity, CertificateFiles, CertificateSource, Credential, IdentityHost, ManagedIdentity, SecretSource, TokenPart,
};
use crate::kind::Check;
use crate::levels::Limits;
use crate::outcome::ProbeId;
use crate::secret::Secret;
use crate::settings::{self, Expectation, Network, ProbeSettings, Resolver, RoundTrip, Settings};

use super::Running;
use super::certificates::NAMES;
use super::client_certificate::ClientCertificate;
use super::fault::{Fault, Service};
use super::identifiers;
use super::identity::{APP_SERVICE, METADATA};
use super::jwt::SigningKey;
use super::machine::MachineKind;
use super::mailbox::Mailbox;
use super::tenant::FederatedCredential;

/// The names Microsoft's services have.
const LOGIN: &str = "login.microsoftonline.com";
const OUTLOOK: &str = "outlook.office365.com";
const SMTP: &str = "smtp.office365.com";
const GRAPH: &str = "graph.microsoft.com";

/// The cloud's and the tenant's name in a configuration.
const CLOUD: &str = "simulated";
const TENANT: &str = "contoso";

impl Running {
    /// Microsoft's names with this tenant's ports; TLS from the first byte for POP3 and IMAP.
    pub fn cloud(&self) -> Cloud {
        let https = |host: &str, port, path: &str| HttpsEndpoint { host: host.to_owned(), port, path: path.to_owned() };
        let ports = self.ports();
        Cloud {
            name: CLOUD.to_owned(),
            login: https(LOGIN, ports.login, ""),
            pop3: Some(MailEndpoint::implicit(OUTLOOK, ports.pop3s)),
            imap: Some(MailEndpoint::implicit(OUTLOOK, ports.imaps)),
            smtp: Some(MailEndpoint::upgrade(SMTP, ports.smtp)),
            ews: Some(https(OUTLOOK, ports.ews, EWS_PATH)),
            graph: Some(https(GRAPH, ports.graph, "")),
            scope: format!("https://{OUTLOOK}/.default"),
            graph_scope: Some(format!("https://{GRAPH}/.default")),
        }
    }

    /// The same cloud with POP3 and IMAP on the ports that begin in the clear.
    pub fn cloud_with_starttls(&self) -> Cloud {
        let ports = self.ports();
        let upgrade = |port| Some(MailEndpoint::upgrade(OUTLOOK, port));
        Cloud { pop3: upgrade(ports.pop3), imap: upgrade(ports.imap), ..self.cloud() }
    }

    /// Every name it plays, pinned to the first place of its service.
    pub fn resolve(&self) -> BTreeMap<String, IpAddr> {
        let places = self.places();
        let first = |name: &str| match name {
            LOGIN | "login.windows.net" => places.login.first(),
            SMTP => places.smtp.first(),
            GRAPH => places.graph.first(),
            _ => places.ews.first(),
        };
        NAMES.iter().filter_map(|name| Some(((*name).to_owned(), first(name)?.ip()))).collect()
    }

    /// The authority its certificates come from, PEM.
    pub fn ca_pem(&self) -> &str {
        &self.state.certificates.authority
    }

    /// Its DNS server; a port nobody listens on, where it has none.
    pub fn resolver(&self) -> SocketAddr {
        self.places().dns.first().copied().unwrap_or((Ipv4Addr::LOCALHOST, 0).into())
    }

    /// The application in this tenant, with its credential in hand: the managed identity of its machine, its certificate or the token
    /// of its cluster where it has one, otherwise its secret.
    pub fn tenant(&self) -> settings::Tenant {
        let (identity, certificate, token) = (self.managed_identity(), self.client_certificate(), self.federated_token());
        let tenant = self.state.configured_tenant();
        let application = tenant.application;
        let mut expires = None;
        let credential = match (identity, certificate, token) {
            (Some(identity), ..) => Credential::ManagedIdentity(identity),
            (None, Some(certificate), _) => in_memory(certificate),
            (None, None, Some(token)) => Credential::FederatedToken(SecretSource::InMemory(token)),
            (None, None, None) => {
                expires = Some(application.secret_expires);
                SecretSource::InMemory(application.secret).into()
            }
        };
        settings::Tenant {
            credential_expires: expires,
            read_expiry: !credential.is_local(),
            ..settings::Tenant::new(TENANT, self.cloud(), tenant.id, application.client_id, credential)
        }
    }

    /// The managed identity of the machine, if that has them: the application itself, or what vouches for it.
    fn managed_identity(&self) -> Option<ManagedIdentity> {
        let own = self.state.configured_tenant().machine?.own?;
        let view = self.state.view(); // a fault may need a machine of another kind
        let (machine, application) = (view.tenant.machine.as_ref()?, &self.state.configured_tenant().application);
        let (host, path) = match machine.kind {
            MachineKind::VirtualMachine => (IdentityHost::VirtualMachine, METADATA),
            MachineKind::AppService => (IdentityHost::AppService(machine.header.clone()), APP_SERVICE),
            MachineKind::Arc => (IdentityHost::Arc(machine.named_keys.clone()), METADATA),
        };
        let place = self.places().identity.first()?;
        let at = HttpsEndpoint { host: place.ip().to_string(), port: place.port(), path: path.to_owned() };
        let is_application = own.client_id == application.client_id;
        let part = if is_application { TokenPart::Access } else { TokenPart::Assertion };
        Some(ManagedIdentity { identity: AssignedIdentity::System, host, at, part })
    }

    /// The variables by which a program on the machine finds the endpoint of its managed identities; none where it has no such
    /// endpoint.
    pub fn identity_variables(&self) -> Vec<(&'static str, String)> {
        let Some(ManagedIdentity { host, at, .. }) = self.managed_identity() else { return Vec::new() };
        let root = format!("http://{}", at.authority());
        match host {
            IdentityHost::VirtualMachine => vec![("AZURE_POD_IDENTITY_AUTHORITY_HOST", root)],
            IdentityHost::AppService(header) => {
                vec![("IDENTITY_ENDPOINT", format!("{root}{}", at.path)), ("IDENTITY_HEADER", header.expose().to_owned())]
            }
            IdentityHost::Arc(_) => vec![("IDENTITY_ENDPOINT", format!("{root}{}", at.path)), ("IMDS_ENDPOINT", root)],
        }
    }

    /// The certificate that the application signs in with, if it has one: that of a fault which lets it end soon, too.
    fn client_certificate(&self) -> Option<ClientCertificate> {
        let view = self.state.view();
        let is_expiring = view.has(Service::Login, Fault::CredentialExpiring);
        let tenant = if is_expiring { view.tenant.clone() } else { self.state.configured_tenant() };
        tenant.application.certificates.into_iter().next()
    }

    /// A token of the cluster for which the application has a federated credential, if it has one; good for a month.
    fn federated_token(&self) -> Option<Secret> {
        const MONTH: i64 = 30 * 86_400;
        let tenant = self.state.configured_tenant();
        let FederatedCredential { issuer, subject, audience } = tenant.application.federated_credentials.into_iter().next()?;
        let now = identifiers::unix_now();
        let claims = serde_json::json!({
            "iss": issuer, "sub": subject, "aud": [audience], "iat": now, "nbf": now, "exp": now + MONTH,
        });
        SigningKey::foreign().ok()?.sign(&claims).ok()
    }

    /// Writes the authority's certificate to `ca.pem` in `directory` and returns where.
    ///
    /// # Errors
    /// The file could not be written.
    pub fn write_ca(&self, directory: &Path) -> io::Result<PathBuf> {
        let path = directory.join("ca.pem");
        std::fs::write(&path, self.ca_pem())?;
        Ok(path)
    }

    /// A whole configuration: every check of the tenant and of its mailboxes. `ca_file` is where [`Running::write_ca`] wrote.
    pub fn settings(&self, ca_file: &Path) -> Settings {
        let network = Network {
            resolve: self.resolve(),
            ca_file: Some(ca_file.to_owned()),
            resolvers: vec![Resolver::Address(self.resolver())],
            ..Network::default()
        };
        let tenant = Arc::new(self.tenant());
        let probe = |check, address: Option<&str>| ProbeSettings {
            backlog: backlog(check),
            limits: limits(check),
            interval: interval(check),
            timeout: interval(check), // no longer than the interval, as a configuration must have it
            round_trip: round_trip(),
            ..ProbeSettings::new(
                ProbeId { tenant: TENANT.to_owned(), mailbox: address.map(short_name), check },
                Arc::clone(&tenant),
                address.map(str::to_owned),
            )
        };
        let mut probes: Vec<_> = tenant_checks().map(|check| probe(check, None)).collect();
        for mailbox in &self.state.configured_tenant().mailboxes {
            let expect = expectation(mailbox);
            probes.extend(mailbox_checks(mailbox).map(|check| ProbeSettings { expect, ..probe(check, Some(&mailbox.address)) }));
        }
        Settings { network, probes, ..Settings::default() }
    }

    /// Writes `ca.pem`, `m365-probe.yml` and the file or files of the credential to `directory`; returns where the configuration is.
    ///
    /// # Errors
    /// A file could not be written.
    pub fn write_config(&self, directory: &Path) -> io::Result<PathBuf> {
        let ca_file = self.write_ca(directory)?;
        let credential = self.write_credential(directory)?;
        let path = directory.join("m365-probe.yml");
        std::fs::write(&path, self.config(&ca_file, &credential))?;
        Ok(path)
    }

    /// Writes the credential to `directory` and returns the lines of a configuration that name it.
    fn write_credential(&self, directory: &Path) -> io::Result<String> {
        if let Some(identity) = self.managed_identity() {
            let part = if identity.part == TokenPart::Assertion { "      as: client_id\n" } else { "" };
            return Ok(format!("      managed_identity: {}\n{part}", identity.identity));
        }
        if let (None, Some(token)) = (self.client_certificate(), self.federated_token()) {
            let token_file = directory.join("federated.token");
            write_private(&token_file, token.expose())?;
            return Ok(format!("      federated_token_file: {}\n", token_file.display()));
        }
        let Some(certificate) = self.client_certificate() else {
            let secret_file = directory.join("client.secret");
            write_private(&secret_file, self.state.configured_tenant().application.secret.expose())?;
            return Ok(format!("      client_secret_file: {}\n", secret_file.display()));
        };
        let (certificate_file, key_file) = (directory.join("client.pem"), directory.join("client.key"));
        std::fs::write(&certificate_file, &certificate.certificate)?;
        write_private(&key_file, certificate.key.expose())?;
        let (certificate_file, key_file) = (certificate_file.display(), key_file.display());
        Ok(format!("      certificate_file: {certificate_file}\n      private_key_file: {key_file}\n"))
    }

    fn config(&self, ca_file: &Path, credential: &str) -> String {
        let (ports, tenant) = (self.ports(), self.state.configured_tenant());
        let variables = self.identity_variables().into_iter().filter(|(name, _)| *name != "IDENTITY_HEADER");
        let mut text = String::new();
        for (name, value) in variables {
            let _ = writeln!(text, "# in the environment: {name}={value}");
        }
        let _ =
            write!(text, "defaults: {{ interval: 30s, timeout: 30s }}\nnetwork:\n  ca_file: {}\n  resolve:\n", ca_file.display());
        for (name, address) in self.resolve() {
            let _ = writeln!(text, "    {name}: {address}");
        }
        let _ = write!(
            text,
            "  resolvers: [\"{}\"]\nclouds:\n  {CLOUD}:\n    login: https://{LOGIN}:{}\n    pop3: pop3s://{OUTLOOK}:{} # or pop3://{OUTLOOK}:{}\n    \
             imap: imaps://{OUTLOOK}:{} # or imap://{OUTLOOK}:{}\n    smtp: smtp://{SMTP}:{}\n    ews: https://{OUTLOOK}:{}{EWS_PATH}\n    \
             graph: https://{GRAPH}:{}\n    scope: https://{OUTLOOK}/.default\ntenants:\n  - name: {TENANT}\n    cloud: {CLOUD}\n    tenant_id: {}\n    client_id: {}\n    \
             credential:\n{credential}      read_expiry: {}\n    checks: [{}]\n    mailboxes:\n",
            self.resolver(),
            ports.login,
            ports.pop3s,
            ports.pop3,
            ports.imaps,
            ports.imap,
            ports.smtp,
            ports.ews,
            ports.graph,
            tenant.id,
            tenant.application.client_id,
            self.tenant().read_expiry,
            names(tenant_checks()),
        );
        for mailbox in &tenant.mailboxes {
            // A service with a configuration file makes round trips only with a state file.
            let checks: Vec<_> = mailbox_checks(mailbox).filter(|check| *check != Check::RoundTrip).map(with_options).collect();
            let checks = checks.join(", ");
            let expect = if mailbox.must_stay_closed { "        expect: denied\n" } else { "" };
            let (address, name) = (&mailbox.address, short_name(&mailbox.address));
            let _ = writeln!(text, "      - address: {address}\n        name: {name}\n{expect}        checks: [{checks}]");
        }
        text
    }
}

fn in_memory(certificate: ClientCertificate) -> Credential {
    let files = CertificateFiles::Pem {
        certificate: SecretSource::InMemory(Secret::new(certificate.certificate)),
        key: Some(SecretSource::InMemory(certificate.key)),
        password: None,
    };
    Credential::Certificate(CertificateSource::new(files, None))
}

/// The settings of round trips: nothing here takes long, and nobody wants to wait until a mail is lost.
fn round_trip() -> RoundTrip {
    let seconds = Duration::from_secs;
    RoundTrip { arrive_within: seconds(1), lost_after: seconds(3), ..RoundTrip::default() }
}

/// The interval of a check. A round trip that waits for its mail logs in several times, also on a machine with much else to do.
fn interval(check: Check) -> Duration {
    Duration::from_secs(if check == Check::RoundTrip { 20 } else { 10 })
}

/// The folders whose mail a check counts: one check shows enough.
fn backlog(check: Check) -> Vec<String> {
    if check == Check::Imap { vec!["INBOX".to_owned()] } else { Vec::new() }
}

/// The limit of the age of mail: a demonstration may run for days, and nobody fetches mail here.
const MAIL_LIMIT: &str = "oldest_message_seconds=604800";

fn limits(check: Check) -> Limits {
    let limits = Limits::parse(&[MAIL_LIMIT.to_owned()], &[]).unwrap_or_default();
    if check == Check::Imap { limits } else { Limits::default() }
}

/// A check in a configuration, with its options.
fn with_options(check: Check) -> String {
    match backlog(check).as_slice() {
        [] => check.name().to_owned(),
        folders => format!("{check}: {{ backlog: [{}], warning: \"{MAIL_LIMIT}\" }}", folders.join(", ")),
    }
}

fn tenant_checks() -> impl Iterator<Item = Check> {
    Check::ALL.iter().copied().filter(|check| !check.is_of_mailbox())
}

/// Every check of a mailbox. No mail is sent from one that must stay closed.
fn mailbox_checks(mailbox: &Mailbox) -> impl Iterator<Item = Check> {
    let sends = !mailbox.must_stay_closed;
    Check::ALL.iter().copied().filter(move |check| check.is_of_mailbox() && (sends || *check != Check::RoundTrip))
}

fn expectation(mailbox: &Mailbox) -> Expectation {
    if mailbox.must_stay_closed { Expectation::Denied } else { Expectation::Opened }
}

fn names(checks: impl Iterator<Item = Check>) -> String {
    checks.map(Check::name).collect::<Vec<_>>().join(", ")
}

/// A mailbox's label: what stands before the `@`.
fn short_name(address: &str) -> String {
    address.split('@').next().unwrap_or(address).to_owned()
}

/// Writes a file only its owner can read.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    io::Write::write_all(&mut options.open(path)?, text.as_bytes())
}
