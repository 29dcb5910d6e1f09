//! A recorder of the first bytes that a peer sends below TLS: for a handshake that fails, OpenSSL reports neither the version
//! nor the bytes that came instead of TLS.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, BufReader, ReadBuf};

use super::super::{BoxStream, Stream};

/// The first bytes that came from the peer.
#[derive(Clone, Default)]
pub struct Recording(Arc<Mutex<Beginning>>);

#[derive(Default)]
struct Beginning {
    bytes: Vec<u8>,
    /// Set when the stream ended.
    ended: bool,
    /// Set when nothing is to be recorded any more.
    forgotten: bool,
}

impl Recording {
    /// Bytes that are kept: enough for a ServerHello and, up to TLS 1.2, for the chain of certificates and the request for ours.
    const KEEP: usize = 16 * 1024;

    fn note(&self, bytes: &[u8], ended: bool) {
        let mut beginning = self.beginning();
        if !beginning.forgotten {
            let room = Self::KEEP - beginning.bytes.len();
            beginning.bytes.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
            beginning.ended |= ended;
        }
    }

    /// Returns the first bytes, at most 16 KiB.
    pub fn bytes(&self) -> Vec<u8> {
        self.beginning().bytes.clone()
    }

    /// Reports whether the stream ended while it was recorded.
    pub fn ended(&self) -> bool {
        self.beginning().ended
    }

    /// Frees the recording: a connection that lives on needs none of it.
    pub fn forget(&self) {
        *self.beginning() = Beginning { forgotten: true, ..Beginning::default() };
    }

    fn beginning(&self) -> MutexGuard<'_, Beginning> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that copies what is read at first into a [`Recording`].
pub struct HandshakeRecorder<S> {
    stream: S,
    recording: Recording,
}

impl HandshakeRecorder<BufReader<BoxStream>> {
    /// Records `stream`, with a buffer in between: OpenSSL reads the head and the body of each record separately, which would be
    /// twice the system calls.
    pub fn over(stream: BoxStream, recording: &Recording) -> Self {
        Self { stream: BufReader::with_capacity(4096, stream), recording: recording.clone() }
    }
}

impl<S: Stream> AsyncRead for HandshakeRecorder<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buf);
        match &result {
            Poll::Ready(Ok(())) => {
                let fresh = buf.filled().get(before..).unwrap_or(&[]);
                self.recording.note(fresh, fresh.is_empty());
            }
            Poll::Ready(Err(_)) => self.recording.note(&[], true),
            Poll::Pending => {}
        }
        result
    }
}

impl<S: Stream> AsyncWrite for HandshakeRecorder<S> {
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
