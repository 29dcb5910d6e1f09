//! What the runs of one mailbox and protocol share: the one connection, the server's wish for peace, and what was learnt.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::{MutexGuard, broadcast};
use tokio::time::{Instant, timeout_at};

use crate::kind::Check;
use crate::outcome::{Outcome, ProbeId, SkipReason};
use crate::reason::Reason;
use crate::settings::ProbeSettings;

/// The one connection a mailbox and protocol may have at a time, and how long the server asked us to stay away.
#[derive(Debug)]
pub struct Slot {
    connection: tokio::sync::Mutex<()>,
    back_off: Mutex<Option<BackOff>>,
    learnt: broadcast::Sender<Learnt>,
}

/// What a run came to, and how much time it had.
#[derive(Clone, Debug)]
struct Learnt {
    outcome: Outcome,
    within: Duration,
}

#[derive(Clone, Debug)]
struct BackOff {
    until: Instant,
    told: SkipReason,
}

/// How a turn begins.
#[derive(Debug)]
pub enum Turn<'a> {
    /// With the connection in hand.
    Run(MutexGuard<'a, ()>),
    /// A run of the same probe has gone on meanwhile: what it learnt is as fresh as what we would.
    Shared(Box<Outcome>),
    /// Others hold the connection.
    Busy,
}

impl Default for Slot {
    fn default() -> Self {
        Self { connection: tokio::sync::Mutex::default(), back_off: Mutex::default(), learnt: broadcast::Sender::new(1) }
    }
}

impl Slot {
    /// Waits for a turn of `id`, which must be over `within` this time: the connection, or what a run of the same probe
    /// learns that has it.
    pub async fn turn(&self, id: &ProbeId, within: Duration) -> Turn<'_> {
        let deadline = Instant::now() + within;
        let mut learnt = self.learnt.subscribe();
        let either = async {
            tokio::select! {
                biased;
                outcome = shared(&mut learnt, id, within) => Turn::Shared(Box::new(outcome)),
                guard = self.connection.lock() => Turn::Run(guard),
            }
        };
        // Half of the time for the connection to be free, half for the run: in less, our waiting would look like a slow
        // server. What others learn may come later.
        match timeout_at(deadline - within / 2, either).await {
            Ok(turn) => turn,
            Err(_) => match timeout_at(deadline, shared(&mut learnt, id, within)).await {
                Ok(outcome) => Turn::Shared(Box::new(outcome)),
                Err(_) => Turn::Busy,
            },
        }
    }

    /// Tells those who wait what a run came to that had so much time.
    pub fn tell(&self, outcome: &Outcome, within: Duration) {
        if self.learnt.receiver_count() > 0 {
            let _ = self.learnt.send(Learnt { outcome: outcome.clone(), within }); // who waited has gone
        }
    }

    /// What the server said when it asked us to stay away, as long as it wants that.
    pub fn backing_off(&self) -> Option<SkipReason> {
        let mut back_off = self.back_off.lock().unwrap_or_else(PoisonError::into_inner);
        back_off.take_if(|back_off| back_off.until <= Instant::now());
        back_off.as_ref().map(|back_off| back_off.told.clone())
    }

    /// The server wants us to stay away for so long, `because` of this.
    pub fn stay_away(&self, asked: Duration, because: Reason) {
        let told = SkipReason::BackOff { until: SystemTime::now() + asked, because };
        *self.back_off.lock().unwrap_or_else(PoisonError::into_inner) = Some(BackOff { until: Instant::now() + asked, told });
    }
}

/// The next outcome of `id` that says as much as one of ours: what fails in less time than we have may be hurry alone.
async fn shared(learnt: &mut broadcast::Receiver<Learnt>, id: &ProbeId, within: Duration) -> Outcome {
    loop {
        match learnt.recv().await {
            Ok(Learnt { outcome, within: theirs }) if outcome.probe == *id && (outcome.is_ok() || theirs >= within) => {
                return outcome;
            }
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
            // It is the slot's, which outlives us.
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// Every slot there is. They outlive a reload: a server's wish for peace and a running conversation do too.
#[derive(Debug, Default)]
pub struct Slots(Mutex<HashMap<Place, Arc<Slot>>>);

/// Tenant, address and check. The address and not the label: a mailbox under two names is one mailbox to its server.
type Place = (String, Option<String>, Check);

impl Slots {
    /// The slot of a probe.
    pub(super) fn slot(&self, settings: &ProbeSettings) -> Arc<Slot> {
        let address = settings.address.as_ref().map(|address| address.to_ascii_lowercase());
        let place = (settings.id.tenant.clone(), address, settings.id.check);
        Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(place).or_default())
    }

    /// Forgets the slots that no probe has any more.
    pub fn sweep(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, slot| Arc::strong_count(slot) > 1);
    }
}
