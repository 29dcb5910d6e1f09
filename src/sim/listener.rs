//! Listening: a bounded number of connections for each port, and ports that a fault can close.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::cloud::Security;

use super::connection::{Closed, Connection, Stream, secure};
use super::fault::{Fault, Service};
use super::http::{HttpRequest, HttpResponse};
use super::state::{State, View};
use super::{dns, entra, ews, graph, http, identity, imap, pop3, smtp};

/// Connections served at a time on one port; more wait in the system's queue.
const CONNECTIONS: usize = 512;
/// Connections the system takes before they are accepted.
const BACKLOG: u32 = 1024;
/// The time to wait before trying again what the system refused.
const RETRY: Duration = Duration::from_millis(20);

/// A port that can be closed and opened again, at once and for everybody.
pub(super) struct Port {
    service: Service,
    security: Security,
    address: SocketAddr,
    state: Mutex<PortState>,
    runtime: Handle,
}

/// The treatment of connections to the port.
enum PortState {
    Open(TcpListener),
    /// It is refused. The socket listens to nobody and keeps the port, which another program would be given otherwise.
    Closed {
        _kept: Option<TcpSocket>,
    },
    /// It is not answered.
    Silent {
        _silence: FullQueue,
    },
}

/// A port whose queue of connections is full: the kernel drops what is sent to it, as a firewall does.
struct FullQueue {
    _listener: std::net::TcpListener,
    _queued: Vec<TcpStream>,
}

impl FullQueue {
    /// Room for one connection, and the connections that fill it.
    fn on(socket: TcpSocket) -> io::Result<Self> {
        let listener = socket.listen(0)?.into_std()?;
        let address = listener.local_addr()?;
        let queued = (0..4).map(|_| {
            let client = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(50))?;
            client.set_nonblocking(true)?;
            TcpStream::from_std(client)
        });
        // The queue is full when a connection is no longer taken.
        let queued = queued.map_while(Result::ok).collect();
        Ok(Self { _listener: listener, _queued: queued })
    }
}

impl Port {
    /// A port, open; 0 lets the system choose.
    pub(super) fn open(service: Service, security: Security, at: SocketAddr) -> io::Result<Self> {
        Self::over(service, security, bound(at)?.listen(BACKLOG)?.into_std()?)
    }

    /// The port that `listener` holds, open.
    pub(super) fn over(service: Service, security: Security, listener: std::net::TcpListener) -> io::Result<Self> {
        let listener = asynchronous(listener)?;
        let address = listener.local_addr()?;
        Ok(Self { service, security, address, state: Mutex::new(PortState::Open(listener)), runtime: Handle::current() })
    }

    /// Returns its address.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Opens or closes it, as the faults in force want it.
    pub(super) fn apply_faults(&self, view: &View) {
        let _runtime = self.runtime.enter();
        let mut state = self.state();
        let silent = view.has(self.service, Fault::ConnectTimedOut);
        let refused =
            [Fault::ConnectRefused, Fault::ManagedIdentityUnreachable].iter().any(|fault| view.has(self.service, *fault));
        let stays = match &*state {
            PortState::Silent { .. } => silent,
            PortState::Closed { .. } => refused && !silent,
            PortState::Open(_) => !silent && !refused,
        };
        if stays {
            return;
        }
        // The next socket has the port before the last one lets it go: meanwhile the system might give it to another program.
        let next = bound(self.address).and_then(|socket| {
            *state = PortState::Closed { _kept: None };
            match (silent, refused) {
                (true, _) => FullQueue::on(socket).map(|silence| PortState::Silent { _silence: silence }),
                (false, true) => Ok(PortState::Closed { _kept: Some(socket) }),
                (false, false) => socket.listen(BACKLOG).map(PortState::Open),
            }
        });
        *state = next.unwrap_or(PortState::Closed { _kept: None });
    }

    /// Closes it for good.
    pub(super) fn close(&self) {
        *self.state() = PortState::Closed { _kept: None };
    }

    fn state(&self) -> MutexGuard<'_, PortState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next connection; none while it is closed.
    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        poll_fn(|cx| match &*self.state() {
            PortState::Open(listener) => listener.poll_accept(cx),
            PortState::Closed { .. } | PortState::Silent { .. } => Poll::Pending,
        })
        .await
    }
}

/// A socket that has the port and does not listen yet. Another one of ours may have it too, and none of another user's.
fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?; // connections that have just ended may still linger there
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    Ok(socket)
}

fn asynchronous(listener: std::net::TcpListener) -> io::Result<TcpListener> {
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// Accepts connections until dropped.
pub(super) async fn listen(state: Arc<State>, port: Arc<Port>) {
    let mut changes = state.changes();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // A port that has been opened again has to be asked again.
            ended = changes.changed() => if ended.is_err() { return },
            Some(_) = connections.join_next() => {}
            accepted = port.accept(), if connections.len() < CONNECTIONS => match accepted {
                Ok((stream, client)) => {
                    connections.spawn(serve_connection(Arc::clone(&state), port.service, port.security, stream, client));
                }
                // Out of sockets: one is free again when a conversation ends.
                Err(_) => sleep(RETRY).await,
            },
        }
    }
}

async fn serve_connection(state: Arc<State>, service: Service, security: Security, stream: TcpStream, client: SocketAddr) {
    // Replies are written whole: nothing is gained by waiting for more.
    let _ = stream.set_nodelay(true);
    if service == Service::Dns {
        let _ = dns::serve_stream(state, stream).await;
        return;
    }
    // How a conversation ended is the client's to know.
    let _ = serve_protocol(state, service, security, Box::new(stream), client).await;
}

async fn serve_protocol(
    state: Arc<State>,
    service: Service,
    security: Security,
    stream: Box<dyn Stream>,
    client: SocketAddr,
) -> Result<(), Closed> {
    if matches!(service, Service::Login | Service::Ews | Service::Graph) {
        let stream = secure(&state, service, stream).await?;
        http::serve(state, service, stream, respond).await;
        return Ok(());
    }
    if service == Service::Identity {
        http::serve(state, service, stream, respond).await;
        return Ok(());
    }
    let mut connection = Connection::new(state, service, client.ip(), stream);
    if security == Security::Implicit {
        connection = connection.upgrade().await?;
    }
    match service {
        Service::Pop3 => pop3::serve(connection).await,
        Service::Imap => imap::serve(connection).await,
        _ => smtp::serve(connection).await,
    }
}

/// Passes a request to the service that it was sent to.
async fn respond(state: Arc<State>, service: Service, request: HttpRequest) -> HttpResponse {
    match service {
        Service::Login => entra::answer(&state, &request).await,
        Service::Identity => identity::answer(&state, &request),
        Service::Graph => graph::answer(&state, &request).await,
        _ => ews::answer(&state, &request).await,
    }
}
