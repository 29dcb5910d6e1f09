//! The hosts that are asked about, and the kind of each, on which the meaning of an answer depends.

use std::net::IpAddr;

use crate::cloud::Cloud;
use crate::net::Net;
use crate::settings::Proxy;

/// A host that is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its name, in lower case.
    pub name: String,
    /// Its kind, by the way this machine connects to it.
    pub kind: HostKind,
}

/// A kind of host, by the way this machine connects to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostKind {
    /// A host of Microsoft's, whose addresses are public.
    Microsoft,
    /// A host of the user's own, which may have any address.
    Own,
    /// A host with an address from `network.resolve`, which may be any.
    Pinned,
    /// A host behind a proxy that finds the address itself.
    Proxied,
    /// A proxy on the way to other hosts.
    Proxy,
}

impl Host {
    /// Tells whether it is a proxy, whose name only this machine's own resolver has to know.
    pub fn is_proxy(&self) -> bool {
        self.kind == HostKind::Proxy
    }
}

/// Returns every host of `cloud` that has a name, and the proxies on the way, each once; without the login host where `login` is
/// false, since tokens come from this machine then.
pub fn all(cloud: &Cloud, login: bool, net: &Net) -> Vec<Host> {
    let kind = |name: &str| match () {
        () if net.pinned(name).is_some() => HostKind::Pinned,
        () if net.proxy_for_all_ports(name).is_some_and(Proxy::finds_addresses) => HostKind::Proxied,
        () if cloud.is_microsoft_host(name) => HostKind::Microsoft,
        () => HostKind::Own,
    };
    let needed = if login { cloud.hosts() } else { cloud.service_hosts() };
    let own = needed.iter().map(|name| (name.to_ascii_lowercase(), kind(name)));
    let proxies = needed.iter().filter_map(|name| net.proxy_for_all_ports(name));
    let proxies = proxies.map(|proxy| (proxy.host.to_ascii_lowercase(), HostKind::Proxy));
    let mut hosts: Vec<Host> = Vec::new();
    for (name, kind) in own.chain(proxies) {
        if name.parse::<IpAddr>().is_err() && hosts.iter().all(|host| host.name != name) {
            hosts.push(Host { name, kind });
        }
    }
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Network, ProxyKind};

    #[test]
    fn all_hosts_have_the_kind_that_the_dial_uses() {
        let proxy = Proxy { kind: ProxyKind::Http, host: "Proxy.example".to_owned(), port: 3128, login: None };
        let network = Network {
            resolve: [("smtp.office365.com".to_owned(), IpAddr::from([10, 0, 0, 9]))].into(),
            proxy: Some(proxy),
            no_proxy: vec!["office365.com".to_owned()],
            ..Network::default()
        };
        let net = Net::new(&network).expect("a trust store");
        let mut cloud = Cloud::built_in("global").expect("built in");
        let kinds = |cloud: &Cloud| all(cloud, true, &net).into_iter().map(|host| (host.name, host.kind)).collect::<Vec<_>>();
        let named = |kinds: [(&str, HostKind); 5]| kinds.map(|(name, kind)| (name.to_owned(), kind)).to_vec();
        let expected = [
            ("login.microsoftonline.com", HostKind::Proxied),
            ("outlook.office365.com", HostKind::Microsoft),
            ("smtp.office365.com", HostKind::Pinned),
            ("graph.microsoft.com", HostKind::Proxied),
            ("proxy.example", HostKind::Proxy),
        ];
        assert_eq!(kinds(&cloud), named(expected));
        assert!(all(&cloud, false, &net).iter().all(|host| !host.name.starts_with("login.")));
        cloud.name = "lab".to_owned();
        cloud.login.host = "127.0.0.1".to_owned();
        assert_eq!(kinds(&cloud)[0], ("outlook.office365.com".to_owned(), HostKind::Own));
    }
}
