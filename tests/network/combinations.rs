//! Conditions of two faults at once, and of faults that are not the network's.

use crate::condition::{ALL_OTHERS, Condition};
use crate::devices::interceptor;
use crate::microsoft::{GRAPH, OUTLOOK, SMTP};
use crate::resolver::dnsmasq;
use crate::tls::fault;

/// Returns the conditions of several faults and of other owners'.
pub fn conditions() -> Vec<Condition> {
    [pairs(), others()].into_iter().flatten().collect()
}

fn pairs() -> Vec<Condition> {
    vec![
        Condition::new("995 dropped, and 443 intercepted", |world| {
            drop(interceptor(world, ""));
            world.filter("tcp dport 995 drop");
        })
        .reach("connect", "connect_timed_out")
        .fails(ALL_OTHERS)
        .cause("connect_timed_out", "network")
        .cause("tls_certificate_untrusted", "network"),
        Condition::new("993 with an expired certificate, and 587 reset", |world| {
            fault(world, "tls_certificate_expired@imap");
            world.filter("tcp dport 587 reject with tcp reset");
        })
        .reach("connect", "connect_refused")
        .fails(&["imap", "smtp"])
        .cause("connect_refused", "network")
        .cause("tls_certificate_expired", "network"),
        Condition::new("the login host's name blocked, and 587 dropped", |world| {
            dnsmasq(world, &[OUTLOOK, SMTP, GRAPH], "");
            world.filter("tcp dport 587 drop");
        })
        .reach("dns", "dns_name_unknown")
        .dns("dns_name_unknown")
        .fails(ALL_OTHERS)
        .cause("dns_name_unknown", "network")
        .cause("connect_timed_out", "network"),
        Condition::new("the client secret expired, and 995 dropped", |world| {
            fault(world, "client_secret_expired");
            world.filter("tcp dport 995 drop");
        })
        .reach("connect", "connect_timed_out")
        .fails(ALL_OTHERS)
        .cause("connect_timed_out", "network")
        .cause("client_secret_expired", "application_owner"),
    ]
}

fn others() -> Vec<Condition> {
    vec![
        Condition::new("Exchange is in trouble", |world| fault(world, "server_unavailable"))
            .fails(&["pop3", "imap", "smtp", "ews", "graph"])
            .cause("server_unavailable", "microsoft"),
        Condition::new("Entra is in trouble", |world| fault(world, "token_service_unavailable"))
            .fails(ALL_OTHERS)
            .cause("token_service_unavailable", "microsoft"),
        Condition::new("Exchange does not know the application", |world| fault(world, "exchange_service_principal_missing"))
            .fails(&["pop3", "imap", "smtp"])
            .cause("exchange_service_principal_missing", "tenant_admin"),
        Condition::new("the client secret has expired", |world| fault(world, "client_secret_expired"))
            .fails(ALL_OTHERS)
            .cause("client_secret_expired", "application_owner"),
    ]
}
