//! The facts that a run can learn, one row each: every list of facts, in whatever output, walks this table.
//!
//! A further fact is a field of the types in `outcome/facts.rs` (which makes it JSON, both ways), a row here, and the line of
//! the check or parser that learns it. Its label stands with the texts of each language.

mod metric;
mod text;

use std::time::{Duration, SystemTime};

pub(crate) use self::metric::metrics;
pub use self::metric::*;
use crate::lang::{self, Lang, number};
use crate::outcome::{Facts, SupportIds};
use crate::report::{JudgedOutcome, expiry, text as plain};

/// One fact.
pub struct Fact {
    /// Its key in the JSON object `facts`, with the keys of the objects that it stands in: `token.expires`.
    pub key: &'static str,
    /// Its name for a reader.
    pub label: fn(&lang::Facts) -> &'static str,
    /// Its value and unit.
    pub value: Value,
    /// Its gauge, where one number tells it.
    pub metric: Option<Metric>,
}

/// The reader of a fact's value, and with it the unit. It returns `None`, or an empty list, where the fact is not known.
pub enum Value {
    /// A point in time.
    Time(fn(&Facts) -> Option<SystemTime>),
    /// A time at which the client secret ends, and what else is known of it.
    SecretExpiry(fn(&Facts) -> Option<SystemTime>),
    /// A time at which the application's certificate ends, and how far away it is.
    CertificateExpiry(fn(&Facts) -> Option<SystemTime>),
    /// Seconds, to the tenth; may be negative.
    Seconds(fn(&Facts) -> Option<f64>),
    /// A duration of whole seconds.
    Duration(fn(&Facts) -> Option<Duration>),
    /// A number of things, or of bytes.
    Count(fn(&Facts) -> Option<u64>),
    /// A text as the other side gave it.
    Text(fn(&Facts) -> Option<String>),
    /// Any number of sentences, each a line of its own.
    Sentences(fn(&Facts, &lang::Facts) -> Vec<String>),
    /// Identifiers, each under its own label.
    Ids(fn(&Facts) -> &SupportIds),
}

/// A gauge of a fact.
pub enum Metric {
    /// One series for each probe that learns it.
    OfProbe(&'static MetricSpec),
    /// One series for each tenant, whichever probe learns it.
    OfTenant(&'static MetricSpec),
}

/// Every fact, the most telling first.
pub const FACTS: &[Fact] = &[
    Fact::new("token.expires", |texts| texts.token_expires, Value::Time(|facts| facts.token.as_ref()?.expires))
        .with_metric(Metric::OfProbe(&TOKEN_EXPIRY)),
    Fact::new("token.roles", |texts| texts.token_roles, Value::Sentences(text::roles)),
    Fact::new("token.audience", |texts| texts.token_audience, Value::Text(|facts| facts.token.as_ref()?.audience.clone())),
    Fact::new("token.issuer", |texts| texts.token_issuer, Value::Text(|facts| facts.token.as_ref()?.issuer.clone())),
    Fact::new("token.tenant_id", |texts| texts.tenant_id, Value::Text(|facts| facts.token.as_ref()?.tenant_id.clone())),
    Fact::new("token.app_id", |texts| texts.app_id, Value::Text(|facts| facts.token.as_ref()?.app_id.clone())),
    Fact::new("token.object_id", |texts| texts.object_id, Value::Text(|facts| facts.token.as_ref()?.object_id.clone())),
    Fact::new("token.clock_skew_seconds", |texts| texts.clock_skew, Value::Seconds(|facts| facts.token.as_ref()?.clock_skew))
        .with_metric(Metric::OfProbe(&CLOCK_SKEW)),
    Fact::new("token.request_id", |texts| texts.token_request_id, Value::Text(|facts| facts.token.as_ref()?.request_id.clone())),
    Fact::new("token.ests_server", |texts| texts.token_server, Value::Text(|facts| facts.token.as_ref()?.ests_server.clone())),
    Fact::new("credential_expires", |texts| texts.credential_expires, Value::SecretExpiry(|facts| facts.credential_expires))
        .with_metric(Metric::OfTenant(&CREDENTIAL_EXPIRY)),
    Fact::new(
        "client_certificate.subject",
        |texts| texts.client_certificate,
        Value::Text(|facts| Some(facts.certificate.as_ref()?.subject.clone())),
    ),
    Fact::new(
        "client_certificate.thumbprint",
        |texts| texts.client_certificate_thumbprint,
        Value::Text(|facts| Some(facts.certificate.as_ref()?.thumbprint.clone())),
    ),
    Fact::new(
        "client_certificate.fingerprint",
        |texts| texts.client_certificate_fingerprint,
        Value::Text(|facts| Some(facts.certificate.as_ref()?.fingerprint.clone())),
    ),
    Fact::new(
        "client_certificate.not_before",
        |texts| texts.client_certificate_begins,
        Value::Time(|facts| Some(facts.certificate.as_ref()?.not_before)),
    ),
    Fact::new(
        "client_certificate.not_after",
        |texts| texts.client_certificate_expires,
        Value::CertificateExpiry(|facts| Some(facts.certificate.as_ref()?.not_after)),
    ),
    Fact::new(
        "registration",
        |texts| texts.registration,
        Value::Sentences(|facts, texts| {
            facts.registration.iter().map(|registration| text::registration(registration, texts)).collect()
        }),
    ),
    Fact::new("ews_ends", |texts| texts.ews_ends, Value::Time(|facts| facts.ews_ends))
        .with_metric(Metric::OfTenant(&EWS_RETIREMENT)),
    Fact::new("ews_admits", |texts| texts.ews_admits, Value::Sentences(text::ews_list)),
    Fact::new("last_worked", |texts| texts.last_worked, Value::Time(|facts| facts.last_worked)),
    Fact::new("failing_since", |texts| texts.failing_since, Value::Time(|facts| facts.failing_since)),
    Fact::new(
        "endpoints",
        |texts| texts.endpoint,
        Value::Sentences(|facts, texts| facts.endpoints.iter().map(|endpoint| text::endpoint(endpoint, texts)).collect()),
    ),
    Fact::new(
        "dns",
        |texts| texts.dns,
        Value::Sentences(|facts, texts| facts.dns.iter().map(|answer| text::dns_answer(answer, texts)).collect()),
    ),
    Fact::new(
        "stays_closed",
        |texts| texts.stays_closed,
        Value::Text(|facts| facts.stays_closed.map(|reason| reason.code().to_owned())),
    ),
    Fact::new("mailbox.messages", |texts| texts.messages, Value::Count(|facts| facts.mailbox.messages))
        .with_metric(Metric::OfProbe(&MAILBOX_MESSAGES)),
    Fact::new("mailbox.unseen", |texts| texts.unseen, Value::Count(|facts| facts.mailbox.unseen)),
    Fact::new("mailbox.bytes", |texts| texts.bytes, Value::Count(|facts| facts.mailbox.bytes))
        .with_metric(Metric::OfProbe(&MAILBOX_BYTES)),
    Fact::new("mailbox.quota_bytes", |texts| texts.quota, Value::Count(|facts| facts.mailbox.quota))
        .with_metric(Metric::OfProbe(&MAILBOX_QUOTA)),
    Fact::new("mailbox.quota_used_bytes", |texts| texts.quota_used, Value::Count(|facts| facts.mailbox.quota_used))
        .with_metric(Metric::OfProbe(&MAILBOX_QUOTA_USED)),
    Fact::new(
        "backlog",
        |texts| texts.backlog,
        Value::Sentences(|facts, texts| facts.backlog.iter().map(|folder| text::backlog(folder, texts)).collect()),
    ),
    Fact::new("mailbox.folders", |texts| texts.folders, Value::Count(|facts| facts.mailbox.folders)),
    Fact::new("round_trip.pending", |texts| texts.mail_pending, Value::Count(|facts| facts.round_trip.pending))
        .with_metric(Metric::OfProbe(&ROUND_TRIP_PENDING)),
    Fact::new("round_trip.sent", |texts| texts.mail_sent, Value::Time(|facts| facts.round_trip.sent))
        .with_metric(Metric::OfProbe(&ROUND_TRIP_SENT)),
    Fact::new("round_trip.arrived", |texts| texts.mail_arrived, Value::Time(|facts| facts.round_trip.arrived))
        .with_metric(Metric::OfProbe(&ROUND_TRIP_ARRIVED)),
    Fact::new(
        "round_trip.arrival_seconds",
        |texts| texts.mail_arrival,
        Value::Seconds(|facts| facts.round_trip.arrival.map(|took| took.as_secs_f64())),
    ),
    Fact::new("round_trip.folder", |texts| texts.mail_folder, Value::Text(|facts| facts.round_trip.folder.clone())),
    Fact::new("round_trip.hops", |texts| texts.mail_hops, Value::Sentences(text::hops)),
    Fact::new("round_trip.deleted", |texts| texts.mails_deleted, Value::Count(|facts| facts.round_trip.deleted)),
    Fact::new(
        "round_trip.suspended_until",
        |texts| texts.sending_suspended,
        Value::Time(|facts| facts.round_trip.suspended_until),
    )
    .with_metric(Metric::OfProbe(&ROUND_TRIP_SUSPENDED)),
    Fact::new("round_trip.message_id", |texts| texts.message_id, Value::Text(|facts| facts.round_trip.message_id.clone())),
    Fact::new("server.name", |texts| texts.server, Value::Text(|facts| facts.server.name.clone())),
    Fact::new("server.public_address", |texts| texts.public_address, Value::Text(|facts| facts.server.public_address.clone())),
    Fact::new("server.ids", |texts| texts.id, Value::Ids(|facts| &facts.server.ids)),
    Fact::new(
        "stalled_seconds",
        |texts| texts.stalled,
        Value::Seconds(|facts| facts.stalled.map(|stalled| stalled.as_secs_f64())),
    ),
    Fact::new("back_off_seconds", |texts| texts.requested_pause, Value::Duration(|facts| facts.back_off)),
];

/// Every known fact, label and text, in the order of the table. Texts of the other side are as it gave them.
pub fn lines(judged: &JudgedOutcome<'_>, lang: Lang) -> Vec<(String, String)> {
    FACTS.iter().flat_map(|fact| fact.lines(judged, lang)).collect()
}

/// The same in English, each on one line of at most 500 characters that nothing in it can break.
pub fn plain_lines(judged: &JudgedOutcome<'_>) -> Vec<String> {
    let lines = lines(judged, Lang::En).into_iter();
    lines.map(|(label, value)| format!("{label}: {}", plain::one_line(&value))).collect()
}

impl Fact {
    /// A fact with the key `key` in JSON and without a gauge.
    const fn new(key: &'static str, label: fn(&lang::Facts) -> &'static str, value: Value) -> Self {
        Self { key, label, value, metric: None }
    }

    /// The same with a gauge.
    const fn with_metric(self, metric: Metric) -> Self {
        Self { metric: Some(metric), ..self }
    }

    /// The fact, label and text: nothing where it is not known, several lines where it is several.
    pub fn lines(&self, judged: &JudgedOutcome<'_>, lang: Lang) -> Vec<(String, String)> {
        let facts = &judged.outcome.facts;
        let texts = &lang.texts().facts;
        let values = match &self.value {
            Value::Time(read) => Vec::from_iter(read(facts).map(plain::time)),
            Value::SecretExpiry(_) => Vec::from_iter(expiry::secret_date(judged, lang)),
            Value::CertificateExpiry(read) => Vec::from_iter(read(facts).map(|end| expiry::date_and_distance(end, judged, lang))),
            Value::Seconds(read) => Vec::from_iter(read(facts).map(|seconds| number(seconds, 1, lang) + " s")),
            Value::Duration(read) => Vec::from_iter(read(facts).map(|took| number(took.as_secs_f64(), 0, lang) + " s")),
            Value::Count(read) => Vec::from_iter(read(facts).map(|count| count.to_string())),
            Value::Text(read) => Vec::from_iter(read(facts)),
            Value::Sentences(read) => read(facts, texts),
            Value::Ids(read) => {
                return read(facts).iter().map(|(id, value)| (id.label(lang).to_owned(), value.clone())).collect();
            }
        };
        values.into_iter().map(|value| ((self.label)(texts).to_owned(), value)).collect()
    }

    /// The object that the fact stands in, in JSON: `token`; empty where it stands by itself.
    pub fn group(&self) -> &'static str {
        self.key.split_once('.').map_or("", |(group, _)| group)
    }

    /// Its number in metrics, where it is one: seconds since 1970, seconds, or a count.
    pub fn number(&self, facts: &Facts) -> Option<f64> {
        match &self.value {
            Value::Time(read) | Value::SecretExpiry(read) | Value::CertificateExpiry(read) => read(facts).map(unix_seconds),
            Value::Seconds(read) => read(facts).filter(|seconds| seconds.is_finite()),
            Value::Duration(read) => read(facts).map(|took| took.as_secs_f64()),
            Value::Count(read) => read(facts).map(|count| count as f64),
            Value::Text(_) | Value::Sentences(_) | Value::Ids(_) => None,
        }
    }

    /// Tells whether it is a time, which stays true however old it is.
    pub fn is_time(&self) -> bool {
        matches!(self.value, Value::Time(_) | Value::SecretExpiry(_) | Value::CertificateExpiry(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_of_every_fact_is_unique_in_every_language() {
        for lang in Lang::ALL {
            let mut labels: Vec<&str> = FACTS.iter().map(|fact| (fact.label)(&lang.texts().facts)).collect();
            labels.sort_unstable();
            labels.dedup();
            assert_eq!(labels.len(), FACTS.len(), "{lang}: two facts have one label");
        }
    }
}
