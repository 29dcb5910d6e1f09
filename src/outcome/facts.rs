//! The facts that runs learn: plain data, each known or absent.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use super::{DnsFacts, Fault, Phase, Registration, SupportIds, Transcript};
use crate::reason::Reason;

/// What was learnt. Not known is not no: everything is optional.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// From the token and its answer.
    pub token: Option<TokenFacts>,
    /// Every address that was tried, in order.
    pub endpoints: Vec<EndpointFacts>,
    /// Every DNS question that was asked by the `dns` check.
    pub dns: Vec<DnsFacts>,
    /// From the mailbox.
    pub mailbox: MailboxFacts,
    /// From the server's words.
    pub server: ServerFacts,
    /// What Graph told of the application's registration, where it was asked.
    pub registration: Option<Registration>,
    /// When the configured credential expires, where declared or read.
    pub credential_expires: Option<SystemTime>,
    /// When EWS ends for good in the mailbox's cloud, for the check that uses it.
    pub ews_ends: Option<SystemTime>,
    /// When a run of this probe last succeeded, for one that failed; only who watches all the time knows.
    pub last_worked: Option<SystemTime>,
    /// How long the server asked us to stay away.
    pub back_off: Option<Duration>,
    /// What was said and heard.
    pub transcript: Transcript,
    /// What is worth a look though it stopped nothing; each reason at most once.
    pub warnings: Vec<Fault>,
}

impl Facts {
    /// Notes what is worth a look though it stops nothing. Each reason is told once, as it was met first.
    pub fn warn(&mut self, warning: Fault) {
        if self.warnings.iter().all(|known| known.reason != warning.reason) {
            self.warnings.push(warning);
        }
    }
}

/// From the token's claims and the answer that brought it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TokenFacts {
    /// When it expires: claim `exp`, else `expires_in`.
    pub expires: Option<SystemTime>,
    /// `expires_in` as answered.
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
    /// Whether it came from the cache.
    pub cached: bool,
    /// Server time less local time in seconds, from the `Date` header.
    pub clock_skew: Option<f64>,
    /// `x-ms-request-id` of the token answer.
    pub request_id: Option<String>,
    /// `x-ms-ests-server` of the token answer: build and region.
    pub ests_server: Option<String>,
}

/// One address that was tried.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointFacts {
    /// Name as configured.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The address; `None` behind a proxy that resolves for us.
    pub address: Option<IpAddr>,
    /// Time to connect, if it connected.
    pub connect: Option<Duration>,
    /// Time of the TLS handshake, if it succeeded.
    pub handshake: Option<Duration>,
    /// Negotiated version: `TLSv1.3`.
    pub tls_version: Option<String>,
    /// The certificate presented, also a refused one.
    pub certificate: Option<CertificateFacts>,
    /// Why this address failed, if it did, and in which phase.
    pub failed: Option<(Phase, Reason)>,
}

/// From a leaf certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Subject, RFC 4514 style, bounded and printable.
    pub subject: String,
    /// Issuer's common name or organisation: short enough for a label.
    pub issuer: String,
    /// The whole name of the issuer, RFC 4514 style, bounded and printable.
    pub issuer_name: String,
    /// The product that inspects TLS, where the issuer's name shows one.
    pub product: Option<String>,
    /// Names it is for.
    pub names: Vec<String>,
    /// Valid from.
    pub not_before: SystemTime,
    /// Valid until.
    pub not_after: SystemTime,
    /// SHA-256 of the DER, lower-case hex.
    pub fingerprint: String,
    /// Whether it was accepted.
    pub verified: bool,
}

/// From the mailbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailboxFacts {
    /// POP3 `STAT`, IMAP `STATUS`.
    pub messages: Option<u64>,
    /// IMAP `STATUS`.
    pub unseen: Option<u64>,
    /// POP3 `STAT`.
    pub bytes: Option<u64>,
    /// EWS `FindFolder`, Graph `mailFolders`: folders below the one opened.
    pub folders: Option<u64>,
}

/// From the server's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerFacts {
    /// Its name, from the greeting, the trailer or a header.
    pub name: Option<String>,
    /// Our public address as SMTP's `Hello [..]` shows it.
    pub public_address: Option<String>,
    /// Identifiers for a support ticket.
    pub ids: SupportIds,
}
