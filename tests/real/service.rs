//! `serve` with Prometheus, signals and reloads.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::lab::{Lab, Setup};
use crate::program::{Serving, promtool_complaints};
use crate::prometheus::{self, Prometheus};
use crate::{http, needs};

const PROBE: &str = "/probe?check=pop3&tenant=contoso&mailbox=praxis";
const RELOADED: &str = "m365_exporter_config_last_reload_successful";

/// Writes a configuration that runs every check every two seconds.
fn configuration(lab: &Lab) -> PathBuf {
    Setup { interval: "2s".into(), ..lab.setup() }.write(&lab.scratch, "serve")
}

#[test]
fn prometheus_scrapes_every_check_and_discovers_every_probe() {
    let Some(lab) = needs::all_there(&[prometheus::PART]).then(Lab::start).flatten() else { return };
    let mut serving = Serving::start(&lab.scratch, &configuration(&lab));
    serving.wait_for_pop3("praxis");
    let mut prometheus = Prometheus::start(&lab.scratch, serving.port);
    let every = BTreeSet::from(["dns", "imap", "pop3", "reach", "smtp", "token"]);
    for metric in ["m365_probe_success", "probe_success%7Bjob=%22m365-probes%22%7D"] {
        let series = prometheus.answer(metric, every.len());
        let checks: BTreeSet<_> = series.iter().filter_map(|series| series["metric"]["check"].as_str()).collect();
        assert_eq!(checks, every, "{metric}");
    }
    let pop3 = prometheus.answer("m365_probe_success%7Bjob=%22m365%22,check=%22pop3%22,mailbox=%22praxis%22%7D==1", 1);
    assert_eq!(pop3.len(), 1, "{pop3:?}");
}

#[test]
fn serve_metrics_are_accepted_by_promtool() {
    let Some(lab) = needs::all_there(&[prometheus::PART]).then(Lab::start).flatten() else { return };
    let mut serving = Serving::start(&lab.scratch, &configuration(&lab));
    assert_eq!(promtool_complaints(&serving.page("/metrics")), "", "before the first run");
    serving.wait_for_pop3("praxis");
    assert_eq!(promtool_complaints(&serving.page("/metrics")), "");
    let probe = serving.page(PROBE);
    assert_eq!(promtool_complaints(&probe), "");
    assert!(probe.lines().any(|line| line == "probe_success 1"), "{probe}");
}

#[test]
fn serve_after_sigterm_ends_within_a_second_and_loses_no_reply() {
    let Some(lab) = Lab::start() else { return };
    let mut serving = Serving::start(&lab.scratch, &configuration(&lab));
    let port = serving.port;
    let scrape = std::thread::spawn(move || http::get(port, PROBE));
    serving.daemon.wait_for("begin a run", || http::get(port, "/metrics").is_ok());
    serving.daemon.signal("TERM");
    let ended = serving.daemon.wait(Duration::from_secs(1));
    assert!(ended.success(), "{ended}");
    // Where the scrape had been accepted it has a whole answer; where not, it was refused and not cut off.
    if let Ok((status, body)) = scrape.join().expect("join") {
        assert_eq!(status, 200, "{body}");
        assert!(body.contains("probe_success"), "{body}");
    }
}

#[test]
fn serve_reload_applies_a_good_configuration_and_ignores_a_bad_one() {
    let Some(lab) = Lab::start() else { return };
    let configuration = configuration(&lab);
    let good = fs::read_to_string(&configuration).expect("read");
    let mut serving = Serving::start(&lab.scratch, &configuration);
    serving.wait_for_pop3("praxis");

    fs::write(&configuration, "tenants: [ { nonsense: 1 } ]\n").expect("write");
    serving.daemon.signal("HUP");
    serving.wait_for_metric(RELOADED, &[], "0");
    serving.wait_for_pop3("praxis");
    let (status, complaint) = http::request("POST", serving.port, "/-/reload").expect("an answer");
    assert!(status >= 400 && complaint.contains("nonsense"), "{status} {complaint}");

    fs::write(&configuration, good.replace("\"praxis\"", "\"reception\"")).expect("write");
    let (status, complaint) = http::request("POST", serving.port, "/-/reload").expect("an answer");
    assert_eq!(status, 200, "{complaint}");
    serving.wait_for_metric(RELOADED, &[], "1");
    serving.wait_for_pop3("reception");
    assert!(!serving.page("/metrics").contains("mailbox=\"praxis\""), "a mailbox that is no longer configured");
}
