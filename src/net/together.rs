//! Many things at once, but not too many, inside one run: dropped with it, and guarded with it against a panic.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Drives `all`, at most `most` of them at a time; `done` takes each result, with its place in `all`, as it comes.
///
/// Every wake polls whatever is in flight: right for dozens of sockets, not for thousands.
pub async fn together<F: Future>(most: usize, all: Vec<F>, mut done: impl FnMut(usize, F::Output)) {
    let mut waiting = all.into_iter().enumerate();
    let mut flying: Vec<(usize, Pin<Box<F>>)> = Vec::new();
    poll_fn(|cx| {
        loop {
            let before = flying.len();
            flying.retain_mut(|(place, work)| match work.as_mut().poll(cx) {
                Poll::Ready(output) => {
                    done(*place, output);
                    false
                }
                Poll::Pending => true,
            });
            let landed = flying.len() < before;
            let room = most.max(1).saturating_sub(flying.len());
            let fresh = flying.len();
            flying.extend(waiting.by_ref().take(room).map(|(place, work)| (place, Box::pin(work))));
            if flying.is_empty() {
                return Poll::Ready(());
            }
            if flying.len() == fresh && !landed {
                return Poll::Pending;
            }
        }
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn as_many_at_a_time_as_allowed_and_each_result_once() {
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
        let mut results = Vec::new();
        together(2, [3, 1, 2, 0, 0].map(one).into(), |place, seconds| results.push((place, seconds))).await;
        assert_eq!(peak.get(), 2);
        assert_eq!(began.elapsed(), Duration::from_secs(3));
        results.sort_unstable();
        assert_eq!(results, [(0, 3), (1, 1), (2, 2), (3, 0), (4, 0)]);
        together(2, Vec::<std::future::Ready<()>>::new(), |_, ()| panic!("nothing to do")).await;
    }
}
