//! The README's way to let Prometheus spread many probes over many programs, tried with two of them that demonstrate a fault.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpStream;

use serde_json::Value;

use crate::boards::{self, list, string};
use crate::daemon::Daemon;
use crate::prometheus::{self, Prometheus};
use crate::rules::impatient_alerts;
use crate::scratch::Scratch;
use crate::{file, http, needs, port};

/// The fault of the demonstrations, of which fifteen of the twenty-six probes fail.
const FAULT: &str = "exchange_service_principal_missing";

const README: &str = include_str!("../../README.md");

/// Returns the first block of code in the README that begins with this fence and contains `mark`.
fn block(fence: &str, mark: &str) -> &'static str {
    let blocks = README.split(fence).skip(1).filter_map(|rest| rest.split("```").next());
    blocks.into_iter().find(|block| block.contains(mark)).unwrap_or_else(|| panic!("the README has no block with {mark}"))
}

/// Two programs that demonstrate [`FAULT`], at one port of two addresses, and the names by which Prometheus knows them.
struct Shards {
    scratch: Scratch,
    programs: [Daemon; 2],
    port: u16,
}

/// The addresses of the README's hosts file, and those that the programs have here.
const ADDRESSES: [(&str, &str); 2] = [("10.0.0.1", "127.0.0.1"), ("10.0.0.2", "127.0.0.2")];

impl Shards {
    fn start() -> Self {
        let (scratch, port) = (Scratch::new(), port::free());
        let programs = ADDRESSES.map(|(_, address)| {
            let (listen, log) = (format!("{address}:{port}"), scratch.path().join(format!("{address}.log")));
            let program = env!("CARGO_BIN_EXE_m365-probe");
            let names = ["probe-a", "probe-b", "m365-0", "m365-1"].map(|name| format!("--web.allow-host={name}"));
            let arguments = ["demo", "--listen", &listen, "--fault", FAULT];
            let mut daemon = Daemon::start(program, |program| program.args(arguments).args(names), &log);
            daemon.wait_for("listen", || TcpStream::connect(&listen).is_ok());
            daemon
        });
        Self { scratch, programs, port }
    }

    /// Starts Prometheus with the README's configuration and hosts file, at our addresses and shorter intervals.
    fn prometheus(&self) -> Prometheus {
        let ours = block("```yaml\n", "hashmod").replace(":10365", &format!(":{}", self.port));
        let ours = ours.replace("interval: 60s", "interval: 2s").replace("timeout: 30s", "timeout: 2s");
        assert!(ours.contains("_interval: 2s") && ours.contains("_timeout: 2s"), "{ours}");
        let alerts = self.scratch.file("alerts.yml", impatient_alerts());
        let rules = [file("rules.yml"), alerts].map(|file| file.display().to_string()).join(", ");
        let global = format!("{{ scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 1s }}\nrule_files: [ {rules} ]");
        let mut hosts = block("```text\n", "m365-0").to_owned();
        for (readme, ours) in ADDRESSES {
            assert!(hosts.contains(readme), "{hosts}");
            hosts = hosts.replace(readme, ours);
        }
        Prometheus::configured(&self.scratch, &format!("global: {global}\n{ours}"), Some(&hosts))
    }

    /// Returns the instance of every probe, as `/sd` lists them.
    fn listed(&self) -> BTreeSet<String> {
        let listed: Value = serde_json::from_str(&http::get(self.port, "/sd").expect("targets").1).expect("JSON");
        list(&listed).iter().map(|group| string(&group["labels"]["instance"]).to_owned()).collect()
    }
}

fn all_there() -> bool {
    needs::all_there(&[prometheus::PART, needs::UNSHARE])
}

/// Returns the instance of every target of the probes that the Prometheus at `port` scrapes with success.
fn watched(port: u16) -> Vec<String> {
    let answer = prometheus::ask(port, "/api/v1/targets?state=active");
    let targets = list(&answer["data"]["activeTargets"]).iter();
    let watched = targets.filter(|target| target["scrapePool"] == "m365-probes" && target["health"] == "up");
    watched.map(|target| string(&target["labels"]["instance"]).to_owned()).collect()
}

#[test]
fn readme_sharding_with_one_dead_program_has_each_probe_scraped_by_the_other_also_after_a_restart_of_prometheus() {
    if !all_there() {
        return;
    }
    let shards = Shards::start();
    let listed = shards.listed();
    let Prometheus { port, mut daemon } = shards.prometheus();
    daemon.wait_for("scrape every probe", || watched(port).len() == listed.len());

    shards.programs[1].signal("KILL");
    let died = prometheus::ask(port, "/api/v1/query?query=time()")["data"]["result"][0].as_f64().expect("a time");
    let mut later: BTreeMap<String, Vec<String>> = BTreeMap::new();
    daemon.wait_for("scrape every probe twice more", || {
        let answer = prometheus::ask(port, "/api/v1/query?query=up{job=%22m365-probes%22}[5m]");
        let samples = |series: &Value| -> Vec<String> {
            let later = list(&series["values"]).iter().filter(|sample| sample[0].as_f64().is_some_and(|at| at > died));
            later.map(|sample| string(&sample[1]).to_owned()).collect()
        };
        let series = list(&answer["data"]["result"]).iter();
        later = series.map(|series| (string(&series["metric"]["instance"]).to_owned(), samples(series))).collect();
        later.len() == listed.len() && later.values().all(|samples| samples.len() >= 2)
    });
    let unwatched: Vec<_> = later.iter().filter(|(_, samples)| samples[..2].iter().all(|up| up == "0")).collect();
    assert!(unwatched.is_empty(), "not scraped within two intervals: {unwatched:?}");

    drop(daemon);
    let Prometheus { port, mut daemon } = shards.prometheus();
    daemon.wait_for("scrape every probe after its restart", || watched(port).len() >= listed.len());
    let watched = watched(port);
    assert_eq!(watched.len(), listed.len(), "a target twice: {watched:?}");
    assert_eq!(watched.into_iter().collect::<BTreeSet<_>>(), listed);
}

#[test]
fn readme_sharding_spreads_probes_over_two_programs() {
    if !all_there() {
        return;
    }
    let programs = Shards::start();
    let Prometheus { port, mut daemon } = programs.prometheus();
    let ask = |path: &str| prometheus::ask(port, path);

    let listed = programs.listed();
    let mut scraped: BTreeMap<String, String> = BTreeMap::new();
    daemon.wait_for("scrape every probe once", || {
        let answer = ask("/api/v1/query?query=probe_success");
        let series = list(&answer["data"]["result"]).iter().map(|series| &series["metric"]);
        scraped = series.map(|labels| (string(&labels["instance"]).to_owned(), string(&labels["exporter"]).to_owned())).collect();
        scraped.len() >= listed.len()
    });
    assert_eq!(scraped.keys().cloned().collect::<BTreeSet<_>>(), listed);
    let share_of = |name: &str| scraped.values().filter(|exporter| **exporter == format!("{name}:{}", programs.port)).count();
    let shares = ["probe-a", "probe-b"].map(share_of);
    assert!(shares.iter().sum::<usize>() == listed.len() && shares.iter().all(|share| *share > 2), "{shares:?}");

    assert_dashboards_show_the_fault(&mut daemon, &ask);
    assert_alerts_begin(&mut daemon, &ask);
}

/// Asserts that *Overview* and *Mailbox* show the problem, though no program infers root causes or keeps a history.
fn assert_dashboards_show_the_fault(daemon: &mut Daemon, ask: &dyn Fn(&str) -> Value) {
    let boards = boards::all();
    let answer = |file: &str, panel: &str, query: usize| -> Vec<Value> {
        let board = boards.iter().find(|board| board.file == file).expect(file);
        let at = format!("{file}: {panel} {}", char::from(b'A' + u8::try_from(query).unwrap()));
        let query = board.queries().into_iter().find(|query| query.at == at).unwrap_or_else(|| panic!("no {at}"));
        let sent = form_urlencoded::byte_serialize(query.sent().as_bytes()).collect::<String>();
        list(&ask(&format!("/api/v1/query?query={sent}"))["data"]["result"]).to_vec()
    };
    let values = |file: &str, panel: &str, query: usize| -> Vec<String> {
        let mut values: Vec<_> = answer(file, panel, query).iter().map(|series| string(&series["value"][1]).to_owned()).collect();
        values.sort_unstable();
        values
    };
    // Each scrape brings one probe's part of it.
    for (file, panel, query, expected) in [
        ("overview.json", "Failing checks", 0, ["15"].as_slice()),
        ("overview.json", "Access", 0, &["2"]),
        ("overview.json", "Failing checks", 1, &["26"]),
        ("mailbox.json", "Failing checks, by reason", 0, &["1", "1", "1", "3", "3", "3", "3"]),
    ] {
        daemon.wait_for(&format!("show {expected:?} in {file}: {panel}"), || values(file, panel, query) == expected);
    }
    let owners = answer("overview.json", "Who must act", 0);
    // What the refusals of the closed mailbox are worth, no program knows that has not seen the others fail.
    let owners: BTreeSet<&str> = owners.iter().map(|series| string(&series["metric"]["owner"])).collect();
    assert_eq!(Vec::from_iter(owners), ["here", "tenant_admin"]);
    // Each program tells of its share.
    let wrong = answer("overview.json", "What to do first", 0);
    let refused = wrong.iter().filter(|series| series["metric"]["reason"] == "auth_refused").count();
    assert!(refused == 2 && wrong.iter().all(|series| !string(&series["metric"]["step"]).is_empty()), "{wrong:?}");
    // Prometheus remembers for them, in steps of Grafana's interval.
    daemon.wait_for("tell since when", || {
        ["overview.json", "mailbox.json"].iter().all(|file| !values(file, "Failing since", 0).is_empty())
    });
    assert!(answer("overview.json", "Links down", 0).is_empty());
}

/// Asserts that one critical alert begins for each program, and none for the programs themselves. Alerts of the error budget
/// come later and are left out.
fn assert_alerts_begin(daemon: &mut Daemon, ask: &dyn Fn(&str) -> Value) {
    let fails = ["Microsoft365ProbeFails tenant_admin"; 2];
    daemon.wait_for(&format!("wake of {fails:?} and of nothing else"), || {
        let alerts = ask("/api/v1/alerts");
        let labels = list(&alerts["data"]["alerts"]).iter().map(|alert| &alert["labels"]);
        let waking = labels.filter(|labels| labels["severity"] == "critical");
        let mut begun: Vec<_> =
            waking.map(|labels| format!("{} {}", string(&labels["alertname"]), string(&labels["owner"]))).collect();
        begun.retain(|alert| !alert.contains("ErrorBudget"));
        begun == fails
    });
}
