//! Listening: a bounded number of connections for each port, and ports that a fault can close.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::cloud::Security;

use super::fault::{Fault, Service};
use super::state::State;
use super::talk::{Over, Stream, Talk, secure};
use super::{dns, http, imap, pop3, smtp};

/// The longest silence borne where no protocol says otherwise.
pub(super) const IDLE: Duration = Duration::from_secs(300);
/// Connections served at a time on one port; more wait in the system's queue.
const CONNECTIONS: usize = 512;
/// How long to wait before trying again what the system refused.
const RETRY: Duration = Duration::from_millis(20);

/// Accepts connections until dropped. The port is closed while [`Fault::ConnectRefused`] befalls the service.
pub(super) async fn listen(state: Arc<State>, service: Service, security: Security, listener: TcpListener) {
    let Ok(address) = listener.local_addr() else { return };
    let mut listener = Some(listener);
    let mut changes = state.changes();
    let mut connections = JoinSet::new();
    loop {
        let open = !changes.borrow_and_update().has(service, Fault::ConnectRefused);
        if !open {
            listener = None;
        } else if listener.is_none() {
            listener = TcpListener::bind(address).await.ok();
        }
        tokio::select! {
            ended = changes.changed() => if ended.is_err() { return },
            Some(_) = connections.join_next() => {}
            accepted = accepted(listener.as_ref()), if open && connections.len() < CONNECTIONS => {
                if let Some((stream, client)) = accepted {
                    connections.spawn(converse(Arc::clone(&state), service, security, stream, client));
                }
            }
        }
    }
}

/// The next connection; `None` where the system refused, a moment later.
async fn accepted(listener: Option<&TcpListener>) -> Option<(TcpStream, SocketAddr)> {
    if let Some(listener) = listener
        && let Ok(accepted) = listener.accept().await
    {
        return Some(accepted);
    }
    sleep(RETRY).await;
    None
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
    if matches!(service, Service::Login | Service::Ews) {
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
