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
    use std::os::fd::AsFd as _;

    use nix::libc;
    use nix::sys::socket::getsockopt;
    use nix::{getsockopt_impl, sockopt_impl};
    use tokio::net::TcpStream;

    use super::Delivery;

    /// The beginning of the kernel's `struct tcp_info` (linux/tcp.h), which every kernel has: `state`, `ca_state`, `retransmits`
    /// and five more bytes, then `rto`, `ato`, `snd_mss`, `rcv_mss`, `unacked` and nineteen more words.
    #[repr(C)]
    #[derive(Clone, Copy, Debug)]
    pub struct Info {
        bytes: [u8; 8],
        words: [u32; 24],
    }

    sockopt_impl!(
        /// The option `TCP_INFO` (tcp(7)).
        TcpInfo, GetOnly, libc::IPPROTO_TCP, libc::TCP_INFO, Info
    );

    /// The kernel's memory for a socket in its order (linux/sock_diag.h): for what was received and is not yet taken, and eight more.
    type Memory = [u32; 9];

    sockopt_impl!(
        /// The option `SO_MEMINFO`, of Linux 4.12.
        MemoryInfo, GetOnly, libc::SOL_SOCKET, libc::SO_MEMINFO, Memory
    );

    /// Returns the bytes of memory that hold what was received and cannot be taken, because data before it is missing; 0 where the
    /// kernel does not tell. What has arrived since the read that found nothing can be taken.
    pub fn held_back(stream: &TcpStream) -> u32 {
        let received = getsockopt(&stream.as_fd(), MemoryInfo).map_or(0, |[received, ..]| received);
        let is_ready = || rustix::io::ioctl_fionread(stream).is_ok_and(|bytes| bytes > 0);
        if received > 0 && !is_ready() { received } else { 0 }
    }

    pub fn read(stream: &TcpStream) -> Option<Delivery> {
        let Info { bytes: [_, _, retransmits, ..], words: [_, _, segment_size, _, unacknowledged, ..] } =
            getsockopt(&stream.as_fd(), TcpInfo).ok()?;
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
