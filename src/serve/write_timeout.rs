//! Times out a write whose peer reads nothing any more: hyper bounds the time in which a request arrives, not the time in which
//! a response is sent.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// Time without progress after which a write is given up: a peer that still reads does not take so long over the next byte.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// A stream whose writes must make progress.
pub struct WriteTimeout<S, W, G> {
    stream: S,
    /// Called when a write begins to wait.
    on_wait: W,
    /// The end of the waiting write's time; not polled while none waits.
    deadline: Pin<Box<Sleep>>,
    /// The value that `on_wait` returned, held while a write waits.
    waiting: Option<G>,
}

impl<S, W: Fn() -> G, G> WriteTimeout<S, W, G> {
    /// Creates a stream that times out writes to `stream`. While one waits, what `on_wait` returns is held.
    pub fn new(stream: S, on_wait: W) -> Self {
        Self { stream, on_wait, deadline: Box::pin(sleep(WRITE_TIMEOUT)), waiting: None }
    }

    /// Passes on the result of a write, or an error when it has waited too long.
    fn watch<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        if self.waiting.is_none() {
            self.waiting = Some((self.on_wait)());
            self.deadline.as_mut().reset(Instant::now() + WRITE_TIMEOUT);
        }
        ready!(self.deadline.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin, W: Unpin, G: Unpin> AsyncRead for WriteTimeout<S, W, G> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin, W: Fn() -> G + Unpin, G: Unpin> AsyncWrite for WriteTimeout<S, W, G> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.watch(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.watch(cx, shut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    #[tokio::test(start_paused = true)]
    async fn write_to_a_reader_that_takes_nothing_times_out() {
        let (ours, _theirs) = duplex(8);
        let began = Instant::now();
        let error = WriteTimeout::new(ours, || ()).write_all(&[0; 64]).await.expect_err("nobody reads");
        assert_eq!((error.kind(), began.elapsed().as_secs()), (io::ErrorKind::TimedOut, WRITE_TIMEOUT.as_secs()));
    }

    #[tokio::test(start_paused = true)]
    async fn write_to_a_slow_reader_is_complete() {
        let (ours, mut theirs) = duplex(8);
        let reader = tokio::spawn(async move {
            for _ in 0..8 {
                sleep(WRITE_TIMEOUT * 9 / 10).await;
                theirs.read_exact(&mut [0; 8]).await.expect("bytes");
            }
        });
        WriteTimeout::new(ours, || ()).write_all(&[0; 64]).await.expect("it gets on");
        reader.await.expect("all read");
    }
}
