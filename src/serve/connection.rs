//! Serves one connection: TLS, bounds and timeouts of its requests.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tracing::debug;

use super::engine::Engine;
use super::middleware;
use super::write_timeout::WriteTimeout;
use crate::net::BoxStream;

/// Time in which a TLS handshake must be over: two round trips, and a client that is far away.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// Time after which a request's head must have arrived, from when the connection is open or idle. It bounds the pause between
/// two requests too; a scraper simply connects again.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// Fields of a head at most. Prometheus sends seven, a browser about twenty.
const FIELDS: usize = 64;
/// Bytes of a head at most, its request line included. Longer ones are answered 431.
const HEAD: usize = 16 * 1024;

/// Answers requests over `stream` until it is closed, or until the shutdown has begun and the running request is answered.
pub async fn serve(stream: TcpStream, from: SocketAddr, engine: &Arc<Engine>) {
    let Ok(local) = stream.local_addr() else { return };
    let _ = stream.set_nodelay(true); // without it only slower
    let Some(stream) = secured(stream, engine).await else { return };
    let service = service_fn(async |request| Ok::<_, Infallible>(middleware::respond(engine, from, local, request).await));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_headers(FIELDS)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(WriteTimeout::new(stream)), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = engine.shutdown.begun() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "connection ended");
    }
}

/// Returns the stream itself, or TLS over it where that is configured; `None` where the handshake failed.
async fn secured(stream: TcpStream, engine: &Engine) -> Option<BoxStream> {
    let web = engine.web_config.refreshed().await;
    let Some(acceptor) = &web.acceptor else { return Some(Box::new(stream)) };
    let handshake = tokio::select! {
        handshake = timeout(HANDSHAKE_WITHIN, acceptor.accept(stream)) => handshake,
        () = engine.shutdown.begun() => return None, // nothing has been asked yet
    };
    match handshake {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            debug!(%error, "TLS handshake failed");
            None
        }
        Err(_) => None,
    }
}
