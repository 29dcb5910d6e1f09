//! The facts that runs learn: plain data, each known or absent.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::json::{self, failed_step, seconds_if_known, time, time_if_known};
use super::{BacklogFacts, CredentialKind, DnsFacts, Fault, Phase, Registration, RoundTripFacts, SupportIds, Transcript};
use crate::reason::Reason;

/// Everything that a run learnt. Not known is not no: all of it is optional.
///
/// A field is read from and written to JSON by being declared: under its own name, unless an attribute says otherwise, and
/// left out where it is `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// From the token and its answer; one for all runs that it came to from the cache.
    pub token: Option<Arc<TokenFacts>>,
    /// Every address that was tried, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<EndpointFacts>,
    /// Every DNS question that was asked by the `dns` check.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        serialize_with = "json::dns_with_chain",
        deserialize_with = "json::items_understood"
    )]
    pub dns: Vec<DnsFacts>,
    /// The refusal by which a mailbox stayed closed that must.
    #[serde(deserialize_with = "json::if_understood")]
    pub stays_closed: Option<Reason>,
    /// Counts in the mailbox.
    #[serde(skip_serializing_if = "MailboxFacts::is_empty")]
    pub mailbox: MailboxFacts,
    /// The mail in the folders whose backlog is watched.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "json::items_understood")]
    pub backlog: Vec<BacklogFacts>,
    /// The mail of a round trip.
    #[serde(skip_serializing_if = "RoundTripFacts::is_empty")]
    pub round_trip: RoundTripFacts,
    /// The server's name, and the identifiers in its replies.
    #[serde(skip_serializing_if = "ServerFacts::is_empty")]
    pub server: ServerFacts,
    /// The application's registration as Graph showed it, where Graph was asked.
    #[serde(deserialize_with = "json::if_understood")]
    pub registration: Option<Registration>,
    /// The certificate that the application signs in with, where the run read it.
    #[serde(rename = "client_certificate", deserialize_with = "json::if_understood")]
    pub certificate: Option<ClientCertificateFacts>,
    /// The time at which the configured credential expires, where declared or read.
    #[serde(with = "time_if_known")]
    pub credential_expires: Option<SystemTime>,
    /// The date on which EWS ends for good in the mailbox's cloud, for the check that uses it.
    #[serde(with = "time_if_known")]
    pub ews_ends: Option<SystemTime>,
    /// The view that EWS has of the application, where its answer shows that: true once it has opened a mailbox, false where it names
    /// a policy.
    pub ews_admits: Option<bool>,
    /// The time at which a run of this probe last succeeded, for one that failed; known only to a service.
    #[serde(with = "time_if_known")]
    pub last_worked: Option<SystemTime>,
    /// The start of the first failed run that no success has followed, for a run that failed or was skipped after one; known to a
    /// service, and to `check` where it keeps a file.
    #[serde(with = "time_if_known")]
    pub failing_since: Option<SystemTime>,
    /// The time for which the server asked us to stay away.
    #[serde(rename = "back_off_seconds", with = "seconds_if_known")]
    pub back_off: Option<Duration>,
    /// The time in which this machine let the run do nothing, where that falsifies its times.
    #[serde(rename = "stalled_seconds", with = "seconds_if_known")]
    pub stalled: Option<Duration>,
    /// The lines sent and received. It is as long as all the rest, so JSON leaves it with the process that ran.
    #[serde(skip)]
    pub transcript: Transcript,
    /// Reasons that stopped nothing and still ask for action; each reason at most once. In JSON they stand beside the facts.
    #[serde(skip)]
    pub warnings: Vec<Fault>,
}

impl Facts {
    /// Returns the kind of the credential, as far as the run knew: only a certificate is read for what it tells.
    pub const fn credential_kind(&self) -> CredentialKind {
        if self.certificate.is_some() { CredentialKind::Certificate } else { CredentialKind::Secret }
    }

    /// Notes what is worth a look though it stops nothing. Each reason is told once, as it was met first.
    pub fn warn(&mut self, warning: Fault) {
        if self.warnings.iter().all(|known| known.reason != warning.reason) {
            self.warnings.push(warning);
        }
    }
}

/// From the token's claims and the answer that brought it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenFacts {
    /// The time at which the token expires: claim `exp`, else `expires_in`.
    #[serde(with = "time_if_known")]
    pub expires: Option<SystemTime>,
    /// `expires_in` as answered.
    #[serde(rename = "expires_in_seconds", with = "seconds_if_known")]
    pub expires_in: Option<Duration>,
    /// Claim `aud`.
    pub audience: Option<String>,
    /// Claim `iss`.
    pub issuer: Option<String>,
    /// Claim `tid`.
    pub tenant_id: Option<String>,
    /// Claim `appid` or `azp`.
    pub app_id: Option<String>,
    /// Claim `oid`: the object id that `New-ServicePrincipal -ObjectId` wants.
    pub object_id: Option<String>,
    /// Claim `roles`; `None` when the token could not be read, empty when it has none.
    pub roles: Option<Vec<String>>,
    /// True if the token came from the cache.
    pub cached: bool,
    /// Server time less local time in seconds, from the `Date` header.
    #[serde(rename = "clock_skew_seconds")]
    pub clock_skew: Option<f64>,
    /// `x-ms-request-id` of the token answer.
    pub request_id: Option<String>,
    /// `x-ms-ests-server` of the token answer: build and region.
    pub ests_server: Option<String>,
}

impl TokenFacts {
    /// Reports whether the token lists its roles and has none of `needed`.
    pub fn lacks_all_of(&self, needed: &[&str]) -> bool {
        self.roles.as_ref().is_some_and(|roles| !roles.iter().any(|granted| needed.contains(&granted.as_str())))
    }
}

/// One address that was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EndpointFacts {
    /// The host's name as configured.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The address; `None` behind a proxy that resolves for us.
    pub address: Option<IpAddr>,
    /// Time to connect, if it connected.
    #[serde(default, rename = "connect_seconds", with = "seconds_if_known")]
    pub connect: Option<Duration>,
    /// Time of the TLS handshake, if it succeeded.
    #[serde(default, rename = "handshake_seconds", with = "seconds_if_known")]
    pub handshake: Option<Duration>,
    /// Negotiated version: `TLSv1.3`.
    pub tls_version: Option<String>,
    /// The certificate presented, also a refused one; one for all runs that it was presented to.
    #[serde(default, deserialize_with = "json::if_understood")]
    pub certificate: Option<Arc<CertificateFacts>>,
    /// The phase and reason of the failure at this address, if it failed.
    #[serde(default, with = "failed_step")]
    pub failed: Option<(Phase, Reason)>,
    /// The server's clock, where its certificate is outside its time by this machine's and it told its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_clock: Option<ServerClock>,
}

/// The clock of a server whose certificate is outside its time by this machine's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServerClock {
    /// Seconds from this machine's clock to the server's.
    pub skew_seconds: f64,
    /// True if by the server's clock its certificate and those of its authorities are valid.
    pub makes_valid: bool,
}

/// Facts of the certificate that a server presented, the leaf of its chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateFacts {
    /// Subject, RFC 4514 style, bounded and printable.
    pub subject: String,
    /// Issuer's common name or organisation: short enough for a label.
    pub issuer: String,
    /// The whole name of the issuer, RFC 4514 style, bounded and printable.
    #[serde(default)]
    pub issuer_name: String,
    /// The product that inspects TLS, where the issuer's name shows one.
    pub product: Option<String>,
    /// The DNS names that it is issued for.
    pub names: Vec<String>,
    /// The beginning of its validity.
    #[serde(with = "time")]
    pub not_before: SystemTime,
    /// The end of its validity.
    #[serde(with = "time")]
    pub not_after: SystemTime,
    /// SHA-256 of the DER, lower-case hex.
    pub fingerprint: String,
    /// True if the certificate was accepted.
    pub verified: bool,
}

/// Facts of the certificate that the application signs in with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientCertificateFacts {
    /// Subject, RFC 4514 style, bounded and printable.
    pub subject: String,
    /// SHA-1 of the DER in upper-case hex, as the Entra admin center shows it.
    pub thumbprint: String,
    /// SHA-256 of the DER in lower-case hex.
    pub fingerprint: String,
    /// The beginning of its validity.
    #[serde(with = "time")]
    pub not_before: SystemTime,
    /// The end of its validity.
    #[serde(with = "time")]
    pub not_after: SystemTime,
}

impl ClientCertificateFacts {
    /// Describes it in a phrase: `the certificate CN=m365-probe (thumbprint 0A1B…, SHA-256 0a1b…)`.
    pub fn describe(&self) -> String {
        format!("the certificate {} (thumbprint {}, SHA-256 {})", self.subject, self.thumbprint, self.fingerprint)
    }
}

/// Counts that a run found in the mailbox.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MailboxFacts {
    /// Messages: POP3 `STAT`, IMAP `STATUS`.
    pub messages: Option<u64>,
    /// Unseen messages: IMAP `STATUS`.
    pub unseen: Option<u64>,
    /// Bytes of all messages: POP3 `STAT`.
    pub bytes: Option<u64>,
    /// Bytes that the mailbox may take: IMAP `GETQUOTAROOT`, where its backlog is watched.
    #[serde(rename = "quota_bytes")]
    pub quota: Option<u64>,
    /// Bytes that it takes of them.
    #[serde(rename = "quota_used_bytes")]
    pub quota_used: Option<u64>,
    /// EWS `FindFolder`, Graph `mailFolders`: folders below the one opened.
    pub folders: Option<u64>,
}

/// The server's name and identifiers, as its replies gave them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerFacts {
    /// Its name, from the greeting, the trailer or a header.
    pub name: Option<String>,
    /// Our public address as SMTP's `Hello [..]` shows it.
    pub public_address: Option<String>,
    /// Identifiers for a support ticket.
    #[serde(
        skip_serializing_if = "SupportIds::is_empty",
        serialize_with = "json::ids_by_name",
        deserialize_with = "json::ids_understood"
    )]
    pub ids: SupportIds,
}

impl EndpointFacts {
    /// An address of which nothing is known yet.
    pub fn new(host: &str, port: u16, address: Option<IpAddr>) -> Self {
        Self {
            host: host.to_owned(),
            port,
            address,
            connect: None,
            handshake: None,
            tls_version: None,
            certificate: None,
            failed: None,
            server_clock: None,
        }
    }
}

impl ServerClock {
    /// Seconds by which two clocks differ at most that are both right, network and rounding included.
    pub const TOLERANCE: f64 = 120.0;

    /// Reports whether it tells the same time as this machine's.
    pub fn agrees(&self) -> bool {
        self.skew_seconds.abs() <= Self::TOLERANCE
    }

    /// Reports whether this machine's clock is why the certificate is refused, as far as the server is right.
    pub fn explains_refusal(&self) -> bool {
        self.makes_valid && !self.agrees()
    }
}

impl MailboxFacts {
    /// Reports whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl ServerFacts {
    /// Reports whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
