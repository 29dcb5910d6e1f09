//! Incidents: the times in which one probe failed for one reason.

use std::collections::VecDeque;
use std::time::SystemTime;

use crate::reason::Reason;

/// A time in which a probe failed, run after run, for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incident {
    /// The reason.
    pub reason: Reason,
    /// Start of the first run that failed for it.
    pub from: SystemTime,
    /// Start of the first run that no longer did; `None` while it lasts.
    pub to: Option<SystemTime>,
    /// Number of failed runs.
    pub runs: u32,
}

/// The last incidents of one probe, the latest first.
#[derive(Clone, Debug, Default)]
pub struct Incidents(VecDeque<Incident>);

impl Incidents {
    /// Number of incidents kept: a week of one every night, in 40 bytes each.
    const KEPT: usize = 7;

    /// Adds a run that began at `at` and failed for `reason`, or succeeded.
    pub(super) fn add(&mut self, at: SystemTime, reason: Option<Reason>) {
        let open = self.0.front_mut().filter(|incident| incident.to.is_none());
        match (open, reason) {
            (Some(open), Some(reason)) if open.reason == reason => {
                open.runs = open.runs.saturating_add(1);
                return;
            }
            (Some(open), _) => open.to = Some(at),
            (None, _) => {}
        }
        if let Some(reason) = reason {
            self.0.push_front(Incident { reason, from: at, to: None, runs: 1 });
            self.0.truncate(Self::KEPT);
        }
    }

    /// Returns all times of them, to be moved when the clock was set.
    pub(super) fn times(&mut self) -> impl Iterator<Item = &mut SystemTime> {
        self.0.iter_mut().flat_map(|incident| std::iter::once(&mut incident.from).chain(&mut incident.to))
    }

    /// Returns those of an earlier process, the latest first.
    pub fn restored(incidents: impl IntoIterator<Item = Incident>) -> Self {
        Self(incidents.into_iter().take(Self::KEPT).collect())
    }

    /// Returns those kept, the latest first.
    pub fn iter(&self) -> impl Iterator<Item = &Incident> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn incident_lasts_until_a_success_or_another_reason() {
        let at = |minute: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(60 * minute);
        let (expired, wrong) = (Reason::ClientSecretExpired, Reason::ClientSecretWrong);
        let mut incidents = Incidents::default();
        for (minute, reason) in [None, Some(expired), Some(expired), Some(wrong), None, None, Some(wrong)].into_iter().enumerate()
        {
            incidents.add(at(minute as u64), reason);
        }
        let expected = [(wrong, 6, None, 1), (wrong, 3, Some(4), 1), (expired, 1, Some(3), 2)];
        let expected = expected.map(|(reason, from, to, runs)| Incident { reason, from: at(from), to: to.map(at), runs });
        assert_eq!(incidents.iter().copied().collect::<Vec<_>>(), expected);
        (0..100).for_each(|minute| incidents.add(at(minute), [None, Some(wrong)][(minute % 2) as usize]));
        assert_eq!(incidents.iter().count(), Incidents::KEPT);
    }
}
