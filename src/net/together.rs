//! Many things at once, but not too many, inside one run: dropped with it, and guarded with it against a panic.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// Drives `all`, at most `most` of them at a time; `done` takes each result, with its place in `all`, as it comes.
pub async fn together<F: Future>(most: usize, all: Vec<F>, mut done: impl FnMut(usize, F::Output)) {
    let run = Arc::new(Mutex::new(Waker::noop().clone()));
    let mut waiting = all.into_iter().enumerate();
    let mut flights: Vec<Flight<F>> = Vec::new();
    poll_fn(|cx| {
        run.lock().unwrap_or_else(PoisonError::into_inner).clone_from(cx.waker());
        loop {
            flights.retain_mut(|flight| match flight.poll() {
                Poll::Ready(output) => {
                    done(flight.place, output);
                    false
                }
                Poll::Pending => true,
            });
            let room = most.max(1).saturating_sub(flights.len());
            let before = flights.len();
            flights.extend(waiting.by_ref().take(room).map(|(place, work)| Flight::new(place, work, &run)));
            if flights.is_empty() {
                return Poll::Ready(());
            }
            if flights.len() == before {
                return Poll::Pending;
            }
        }
    })
    .await;
}

/// The time each of `count` things may take, when `most` go at a time and all shall be over within `whole`.
pub fn share(whole: Duration, count: usize, most: usize) -> Duration {
    whole / u32::try_from(count.div_ceil(most.max(1)).max(1)).unwrap_or(u32::MAX)
}

/// One thing under way.
struct Flight<F> {
    place: usize,
    work: Pin<Box<F>>,
    bell: Arc<Bell>,
}

/// Tells which of the things under way can go on, so that none is polled for another's sake.
struct Bell {
    rung: AtomicBool,
    run: Arc<Mutex<Waker>>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.run.lock().unwrap_or_else(PoisonError::into_inner).wake_by_ref();
    }
}

impl<F: Future> Flight<F> {
    fn new(place: usize, work: F, run: &Arc<Mutex<Waker>>) -> Self {
        let bell = Bell { rung: AtomicBool::new(true), run: Arc::clone(run) };
        Self { place, work: Box::pin(work), bell: Arc::new(bell) }
    }

    fn poll(&mut self) -> Poll<F::Output> {
        if !self.bell.rung.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        let waker = Waker::from(Arc::clone(&self.bell));
        self.work.as_mut().poll(&mut Context::from_waker(&waker))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

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

    #[tokio::test]
    async fn nothing_is_polled_for_another_s_sake() {
        let polls = Cell::new(0);
        let sleeper = async {
            let mut rest = std::pin::pin!(sleep(Duration::from_millis(20)));
            poll_fn(|cx| {
                polls.set(polls.get() + 1);
                rest.as_mut().poll(cx)
            })
            .await;
        };
        let busy = async {
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
        };
        let both: Vec<Pin<Box<dyn Future<Output = ()>>>> = vec![Box::pin(sleeper), Box::pin(busy)];
        together(2, both, |_, ()| ()).await;
        assert_eq!(polls.get(), 2);
    }

    #[test]
    fn the_time_is_shared_by_rounds() {
        let seconds = Duration::from_secs;
        for (whole, count, most, expected) in [(6, 0, 4, 6), (6, 4, 4, 6), (6, 5, 4, 3), (6, 9, 4, 2), (6, 3, 0, 2)] {
            assert_eq!(share(seconds(whole), count, most), seconds(expected), "{count} {most}");
        }
    }
}
