//! Conditions of routes, firewalls and addresses.

use std::time::Duration;

use crate::condition::{ALL_OTHERS, Condition};
use crate::world::{GATEWAY, GATEWAY_V6};

/// Returns the conditions of routes, firewalls and addresses.
pub fn conditions() -> Vec<Condition> {
    [dropped(), rejected(), families()].into_iter().flatten().collect()
}

/// Creates a condition of one rule for what the gateway passes on.
fn rule(name: &'static str, rule: &'static str) -> Condition {
    Condition::new(name, move |world| world.filter(rule))
}

fn dropped() -> Vec<Condition> {
    let dropped = |name, text, fails: &[&'static str]| {
        rule(name, text).reach("connect", "connect_timed_out").fails(fails).cause("connect_timed_out", "network")
    };
    vec![
        dropped("995 dropped", "tcp dport 995 drop", &["pop3"]).shows("outlook.office365.com:995"),
        dropped("993 dropped", "tcp dport 993 drop", &["imap"]),
        dropped("587 dropped", "tcp dport 587 drop", &["smtp"]),
        dropped("443 dropped", "tcp dport 443 drop", ALL_OTHERS),
        Condition::new("packets of more than 700 bytes dropped", |world| world.filter("meta length > 700 drop"))
            .reach("tls", "tls_timed_out")
            .fails(ALL_OTHERS)
            .cause("tls_timed_out", "network"),
        undelivered("packets of more than 1000 bytes dropped on the way out", "iifname down0 meta length > 1000 drop", MAILBOX),
        // The servers of the table have small certificates, so that nothing but a token is larger.
        rule("packets of more than 1000 bytes dropped on the way in", "iifname up0 meta length > 1000 drop")
            .fails(ALL_OTHERS)
            .cause("data_not_delivered", "network")
            .shows("earlier ones have not"),
        // Behind a header of 32 bytes, a record of TLS with data of the application.
        undelivered("a NAT that forgets a connection once it is secured", "tcp dport 993 @th,256,8 0x17 drop", &["imap"]),
        rule("443 open, 587, 993 and 995 dropped", "tcp dport { 587, 993, 995 } drop")
            .reach("connect", "connect_timed_out")
            .fails(&["pop3", "imap", "smtp"])
            .cause("firewall_required_set_only", "network"),
    ]
}

/// The checks that send a token, which takes a packet of full size.
const MAILBOX: &[&str] = &["pop3", "imap", "smtp", "ews", "graph"];

/// Creates a condition in which connections are established and what is sent later does not arrive.
fn undelivered(name: &'static str, text: &'static str, fails: &[&'static str]) -> Condition {
    rule(name, text).fails(fails).cause("data_not_delivered", "network").shows("not acknowledged")
}

fn rejected() -> Vec<Condition> {
    let rejected = |name, text, reason, fails: &[&'static str]| {
        rule(name, text).reach("connect", reason).fails(fails).cause(reason, "network")
    };
    vec![
        rejected("995 rejected with a TCP reset", "tcp dport 995 reject with tcp reset", "connect_refused", &["pop3"]),
        rejected(
            "993 rejected: port unreachable",
            "tcp dport 993 reject with icmpx port-unreachable",
            "connect_refused",
            &["imap"],
        ),
        rejected(
            "587 rejected: host unreachable",
            "tcp dport 587 reject with icmpx host-unreachable",
            "connect_unreachable",
            &["smtp"],
        ),
        rejected(
            "995 rejected: administratively prohibited",
            "tcp dport 995 reject with icmpx admin-prohibited",
            "connect_prohibited",
            &["pop3"],
        ),
        rejected(
            "443 rejected: administratively prohibited",
            "tcp dport 443 reject with icmpx admin-prohibited",
            "connect_prohibited",
            ALL_OTHERS,
        ),
        Condition::new("no route to anywhere", |world| {
            world.client.ip(&format!("route del default via {GATEWAY}\nroute del default via {GATEWAY_V6}\n"));
        })
        .reach("connect", "connect_unreachable")
        .fails(ALL_OTHERS)
        .cause("connect_unreachable", "network"),
    ]
}

/// Creates a condition as [`rule`] does, with time for attempts at dead addresses.
fn unhurried(name: &'static str, rule: &'static str) -> Condition {
    Condition::new(name, move |world| {
        world.filter(rule);
        world.timeout = Duration::from_secs(12);
    })
}

fn families() -> Vec<Condition> {
    vec![
        unhurried("IPv6 dropped, IPv4 works", "meta nfproto ipv6 drop").warns(&["reach", "token"], "ipv6_unreachable"),
        unhurried("IPv4 dropped, IPv6 works", "meta nfproto ipv4 drop").warns(&["reach"], "ipv4_unreachable"),
        rule("IPv6 rejected, IPv4 works", "meta nfproto ipv6 tcp dport 443 reject with icmpx admin-prohibited")
            .warns(&["token", "reach"], "ipv6_unreachable"),
        Condition::new("no IPv6 route, IPv4 works", |world| {
            world.client.ip(&format!("route del default via {GATEWAY_V6}\n"));
        }),
        unhurried(
            "half of the addresses dead",
            "ip daddr { 20.190.141.32, 52.98.1.2, 52.97.20.18 } drop\n\
             ip6 daddr { 2603:1046:2000:148::8, 2603:1026:c03:5::2, 2603:1026:c0a:850::2 } drop",
        )
        .warns(&["reach"], "some_addresses_unreachable"),
    ]
}
