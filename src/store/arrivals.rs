//! A histogram of the times that mails of round trips took to arrive.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Number of bounds.
const BUCKETS: usize = 10;

/// Counts of mails by the time to their arrival.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Arrivals {
    counts: [u64; BUCKETS],
    /// Number of mails counted.
    pub count: u64,
    /// Sum of their times, in seconds.
    pub sum: f64,
}

impl Arrivals {
    /// Upper bounds in seconds: from a mail within one server to the hour after which one counts as lost. Five minutes are the
    /// time for arrival where nothing else is configured.
    pub const BOUNDS: [f64; BUCKETS] = [1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0];

    /// Counts a mail.
    pub fn observe(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        self.count += 1;
        self.sum += seconds;
        if let Some((_, count)) = Self::BOUNDS.iter().zip(&mut self.counts).find(|(bound, _)| seconds <= **bound) {
            *count += 1;
        }
    }

    /// Returns each bound, in seconds, with the number of mails that took no longer.
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
    fn arrivals_count_a_mail_in_every_bucket_at_least_as_long() {
        let mut arrivals = Arrivals::default();
        for seconds in [0, 3, 300, 9000] {
            arrivals.observe(Duration::from_secs(seconds));
        }
        let counts: Vec<u64> = arrivals.cumulative().map(|(_, count)| count).collect();
        assert_eq!(counts, [1, 1, 2, 2, 2, 2, 2, 3, 3, 3]);
        assert_eq!(arrivals.count, 4);
        assert!((arrivals.sum - 9303.0).abs() < 1e-9);
    }
}
