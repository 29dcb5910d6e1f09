//! The peer of a conversation: evidence names it, and a remedy speaks of its host and port.

use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::cloud::host_port;

/// The other side that a run spoke to: `outlook.office365.com:995 (52.98.1.2)`, `9.9.9.9:53`, `system`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Peer {
    /// DNS name or IP address, without brackets; the name of a resolver that has no address of its own.
    pub host: String,
    /// TCP or UDP port, where there is one.
    pub port: Option<u16>,
    /// The address that was tried, where the host is a name.
    pub address: Option<IpAddr>,
}

impl Peer {
    /// A host and port.
    pub fn new(host: &str, port: u16) -> Self {
        Self { host: host.to_owned(), port: Some(port), address: None }
    }

    /// A resolver that is known by name alone.
    pub fn named(name: &str) -> Self {
        Self { host: name.to_owned(), port: None, address: None }
    }

    /// The same peer with the address that was spoken to.
    #[must_use]
    pub fn at(self, address: IpAddr) -> Self {
        Self { address: Some(address), ..self }
    }

    /// `host:port`, without the address.
    pub fn endpoint(&self) -> String {
        self.port.map_or_else(|| self.host.clone(), |port| host_port(&self.host, port))
    }
}

impl From<SocketAddr> for Peer {
    fn from(at: SocketAddr) -> Self {
        Self::new(&at.ip().to_string(), at.port())
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.endpoint())?;
        self.address.map_or(Ok(()), |address| write!(f, " ({address})"))
    }
}

/// Reads what [`Display`](fmt::Display) writes; any other text is a name.
impl FromStr for Peer {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let address = || text.strip_suffix(')')?.rsplit_once(" (").and_then(|(before, at)| Some((before, at.parse().ok()?)));
        let (endpoint, address) = address().map_or((text, None), |(before, address)| (before, Some(address)));
        let peer = endpoint.rsplit_once(':').and_then(|(host, port)| {
            let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
            Some(Self { host: host.to_owned(), port: Some(port.parse().ok()?), address })
        });
        // What would not be written as it was read is no endpoint.
        Ok(peer.filter(|peer| peer.to_string() == text).unwrap_or_else(|| Self::named(text)))
    }
}

/// In JSON a peer is its text.
impl From<String> for Peer {
    fn from(text: String) -> Self {
        let Ok(peer) = text.parse();
        peer
    }
}

impl From<Peer> for String {
    fn from(peer: Peer) -> Self {
        peer.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peer_is_read_as_it_is_written() {
        let named = Peer::new("outlook.office365.com", 995);
        for (text, peer) in [
            ("outlook.office365.com:995", named.clone()),
            ("outlook.office365.com:995 (52.98.1.2)", named.clone().at([52, 98, 1, 2].into())),
            ("outlook.office365.com:995 (2603::1)", named.at("2603::1".parse().expect("an address"))),
            ("9.9.9.9:53", Peer::from(SocketAddr::from(([9, 9, 9, 9], 53)))),
            ("[2620:fe::fe]:53", Peer::new("2620:fe::fe", 53)),
            ("system", Peer::named("system")),
            ("host:port", Peer::named("host:port")),
            ("host:0995", Peer::named("host:0995")),
            ("", Peer::named("")),
        ] {
            assert_eq!(text.parse(), Ok(peer.clone()), "{text}");
            assert_eq!(peer.to_string(), text);
        }
    }
}
