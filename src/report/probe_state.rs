//! The state of a probe that a service runs: what its last outcome amounts to, and whether that still holds.

use std::time::SystemTime;

use super::JudgedOutcome;
use crate::levels::State;
use crate::outcome::{Failure, Outcome};
use crate::store::ProbeEntry;

/// The state of a probe, with the outcome it follows from: that of the last run, or of the last skipped run where none ever
/// took place. [`ProbeEntry::since`] is the start of its present failure.
#[derive(Clone, Debug)]
pub enum ProbeState<'a> {
    /// No run has taken place or been skipped.
    NotRun,
    /// The outcome is recent, and its judgement is the state.
    Current(JudgedOutcome<'a>),
    /// The outcome is too old to be the present state, which is unknown.
    Stale(JudgedOutcome<'a>),
}

impl<'a> ProbeState<'a> {
    /// Judges what the store knows of a probe by the limits of its configuration.
    pub fn new(entry: &'a ProbeEntry, now: SystemTime) -> Self {
        let last = || entry.last.as_deref().or(entry.skipped.as_deref());
        let Some(outcome) = entry.current_outcome(now).or_else(last) else { return Self::NotRun };
        let settings = &entry.settings;
        let judged = JudgedOutcome::new(outcome, &settings.limits, now).with_application(&*settings.tenant);
        if entry.is_current(outcome.at, now) { Self::Current(judged) } else { Self::Stale(judged) }
    }

    /// Reports whether the first run is still to come.
    pub const fn is_waiting(&self) -> bool {
        matches!(self, Self::NotRun)
    }

    /// Ok, Warning, Critical or Unknown; `None` before the first run.
    pub fn state(&self) -> Option<State> {
        match self {
            Self::NotRun => None,
            Self::Current(judged) => Some(judged.state()),
            Self::Stale(_) => Some(State::Unknown),
        }
    }

    /// The last outcome, recent or not.
    pub fn into_judged(self) -> Option<JudgedOutcome<'a>> {
        match self {
            Self::NotRun => None,
            Self::Current(judged) | Self::Stale(judged) => Some(judged),
        }
    }

    /// The last run that took place, recent or not.
    pub fn last_run(&self) -> Option<&'a Outcome> {
        match self {
            Self::NotRun => None,
            Self::Current(judged) | Self::Stale(judged) => Some(judged.outcome).filter(|outcome| !outcome.is_skipped()),
        }
    }

    /// The last run that took place, where it is recent.
    pub fn current_run(&self) -> Option<&JudgedOutcome<'a>> {
        match self {
            Self::Current(judged) => Some(judged).filter(|judged| !judged.outcome.is_skipped()),
            Self::NotRun | Self::Stale(_) => None,
        }
    }

    /// Returns the failure of the last run, recent or not.
    pub fn failure(&self) -> Option<&'a Failure> {
        self.last_run().and_then(Outcome::failure)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::cloud::Cloud;
    use crate::credential::SecretSource;
    use crate::kind::Check;
    use crate::outcome::{Evidence, Phase, ProbeId, SkipReason, Verdict};
    use crate::reason::Reason;
    use crate::settings::{ProbeSettings, Tenant};
    use crate::store::Store;

    fn probe() -> ProbeId {
        ProbeId { tenant: "contoso".into(), mailbox: None, check: Check::Token }
    }

    fn store_with(verdict: Option<Verdict>) -> Store {
        let cloud = Cloud::built_in("global").expect("built in");
        let tenant = Tenant::new("contoso", cloud, "tenant", "client", SecretSource::Variable("SECRET".into()));
        let mut store = Store::new(&[ProbeSettings::new(probe(), Arc::new(tenant), None)]);
        if let Some(verdict) = verdict {
            store.record(Outcome::new(probe(), SystemTime::UNIX_EPOCH, verdict));
        }
        store
    }

    fn failed() -> Verdict {
        Verdict::Failed(Failure { phase: Phase::Token, reason: Reason::ClientSecretExpired, evidence: Evidence::default() })
    }

    #[test]
    fn state_of_a_probe_follows_its_last_outcome_until_that_is_stale() {
        let busy = || Verdict::Skipped(SkipReason::Busy);
        let (soon, late) = (1, 1_000_000);
        for (verdict, seconds, state, has_run, has_failed) in [
            (None, soon, None, false, false),
            (Some(Verdict::Ok), soon, Some(State::Ok), true, false),
            (Some(Verdict::Ok), late, Some(State::Unknown), false, false),
            (Some(failed()), soon, Some(State::Critical), true, true),
            (Some(failed()), late, Some(State::Unknown), false, true),
            (Some(busy()), soon, Some(State::Unknown), false, false),
            (Some(busy()), late, Some(State::Unknown), false, false),
        ] {
            let store = store_with(verdict.clone());
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            let probe = ProbeState::new(store.probe(&probe()).expect("stored"), now);
            let seen = (probe.state(), probe.current_run().is_some(), probe.failure().is_some());
            assert_eq!(seen, (state, has_run, has_failed), "{verdict:?} after {seconds} s");
        }
    }
}
