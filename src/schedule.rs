//! The scheduler: runs each probe at its own interval and sends the outcomes into a channel.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::check::Means;
use crate::outcome::Outcome;
use crate::probe::Probe;

mod places;
mod pulse;
mod runner;
mod tenant_watch;
mod timetable;

use self::places::Places;
pub use self::pulse::{InFlight, Lag, LagCause, Pulse};
use self::runner::Runner;
use self::tenant_watch::TenantWatch;
use self::timetable::Timetable;

/// Probes that are being scheduled; dropping this ends them.
#[derive(Debug)]
pub struct Schedule {
    _tasks: JoinSet<()>,
}

impl Schedule {
    /// Starts scheduling every probe, with at most `in_flight` runs at a time. The first run of each comes within
    /// `first_round`; from then on each keeps its own offset in its interval.
    pub fn start(
        probes: &[Arc<Probe>],
        in_flight: NonZeroUsize,
        means: &Arc<Means>,
        outcomes: &mpsc::Sender<Outcome>,
        pulse: &Arc<Pulse>,
        first_round: Duration,
    ) -> Self {
        Self::start_at(probes, in_flight, means, outcomes, pulse, first_round, SystemTime::now())
    }

    fn start_at(
        probes: &[Arc<Probe>],
        in_flight: NonZeroUsize,
        means: &Arc<Means>,
        outcomes: &mpsc::Sender<Outcome>,
        pulse: &Arc<Pulse>,
        first_round: Duration,
        now: SystemTime,
    ) -> Self {
        let whose = probes.iter().map(|probe| (&*probe.id().tenant, probe.settings.endpoint()));
        let (places, lanes) = Places::new(in_flight, whose);
        let mut tasks = JoinSet::new();
        let tenants = tenant_watches(probes);
        for tenant in tenants.values() {
            tasks.spawn(Arc::clone(tenant).watch_credential());
        }
        for ((probe, lane), tenant) in probes.iter().zip(lanes).filter_map(|run| Some((run, tenants.get(&*run.0.id().tenant)?))) {
            let timetable = Timetable::new(probe.id(), probe.settings.interval, first_round, now);
            let runner = Runner {
                probe: Arc::clone(probe),
                means: Arc::clone(means),
                outcomes: outcomes.clone(),
                places: Arc::clone(&places),
                lane,
                pulse: Arc::clone(pulse),
                tenant: Arc::clone(tenant),
            };
            tasks.spawn(runner.run(timetable, Instant::now()));
        }
        Self { _tasks: tasks }
    }
}

/// Returns what watches over each tenant, by its name.
fn tenant_watches(probes: &[Arc<Probe>]) -> HashMap<&str, Arc<TenantWatch>> {
    let mut tenants: HashMap<&str, Vec<Arc<Probe>>> = HashMap::new();
    for probe in probes {
        tenants.entry(&probe.id().tenant).or_default().push(Arc::clone(probe));
    }
    tenants.into_iter().map(|(tenant, probes)| (tenant, Arc::new(TenantWatch::new(probes)))).collect()
}

#[cfg(test)]
mod tests;
