//! Listens, and accepts no more connections at a time than we can afford.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{info, warn};

use super::connection;
use super::engine::Engine;
use super::web_config::Web;

/// Connections at a time, over all listeners; further ones wait in the system's queue. Each may hold some 20 kB of
/// requests and a page.
const CONNECTIONS: usize = 128;
/// Pause after the system has refused us a connection, usually for want of file descriptors.
const RETRY_DELAY: Duration = Duration::from_millis(100);

/// Listens on every address.
///
/// # Errors
/// A message: the address that could not be bound, and why.
pub async fn bind(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, String> {
    let mut listeners = Vec::with_capacity(addresses.len());
    for address in addresses {
        let bound = match TcpListener::bind(address).await {
            Err(_) if is_every_address(*address) => TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await,
            bound => bound,
        };
        listeners.push(bound.map_err(|error| format!("cannot listen on `{address}`: {error}; choose another with --listen"))?);
    }
    Ok(listeners)
}

/// Reports whether the address is `[::]`, which takes IPv4 too, and has to make do with it where IPv6 is switched off.
fn is_every_address(address: SocketAddr) -> bool {
    address.is_ipv6() && address.ip().is_unspecified()
}

/// Logs the addresses we listen on, with a warning where one beyond loopback lacks a password or TLS.
pub fn log_addresses(addresses: &[SocketAddr], web: &Web) {
    let scheme = if web.acceptor.is_some() { "https" } else { "http" };
    for address in addresses {
        info!("listening on {scheme}://{address}");
    }
    let Some(open) = addresses.iter().find(|address| !address.ip().to_canonical().is_loopback()) else { return };
    let lacks = match (web.users.is_empty(), web.acceptor.is_none()) {
        (true, true) => "without a password and without TLS",
        (true, false) => "without a password",
        (false, true) => "with a password that is sent in the clear",
        (false, false) => return,
    };
    warn!("whoever reaches {open} can read these pages {lacks}; see `m365-probe config web-example`, or listen on loopback");
}

/// Accepts and serves connections until the shutdown has begun and the last one is closed.
pub async fn accept(listeners: Vec<TcpListener>, engine: Arc<Engine>) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(accept_from(listener, Arc::clone(&permits), Arc::clone(&engine)));
    }
    while accepting.join_next().await.is_some() {}
}

async fn accept_from(listener: TcpListener, permits: Arc<Semaphore>, engine: Arc<Engine>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = engine.shutdown.begun() => break,
            // A connection whose task panicked is over and the panic is in the log; the others go on.
            Some(_) = connections.join_next() => {}
            accepted = next(&listener, &permits) => match accepted {
                Ok((stream, from, permit)) => {
                    let engine = Arc::clone(&engine);
                    connections.spawn(async move {
                        connection::serve(stream, from, &engine).await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    warn!(%error, "cannot accept a connection");
                    sleep(RETRY_DELAY).await;
                }
            },
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Takes a permit first, then accepts a connection: without a permit it stays in the system's queue.
async fn next(listener: &TcpListener, permits: &Arc<Semaphore>) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, from) = listener.accept().await?;
    Ok((stream, from, permit))
}
