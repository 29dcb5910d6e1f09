//! Runs probes once, for `check`, `doctor` and `demo --once`.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::progress::{self, Progress};
use crate::check::Means;
use crate::document::BackOffs;
use crate::outcome::Outcome;
use crate::probe::{Probe, Slots};
use crate::round_trip::Ledger;
use crate::settings::{Network, ProbeSettings};

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
    for (index, settings) in probes.iter().enumerate() {
        let probe = Probe::new(settings.clone(), &slots)?;
        if let Some((asked, because)) = back_offs.of(settings, SystemTime::now()) {
            probe.stay_away(asked, because);
        }
        let (means, permits) = (Arc::clone(&means), Arc::clone(&permits));
        running.spawn(async move {
            let _permit = permits.acquire().await;
            (index, probe.run(&means, limit).await)
        });
    }
    let mut outcomes = match progress {
        Some(progress) => wait_with_progress(running, progress).await,
        None => running.join_all().await,
    };
    outcomes.sort_by_key(|(index, _)| *index);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
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
