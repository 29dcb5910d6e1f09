//! Listening: a bounded number of connections for each port, and ports that a fault can close.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::cloud::Security;

use super::fault::{Fault, Service};
use super::state::{State, View};
use super::talk::{Over, Stream, Talk, secure};
use super::{dns, http, imap, pop3, smtp};

/// The longest silence borne where no protocol says otherwise.
pub(super) const IDLE: Duration = Duration::from_secs(300);
/// Connections served at a time on one port; more wait in the system's queue.
const CONNECTIONS: usize = 512;
/// How long to wait before trying again what the system refused.
const RETRY: Duration = Duration::from_millis(20);

/// A port that can be closed and opened again, at once and for everybody.
pub(super) struct Gate {
    service: Service,
    security: Security,
    address: SocketAddr,
    listener: Mutex<Option<TcpListener>>,
    runtime: Handle,
}

impl Gate {
    /// A port, open; 0 lets the system choose.
    pub(super) fn open(service: Service, security: Security, at: SocketAddr) -> io::Result<Self> {
        let listener = bind(at)?;
        let address = listener.local_addr()?;
        Ok(Self { service, security, address, listener: Mutex::new(Some(listener)), runtime: Handle::current() })
    }

    /// Where it is.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Opens or closes it, as the faults in force want it.
    pub(super) fn obey(&self, view: &View) {
        let mut listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner);
        if view.has(self.service, Fault::ConnectRefused) {
            *listener = None;
        } else if listener.is_none() {
            let _runtime = self.runtime.enter();
            *listener = bind(self.address).ok();
        }
    }

    /// Closes it for good.
    pub(super) fn close(&self) {
        self.listener.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// The next connection; none while it is closed.
    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        poll_fn(|cx| match &*self.listener.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(listener) => listener.poll_accept(cx),
            None => Poll::Pending,
        })
        .await
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// Accepts connections until dropped.
pub(super) async fn listen(state: Arc<State>, gate: Arc<Gate>) {
    let mut changes = state.changes();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // A gate that has been opened again has to be asked again.
            ended = changes.changed() => if ended.is_err() { return },
            Some(_) = connections.join_next() => {}
            accepted = gate.accept(), if connections.len() < CONNECTIONS => match accepted {
                Ok((stream, client)) => {
                    connections.spawn(converse(Arc::clone(&state), gate.service, gate.security, stream, client));
                }
                // Out of sockets: one is free again when a conversation ends.
                Err(_) => sleep(RETRY).await,
            },
        }
    }
}

async fn converse(state: Arc<State>, service: Service, security: Security, stream: TcpStream, client: SocketAddr) {
    // Replies are written whole: nothing is gained by waiting for more.
    let _ = stream.set_nodelay(true);
    if service == Service::Dns {
        let _ = dns::serve_stream(state, stream).await;
        return;
    }
    // How a conversation ended is the client's to know.
    let _ = speak(state, service, security, Box::new(stream), client).await;
}

async fn speak(
    state: Arc<State>,
    service: Service,
    security: Security,
    stream: Box<dyn Stream>,
    client: SocketAddr,
) -> Result<(), Over> {
    if matches!(service, Service::Login | Service::Ews | Service::Graph) {
        let stream = secure(&state, service, stream).await?;
        http::serve(state, service, stream).await;
        return Ok(());
    }
    let mut talk = Talk::new(state, service, client.ip(), stream);
    if security == Security::Implicit {
        talk = talk.upgrade().await?;
    }
    match service {
        Service::Pop3 => pop3::serve(talk).await,
        Service::Imap => imap::serve(talk).await,
        _ => smtp::serve(talk).await,
    }
}
