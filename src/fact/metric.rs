//! The names of the facts' metrics, and what `# HELP` says of them.

use std::time::SystemTime;

/// A metric's name and meaning.
pub struct MetricSpec {
    /// Its name.
    pub name: &'static str,
    /// Its `# HELP`: no backslash, no quote, no line end.
    pub help: &'static str,
}

/// Declares metrics: constant, name, `# HELP`.
macro_rules! metrics {
    ($( $visibility:vis $constant:ident: $name:literal, $help:literal; )*) => {
        $( #[doc = $help] $visibility const $constant: $crate::fact::MetricSpec = $crate::fact::MetricSpec { name: $name, help: $help }; )*
    };
}
pub(crate) use metrics;

metrics! {
    pub TOKEN_EXPIRY: "m365_token_expiry_timestamp_seconds", "When the access token seen last expires.";
    pub TOKEN_ROLE: "m365_token_role_granted",
        "Whether the access token grants this application permission; an application under RBAC for Applications needs none.";
    pub CLOCK_SKEW: "m365_clock_skew_seconds", "The token endpoint's time less the time here (cached on /metrics).";
    pub CREDENTIAL_EXPIRY: "m365_credential_expiry_timestamp_seconds",
        "When the application's credential expires, as declared or read.";
    pub EWS_RETIREMENT: "m365_ews_retirement_timestamp_seconds",
        "When EWS ends for good in the cloud of this tenant; absent where Microsoft has set no day.";
    pub CERTIFICATE_NOT_AFTER: "m365_tls_certificate_not_after_timestamp_seconds",
        "When the certificate expires that was presented last; the earliest, where an endpoint has several addresses.";
    pub TLS_INFO: "m365_tls_info", "TLS version and issuer of the certificate (cached on /metrics).";
    pub CERTIFICATE_VERIFIED: "m365_tls_certificate_verified",
        "Whether the certificate was accepted; 0 if it was refused at any address of the endpoint (cached on /metrics).";
    pub ENDPOINT_ADDRESSES: "m365_endpoint_addresses", "Addresses of the endpoint that were tried.";
    pub ENDPOINT_WORKING: "m365_endpoint_addresses_working",
        "Addresses of the endpoint on which every step succeeded, up to the server's first words.";
    pub CONNECT_DURATION: "m365_endpoint_connect_duration_seconds",
        "Time to connect to the endpoint; the longest, where a family has several addresses.";
    pub HANDSHAKE_DURATION: "m365_endpoint_handshake_duration_seconds",
        "Time of the TLS handshake with the endpoint; the longest, where a family has several addresses.";
    pub DNS_ANSWERS: "m365_dns_answers", "Addresses in the resolver's answer (cached on /metrics).";
    pub DNS_DURATION: "m365_dns_query_duration_seconds", "Time to the resolver's answer, absent without one (cached on /metrics).";
    pub DNS_SUCCESS: "m365_dns_query_success",
        "Whether the resolver's answer is of use: addresses, or none of this family where the other has some (cached on /metrics).";
    pub DNS_TTL: "m365_dns_ttl_seconds",
        "How long the resolver's answer may be kept, absent where it does not tell (cached on /metrics).";
    pub MAILBOX_MESSAGES: "m365_mailbox_messages", "Messages in the mailbox (cached on /metrics).";
    pub ROUND_TRIP_PENDING: "m365_roundtrip_pending", "Mails that were sent and have not been found yet: 0 or 1.";
    pub ROUND_TRIP_SENT: "m365_roundtrip_last_sent_timestamp_seconds", "When a mail was sent last.";
    pub ROUND_TRIP_ARRIVED: "m365_roundtrip_last_arrival_timestamp_seconds", "When a mail arrived last.";
    pub ROUND_TRIP_SUSPENDED: "m365_roundtrip_suspended_until_timestamp_seconds",
        "Until when no mail is sent after a refusal; absent while mails are sent.";
    pub MAILBOX_QUOTA: "m365_mailbox_quota_bytes", "Bytes that the mailbox may take, where the server tells (cached on /metrics).";
    pub MAILBOX_QUOTA_USED: "m365_mailbox_quota_used_bytes", "Bytes that it takes of them (cached on /metrics).";
    pub FOLDER_MESSAGES: "m365_mailbox_folder_messages", "Messages in a folder whose backlog is watched (cached on /metrics).";
    pub FOLDER_UNREAD: "m365_mailbox_folder_unread", "Unread messages in it, where the protocol tells (cached on /metrics).";
    pub OLDEST_MESSAGE: "m365_mailbox_oldest_message_timestamp_seconds",
        "When the oldest message in a folder was received whose backlog is watched, absent while it is empty (cached on /metrics).";
    pub MAILBOX_BYTES: "m365_mailbox_bytes", "Size of the mailbox's messages (cached on /metrics).";
}

/// Seconds since 1970, negative before.
pub fn unix_seconds(at: SystemTime) -> f64 {
    match at.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => since.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}
