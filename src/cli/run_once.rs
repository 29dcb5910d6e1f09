//! Runs probes once, for `check`, `doctor` and `demo --once`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::runtime::Builder;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::progress::{self, Progress};
use crate::check::Means;
use crate::document::BackOffs;
use crate::kind::Check;
use crate::outcome::Outcome;
use crate::probe::{Probe, Slots};
use crate::round_trip::Ledger;
use crate::settings::{Expectation, Network, ProbeSettings};

/// Conversations at once: enough for a mailbox's checks side by side, few enough to be a good guest.
const AT_ONCE: usize = 16;

/// Runs a future to its end on a runtime of this thread: more than one core is not for a plugin to take.
///
/// # Errors
/// A message: the operating system refuses the resources.
pub fn block_on<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| format!("cannot start: {error}"))?;
    let output = runtime.block_on(future);
    runtime.shutdown_background(); // a lookup that hangs in getaddrinfo must not hold us
    Ok(output)
}

/// Creates the means of runs that wait for a mail to arrive, as long as their time lasts.
///
/// # Errors
/// A message: the trust store cannot be read.
pub fn means(network: &Network, ledger: Ledger) -> Result<Means, String> {
    Ok(Means { ledger: Arc::new(ledger), waits: true, ..Means::new(network)? })
}

/// Runs every probe once, each for at most `limit` and none that `back_offs` holds back, and returns the outcomes in the order of
/// `probes`; `progress` is shown meanwhile.
///
/// # Errors
/// A message: a cloud lacks a check's server.
pub async fn run(
    means: Means,
    probes: &[ProbeSettings],
    limit: Option<Duration>,
    progress: Option<Progress>,
    back_offs: &BackOffs,
) -> Result<Vec<Outcome>, String> {
    let means = Arc::new(means);
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let slots = Slots::default();
    let mut running = JoinSet::new();
    let still_opening = StillOpening::new(probes);
    for (index, settings) in probes.iter().enumerate() {
        let probe = Probe::new(settings.clone(), &slots)?;
        if let Some((asked, because)) = back_offs.of(settings, SystemTime::now()) {
            probe.stay_away(asked, because);
        }
        let (means, permits, others) = (Arc::clone(&means), Arc::clone(&permits), still_opening.of_check(settings));
        running.spawn(async move {
            let opens = probe.settings.expect == Expectation::Opened;
            let limit = if opens { limit } else { when_all_are_open(&others, limit).await };
            let _permit = permits.acquire().await;
            let outcome = probe.run(&means, limit).await;
            if opens {
                others.send_modify(|count| *count = count.saturating_sub(1));
            }
            (index, outcome)
        });
    }
    let mut outcomes = match progress {
        Some(progress) => wait_with_progress(running, progress).await,
        None => running.join_all().await,
    };
    outcomes.sort_by_key(|(index, _)| *index);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
}

/// The runs under way that may open their mailbox: their number, for each tenant and check.
struct StillOpening(HashMap<(String, Check), watch::Sender<usize>>);

impl StillOpening {
    fn new(probes: &[ProbeSettings]) -> Self {
        let mut counts = Self(HashMap::new());
        for settings in probes.iter().filter(|settings| settings.expect == Expectation::Opened) {
            let key = (settings.id.tenant.clone(), settings.id.check);
            counts.0.entry(key).or_default().send_modify(|count| *count += 1);
        }
        counts
    }

    /// Returns the number of those with the tenant and the check of `settings`.
    fn of_check(&self, settings: &ProbeSettings) -> watch::Sender<usize> {
        self.0.get(&(settings.id.tenant.clone(), settings.id.check)).cloned().unwrap_or_default()
    }
}

/// Waits for the runs that may open their mailbox, because they show what a refusal is worth, for at most half of `limit`; returns what
/// is left of it.
async fn when_all_are_open(others: &watch::Sender<usize>, limit: Option<Duration>) -> Option<Duration> {
    let began = Instant::now();
    let mut count = others.subscribe();
    let all = count.wait_for(|count| *count == 0);
    let Some(limit) = limit else {
        let _ = all.await; // it fails where the sender is gone, which is in our hands
        return None;
    };
    let _ = timeout(limit / 2, all).await; // without them the refusal may be one that proves nothing, and the run says so
    Some(limit.saturating_sub(began.elapsed()))
}

/// Waits for all runs, and shows which probes are waited for.
async fn wait_with_progress(mut running: JoinSet<(usize, Outcome)>, mut progress: Progress) -> Vec<(usize, Outcome)> {
    let mut outcomes = Vec::new();
    let mut redraw = tokio::time::interval(progress::REDRAW_INTERVAL);
    loop {
        tokio::select! {
            ended = running.join_next() => match ended {
                Some(Ok((index, outcome))) => {
                    progress.ended(index, outcome.failure().is_some());
                    outcomes.push((index, outcome));
                }
                Some(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Some(Err(_)) => {}
                None => return outcomes,
            },
            _ = redraw.tick() => progress.draw(),
        }
    }
}
