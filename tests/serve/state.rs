//! The state file: what outlives a restart of the service, and files in its place that are something else.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use m365_probe::serve::{Service, Source};
use m365_probe::settings::RootStore;

use crate::client::get;
use crate::fixtures::{SECRET, Scratch, address, configuration, refused, serve};
use crate::program::Serving;

/// Writes a configuration with one probe that fails each second, and with a state file, whose path is returned too.
async fn configured(scratch: &Scratch) -> (String, PathBuf) {
    let text = configuration("contoso", refused().await).replace("checks: [token]", "checks: [ { token: { interval: 1s } } ]");
    (format!("state_file: state.json\n{text}"), scratch.0.join("state.json"))
}

async fn start(scratch: &Scratch, configuration: &str) -> Service {
    scratch.file("client.secret", SECRET);
    serve(Source::File { path: scratch.file("m365-probe.yml", configuration), roots: RootStore::default() }).await
}

/// Returns the value of the first series of a metric, if it has any.
async fn value(service: &Service, metric: &str) -> Option<f64> {
    let metrics = get(address(service), "/metrics").await.body;
    let line = metrics.lines().find(|line| line.split(['{', ' ']).next() == Some(metric))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// Waits until the metric has a series.
async fn awaited(service: &Service, metric: &str) -> f64 {
    loop {
        if let Some(value) = value(service, metric).await {
            return value;
        }
        tokio::task::yield_now().await;
    }
}

fn files(scratch: &Scratch) -> Vec<String> {
    let entries = std::fs::read_dir(&scratch.0).expect("a directory");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn restart_keeps_since_and_counters() {
    let scratch = Scratch::new();
    let (configuration, path) = configured(&scratch).await;
    let first = start(&scratch, &configuration).await;
    let since = awaited(&first, "m365_probe_failing_since_timestamp_seconds").await;
    let runs = value(&first, "m365_probe_runs_total").await;
    first.stop().await;
    assert_eq!(std::fs::metadata(&path).expect("written").permissions().mode() & 0o777, 0o600);
    let state = std::fs::read_to_string(&path).expect("text");
    assert!(state.contains("connect_refused") && !state.contains(SECRET), "{state}");
    assert_eq!(files(&scratch), ["client.secret", "m365-probe.yml", "state.json"]);

    let second = start(&scratch, &configuration).await;
    let now = value(&second, "m365_probe_runs_total").await;
    assert!(now >= runs, "{now:?} {runs:?} {state}");
    let still = awaited(&second, "m365_probe_failing_since_timestamp_seconds").await;
    assert!((since - still).abs() < 1.0, "{since} {still}");
    assert_eq!(value(&second, "m365_exporter_state_read_successful").await, Some(1.0));
    second.stop().await;
}

#[tokio::test]
async fn sigterm_writes_the_state_of_a_service_under_systemd() {
    let scratch = Scratch::new();
    scratch.file("client.secret", SECRET);
    let text = configuration("contoso", refused().await).replace("checks: [token]", "checks: [ { token: { interval: 1s } } ]");
    let file = scratch.file("m365-probe.yml", &text);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_m365-probe"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--config"]).arg(file).env("STATE_DIRECTORY", &scratch.0);
    let mut serving = Serving::spawn(&mut command);
    serving.wait_for("connect_refused");
    serving.signal("TERM");
    assert!(serving.ended().success());
    assert!(std::fs::read_to_string(scratch.0.join("state.json")).expect("written").contains("\"runs\":"));
}

#[tokio::test]
async fn state_file_that_is_not_understood_is_kept_aside() {
    for text in ["{ \"format\": \"m365-probe state\", \"version\": 99 }", "no JSON", "{}"] {
        let scratch = Scratch::new();
        let (configuration, path) = configured(&scratch).await;
        std::fs::write(&path, text).expect("written");
        let service = start(&scratch, &configuration).await;
        assert_eq!(value(&service, "m365_exporter_state_read_successful").await, Some(0.0), "{text}");
        service.stop().await;
        let kept = files(&scratch).into_iter().find(|name| name.starts_with("state.json.kept-")).expect("kept");
        assert_eq!(std::fs::read_to_string(scratch.0.join(kept)).expect("text"), text);
        assert!(std::fs::read_to_string(path).expect("written anew").contains("\"version\":1"));
    }
}

#[tokio::test]
async fn state_file_that_cannot_be_written_is_told_and_costs_nothing_else() {
    let scratch = Scratch::new();
    let (configuration, path) = configured(&scratch).await;
    std::fs::create_dir(&path).expect("a directory in its place");
    let service = start(&scratch, &configuration).await;
    assert_eq!(value(&service, "m365_exporter_state_last_write_successful").await, Some(0.0));
    awaited(&service, "m365_probe_failing_since_timestamp_seconds").await;
    service.stop().await;
    assert!(Path::new(&path).is_dir());
}
