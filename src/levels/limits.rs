//! Limits: the metrics of a run and the ranges that a user wants them to stay in.

use std::fmt;
use std::time::SystemTime;

use super::range::Range;
use crate::kind::Check;
use crate::outcome::{BacklogFacts, CredentialKind, Facts, Outcome, Phase, ServerClock};
use crate::reason::Reason;
use crate::spelling::did_you_mean;

/// The ranges outside of which a metric is a warning or critical.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// The ranges outside of which a metric is a warning.
    pub warning: Vec<(Metric, Range)>,
    /// The ranges outside of which a metric is critical.
    pub critical: Vec<(Metric, Range)>,
}

impl Limits {
    /// Reads `[METRIC=]RANGE` texts, as they stand after `-w` and `-c` and in the configuration.
    ///
    /// # Errors
    /// In words for a person: a metric or range that is none, or a metric given twice for one level.
    pub fn parse(warning: &[String], critical: &[String]) -> Result<Self, String> {
        Ok(Self { warning: level("warning", warning)?, critical: level("critical", critical)? })
    }

    /// These limits, and of `others` those for what these leave open.
    #[must_use]
    pub fn over(&self, others: &Self) -> Self {
        Self { warning: merged(&self.warning, &others.warning), critical: merged(&self.critical, &others.critical) }
    }

    /// Returns what was probably meant otherwise, in sentences for a person: an upper limit of days that are left, and a warning
    /// that is never seen because critical comes first.
    pub fn hints(&self) -> Vec<String> {
        let days = self.warning.iter().chain(&self.critical).filter_map(|(metric, range)| {
            Some(format!("`{metric}={range}` alerts above {range} days; {}", metric.lower_bound_hint(range)?))
        });
        let never_seen = self.warning.iter().filter_map(|(metric, warning)| {
            let critical = range_of(&self.critical, *metric).filter(|critical| critical.is_narrower_than(warning))?;
            Some(format!(
                "a warning of `{metric}={warning}` is never seen, because critical of `{metric}={critical}` comes first; exchange the two"
            ))
        });
        days.chain(never_seen).collect()
    }

    /// The range of `metric` in each level, warning and critical, for `check`; where nobody set one, the usual.
    pub fn ranges(&self, metric: Metric, check: Check) -> (Option<Range>, Option<Range>) {
        let (warning, critical) = usual(metric, check);
        // What is set for a credential of any kind holds for a secret, too.
        let wider = (metric == Metric::SecretDays).then_some(Metric::CredentialDays);
        let set = |level| range_of(level, metric).or_else(|| range_of(level, wider?)).copied();
        (set(&self.warning).or(warning), set(&self.critical).or(critical))
    }
}

/// The levels of what ends on a known day, lest it end unnoticed: `~:` switches one off. Each is judged by the one check
/// that is about it, so that a day that comes nearer is one warning and not one of every probe.
fn usual(metric: Metric, check: Check) -> (Option<Range>, Option<Range>) {
    match (metric, check) {
        (Metric::SecretDays | Metric::CredentialDays, Check::Token) => (Some(Range::at_least(30.0)), Some(Range::at_least(7.0))),
        // Nobody reads a warning that lasts for months; two are enough to move the last program.
        // From here on Entra's own tolerance of five minutes is not far; the rules of `dashboards` alert at the same difference.
        (Metric::ClockSkew, Check::Token) => (Some(Range::within(ServerClock::TOLERANCE)), None),
        (Metric::EwsDays, Check::Ews) => (Some(Range::at_least(60.0)), None),
        _ => (None, None),
    }
}

fn merged(these: &[(Metric, Range)], others: &[(Metric, Range)]) -> Vec<(Metric, Range)> {
    let open = others.iter().filter(|(metric, _)| range_of(these, *metric).is_none());
    these.iter().chain(open).copied().collect()
}

fn range_of(level: &[(Metric, Range)], metric: Metric) -> Option<&Range> {
    level.iter().find(|(limited, _)| *limited == metric).map(|(_, range)| range)
}

fn level(name: &str, texts: &[String]) -> Result<Vec<(Metric, Range)>, String> {
    let mut limits: Vec<(Metric, Range)> = Vec::with_capacity(texts.len());
    for text in texts {
        let (metric, range) = match text.split_once('=') {
            Some((metric, range)) => (Metric::from_code(metric)?, range),
            None => (Metric::Total, text.as_str()),
        };
        if limits.iter().any(|(limited, _)| *limited == metric) {
            return Err(format!("the {name} level of `{metric}` is given twice; keep one"));
        }
        limits.push((metric, range.parse()?));
    }
    Ok(limits)
}

/// A number that a run yields and a range can be set for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Seconds of the whole run.
    Total,
    /// Seconds of one phase.
    Phase(Phase),
    /// Days until the first certificate expires; negative once it has.
    CertificateDays,
    /// Days until the configured client secret expires; negative once it has.
    SecretDays,
    /// Days until the configured credential expires that is no client secret; as a limit, until any credential expires.
    CredentialDays,
    /// Days until EWS ends for good in Exchange Online; negative once it has.
    EwsDays,
    /// Messages in the inbox, or in that of the watched folders which holds most.
    Messages,
    /// Unread messages, likewise.
    Unread,
    /// Seconds since the oldest message in a watched folder was received; unknown where all of them are empty.
    OldestMessage,
    /// Percent of the storage allowed that the mailbox takes.
    QuotaPercent,
    /// Seconds from a mail's acceptance to its arrival, of the mail that the run has found.
    Arrival,
    /// Seconds from this machine's clock to the token endpoint's, as a fresh token's answer tells; negative where this one is ahead.
    ClockSkew,
}

impl Metric {
    /// Every metric, in the order they are shown.
    pub fn all() -> impl Iterator<Item = Self> {
        let phases = Phase::ALL.iter().copied().map(Self::Phase);
        std::iter::once(Self::Total).chain(phases).chain([
            Self::CertificateDays,
            Self::SecretDays,
            Self::CredentialDays,
            Self::EwsDays,
            Self::Messages,
            Self::Unread,
            Self::OldestMessage,
            Self::QuotaPercent,
            Self::Arrival,
            Self::ClockSkew,
        ])
    }

    /// Its name after `-w`, in the configuration and in performance data.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Phase(phase) => phase.code(),
            Self::CertificateDays => "certificate_days",
            Self::SecretDays => "secret_days",
            Self::CredentialDays => "credential_days",
            Self::EwsDays => "ews_days",
            Self::Messages => "messages",
            Self::Unread => "unread",
            Self::OldestMessage => "oldest_message_seconds",
            Self::QuotaPercent => "quota_percent",
            Self::Arrival => "arrival_seconds",
            Self::ClockSkew => "clock_skew",
        }
    }

    /// Returns the metric of the days that are left to a credential.
    pub const fn days_of(kind: CredentialKind) -> Self {
        match kind {
            CredentialKind::Secret => Self::SecretDays,
            CredentialKind::Certificate => Self::CredentialDays,
        }
    }

    /// Reports whether it may be negative.
    pub const fn is_signed(self) -> bool {
        self.is_days_left() || matches!(self, Self::ClockSkew)
    }

    /// Reports whether it counts the days that are left until something ends.
    pub const fn is_days_left(self) -> bool {
        matches!(self, Self::CertificateDays | Self::SecretDays | Self::CredentialDays | Self::EwsDays)
    }

    /// `at least 30 days is written 30:`, where `range` is an upper limit of days that are left: more of them is never a fault.
    pub fn lower_bound_hint(self, range: &Range) -> Option<String> {
        let most = range.at_most().filter(|_| self.is_days_left())?.to_string();
        Some(format!("at least {most} {} is written {most}:", if most == "1" { "day" } else { "days" }))
    }

    /// Reports whether a warning with `reason` is about this number.
    pub const fn is_subject_of(self, reason: Reason) -> bool {
        match self {
            Self::SecretDays | Self::CredentialDays => {
                matches!(reason, Reason::CredentialExpiring | Reason::CredentialExpiryOutdated)
            }
            Self::EwsDays => matches!(reason, Reason::EwsRetiring),
            Self::ClockSkew => matches!(reason, Reason::ClockWrong),
            Self::OldestMessage => matches!(reason, Reason::MailPilesUp),
            _ => false,
        }
    }

    /// Reports whether it is a time in seconds.
    pub const fn is_time(self) -> bool {
        matches!(self, Self::Total | Self::Phase(_) | Self::OldestMessage | Self::Arrival | Self::ClockSkew)
    }

    /// Its value in `outcome`, where that is known.
    pub fn value(self, outcome: &Outcome, now: SystemTime) -> Option<f64> {
        let facts = &outcome.facts;
        match self {
            Self::Total | Self::Phase(_) if !outcome.is_latency_sample() => None,
            Self::Total => Some(outcome.took.as_secs_f64()),
            Self::Phase(phase) => outcome.phase(phase).map(|took| took.as_secs_f64()),
            Self::CertificateDays => {
                let certificates = facts.endpoints.iter().filter_map(|endpoint| endpoint.certificate.as_ref());
                certificates.map(|certificate| certificate.not_after).min().map(|end| days_until(end, now))
            }
            Self::SecretDays | Self::CredentialDays => {
                let expires = facts.credential_expires.filter(|_| Self::days_of(facts.credential_kind()) == self);
                expires.map(|date| days_until(super::secret_expiry(date, outcome), now))
            }
            Self::EwsDays => facts.ews_ends.map(|end| days_until(end, now)),
            Self::Messages => most(facts, |folder| folder.messages, facts.mailbox.messages),
            Self::Unread => most(facts, |folder| folder.unread, facts.mailbox.unseen),
            Self::OldestMessage => facts.backlog.iter().filter_map(|folder| folder.age).max().map(|age| age.as_secs_f64()),
            Self::QuotaPercent => {
                let limit = facts.mailbox.quota.filter(|limit| *limit > 0)?;
                Some(facts.mailbox.quota_used? as f64 / limit as f64 * 100.0)
            }
            Self::Arrival => facts.round_trip.arrival.map(|took| took.as_secs_f64()),
            Self::ClockSkew => facts.token.as_ref().filter(|token| !token.cached)?.clock_skew,
        }
    }

    fn from_code(code: &str) -> Result<Self, String> {
        Self::all().find(|metric| metric.code() == code).ok_or_else(|| {
            let allowed: Vec<&str> = Self::all().map(Self::code).collect();
            let hint = did_you_mean(code, allowed.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
            format!("unknown metric `{code}`; allowed are {}{}", allowed.join(", "), hint.unwrap_or_default())
        })
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Returns the greatest count of the watched folders; of none that is watched, that of the inbox.
fn most(facts: &Facts, count: fn(&BacklogFacts) -> Option<u64>, inbox: Option<u64>) -> Option<f64> {
    let counts = facts.backlog.iter().filter_map(count).max();
    if facts.backlog.is_empty() { inbox } else { counts }.map(|count| count as f64)
}

/// Days from `now` to `end`, negative once it is past.
pub(super) fn days_until(end: SystemTime, now: SystemTime) -> f64 {
    let seconds = match end.duration_since(now) {
        Ok(left) => left.as_secs_f64(),
        Err(over) => -over.duration().as_secs_f64(),
    };
    seconds / 86_400.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn over_takes_limits_left_open_from_the_configuration() {
        let limits = |warning: &[&str], critical: &[&str]| {
            let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
            Limits::parse(&owned(warning), &owned(critical)).expect("limits")
        };
        let given = limits(&["tls=1", "5"], &[]);
        let configured = limits(&["2", "messages=10"], &["10"]);
        assert_eq!(given.over(&configured), limits(&["tls=1", "5", "messages=10"], &["10"]));
        assert_eq!(Limits::default().over(&configured), configured);
    }

    #[test]
    fn parse_of_a_bare_range_limits_the_total() {
        let limits = Limits::parse(&texts(&["2", "tls=0.5", "certificate_days=30:"]), &texts(&["10"])).expect("limits");
        assert_eq!(limits.ranges(Metric::Total, Check::Pop3), ("2".parse().ok(), "10".parse().ok()));
        assert_eq!(limits.ranges(Metric::Phase(Phase::Tls), Check::Pop3).0, "0.5".parse().ok());
        assert_eq!(limits.ranges(Metric::CertificateDays, Check::Pop3), ("30:".parse().ok(), None));
        assert_eq!(limits.ranges(Metric::Messages, Check::Pop3), (None, None));
    }

    #[test]
    fn parse_of_a_wrong_limit_is_refused_with_what_is_allowed() {
        for (warning, says) in [
            (&["totl=1"][..], "did you mean `total`?"),
            (
                &["size=1"],
                "allowed are total, token, dns, connect, proxy, tls, greeting, starttls, auth, mailbox, submit, arrive, certificate_days",
            ),
            (&["=1"], "unknown metric ``"),
            (&["total=20:10"], "start is above its end"),
            (&["total="], "it has no number"),
            (&["1", "total=2"], "given twice"),
        ] {
            let error = Limits::parse(&texts(warning), &[]).expect_err(says);
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn ranges_of_an_expiry_have_defaults_for_one_check_until_set() {
        let (days, none) = (|text: &str| text.parse::<Range>().ok(), Limits::default());
        assert_eq!(none.ranges(Metric::SecretDays, Check::Token), (days("30:"), days("7:")));
        assert_eq!(none.ranges(Metric::SecretDays, Check::Pop3), (None, None));
        assert_eq!(none.ranges(Metric::EwsDays, Check::Ews), (days("60:"), None));
        let set = Limits::parse(&texts(&["secret_days=~:"]), &texts(&["secret_days=3:"])).expect("limits");
        assert_eq!(set.ranges(Metric::SecretDays, Check::Token), (days("~:"), days("3:")));
    }
}
