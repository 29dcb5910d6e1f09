//! A simulated Microsoft 365 tenant on loopback: real sockets, real TLS, and every fault by name.
//!
//! It plays Entra's token endpoint, POP3, IMAP, SMTP submission, EWS, Microsoft Graph and DNS under Microsoft's own names, as
//! Exchange Online behaves, and really checks what it is given. It shares no parser with the checks, so that a mistake
//! made on one side cannot hide on the other.
//!
//! ```no_run
//! # async fn example() -> Result<(), String> {
//! let tenant = m365_probe::sim::start(m365_probe::sim::Tenant::contoso()).await?;
//! tenant.set_fault("client_secret_expired")?;
//! let settings = tenant.settings(std::path::Path::new("/tmp/contoso"));
//! # Ok(()) }
//! ```

mod access;
mod authority;
mod directory;
mod dns;
mod entra;
mod ews;
mod fault;
mod graph;
mod http;
mod id;
mod imap;
mod jwt;
mod listen;
mod mailbox;
mod offer;
mod pop3;
mod sasl;
mod smtp;
mod state;
mod talk;

use std::net::Ipv4Addr;
use std::sync::Arc;

use tokio::net::UdpSocket;
use tokio::task::JoinSet;

use crate::cloud::Security;

pub use self::directory::{Application, Exchange, Protocol, Tenant};
pub use self::fault::{Befallen, Fault, Reach, Service};
pub use self::mailbox::{Folder, FolderAccess, Licence, Mailbox, Message};

use self::authority::Certificates;
use self::listen::Gate;
use self::state::State;

/// A simulated tenant that listens. It stops when this is dropped.
pub struct Running {
    state: Arc<State>,
    ports: Ports,
    gates: Vec<Arc<Gate>>,
    _tasks: JoinSet<()>,
}

/// Where a running tenant listens, all on 127.0.0.1.
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
}

/// Starts `tenant` on ports the system chooses.
///
/// # Errors
/// In words for a person: no port or no certificate could be had.
pub async fn start(tenant: Tenant) -> Result<Running, String> {
    start_on(tenant, Ports::default()).await
}

/// Starts `tenant` on given ports; 0 lets the system choose.
///
/// # Errors
/// In words for a person: a port is taken, or no certificate could be made.
pub async fn start_on(tenant: Tenant, mut ports: Ports) -> Result<Running, String> {
    let state = Arc::new(State::new(tenant, Certificates::new().await?)?);
    let mut tasks = JoinSet::new();
    let mut gates = Vec::new();
    let (datagrams, dns) = bind_dns(&mut ports.dns).await?;
    let services = [
        (&mut ports.login, Service::Login, Security::Implicit),
        (&mut ports.pop3s, Service::Pop3, Security::Implicit),
        (&mut ports.pop3, Service::Pop3, Security::Upgrade),
        (&mut ports.imaps, Service::Imap, Security::Implicit),
        (&mut ports.imap, Service::Imap, Security::Upgrade),
        (&mut ports.smtp, Service::Smtp, Security::Upgrade),
        (&mut ports.ews, Service::Ews, Security::Implicit),
        (&mut ports.graph, Service::Graph, Security::Implicit),
    ];
    let mut open = vec![Gate::over(Service::Dns, Security::Upgrade, dns).map_err(|error| cannot_listen(ports.dns, &error))?];
    for (port, service, security) in services {
        let gate = Gate::open(service, security, *port).map_err(|error| cannot_listen(*port, &error))?;
        *port = gate.port();
        open.push(gate);
    }
    for gate in open.into_iter().map(Arc::new) {
        tasks.spawn(listen::listen(Arc::clone(&state), Arc::clone(&gate)));
        gates.push(gate);
    }
    tasks.spawn(dns::serve_datagrams(Arc::clone(&state), datagrams));
    Ok(Running { state, ports, gates, _tasks: tasks })
}

/// The same port for UDP and TCP; where the system chooses, it may take several attempts to find one.
async fn bind_dns(port: &mut u16) -> Result<(UdpSocket, std::net::TcpListener), String> {
    let wanted = *port;
    let mut attempts = 0;
    loop {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, wanted)).await.map_err(|error| cannot_listen(wanted, &error))?;
        *port = socket.local_addr().map_err(|error| cannot_listen(wanted, &error))?.port();
        match std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, *port)) {
            Err(_) if wanted == 0 && attempts < 16 => attempts += 1,
            Err(error) => return Err(cannot_listen(*port, &error)),
            Ok(listener) => return Ok((socket, listener)),
        }
    }
}

fn cannot_listen(port: u16, error: &std::io::Error) -> String {
    format!("cannot listen on 127.0.0.1:{port}: {error}")
}

impl Running {
    /// Where it listens.
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// Makes something go wrong from now on: `NAME` wherever it can, `NAME@SERVICE` there only, `NAME@MAILBOX` and
    /// `NAME@SERVICE@MAILBOX` for one mailbox only.
    ///
    /// # Errors
    /// In words for a person: there is no such fault or mailbox, or the one cannot befall the other.
    pub fn set_fault(&self, fault: &str) -> Result<(), String> {
        let befallen: Befallen = fault.parse()?;
        self.require_mailbox(&befallen)?;
        self.state.set_faults(|faults| faults.push(befallen));
        self.obey();
        Ok(())
    }

    /// Puts everything right again that a fault made go wrong.
    pub fn clear_faults(&self) {
        self.state.set_faults(Vec::clear);
        self.obey();
    }

    fn require_mailbox(&self, befallen: &Befallen) -> Result<(), String> {
        let tenant = self.state.set_up();
        let addresses: Vec<&str> = tenant.mailboxes.iter().map(|mailbox| mailbox.address.as_str()).collect();
        match &befallen.mailbox {
            Some(name) if !addresses.iter().any(|address| befallen.concerns(address)) => {
                Err(format!("there is no mailbox `{name}`; there are {}", addresses.join(", ")))
            }
            _ => Ok(()),
        }
    }

    fn obey(&self) {
        let view = self.state.view();
        self.gates.iter().for_each(|gate| gate.obey(&view));
    }

    /// Changes the tenant as its administrator could.
    pub fn change(&self, change: impl FnOnce(&mut Tenant)) {
        self.state.change(change);
    }

    /// From now on every token issued so far counts as expired; new ones are good.
    pub fn expire_tokens(&self) {
        self.state.expire_tokens();
    }
}

/// Ports close at once; conversations end with their tasks.
impl Drop for Running {
    fn drop(&mut self) {
        self.gates.iter().for_each(|gate| gate.close());
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("ports", &self.ports).finish_non_exhaustive()
    }
}
