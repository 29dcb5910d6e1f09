//! The README's way to let Prometheus spread many probes over many programs, tried with two of them that demonstrate a fault.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::boards::{self, list, string};
use crate::daemon::Daemon;
use crate::prometheus::{self, Prometheus};
use crate::scratch::Scratch;
use crate::{file, http, needs, port};

/// The fault of the demonstrations, of which nine of the eighteen probes fail.
const FAULT: &str = "exchange_service_principal_missing";

const README: &str = include_str!("../../README.md");

/// Returns the README's configuration with our programs in place of its own, and shorter intervals.
fn configuration(ours: [u16; 2]) -> String {
    let blocks = README.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let block = blocks.into_iter().find(|block| block.contains("hashmod")).expect("the README shards");
    let block = block.replace("probe-a:10365", &format!("127.0.0.1:{}", ours[0]));
    let block = block.replace("probe-b:10365", &format!("127.0.0.1:{}", ours[1]));
    let block = block.replace("scrape_interval: 60s", "scrape_interval: 2s").replace("scrape_timeout: 30s", "scrape_timeout: 2s");
    assert!(!block.contains("probe-") && block.contains("_interval: 2s") && block.contains("_timeout: 2s"), "{block}");
    let rules = ["rules.yml", "alerts.yml"].map(|name| file(name).display().to_string()).join(", ");
    format!("global: {{ scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 1s }}\nrule_files: [ {rules} ]\n{block}")
}

#[test]
fn readme_sharding_spreads_probes_over_two_programs() {
    if !needs::all_there(&[prometheus::PART]) {
        return;
    }
    let scratch = Scratch::new();
    let ours = [port::free(), port::free()];
    let start = |ours: u16| {
        let (listen, log) = (format!("127.0.0.1:{ours}"), scratch.path().join(format!("{ours}.log")));
        let program = env!("CARGO_BIN_EXE_m365-probe");
        Daemon::start(program, |program| program.args(["demo", "--listen", &listen, "--fault", FAULT]), &log).listening(ours)
    };
    let _programs = ours.map(start);
    let Prometheus { port, mut daemon } = Prometheus::configured(&scratch, &configuration(ours));
    let ask = |path: &str| prometheus::ask(port, path);

    let offered: Value = serde_json::from_str(&http::get(ours[0], "/sd").expect("targets").1).expect("JSON");
    let offered: BTreeSet<String> = list(&offered).iter().map(|group| string(&group["labels"]["instance"]).to_owned()).collect();
    let mut scraped: BTreeMap<String, String> = BTreeMap::new();
    daemon.wait_for("scrape every probe once", || {
        let answer = ask("/api/v1/query?query=probe_success");
        let series = list(&answer["data"]["result"]).iter().map(|series| &series["metric"]);
        scraped = series.map(|labels| (string(&labels["instance"]).to_owned(), string(&labels["exporter"]).to_owned())).collect();
        scraped.len() >= offered.len()
    });
    assert_eq!(scraped.keys().cloned().collect::<BTreeSet<_>>(), offered);
    let shares = ours.map(|ours| scraped.values().filter(|exporter| **exporter == format!("127.0.0.1:{ours}")).count());
    assert!(shares.iter().sum::<usize>() == offered.len() && shares.iter().all(|share| *share > 2), "{shares:?}");

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
        answer(file, panel, query).iter().map(|series| string(&series["value"][1]).to_owned()).collect()
    };
    // Each scrape brings one probe's part of it.
    for (file, panel, query, expected) in [
        ("overview.json", "Failing probes", 0, ["9"].as_slice()),
        ("overview.json", "Access", 0, &["2"]),
        ("overview.json", "Failing probes", 1, &["18"]),
        ("mailbox.json", "Failing checks, by reason", 0, &["3"; 3]),
    ] {
        daemon.wait_for(&format!("show {expected:?} in {file}: {panel}"), || values(file, panel, query) == expected);
    }
    let owners = answer("overview.json", "Who must act", 0);
    assert_eq!(owners.iter().map(|series| &series["metric"]["owner"]).collect::<Vec<_>>(), ["tenant_admin"]);
    // Each program tells of its share.
    let wrong = answer("overview.json", "What is wrong, and what to do first", 1);
    assert!(wrong.len() == 2 && wrong.iter().all(|series| !string(&series["metric"]["remedy"]).is_empty()), "{wrong:?}");
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
