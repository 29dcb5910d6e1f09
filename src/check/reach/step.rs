//! The steps from a known address to the first words of a server, in their order.

use crate::outcome::Phase;

/// One step of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// TCP connect, to the address or to the proxy.
    Connect,
    /// The proxy connects further.
    Proxy,
    /// TLS from the first byte.
    Secure,
    /// The server's greeting, or the answer to a harmless request.
    Greet,
    /// Asking for TLS where it does not begin by itself.
    AskForTls,
    /// TLS after the server's consent.
    Upgrade,
}

impl Step {
    /// All steps, in order. The two ways to TLS are two steps, because a greeting comes before the one and after the other.
    pub const ALL: [Self; 6] = [Self::Connect, Self::Proxy, Self::Secure, Self::Greet, Self::AskForTls, Self::Upgrade];

    /// Returns the phase that it belongs to.
    pub const fn phase(self) -> Phase {
        match self {
            Self::Connect => Phase::Connect,
            Self::Proxy => Phase::Proxy,
            Self::Secure | Self::Upgrade => Phase::Tls,
            Self::Greet => Phase::Greeting,
            Self::AskForTls => Phase::Starttls,
        }
    }
}
