//! Outcome and limits in, Ok, Warning, Critical or Unknown out.

mod limits;
mod range;

use std::fmt;
use std::time::SystemTime;

pub use self::limits::{Limits, Metric};
pub use self::range::Range;
use crate::outcome::{Fault, Outcome, SkipReason, Verdict};
use crate::reason::{Reason, Severity};

/// What `outcome` amounts to under `limits`.
///
/// A failure is critical, whosever move it is, unless nobody but this machine had a part in it (then nothing is known
/// of the far side) or the access still works. A run that succeeded and saw what is worth a look is a warning. A number
/// that is not known breaches nothing: not known is not no.
pub fn judge(outcome: &Outcome, limits: &Limits, now: SystemTime) -> Judgement {
    let (verdict, breaches) = match &outcome.verdict {
        Verdict::Ok if !outcome.facts.warnings.iter().any(calls_for_a_look) => (State::Ok, breaches(outcome, limits, now)),
        Verdict::Ok => (State::Warning, breaches(outcome, limits, now)),
        Verdict::Failed(failure) => (of_failure(failure.reason), breaches(outcome, limits, now)),
        // The server still speaks to us, and what it said was counted as a failure in the run it said it in.
        Verdict::Skipped(SkipReason::BackOff { .. }) => (State::Warning, Vec::new()),
        Verdict::Skipped(_) => (State::Unknown, Vec::new()),
    };
    let state = breaches.iter().fold(verdict, |state, breach| state.worse(breach.state));
    Judgement { state, breaches }
}

/// What an outcome amounts to.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The worst of what follows.
    pub state: State,
    /// Which limits were left, in the order of [`Metric::all`]; a metric stands here once, with its worse level.
    pub breaches: Vec<Breach>,
}

/// A number that left its range.
#[derive(Clone, Debug, PartialEq)]
pub struct Breach {
    /// Which number.
    pub metric: Metric,
    /// What it is: seconds, days or a count.
    pub value: f64,
    /// Where it should have stayed.
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

    /// How bad it is: the order that [`State::worse`] goes by.
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
fn of_failure(reason: Reason) -> State {
    match reason {
        Reason::Internal | Reason::LocalResources | Reason::LocalTrustStore | Reason::SecretUnreadable => State::Unknown,
        _ => match reason.severity() {
            Severity::Degraded => State::Warning,
            Severity::Failed | Severity::Transient => State::Critical,
        },
    }
}

/// Whether what a run noted is worth a warning at once. How near the end of EWS may come is `ews_days`' to say.
pub fn calls_for_a_look(worth_a_look: &Fault) -> bool {
    worth_a_look.reason != Reason::EwsRetiring
}

fn breaches(outcome: &Outcome, limits: &Limits, now: SystemTime) -> Vec<Breach> {
    let of = |metric: Metric| {
        let value = metric.of(outcome, now)?;
        let (warning, critical) = limits.of(metric, outcome.probe.check);
        let levels = [(State::Critical, critical), (State::Warning, warning)];
        levels.into_iter().find_map(|(state, range)| {
            let range = range.filter(|range| range.alerts(value))?;
            Some(Breach { metric, value, range, state })
        })
    };
    Metric::all().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::outcome::{Evidence, Facts, Failure, Phase, ProbeId, Span};

    const DAY: Duration = Duration::from_secs(86_400);

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + 20_000 * DAY
    }

    fn run(verdict: Verdict) -> Outcome {
        Outcome {
            probe: ProbeId { tenant: "contoso".into(), mailbox: Some("praxis".into()), check: "pop3" },
            address: None,
            at: now(),
            took: Duration::from_millis(1500),
            phases: vec![Span { phase: Phase::Tls, took: Duration::from_millis(700) }],
            facts: Facts { credential_expires: Some(now() + 20 * DAY), ..Facts::default() },
            verdict,
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
    fn what_kept_us_from_asking_is_unknown_and_everything_else_critical() {
        for reason in Reason::ALL {
            let ours = [Reason::Internal, Reason::LocalResources, Reason::LocalTrustStore, Reason::SecretUnreadable];
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
    fn what_is_worth_a_look_is_a_warning() {
        let warned = |mut outcome: Outcome| {
            outcome.facts.warn(Fault::new(Reason::TlsIntercepted));
            judge(&outcome, &Limits::default(), now()).state
        };
        assert_eq!(warned(run(Verdict::Ok)), State::Warning);
        assert_eq!(warned(failed(Reason::AuthRefused)), State::Critical);
        assert_eq!(warned(failed(Reason::Internal)), State::Unknown);
    }

    #[test]
    fn the_end_of_ews_is_no_warning_until_it_is_near() {
        for (days, state) in [(127, State::Ok), (61, State::Ok), (59, State::Warning), (1, State::Warning)] {
            let mut outcome = run(Verdict::Ok);
            outcome.probe.check = "ews";
            outcome.facts.ews_ends = Some(now() + days * DAY);
            outcome.facts.warn(Fault::new(Reason::EwsRetiring));
            assert_eq!(judge(&outcome, &Limits::default(), now()).state, state, "{days} days left");
        }
    }

    #[test]
    fn a_run_that_did_not_happen_says_nothing_of_the_far_side() {
        for (skip, state) in [
            (SkipReason::Busy, State::Unknown),
            (SkipReason::Missed, State::Unknown),
            (SkipReason::BackOff { until: now(), because: Reason::Throttled }, State::Warning),
        ] {
            let judged = judge(&run(Verdict::Skipped(skip)), &limits(&["0"], &["0"]), now());
            assert_eq!(judged, Judgement { state, breaches: Vec::new() });
        }
    }

    #[test]
    fn numbers_are_judged_by_their_worse_level() {
        for (warning, critical, state, metrics) in [
            (&["2"][..], &["10"][..], State::Ok, &[][..]),
            (&["1"], &["10"], State::Warning, &["total"]),
            (&["1"], &["1.2", "tls=1"], State::Critical, &["total"]),
            (&["tls=0.7", "dns=0"], &[], State::Ok, &[]),
            (&["1", "tls=0.5", "secret_days=30:"], &["secret_days=7:"], State::Warning, &["total", "tls", "secret_days"]),
            (&["secret_days=30:"], &["secret_days=21:"], State::Critical, &["secret_days"]),
            (&["messages=0"], &["certificate_days=30:", "auth=0"], State::Ok, &[]),
        ] {
            let judged = judge(&run(Verdict::Ok), &limits(warning, critical), now());
            assert_eq!(judged.state, state, "{warning:?} {critical:?}");
            let breached: Vec<_> = judged.breaches.iter().map(|breach| breach.metric.code()).collect();
            assert_eq!(breached, metrics, "{warning:?} {critical:?}");
        }
    }

    #[test]
    fn the_worst_state_wins() {
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
