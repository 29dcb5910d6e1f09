//! A probe and its state, judged once for all that a page says of it.

use std::time::SystemTime;

use crate::levels::State;
use crate::outcome::ProbeId;
use crate::report::probe_state::ProbeState;
use crate::store::ProbeEntry;

/// A probe, and the state that follows from its last outcome.
#[derive(Debug)]
pub struct JudgedProbe<'a> {
    /// The probe, as the store knows it.
    pub entry: &'a ProbeEntry,
    /// Its state.
    pub state: ProbeState<'a>,
}

impl<'a> JudgedProbe<'a> {
    /// Judges the probe.
    pub fn new(entry: &'a ProbeEntry, now: SystemTime) -> Self {
        Self { entry, state: ProbeState::new(entry, now) }
    }

    /// The probe's id.
    pub fn id(&self) -> &'a ProbeId {
        &self.entry.settings.id
    }

    /// Reports whether its state is known and not ok.
    pub fn is_troubled(&self) -> bool {
        self.state.state().is_some_and(|state| state != State::Ok)
    }
}
