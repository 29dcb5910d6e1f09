//! Runs the probes, records their outcomes in the store, and replaces the configuration at a reload.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until};
use tracing::{error, info, warn};

use super::admission::KnownHosts;
use super::authenticator::Authenticator;
use super::config_source::SourceReader;
use super::on_request::OnRequest;
use super::rendering::Renderer;
use super::runs::Runs;
use super::shared_diagnosis::SharedDiagnosis;
use super::shutdown::Shutdown;
use super::state_file::StateFile;
use super::usage;
use super::web_config::WebConfig;
use super::{ExternalUrl, Faults, ListenAddress, NotStarted, Options, Source};
use crate::compressed::CompressedText;
use crate::file::Reads;
use crate::levels::Limits;
use crate::outcome::Outcome;
use crate::probe::{Probe, Slots};
use crate::render::log;
use crate::render::page::Notice;
use crate::render::prometheus::{self, Exporter, Format};
use crate::report::JudgedOutcome;
use crate::report::text::count_of;
use crate::schedule::{Pulse, Schedule};
use crate::store::{PublishedStore, Store};

mod work;

use self::work::Obsolete;
pub use self::work::Work;

/// Number of outcomes that may wait to be recorded, which takes microseconds for each.
const OUTCOMES: usize = 16;

/// Time in which each probe has its first run after a start or reload: nobody likes an empty page.
const FIRST_ROUND: Duration = Duration::from_secs(10);
/// Time between the beginnings of two reloads: each reads files and the trust store.
const RELOAD_APART: Duration = Duration::from_secs(1);
/// The same after a fault was switched, when somebody waits for its effect.
const AT_ONCE: Duration = Duration::from_secs(1);
/// Reloads that may hang at a time before further ones wait for them to end.
const READS: usize = 4;

/// The part of the service that runs beside HTTP: probes, store, configuration.
#[derive(Debug)]
pub struct Engine {
    /// The shutdown of the service.
    pub shutdown: Shutdown,
    /// The scheduler's figures, in which runs on request count too.
    pub pulse: Arc<Pulse>,
    /// Faults that a visitor of the page may switch; `None` in a real service.
    pub faults: Option<Arc<dyn Faults>>,
    /// The web configuration in force.
    pub web_config: Arc<WebConfig>,
    /// The authenticator of requests.
    pub authenticator: Authenticator,
    /// The names under which the pages are reached.
    pub known_hosts: KnownHosts,
    /// Set where `/public` is served, to everybody.
    pub public: bool,
    /// True once a listener accepts connections from other machines.
    pub beyond_loopback: AtomicBool,
    source: SourceReader,
    work: RwLock<Arc<Work>>,
    /// The schedule, of the configuration in use once it has begun.
    schedule: Mutex<Schedule>,
    /// The thread of the runs.
    pub runs: Runs,
    /// The threads on which everything is rendered.
    pub renderer: Renderer,
    /// The outcomes of the scheduled runs.
    pub store: Arc<PublishedStore>,
    /// The file with what must outlive a restart, if there is one.
    pub state: Option<Arc<StateFile>>,
    /// The runs that clients ask for.
    pub on_request: OnRequest,
    /// The root causes in what the store has.
    pub diagnosis: Arc<SharedDiagnosis>,
    slots: Arc<Slots>,
    exporter: Exporter,
    /// The address at which others reach the pages, where it was given.
    pub external_url: Option<ExternalUrl>,
    log_lines_lost: Arc<AtomicU64>,
    /// The last reload; held during one, of which there is one at a time.
    reloading: Arc<tokio::sync::Mutex<Option<Reload>>>,
    /// The reloads that read files, of which some may hang.
    reads: Reads,
}

/// A reload: when it began to read the configuration, and its result.
#[derive(Debug)]
struct Reload {
    begun: Instant,
    result: Result<usize, NotReloaded>,
}

/// The cause for which a configuration was not loaded.
#[derive(Clone, Debug)]
pub enum NotReloaded {
    /// There is no file to load.
    NoSource,
    /// It is wrong; every mistake, a line each.
    Wrong(String),
}

impl Engine {
    /// Loads the configuration and starts its probes.
    ///
    /// # Errors
    /// The configuration is wrong, or the machine refuses what is needed.
    pub async fn start(options: Options) -> Result<Arc<Self>, NotStarted> {
        let source = SourceReader { source: Arc::new(options.source), system: options.system };
        let slots = Arc::<Slots>::default();
        let work = Arc::new(Work::load(&source, &slots).await.map_err(NotStarted::Configuration)?);
        let reads = Reads::new(READS);
        let web_config = Arc::new(WebConfig::load(options.web, options.allow_unprotected).map_err(NotStarted::Configuration)?);
        let authenticator = Authenticator::new().map_err(NotStarted::Machine)?;
        let runs = Runs::start(options.runs).map_err(|error| NotStarted::Machine(format!("cannot start a thread: {error}")))?;
        let (outcomes, received) = mpsc::channel(OUTCOMES);
        let external_host = options.external_url.as_ref().map(|url| url.host().to_owned());
        let allow_hosts = options.allow_hosts.into_iter().chain(external_host);
        let exporter = Exporter::new().with_process(SystemTime::now());
        let exporter = match &options.external_url {
            Some(url) => exporter.with_pages(&url.to_string()),
            None => exporter,
        };
        let (store, state) = restored(&work, &exporter).await;
        let pulse = Arc::default();
        let engine = Arc::new(Self {
            shutdown: Shutdown::default(),
            source,
            work: RwLock::new(Arc::clone(&work)),
            schedule: Mutex::new(Schedule::new(&work.means, &outcomes, &pulse)),
            runs,
            renderer: Renderer::default(),
            store: Arc::new(PublishedStore::new(store)),
            state,
            on_request: OnRequest::default(),
            diagnosis: Arc::default(),
            slots,
            pulse,
            faults: options.faults,
            web_config,
            authenticator,
            beyond_loopback: AtomicBool::new(false),
            known_hosts: KnownHosts::new(options.listen.iter().filter_map(ListenAddress::name).chain(allow_hosts)),
            public: options.public,
            exporter,
            external_url: options.external_url,
            log_lines_lost: options.log_lines_lost,
            reloading: Arc::default(),
            reads,
        });
        engine.runs.spawn(record(Arc::clone(&engine.store), received));
        tokio::spawn(Arc::clone(&engine.diagnosis).keep_up(Arc::clone(&engine.store)));
        engine.take_over(work, FIRST_ROUND, Obsolete::default()).await;
        engine.exporter.reloaded(true, SystemTime::now());
        Ok(engine)
    }

    /// Returns the configuration in use and its probes.
    pub fn work(&self) -> Arc<Work> {
        Arc::clone(&self.work.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Renders the page of `/metrics`.
    pub fn metrics(&self, format: Format) -> CompressedText {
        self.exporter.probes_in_flight.set(i64::try_from(self.pulse.in_flight()).unwrap_or(i64::MAX));
        self.exporter.web_config_in_force.set(i64::from(self.web_config.is_in_force()));
        self.exporter.log_lines_lost(self.log_lines_lost.load(Ordering::Relaxed));
        self.exporter.unprotected.set(i64::from(self.is_unprotected()));
        self.exporter.set_lag(self.pulse.by_cause());
        self.exporter.set_probe_requests(self.on_request.counts().by_result());
        let accounts = usage::of_probes(&self.work().probes);
        prometheus::metrics(&self.store.snapshot(), &accounts, &self.exporter, SystemTime::now(), format)
    }

    /// Reports whether the pages are served beyond loopback and no login is needed.
    fn is_unprotected(&self) -> bool {
        self.beyond_loopback.load(Ordering::Relaxed) && self.web_config.current().users.is_empty()
    }

    /// Returns what the pages say about the service itself.
    pub fn notices(&self) -> Vec<Notice> {
        let unprotected = (self.is_unprotected() && !self.web_config.allow_unprotected).then_some(Notice::Unprotected);
        let refused = (!self.web_config.is_in_force()).then_some(Notice::WebConfigNotInForce);
        unprotected.into_iter().chain(refused).collect()
    }

    /// Returns a line for a person: the number of probes.
    pub fn status(&self) -> String {
        format!("{} at work", count_of(self.work().probes.len().try_into().unwrap_or(u64::MAX), "probe"))
    }

    /// Returns the problem if runs stand still: their thread gives no sign of life, or no run has ended within twice the shortest
    /// interval and a timeout, with whatever result. Without a probe the latter is no problem.
    pub fn stand_still(&self) -> Option<String> {
        if let Some(silent) = self.runs.stand_still() {
            return Some(format!("runs stand still: their thread has given no sign of life for {} s", silent.as_secs()));
        }
        let given = |probe: &Arc<Probe>| probe.interval().saturating_mul(2).saturating_add(probe.settings.timeout);
        let (given, idle) = (self.work().probes.iter().map(given).min()?, self.pulse.idle());
        (idle > given).then(|| format!("runs stand still: none has ended for {} s", idle.as_secs()))
    }

    /// Reloads the configuration and returns the number of its probes. A wrong one changes nothing but a metric. One reload begins
    /// at least [`RELOAD_APART`] after another; whoever asks meanwhile waits, and shares the result of the next.
    ///
    /// # Errors
    /// The configuration is wrong, or the service has no file to load.
    pub async fn reload(self: &Arc<Self>) -> Result<usize, NotReloaded> {
        if matches!(*self.source.source, Source::Given(_)) {
            return Err(NotReloaded::NoSource);
        }
        let asked = Instant::now();
        let mut last = Arc::clone(&self.reloading).lock_owned().await;
        if let Some(last) = &*last {
            if last.begun >= asked {
                return last.result.clone();
            }
            sleep_until(last.begun + RELOAD_APART).await;
        }
        let engine = Arc::clone(self);
        // Whoever asked may go away meanwhile: once begun, it comes to its end.
        let reload = tokio::spawn(async move {
            let begun = Instant::now();
            let result = engine.reload_now().await;
            *last = Some(Reload { begun, result: result.clone() });
            result
        });
        reload.await.unwrap_or_else(|_| Err(NotReloaded::Wrong("the reload failed; see the log".to_owned())))
    }

    async fn reload_now(self: &Arc<Self>) -> Result<usize, NotReloaded> {
        let before = self.work();
        let loaded = Work::reload(&self.source, &self.slots, &self.reads, Arc::clone(&before)).await;
        self.exporter.reloaded(loaded.is_ok(), SystemTime::now());
        let (work, obsolete) = loaded.map_err(|mistakes| {
            error!("configuration not reloaded, the old one stays in use\n{mistakes}");
            NotReloaded::Wrong(mistakes)
        })?;
        if work.state_file != before.state_file {
            warn!("`state_file` is another one now; that takes a restart");
        }
        let probes = work.probes.len();
        if work.runs_as(&before) {
            // Nobody who reloads can hold up a run.
            self.show(work);
            obsolete.forget(&before.means);
        } else {
            self.take_over(Arc::new(work), FIRST_ROUND, obsolete).await;
        }
        drop(before);
        self.slots.sweep();
        info!(probes, "configuration reloaded");
        Ok(probes)
    }

    /// Shows `work` as the configuration in use.
    fn show(&self, work: Work) {
        self.set_ceilings(&work);
        *self.work.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(work);
    }

    fn set_ceilings(&self, work: &Work) {
        self.slots.set_ceilings(work.ceilings, work.probes.iter().map(|probe| &*probe.settings));
    }

    /// Restarts the probes within `AT_ONCE`, without cached tokens and back-offs. For a service that has faults to switch, whose
    /// configuration is given.
    pub async fn restart_probes(self: &Arc<Self>) {
        let _alone = self.reloading.lock().await;
        match Work::load(&self.source, &Arc::new(self.slots.anew())).await {
            Ok(work) => self.take_over(Arc::new(work), AT_ONCE, Obsolete::default()).await,
            Err(mistakes) => error!("cannot begin anew\n{mistakes}"),
        }
    }

    /// Puts a configuration in force on the thread of the runs: no run gets a turn in between.
    async fn take_over(self: &Arc<Self>, work: Arc<Work>, first_round: Duration, obsolete: Obsolete) {
        let engine = Arc::clone(self);
        let taken = async move {
            engine.set_ceilings(&work);
            engine.store.update(|store| store.adopt(&work.settings()));
            *engine.work.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&work);
            let mut schedule = engine.schedule.lock().unwrap_or_else(PoisonError::into_inner);
            schedule.adopt(&work.probes, work.in_flight, &work.means, first_round);
            obsolete.forget(&work.means);
        };
        if self.runs.run(taken).await.is_none() {
            error!("the probes could not be started; see above");
        }
    }
}

/// Creates the store of a configuration, and restores in it what its state file has.
async fn restored(work: &Arc<Work>, exporter: &Exporter) -> (Store, Option<Arc<StateFile>>) {
    let path = work.state_file.clone();
    let (work, exporter) = (Arc::clone(work), exporter.clone());
    let restoring = spawn_blocking(move || {
        let mut store = Store::default();
        store.adopt(&work.settings());
        let state = path.and_then(|path| StateFile::restore(path, &mut store, &exporter));
        (store, state.map(Arc::new))
    });
    restoring.await.unwrap_or_default() // a panic is in the log, and everything begins anew
}

/// Records and logs outcomes until all senders are gone.
async fn record(store: Arc<PublishedStore>, mut received: mpsc::Receiver<Outcome>) {
    while let Some(outcome) = received.recv().await {
        let (settings, before) = store.read(|store| {
            let entry = store.probe(&outcome.probe);
            (entry.map(|entry| Arc::clone(&entry.settings)), entry.and_then(|entry| entry.last.clone()))
        });
        let (limits, unconfigured) = (settings.as_ref().map(|settings| &settings.limits), Limits::default());
        let judged = JudgedOutcome::new(&outcome, limits.unwrap_or(&unconfigured), SystemTime::now());
        log::outcome(&judged, before.as_deref());
        store.record(outcome);
    }
}

#[cfg(test)]
mod tests;
