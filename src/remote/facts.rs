//! What a run learnt, read back from a service's JSON. What is missing there is not known here.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::outcome::{
    CertificateFacts, DnsFacts, EndpointFacts, Facts, Family, MailboxFacts, NameSource, Phase, ServerFacts, SupportId,
    SupportIds, TokenFacts,
};
use crate::reason::Reason;

/// As the JSON output writes them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Read {
    token: Option<Token>,
    endpoints: Vec<Endpoint>,
    dns: Vec<Dns>,
    mailbox: Mailbox,
    server: Server,
    credential_expires: Option<String>,
    ews_ends: Option<String>,
    last_worked: Option<String>,
    back_off_seconds: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Token {
    expires: Option<String>,
    expires_in_seconds: Option<f64>,
    audience: Option<String>,
    issuer: Option<String>,
    tenant_id: Option<String>,
    app_id: Option<String>,
    object_id: Option<String>,
    roles: Option<Vec<String>>,
    cached: bool,
    clock_skew_seconds: Option<f64>,
    request_id: Option<String>,
    ests_server: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Endpoint {
    host: String,
    port: u16,
    address: Option<IpAddr>,
    connect_seconds: Option<f64>,
    handshake_seconds: Option<f64>,
    tls_version: Option<String>,
    certificate: Option<Certificate>,
    failed: Option<Failed>,
}

#[derive(Debug, Deserialize)]
struct Failed {
    phase: String,
    reason: String,
}

#[derive(Debug, Deserialize)]
struct Certificate {
    subject: String,
    issuer: String,
    #[serde(default)]
    issuer_name: String,
    product: Option<String>,
    names: Vec<String>,
    not_before: String,
    not_after: String,
    fingerprint: String,
    verified: bool,
}

#[derive(Debug, Deserialize)]
struct Dns {
    host: String,
    resolver: String,
    family: String,
    seconds: Option<f64>,
    rcode: Option<String>,
    addresses: Vec<IpAddr>,
    chain: Vec<String>,
    ttl_seconds: Option<u64>,
    source: Option<String>,
    #[serde(default)]
    outside_published_ranges: Vec<IpAddr>,
    failed: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Mailbox {
    messages: Option<u64>,
    unseen: Option<u64>,
    bytes: Option<u64>,
    folders: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Server {
    name: Option<String>,
    public_address: Option<String>,
    ids: Map<String, Value>,
}

impl From<Read> for Facts {
    fn from(read: Read) -> Self {
        Self {
            token: read.token.map(Into::into),
            endpoints: read.endpoints.into_iter().map(Into::into).collect(),
            dns: read.dns.into_iter().filter_map(Dns::known).collect(),
            mailbox: MailboxFacts {
                messages: read.mailbox.messages,
                unseen: read.mailbox.unseen,
                bytes: read.mailbox.bytes,
                folders: read.mailbox.folders,
            },
            server: ServerFacts {
                name: read.server.name,
                public_address: read.server.public_address,
                ids: ids(&read.server.ids),
            },
            credential_expires: read.credential_expires.as_deref().and_then(time),
            ews_ends: read.ews_ends.as_deref().and_then(time),
            last_worked: read.last_worked.as_deref().and_then(time),
            back_off: read.back_off_seconds.and_then(duration),
            ..Self::default() // warnings stand beside the facts in JSON, and a transcript stays with the service
        }
    }
}

impl From<Token> for TokenFacts {
    fn from(token: Token) -> Self {
        Self {
            expires: token.expires.as_deref().and_then(time),
            expires_in: token.expires_in_seconds.and_then(duration),
            audience: token.audience,
            issuer: token.issuer,
            tenant_id: token.tenant_id,
            app_id: token.app_id,
            object_id: token.object_id,
            roles: token.roles,
            cached: token.cached,
            clock_skew: token.clock_skew_seconds,
            request_id: token.request_id,
            ests_server: token.ests_server,
        }
    }
}

impl From<Endpoint> for EndpointFacts {
    fn from(endpoint: Endpoint) -> Self {
        Self {
            host: endpoint.host,
            port: endpoint.port,
            address: endpoint.address,
            connect: endpoint.connect_seconds.and_then(duration),
            handshake: endpoint.handshake_seconds.and_then(duration),
            tls_version: endpoint.tls_version,
            certificate: endpoint.certificate.and_then(Certificate::known),
            failed: endpoint.failed.and_then(|failed| Some((phase(&failed.phase)?, Reason::from_code(&failed.reason)?))),
        }
    }
}

impl Certificate {
    /// `None` where its times are not known: nothing could be said of its age.
    fn known(self) -> Option<CertificateFacts> {
        Some(CertificateFacts {
            subject: self.subject,
            issuer: self.issuer,
            issuer_name: self.issuer_name,
            product: self.product,
            names: self.names,
            not_before: time(&self.not_before)?,
            not_after: time(&self.not_after)?,
            fingerprint: self.fingerprint,
            verified: self.verified,
        })
    }
}

impl Dns {
    fn known(self) -> Option<DnsFacts> {
        Some(DnsFacts {
            host: self.host,
            resolver: self.resolver,
            family: [Family::V4, Family::V6].into_iter().find(|family| family.code() == self.family)?,
            took: self.seconds.and_then(duration),
            rcode: self.rcode,
            addresses: self.addresses,
            chain: self.chain,
            ttl: self.ttl_seconds.map(Duration::from_secs),
            source: self.source.as_deref().and_then(NameSource::from_code),
            outside: self.outside_published_ranges,
            failed: self.failed.as_deref().and_then(Reason::from_code),
        })
    }
}

/// Names and texts.
pub fn ids(ids: &Map<String, Value>) -> SupportIds {
    let id = |code: &str| SupportId::ALL.iter().copied().find(|id| id.code() == code);
    ids.iter().filter_map(|(code, value)| Some((id(code)?, value.as_str()?.to_owned()))).collect()
}

/// The phase of that name.
pub fn phase(code: &str) -> Option<Phase> {
    Phase::ALL.iter().copied().find(|phase| phase.code() == code)
}

/// RFC 3339.
pub fn time(text: &str) -> Option<SystemTime> {
    humantime::parse_rfc3339(text).ok()
}

/// Seconds that are a length of time.
pub fn duration(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}
