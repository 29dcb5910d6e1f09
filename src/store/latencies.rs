//! A histogram of the times of runs.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Number of bounds.
const BUCKETS: usize = 11;

/// Counts of runs by their time, failed ones included.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Latencies {
    counts: [u64; BUCKETS],
    /// Number of runs counted.
    pub count: u64,
    /// Sum of their times, in seconds.
    pub sum: f64,
}

impl Latencies {
    /// Upper bounds in seconds: from a resolver on the same machine to the default timeout. Exchange answers a login in
    /// half a second, and takes 20 seconds to refuse one.
    pub const BOUNDS: [f64; BUCKETS] = [0.005, 0.01, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0];

    /// Counts a run.
    pub fn observe(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        self.count += 1;
        self.sum += seconds;
        if let Some((_, count)) = Self::BOUNDS.iter().zip(&mut self.counts).find(|(bound, _)| seconds <= **bound) {
            *count += 1;
        }
    }

    /// Returns each bound, in seconds, with the number of runs that took no longer.
    pub fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> {
        let mut so_far = 0;
        Self::BOUNDS.into_iter().zip(self.counts).map(move |(bound, count)| {
            so_far += count;
            (bound, so_far)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_count_a_run_in_every_bucket_at_least_as_long() {
        let mut latencies = Latencies::default();
        for millis in [5, 25, 26, 100, 400, 30_000] {
            latencies.observe(Duration::from_millis(millis));
        }
        let counts: Vec<u64> = latencies.cumulative().map(|(_, count)| count).collect();
        assert_eq!(counts, [1, 1, 2, 4, 4, 5, 5, 5, 5, 5, 5]);
        assert_eq!(latencies.count, 6);
        assert!((latencies.sum - 30.556).abs() < 1e-9);
    }
}
