//! The metrics of what runs learnt: tokens, certificates, names, mailboxes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use super::families::{Families, Labelled as _, Labels, Spec};
use crate::cloud::host_port;
use crate::kind::Check;
use crate::outcome::{CredentialKind, EndpointFacts, Family, Outcome, ProbeId, Registration, TokenFacts};
use crate::report::text;
use crate::store::shown_certificates;

const TOKEN_EXPIRY: Spec = Spec { name: "m365_token_expiry_timestamp_seconds", help: "When the access token seen last expires." };
const ROLE: Spec = Spec {
    name: "m365_token_role_granted",
    help: "Whether the access token grants this application permission; an application under RBAC for Applications needs none.",
};
const SKEW: Spec =
    Spec { name: "m365_clock_skew_seconds", help: "The token endpoint's time less the time here (cached on /metrics)." };
const CREDENTIAL: Spec = Spec {
    name: "m365_credential_expiry_timestamp_seconds",
    help: "When the application's credential expires, as declared or read.",
};
const EWS_END: Spec = Spec {
    name: "m365_ews_retirement_timestamp_seconds",
    help: "When EWS ends for good in the cloud of this tenant; absent where Microsoft has set no day.",
};
const NOT_AFTER: Spec = Spec {
    name: "m365_tls_certificate_not_after_timestamp_seconds",
    help: "When the certificate expires that was presented last; the earliest, where an endpoint has several addresses.",
};
const TLS: Spec = Spec { name: "m365_tls_info", help: "TLS version and issuer of the certificate (cached on /metrics)." };
const VERIFIED: Spec = Spec {
    name: "m365_tls_certificate_verified",
    help: "Whether the certificate was accepted; 0 if it was refused at any address of the endpoint (cached on /metrics).",
};
const ADDRESSES: Spec = Spec { name: "m365_endpoint_addresses", help: "Addresses of the endpoint that were tried." };
const WORKING: Spec = Spec {
    name: "m365_endpoint_addresses_working",
    help: "Addresses of the endpoint on which every step succeeded, up to the server's first words.",
};
const CONNECT: Spec = Spec {
    name: "m365_endpoint_connect_duration_seconds",
    help: "Time to connect to the endpoint; the longest, where a family has several addresses.",
};
const HANDSHAKE: Spec = Spec {
    name: "m365_endpoint_handshake_duration_seconds",
    help: "Time of the TLS handshake with the endpoint; the longest, where a family has several addresses.",
};
const ANSWERS: Spec = Spec { name: "m365_dns_answers", help: "Addresses in the resolver's answer (cached on /metrics)." };
const QUERY: Spec = Spec {
    name: "m365_dns_query_duration_seconds",
    help: "Time to the resolver's answer, absent without one (cached on /metrics).",
};
const ANSWERED: Spec = Spec {
    name: "m365_dns_query_success",
    help: "Whether the resolver's answer is of use: addresses, or none of this family where the other has some (cached on /metrics).",
};
const TTL: Spec = Spec {
    name: "m365_dns_ttl_seconds",
    help: "How long the resolver's answer may be kept, absent where it does not tell (cached on /metrics).",
};
const MESSAGES: Spec = Spec { name: "m365_mailbox_messages", help: "Messages in the mailbox (cached on /metrics)." };
const BYTES: Spec = Spec { name: "m365_mailbox_bytes", help: "Size of the mailbox's messages (cached on /metrics)." };

/// How much of an issuer's name becomes a label.
const ISSUER: usize = 64;

/// Adds when the token expires.
pub fn token_expiry(families: &mut Families, probe: &ProbeId, token: &TokenFacts) {
    if token.expires.is_some() {
        families.timestamp(&TOKEN_EXPIRY, &Labels::of(probe), token.expires);
    }
}

/// Adds what the token grants and how far the clocks are apart, where known.
pub fn token(families: &mut Families, probe: &ProbeId, token: &TokenFacts) {
    // A closed list of roles: a claim's text never becomes a label. They are Exchange's: a token for Graph never has them.
    let tells = token.roles.is_some() && probe.check != Check::Graph;
    for role in crate::cloud::role::ALL.map(|role| role.name).iter().filter(|_| tells) {
        let granted = token.roles.iter().flatten().any(|granted| granted == role);
        families.gauge(&ROLE, &Labels::of(probe).with("role", role), f64::from(u8::from(granted)));
    }
    if let Some(skew) = token.clock_skew.filter(|skew| skew.is_finite()) {
        families.gauge(&SKEW, &Labels::of(probe), skew);
    }
}

/// Adds when a credential of a tenant's application expires: one series a tenant and credential. Those are a closed list:
/// `client_secret` is the one in use, `other_client_secret` the next to end of the others, `certificate` of those.
pub fn credential(families: &mut Families, tenant: &str, credential: &str, expires: SystemTime) {
    let probe = ProbeId { tenant: tenant.to_owned(), mailbox: None, check: Check::Token };
    families.timestamp(&CREDENTIAL, &Labels::of(&probe).with("credential", credential), Some(expires));
}

/// Adds when the credentials expire that Graph showed beside the one in use.
pub fn other_credentials(families: &mut Families, tenant: &str, registration: &Registration, now: SystemTime) {
    for (kind, name) in [(CredentialKind::Secret, "other_client_secret"), (CredentialKind::Certificate, "certificate")] {
        if let Some(expires) = registration.next_of(kind, now) {
            credential(families, tenant, name, expires);
        }
    }
}

/// Adds when EWS ends for a tenant that uses it: one series a tenant.
pub fn ews_end(families: &mut Families, tenant: &str, ends: SystemTime) {
    let probe = ProbeId { tenant: tenant.to_owned(), mailbox: None, check: Check::Ews };
    families.timestamp(&EWS_END, &Labels::of(&probe), Some(ends));
}

/// Adds when the certificates that `outcome` was shown at an endpoint expire and, where it is `current`, how they were
/// spoken for. `None` is every endpoint.
pub fn certificates(families: &mut Families, outcome: &Outcome, only: Option<(&str, u16)>, current: bool) {
    let mut ends: BTreeMap<String, SystemTime> = BTreeMap::new();
    let mut infos: BTreeSet<(String, &str, String)> = BTreeSet::new();
    let mut verified: BTreeMap<String, bool> = BTreeMap::new();
    let asked = |host: &str, port| only.is_none_or(|only| only == (host, port));
    for (endpoint, certificate) in shown_certificates(outcome).filter(|(endpoint, _)| asked(&endpoint.host, endpoint.port)) {
        let name = host_port(&endpoint.host, endpoint.port);
        let end = ends.entry(name.clone()).or_insert(certificate.not_after);
        *end = certificate.not_after.min(*end);
        *verified.entry(name.clone()).or_insert(true) &= certificate.verified;
        let issuer: String = text::one_line(&certificate.issuer).chars().take(ISSUER).collect();
        infos.insert((name, endpoint.tls_version.as_deref().unwrap_or(""), issuer));
    }
    for (endpoint, end) in ends {
        families.timestamp(&NOT_AFTER, &Labels::of(&outcome.probe).with("endpoint", &endpoint), Some(end));
    }
    for (endpoint, verified) in verified.into_iter().filter(|_| current) {
        let labels = Labels::of(&outcome.probe);
        families.gauge(&VERIFIED, &labels.with("endpoint", &endpoint), f64::from(u8::from(verified)));
    }
    for (endpoint, version, issuer) in infos.into_iter().filter(|_| current) {
        let labels = Labels::of(&outcome.probe);
        let labels = labels.with("endpoint", &endpoint);
        families.gauge(&TLS, &labels.with("version", version).with("issuer", &issuer), 1.0);
    }
}

/// Adds how many addresses of each family lead to each endpoint, and how long that takes. `reach` alone tries them all.
pub fn addresses(families: &mut Families, outcome: &Outcome) {
    if outcome.probe.check != Check::Reach {
        return;
    }
    let mut ways: BTreeMap<(String, Family), Vec<&EndpointFacts>> = BTreeMap::new();
    for endpoint in &outcome.facts.endpoints {
        let Some(address) = endpoint.address else { continue };
        ways.entry((host_port(&endpoint.host, endpoint.port), Family::of(address))).or_default().push(endpoint);
    }
    for ((endpoint, family), ways) in ways {
        let labels = Labels::of(&outcome.probe);
        let labels = labels.with("endpoint", &endpoint);
        let labels = labels.with("family", family.code());
        let working = ways.iter().filter(|way| way.failed.is_none()).count();
        families.gauge(&ADDRESSES, &labels, ways.len() as f64);
        families.gauge(&WORKING, &labels, working as f64);
        let longest = |time: fn(&EndpointFacts) -> Option<Duration>| ways.iter().filter_map(|way| time(way)).max();
        for (spec, took) in [(&CONNECT, longest(|way| way.connect)), (&HANDSHAKE, longest(|way| way.handshake))] {
            if let Some(took) = took {
                families.gauge(spec, &labels, took.as_secs_f64());
            }
        }
    }
}

/// Adds what resolvers answered. A question asked twice counts with its last answer.
pub fn dns(families: &mut Families, outcome: &Outcome) {
    let questions: BTreeMap<_, _> =
        outcome.facts.dns.iter().map(|answer| ((&answer.host, &answer.resolver, answer.family), answer)).collect();
    for ((host, resolver, family), answer) in questions {
        let labels = Labels::of(&outcome.probe);
        let labels = labels.with("host", host);
        let labels = labels.with("resolver", resolver);
        let labels = labels.with("family", family.code());
        families.gauge(&ANSWERED, &labels, f64::from(u8::from(answer.failed.is_none())));
        families.gauge(&ANSWERS, &labels, answer.addresses.len() as f64);
        if let Some(ttl) = answer.ttl {
            families.gauge(&TTL, &labels, ttl.as_secs_f64());
        }
        if let Some(took) = answer.took {
            families.gauge(&QUERY, &labels, took.as_secs_f64());
        }
    }
}

/// Adds what the mailbox told.
pub fn mailbox(families: &mut Families, outcome: &Outcome) {
    let mailbox = &outcome.facts.mailbox;
    for (spec, count) in [(&MESSAGES, mailbox.messages), (&BYTES, mailbox.bytes)] {
        if let Some(count) = count {
            families.gauge(spec, &Labels::of(&outcome.probe), count as f64);
        }
    }
}
