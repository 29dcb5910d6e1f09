//! The facts that take a sentence.

use crate::cloud::host_port;
use crate::lang::{self, fill};
use crate::outcome::{BacklogFacts, CredentialFacts, DnsFacts, EndpointFacts, Facts, HopFacts, NameSource, Registration};
use crate::report::text::{brief, time};

/// The roles in the token; of a token that cannot be read nothing is said.
pub fn roles(facts: &Facts, texts: &lang::Facts) -> Vec<String> {
    let roles = facts.token.as_ref().and_then(|token| token.roles.as_ref());
    roles.map(|roles| or(roles.join(" "), texts.no_roles)).into_iter().collect()
}

/// Writes what EWS's answer shows of the tenant's list of applications, the command that reads the list, and where EWS is on its way
/// out, what becomes of a tenant that has not decided yet.
pub fn ews_list(facts: &Facts, texts: &lang::Facts) -> Vec<String> {
    const READ: &str = "Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsEnabled,EwsAllowedAppIDs";
    let Some(admits) = facts.ews_admits else { return Vec::new() };
    let shown = if admits { texts.ews_lets_in } else { texts.ews_keeps_out };
    let wave = texts.ews_wave.to_owned();
    let read = fill(texts.ews_read, &[("command", READ)]);
    [shown.to_owned(), read].into_iter().chain((admits && facts.ews_ends.is_some()).then_some(wave)).collect()
}

/// Writes the servers that a mail passed, each with the time since the one before it.
pub fn hops(facts: &Facts, _: &lang::Facts) -> Vec<String> {
    let hop = |hop: &HopFacts| match hop.after {
        Some(after) => format!("{} (+{} s)", hop.server, after.as_secs()),
        None => hop.server.clone(),
    };
    let hops: Vec<String> = facts.round_trip.hops.iter().map(hop).collect();
    if hops.is_empty() { hops } else { vec![hops.join(" > ")] }
}

/// Writes how much mail lies in a folder, and since when: `INBOX, messages: 12, unread: 3, oldest message: 2026-11-23T17:59:49Z`.
pub fn backlog(folder: &BacklogFacts, texts: &lang::Facts) -> String {
    let count = |label: &str, count: Option<u64>| count.map(|count| format!("{label}: {count}"));
    let oldest = folder.oldest.map(|oldest| format!("{}: {}", texts.oldest_message, time(oldest)));
    let parts = [count(texts.messages, folder.messages), count(texts.unseen, folder.unread), oldest];
    std::iter::once(folder.folder.clone()).chain(parts.into_iter().flatten()).collect::<Vec<_>>().join(", ")
}

/// Writes when each credential of the application expires, or why that is not known.
pub fn registration(registration: &Registration, texts: &lang::Facts) -> String {
    let sentence = |credential: &CredentialFacts| {
        let used = if credential.in_use { texts.in_use } else { "" };
        let until = credential.expires.map_or_else(|| texts.unknown.to_owned(), time);
        fill(texts.credential, &[("kind", credential.kind.code()), ("used", used), ("until", &until)])
    };
    match registration {
        Registration::Read { credentials, .. } => {
            or(credentials.iter().map(sentence).collect::<Vec<_>>().join(", "), texts.no_credential)
        }
        Registration::NotPermitted => texts.not_permitted.to_owned(),
        Registration::Elsewhere => texts.registered_elsewhere.to_owned(),
        Registration::Unread(why) => fill(texts.not_read, &[("why", why)]),
    }
}

/// One address that was tried: where, in which version of TLS, with which certificate, and where it failed.
pub fn endpoint(endpoint: &EndpointFacts, texts: &lang::Facts) -> String {
    let mut parts = vec![host_port(&endpoint.host, endpoint.port)];
    parts.extend(endpoint.address.map(|address| address.to_string()));
    parts.extend(endpoint.tls_version.clone());
    parts.extend(endpoint.certificate.as_ref().map(|certificate| {
        let template = if certificate.verified { texts.certificate } else { texts.certificate_refused };
        fill(template, &[("issuer", &certificate.issuer), ("until", &time(certificate.not_after))])
    }));
    parts.extend(endpoint.failed.map(|(phase, reason)| format!("✗ {phase}: {reason}")));
    parts.join(", ")
}

/// One DNS question: its answer, where that is from, how long it took and what its chain of names shows.
pub fn dns_answer(answer: &DnsFacts, texts: &lang::Facts) -> String {
    let addresses: Vec<String> = answer.addresses.iter().map(ToString::to_string).collect();
    let result = match answer.failed {
        Some(reason) => reason.to_string(),
        None => or(addresses.join(" "), texts.no_address),
    };
    let resolver = match answer.source {
        Some(NameSource::HostsFile) => texts.hosts_file,
        Some(NameSource::Pin) => "network.resolve",
        None => &answer.resolver,
    };
    let values = [("host", &*answer.host), ("family", answer.family.code()), ("resolver", resolver), ("result", &result)];
    let mut parts = vec![fill(texts.dns_from, &values)];
    parts.extend(answer.rcode.clone().filter(|rcode| rcode != "NOERROR"));
    let took = answer.took.filter(|_| answer.source.is_none());
    parts.extend(took.map(|took| fill(texts.dns_took, &[("took", &brief(took))])));
    parts.extend(answer.ttl.map(|ttl| fill(texts.dns_ttl, &[("seconds", &ttl.as_secs().to_string())])));
    parts.extend((!answer.chain.is_empty()).then(|| fill(texts.dns_chain, &[("names", &answer.chain.join(" > "))])));
    parts.extend(answer.front_end().map(|place| fill(texts.dns_front_end, &[("place", &place)])));
    let outside: Vec<String> = answer.outside.iter().map(ToString::to_string).collect();
    parts.extend((!outside.is_empty()).then(|| fill(texts.dns_outside, &[("addresses", &outside.join(" "))])));
    parts.join(", ")
}

fn or(text: String, empty: &str) -> String {
    if text.is_empty() { empty.to_owned() } else { text }
}
