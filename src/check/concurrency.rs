//! Bounded concurrency inside one run: the futures are dropped with the run, and its panic guard covers them.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};

/// Drives `all`, at most `most` of them at a time, and returns the results in the order of `all`.
pub(super) async fn run_all<F: Future>(most: usize, all: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let numbered = all.into_iter().enumerate().map(|(place, work)| async move { (place, work.await) });
    let numbered: Vec<_> = numbered.collect();
    // As they come: in order, one that is slow would keep the places of those behind it.
    let mut results: Vec<_> = stream::iter(numbered).buffer_unordered(most.max(1)).collect().await;
    results.sort_unstable_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Returns the time limit of each of `count` futures, of which `most` run at a time, so that all end within `whole`.
pub(super) fn share(whole: Duration, count: usize, most: usize) -> Duration {
    whole / u32::try_from(count.div_ceil(most.max(1)).max(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn run_all_drives_as_many_at_a_time_as_allowed_and_keeps_the_order() {
        let (running, peak) = (Cell::new(0), Cell::new(0));
        let one = |seconds| {
            let (running, peak) = (&running, &peak);
            async move {
                running.set(running.get() + 1);
                peak.set(running.get().max(peak.get()));
                sleep(Duration::from_secs(seconds)).await;
                running.set(running.get() - 1);
                seconds
            }
        };
        let began = Instant::now();
        assert_eq!(run_all(2, [3, 1, 2, 0, 0].map(one)).await, [3, 1, 2, 0, 0]);
        assert_eq!((peak.get(), began.elapsed()), (2, Duration::from_secs(3)));
        assert!(run_all(0, Vec::<std::future::Ready<()>>::new()).await.is_empty());
    }

    #[test]
    fn share_divides_the_time_by_rounds() {
        let seconds = Duration::from_secs;
        for (whole, count, most, expected) in [(6, 0, 4, 6), (6, 4, 4, 6), (6, 5, 4, 3), (6, 9, 4, 2), (6, 3, 0, 2)] {
            assert_eq!(share(seconds(whole), count, most), seconds(expected), "{count} {most}");
        }
    }
}
