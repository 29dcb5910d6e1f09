//! The service: every probe at its own interval, and their results over HTTP.

mod acceptor;
mod admission;
mod authenticator;
mod client;
mod config_source;
mod connection;
mod connections;
mod content;
mod content_negotiation;
mod discovery;
mod engine;
mod external_url;
mod faults;
mod language;
mod listen_address;
mod listener;
mod middleware;
mod on_request;
mod pages;
mod places;
mod probe_endpoint;
mod probe_selection;
mod query;
mod rendering;
mod response;
mod routes;
mod runs;
mod shared_diagnosis;
mod shutdown;
mod signals;
mod state_file;
mod systemd;
mod usage;
mod web_config;
mod write_timeout;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{error, info};

use self::engine::Engine;
use self::signals::{Signal, Signals};
use self::systemd::Systemd;

use crate::config::{LocalSystem, System};

pub use self::config_source::Source;
pub use self::external_url::ExternalUrl;
pub use self::faults::Faults;
pub use self::listen_address::{BoundAddress, ListenAddress};
pub use self::runs::RunsOn;
pub use self::web_config::load_web;

/// Time for running requests after the signal. From the signal to the end of the process at most one second may pass: the
/// rest of it is for the process itself.
const SHUTDOWN_WITHIN: Duration = Duration::from_millis(900);

/// The options of a service.
#[derive(Debug)]
pub struct Options {
    /// The source of its configuration, also for a reload.
    pub source: Source,
    /// The files and variables that it is read from; others than this machine's are for tests.
    pub system: Arc<dyn System>,
    /// Addresses to listen on, beside the sockets that systemd hands over; without either, loopback. Port 0 is any free one.
    pub listen: Vec<ListenAddress>,
    /// Faults that a visitor of the page may switch; `None` in a real service.
    pub faults: Option<Arc<dyn Faults>>,
    /// The web configuration, `--web.config.file`, which protects our own pages.
    pub web: Option<PathBuf>,
    /// Set where pages beyond loopback without users are meant, and a change of the web configuration may take protection away.
    pub allow_unprotected: bool,
    /// Set where `/public` is served, to everybody.
    pub public: bool,
    /// Further names under which the pages are reached: those of a reverse proxy, or in DNS.
    pub allow_hosts: Vec<String>,
    /// The address at which others reach the pages: alerts and `/sd` lead there.
    pub external_url: Option<ExternalUrl>,
    /// The runtime of the runs; `None` for a thread of its own.
    pub runs: Option<RunsOn>,
    /// The number of log lines that were lost, which goes on counting.
    pub log_lines_lost: Arc<AtomicU64>,
}

impl Options {
    /// Creates the options of a service with its configuration from `source`, without faults and web configuration.
    pub fn new(source: Source, listen: Vec<ListenAddress>) -> Self {
        Self {
            source,
            system: Arc::new(LocalSystem),
            listen,
            faults: None,
            web: None,
            allow_unprotected: false,
            public: false,
            allow_hosts: Vec::new(),
            external_url: None,
            runs: None,
            log_lines_lost: Arc::default(),
        }
    }
}

/// The cause for which a service did not start, as a message.
#[derive(Debug)]
pub enum NotStarted {
    /// The configuration is wrong; every mistake, a line each.
    Configuration(String),
    /// The machine refused: an address is taken, a signal cannot be caught.
    Machine(String),
}

impl fmt::Display for NotStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Configuration(message) | Self::Machine(message)) = self;
        f.write_str(message)
    }
}

impl std::error::Error for NotStarted {}

/// Serves until SIGTERM or SIGINT, and reloads on SIGHUP. `started` is called with the addresses that are listened on.
///
/// After the first signal running scrapes have less than a second for their response, and the process ends within that, whatever
/// hangs; the second one ends at once. A name lookup may still hang in a thread of the runtime, so shut that down without
/// waiting for it.
///
/// # Errors
/// The configuration is wrong, or the machine refused: see [`NotStarted`].
pub async fn run(options: Options, started: impl FnOnce(&[BoundAddress])) -> Result<(), NotStarted> {
    let mut signals = Signals::catch()?; // before anything takes time, so that none is missed
    let mut service = Service::start(options).await?;
    started(service.addresses());
    let systemd = Arc::new(Systemd::from_environment());
    systemd.ready(&service.engine.status());
    let _watchdog = service.notify_watchdog(&systemd);
    while signals.next().await == Signal::Reload {
        service.reload_soon(&systemd);
    }
    info!("shutting down");
    systemd.stopping();
    tokio::select! {
        () = service.answer_last() => {}
        () = signals.stop() => {}
    }
    // Its memory goes with the process. Given back piece by piece, that of ten thousand mailboxes takes seconds.
    std::mem::forget(service);
    Ok(())
}

/// A running service; dropping it ends it at once.
#[derive(Debug)]
pub struct Service {
    engine: Arc<Engine>,
    addresses: Vec<BoundAddress>,
    /// One task, which ends with the last connection.
    listening: JoinSet<()>,
    /// One task, which ends when this is dropped.
    _saving: JoinSet<()>,
}

impl Service {
    /// Loads the configuration, listens, and starts the probes.
    ///
    /// # Errors
    /// The configuration is wrong, or the machine refused: see [`NotStarted`].
    pub async fn start(options: Options) -> Result<Self, NotStarted> {
        let (listen, mut listening) = (options.listen.clone(), JoinSet::new());
        let engine = Engine::start(options).await?;
        let listeners = listener::open(systemd::sockets(), &listen).await.map_err(NotStarted::Machine)?;
        let addresses: Vec<BoundAddress> = listeners.iter().filter_map(|listener| listener.address().ok()).collect();
        listener::log_addresses(&addresses, &engine.web_config.current());
        engine.beyond_loopback.store(addresses.iter().any(BoundAddress::is_beyond_loopback), Ordering::Relaxed);
        listening.spawn(connections::accept(listeners, Arc::clone(&engine)));
        let mut saving = JoinSet::new();
        if let Some(state) = &engine.state {
            saving.spawn(Arc::clone(state).save_regularly(Arc::clone(&engine.store)));
        }
        Ok(Self { engine, addresses, listening, _saving: saving })
    }

    /// Returns the addresses it listens on: those of sockets that systemd handed over, then in the order of the options.
    pub fn addresses(&self) -> &[BoundAddress] {
        &self.addresses
    }

    /// Stops accepting, waits less than a second for running requests to be answered, and ends.
    pub async fn stop(mut self) {
        self.answer_last().await;
    }

    async fn answer_last(&mut self) {
        self.engine.shutdown.begin();
        let last_requests = self.listening.join_next();
        let state = async {
            if let Some(state) = &self.engine.state {
                state.save(&self.engine.store).await;
            }
        };
        // Whoever is not done by then is cut off.
        let _ = timeout(SHUTDOWN_WITHIN, async { tokio::join!(last_requests, state) }).await;
    }

    /// Reloads the configuration in a task; its result is in the log and in the metrics.
    fn reload_soon(&self, systemd: &Arc<Systemd>) {
        let (engine, systemd) = (Arc::clone(&self.engine), Arc::clone(systemd));
        tokio::spawn(async move {
            systemd.reloading();
            let failed = engine.reload().await.is_err();
            let status = engine.status();
            systemd.ready(&if failed { format!("the last reload failed, see the log; {status}") } else { status });
        });
    }

    /// Notifies systemd's watchdog, if there is one, while the probes have their turns. The task ends when the returned set is
    /// dropped.
    fn notify_watchdog(&self, systemd: &Arc<Systemd>) -> JoinSet<()> {
        let mut watchdog = JoinSet::new();
        let Some(limit) = systemd.watchdog else { return watchdog };
        let (engine, systemd) = (Arc::clone(&self.engine), Arc::clone(systemd));
        watchdog.spawn(async move {
            loop {
                match engine.stand_still() {
                    None => systemd.alive(),
                    Some(problem) => error!("{problem}; systemd's watchdog is not told that all is well"),
                }
                sleep(limit / 3).await; // of three signs of life two may be late
            }
        });
        watchdog
    }
}
