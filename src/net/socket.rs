//! A connected TCP stream that acknowledges at once and records what the kernel knows of data that is lost on it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::trace::{Delivery, DeliveryRecord};

/// A TCP stream that acknowledges at once. Linux delays the acknowledgement to a peer whose data we have just answered, because
/// it expects the next answer to carry it; a server with Nagle's algorithm on then waits for it before it finishes its reply.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    record: DeliveryRecord,
}

impl Socket {
    /// Takes a connected stream, and turns Nagle's algorithm off: it and delayed acknowledgements together cost 41 ms a command,
    /// which would be our own.
    pub fn new(stream: TcpStream) -> Self {
        let _ = stream.set_nodelay(true);
        Self { stream, record: DeliveryRecord::default() }
    }

    /// Returns the record of its figures: those of the last read that had to wait.
    pub fn record(&self) -> DeliveryRecord {
        self.record.clone()
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        // A run that ends in silence has polled once more when its time was up.
        if read.is_pending()
            && let Some(delivery) = delivery(&self.stream)
        {
            self.record.set(delivery);
        }
        read
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = self.stream.set_quickack(true);
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(target_os = "linux")]
fn delivery(stream: &TcpStream) -> Option<Delivery> {
    Some(Delivery { held_back: tcp_info::held_back(stream), ..tcp_info::read(stream)? })
}

/// Returns `None`: only Linux is asked.
#[cfg(not(target_os = "linux"))]
fn delivery(_: &TcpStream) -> Option<Delivery> {
    None
}

#[cfg(target_os = "linux")]
mod tcp_info {
    use std::os::fd::AsRawFd as _;

    use nix::libc;
    use tokio::net::TcpStream;

    use super::Delivery;

    /// The beginning of the kernel's `struct tcp_info` (linux/tcp.h), which every kernel has, in words: four bytes of which the third is
    /// `retransmits`, four more, then `rto`, `ato`, `snd_mss`, `rcv_mss`, `unacked` and nineteen words.
    type Info = [u32; 26];
    /// The kernel's memory for a socket in its order (linux/sock_diag.h): for what was received and is not yet taken, and eight more.
    type Memory = [u32; 9];

    /// Returns the words of an option; `None` where the kernel has no such option, or has another number of words for it. nix panics on
    /// the latter, and that is how qemu answers for a program of another processor: four bytes for each option.
    #[allow(unsafe_code)]
    pub(super) fn option<const WORDS: usize>(stream: &TcpStream, level: libc::c_int, name: libc::c_int) -> Option<[u32; WORDS]> {
        let mut words = [0; WORDS];
        let whole = libc::socklen_t::try_from(size_of_val(&words)).ok()?;
        let mut written = whole;
        // SAFETY: the kernel writes at most as many bytes as it is told that there is room for, and any bytes are words.
        let result = unsafe { libc::getsockopt(stream.as_raw_fd(), level, name, words.as_mut_ptr().cast(), &raw mut written) };
        (result == 0 && written == whole).then_some(words)
    }

    /// Returns the bytes of memory that hold what was received and cannot be taken, because data before it is missing; 0 where the
    /// kernel does not tell. What has arrived since the read that found nothing can be taken.
    pub fn held_back(stream: &TcpStream) -> u32 {
        let memory: Option<Memory> = option(stream, libc::SOL_SOCKET, libc::SO_MEMINFO); // of Linux 4.12
        let received = memory.map_or(0, |[received, ..]| received);
        let is_ready = || rustix::io::ioctl_fionread(stream).is_ok_and(|bytes| bytes > 0);
        if received > 0 && !is_ready() { received } else { 0 }
    }

    pub fn read(stream: &TcpStream) -> Option<Delivery> {
        let [states, _, _, _, segment_size, _, unacknowledged, ..]: Info = option(stream, libc::IPPROTO_TCP, libc::TCP_INFO)?;
        let [_, _, retransmits, _] = states.to_ne_bytes();
        Some(Delivery { unacknowledged, retransmits, segment_size, held_back: 0 })
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    fn held_back_of(socket: &Socket) -> u32 {
        delivery(&socket.stream).map_or(0, |delivery| delivery.held_back)
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn option_of_another_length_than_asked_for_is_none() {
        use nix::libc::{SO_TYPE, SOCK_STREAM, SOL_SOCKET};

        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let stream = TcpStream::connect(listener.local_addr().expect("bound")).await.expect("a connection");
        assert_eq!(tcp_info::option(&stream, SOL_SOCKET, SO_TYPE), Some([SOCK_STREAM.unsigned_abs()]));
        assert_eq!(tcp_info::option::<2>(&stream, SOL_SOCKET, SO_TYPE), None);
        assert_eq!(tcp_info::option::<1>(&stream, SOL_SOCKET, -1), None);
    }

    #[tokio::test]
    async fn read_that_waits_records_the_kernel_s_figures() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let stream = TcpStream::connect(listener.local_addr().expect("bound")).await.expect("a connection");
        let (mut peer, _) = listener.accept().await.expect("accepted");
        let mut socket = Socket::new(stream);
        let record = socket.record();
        assert_eq!(record.latest(), Delivery::default());
        socket.write_all(b"NOOP\r\n").await.expect("sent");
        let mut buffer = [0; 6];
        peer.read_exact(&mut buffer).await.expect("received");
        assert!(tokio::time::timeout(std::time::Duration::ZERO, socket.read_u8()).await.is_err());
        let Delivery { segment_size, retransmits, held_back, .. } = record.latest();
        assert_eq!((segment_size > 500, retransmits, held_back), (cfg!(target_os = "linux"), 0, 0), "{:?}", record.latest());
        // What can be read, in part or as a whole, is not held back.
        peer.write_all(&[7; 100]).await.expect("sent");
        socket.read_u8().await.expect("received");
        assert_eq!(held_back_of(&socket), 0);
    }
}
