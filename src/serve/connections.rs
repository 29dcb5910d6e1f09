//! Accepts connections, each of which takes a place.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::warn;

use super::client::Client;
use super::connection;
use super::engine::Engine;
use super::listener::Listener;
use super::places::{Places, Shares};

/// Pause after the system has refused us a connection, usually for want of file descriptors.
const RETRY_DELAY: Duration = Duration::from_millis(100);

/// Accepts and serves connections until the shutdown has begun and the last one is closed.
pub async fn accept(listeners: Vec<Listener>, engine: Arc<Engine>) {
    let places = Arc::new(Places::new(Shares::SERVICE));
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(accept_from(listener, Arc::clone(&places), Arc::clone(&engine)));
    }
    while accepting.join_next().await.is_some() {}
}

async fn accept_from(listener: Listener, places: Arc<Places>, engine: Arc<Engine>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = engine.shutdown.begun() => break,
            // A connection whose task panicked is over and the panic is in the log; the others go on.
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let accepted = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "cannot accept a connection");
                sleep(RETRY_DELAY).await;
                continue;
            }
        };
        let place = places.take(Client::from(accepted.ends.peer.map(|peer| peer.ip())));
        let engine = Arc::clone(&engine);
        connections.spawn(async move { connection::serve(accepted, &place, &engine).await });
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}
