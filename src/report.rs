//! Everything that is shown of outcomes, whatever the format: each output is made of this.

pub mod expiry;
pub mod notification;
pub mod outcome_index;
pub mod probe_state;
pub mod remedy;
pub mod root_cause;
pub mod sentence;
pub mod term;
pub mod text;

use std::time::SystemTime;

use self::probe_state::ProbeState;
use crate::levels::{self, Judgement, Limits, State};
use crate::outcome::{Fault, Outcome};
use crate::reason::{CredentialForm, Reason};
use crate::settings::Tenant;
use crate::store::Store;

/// The application that was used, and the tenant it was used in, as configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Application<'a> {
    /// Application (client) id.
    pub client_id: &'a str,
    /// Directory id, or a verified domain.
    pub tenant_id: &'a str,
    /// The form of its credential, on which some remedies depend; `None` where it is not known.
    pub credential: Option<CredentialForm>,
}

impl<'a> From<&'a Tenant> for Application<'a> {
    fn from(tenant: &'a Tenant) -> Self {
        Self { client_id: &tenant.client_id, tenant_id: &tenant.tenant_id, credential: Some(tenant.credential.form()) }
    }
}

/// An outcome and what it amounts to.
#[derive(Clone, Debug)]
pub struct JudgedOutcome<'a> {
    /// The outcome that is judged.
    pub outcome: &'a Outcome,
    /// The limits it was judged by.
    pub limits: &'a Limits,
    /// The state of the outcome, and what led to it.
    pub judgement: Judgement<'a>,
    /// The time for which it was judged.
    pub now: SystemTime,
    /// The ids that the texts are filled in with; `None` where they are not at hand.
    pub application: Option<Application<'a>>,
}

impl<'a> JudgedOutcome<'a> {
    /// Judges `outcome` by `limits`.
    pub fn new(outcome: &'a Outcome, limits: &'a Limits, now: SystemTime) -> Self {
        Self { outcome, limits, judgement: levels::judge(outcome, limits, now), now, application: None }
    }

    /// The same, with the application that was used.
    #[must_use]
    pub fn with_application(self, application: impl Into<Application<'a>>) -> Self {
        Self { application: Some(application.into()), ..self }
    }

    /// Returns the form of the application's credential, where it is known.
    pub fn credential(&self) -> Option<CredentialForm> {
        self.application.and_then(|application| application.credential)
    }

    /// Returns the first thing to do about a reason of this outcome, in one line.
    pub fn first_step(&self, reason: Reason) -> &'static str {
        reason.remedy_with(self.credential())
    }

    /// Ok, Warning, Critical or Unknown.
    pub fn state(&self) -> State {
        self.judgement.state
    }

    /// Reasons that stopped nothing and still ask for action.
    pub fn warnings(&self) -> &[&'a Fault] {
        &self.judgement.warnings
    }

    /// Reports whether the run succeeded and no limit was violated.
    pub fn is_good(&self) -> bool {
        self.outcome.is_ok() && self.judgement.breaches.is_empty()
    }
}

/// The last outcome of each probe in the store, by the limits of its configuration; a turn that was skipped only where
/// nothing ran before it.
pub fn latest(store: &Store, now: SystemTime) -> Vec<JudgedOutcome<'_>> {
    store.probes().iter().filter_map(|entry| ProbeState::new(entry, now).into_judged()).collect()
}

/// The worst state; of nothing at all, Unknown.
pub fn worst_state(judged: &[JudgedOutcome<'_>]) -> State {
    judged.iter().map(JudgedOutcome::state).reduce(State::worse).unwrap_or(State::Unknown)
}
