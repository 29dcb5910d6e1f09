//! Tells everybody that the end has come, and when the last answers are due.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// A run that ends within this time after the signal still has its true answer; later ones are told to ask again.
const RUNS_MAY_TAKE: Duration = Duration::from_millis(600);

/// The end, and whether it has come.
#[derive(Debug)]
pub struct Stop(watch::Sender<Option<Instant>>);

impl Default for Stop {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl Stop {
    /// Begins the end.
    pub fn begin(&self) {
        self.0.send_replace(Some(Instant::now() + RUNS_MAY_TAKE));
    }

    /// Whether the end has begun.
    pub fn has_begun(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Waits until the end begins.
    pub async fn begun(&self) {
        self.last_answers_due().await;
    }

    /// Waits until the end has begun and running requests have had the time there was for them.
    pub async fn over(&self) {
        sleep_until(self.last_answers_due().await).await;
    }

    async fn last_answers_due(&self) -> Instant {
        let mut due = self.0.subscribe();
        let at = due.wait_for(Option::is_some).await.ok().and_then(|at| *at);
        match at {
            Some(at) => at,
            None => std::future::pending().await, // not while we hold the sender
        }
    }
}
