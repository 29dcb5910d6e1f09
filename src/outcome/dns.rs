//! The facts of one DNS question and its answer.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::json::{self, seconds_if_known, whole_seconds_if_known};
use crate::reason::Reason;

/// The address family that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// IPv4: A records.
    V4,
    /// IPv6: AAAA records.
    V6,
}

impl Family {
    /// Both families.
    pub const ALL: &'static [Self] = &[Self::V4, Self::V6];

    /// The value of the `family` label.
    pub const fn code(self) -> &'static str {
        match self {
            Self::V4 => "ipv4",
            Self::V6 => "ipv6",
        }
    }
}

impl From<IpAddr> for Family {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}

/// One DNS question and its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DnsFacts {
    /// The name asked for.
    pub host: String,
    /// [`DnsFacts::SYSTEM`] or the resolver's address.
    pub resolver: String,
    /// The family asked for: A or AAAA records.
    pub family: Family,
    /// Time to the answer, if one came.
    #[serde(default, rename = "seconds", with = "seconds_if_known")]
    pub took: Option<Duration>,
    /// `NOERROR`, `NXDOMAIN`, …; `None` for the system's resolver, which does not tell.
    pub rcode: Option<String>,
    /// The addresses in the answer.
    pub addresses: Vec<IpAddr>,
    /// The names on the way, first hop first.
    pub chain: Vec<String>,
    /// Lowest time to live of the addresses.
    #[serde(default, rename = "ttl_seconds", with = "whole_seconds_if_known")]
    pub ttl: Option<Duration>,
    /// The source of the addresses, where it is known that no server was asked for them.
    #[serde(default, deserialize_with = "json::if_understood")]
    pub source: Option<NameSource>,
    /// Those of the addresses that lie outside the ranges Microsoft publishes for the host.
    #[serde(default, rename = "outside_published_ranges", skip_serializing_if = "Vec::is_empty")]
    pub outside: Vec<IpAddr>,
    /// The reason for which this question failed, if it did.
    #[serde(default, deserialize_with = "json::if_understood")]
    pub failed: Option<Reason>,
}

impl DnsFacts {
    /// The `resolver` of this machine's own resolver.
    pub const SYSTEM: &str = "system";

    /// A question without an answer.
    pub fn new(host: &str, resolver: &str, family: Family) -> Self {
        Self {
            host: host.to_owned(),
            resolver: resolver.to_owned(),
            family,
            took: None,
            rcode: None,
            addresses: Vec::new(),
            chain: Vec::new(),
            ttl: None,
            source: None,
            outside: Vec::new(),
            failed: None,
        }
    }

    /// Reports whether this machine's own resolver was asked.
    pub fn is_from_system(&self) -> bool {
        self.resolver == Self::SYSTEM
    }

    /// The place of the front end, which Microsoft chooses by where the resolver is: `fra-efz` of
    /// `FRA-efz.ms-acdc.office.com`. A place on another continent means that names are resolved far away.
    pub fn front_end(&self) -> Option<String> {
        self.chain.iter().find_map(|name| {
            let label = name.split('.').next()?.to_ascii_lowercase();
            let place = label.strip_suffix("-efz")?;
            let is_code = (2..=8).contains(&place.len()) && place.bytes().all(|b| b.is_ascii_alphanumeric());
            is_code.then_some(label)
        })
    }
}

/// The source of a name's addresses where no server was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameSource {
    /// `network.resolve` in the configuration.
    Pin,
    /// The hosts file of this machine.
    HostsFile,
}

impl NameSource {
    /// Both sources.
    pub const ALL: &'static [Self] = &[Self::Pin, Self::HostsFile];

    /// The word for it, also in JSON.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::HostsFile => "hosts_file",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn front_end_of_a_chain_is_its_short_place_code() {
        for (chain, place) in [
            (&["ooc-g2.tm-4.office.com", "outlook.ms-acdc.office.com", "FRA-efz.ms-acdc.office.com"][..], Some("fra-efz")),
            (&["syd-efz.ms-acdc.office.com"], Some("syd-efz")),
            (&["login.mso.msidentity.com"], None),
            (&["a-efz.example", "way-too-long-a-code-efz.example", "-efz.example", "\u{fc}\u{fc}-efz.example"], None),
            (&[], None),
        ] {
            let names = chain.iter().map(ToString::to_string).collect();
            let facts = DnsFacts { chain: names, ..DnsFacts::new("outlook.office365.com", "system", Family::V4) };
            assert_eq!(facts.front_end().as_deref(), place, "{chain:?}");
        }
    }
}
