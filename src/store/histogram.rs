//! Histograms of times: of runs, and of mails on their way.

use std::fmt::Debug;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The bounds of a histogram.
pub trait Scale {
    /// Upper bounds in seconds, the lowest first.
    const BOUNDS: &'static [f64];
    /// One count for each bound.
    type Counts: AsRef<[u64]> + AsMut<[u64]> + Clone + Debug + Default + PartialEq + Serialize + DeserializeOwned;
}

/// Counts of times by their bounds, with their number and sum.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Histogram<S: Scale> {
    /// Of each bound, the times that no lower bound holds.
    counts: S::Counts,
    /// Number of times counted.
    pub count: u64,
    /// Sum of them, in seconds.
    pub sum: f64,
}

/// The times of runs, failed ones included.
pub type Latencies = Histogram<OfRuns>;

/// The times that mails of round trips took to arrive.
pub type Arrivals = Histogram<OfMails>;

/// From a resolver on the same machine to the default timeout. Exchange answers a login in half a second, and takes 20 seconds to
/// refuse one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OfRuns;

impl Scale for OfRuns {
    const BOUNDS: &'static [f64] = &[0.005, 0.01, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0];
    type Counts = [u64; Self::BOUNDS.len()];
}

/// From a mail within one server to the hour after which one counts as lost. Five minutes are the time for arrival where nothing else
/// is configured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OfMails;

impl Scale for OfMails {
    const BOUNDS: &'static [f64] = &[1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0];
    type Counts = [u64; Self::BOUNDS.len()];
}

impl<S: Scale> Histogram<S> {
    /// Counts a time.
    pub fn observe(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        self.count += 1;
        self.sum += seconds;
        if let Some((_, count)) = S::BOUNDS.iter().zip(self.counts.as_mut()).find(|(bound, _)| seconds <= **bound) {
            *count += 1;
        }
    }

    /// Returns each bound, in seconds, with the number of times that are no longer.
    pub fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> {
        let mut so_far = 0;
        S::BOUNDS.iter().zip(self.counts.as_ref()).map(move |(bound, count)| {
            so_far += count;
            (*bound, so_far)
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
