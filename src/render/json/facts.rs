//! What was learnt, as an object that has a key only for what is known.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::seconds;
use crate::outcome::{
    CertificateFacts, CredentialFacts, DnsFacts, EndpointFacts, Facts, MailboxFacts, Registration, ServerFacts, SupportIds,
    TokenFacts,
};
use crate::report::text::time;

type Object = Map<String, Value>;

/// Everything known, in snake_case.
pub fn of(facts: &Facts) -> Object {
    known([
        ("token", facts.token.as_ref().map(|facts| token(facts).into())),
        ("endpoints", list(&facts.endpoints, endpoint)),
        ("dns", list(&facts.dns, dns)),
        ("mailbox", unless_empty(mailbox(&facts.mailbox))),
        ("server", unless_empty(server(&facts.server))),
        ("credential_expires", facts.credential_expires.map(|at| time(at).into())),
        ("registration", facts.registration.as_ref().map(|told| registration(told).into())),
        ("ews_ends", facts.ews_ends.map(|at| time(at).into())),
        ("last_worked", facts.last_worked.map(|at| time(at).into())),
        ("back_off_seconds", facts.back_off.map(|away| seconds(away).into())),
    ])
}

/// `state` says whether it is known; only what was read has credentials.
fn registration(registration: &Registration) -> Object {
    let state = |state: &str| ("state", Some(state.into()));
    match registration {
        Registration::Read { created, credentials } => known([
            state("read"),
            ("created", created.map(|at| time(at).into())),
            ("credentials", Some(credentials.iter().map(credential).collect())),
        ]),
        Registration::NotPermitted => known([state("not_permitted")]),
        Registration::Elsewhere => known([state("elsewhere")]),
        Registration::Unread(why) => known([state("unread"), ("why", Some(why.as_str().into()))]),
    }
}

fn credential(credential: &CredentialFacts) -> Object {
    known([
        ("credential", Some(credential.kind.code().into())),
        ("expires", credential.expires.map(|at| time(at).into())),
        ("in_use", Some(credential.in_use.into())),
    ])
}

fn known<const N: usize>(pairs: [(&str, Option<Value>); N]) -> Object {
    pairs.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

fn list<T>(items: &[T], shown: impl Fn(&T) -> Object) -> Option<Value> {
    (!items.is_empty()).then(|| items.iter().map(shown).collect())
}

fn unless_empty(object: Object) -> Option<Value> {
    (!object.is_empty()).then(|| object.into())
}

fn text(text: Option<&String>) -> Option<Value> {
    text.map(|text| text.as_str().into())
}

fn ids(ids: &SupportIds) -> Option<Value> {
    let ids: Object = ids.iter().map(|(name, value)| (name.code().to_owned(), value.as_str().into())).collect();
    unless_empty(ids)
}

fn token(token: &TokenFacts) -> Object {
    known([
        ("expires", token.expires.map(|at| time(at).into())),
        ("expires_in_seconds", token.expires_in.map(|left| seconds(left).into())),
        ("audience", text(token.audience.as_ref())),
        ("issuer", text(token.issuer.as_ref())),
        ("tenant_id", text(token.tenant_id.as_ref())),
        ("app_id", text(token.app_id.as_ref())),
        ("object_id", text(token.object_id.as_ref())),
        ("roles", token.roles.as_ref().map(|roles| json!(roles))),
        ("cached", Some(token.cached.into())),
        ("clock_skew_seconds", token.clock_skew.map(Into::into)),
        ("request_id", text(token.request_id.as_ref())),
        ("ests_server", text(token.ests_server.as_ref())),
    ])
}

fn endpoint(endpoint: &EndpointFacts) -> Object {
    known([
        ("host", Some(endpoint.host.as_str().into())),
        ("port", Some(endpoint.port.into())),
        ("address", endpoint.address.map(|address| address.to_string().into())),
        ("connect_seconds", endpoint.connect.map(|took| seconds(took).into())),
        ("handshake_seconds", endpoint.handshake.map(|took| seconds(took).into())),
        ("tls_version", text(endpoint.tls_version.as_ref())),
        ("certificate", endpoint.certificate.as_ref().map(|facts| certificate(facts).into())),
        ("failed", endpoint.failed.map(|(phase, reason)| json!({ "phase": phase.code(), "reason": reason.code() }))),
    ])
}

fn certificate(certificate: &CertificateFacts) -> Object {
    known([
        ("subject", Some(certificate.subject.as_str().into())),
        ("issuer", Some(certificate.issuer.as_str().into())),
        ("issuer_name", Some(certificate.issuer_name.as_str().into())),
        ("product", text(certificate.product.as_ref())),
        ("names", Some(json!(certificate.names))),
        ("not_before", Some(time(certificate.not_before).into())),
        ("not_after", Some(time(certificate.not_after).into())),
        ("fingerprint", Some(certificate.fingerprint.as_str().into())),
        ("verified", Some(certificate.verified.into())),
    ])
}

fn dns(answer: &DnsFacts) -> Object {
    let addresses: Vec<String> = answer.addresses.iter().map(ToString::to_string).collect();
    known([
        ("host", Some(answer.host.as_str().into())),
        ("resolver", Some(answer.resolver.as_str().into())),
        ("family", Some(answer.family.code().into())),
        ("seconds", answer.took.map(|took| seconds(took).into())),
        ("rcode", text(answer.rcode.as_ref())),
        ("addresses", Some(json!(addresses))),
        ("chain", Some(json!(answer.chain))),
        ("first_hop", text(answer.chain.first())),
        ("front_end", answer.front_end().map(Into::into)),
        ("ttl_seconds", answer.ttl.map(|ttl| ttl.as_secs().into())),
        ("source", answer.source.map(|source| source.code().into())),
        ("outside_published_ranges", list_of_addresses(&answer.outside)),
        ("failed", answer.failed.map(|reason| reason.code().into())),
    ])
}

fn list_of_addresses(addresses: &[IpAddr]) -> Option<Value> {
    (!addresses.is_empty()).then(|| addresses.iter().map(ToString::to_string).collect())
}

fn mailbox(mailbox: &MailboxFacts) -> Object {
    known([
        ("messages", mailbox.messages.map(Into::into)),
        ("unseen", mailbox.unseen.map(Into::into)),
        ("bytes", mailbox.bytes.map(Into::into)),
        ("folders", mailbox.folders.map(Into::into)),
    ])
}

fn server(server: &ServerFacts) -> Object {
    known([
        ("name", text(server.name.as_ref())),
        ("public_address", text(server.public_address.as_ref())),
        ("ids", ids(&server.ids)),
    ])
}
