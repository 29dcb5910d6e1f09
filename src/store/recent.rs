//! How long the last runs took, for a glance at whether something is getting worse.

use std::collections::VecDeque;
use std::time::Duration;

/// A run that took place, in brief: there may be hundreds of probes, each with a row of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brief {
    /// How long it took, to the millisecond.
    pub millis: u32,
    /// Whether it succeeded.
    pub ok: bool,
}

/// The last runs of one probe, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct Recent(VecDeque<Brief>);

impl Recent {
    /// So many runs are kept: half an hour of a probe that runs once a minute.
    pub const KEPT: usize = 30;

    /// Learns of a run.
    pub fn push(&mut self, took: Duration, ok: bool) {
        if self.0.len() == Self::KEPT {
            self.0.pop_front();
        }
        self.0.push_back(Brief { millis: u32::try_from(took.as_millis()).unwrap_or(u32::MAX), ok });
    }

    /// The runs kept, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Brief> + ExactSizeIterator {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_run_gives_way() {
        let mut recent = Recent::default();
        for second in 0..40 {
            recent.push(Duration::from_secs(second), second % 2 == 0);
        }
        assert_eq!(recent.iter().len(), Recent::KEPT);
        assert_eq!(recent.iter().next(), Some(Brief { millis: 10_000, ok: true }));
        assert_eq!(recent.iter().last(), Some(Brief { millis: 39_000, ok: false }));
        recent.push(Duration::MAX, true);
        assert_eq!(recent.iter().last().map(|run| run.millis), Some(u32::MAX));
    }
}
