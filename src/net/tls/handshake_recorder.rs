//! What a peer says below TLS at first: of a handshake that fails, OpenSSL tells neither the version nor what was there
//! instead of TLS.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, BufReader, ReadBuf};

use super::super::{BoxStream, Stream};

/// What came from the peer at first.
#[derive(Clone, Default)]
pub struct Seen(Arc<Mutex<Beginning>>);

#[derive(Default)]
struct Beginning {
    bytes: Vec<u8>,
    /// Whether the stream ended.
    ended: bool,
    /// Whether nobody wants to know any more.
    forgotten: bool,
}

impl Seen {
    /// Enough for a ServerHello and, up to TLS 1.2, for a chain of certificates and the request for ours behind it.
    const KEEP: usize = 16 * 1024;

    fn note(&self, bytes: &[u8], ended: bool) {
        let mut seen = self.beginning();
        if !seen.forgotten {
            let room = Self::KEEP - seen.bytes.len();
            seen.bytes.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
            seen.ended |= ended;
        }
    }

    /// The beginning.
    pub fn bytes(&self) -> Vec<u8> {
        self.beginning().bytes.clone()
    }

    /// Whether the stream ended.
    pub fn ended(&self) -> bool {
        self.beginning().ended
    }

    /// A connection that lives on needs none of it.
    pub fn forget(&self) {
        *self.beginning() = Beginning { forgotten: true, ..Beginning::default() };
    }

    fn beginning(&self) -> MutexGuard<'_, Beginning> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Copies the beginning of what passes below TLS: of a handshake that fails, OpenSSL tells neither the version nor what was
/// there instead of TLS.
pub struct Watched<S> {
    stream: S,
    seen: Seen,
}

impl Watched<BufReader<BoxStream>> {
    /// OpenSSL asks for the head and the body of each record by itself: without a buffer, twice the system calls.
    pub fn over(stream: BoxStream, seen: &Seen) -> Self {
        Self { stream: BufReader::with_capacity(4096, stream), seen: seen.clone() }
    }
}

impl<S: Stream> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buf);
        match &result {
            Poll::Ready(Ok(())) => {
                let fresh = buf.filled().get(before..).unwrap_or(&[]);
                self.seen.note(fresh, fresh.is_empty());
            }
            Poll::Ready(Err(_)) => self.seen.note(&[], true),
            Poll::Pending => {}
        }
        result
    }
}

impl<S: Stream> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
