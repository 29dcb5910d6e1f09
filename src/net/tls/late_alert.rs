//! A secured stream that reports the alert by which a peer refuses the handshake late, as TLS 1.3 allows.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Secured;

/// A secured stream whose first failed write reports the alert that is still to be read: a peer that refuses a handshake late
/// closes the connection at once.
pub struct LateAlertStream {
    secured: Secured,
    /// True until something was read.
    fresh: bool,
    /// The error of a failed write, while the alert is being read.
    failed: Option<io::Error>,
}

impl LateAlertStream {
    /// Wraps a stream fresh from the handshake.
    pub fn new(secured: Secured) -> Self {
        Self { secured, fresh: true, failed: None }
    }

    /// Returns the result of `write`, or where it fails before anything was read, the error that reading meets.
    fn write_or_alert<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut Secured>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if self.failed.is_none() {
            match write(Pin::new(&mut self.secured), cx) {
                Poll::Ready(Err(error)) if self.fresh => self.failed = Some(error),
                other => return other,
            }
        }
        // Of a connection that is gone the end is to be read at the latest: this waits for nobody.
        let read = ready!(Pin::new(&mut self.secured).poll_read(cx, &mut ReadBuf::new(&mut [0])));
        Poll::Ready(Err(read.err().or(self.failed.take()).unwrap_or_else(|| io::ErrorKind::BrokenPipe.into())))
    }
}

impl AsyncRead for LateAlertStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.secured).poll_read(cx, buf);
        self.fresh &= result.is_pending();
        result
    }
}

impl AsyncWrite for LateAlertStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.write_or_alert(cx, |secured, cx| secured.poll_write(cx, buf))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write_or_alert(cx, AsyncWrite::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.secured).poll_shutdown(cx)
    }
}
