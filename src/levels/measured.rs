//! Levels of what a run does not measure: they would never be violated, and nobody would know.

use super::{Limits, Metric};
use crate::kind::Check;
use crate::outcome::Outcome;
use crate::phase::Phase;

/// A check, and whether its runs count the mail of folders (`backlog`).
pub type Measuring = (Check, bool);

impl Metric {
    /// Reports whether runs of a check may yield it.
    pub fn is_measured_by(self, (check, counts_folders): Measuring) -> bool {
        let phases = check.kind().phases;
        match self {
            Self::Total | Self::SecretDays | Self::CredentialDays => true,
            Self::Phase(phase) => phases.contains(&phase),
            Self::CertificateDays => phases.contains(&Phase::Tls),
            Self::EwsDays => check == Check::Ews,
            Self::Messages => matches!(check, Check::Pop3 | Check::Imap) || counts_folders && check.counts_folders(),
            Self::Unread => check == Check::Imap || counts_folders && check == Check::Graph,
            Self::OldestMessage => counts_folders && check.counts_folders(),
            Self::QuotaPercent => counts_folders && check == Check::Imap,
            Self::Arrival => phases.contains(&Phase::Arrive),
            Self::ClockSkew => phases.contains(&Phase::Token),
        }
    }

    /// Returns what to say of its limit where none of the checks measures it; `folders` says how folders are named whose mail is counted.
    pub fn unmeasured_by(self, checks: &[Measuring], folders: &str) -> Option<String> {
        if checks.iter().any(|check| self.is_measured_by(*check)) {
            return None;
        }
        if checks.iter().any(|(check, _)| self.is_measured_by((*check, true))) {
            return Some(format!("`{self}` is not known without {folders}"));
        }
        let able = Check::ALL.iter().filter(|check| self.is_measured_by((**check, true)));
        let able: Vec<&str> = able.map(|check| check.name()).collect();
        let mut names: Vec<&str> = checks.iter().map(|(check, _)| check.name()).collect();
        names.dedup();
        Some(format!("`{self}` is not measured by {}, but by {}", names.join(", "), able.join(", ")))
    }

    /// Reports whether a run that succeeded knows it, unless the other side keeps it to itself. A phase that was not entered, a folder
    /// without mail, a mail that is not due and a service that does not end have no value, and that is an answer, too.
    const fn is_answered_by_success(self) -> bool {
        self.is_of_registration() || matches!(self, Self::CertificateDays | Self::Messages | Self::Unread | Self::QuotaPercent)
    }

    /// Reports whether it takes a permission of its own to read, or a date in the configuration.
    pub(super) const fn is_of_registration(self) -> bool {
        matches!(self, Self::SecretDays | Self::CredentialDays)
    }

    /// Reports whether `outcome` leaves it open, although its run succeeded.
    pub fn is_missing_from(self, outcome: &Outcome) -> bool {
        let is_known = |metric: Self| metric.value(outcome, outcome.at).is_some();
        // A limit of any credential's days holds for a secret, too.
        let is_known = is_known(self) || self == Self::CredentialDays && is_known(Self::SecretDays);
        self.is_answered_by_success() && outcome.is_ok() && outcome.facts.stays_closed.is_none() && !is_known
    }
}

impl Limits {
    /// Returns the limited metrics, each once.
    pub fn metrics(&self) -> impl Iterator<Item = Metric> {
        let limited = move |metric: &Metric| self.warning.iter().chain(&self.critical).any(|(other, _)| other == metric);
        Metric::all().filter(limited)
    }

    /// Returns what to say of the first metric that is limited and that none of the checks measures; see [`Metric::unmeasured_by`].
    pub fn unmeasured_by(&self, checks: &[Measuring], folders: &str) -> Option<String> {
        self.metrics().find_map(|metric| metric.unmeasured_by(checks, folders))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(text: &str) -> Limits {
        Limits::parse(&[text.to_owned()], &[]).expect("a limit")
    }

    #[test]
    fn unmeasured_by_names_the_checks_that_measure_or_the_folders_that_are_missing() {
        for (limit, checks, says) in [
            ("oldest_message_seconds=1", &[(Check::Imap, false)][..], Some("without `backlog`")),
            ("oldest_message_seconds=1", &[(Check::Imap, true)], None),
            ("oldest_message_seconds=1", &[(Check::Smtp, false)], Some("not measured by smtp, but by pop3, imap, graph")),
            ("messages=1", &[(Check::Token, false), (Check::Pop3, false)], None),
            ("messages=1", &[(Check::Graph, false)], Some("without `backlog`")),
            ("quota_percent=1", &[(Check::Pop3, true)], Some("not measured by pop3, but by imap")),
            ("arrival_seconds=1", &[(Check::Imap, true)], Some("not measured by imap, but by roundtrip")),
            ("auth=1", &[(Check::Dns, false)], Some("not measured by dns, but by pop3")),
            ("ews_days=1:", &[(Check::Graph, false)], Some("but by ews")),
            ("5", &[(Check::Dns, false)], None),
        ] {
            let message = limits(limit).unmeasured_by(checks, "`backlog`");
            assert_eq!(message.is_some(), says.is_some(), "{limit}: {message:?}");
            assert!(message.unwrap_or_default().contains(says.unwrap_or_default()), "{limit}");
        }
    }

    #[test]
    fn every_metric_is_measured_by_a_check() {
        for metric in Metric::all() {
            assert!(Check::ALL.iter().any(|check| metric.is_measured_by((*check, true))), "{metric}");
        }
    }
}
