//! The ICMP message of a router or firewall on the way, when a connection failed.
//!
//! The kernel makes one error of several ICMP messages: "administratively prohibited" becomes "no route to host" in IPv4, and
//! "port unreachable", which no TCP server sends but a firewall does, becomes "connection refused". The message itself
//! stands in the socket's error queue (ip(7), `IP_RECVERR`), which std and tokio do not read. Elsewhere than on Linux there
//! is none.

use std::fmt;
use std::net::IpAddr;

/// An ICMP message about our connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// The meaning of its type and code.
    pub kind: Unreachable,
    /// The address of the router or firewall that sent it, where the kernel knows it.
    pub from: Option<IpAddr>,
}

/// The meaning of a message "destination unreachable", of ICMP or ICMPv6 (RFC 792, RFC 1812 section 5.2.7.1, RFC 4443
/// section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreachable {
    /// A rule forbids it.
    Prohibited,
    /// Nothing listens on the port; in reply to TCP it comes from a firewall that refuses.
    PortUnreachable,
    /// There is no route to the address.
    NoRoute,
    /// Any other message, by its type and code.
    Other(u8, u8),
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Unreachable::Prohibited => f.write_str("ICMP: administratively prohibited"),
            Unreachable::PortUnreachable => f.write_str("ICMP: port unreachable"),
            Unreachable::NoRoute => f.write_str("ICMP: no route"),
            Unreachable::Other(number, code) => write!(f, "ICMP type {number} code {code}"),
        }?;
        self.from.map_or(Ok(()), |from| write!(f, ", from {from}"))
    }
}

#[cfg(target_os = "linux")]
pub use linux::Queue;

#[cfg(target_os = "linux")]
mod linux {
    use std::io::IoSliceMut;
    use std::net::{Ipv4Addr, Ipv6Addr};
    use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};

    use nix::libc::{sock_extended_err, sockaddr_in6};
    use nix::sys::socket::sockopt::{Ipv4RecvErr, Ipv6RecvErr};
    use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt};
    use tokio::net::TcpSocket;

    use super::{Message, Unreachable};

    /// The error queue of a socket that connects. It outlives the socket, which a failed attempt closes.
    #[derive(Debug)]
    pub struct Queue(OwnedFd);

    impl Queue {
        /// Opens the queue of `socket`, which the kernel fills from now on; `None` where no descriptor is left.
        pub fn open(socket: &TcpSocket) -> Option<Self> {
            let queue = Self(socket.as_fd().try_clone_to_owned().ok()?);
            queue.fill(true);
            Some(queue)
        }

        /// Closes the queue: on an open connection every message in it would become an error.
        pub fn close(self) {
            self.fill(false);
        }

        fn fill(&self, on: bool) {
            // One of the two is the wrong family, and fails.
            let _ = setsockopt(&self.0, Ipv4RecvErr, &on);
            let _ = setsockopt(&self.0, Ipv6RecvErr, &on);
        }

        /// Reads the message that made the attempt fail, if one did.
        pub fn read(&self) -> Option<Message> {
            // The packet it is about comes along, and is of no use.
            let mut packet = [0; 128];
            let mut parts = [IoSliceMut::new(&mut packet)];
            let mut room = nix::cmsg_space!(sock_extended_err, sockaddr_in6);
            let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
            let read = recvmsg::<SockaddrStorage>(self.0.as_raw_fd(), &mut parts, Some(&mut room), flags).ok()?;
            read.cmsgs().ok()?.find_map(|message| match message {
                ControlMessageOwned::Ipv4RecvErr(error, from) => {
                    let from = from.map(|from| Ipv4Addr::from(u32::from_be(from.sin_addr.s_addr)));
                    Some(Message { kind: in_v4(error)?, from: from.filter(|from| !from.is_unspecified()).map(Into::into) })
                }
                ControlMessageOwned::Ipv6RecvErr(error, from) => {
                    let from = from.map(|from| Ipv6Addr::from(from.sin6_addr.s6_addr));
                    Some(Message { kind: in_v6(error)?, from: from.filter(|from| !from.is_unspecified()).map(Into::into) })
                }
                _ => None,
            })
        }
    }

    /// Parses an error of the queue; `None` where it is the kernel's own and no ICMP message.
    fn in_v4(error: sock_extended_err) -> Option<Unreachable> {
        const ICMP: u8 = 2; // SO_EE_ORIGIN_ICMP
        const UNREACHABLE: u8 = 3;
        (error.ee_origin == ICMP).then_some(match (error.ee_type, error.ee_code) {
            (UNREACHABLE, 9 | 10 | 13) => Unreachable::Prohibited,
            (UNREACHABLE, 3) => Unreachable::PortUnreachable,
            (UNREACHABLE, 0 | 1 | 5 | 6 | 7 | 11 | 12) => Unreachable::NoRoute,
            (number, code) => Unreachable::Other(number, code),
        })
    }

    fn in_v6(error: sock_extended_err) -> Option<Unreachable> {
        const ICMP6: u8 = 3; // SO_EE_ORIGIN_ICMP6
        const UNREACHABLE: u8 = 1;
        (error.ee_origin == ICMP6).then_some(match (error.ee_type, error.ee_code) {
            (UNREACHABLE, 1 | 5 | 6) => Unreachable::Prohibited,
            (UNREACHABLE, 4) => Unreachable::PortUnreachable,
            (UNREACHABLE, 0 | 2 | 3) => Unreachable::NoRoute,
            (number, code) => Unreachable::Other(number, code),
        })
    }
}

/// A stand-in for the error queue, which only Linux has.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub struct Queue;

#[cfg(not(target_os = "linux"))]
impl Queue {
    /// Returns `None`: there is no queue.
    pub fn open(_: &tokio::net::TcpSocket) -> Option<Self> {
        None
    }

    /// Does nothing.
    pub fn close(self) {}

    /// Returns `None`: there is no message.
    pub fn read(&self) -> Option<Message> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn icmp_message_is_shown_with_its_sender() {
        let from = "10.0.0.1".parse().ok();
        for (kind, from, words) in [
            (Unreachable::Prohibited, from, "ICMP: administratively prohibited, from 10.0.0.1"),
            (Unreachable::PortUnreachable, None, "ICMP: port unreachable"),
            (Unreachable::Other(3, 4), from, "ICMP type 3 code 4, from 10.0.0.1"),
        ] {
            assert_eq!(Message { kind, from }.to_string(), words);
        }
    }
}
