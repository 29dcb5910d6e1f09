//! The way from a name to a secured stream: resolve, connect, proxy, TLS, each step timed.

pub mod dial;
pub mod dns_query;
pub mod families;
pub mod hosts;
pub mod http;
pub mod icmp;
pub mod line;
pub mod proxy;
pub mod resolve;
pub mod system_resolvers;
pub mod tls;
mod transcript_recorder;
pub mod trust;

use tokio::io::{AsyncRead, AsyncWrite};

pub use dial::Net;
pub use line::Conn;

/// A stream of bytes in both directions: a socket, TLS over one, or a test's pipe.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A stream of any kind, on the heap.
pub type BoxStream = Box<dyn Stream>;
