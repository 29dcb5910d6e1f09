//! The address ranges that Microsoft publishes for its hosts, in the format of its endpoint web service.
//!
//! <https://endpoints.office.com> serves the same lists; a newer one replaces the built-in one. An address outside them is a
//! warning and never a failure: the lists change monthly.

mod subnet;

use std::net::IpAddr;
use std::sync::LazyLock;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

pub use subnet::{Subnet, embedded};

/// The built-in lists by cloud: of Microsoft's lists, the sets with the hosts of the cloud. For other clouds no list is public.
const BUILT_IN: &[(&str, &str)] = &[
    ("global", include_str!("ranges/global.json")),
    ("us-gov-high", include_str!("ranges/us-gov-high.json")),
    ("us-gov-dod", include_str!("ranges/us-gov-dod.json")),
    ("china", include_str!("ranges/china.json")),
];

/// Ranges of a host that are shown: evidence has to fit into a line, and `config ranges` prints them all.
const MAX_SHOWN: usize = 8;

/// A list of endpoint sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranges {
    sets: Vec<EndpointSet>,
    source: String,
    /// The day on which Microsoft served the newest set, as `2026-06-06`; empty where that is not known.
    version: String,
}

/// One entry of the list, as far as it is used here; other keys of Microsoft's entries are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct EndpointSet {
    id: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    service_area: String,
    /// Names, with `*` for any characters.
    #[serde(default)]
    urls: Vec<String>,
    #[serde(default)]
    ips: Vec<Subnet>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    tcp_ports: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    udp_ports: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    category: String,
    #[serde(default)]
    required: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    notes: String,
    /// The day on which Microsoft served the list: a key of our own, because it publishes a list's version elsewhere.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    version: String,
}

impl Ranges {
    /// Returns the list of a built-in cloud, where there is one.
    pub fn built_in(cloud: &str) -> Option<&'static Self> {
        static PARSED: LazyLock<Vec<(&str, Ranges)>> = LazyLock::new(|| {
            // A test checks that all of them can be parsed.
            BUILT_IN.iter().filter_map(|(cloud, json)| Some((*cloud, Ranges::parse(json, "Microsoft's list").ok()?))).collect()
        });
        PARSED.iter().find(|(name, _)| *name == cloud).map(|(_, ranges)| ranges)
    }

    /// Parses a list in Microsoft's format; `source` names its origin in messages.
    ///
    /// # Errors
    /// A message with line and column: text that is no JSON, no list of sets or no address range, or a list without a usable set.
    pub fn parse(json: &str, source: &str) -> Result<Self, String> {
        let sets: Vec<EndpointSet> =
            serde_json::from_str(json.trim_start_matches('\u{feff}')).map_err(|error| with_position(&error))?;
        if !sets.iter().any(EndpointSet::is_usable) {
            return Err(
                "no entry has both `urls` and `ips`; it takes the list that https://endpoints.office.com serves".to_owned()
            );
        }
        let version = sets.iter().map(|set| set.version.as_str()).max().unwrap_or_default().to_owned();
        let source = if version.is_empty() { source.to_owned() } else { format!("{source} of {version}") };
        Ok(Self { sets, source, version })
    }

    /// Returns the origin of the list, with its date where that is known.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Returns the age of the list in days; `None` where its date is not known or lies ahead.
    pub fn days_old(&self, now: SystemTime) -> Option<u64> {
        let served = humantime::parse_rfc3339_weak(&format!("{}T00:00:00", self.version)).ok()?;
        Some(now.duration_since(served).ok()?.as_secs() / 86_400)
    }

    /// Returns the ranges published for `host`: by the sets that name it, else by those whose patterns cover it; `None` where
    /// there are none.
    pub fn for_host(&self, host: &str) -> Option<PublishedRanges<'_>> {
        let host = host.to_ascii_lowercase();
        let usable = || self.sets.iter().filter(|set| set.is_usable());
        let names = |set: &&EndpointSet| set.urls.iter().any(|url| url.eq_ignore_ascii_case(&host));
        let covers = |set: &&EndpointSet| set.urls.iter().any(|url| is_covered(&host, &url.to_ascii_lowercase()));
        let mut sets: Vec<&EndpointSet> = usable().filter(names).collect();
        if sets.is_empty() {
            sets = usable().filter(covers).collect();
        }
        (!sets.is_empty()).then_some(PublishedRanges { sets })
    }

    /// Returns the list as JSON text, in the format that [`Ranges::parse`] takes.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(&self.sets).unwrap_or_default()
    }
}

impl EndpointSet {
    /// Tells whether the set has the addresses of a host. Most sets have names only, which are on other networks.
    fn is_usable(&self) -> bool {
        !self.urls.is_empty() && !self.ips.is_empty()
    }
}

/// The ranges published for one host.
#[derive(Clone, Debug)]
pub struct PublishedRanges<'a> {
    sets: Vec<&'a EndpointSet>,
}

impl PublishedRanges<'_> {
    /// Tells whether `address` is within one of the ranges.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.subnets().any(|subnet| subnet.contains(address))
    }

    /// Returns the ids of the sets, and their ranges of the family of `address`: `ID 1, 2: 13.107.6.152/31, …`.
    pub fn describe(&self, address: IpAddr) -> String {
        let ids: Vec<String> = self.sets.iter().map(|set| set.id.to_string()).collect();
        let mut ranges: Vec<String> = Vec::new();
        for subnet in self.subnets().filter(|subnet| subnet.is_ipv4() == embedded(address).is_ipv4()) {
            let text = subnet.to_string();
            if !ranges.contains(&text) {
                ranges.push(text);
            }
        }
        let more = ranges.len().saturating_sub(MAX_SHOWN);
        ranges.truncate(MAX_SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let ranges = if ranges.is_empty() { "none of this family".to_owned() } else { ranges.join(", ") };
        format!("ID {}: {ranges}{more}", ids.join(", "))
    }

    fn subnets(&self) -> impl Iterator<Item = &Subnet> {
        self.sets.iter().flat_map(|set| &set.ips)
    }
}

/// Tells whether a built-in list publishes `address` for `host`.
pub fn is_published(host: &str, address: IpAddr) -> bool {
    let lists = BUILT_IN.iter().filter_map(|(cloud, _)| Ranges::built_in(cloud)?.for_host(host));
    lists.into_iter().any(|published| published.contains(address))
}

/// Tells whether `pattern`, in which `*` stands for any characters, covers `host`; both in lower case.
fn is_covered(host: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = host.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

/// Returns the message after its line and column.
fn with_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    let no_json = if error.is_syntax() || error.is_eof() { "not JSON: " } else { "" };
    // serde_json knows no column where the whole value has the wrong type.
    let column = Some(error.column()).filter(|column| *column > 0).map(|column| format!(", column {column}"));
    format!("line {}{}: {no_json}{text}", error.line(), column.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::Cloud;

    fn address(text: &str) -> IpAddr {
        text.parse().expect(text)
    }

    #[test]
    fn built_in_lists_have_every_host_of_their_cloud_and_round_trip() {
        for (name, json) in BUILT_IN {
            let ranges = Ranges::built_in(name).unwrap_or_else(|| panic!("{name} cannot be read"));
            let cloud = Cloud::built_in(name).expect(name);
            for host in cloud.hosts() {
                let published = ranges.for_host(host).unwrap_or_else(|| panic!("{name} {host}"));
                assert!(!published.describe(address("1.2.3.4")).contains("none"), "{name} {host}");
                assert!(!published.describe(address("2a00::1")).contains("none"), "{name} {host}");
            }
            assert!(ranges.source().starts_with("Microsoft's list of 202"), "{}", ranges.source());
            assert!(ranges.days_old(SystemTime::now()).is_some(), "{}", ranges.source());
            assert_eq!(ranges.to_json(), json.trim_end(), "{name}");
            assert!(ranges.sets.iter().all(|set| set.is_usable() && !set.version.is_empty()), "{name}");
        }
        for name in Cloud::built_in_names().filter(|name| BUILT_IN.iter().all(|(listed, _)| listed != name)) {
            assert_eq!(Ranges::built_in(name), None);
        }
    }

    #[test]
    fn contains_of_observed_addresses() {
        let ranges = Ranges::built_in("global").expect("a list");
        for (host, at, inside) in [
            ("outlook.office365.com", "52.97.97.162", true),
            ("Outlook.Office365.com", "40.101.1.1", true),
            ("outlook.office365.com", "2603:1026::2", true),
            ("outlook.office365.com", "20.190.141.1", false),
            ("outlook.office365.com", "203.0.113.9", false),
            ("smtp.office365.com", "40.92.1.1", false), // Exchange Online Protection, port 25
            ("login.microsoftonline.com", "20.190.141.1", true),
            ("login.microsoftonline.com", "40.126.38.1", true),
            ("login.microsoftonline.com", "2603:1046:2000:148::1", true),
            ("login.microsoftonline.com", "52.97.97.162", false),
            ("graph.microsoft.com", "20.20.32.1", true),
            ("outlook.office365.com", "64:ff9b::3461:61a2", true), // 52.97.97.162 behind NAT64
            ("outlook.office365.com", "::ffff:52.97.97.162", true),
            ("outlook.office365.com", "64:ff9b::1.2.3.4", false),
        ] {
            assert_eq!(ranges.for_host(host).expect(host).contains(address(at)), inside, "{host} {at}");
        }
        assert!(ranges.for_host("mail.contoso.example").is_none());
        assert!(ranges.for_host("r1.res.office365.com").is_none());
    }

    #[test]
    fn age_of_a_list_counts_from_its_newest_set_and_is_unknown_without_a_date() {
        let days_old = |versions: [&str; 2], now: &str| {
            let set = |version| format!(r#"{{"id": 1, "urls": ["a.b"], "ips": ["10.0.0.0/8"], "version": "{version}"}}"#);
            let ranges = Ranges::parse(&format!("[{}]", versions.map(set).join(",")), "ours").expect("a list");
            ranges.days_old(humantime::parse_rfc3339_weak(now).expect("a time"))
        };
        assert_eq!(days_old(["2026-06-06", "2023-07-31"], "2026-06-08 23:59:59"), Some(2));
        assert_eq!(days_old(["", ""], "2026-06-08 00:00:00"), None);
        assert_eq!(days_old(["2026-06-06", ""], "2026-06-05 00:00:00"), None, "the clock is behind the list");
        assert_eq!(days_old(["last week", ""], "2026-06-05 00:00:00"), None);
    }

    #[test]
    fn for_host_prefers_a_set_that_names_the_host_to_a_pattern() {
        let json = r#"[{"id": 1, "urls": ["*.contoso.example"], "ips": ["10.0.0.0/8"]},
                       {"id": 2, "urls": ["mail.contoso.example"], "ips": ["192.168.0.0/16"], "expressRoute": true},
                       {"id": 3, "urls": ["mail.contoso.example"]}]"#;
        let ranges = Ranges::parse(json, "ours").expect("a list");
        assert_eq!(ranges.for_host("MAIL.contoso.example").expect("named").describe(address("1.1.1.1")), "ID 2: 192.168.0.0/16");
        assert_eq!(ranges.for_host("www.contoso.example").expect("covered").describe(address("1.1.1.1")), "ID 1: 10.0.0.0/8");
        assert_eq!(
            ranges.for_host("www.contoso.example").expect("covered").describe(address("::1")),
            "ID 1: none of this family"
        );
        assert_eq!(ranges.source(), "ours");
        for (host, pattern, covered) in [
            ("a.b", "*.b", true),
            (".b", "*.b", true),
            ("b", "*.b", false),
            ("autodiscover.x.onmicrosoft.com", "autodiscover.*.onmicrosoft.com", true),
            ("x-files.sharepoint.com", "*-files.sharepoint.com", true),
            ("ab", "a*b*", true),
            ("ab", "ab", true),
            ("abc", "ab", false),
            ("aXbXc", "a*b*c", true),
            ("", "*", true),
            ("a", "**", true),
        ] {
            assert_eq!(is_covered(host, pattern), covered, "{host} {pattern}");
        }
    }

    #[test]
    fn parse_of_a_malformed_list_gives_line_and_column() {
        for (json, message) in [
            ("", "line 1: not JSON: EOF while parsing a value"),
            ("<html>", "line 1, column 1: not JSON: expected value"),
            ("{}", "line 1: invalid type: map, expected a sequence"),
            ("[\n  {\"urls\": []}]", "line 2, column 14: missing field `id`"),
            ("[{\"id\": \"one\"}]", "line 1, column 13: invalid type: string \"one\", expected u32"),
            ("[]", "no entry has both `urls` and `ips`; it takes the list that https://endpoints.office.com serves"),
            (
                "[{\"id\": 1,\n\"ips\": [\"10.0.0.0/33\"]}]",
                "line 2, column 22: `10.0.0.0/33` is not an address range; write ADDRESS/LENGTH, as 40.96.0.0/13",
            ),
        ] {
            assert_eq!(Ranges::parse(json, "it").expect_err(json), message);
        }
        assert!(Ranges::parse("\u{feff}[{\"id\": 1, \"urls\": [\"*\"], \"ips\": [\"1.2.3.4\"]}]", "it").is_ok());
    }
}
