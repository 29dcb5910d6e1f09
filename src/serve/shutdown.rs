//! Signals the tasks of the service that it shuts down, and when running requests must have been answered.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Time after the signal in which a run may end and its result still be sent; requests for later ones are answered 503.
const GRACE: Duration = Duration::from_millis(600);

/// The shutdown of the service, for which tasks wait.
#[derive(Debug)]
pub struct Shutdown(watch::Sender<Option<Instant>>);

impl Default for Shutdown {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl Shutdown {
    /// Begins the shutdown.
    pub fn begin(&self) {
        self.0.send_replace(Some(Instant::now() + GRACE));
    }

    /// Reports whether the shutdown has begun.
    pub fn has_begun(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Waits until the shutdown begins.
    pub async fn begun(&self) {
        self.last_answers_due().await;
    }

    /// Waits until the shutdown has begun and the time for running requests is over.
    pub async fn grace_over(&self) {
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
