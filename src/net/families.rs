//! IPv4 and IPv6 side by side: warnings about an endpoint that can be reached over one family only.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use crate::outcome::{EndpointFacts, Family, Fault, Peer};
use crate::reason::Reason;

use super::any_local_address;

/// The most addresses that a warning names; the facts have them all.
const MAX_NAMED: usize = 4;

/// Returns the warnings about one endpoint, given all of its addresses that were `tried`: a family none of whose addresses
/// works, and single addresses that do not. None where no address works: that is a failure.
pub fn warnings(tried: &[EndpointFacts]) -> impl Iterator<Item = Fault> {
    warnings_where(tried, &has_route)
}

/// Does the work of [`warnings`]. `has_route` reports whether this machine has a route to an address: a family without one
/// delays nothing and needs no remedy.
fn warnings_where(tried: &[EndpointFacts], has_route: &impl Fn(IpAddr) -> bool) -> impl Iterator<Item = Fault> {
    let works = tried.iter().any(|at| at.failed.is_none() && at.address.is_some());
    let of_family = |family| {
        let mut found: Vec<(&EndpointFacts, IpAddr)> = tried.iter().filter_map(|at| Some((at, at.address?))).collect();
        found.retain(|(_, address)| Family::from(*address) == family);
        found
    };
    let found = [(Family::V4, Reason::Ipv4Unreachable), (Family::V6, Reason::Ipv6Unreachable)].map(|(family, dead)| {
        let all = of_family(family);
        let broken: Vec<_> = all.iter().filter(|(at, _)| at.failed.is_some()).copied().collect();
        let whole = broken.len() == all.len();
        let (first, address) = *broken.first().filter(|_| works)?;
        if whole && !has_route(address) {
            return None;
        }
        let reason = if whole { dead } else { Reason::SomeAddressesUnreachable };
        let mut fault = Fault::heard(reason, list(&broken, all.len()));
        fault.evidence.peer = Some(Peer::new(&first.host, first.port));
        Some(fault)
    });
    found.into_iter().flatten()
}

/// Lists what is `broken`: `2 of 8: 52.98.1.2 connect_timed_out in connect, …`.
fn list(broken: &[(&EndpointFacts, IpAddr)], all: usize) -> String {
    let one = |(at, address): &(&EndpointFacts, IpAddr)| {
        at.failed.map_or_else(String::new, |(phase, reason)| format!("{address} {reason} in {phase}"))
    };
    let named: Vec<String> = broken.iter().take(MAX_NAMED).map(one).collect();
    let more = if broken.len() > MAX_NAMED { ", …" } else { "" };
    format!("{} of {all}: {}{more}", broken.len(), named.join(", "))
}

/// Reports whether this machine has a route to `address`: connecting a UDP socket looks it up, and sends nothing.
fn has_route(address: IpAddr) -> bool {
    const DISCARD: u16 = 9;
    UdpSocket::bind(any_local_address(address)).and_then(|socket| socket.connect(SocketAddr::new(address, DISCARD))).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Phase;

    fn tried(addresses: &[(&str, bool)]) -> Vec<EndpointFacts> {
        let one = |(address, works): &(&str, bool)| {
            let mut at = EndpointFacts::new("outlook.office365.com", 995, Some(address.parse().expect("an address")));
            at.failed = (!works).then_some((Phase::Connect, Reason::ConnectTimedOut));
            at
        };
        addresses.iter().map(one).collect()
    }

    #[test]
    fn families_warn_of_a_dead_family_and_dead_addresses_while_another_works() {
        const V4: &str = "192.0.2.1";
        const V6: &str = "2001:db8::1";
        const OTHER: &str = "192.0.2.2";
        for (addresses, routes, expected) in [
            (&[(V6, true), (V4, true)][..], true, &[][..]),
            (&[(V6, false), (V4, true)], true, &["ipv6_unreachable"]),
            (&[(V6, false), (V4, true)], false, &[]),
            (&[(V6, true), (V4, false)], true, &["ipv4_unreachable"]),
            (&[(V6, false), (V4, false)], true, &[]),
            (&[(V6, false), (V4, false), (OTHER, true)], true, &["some_addresses_unreachable", "ipv6_unreachable"]),
            (&[(V4, true), (OTHER, false)], false, &["some_addresses_unreachable"]),
            (&[], true, &[]),
        ] {
            let codes: Vec<_> = warnings_where(&tried(addresses), &|_| routes).map(|fault| fault.reason.code()).collect();
            assert_eq!(codes, expected, "{addresses:?} {routes}");
        }
    }

    #[test]
    fn families_warning_lists_the_failed_addresses() {
        let warning =
            warnings_where(&tried(&[("2001:db8::1", false), ("192.0.2.1", true)]), &|_| true).next().expect("a warning");
        assert_eq!(warning.evidence.peer, Some(Peer::new("outlook.office365.com", 995)));
        assert_eq!(warning.evidence.heard.as_deref(), Some("1 of 1: 2001:db8::1 connect_timed_out in connect"));
        let many: Vec<_> = (1..=9).map(|last| (format!("192.0.2.{last}"), last == 9)).collect();
        let many: Vec<_> = many.iter().map(|(address, works)| (address.as_str(), *works)).collect();
        let heard = warnings_where(&tried(&many), &|_| true).next().and_then(|warning| warning.evidence.heard).expect("words");
        assert!(
            heard.starts_with("8 of 9: 192.0.2.1 ") && heard.ends_with("192.0.2.4 connect_timed_out in connect, …"),
            "{heard}"
        );
    }

    #[test]
    fn has_route_to_loopback() {
        assert!(has_route(IpAddr::from([127, 0, 0, 1])));
    }
}
