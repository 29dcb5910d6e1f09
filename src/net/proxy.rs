//! The request to a proxy to connect to a server, and the rules of `no_proxy`.

mod http;
mod socks;

use std::net::IpAddr;

use ipnet::IpNet;

use crate::outcome::Fault;
use crate::reason::Reason;
use crate::settings::{Proxy, ProxyKind};
use crate::trace::Trace;

use super::BoxStream;

/// Reports whether `host` is reached without the proxy, by the rules of curl's `NO_PROXY`: an exact name, a domain and all
/// names below it, an address, a network such as `10.0.0.0/8`, `*`. As for Go, each may end in a port, and holds for that alone;
/// without a `port`, any will do.
pub fn bypassed(no_proxy: &[String], host: &str, port: Option<u16>) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    let below = |entry: &str| {
        let domain = entry.strip_prefix('*').unwrap_or(entry).trim_matches('.').to_ascii_lowercase();
        host == domain || (!domain.is_empty() && host.ends_with(&format!(".{domain}")))
    };
    no_proxy.iter().map(|entry| split_port(entry)).any(|(entry, of_port)| {
        let is_same_port = of_port.zip(port).is_none_or(|(of_port, port)| of_port == port);
        is_same_port && (entry == "*" || address.map_or_else(|| below(entry), |address| holds(entry, address)))
    })
}

/// Splits `host:port` and `[address]:port`; an IPv6 address without brackets has none.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    let split = entry.rsplit_once(':').filter(|(host, _)| !host.contains(':') || host.ends_with(']'));
    split.and_then(|(host, port)| Some((host, Some(port.parse().ok()?)))).unwrap_or((entry, None))
}

/// Reports whether `entry`, an address or a network, holds `address`. An IPv6 address may stand in brackets.
fn holds(entry: &str, address: IpAddr) -> bool {
    let entry = entry.replace(['[', ']'], "");
    let network = entry.parse::<IpNet>().or_else(|_| entry.parse::<IpAddr>().map(IpNet::from));
    network.is_ok_and(|network| network.contains(&address))
}

/// The server that a proxy is asked to connect to.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The server's name, or its address as text.
    pub host: &'a str,
    /// Its address, where it is resolved here and not by the proxy.
    pub address: Option<IpAddr>,
    /// The TCP port of the server.
    pub port: u16,
}

/// Has `proxy` connect `stream` to `target`.
///
/// # Errors
/// The `proxy_*` reasons, with the proxy's reply as evidence.
pub async fn connect(trace: &mut Trace, stream: BoxStream, proxy: &Proxy, target: Target<'_>) -> Result<BoxStream, Fault> {
    match proxy.kind {
        ProxyKind::Http => http::connect(trace, stream, proxy, target.host, target.port).await,
        ProxyKind::Socks5 | ProxyKind::Socks5h => socks::connect(trace, stream, proxy, target).await,
    }
}

fn malformed(heard: &str) -> Fault {
    Fault::heard(Reason::ProxyReplyMalformed, heard)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_matches_names_domains_networks_and_the_star() {
        let entries = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        for (no_proxy, host, port, expected) in [
            ("outlook.office365.com:993", "outlook.office365.com", 993, true),
            ("outlook.office365.com:993", "outlook.office365.com", 443, false),
            ("*.office365.com:443", "outlook.office365.com", 443, true),
            ("[2001:db8::1]:443", "2001:db8::1", 443, true),
            ("[2001:db8::1]:443", "2001:db8::1", 993, false),
        ] {
            assert_eq!(bypassed(&entries(no_proxy), host, Some(port)), expected, "{no_proxy} {host} {port}");
            assert!(bypassed(&entries(no_proxy), host, None), "{no_proxy} {host}");
        }
        for (no_proxy, host, expected) in [
            ("office365.com", "outlook.office365.com", true),
            (".office365.com", "outlook.office365.com", true),
            ("*.office365.com", "outlook.office365.com", true),
            ("office365.com", "office365.com", true),
            ("office365.com", "notoffice365.com", false),
            ("office365.com", "outlook.office365.com.", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("10.0.0.0/8", "10.99.1.2", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "192.0.2.1", true),
            ("10.0.0.0/33", "10.0.0.1", false),
            ("10.0.0.0/x", "10.0.0.1", false),
            ("2001:db8::/32", "2001:db8:1::2", true),
            ("[2001:db8::1]", "2001:db8::1", true),
            ("2001:db8::/32", "10.0.0.1", false),
            ("1", "10.0.0.1", false),
            ("*", "anything", true),
            ("*", "10.0.0.1", true),
            ("", "anything", false),
            (".", "anything", false),
        ] {
            assert_eq!(bypassed(&entries(no_proxy), host, Some(443)), expected, "{no_proxy} {host}");
        }
    }
}
