//! The settings that a configuration without mistakes comes to: plain data that probes are made from.

mod round_trip;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::cloud::Cloud;
use crate::cloud::ranges::Ranges;
use crate::credential::Credential;
use crate::file::Reads;
use crate::levels::Limits;
use crate::outcome::ProbeId;
use crate::secret::{KnownSecrets, Secret};

pub use self::round_trip::RoundTrip;

/// A whole configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The network settings of all probes.
    pub network: Network,
    /// The most runs at once, over all probes.
    pub in_flight: NonZeroUsize,
    /// The ceilings of what is asked of Microsoft.
    pub ceilings: Ceilings,
    /// The age up to which `/probe` gives an outcome again; `None` where it follows the probe's interval.
    pub probe_max_age: Option<Duration>,
    /// Every probe, in the order of the file: tenant by tenant, the tenant's own checks before its mailboxes'.
    pub probes: Vec<ProbeSettings>,
    /// The file in which a service keeps what must outlive a restart.
    pub state_file: Option<PathBuf>,
}

impl Settings {
    /// The most runs at once where nothing else is configured. A handshake costs about a millisecond of CPU, so this many slow
    /// peers still leave most of a core; more at once would be measured as their slowness.
    pub const IN_FLIGHT: NonZeroUsize = NonZeroUsize::new(64).unwrap();
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            network: Network::default(),
            in_flight: Self::IN_FLIGHT,
            ceilings: Ceilings::default(),
            probe_max_age: None,
            probes: Vec::new(),
            state_file: None,
        }
    }
}

/// The ceilings that are configured; `None` where the program derives them from the schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ceilings {
    /// The most logins to a mailbox in an hour.
    pub logins_per_hour: Option<u32>,
    /// The most token requests of an application in an hour.
    pub token_requests_per_hour: Option<u32>,
}

/// The network between this machine and Microsoft: pinned names, trust, proxy and resolvers.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Addresses of pinned names, as `curl --resolve`; names in lower case.
    pub resolve: BTreeMap<String, IpAddr>,
    /// The system's root certificates; the default trusts none of them.
    pub roots: RootStore,
    /// PEM file of certificates trusted in addition to the system's.
    pub ca_file: Option<PathBuf>,
    /// The view of TLS inspection by an authority that is trusted here.
    pub inspection: Inspection,
    /// The proxy through which connections are made.
    pub proxy: Option<Proxy>,
    /// The environment variable that the login at the proxy comes from, where it comes from one.
    pub proxy_login_variable: Option<&'static str>,
    /// Hosts and domains reached without the proxy, as in `NO_PROXY`.
    pub no_proxy: Vec<String>,
    /// The resolvers that the `dns` check asks.
    pub resolvers: Vec<Resolver>,
    /// The address ranges that resolved addresses are compared with, in place of those shipped.
    pub ranges: Option<Arc<Ranges>>,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            resolve: BTreeMap::new(),
            roots: RootStore::default(),
            ca_file: None,
            inspection: Inspection::default(),
            proxy: None,
            proxy_login_variable: None,
            no_proxy: Vec::new(),
            resolvers: vec![Resolver::System],
            ranges: None,
        }
    }
}

/// The places of the system's root certificates, as OpenSSL reads them: `main` chooses them once, and hands them down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RootStore {
    /// A file of many certificates, read as a whole.
    pub file: Option<PathBuf>,
    /// Directories of files named by their certificate's hash; one is read when it is needed.
    pub directories: Vec<PathBuf>,
}

/// The view of TLS inspection by an authority that is trusted here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Inspection {
    /// Each run that meets it warns of it.
    #[default]
    Warned,
    /// The user has decided for it: it is no news. The certificate with its issuer stays a fact of the run.
    Accepted,
}

/// The protocol spoken with a proxy, and the side that resolves the host's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProxyKind {
    /// HTTP's CONNECT; the proxy resolves the name.
    #[default]
    Http,
    /// SOCKS 5 with an address, which is resolved here.
    Socks5,
    /// SOCKS 5 with the name; the proxy resolves it.
    Socks5h,
}

impl ProxyKind {
    /// Returns the kind that a URL's scheme names, as curl has them.
    pub fn from_scheme(scheme: &str) -> Option<Self> {
        match scheme.to_ascii_lowercase().as_str() {
            "http" => Some(Self::Http),
            "socks5" => Some(Self::Socks5),
            "socks5h" => Some(Self::Socks5h),
            _ => None,
        }
    }

    /// Returns the scheme that names it.
    pub const fn scheme(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Socks5 => "socks5",
            Self::Socks5h => "socks5h",
        }
    }
}

/// A proxy.
#[derive(Clone, Debug, PartialEq)]
pub struct Proxy {
    /// The protocol spoken with it.
    pub kind: ProxyKind,
    /// DNS name or IP address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// User and password, where it requires a login.
    pub login: Option<(String, Secret)>,
}

impl Proxy {
    /// Reports whether the proxy resolves host names itself.
    pub fn finds_addresses(&self) -> bool {
        self.kind != ProxyKind::Socks5
    }
}

/// A resolver that the `dns` check asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolver {
    /// The system's own, as the application asks it: `getaddrinfo`, hosts file included.
    System,
    /// A DNS server at this address; port 53 unless another is configured.
    Address(SocketAddr),
}

/// A tenant and the application registered in it.
#[derive(Clone, Debug, PartialEq)]
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
    /// Set if Graph is asked when the application's credentials expire.
    pub read_expiry: bool,
    /// The reads of the credential's file, of which one may hang.
    pub reads: Reads,
    /// The secrets that runs have used, to clear others' evidence of.
    pub secrets: KnownSecrets,
}

impl Tenant {
    /// Creates a tenant and its application; nothing is declared about the credential's expiry and Graph is not asked.
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
            reads: Reads::new(1),
            secrets: KnownSecrets::default(),
        }
    }

    /// Reads the credential, in at most `limit`: its file may lie on a file system that hangs.
    ///
    /// # Errors
    /// A message for a person, without the secret: it cannot be read in time.
    pub async fn read_credential<T: Send + 'static>(
        &self,
        limit: Duration,
        read: impl FnOnce(&Credential) -> T + Send + 'static,
    ) -> Result<T, String> {
        if !self.credential.is_in_a_file() {
            return Ok(read(&self.credential));
        }
        let credential = self.credential.clone();
        let read = self.reads.within(limit, move || read(&credential)).await;
        read.map_err(|problem| format!("reading {} {problem}", self.credential))
    }
}

/// The settings of one probe.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbeSettings {
    /// The probe's id.
    pub id: ProbeId,
    /// Its tenant.
    pub tenant: Arc<Tenant>,
    /// The mailbox's address, for checks of a mailbox.
    pub address: Option<String>,
    /// Time between the beginnings of two runs.
    pub interval: Duration,
    /// The one deadline of a run.
    pub timeout: Duration,
    /// Limits outside of which a run that worked is a warning or critical.
    pub limits: Limits,
    /// The folder that the `ews` and `graph` checks open.
    pub folder: Folder,
    /// The form in which the application was given its access to the mailbox.
    pub authorization: Authorization,
    /// The folders whose mail is counted, and the age of the oldest in them read; none where no mail is read.
    pub backlog: Vec<String>,
    /// The answer that the mailbox shall give to the application.
    pub expect: Expectation,
    /// The settings of a `roundtrip` check.
    pub round_trip: RoundTrip,
}

impl ProbeSettings {
    /// Interval where nothing else is configured.
    pub const INTERVAL: Duration = Duration::from_secs(60);
    /// Timeout where nothing else is configured.
    pub const TIMEOUT: Duration = Duration::from_secs(30);

    /// Creates the settings with everything that is optional at its default; `address` is the mailbox's, for checks of a mailbox.
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
            backlog: Vec::new(),
            expect: Expectation::default(),
            round_trip: RoundTrip::default(),
        }
    }

    /// Reports whether a probe of `other` runs in the same way, however its outcomes are judged.
    pub fn runs_as(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || Self { limits: other.limits.clone(), ..self.clone() } == *other
    }

    /// Returns the age up to which `/probe` gives its outcome again where nothing else is configured: a quarter of the interval, in
    /// which little changes that the schedule would not see, and 5 s at least, in which several who look share a run.
    pub fn max_age(&self) -> Duration {
        (self.interval / 4).max(Duration::from_secs(5))
    }

    /// Returns the host and port that it speaks to; the check's name where it is made for several or for none in particular.
    pub fn endpoint(&self) -> String {
        self.id.check.endpoint(&self.tenant.cloud).unwrap_or_else(|| self.id.check.name().to_owned())
    }

    /// Reports whether the probe is of the mailbox that has `name` for a label or an address, which Exchange compares without
    /// case.
    pub fn is_of_mailbox(&self, name: &str) -> bool {
        [&self.address, &self.id.mailbox].into_iter().flatten().any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// The form in which the application was given its access to a mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Authorization {
    /// Application permissions with admin consent: they stand in the token, and one that is not there is missing.
    #[default]
    Permissions,
    /// RBAC for Applications, in Exchange: the token does not contain it.
    /// <https://learn.microsoft.com/en-us/exchange/permissions-exo/application-rbac>
    Rbac,
}

impl Authorization {
    /// Returns `roles`, of which the token must carry one, or none where a token does not contain them.
    pub const fn in_token(self, roles: &'static [&'static str]) -> &'static [&'static str] {
        match self {
            Self::Permissions => roles,
            Self::Rbac => &[],
        }
    }
}

/// The answer that a mailbox shall give to the application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expectation {
    /// It opens.
    #[default]
    Opened,
    /// It stays closed: no policy and no permission lets the application in.
    Denied,
}

/// The folder that the `ews` and `graph` checks open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Folder {
    /// `msgfolderroot`, for mail.
    #[default]
    Root,
    /// `calendar`.
    Calendar,
}
