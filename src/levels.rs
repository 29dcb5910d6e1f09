//! Judges an outcome by limits: Ok, Warning, Critical or Unknown.

mod expiry;
mod limits;
mod measured;
mod patience;
mod range;

use std::fmt;
use std::time::SystemTime;

pub use self::expiry::{expiry_state, secret_expiry, secret_refusal};
use self::limits::days_until;
pub use self::limits::{Limits, Metric};
pub use self::measured::Measuring;
use self::patience::is_local;
pub use self::patience::{PATIENCE, is_serious, lasting};
pub use self::range::Range;
use crate::outcome::{Evidence, Fault, Outcome, SkipReason, SupportIds, Verdict};
use crate::reason::Reason;

/// Judges `outcome` by `limits`.
///
/// A failure is critical, whosever move it is, unless nobody but this machine had a part in it (then nothing is known
/// of the far side), the access still works, or it may pass and has not lasted for [`PATIENCE`] yet. A run that succeeded and saw what is worth a look is a warning. A number
/// that is not known breaches nothing: not known is not no.
pub fn judge<'a>(outcome: &'a Outcome, limits: &Limits, now: SystemTime) -> Judgement<'a> {
    let breaches = breaches(outcome, limits, now);
    let warnings: Vec<&Fault> = warnings(outcome, limits, now).collect();
    let verdict = match &outcome.verdict {
        Verdict::Ok if warnings.iter().any(|warning| is_warning_by_itself(warning)) => State::Warning,
        Verdict::Ok => State::Ok,
        Verdict::Failed(failure) => failure_state(failure.reason, outcome, now),
        // The server still speaks to us, and what it said was counted as a failure in the run it said it in.
        Verdict::Skipped(SkipReason::BackOff { because, .. }) if outcome.facts.failing_since.is_some() => {
            failure_state(*because, outcome, now)
        }
        Verdict::Skipped(SkipReason::BackOff { .. }) => State::Warning,
        Verdict::Skipped(_) => State::Unknown,
    };
    let state = breaches.iter().fold(verdict, |state, breach| state.worse(breach.state));
    Judgement { state, breaches, warnings, missing: Vec::new() }
}

/// The state of an outcome, and everything that led to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement<'a> {
    /// The worst of what follows.
    pub state: State,
    /// The limits that were violated, in the order of [`Metric::all`]; each metric at most once, at its worse level.
    pub breaches: Vec<Breach>,
    /// Reasons that stopped nothing and still ask for action: see [`warnings`].
    pub warnings: Vec<&'a Fault>,
    /// Metrics that have a limit and that no run tells: see [`Judgement::add_missing`].
    pub missing: Vec<Metric>,
}

impl Judgement<'_> {
    /// Returns the state of one of its warnings: that of the limit which the warning is about, or Ok while that limit is kept.
    pub fn warning_state(&self, warning: &Fault) -> State {
        let level = self.breaches.iter().find(|breach| breach.metric.is_subject_of(warning.reason)).map(|breach| breach.state);
        level.unwrap_or(if is_warning_by_itself(warning) { State::Warning } else { State::Ok })
    }

    /// Adds a metric that has a limit and that no run tells, and makes the state unknown, unless it is worse. Days that are left to a
    /// credential are only said to be missing: not every application may read them, and limits of them are given everywhere.
    pub fn add_missing(&mut self, metric: Metric) {
        if !metric.is_of_registration() {
            self.state = self.state.worse(State::Unknown);
        }
        self.missing.push(metric);
    }

    /// Reports whether one of the warnings is about the same number as `breach`, and says what to do about it.
    pub fn has_warning_about(&self, breach: &Breach) -> bool {
        self.warnings.iter().any(|warning| breach.metric.is_subject_of(warning.reason))
    }
}

/// A number that left its range.
#[derive(Clone, Debug, PartialEq)]
pub struct Breach {
    /// The metric whose limit was violated.
    pub metric: Metric,
    /// Its value: seconds, days or a count.
    pub value: f64,
    /// The range that it should have stayed in.
    pub range: Range,
    /// Warning or Critical.
    pub state: State,
}

/// Nagios's four states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// All is well.
    Ok,
    /// It works, but somebody should look.
    Warning,
    /// It does not work.
    Critical,
    /// We could not find out.
    Unknown,
}

impl State {
    /// Every state, by exit code.
    pub const ALL: &'static [Self] = &[Self::Ok, Self::Warning, Self::Critical, Self::Unknown];

    /// The exit code of a plugin: 0, 1, 2, 3.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }

    /// In lower case, for JSON.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Unknown => "unknown",
        }
    }

    /// In capitals, for the first line of a plugin's output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// The worse of two: Critical, Warning, Unknown, Ok. A known fault is not hidden by one that is not known, and
    /// what is not known is not hidden by what is well.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        if other.badness() > self.badness() { other } else { self }
    }

    /// Returns the rank that [`State::worse`] compares: 0 for Ok up to 3 for Critical.
    pub const fn badness(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Unknown => 1,
            Self::Warning => 2,
            Self::Critical => 3,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The plugin guidelines keep UNKNOWN for what went wrong in the plugin itself; a name that does not resolve, a port
/// that is closed and a server that is silent are what the plugin is there to find: CRITICAL.
fn failure_state(reason: Reason, outcome: &Outcome, now: SystemTime) -> State {
    match reason {
        _ if is_local(reason) => State::Unknown,
        _ if is_serious(reason, outcome, now) => State::Critical,
        _ => State::Warning,
    }
}

/// Reports whether a warning makes the state Warning by itself. How near the end of EWS may come is left to `ews_days`.
fn is_warning_by_itself(warning: &Fault) -> bool {
    warning.reason != Reason::EwsRetiring
}

/// Iterates over the warnings of a run: first those of a violated limit (the credential's expiry, the clock's difference, the age of
/// mail), then those that the run noted itself.
pub fn warnings<'a>(outcome: &'a Outcome, limits: &Limits, now: SystemTime) -> impl Iterator<Item = &'a Fault> {
    let days = Metric::days_of(outcome.facts.credential_kind());
    let credential = breach(days, outcome, limits, now).and_then(|breach| credential_warning(&breach, outcome));
    let clock = breach(Metric::ClockSkew, outcome, limits, now).map(|_| &CLOCK_WRONG);
    let mail = breach(Metric::OldestMessage, outcome, limits, now).map(|_| &MAIL_PILES_UP);
    credential.into_iter().chain(clock).chain(mail).chain(&outcome.facts.warnings)
}

static EXPIRING: Fault = Fault { reason: Reason::CredentialExpiring, evidence: NO_EVIDENCE };
static EXPIRY_OUTDATED: Fault = Fault { reason: Reason::CredentialExpiryOutdated, evidence: NO_EVIDENCE };
static CLOCK_WRONG: Fault = Fault { reason: Reason::ClockWrong, evidence: NO_EVIDENCE };
static MAIL_PILES_UP: Fault = Fault { reason: Reason::MailPilesUp, evidence: NO_EVIDENCE };
const NO_EVIDENCE: Evidence =
    Evidence { peer: None, said: None, heard: None, code: None, unrecognized: false, ids: SupportIds::new() };

/// Reports whether `reason` is a warning that is made here of a number and its limit, and never noted by a run.
pub const fn is_derived_from_limit(reason: Reason) -> bool {
    matches!(reason, Reason::CredentialExpiring | Reason::CredentialExpiryOutdated | Reason::ClockWrong | Reason::MailPilesUp)
}

/// Returns the warning for a violated limit of the credential's days. That a credential has expired is Entra's to say: a date in
/// the past while a token is still issued was written down wrong, and where none is issued the failure tells more.
fn credential_warning(breach: &Breach, outcome: &Outcome) -> Option<&'static Fault> {
    match outcome.failure() {
        _ if secret_refusal(outcome).is_some() => None,
        _ if breach.value >= 0.0 => Some(&EXPIRING),
        Some(_) => None,
        None => Some(&EXPIRY_OUTDATED),
    }
}

fn breaches(outcome: &Outcome, limits: &Limits, now: SystemTime) -> Vec<Breach> {
    Metric::all().filter_map(|metric| breach(metric, outcome, limits, now)).collect()
}

fn is_expired(outcome: &Outcome) -> bool {
    let expired = |reason| matches!(reason, Reason::ClientSecretExpired | Reason::ClientCertificateExpired);
    outcome.failure().is_some_and(|failure| expired(failure.reason))
}

/// The worse of the levels that `metric` left; none for a run that did not take place, and none of a credential
/// that failed as expired: the failure says more.
fn breach(metric: Metric, outcome: &Outcome, limits: &Limits, now: SystemTime) -> Option<Breach> {
    if outcome.is_skipped() || matches!(metric, Metric::SecretDays | Metric::CredentialDays) && is_expired(outcome) {
        return None;
    }
    let value = metric.value(outcome, now)?;
    let (warning, critical) = limits.ranges(metric, outcome.probe.check);
    let levels = [(State::Critical, critical), (State::Warning, warning)];
    levels.into_iter().find_map(|(state, range)| {
        let range = range.filter(|range| range.alerts(value))?;
        Some(Breach { metric, value, range, state })
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::kind::Check;
    use crate::outcome::{Facts, Failure, Phase, ProbeId, Span, TokenFacts};
    use crate::reason::Severity;

    const DAY: Duration = Duration::from_secs(86_400);

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + 20_000 * DAY
    }

    fn run(verdict: Verdict) -> Outcome {
        Outcome {
            probe: ProbeId { tenant: "contoso".into(), mailbox: Some("praxis".into()), check: Check::Pop3 },
            address: None,
            at: now(),
            took: Duration::from_millis(1500),
            phases: vec![Span { phase: Phase::Tls, took: Duration::from_millis(700) }],
            facts: Facts { credential_expires: Some(now() + 20 * DAY), ..Facts::default() },
            verdict,
            interval: None,
        }
    }

    fn failed(reason: Reason) -> Outcome {
        run(Verdict::Failed(Failure { phase: Phase::Tls, reason, evidence: Evidence::default() }))
    }

    fn limits(warning: &[&str], critical: &[&str]) -> Limits {
        let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        Limits::parse(&texts(warning), &texts(critical)).expect("limits")
    }

    #[test]
    fn judge_of_a_fresh_token_warns_of_a_clock_that_differs_by_more_than_two_minutes() {
        let state = |check, skew, cached, limits: &Limits| {
            let token = TokenFacts { clock_skew: Some(skew), cached, ..TokenFacts::default() };
            let outcome = Outcome {
                probe: ProbeId { check, ..run(Verdict::Ok).probe },
                facts: Facts { token: Some(token.into()), ..Facts::default() },
                ..run(Verdict::Ok)
            };
            let judged = judge(&outcome, limits, now());
            let warned = judged.warnings.iter().any(|warning| warning.reason == Reason::ClockWrong);
            assert_eq!(warned, judged.state != State::Ok, "the reason stands beside the number");
            judged.state
        };
        let (none, off) = (Limits::default(), limits(&["clock_skew=~:"], &[]));
        let critical = limits(&[], &["clock_skew=-300:300"]);
        for skew in [600.0, -600.0, 172_800.0, -121.0] {
            assert_eq!(state(Check::Token, skew, false, &none), State::Warning, "{skew}");
            assert_eq!(state(Check::Token, skew, false, &off), State::Ok, "{skew}");
            assert_eq!(state(Check::Token, skew, true, &none), State::Ok, "{skew}: as it was when the token was issued");
            assert_eq!(state(Check::Pop3, skew, false, &none), State::Ok, "{skew}: one check warns");
        }
        assert_eq!(state(Check::Token, 600.0, false, &critical), State::Critical);
        assert_eq!(state(Check::Token, -119.0, false, &none), State::Ok);
        assert_eq!(state(Check::Token, f64::NAN, true, &none), State::Ok);
    }

    #[test]
    fn judge_of_a_failure_is_unknown_for_local_reasons_and_else_follows_its_severity() {
        for reason in Reason::ALL {
            let ours = [Reason::Internal, Reason::LocalResources, Reason::LocalTrustStore, Reason::SecretUnreadable];
            let ours =
                [&ours[..], &[Reason::MachineTooSlow, Reason::CeilingReached, Reason::StateUnusable, Reason::RefusalAmbiguous]]
                    .concat();
            let state = judge(&failed(*reason), &Limits::default(), now()).state;
            let expected = match reason.severity() {
                _ if ours.contains(reason) => State::Unknown,
                Severity::Degraded => State::Warning,
                Severity::Failed | Severity::Transient => State::Critical,
            };
            assert_eq!(state, expected, "{reason}");
        }
    }

    #[test]
    fn judge_of_a_run_with_a_warning_is_warning_unless_it_failed() {
        let warned = |mut outcome: Outcome| {
            outcome.facts.warn(Fault::new(Reason::TlsIntercepted));
            judge(&outcome, &Limits::default(), now()).state
        };
        assert_eq!(warned(run(Verdict::Ok)), State::Warning);
        assert_eq!(warned(failed(Reason::AuthRefused)), State::Critical);
        assert_eq!(warned(failed(Reason::Internal)), State::Unknown);
    }

    #[test]
    fn judge_of_ews_is_warning_from_60_days_before_its_end() {
        for (days, state) in [(127, State::Ok), (61, State::Ok), (59, State::Warning), (1, State::Warning)] {
            let mut outcome = run(Verdict::Ok);
            outcome.probe.check = Check::Ews;
            outcome.facts.ews_ends = Some(now() + days * DAY);
            outcome.facts.warn(Fault::new(Reason::EwsRetiring));
            assert_eq!(judge(&outcome, &Limits::default(), now()).state, state, "{days} days left");
        }
    }

    #[test]
    fn judge_of_a_credential_near_or_past_its_expiry_warns_unless_the_failure_says_more() {
        use Reason::{AuthRefused, ClientSecretExpired, CredentialExpiring, CredentialExpiryOutdated, TlsClosed};
        for (hours, failed_for, state, warning) in [
            (31 * 24, None, State::Ok, None),
            (29 * 24, None, State::Warning, Some(CredentialExpiring)),
            (6 * 24, None, State::Critical, Some(CredentialExpiring)),
            (1, None, State::Critical, Some(CredentialExpiring)),
            (-1, None, State::Critical, Some(CredentialExpiryOutdated)),
            (6 * 24, Some(TlsClosed), State::Critical, Some(CredentialExpiring)),
            (6 * 24, Some(ClientSecretExpired), State::Critical, None),
            (-1, Some(ClientSecretExpired), State::Critical, None),
            (-1, Some(AuthRefused), State::Critical, None),
        ] {
            let mut outcome = failed_for.map_or_else(|| run(Verdict::Ok), failed);
            outcome.probe.check = Check::Token;
            let hour = Duration::from_secs(3600);
            let end = if hours < 0 { now() - hour } else { now() + hour * u32::try_from(hours).expect("a few") };
            outcome.facts.credential_expires = Some(end);
            let judged = judge(&outcome, &Limits::default(), now());
            let reasons: Vec<_> = judged.warnings.iter().map(|warning| warning.reason).collect();
            assert_eq!((judged.state, reasons), (state, Vec::from_iter(warning)), "{hours} hours left, {failed_for:?}");
            assert!(judged.warnings.iter().all(|warning| judged.warning_state(warning) == state), "{hours} hours left");
            assert!(
                judged.breaches.iter().all(|breach| judged.has_warning_about(breach) == warning.is_some()),
                "{hours} hours left"
            );
            let off = limits(&["secret_days=~:"], &["secret_days=~:"]);
            assert!(judge(&outcome, &off, now()).warnings.is_empty(), "the level is switched off");
        }
    }

    #[test]
    fn judge_of_a_skipped_run_has_no_breaches_and_no_warnings() {
        for (skip, state) in [
            (SkipReason::Busy, State::Unknown),
            (SkipReason::Missed, State::Unknown),
            (SkipReason::BackOff { until: now(), because: Reason::Throttled }, State::Warning),
        ] {
            let outcome = run(Verdict::Skipped(skip));
            let judged = judge(&outcome, &limits(&["0"], &["0"]), now());
            assert_eq!(judged, Judgement { state, breaches: Vec::new(), warnings: Vec::new(), missing: Vec::new() });
        }
    }

    #[test]
    fn judge_of_a_metric_outside_both_limits_takes_the_worse() {
        for (warning, critical, state, metrics) in [
            (&["2"][..], &["10"][..], State::Ok, &[][..]),
            (&["1"], &["10"], State::Warning, &["total"]),
            (&["1"], &["1.2", "tls=1"], State::Critical, &["total"]),
            (&["tls=0.7", "dns=0"], &[], State::Ok, &[]),
            (&["1", "tls=0.5", "secret_days=30:"], &["secret_days=7:"], State::Warning, &["total", "tls", "secret_days"]),
            (&["secret_days=30:"], &["secret_days=21:"], State::Critical, &["secret_days"]),
            (&["messages=0"], &["certificate_days=30:", "auth=0"], State::Ok, &[]),
        ] {
            let outcome = run(Verdict::Ok);
            let judged = judge(&outcome, &limits(warning, critical), now());
            assert_eq!(judged.state, state, "{warning:?} {critical:?}");
            let breached: Vec<_> = judged.breaches.iter().map(|breach| breach.metric.code()).collect();
            assert_eq!(breached, metrics, "{warning:?} {critical:?}");
        }
    }

    #[test]
    fn worse_of_two_states_is_the_same_in_either_order() {
        for (one, other, worst) in [
            (State::Ok, State::Unknown, State::Unknown),
            (State::Unknown, State::Warning, State::Warning),
            (State::Warning, State::Critical, State::Critical),
            (State::Critical, State::Unknown, State::Critical),
            (State::Ok, State::Ok, State::Ok),
        ] {
            assert_eq!(one.worse(other), worst);
            assert_eq!(other.worse(one), worst);
        }
    }
}
