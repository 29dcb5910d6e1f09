//! An address range as `40.96.0.0/13`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// All addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subnet(IpNet);

impl Subnet {
    /// Tells whether `address` is within the range, itself or as [`embedded`] in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&embedded(address))
    }

    /// Tells whether it is a range of IPv4.
    pub const fn is_ipv4(&self) -> bool {
        matches!(self.0, IpNet::V4(_))
    }
}

/// Returns the IPv4 address that an IPv6 one stands for: mapped (`::ffff:1.2.3.4`), or translated by NAT64 on a network without
/// IPv4 (`64:ff9b::1.2.3.4`, RFC 6052). Any other address is itself.
pub fn embedded(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => match v6.segments() {
            [0x64, 0xff9b, 0, 0, 0, 0, ..] => {
                let [.., a, b, c, d] = v6.octets();
                Ipv4Addr::new(a, b, c, d).into()
            }
            _ => v6.into(),
        },
        v4 @ IpAddr::V4(_) => v4,
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Subnet {
    type Err = String;

    /// Parses `ADDRESS/LENGTH`; without a length it is the one address.
    fn from_str(text: &str) -> Result<Self, String> {
        let range = if text.contains('/') { text.parse().ok() } else { text.parse::<IpAddr>().ok().map(IpNet::from) };
        range.map(Self).ok_or_else(|| {
            let shown: String = text.chars().take(50).collect();
            format!("`{shown}` is not an address range; write ADDRESS/LENGTH, as 40.96.0.0/13")
        })
    }
}

impl<'de> Deserialize<'de> for Subnet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl Serialize for Subnet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subnet_holds_the_addresses_that_begin_with_its_bits() {
        for (subnet, address, inside) in [
            ("40.96.0.0/13", "40.96.0.0", true),
            ("40.96.0.0/13", "40.103.255.255", true),
            ("40.96.0.0/13", "40.104.0.0", false),
            ("40.96.0.0/13", "2603:1026::1", false),
            ("131.253.33.215/32", "131.253.33.215", true),
            ("131.253.33.215", "131.253.33.214", false),
            ("0.0.0.0/0", "1.2.3.4", true),
            ("::/0", "::1", true),
            ("2603:1016::/36", "2603:1016:fff::1", true),
            ("2603:1016::/36", "2603:1016:1000::1", false),
            ("2620:1ec:4::152/128", "2620:1ec:4::153", false),
            ("52.96.0.0/14", "64:ff9b::3461:61a2", true),
        ] {
            assert_eq!(
                subnet.parse::<Subnet>().expect(subnet).contains(address.parse().expect(address)),
                inside,
                "{subnet} {address}"
            );
        }
    }

    #[test]
    fn subnet_from_text_that_is_no_range_is_an_error() {
        for text in ["", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0.0/256"] {
            assert!(text.parse::<Subnet>().is_err(), "{text}");
        }
    }
}
