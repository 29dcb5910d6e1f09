//! Addresses to listen on, as the command line writes them, and the addresses that were bound.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// The forms of an address, for the message about one that is none of them.
const FORMS: &str = "write it as `127.0.0.1:10365`, `[::1]:10365`, `localhost:10365`, `:10365` (every address of this machine) or \
                     `unix:/run/m365-probe/http.sock`";
/// The prefix of a Unix socket's path.
const UNIX: &str = "unix:";

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// One address and port: `127.0.0.1:10365`; port 0 is any free one.
    Socket(SocketAddr),
    /// A port of every address of this machine, of both families: `:10365`, as Prometheus writes it.
    Every(u16),
    /// A port of every address that a name has: `localhost:10365`.
    Name(String, u16),
    /// A Unix socket: `unix:/run/m365-probe/http.sock`.
    Unix(PathBuf),
}

impl ListenAddress {
    /// Returns the host's name, where it is given by one.
    pub fn name(&self) -> Option<String> {
        match self {
            Self::Name(name, _) => Some(name.clone()),
            Self::Socket(_) | Self::Every(_) | Self::Unix(_) => None,
        }
    }
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix(UNIX) {
            return if path.is_empty() { Err(FORMS.to_owned()) } else { Ok(Self::Unix(path.into())) };
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::Socket(address));
        }
        let (name, port) = text.rsplit_once(':').ok_or(FORMS)?;
        let port = port.parse().map_err(|_| FORMS)?;
        match name {
            "" => Ok(Self::Every(port)),
            name if is_host_name(name) => Ok(Self::Name(name.to_owned(), port)),
            _ => Err(FORMS.to_owned()),
        }
    }
}

/// Reports whether `name` may be a host's. A last label of digits is a mistyped address and no name.
fn is_host_name(name: &str) -> bool {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    let last = name.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    plain && last.bytes().any(|b| !b.is_ascii_digit())
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(address) => address.fmt(f),
            Self::Every(port) => write!(f, ":{port}"),
            Self::Name(name, port) => write!(f, "{name}:{port}"),
            Self::Unix(path) => write!(f, "{UNIX}{}", path.display()),
        }
    }
}

impl From<SocketAddr> for ListenAddress {
    fn from(address: SocketAddr) -> Self {
        Self::Socket(address)
    }
}

/// An address that is listened on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoundAddress {
    /// An address and port.
    Socket(SocketAddr),
    /// The path of a Unix socket; empty where systemd handed over one without a name.
    Unix(PathBuf),
}

impl BoundAddress {
    /// Returns address and port; `None` for a Unix socket.
    pub fn socket(&self) -> Option<SocketAddr> {
        match self {
            Self::Socket(address) => Some(*address),
            Self::Unix(_) => None,
        }
    }

    /// Reports whether other machines can reach it.
    pub fn is_beyond_loopback(&self) -> bool {
        self.socket().is_some_and(|address| !address.ip().to_canonical().is_loopback())
    }

    /// Returns the URL, or for a Unix socket its address as `--listen` takes it.
    pub fn url(&self, scheme: &str) -> String {
        match self {
            Self::Socket(address) => format!("{scheme}://{address}"),
            Self::Unix(_) => self.to_string(),
        }
    }
}

impl fmt::Display for BoundAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "{UNIX}{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listen_address_is_written_as_it_is_read() {
        for text in
            ["127.0.0.1:0", "[::1]:10365", "[::]:1", ":10365", "localhost:10365", "probe-a.example.:1", "unix:/run/x.sock"]
        {
            let address: ListenAddress = text.parse().expect(text);
            assert_eq!(address.to_string(), text);
        }
    }

    #[test]
    fn listen_address_of_another_form_is_refused_with_the_forms() {
        for text in ["10365", "", ":", ":http", "127.0.0.300:1", "::1:10365", "[::1]", "a b:1", "unix:", "http://x:1", "x:70000"]
        {
            assert_eq!(text.parse::<ListenAddress>(), Err(FORMS.to_owned()), "{text}");
        }
    }
}
