//! What a run learnt, in plain English.

use std::fmt::Write as _;

use crate::cloud::host_port;
use crate::outcome::{CredentialFacts, EndpointFacts, NameSource, Registration};
use crate::report::JudgedOutcome;
use crate::report::text::{brief, one_line, time};

/// What was learnt, name and value, the most telling first.
pub fn facts(judged: &JudgedOutcome<'_>) -> Vec<(String, String)> {
    let facts = &judged.outcome.facts;
    let mut told = Vec::new();
    let mut tell = |name: &str, value: Option<String>| told.extend(value.map(|value| (name.to_owned(), one_line(&value))));
    if let Some(token) = &facts.token {
        tell("token expires", token.expires.map(time));
        tell("token roles", token.roles.as_ref().map(|roles| if roles.is_empty() { "none".to_owned() } else { roles.join(" ") }));
        tell("token audience", token.audience.clone());
        tell("token object id", token.object_id.clone());
        tell("clock skew", token.clock_skew.map(|skew| format!("{skew:.1}s")));
        tell("token request id", token.request_id.clone());
    }
    tell("credential expires", facts.credential_expires.map(time));
    tell("last worked", facts.last_worked.map(time));
    tell("registration", facts.registration.as_ref().map(registration));
    tell("EWS ends", facts.ews_ends.map(time));
    for endpoint in &facts.endpoints {
        tell("endpoint", Some(reached(endpoint)));
    }
    for answer in &facts.dns {
        let addresses: Vec<String> = answer.addresses.iter().map(ToString::to_string).collect();
        let result = match answer.failed {
            Some(reason) => reason.to_string(),
            None if addresses.is_empty() => "no address".to_owned(),
            None => addresses.join(" "),
        };
        let from = match answer.source {
            Some(NameSource::HostsFile) => "the hosts file",
            Some(NameSource::Pin) => "network.resolve",
            None => &answer.resolver,
        };
        let mut text = format!("{} {} from {from}: {result}", answer.host, answer.family.code());
        let mut add = |part: Option<String>| part.map(|part| write!(text, ", {part}"));
        add(answer.took.filter(|_| answer.source.is_none()).map(|took| format!("in {}", brief(took))));
        add(answer.ttl.map(|ttl| format!("ttl {}s", ttl.as_secs())));
        add(answer.chain.first().map(|first| format!("by way of {first}")));
        add(answer.front_end().map(|place| format!("front end {place}")));
        add((!answer.outside.is_empty()).then(|| format!("{} outside the published ranges", answer.outside.len())));
        tell("dns", Some(text));
    }
    tell("unseen", facts.mailbox.unseen.map(|count| count.to_string()));
    tell("bytes", facts.mailbox.bytes.map(|count| count.to_string()));
    tell("server", facts.server.name.clone());
    tell("our public address", facts.server.public_address.clone());
    for (name, value) in &facts.server.ids {
        tell(name.code(), Some(value.clone()));
    }
    told
}

/// What Graph told of the application's registration: when each of its credentials expires, or why that is not known.
fn registration(registration: &Registration) -> String {
    let told = |credential: &CredentialFacts| {
        let used = if credential.in_use { " (in use)" } else { "" };
        format!("{}{used} until {}", credential.kind.code(), credential.expires.map_or_else(|| "unknown".to_owned(), time))
    };
    match registration {
        Registration::Read { credentials, .. } if credentials.is_empty() => "no credential".to_owned(),
        Registration::Read { credentials, .. } => credentials.iter().map(told).collect::<Vec<_>>().join(", "),
        Registration::NotPermitted => "no permission to read; Application.Read.All of Microsoft Graph is enough".to_owned(),
        Registration::Elsewhere => "in the application's home tenant, which alone can show them".to_owned(),
        Registration::Unread(why) => format!("not read: {why}"),
    }
}

fn reached(endpoint: &EndpointFacts) -> String {
    let mut text = host_port(&endpoint.host, endpoint.port);
    let mut add = |part: Option<String>| part.map(|part| write!(text, ", {part}"));
    add(endpoint.address.map(|address| address.to_string()));
    add(endpoint.tls_version.clone());
    add(endpoint.certificate.as_ref().map(|certificate| {
        let trust = if certificate.verified { "" } else { "refused " };
        format!("{trust}certificate by {} until {}", certificate.issuer, time(certificate.not_after))
    }));
    add(endpoint.failed.map(|(phase, reason)| format!("{reason} in {phase}")));
    text
}
