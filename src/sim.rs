//! A simulated Microsoft 365 tenant, on loopback or in a network of a test's own: real sockets, real TLS, and every fault by name.
//!
//! It plays Entra's token endpoint, POP3, IMAP, SMTP submission, EWS, Microsoft Graph and DNS under Microsoft's own names, and the
//! endpoint of managed identities of the machine, as Exchange Online and Azure behave, and really checks what it is given. It shares no parser with the checks, so that a mistake
//! made on one side cannot hide on the other.
//!
//! Data (`tenant`, `mailbox`, `protocol`) lies below decisions (`authorization`, `fault`) and `state`; on these stand
//! `connection` and `http`, then a module for each protocol, then the `listener`.
//!
//! ```no_run
//! # async fn example() -> Result<(), String> {
//! let tenant = m365_probe::sim::start(m365_probe::sim::Tenant::contoso()).await?;
//! tenant.set_fault("client_secret_expired")?;
//! let settings = tenant.settings(std::path::Path::new("/tmp/contoso"));
//! # Ok(()) }
//! ```

mod assertion_log;
mod authorization;
mod blank_certificate;
mod certificates;
mod client_certificate;
mod client_settings;
mod connection;
mod delivery;
mod dns;
mod entra;
mod ews;
mod fault;
mod graph;
mod http;
mod identifiers;
mod identity;
mod imap;
mod issuer;
mod jwt;
mod listener;
mod machine;
mod mailbox;
mod pop3;
mod protocol;
mod sasl;
mod smtp;
mod state;
mod tenant;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::UdpSocket;
use tokio::task::JoinSet;

use crate::cloud::Security;

pub use self::assertion_log::AssertionCounts;
pub use self::client_certificate::ClientCertificate;
pub use self::fault::{ActiveFault, Fault, FaultScope, Service};
pub use self::machine::{Identity, Machine, MachineKind};
pub use self::mailbox::{Delivery, Folder, FolderAccess, Licence, Mailbox, Message, SubmissionRefusal};
pub use self::protocol::Protocol;
pub use self::state::TokenCounts;
pub use self::tenant::{Application, Exchange, FederatedCredential, READ_ALL, Tenant};

use self::certificates::Certificates;
use self::listener::Port;
use self::state::State;

/// A simulated tenant that listens. It stops when this is dropped.
pub struct Running {
    state: Arc<State>,
    places: Places,
    open_ports: Vec<Arc<Port>>,
    _tasks: JoinSet<()>,
}

/// The addresses of a tenant's services: each listens at one address and port, or at several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// HTTPS: token endpoint and discovery.
    pub login: Vec<SocketAddr>,
    /// POP3 over TLS.
    pub pop3s: Vec<SocketAddr>,
    /// POP3 with STLS.
    pub pop3: Vec<SocketAddr>,
    /// IMAP over TLS.
    pub imaps: Vec<SocketAddr>,
    /// IMAP with STARTTLS.
    pub imap: Vec<SocketAddr>,
    /// SMTP with STARTTLS.
    pub smtp: Vec<SocketAddr>,
    /// HTTPS: EWS.
    pub ews: Vec<SocketAddr>,
    /// HTTPS: Microsoft Graph.
    pub graph: Vec<SocketAddr>,
    /// DNS, UDP and TCP.
    pub dns: Vec<SocketAddr>,
    /// HTTP: the endpoint of managed identities of the machine.
    pub identity: Vec<SocketAddr>,
}

/// The port of each service's first place; 0 where it has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// HTTPS: token endpoint and discovery.
    pub login: u16,
    /// POP3 over TLS.
    pub pop3s: u16,
    /// POP3 with STLS.
    pub pop3: u16,
    /// IMAP over TLS.
    pub imaps: u16,
    /// IMAP with STARTTLS.
    pub imap: u16,
    /// SMTP with STARTTLS.
    pub smtp: u16,
    /// HTTPS: EWS.
    pub ews: u16,
    /// HTTPS: Microsoft Graph.
    pub graph: u16,
    /// DNS, UDP and TCP.
    pub dns: u16,
    /// HTTP: the endpoint of managed identities of the machine.
    pub identity: u16,
}

/// Starts `tenant` on 127.0.0.1, on ports the system chooses.
///
/// # Errors
/// In words for a person: no port or no certificate could be had.
pub async fn start(tenant: Tenant) -> Result<Running, String> {
    start_at(tenant, Places::on_loopback()).await
}

/// Starts `tenant` at `places`, in the network namespace of the calling thread; port 0 lets the system choose.
///
/// # Errors
/// In words for a person: a port is taken, or no certificate could be made.
pub async fn start_at(tenant: Tenant, mut places: Places) -> Result<Running, String> {
    let certificates = Certificates::new(&tenant.authority).await?;
    let state = Arc::new(State::new(tenant, certificates)?);
    let mut tasks = JoinSet::new();
    let mut open_ports = Vec::new();
    let mut held = Vec::new();
    for place in &mut places.dns {
        let (datagrams, listener) = bind_dns(place).await?;
        tasks.spawn(dns::serve_datagrams(Arc::clone(&state), datagrams));
        held.push(listener);
    }
    let mut held = held.into_iter();
    for (places, service, security) in places.services() {
        for place in places {
            let held = if service == Service::Dns { held.next() } else { None };
            let port = match held {
                Some(listener) => Port::over(service, security, listener),
                None => Port::open(service, security, *place),
            };
            let port = Arc::new(port.map_err(|error| cannot_listen(*place, &error))?);
            *place = port.address();
            tasks.spawn(listener::listen(Arc::clone(&state), Arc::clone(&port)));
            open_ports.push(port);
        }
    }
    if let Some(login) = places.login.first() {
        let _ = state.login.set(*login); // set here alone
    }
    Ok(Running { state, places, open_ports, _tasks: tasks })
}

impl Places {
    /// Each service on 127.0.0.1, on a port of the system's choice.
    fn on_loopback() -> Self {
        let mut places = Self::default();
        places.services().into_iter().for_each(|(places, ..)| places.push((Ipv4Addr::LOCALHOST, 0).into()));
        places
    }

    fn services(&mut self) -> [(&mut Vec<SocketAddr>, Service, Security); 10] {
        [
            (&mut self.login, Service::Login, Security::Implicit),
            (&mut self.pop3s, Service::Pop3, Security::Implicit),
            (&mut self.pop3, Service::Pop3, Security::Upgrade),
            (&mut self.imaps, Service::Imap, Security::Implicit),
            (&mut self.imap, Service::Imap, Security::Upgrade),
            (&mut self.smtp, Service::Smtp, Security::Upgrade),
            (&mut self.ews, Service::Ews, Security::Implicit),
            (&mut self.graph, Service::Graph, Security::Implicit),
            (&mut self.dns, Service::Dns, Security::Upgrade),
            (&mut self.identity, Service::Identity, Security::Upgrade),
        ]
    }
}

/// The same port for UDP and TCP; where the system chooses, it may take several attempts to find one.
async fn bind_dns(place: &mut SocketAddr) -> Result<(UdpSocket, std::net::TcpListener), String> {
    let wanted = *place;
    let mut attempts = 0;
    loop {
        let socket = UdpSocket::bind(wanted).await.map_err(|error| cannot_listen(wanted, &error))?;
        *place = socket.local_addr().map_err(|error| cannot_listen(wanted, &error))?;
        match std::net::TcpListener::bind(*place) {
            Err(_) if wanted.port() == 0 && attempts < 16 => attempts += 1,
            Err(error) => return Err(cannot_listen(*place, &error)),
            Ok(listener) => return Ok((socket, listener)),
        }
    }
}

fn cannot_listen(place: SocketAddr, error: &std::io::Error) -> String {
    format!("cannot listen on {place}: {error}")
}

impl Running {
    /// Returns the addresses at which it listens.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// On which ports.
    pub fn ports(&self) -> Ports {
        let first = |places: &[SocketAddr]| places.first().map_or(0, SocketAddr::port);
        let places = &self.places;
        Ports {
            login: first(&places.login),
            pop3s: first(&places.pop3s),
            pop3: first(&places.pop3),
            imaps: first(&places.imaps),
            imap: first(&places.imap),
            smtp: first(&places.smtp),
            ews: first(&places.ews),
            graph: first(&places.graph),
            dns: first(&places.dns),
            identity: first(&places.identity),
        }
    }

    /// Makes something go wrong from now on: `NAME` wherever it can, `NAME@SERVICE` there only, `NAME@MAILBOX` and
    /// `NAME@SERVICE@MAILBOX` for one mailbox only.
    ///
    /// # Errors
    /// In words for a person: there is no such fault or mailbox, or the one cannot affect the other.
    pub fn set_fault(&self, fault: &str) -> Result<(), String> {
        let active: ActiveFault = fault.parse()?;
        self.require_mailbox(&active)?;
        self.state.set_faults(|faults| faults.push(active));
        self.apply_faults();
        Ok(())
    }

    /// Ends what [`Running::set_fault`] began, wherever it applies.
    pub fn end_fault(&self, fault: Fault) {
        self.state.set_faults(|faults| faults.retain(|active| active.fault != fault));
        self.apply_faults();
    }

    /// Returns the faults in force, each once.
    pub fn faults(&self) -> Vec<Fault> {
        let view = self.state.view();
        Fault::ALL.iter().copied().filter(|fault| view.faults().any(|active| active.fault == *fault)).collect()
    }

    /// Puts everything right again that a fault made go wrong.
    pub fn clear_faults(&self) {
        self.state.set_faults(Vec::clear);
        self.apply_faults();
    }

    fn require_mailbox(&self, active: &ActiveFault) -> Result<(), String> {
        let tenant = self.state.configured_tenant();
        let addresses: Vec<&str> = tenant.mailboxes.iter().map(|mailbox| mailbox.address.as_str()).collect();
        match &active.mailbox {
            Some(name) if !addresses.iter().any(|address| active.concerns(address)) => {
                Err(format!("there is no mailbox `{name}`; there are {}", addresses.join(", ")))
            }
            _ => Ok(()),
        }
    }

    fn apply_faults(&self) {
        let view = self.state.view();
        self.open_ports.iter().for_each(|port| port.apply_faults(&view));
    }

    /// Changes the tenant as its administrator could.
    pub fn change(&self, change: impl FnOnce(&mut Tenant)) {
        self.state.change(change);
    }

    /// Returns the numbers of tokens so far.
    pub fn tokens(&self) -> TokenCounts {
        self.state.tokens()
    }

    /// Returns the numbers of client assertions that were accepted so far.
    pub fn assertions(&self) -> AssertionCounts {
        self.state.assertions.counts()
    }

    /// From now on every token issued so far counts as expired; new ones are good.
    pub fn expire_tokens(&self) {
        self.state.expire_tokens();
    }
}

/// Ports close at once; conversations end with their tasks.
impl Drop for Running {
    fn drop(&mut self) {
        self.open_ports.iter().for_each(|port| port.close());
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("places", &self.places).finish_non_exhaustive()
    }
}
