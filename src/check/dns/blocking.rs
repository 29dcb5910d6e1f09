//! Addresses that no public server can have: DNS filters answer with them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::cloud::ranges::embedded;

/// Tells whether `address` leads nowhere at all, not even for a host of the user's own.
pub fn is_nowhere(address: IpAddr) -> bool {
    embedded(address).is_unspecified()
}

/// Tells whether no host with public addresses can be at `address`.
///
/// 198.18.0.0/15 is not among them, though reserved for benchmarks: tunnels on this machine hand out such addresses
/// and take the connections to them.
pub fn is_blocking(address: IpAddr) -> bool {
    match embedded(address) {
        IpAddr::V4(v4) => is_blocking_v4(v4),
        IpAddr::V6(v6) => is_blocking_v6(v6),
    }
}

fn is_blocking_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let this_network = a == 0;
    let shared = a == 100 && (64..128).contains(&b); // RFC 6598: behind a provider's NAT
    let protocols = (a, b, c) == (192, 0, 0); // RFC 6890
    let reserved = a >= 240; // RFC 1112
    this_network
        || v4.is_loopback()
        || v4.is_private()
        || v4.is_link_local()
        || shared
        || protocols
        || v4.is_documentation()
        || v4.is_multicast()
        || reserved
}

fn is_blocking_v6(v6: Ipv6Addr) -> bool {
    let [first, second, ..] = v6.segments();
    let documentation = (first, second) == (0x2001, 0x0db8) || (first == 0x3fff && second < 0x1000); // RFC 3849, RFC 9637
    let discard = v6.segments()[..4] == [0x100, 0, 0, 0]; // RFC 6666
    v6.is_unspecified()
        || v6.is_loopback()
        || v6.is_unique_local()
        || v6.is_unicast_link_local()
        || documentation
        || discard
        || v6.is_multicast()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect(text)
    }

    #[test]
    fn is_blocking_for_local_private_and_reserved_addresses_only() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "::",
            "::ffff:0.0.0.0",
            "64:ff9b::",
            "127.0.0.1",
            "127.255.255.254",
            "::1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.1",
            "192.168.1.1",
            "169.254.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "fc00::1",
            "fd00::1",
            "fe80::1",
            "febf::1",
            "2001:db8::1",
            "3fff:fff::1",
            "100::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "64:ff9b::10.0.0.1",
        ] {
            assert!(is_blocking(address(text)), "{text}");
        }
        for text in [
            "52.97.97.162",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.18.0.1",
            "223.255.255.255",
            "2603:1026::1",
            "2001:db9::1",
            "3fff:1000::1",
            "64:ff9b::52.97.97.162",
        ] {
            assert!(!is_blocking(address(text)), "{text}");
        }
    }

    #[test]
    fn is_nowhere_for_the_unspecified_address_only() {
        for (text, nowhere) in [("0.0.0.0", true), ("::", true), ("::ffff:0.0.0.0", true), ("10.0.0.1", false), ("::1", false)] {
            assert_eq!(is_nowhere(address(text)), nowhere, "{text}");
        }
    }
}
