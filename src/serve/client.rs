//! The clients among whom connections, requests and logins are shared out.

use std::net::{IpAddr, Ipv6Addr};

/// Bits of an IPv6 address that tell networks apart: within one, a machine takes as many addresses as it likes (RFC 8981).
const NETWORK: u32 = 64;

/// A client, as far as shares are concerned: an IPv4 address, a network of IPv6 addresses, or all who use our Unix sockets, who are
/// one as those behind one reverse proxy are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Client {
    /// The address, or the network's with zeros for the rest.
    Network(IpAddr),
    /// A Unix socket's.
    Unix,
}

impl From<Option<IpAddr>> for Client {
    fn from(peer: Option<IpAddr>) -> Self {
        match peer.map(|peer| peer.to_canonical()) {
            Some(IpAddr::V6(address)) => {
                let network = address.to_bits() >> NETWORK << NETWORK;
                Self::Network(Ipv6Addr::from_bits(network).into())
            }
            Some(address) => Self::Network(address),
            None => Self::Unix,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(address: &str) -> Client {
        Some(address.parse::<IpAddr>().expect("an address")).into()
    }

    #[test]
    fn client_is_an_ipv4_address_or_an_ipv6_network_of_64_bits() {
        for (one, other, same) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.2", false),
            ("2001:db8::1", "2001:db8::ffff:0:0:2", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
            ("::1", "127.0.0.1", false),
        ] {
            assert_eq!(client(one) == client(other), same, "{one} and {other}");
        }
        assert_ne!(Client::from(None), client("127.0.0.1"));
    }
}
