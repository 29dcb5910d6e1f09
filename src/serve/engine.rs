//! Runs the probes, records their outcomes in the store, and replaces the configuration at a reload.

use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tracing::{error, info};

use super::authenticator::Authenticator;
use super::shutdown::Shutdown;
use super::web_config::WebConfig;
use super::{Faults, NotStarted, Source};
use crate::check::Means;
use crate::config::Loaded;
use crate::outcome::Outcome;
use crate::probe::{Probe, Slots};
use crate::render::log;
use crate::render::prometheus::{self, Exporter, Format};
use crate::report::JudgedOutcome;
use crate::report::text::count_of;
use crate::schedule::{Pulse, Schedule};
use crate::settings::{ProbeSettings, Settings};
use crate::store::Store;

/// Outcomes on their way to the store. Recording one takes microseconds.
const OUTCOMES: usize = 16;

/// The first round of a fresh start is over within this time: nobody likes an empty page.
const FIRST_ROUND: Duration = Duration::from_secs(10);
/// The same when somebody has pressed a button and waits for what it does.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Everything that goes on beside HTTP.
#[derive(Debug)]
pub struct Engine {
    /// The shutdown of the service.
    pub shutdown: Shutdown,
    /// Counts runs, scheduled or not.
    pub pulse: Arc<Pulse>,
    /// What a visitor of the page may make go wrong.
    pub faults: Option<Arc<dyn Faults>>,
    /// The web configuration in force.
    pub web_config: Arc<WebConfig>,
    /// Checks the passwords of those who ask.
    pub authenticator: Authenticator,
    source: Arc<Source>,
    work: RwLock<Arc<Work>>,
    schedule: Mutex<Schedule>,
    store: Arc<RwLock<Store>>,
    slots: Arc<Slots>,
    exporter: Exporter,
    outcomes: mpsc::Sender<Outcome>,
    /// One reload at a time.
    reloading: tokio::sync::Mutex<()>,
}

/// What one configuration comes to.
#[derive(Debug)]
pub struct Work {
    /// As loaded, for `/config`.
    pub redacted: String,
    /// Its probes, in its order.
    pub probes: Vec<Arc<Probe>>,
    /// What their runs share. The tokens in hand are not carried over: whoever reloads after a repair wants to see at
    /// once whether it helped, and not a refusal remembered from before.
    pub means: Arc<Means>,
}

/// The cause for which a configuration was not loaded.
#[derive(Debug)]
pub enum NotReloaded {
    /// There is no file to load.
    NoSource,
    /// It is wrong; every mistake, a line each.
    Wrong(String),
}

impl Engine {
    /// Loads the configuration and sets its probes to work. The future records what they learn, for as long as it is
    /// polled.
    ///
    /// # Errors
    /// The configuration is wrong.
    pub async fn start(
        source: Source,
        faults: Option<Arc<dyn Faults>>,
        web: Option<PathBuf>,
    ) -> Result<(Arc<Self>, impl Future<Output = ()>), NotStarted> {
        let (source, slots) = (Arc::new(source), Arc::<Slots>::default());
        let work = Work::load(&source, &slots).await.map_err(NotStarted::Configuration)?;
        let web_config = Arc::new(WebConfig::load(web).map_err(NotStarted::Configuration)?);
        let authenticator = Authenticator::new().map_err(NotStarted::Machine)?;
        let store = Arc::new(RwLock::new(Store::new(&work.settings())));
        let (outcomes, learnt) = mpsc::channel(OUTCOMES);
        let pulse = Arc::<Pulse>::default();
        let schedule = Schedule::start(&work.probes, &work.means, &outcomes, &pulse, FIRST_ROUND);
        let engine = Self {
            shutdown: Shutdown::default(),
            source,
            work: RwLock::new(Arc::new(work)),
            schedule: Mutex::new(schedule),
            store: Arc::clone(&store),
            slots,
            pulse,
            faults,
            web_config,
            authenticator,
            exporter: Exporter::new().with_process(SystemTime::now()),
            outcomes,
            reloading: tokio::sync::Mutex::default(),
        };
        engine.exporter.reloaded(true, SystemTime::now());
        Ok((Arc::new(engine), record(store, learnt)))
    }

    /// The configuration in use and its probes.
    pub fn work(&self) -> Arc<Work> {
        Arc::clone(&self.work.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is known now. Nothing is recorded while it is held.
    pub fn store(&self) -> RwLockReadGuard<'_, Store> {
        self.store.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The page of `/metrics`.
    pub fn metrics(&self, format: Format) -> String {
        self.exporter.probes_in_flight.set(i64::try_from(self.pulse.in_flight()).unwrap_or(i64::MAX));
        self.exporter.web_config_in_force.set(i64::from(self.web_config.is_in_force()));
        self.exporter.scheduler_lag.set(self.pulse.lag().as_secs_f64());
        prometheus::metrics(&self.store(), &self.exporter, |check| check.kind().phases, SystemTime::now(), format)
    }

    /// What it does, for a person.
    pub fn status(&self) -> String {
        format!("{} at work", count_of(self.work().probes.len().try_into().unwrap_or(u64::MAX), "probe"))
    }

    /// Whether probes have their turns: the one with the shortest interval must have had one in the time of two, however
    /// its runs end. Without a probe there is nothing to stand still.
    pub fn is_alive(&self) -> bool {
        let given = |probe: &Arc<Probe>| probe.settings.interval.saturating_mul(2).saturating_add(probe.settings.timeout);
        self.work().probes.iter().map(given).min().is_none_or(|given| self.pulse.idle() <= given)
    }

    /// Reloads the configuration and returns the number of its probes. A wrong one changes nothing but a metric.
    ///
    /// # Errors
    /// It is wrong, or there is nothing to take it from.
    pub async fn reload(&self) -> Result<usize, NotReloaded> {
        if matches!(*self.source, Source::Given(_)) {
            return Err(NotReloaded::NoSource);
        }
        let _alone = self.reloading.lock().await;
        let loaded = Work::load(&self.source, &self.slots).await;
        self.exporter.reloaded(loaded.is_ok(), SystemTime::now());
        let result = match loaded {
            Ok(work) => {
                let probes = work.probes.len();
                self.take_over(work, FIRST_ROUND);
                info!(probes, "configuration reloaded");
                Ok(probes)
            }
            Err(mistakes) => {
                error!("configuration not reloaded, the old one stays in use\n{mistakes}");
                Err(NotReloaded::Wrong(mistakes))
            }
        };
        self.slots.sweep();
        result
    }

    /// Restarts the probes of the configuration, and soon: new tokens, and no server that wanted us away is remembered. Of a service
    /// that has faults to switch, whose configuration is in hand.
    pub async fn restart_probes(&self) {
        let _alone = self.reloading.lock().await;
        match Work::load(&self.source, &Arc::default()).await {
            Ok(work) => self.take_over(work, AT_ONCE),
            Err(mistakes) => error!("cannot begin anew\n{mistakes}"),
        }
    }

    fn take_over(&self, work: Work, first_round: Duration) {
        let schedule = Schedule::start(&work.probes, &work.means, &self.outcomes, &self.pulse, first_round);
        let before = std::mem::replace(&mut *self.schedule.lock().unwrap_or_else(PoisonError::into_inner), schedule);
        drop(before);
        self.store.write().unwrap_or_else(PoisonError::into_inner).adopt(&work.settings());
        *self.work.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(work);
    }
}

impl Work {
    /// Reads files and the trust store: off the threads that answer.
    async fn load(source: &Arc<Source>, slots: &Arc<Slots>) -> Result<Self, String> {
        let (source, slots) = (Arc::clone(source), Arc::clone(slots));
        let loading = spawn_blocking(move || Self::new(source.load()?, &slots));
        loading.await.unwrap_or_else(|_| Err("reading the configuration failed; see the log".to_owned()))
    }

    fn new(loaded: Loaded, slots: &Slots) -> Result<Self, String> {
        let Settings { network, probes: settings } = loaded.settings;
        let means = Arc::new(Means::new(&network)?);
        let (mut probes, mut mistakes) = (Vec::with_capacity(settings.len()), Vec::new());
        for settings in settings {
            let id = settings.id.clone();
            match Probe::new(settings, slots) {
                Ok(probe) => probes.push(Arc::new(probe)),
                Err(problem) => mistakes.push(format!("{id}: {problem}")),
            }
        }
        if mistakes.is_empty() { Ok(Self { redacted: loaded.redacted, probes, means }) } else { Err(mistakes.join("\n")) }
    }

    fn settings(&self) -> Vec<ProbeSettings> {
        self.probes.iter().map(|probe| probe.settings.clone()).collect()
    }
}

/// Records and logs outcomes until nobody is left to send one.
async fn record(store: Arc<RwLock<Store>>, mut learnt: mpsc::Receiver<Outcome>) {
    while let Some(outcome) = learnt.recv().await {
        let (limits, before) = {
            let store = store.read().unwrap_or_else(PoisonError::into_inner);
            let limits = store.probe(&outcome.probe).map(|known| known.settings.limits.clone());
            (limits.unwrap_or_default(), store.last_run(&outcome.probe))
        };
        log::outcome(&JudgedOutcome::new(&outcome, &limits, SystemTime::now()), before.as_deref());
        store.write().unwrap_or_else(PoisonError::into_inner).record(outcome);
    }
}
