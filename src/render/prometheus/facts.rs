//! The metrics of what runs learnt: tokens, certificates, names, mailboxes.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::certificates;
use super::families::{Families, Labelled as _, Labels};
use crate::cloud::{self, host_port};
use crate::fact::{
    CONNECT_DURATION, CREDENTIAL_EXPIRY, DNS_ANSWERS, DNS_DURATION, DNS_SUCCESS, DNS_TTL, ENDPOINT_ADDRESSES, ENDPOINT_WORKING,
    EWS_RETIREMENT, FACTS, FOLDER_MESSAGES, FOLDER_UNREAD, HANDSHAKE_DURATION, Metric, OLDEST_MESSAGE, TOKEN_ROLE,
};
use crate::kind::{Check, Resource};
use crate::outcome::{CredentialKind, EndpointFacts, Family, Outcome, ProbeId, Registration};
use crate::settings::ProbeSettings;

/// The groups of facts that may have gauges.
pub const GROUPS: [&str; 5] = ["", "server", "token", "mailbox", "round_trip"];
/// Those of them that the last run alone tells: tokens and mailboxes are shown as the last run saw them that got so far.
pub const GROUPS_OF_THE_LAST_RUN: [&str; 3] = ["", "server", "round_trip"];

/// Adds the gauges of the facts that stand in `group` of the table, or in none where it is empty. Of a run that is not
/// `current` only times are added: they stay true.
pub fn gauges(families: &mut Families, probe: &ProbeId, outcome: &Outcome, group: &str, current: bool) {
    let labels = Labels::of_probe(probe);
    for fact in FACTS.iter().filter(|fact| fact.group() == group && (current || fact.is_time())) {
        if let (Some(Metric::OfProbe(spec)), Some(number)) = (&fact.metric, fact.number(&outcome.facts)) {
            families.gauge(spec, &labels, number);
        }
    }
}

/// Adds what the token grants, where that is known.
pub fn roles(families: &mut Families, probe: &ProbeId, outcome: &Outcome) {
    // A closed list of roles: a claim's text never becomes a label. They are Exchange's: a token for Graph never has them.
    let Some(granted) = outcome.facts.token.as_ref().and_then(|token| token.roles.as_ref()) else { return };
    for role in cloud::role::ALL.map(|role| role.name).iter().filter(|_| outcome.resource() != Resource::Graph) {
        let is_granted = granted.iter().any(|granted| granted == role);
        families.gauge(&TOKEN_ROLE, &Labels::of_probe(probe).with("role", role), f64::from(u8::from(is_granted)));
    }
}

/// Adds when the credential in use by a tenant's application expires: `client_secret`, `certificate`.
pub fn credential(families: &mut Families, tenant: &str, kind: CredentialKind, expires: SystemTime) {
    credential_named(families, tenant, kind.code(), expires);
}

/// Adds one series a tenant and credential. Those are a closed list.
fn credential_named(families: &mut Families, tenant: &str, name: &str, expires: SystemTime) {
    let probe = of_tenant(tenant, Check::Token);
    families.timestamp(&CREDENTIAL_EXPIRY, &Labels::of_probe(&probe).with("credential", name), Some(expires));
}

/// Returns the id under which a tenant has what its probes share.
pub fn of_tenant(tenant: &str, check: Check) -> ProbeId {
    ProbeId { tenant: tenant.to_owned(), mailbox: None, check }
}

/// Adds when the next of the credentials of each kind expires that Graph showed beside the one in use.
pub fn other_credentials(families: &mut Families, tenant: &str, registration: &Registration, now: SystemTime) {
    for (kind, name) in [(CredentialKind::Secret, "other_client_secret"), (CredentialKind::Certificate, "other_certificate")] {
        if let Some(expires) = registration.next_of(kind, now) {
            credential_named(families, tenant, name, expires);
        }
    }
}

/// Adds when EWS ends for a tenant that uses it: one series a tenant.
pub fn ews_end(families: &mut Families, tenant: &str, ends: SystemTime) {
    let probe = of_tenant(tenant, Check::Ews);
    families.timestamp(&EWS_RETIREMENT, &Labels::of_probe(&probe), Some(ends));
}

/// Adds the same of the token endpoint: one series a tenant, whichever of its probes fetched the token.
pub fn token_endpoint(families: &mut Families, settings: &ProbeSettings, outcome: &Outcome, current: bool) {
    let tenant = of_tenant(&outcome.probe.tenant, Check::Token);
    certificates::of_run(families, &tenant, outcome, |host, port| is_of_tenant(settings, host, port), current);
}

/// Reports whether what a probe learns of this endpoint is the tenant's: its token endpoint, but for `reach`, which dials every
/// endpoint for its own sake.
pub fn is_of_tenant(settings: &ProbeSettings, host: &str, port: u16) -> bool {
    let login = &settings.tenant.cloud.login;
    settings.id.check != Check::Reach && (host, port) == (&*login.host, login.port)
}

/// Adds how many addresses of each family lead to each endpoint, and how long that takes. `reach` alone tries them all.
pub fn addresses(families: &mut Families, outcome: &Outcome) {
    if outcome.probe.check != Check::Reach {
        return;
    }
    let mut endpoints: BTreeMap<(String, Family), Vec<&EndpointFacts>> = BTreeMap::new();
    for endpoint in &outcome.facts.endpoints {
        let Some(address) = endpoint.address else { continue };
        endpoints.entry((host_port(&endpoint.host, endpoint.port), Family::from(address))).or_default().push(endpoint);
    }
    for ((endpoint, family), addresses) in endpoints {
        let labels = Labels::of_probe(&outcome.probe);
        let labels = labels.with("endpoint", &endpoint);
        let labels = labels.with("family", family.code());
        let working = addresses.iter().filter(|address| address.failed.is_none()).count();
        families.gauge(&ENDPOINT_ADDRESSES, &labels, addresses.len() as f64);
        families.gauge(&ENDPOINT_WORKING, &labels, working as f64);
        let longest = |time: fn(&EndpointFacts) -> Option<Duration>| addresses.iter().filter_map(|address| time(address)).max();
        for (spec, took) in
            [(&CONNECT_DURATION, longest(|address| address.connect)), (&HANDSHAKE_DURATION, longest(|address| address.handshake))]
        {
            if let Some(took) = took {
                families.gauge(spec, &labels, took.as_secs_f64());
            }
        }
    }
}

/// Adds how much mail lies in each watched folder, and since when. Folders are those of the configuration.
pub fn backlog(families: &mut Families, outcome: &Outcome) {
    for folder in &outcome.facts.backlog {
        let labels = Labels::of_probe(&outcome.probe);
        let labels = labels.with("folder", &folder.folder);
        for (spec, count) in [(&FOLDER_MESSAGES, folder.messages), (&FOLDER_UNREAD, folder.unread)] {
            if let Some(count) = count {
                families.gauge(spec, &labels, count as f64);
            }
        }
        if folder.oldest.is_some() {
            families.timestamp(&OLDEST_MESSAGE, &labels, folder.oldest);
        }
    }
}

/// Adds what resolvers answered. A question asked twice counts with its last answer.
pub fn dns(families: &mut Families, outcome: &Outcome) {
    let questions: BTreeMap<_, _> =
        outcome.facts.dns.iter().map(|answer| ((&answer.host, &answer.resolver, answer.family), answer)).collect();
    for ((host, resolver, family), answer) in questions {
        let labels = Labels::of_probe(&outcome.probe);
        let labels = labels.with("host", host);
        let labels = labels.with("resolver", resolver);
        let labels = labels.with("family", family.code());
        families.gauge(&DNS_SUCCESS, &labels, f64::from(u8::from(answer.failed.is_none())));
        families.gauge(&DNS_ANSWERS, &labels, answer.addresses.len() as f64);
        if let Some(ttl) = answer.ttl {
            families.gauge(&DNS_TTL, &labels, ttl.as_secs_f64());
        }
        if let Some(took) = answer.took {
            families.gauge(&DNS_DURATION, &labels, took.as_secs_f64());
        }
    }
}
