//! The history of a probe: times and results of its last runs, for a sparkline.

use std::collections::VecDeque;
use std::time::Duration;

/// Time and result of a run that took place. Kept small: there may be hundreds of probes, each with [`History::KEPT`] of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastRun {
    /// Duration in milliseconds.
    pub millis: u32,
    /// Set if the run succeeded.
    pub ok: bool,
}

/// The last runs of one probe, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct History(VecDeque<PastRun>);

impl History {
    /// Number of runs kept: half an hour of a probe that runs once a minute.
    pub const KEPT: usize = 30;

    /// Adds a run.
    pub fn push(&mut self, took: Duration, ok: bool) {
        if self.0.len() == Self::KEPT {
            self.0.pop_front();
        }
        self.0.push_back(PastRun { millis: u32::try_from(took.as_millis()).unwrap_or(u32::MAX), ok });
    }

    /// Returns the runs kept, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = PastRun> + ExactSizeIterator {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_keeps_the_last_30_runs() {
        let mut history = History::default();
        for second in 0..40 {
            history.push(Duration::from_secs(second), second % 2 == 0);
        }
        assert_eq!(history.iter().len(), History::KEPT);
        assert_eq!(history.iter().next(), Some(PastRun { millis: 10_000, ok: true }));
        assert_eq!(history.iter().last(), Some(PastRun { millis: 39_000, ok: false }));
        history.push(Duration::MAX, true);
        assert_eq!(history.iter().last().map(|run| run.millis), Some(u32::MAX));
    }
}
