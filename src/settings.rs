//! What a configuration means once it has been read and found right: plain data that probes are made from.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::cloud::Cloud;
use crate::cloud::ranges::Ranges;
use crate::credential::Credential;
use crate::levels::Limits;
use crate::outcome::ProbeId;
use crate::secret::Secret;

/// A whole configuration.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// How this machine reaches Microsoft.
    pub network: Network,
    /// Every probe, in the order of the file: tenant by tenant, the tenant's own checks before its mailboxes'.
    pub probes: Vec<ProbeSettings>,
}

/// How this machine reaches Microsoft.
#[derive(Clone, Debug)]
pub struct Network {
    /// Names pinned to an address, as `curl --resolve`; lower case.
    pub resolve: BTreeMap<String, IpAddr>,
    /// Where the system's root certificates are; the default trusts none of them.
    pub roots: RootStore,
    /// PEM file of certificates trusted in addition to the system's.
    pub ca_file: Option<PathBuf>,
    /// The proxy that is asked to connect further.
    pub proxy: Option<Proxy>,
    /// Hosts and domains reached without the proxy, as in `NO_PROXY`.
    pub no_proxy: Vec<String>,
    /// Who the `dns` check asks.
    pub resolvers: Vec<Resolver>,
    /// The address ranges that answers are held against, in place of those shipped.
    pub ranges: Option<Arc<Ranges>>,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            resolve: BTreeMap::new(),
            roots: RootStore::default(),
            ca_file: None,
            proxy: None,
            no_proxy: Vec::new(),
            resolvers: vec![Resolver::System],
            ranges: None,
        }
    }
}

/// Where the system's root certificates are, as OpenSSL reads them: `main` chooses the places once, and hands them down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RootStore {
    /// A file of many certificates, read as a whole.
    pub file: Option<PathBuf>,
    /// Directories of files named by their certificate's hash; one is read when it is needed.
    pub directories: Vec<PathBuf>,
}

/// What is spoken with a proxy, and who finds the address of the host behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProxyKind {
    /// HTTP's CONNECT; the proxy finds the address.
    #[default]
    Http,
    /// SOCKS 5 with the address that is found here.
    Socks5,
    /// SOCKS 5 with the name; the proxy finds the address.
    Socks5h,
}

impl ProxyKind {
    /// The kind that a URL's scheme names, as curl has them.
    pub fn of_scheme(scheme: &str) -> Option<Self> {
        match scheme.to_ascii_lowercase().as_str() {
            "http" => Some(Self::Http),
            "socks5" => Some(Self::Socks5),
            "socks5h" => Some(Self::Socks5h),
            _ => None,
        }
    }

    /// The scheme that names it.
    pub const fn scheme(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Socks5 => "socks5",
            Self::Socks5h => "socks5h",
        }
    }
}

/// A proxy.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// What is spoken with it.
    pub kind: ProxyKind,
    /// DNS name or IP address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// User and password, where it wants them.
    pub login: Option<(String, Secret)>,
}

impl Proxy {
    /// Whether it is told names and finds their addresses itself.
    pub fn finds_addresses(&self) -> bool {
        self.kind != ProxyKind::Socks5
    }
}

/// Who is asked by the `dns` check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolver {
    /// As the application would: `getaddrinfo`, hosts file included.
    System,
    /// This server, port 53 unless given.
    Address(SocketAddr),
}

/// A tenant and the application registered in it.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// The name used in labels.
    pub name: String,
    /// The Microsoft cloud it lives in.
    pub cloud: Cloud,
    /// Directory id, or a verified domain.
    pub tenant_id: String,
    /// Application (client) id.
    pub client_id: String,
    /// The credential of the application.
    pub credential: Credential,
    /// Expiry of the credential, where the user declared it.
    pub credential_expires: Option<SystemTime>,
    /// Whether Graph is asked when the application's credentials expire.
    pub read_expiry: bool,
}

impl Tenant {
    /// A tenant and its application; nothing is declared about the credential's expiry and Graph is not asked.
    pub fn new(
        name: impl Into<String>,
        cloud: Cloud,
        tenant_id: impl Into<String>,
        client_id: impl Into<String>,
        credential: impl Into<Credential>,
    ) -> Self {
        Self {
            name: name.into(),
            cloud,
            tenant_id: tenant_id.into(),
            client_id: client_id.into(),
            credential: credential.into(),
            credential_expires: None,
            read_expiry: false,
        }
    }
}

/// One probe.
#[derive(Clone, Debug)]
pub struct ProbeSettings {
    /// Its name; `id.check` is one of the checks' names.
    pub id: ProbeId,
    /// Its tenant.
    pub tenant: Arc<Tenant>,
    /// The mailbox's address, for checks of a mailbox.
    pub address: Option<String>,
    /// Time between the beginnings of two runs.
    pub interval: Duration,
    /// The one deadline of a run.
    pub timeout: Duration,
    /// What counts as a warning and as critical, beside failing.
    pub limits: Limits,
    /// What the `ews` and `graph` checks open.
    pub folder: Folder,
    /// How the application was given its access.
    pub authorization: Authorization,
}

impl ProbeSettings {
    /// Interval where nothing else is configured.
    pub const INTERVAL: Duration = Duration::from_secs(60);
    /// Timeout where nothing else is configured.
    pub const TIMEOUT: Duration = Duration::from_secs(30);

    /// A probe with everything that is optional at its default; `address` is the mailbox's, for checks of a mailbox.
    pub fn new(id: ProbeId, tenant: Arc<Tenant>, address: Option<String>) -> Self {
        Self {
            id,
            tenant,
            address,
            interval: Self::INTERVAL,
            timeout: Self::TIMEOUT,
            limits: Limits::default(),
            folder: Folder::default(),
            authorization: Authorization::default(),
        }
    }
}

/// How the application was given its access to a mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Authorization {
    /// By application permissions with admin consent: they stand in the token, and what is not there is missing.
    #[default]
    Permissions,
    /// By RBAC for Applications, in Exchange: the token says nothing of it.
    /// <https://learn.microsoft.com/en-us/exchange/permissions-exo/application-rbac>
    Rbac,
}

impl Authorization {
    /// Those of `roles` that the token must carry one of; none where it says nothing of them.
    pub const fn in_token(self, roles: &'static [&'static str]) -> &'static [&'static str] {
        match self {
            Self::Permissions => roles,
            Self::Rbac => &[],
        }
    }
}

/// What the `ews` check opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Folder {
    /// `msgfolderroot`: mail.
    #[default]
    Root,
    /// `calendar`.
    Calendar,
}
