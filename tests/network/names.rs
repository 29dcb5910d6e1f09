//! Conditions of names and addresses: resolvers that are silent, refuse, fail, lie or disagree.

use std::fmt::Write;
use std::time::Duration;

use crate::condition::{ALL_OTHERS, Condition};
use crate::microsoft::{GRAPH, HOSTS, Host, LOGIN, OUTLOOK, SMTP};
use crate::resolver::{dnsmasq, honest, nobody, slow, unbound};
use crate::world::{GATEWAY, World};

/// Returns the conditions of names and addresses.
pub fn conditions() -> Vec<Condition> {
    [silent(), partly(), failing(), lying(), searching(), hosts_file()].into_iter().flatten().collect()
}

fn silent() -> Vec<Condition> {
    vec![
        Condition::new("all is well over IPv4 and IPv6", |_| {}).shows("2603:1026:c03:5::2").shows("52.98.1.2"),
        everything("the resolver is silent", "dns_no_answer", |world| {
            honest(world);
            world.guard("meta l4proto { tcp, udp } th dport 53 drop");
        }),
        Condition::new("an answer cut short over UDP, TCP dropped", |world| {
            crowded(world);
            world.guard("tcp dport 53 drop");
        })
        .reach("dns", "dns_no_answer")
        .dns("dns_tcp_blocked")
        .fails(&["smtp"])
        .cause("dns_tcp_blocked", "network"),
        Condition::new("an answer cut short over UDP, TCP works", crowded),
        Condition::new("the resolver takes a second", |world| {
            slow(world);
            world.timeout = Duration::from_secs(12);
        }),
    ]
}

/// Returns conditions in which some queries are answered and others are not.
fn partly() -> Vec<Condition> {
    vec![
        Condition::new("two name servers, the first one is dead", |world| {
            honest(world);
            world.gateway.ip("addr add 10.66.0.3/24 dev down0");
            world.guard("ip daddr 10.66.0.3 drop");
            // Within the patience of every part of every check.
            world.client.file("resolv.conf", &format!("nameserver 10.66.0.3\nnameserver {GATEWAY}\noptions timeout:3\n"));
            world.timeout = Duration::from_secs(20);
        })
        .warns(&["dns"], "dns_one_server_fails")
        .shows("10.66.0.3: dns_no_answer, 10.66.0.1: answers"),
        Condition::new("questions for IPv6 are dropped", |world| {
            honest(world);
            world.guard(&of_type_aaaa());
        })
        .reach("dns", "dns_no_answer")
        .warns(&["dns"], "dns_one_family_fails")
        .fails(ALL_OTHERS)
        .cause("dns_one_family_fails", "network"),
        Condition::new("questions with EDNS are dropped", |world| {
            honest(world);
            world.guard("udp dport 53 @th,144,16 1 drop"); // one additional record: the option
        }),
    ]
}

/// Returns rules that drop queries for the IPv6 addresses of Microsoft's hosts: the type stands behind the name.
fn of_type_aaaa() -> String {
    const AAAA: u16 = 28;
    let rule = |(name, _): &Host| format!("udp dport 53 @th,{},16 {AAAA} drop\n", (8 + 12 + name.len() + 2) * 8);
    HOSTS.iter().map(rule).collect()
}

fn failing() -> Vec<Condition> {
    let no_way = |name, server: &'static str| {
        let set = move |world: &mut World| {
            world.client.ip("route add unreachable 192.0.2.53");
            world.client.file("resolv.conf", server);
        };
        let reason = "dns_server_unreachable";
        Condition::new(name, set).reach("dns", reason).dns(reason).fails(ALL_OTHERS).cause(reason, "here")
    };
    vec![
        no_way("no name server is named", "search contoso.example\n"),
        no_way("no route to the name server", "nameserver 192.0.2.53\n"),
        everything("nothing listens on the resolver's port 53", "dns_port_refused", nobody),
        everything("the resolver answers REFUSED", "dns_refused", |world| {
            unbound(world, "  local-zone: \".\" always_refuse", "");
        }),
        everything("the resolver answers SERVFAIL", "dns_server_failure", |world| {
            // By asking a server that it may not ask.
            unbound(world, "", "forward-zone:\n  name: \".\"\n  forward-addr: 127.0.0.1@9");
        }),
        everything("the resolver answers NXDOMAIN", "dns_name_unknown", |world| {
            unbound(world, "  local-zone: \".\" always_nxdomain", "");
        }),
        everything("the resolver's answers are empty", "dns_no_addresses", |world| {
            unbound(world, "  local-zone: \".\" always_nodata", "");
        }),
        Condition::new("NXDOMAIN for the login host alone", |world| dnsmasq(world, &[OUTLOOK, SMTP, GRAPH], ""))
            .reach("dns", "dns_name_unknown")
            .dns("dns_name_unknown")
            .fails(ALL_OTHERS)
            .cause("dns_name_unknown", "network")
            .shows("login.microsoftonline.com"),
    ]
}

fn lying() -> Vec<Condition> {
    let lie = |name, address: &'static str| {
        Condition::new(name, move |world| {
            dnsmasq(world, &[LOGIN, SMTP, GRAPH], &format!("address=/outlook.office365.com/{address}"));
        })
        .reach("dns", "dns_sinkhole")
        .dns("dns_sinkhole")
        .fails(&["pop3", "imap", "ews"])
        .cause("dns_sinkhole", "network")
        .shows(address)
    };
    vec![
        everything("a sinkhole: every name is 0.0.0.0", "dns_sinkhole", |world| {
            unbound(world, "  local-zone: \".\" always_null", "");
        }),
        lie("a sinkhole: a block page at 10.66.0.1", "10.66.0.1"),
        lie("a sinkhole: 100.64.0.9 of carriers' networks", "100.64.0.9"),
        lie("a sinkhole: 169.254.7.7 of the link", "169.254.7.7"),
        Condition::new("an answer outside Microsoft's ranges", |world| {
            dnsmasq(world, &[LOGIN, SMTP, GRAPH, STRANGE], "");
            lead_on(world);
        })
        .warns(&["dns"], "dns_outside_published_ranges")
        .shows("81.2.3.4"),
        Condition::new("two resolvers of two minds, both answer", |world| {
            honest(world);
            second(world, &[LOGIN, SMTP, GRAPH, STRANGE]);
        })
        .warns(&["dns"], "dns_outside_published_ranges")
        .shows("81.2.3.4")
        .shows("52.98.1.2"),
        Condition::new("two resolvers disagree: the other one denies a name", |world| {
            honest(world);
            second(world, &[LOGIN, SMTP, GRAPH]);
        })
        .warns(&["dns"], "dns_resolvers_disagree"),
    ]
}

/// Returns conditions in which the client's resolv.conf is what misleads.
fn searching() -> Vec<Condition> {
    let captured = |name, address: &'static str| {
        let set = move |world: &mut World| {
            dnsmasq(world, &HOSTS, &format!("address=/corp.example/{address}"));
            world.client.file("resolv.conf", POD);
        };
        let reason = "dns_search_list";
        Condition::new(name, set).reach("dns", reason).dns(reason).fails(ALL_OTHERS).cause(reason, "here").shows("corp.example")
    };
    let misread = |name, line: &'static str, shown| {
        let set = move |world: &mut World| {
            honest(world);
            world.client.file("resolv.conf", line);
        };
        let reason = "dns_config_malformed";
        Condition::new(name, set).reach("dns", reason).dns(reason).fails(ALL_OTHERS).cause(reason, "here").shows(shown)
    };
    vec![
        captured("a wildcard in a pod's search list, at a private address", "10.66.0.1"),
        captured("a wildcard in a pod's search list, at a public address", "81.2.3.4"),
        Condition::new("a pod's search list without a wildcard", |world| {
            honest(world);
            world.client.file("resolv.conf", POD);
        }),
        Condition::new("a wildcard in the search list hides that a name is denied", |world| {
            dnsmasq(world, &[LOGIN, SMTP, GRAPH], "address=/corp.example/10.66.0.1");
            world.client.file("resolv.conf", "search corp.example\nnameserver 10.66.0.1\n");
        })
        .reach("dns", "dns_name_unknown")
        .dns("dns_name_unknown")
        .fails(&["pop3", "imap", "ews"])
        .cause("dns_name_unknown", "network")
        .shows("is the address of outlook.office365.com.corp.example"),
        Condition::new("a sinkhole beside a search list is the sinkhole", |world| {
            unbound(world, "  local-zone: \".\" always_null", "");
            world.client.file("resolv.conf", POD);
        })
        .reach("dns", "dns_sinkhole")
        .dns("dns_sinkhole")
        .fails(ALL_OTHERS)
        .cause("dns_sinkhole", "network"),
        misread("resolv.conf with line ends of Windows", "nameserver 10.66.0.1\r\n", r"nameserver 10.66.0.1\\r"),
        misread("resolv.conf with a blank before the keyword", " nameserver 10.66.0.1\n", " nameserver 10.66.0.1"),
    ]
}

/// The file as Kubernetes writes it for a pod.
const POD: &str = "search corp.example\nnameserver 10.66.0.1\noptions ndots:5\n";

fn hosts_file() -> Vec<Condition> {
    let written = |address: &'static str| {
        move |world: &mut World| world.client.file("hosts", &format!("127.0.0.1 localhost\n{address} outlook.office365.com\n"))
    };
    vec![
        Condition::new("a hosts-file entry, right", written("40.99.10.34"))
            .warns(&["dns"], "dns_hosts_file")
            .shows("40.99.10.34"),
        Condition::new("a hosts-file entry that blocks", written("0.0.0.0"))
            .reach("dns", "dns_hosts_file_blocks")
            .dns("dns_hosts_file_blocks")
            .fails(&["pop3", "imap", "ews"])
            .cause("dns_hosts_file_blocks", "here"),
        Condition::new("a hosts-file entry that leads to a closed port", written("10.66.0.1"))
            .reach("dns", "dns_hosts_file_blocks")
            .fails(&["pop3", "imap", "ews"])
            .warns(&["dns"], "dns_hosts_file")
            .warns(&["dns"], "dns_outside_published_ranges")
            .cause("dns_hosts_file_blocks", "here"),
        Condition::new("a hosts-file entry that is out of date", written("52.96.9.9"))
            .reach("connect", "connect_timed_out")
            .fails(&["pop3", "imap", "ews"])
            .warns(&["dns"], "dns_hosts_file")
            .cause("dns_hosts_file", "here"),
    ]
}

/// An address that is none of Microsoft's.
const STRANGE: Host = ("outlook.office365.com", &["81.2.3.4"]);

/// Has the address of [`STRANGE`] lead to Microsoft all the same.
fn lead_on(world: &World) {
    world.divert("ip daddr 81.2.3.4 dnat ip to 52.98.1.2");
}

/// Creates a condition in which no name can be resolved, for one reason.
fn everything(name: &'static str, reason: &'static str, set: impl Fn(&mut World) + Send + Sync + 'static) -> Condition {
    Condition::new(name, set).reach("dns", reason).dns(reason).fails(ALL_OTHERS).cause(reason, "network")
}

/// Gives submission's host more addresses than a datagram holds; all lead to the right server.
fn crowded(world: &mut World) {
    let mut more = String::new();
    for number in 1..=90 {
        let _ = writeln!(more, "host-record={},52.96.7.{number}", SMTP.0);
    }
    world.divert(&format!("ip daddr 52.96.7.0/24 dnat ip to {}", SMTP.1[0]));
    dnsmasq(world, &[LOGIN, OUTLOOK, GRAPH], &more);
}

/// Starts a second resolver, which knows only `hosts`.
fn second(world: &mut World, hosts: &[Host]) {
    crate::resolver::at(world, "10.66.0.3", hosts);
    world.network["resolvers"] = serde_json::json!(["system", "10.66.0.1", "10.66.0.3"]);
}
