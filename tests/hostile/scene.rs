//! The scene: a network of its own, with the simulated tenant and the built program in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use m365_probe::sim::{self, Running, Tenant, TokenCounts};
use serde_json::{Value, json};
use tokio::runtime::Builder;
use tokio::time::{sleep, timeout};

use crate::attacks::{self, watch_health};
use crate::client::{SERVICE, address, get};
use crate::daemon::Daemon;
use crate::figures::{Figures, Runs, Tally};
use crate::namespace::{Door, IP, Namespace};
use crate::scratch::Scratch;

/// The interval of the probes whose runs are counted.
pub const INTERVAL: Duration = Duration::from_secs(10);
/// Mailboxes of a tenant that cannot be reached, whose probes run once a day and make the pages large: some 4 MB of metrics.
const MAILBOXES: u16 = 2000;
/// The number of probes whose runs are counted: the token's, and POP3 and IMAP of three mailboxes.
pub const PROBES: usize = COUNTED.len() * CHECKS.len() + 1;
/// The mailboxes whose probes are counted.
pub const COUNTED: [&str; 3] = ["praxis", "labor", "empfang"];
/// The checks of each.
const CHECKS: [&str; 2] = ["pop3", "imap"];
/// The logins to a mailbox, and the token requests, that the ceilings leave to clients: so few that the attacks reach them.
pub const CLIENTS_PART: u64 = 20;

/// Everything that runs. Servers first: they end before their network and directory go.
pub struct Scene {
    serve: Mutex<Daemon>,
    tenant: Microsoft,
    door: Door,
    _namespace: Namespace,
    _scratch: Scratch,
}

/// The simulated tenant, on a thread of its own in the network.
struct Microsoft {
    running: Arc<Running>,
    _stop: tokio::sync::oneshot::Sender<()>,
}

impl Microsoft {
    fn start(door: Door) -> Self {
        let (started, starting) = std::sync::mpsc::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        thread::spawn(move || {
            door.enter();
            Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
                let running = sim::start(Tenant::contoso()).await.unwrap();
                started.send(Arc::new(running)).unwrap();
                let _ = stopped.await;
            });
        });
        Self { running: starting.recv().unwrap(), _stop: stop }
    }
}

impl Scene {
    /// Starts everything, and waits until every probe that is counted has run.
    pub fn start() -> Self {
        let namespace = Namespace::new("hostile");
        let door = namespace.door();
        let tenant = Microsoft::start(door.clone());
        let scratch = Scratch::new();
        let configuration = scratch.file("m365-probe.yml", configuration(&tenant.running, &scratch).to_string());
        let log = scratch.path().join("serve.log");
        let serve = Daemon::start(
            IP,
            |ip| {
                ip.args(["netns", "exec", namespace.name(), env!("CARGO_BIN_EXE_m365-probe"), "serve", "--config"]);
                ip.arg(configuration).args(["--listen", &SERVICE.to_string()]).env_remove("RUST_LOG")
            },
            &log,
        );
        let mut scene = Self { serve: Mutex::new(serve), tenant, door, _namespace: namespace, _scratch: scratch };
        let ask = scene.door.clone();
        let have_run = || ask.inside(|| asked(async { runs(&metrics().await).len() })) == PROBES;
        scene.serve.get_mut().unwrap().wait_for("run every probe once", have_run);
        scene
    }

    /// Attacks the service for that time, and returns the figures.
    pub fn attacked(&self, lasting: Duration) -> Figures {
        let tally = Arc::new(Tally::default());
        // On a thread of its own: what is measured is the service's time and not that of the attackers.
        let watch = || self.door.inside(|| asked(async { timeout(lasting, watch_health(Arc::clone(&tally))).await }));
        thread::scope(|scope| {
            scope.spawn(watch);
            self.door.inside(|| asked(self.attack(lasting, &tally)))
        })
    }

    async fn attack(&self, lasting: Duration, tally: &Arc<Tally>) -> Figures {
        let pid = self.serve.lock().unwrap().pid();
        let (idle, before, tokens) = (memory(pid), runs(&metrics().await), self.tokens());
        let began = Instant::now();
        let attacks = attacks::all(tally);
        let mut most = idle;
        while began.elapsed() < lasting {
            sleep(Duration::from_millis(100)).await;
            most = most.max(memory(pid));
        }
        let (attacked_for, after) = (began.elapsed(), self.tokens());
        drop(attacks);
        let metrics = metrics().await;
        Figures {
            tally: Arc::clone(tally),
            attacked_for,
            idle,
            most,
            runs: Runs::new(&before, &runs(&metrics)),
            tokens: TokenCounts { issued: after.issued - tokens.issued, presented: after.presented - tokens.presented },
            late: sum(&metrics, "m365_exporter_late_runs_total"),
            at_ceiling: sum(&metrics, "m365_exporter_ceiling_refusals_total"),
        }
    }

    fn tokens(&self) -> TokenCounts {
        self.tenant.running.tokens()
    }

    /// Returns the program's log.
    pub fn log(&self) -> String {
        let log = self.serve.lock().unwrap().log();
        let last: Vec<_> = log.lines().rev().take(40).collect();
        last.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

fn asked<T>(ask: impl Future<Output = T>) -> T {
    Builder::new_current_thread().enable_all().build().unwrap().block_on(ask)
}

fn configuration(tenant: &Running, scratch: &Scratch) -> Value {
    let ports = tenant.ports();
    let credential = tenant.tenant();
    let secret = scratch.secret("client.secret", credential.credential.client_secret().unwrap().expose());
    let interval = format!("{}s", INTERVAL.as_secs());
    let counted = COUNTED.map(|name| {
        let checks = CHECKS.map(|check| json!({ check: { "interval": interval } }));
        json!({ "address": format!("{name}@contoso.example"), "name": name, "checks": checks })
    });
    let others: Vec<_> = (0..MAILBOXES)
        .map(|number| json!({ "address": format!("m{number}@fabrikam.example"), "checks": [{ "pop3": { "interval": "1d" } }] }))
        .collect();
    // The schedule's own part: each turn in the hour and five minutes that are counted, and one more; likewise the renewal of each
    // of two scopes once a minute.
    let turns = |interval: u64| 65 * 60 / interval + 1;
    let logins = CHECKS.len() as u64 * turns(INTERVAL.as_secs()) + CLIENTS_PART;
    let tokens = turns(INTERVAL.as_secs()) + 2 * turns(60) + CLIENTS_PART;
    let tenant_with = |name: &str, cloud: &str, checks: Value, mailboxes: Vec<Value>| {
        json!({
            "name": name, "cloud": cloud, "tenant_id": credential.tenant_id, "client_id": credential.client_id,
            "credential": { "client_secret_file": secret }, "checks": checks, "mailboxes": mailboxes,
        })
    };
    json!({
        // Every request for a probe is for a run of its own, as far as the ceilings go.
        "defaults": { "timeout": interval, "probe_max_age": "0s", "logins_per_hour": logins, "token_requests_per_hour": tokens },
        "network": { "resolve": tenant.resolve(), "ca_file": tenant.write_ca(scratch.path()).unwrap() },
        "clouds": {
            "lab": {
                "login": format!("https://login.microsoftonline.com:{}", ports.login),
                "pop3": format!("pop3s://outlook.office365.com:{}", ports.pop3s),
                "imap": format!("imaps://outlook.office365.com:{}", ports.imaps),
            },
            "closed": { "login": "https://127.0.0.1:1", "pop3": "pop3s://127.0.0.1:1" },
        },
        "tenants": [
            tenant_with("contoso", "lab", json!([{ "token": { "interval": interval } }]), counted.into()),
            tenant_with("fabrikam", "closed", json!([{ "token": { "interval": "1d" } }]), others),
        ],
    })
}

async fn metrics() -> String {
    get(address(30, 0), "/metrics").await.1
}

/// Returns the number of runs of each probe that is counted and has run.
fn runs(metrics: &str) -> BTreeMap<String, u64> {
    let lines =
        metrics.lines().filter_map(|line| line.strip_prefix("m365_probe_runs_total{tenant=\"contoso\",")?.rsplit_once(' '));
    let runs = lines.map(|(series, count)| (series.to_owned(), whole(count)));
    runs.filter(|(_, count)| *count > 0).collect()
}

/// Returns the sum of all series of that name.
fn sum(metrics: &str, name: &str) -> u64 {
    metrics.lines().filter(|line| line.starts_with(name)).filter_map(|line| line.rsplit(' ').next()).map(whole).sum()
}

fn whole(number: &str) -> u64 {
    number.split('.').next().unwrap().parse().unwrap_or_default()
}

/// Returns the memory of a process that is resident, in bytes.
fn memory(pid: u32) -> u64 {
    let status = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}
