//! The way from a name to a secured stream: resolve, connect, proxy, TLS, each step timed.

pub mod dial;
pub mod dns_query;
pub mod families;
pub mod hosts;
pub mod http;
pub mod icmp;
pub mod line;
pub mod proxy;
pub mod resolv_conf;
pub mod resolve;
mod search_list;
mod socket;
pub mod system_resolvers;
pub mod tls;
mod transcript_recorder;
pub mod trust;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncRead, AsyncWrite};

use crate::file::is_out_of_resources;
pub use dial::Net;
pub use line::Conn;

/// A stream of bytes in both directions: a socket, TLS over one, or a test's pipe.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A stream of any kind, on the heap.
pub type BoxStream = Box<dyn Stream>;

/// Returns the local address from which a datagram socket can send to `peer`: any of its family, any port.
fn any_local_address(peer: IpAddr) -> SocketAddr {
    let any: IpAddr = if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    SocketAddr::new(any, 0)
}
