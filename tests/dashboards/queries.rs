//! Every query, put to a Prometheus that watches the built program demonstrate one tenant that is well and one in trouble.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::boards::{self, Query, label_values, list, string};
use crate::daemon::Daemon;
use crate::metrics::{self, Metrics, TARGET_LABELS};
use crate::prometheus::{self, Prometheus};
use crate::promql::named;
use crate::rules::{impatient_alerts, rules};
use crate::scratch::Scratch;
use crate::{file, http, needs, port};

const PROGRAM: &str = env!("CARGO_BIN_EXE_m365-probe");

/// Faults that together show everything a dashboard draws: a link that is down, a failure behind the login, and one that
/// may pass.
const FAULTS: [&str; 3] = ["connect_refused@pop3", "exchange_service_principal_missing", "throttled@ews"];

/// The time by which a query that is in doubt has been answered. Most are after two runs of every probe, twenty seconds.
const PATIENCE: Duration = Duration::from_secs(100);

/// A Prometheus that scrapes two demonstrations. Servers first: they end before their directory goes.
struct Observed {
    prometheus: Prometheus,
    demos: [u16; 2],
    _daemons: Vec<Daemon>,
    _scratch: Scratch,
}

impl Observed {
    fn start() -> Self {
        let scratch = Scratch::new();
        let demos = [port::free(), port::free()];
        let mut daemons = Vec::new();
        for (number, demo) in demos.into_iter().enumerate() {
            let mut faults = Vec::new();
            for fault in FAULTS.into_iter().filter(|_| number == 1) {
                faults.extend(["--fault", fault]);
            }
            let listen = format!("127.0.0.1:{demo}");
            let log = scratch.path().join(format!("demo-{number}.log"));
            let url = format!("--web.external-url=http://{listen}/");
            let daemon = Daemon::start(PROGRAM, |demo| demo.args(["demo", "--listen", &listen, &url]).args(&faults), &log);
            daemons.push(daemon.listening(demo));
        }
        let configuration = format!(
            "global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }}
rule_files: [ '{}', '{}' ]
scrape_configs:
- job_name: m365
  static_configs: [ {{ targets: [ '127.0.0.1:{}', '127.0.0.1:{}' ] }} ]
",
            file("rules.yml").display(),
            scratch.file("alerts.yml", impatient_alerts()).display(),
            demos[0],
            demos[1]
        );
        let prometheus = Prometheus::configured(&scratch, &configuration, None);
        Self { prometheus, demos, _daemons: daemons, _scratch: scratch }
    }

    fn ask(&self, path: &str) -> Value {
        prometheus::ask(self.prometheus.port, path)
    }

    /// Returns the series that answer a query, asked as Grafana does.
    fn answer(&self, query: &Query<'_>) -> Vec<Value> {
        let sent = form_urlencoded::byte_serialize(query.sent().as_bytes()).collect::<String>();
        let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let path = if query.instant {
            format!("/api/v1/query?query={sent}")
        } else {
            format!("/api/v1/query_range?query={sent}&start={}&end={now}&step=1", now - 60)
        };
        let answer = self.ask(&path);
        let error = answer["error"].as_str();
        assert!(error.is_none(), "{}: {error:?}", query.at);
        list(&answer["data"]["result"]).to_vec()
    }

    fn page(&self, demo: usize) -> String {
        http::get(self.demos[demo], "/metrics").expect("a page").1
    }
}

#[test]
fn dashboard_queries_are_all_answered_by_prometheus() {
    if !needs::all_there(&[prometheus::PART]) {
        return;
    }
    let watched = Observed::start();
    let boards = boards::all();
    let queries = boards.iter().flat_map(boards::Board::queries);
    let mut waiting: Vec<_> = queries.filter(|query| !OF_QUOTA.iter().any(|metric| query.text.contains(metric))).collect();
    let begun = Instant::now();
    while !waiting.is_empty() {
        waiting.retain(|query| watched.answer(query).is_empty());
        let open: Vec<_> = waiting.iter().map(|query| format!("{}: {}", query.at, query.sent())).collect();
        assert!(begun.elapsed() < PATIENCE, "not answered:\n{}", open.join("\n"));
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_series_have_unique_names(&watched, &boards);
    assert_variables_have_values(&watched, &boards);
    assert_names_exist(&watched, &boards);
    assert_rules_are_evaluated(&watched);
}

/// Asserts that no legend names two lines of a panel alike.
fn assert_series_have_unique_names(watched: &Observed, boards: &[boards::Board]) {
    for query in boards.iter().flat_map(boards::Board::queries) {
        let Some(legend) = query.legend else { continue };
        let mut names = BTreeMap::new();
        for series in watched.answer(&query) {
            let mut name = legend.to_owned();
            for (label, value) in series["metric"].as_object().expect("labels") {
                name = name.replace(&format!("{{{{{label}}}}}"), string(value));
            }
            let before = names.insert(name.clone(), series["metric"].clone());
            assert!(before.is_none(), "{}: `{name}` is {} and {before:?}", query.at, series["metric"]);
        }
    }
}

fn assert_variables_have_values(watched: &Observed, boards: &[boards::Board]) {
    for board in boards {
        for variable in board.variables() {
            let Some((selector, label)) = label_values(string(&variable["query"])) else { continue };
            let query = Query { at: board.file.into(), text: selector.into(), instant: true, legend: None }.sent();
            let selector = form_urlencoded::byte_serialize(query.as_bytes()).collect::<String>();
            let answer = watched.ask(&format!("/api/v1/label/{label}/values?match[]={selector}"));
            assert!(!list(&answer["data"]).is_empty(), "{}: {} has no values: {answer}", board.file, variable["name"]);
        }
    }
}

/// Metrics of a quota, which the simulated tenant announces as little as Exchange Online does: no query of them is answered.
const OF_QUOTA: [&str; 2] = ["m365_mailbox_quota_bytes", "m365_mailbox_quota_used_bytes"];

/// Metrics of what does not happen in a demonstration.
const NOT_IN_A_DEMO: [&str; 4] =
    ["m365_probe_warning_info", "m365_probe_skipped_info", "m365_mailbox_quota_bytes", "m365_mailbox_quota_used_bytes"];

/// Asserts that every metric and label that a query or rule names is on a page.
fn assert_names_exist(watched: &Observed, boards: &[boards::Board]) {
    let mut known: Metrics = metrics::added_by_prometheus();
    for demo in [0, 1] {
        for (metric, labels) in metrics::parse_page(&watched.page(demo)) {
            known.entry(metric).or_default().extend(labels);
        }
    }
    // A demonstration has no warning and no quota to show and skips no run; what the page itself looks like then is recorded.
    let golden = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/metrics.prom")).unwrap();
    known.extend(metrics::parse_page(&golden).into_iter().filter(|(metric, _)| NOT_IN_A_DEMO.contains(&&**metric)));
    let every_label: BTreeSet<String> = known.values().flatten().cloned().collect();
    let recorded: Vec<String> = rules("rules.yml").iter().map(|rule| string(&rule["record"]).to_owned()).collect();
    let mut queries: Vec<(String, String)> =
        boards.iter().flat_map(boards::Board::queries).map(|query| (query.at.clone(), query.text.clone())).collect();
    for rule in ["rules.yml", "alerts.yml"].into_iter().flat_map(rules) {
        let name = string(&rule["record"]).to_owned() + string(&rule["alert"]);
        queries.push((name, string(&rule["expr"]).to_owned()));
    }
    let mut wrong = Vec::new();
    for (at, query) in queries {
        let named = named(&query);
        let of_the_target = |label: &str| TARGET_LABELS.contains(&label);
        for (metric, labels) in named.selected.iter().filter(|(metric, _)| !recorded.contains(metric)) {
            match known.get(metric) {
                None => wrong.push(format!("{at}: there is no {metric}")),
                Some(has) => wrong.extend(
                    labels
                        .iter()
                        .filter(|label| !has.contains(*label) && !of_the_target(label))
                        .map(|label| format!("{at}: {metric} has no {label}")),
                ),
            }
        }
        // `exporter` is what the README's relabelling adds to targets found through /sd.
        let elsewhere = |label: &String| every_label.contains(label) || of_the_target(label) || label == "exporter";
        wrong.extend(named.grouped.iter().filter(|label| !elsewhere(label)).map(|label| format!("{at}: nothing has {label}")));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Asserts that Prometheus evaluates every rule without an error, and that alerts fire for the tenant in trouble, which
/// they are once two runs of a probe have failed.
fn assert_rules_are_evaluated(watched: &Observed) {
    let evaluated = || -> Vec<Value> {
        let answer = watched.ask("/api/v1/rules");
        list(&answer["data"]["groups"]).iter().flat_map(|group| list(&group["rules"])).cloned().collect()
    };
    let pending = |name: &str| evaluated().iter().any(|rule| rule["name"] == name && rule["state"] != "inactive");
    let begun = Instant::now();
    for name in ["Microsoft365AccessFails", "Microsoft365TroubleLasts"] {
        while !pending(name) {
            assert!(begun.elapsed() < PATIENCE, "{name} is not pending");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
    for name in ["Microsoft365MonitoringGone", "Microsoft365MonitoringDown", "Microsoft365ResultsStale", "Microsoft365ProbeFails"]
    {
        assert!(!pending(name), "{name} is pending");
    }
    let evaluated = evaluated();
    assert_eq!(evaluated.len(), rules("rules.yml").len() + rules("alerts.yml").len());
    for rule in &evaluated {
        assert_eq!(rule["health"], "ok", "{rule}");
    }
}
