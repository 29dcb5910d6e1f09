//! Serves one connection: TLS, bounds and timeouts of its requests.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Frame, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::time::timeout;
use tracing::debug;

use super::engine::Engine;
use super::listener::Accepted;
use super::middleware;
use super::places::{Place, Turn};
use super::write_timeout::WriteTimeout;
use crate::net::BoxStream;

/// Time in which a TLS handshake must be over: two round trips, and a client that is far away.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(5);
/// Time after which a request's head must have arrived, from when the connection is open or idle. It bounds the pause between
/// two requests too; a scraper simply connects again.
const HEAD_WITHIN: Duration = Duration::from_secs(5);
/// Fields of a head at most. Prometheus sends seven, a browser about twenty.
const FIELDS: usize = 64;
/// Bytes of a head at most, its request line included. Longer ones are answered 431.
const HEAD: usize = 16 * 1024;

/// Answers requests over a connection until it is closed or gives way to another, or until the shutdown has begun and the running
/// request is answered.
pub async fn serve(accepted: Accepted, place: &Place, engine: &Arc<Engine>) {
    tokio::select! {
        () = answer(accepted, place, engine) => {}
        () = place.gives_way() => debug!("an idle connection gave way to another"),
    }
}

async fn answer(Accepted { stream, ends }: Accepted, place: &Place, engine: &Arc<Engine>) {
    let Some(stream) = secured(stream, engine).await else { return };
    let service = service_fn(async |request| {
        let (response, turn) = middleware::respond(engine, ends, place, request).await;
        if let Some(turn) = &turn {
            turn.sending();
        }
        Ok::<_, Infallible>(response.map(|body| Answering { body, _turn: turn }))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_headers(FIELDS)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(WriteTimeout::new(stream, || place.stalled())), service);
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

/// A response's body, which has its request's turn until it is sent.
struct Answering<B> {
    body: B,
    _turn: Option<Turn>,
}

impl<B: Body + Unpin> Body for Answering<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Returns the stream itself, or TLS over it where that is configured; `None` where the handshake failed.
async fn secured(stream: BoxStream, engine: &Engine) -> Option<BoxStream> {
    let web = engine.web_config.refreshed().await;
    let Some(acceptor) = &web.acceptor else { return Some(stream) };
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
