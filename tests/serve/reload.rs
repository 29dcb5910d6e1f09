//! Reloads: a new configuration is taken over whole, or not at all.

use std::time::Duration;

use m365_probe::serve::{NotStarted, Options, Service, Source};
use m365_probe::settings::RootStore;

use crate::client::{Reply, get, request};
use crate::fixtures::{SECRET, Scratch, address, advance, configuration, refused, serve, serve_on_this_runtime};

async fn reload(service: &Service) -> Reply {
    request(address(service), "POST", "/-/reload", "").await
}

/// Returns a series' value without its decimals.
fn value(metrics: &str, name: &str) -> u64 {
    let line = metrics.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name} in {metrics}"));
    let whole = line.rsplit(' ').next().and_then(|value| value.split('.').next());
    whole.and_then(|value| value.parse().ok()).expect("a number")
}

#[tokio::test]
async fn reload_takes_over_a_right_configuration_and_refuses_a_wrong_one() {
    const SUCCESSFUL: &str = "m365_exporter_config_last_reload_successful";
    const SINCE: &str = "m365_exporter_config_last_reload_success_timestamp_seconds";
    let (scratch, login) = (Scratch::new(), refused().await);
    scratch.file("client.secret", SECRET);
    let file = scratch.file("m365-probe.yml", &configuration("contoso", login));
    let service = serve(Source::File { path: file, roots: RootStore::default() }).await;

    let began = get(address(&service), "/metrics").await.body;
    assert!(value(&began, SUCCESSFUL) == 1 && value(&began, SINCE) > 1_700_000_000, "{began}");
    let shown = get(address(&service), "/config").await.body;
    assert!(shown.contains("name: contoso") && !shown.contains(SECRET), "{shown}");

    scratch.file(
        "m365-probe.yml",
        &configuration("contoso", login).replace("checks:", "chekcs:").replace("cloud: lab", "cloud: moon"),
    );
    let refusal = reload(&service).await;
    assert_eq!(refusal.status, 500);
    assert!(refusal.body.contains("chekcs") && refusal.body.contains("moon"), "every mistake: {}", refusal.body);
    let after = get(address(&service), "/metrics").await.body;
    assert_eq!((value(&after, SUCCESSFUL), value(&after, SINCE)), (0, value(&began, SINCE)));
    assert_eq!(get(address(&service), "/config").await.body, shown);
    assert_eq!(get(address(&service), "/probe?check=token&tenant=contoso").await.status, 200);

    scratch.file("m365-probe.yml", &configuration("fabrikam", login));
    let taken = reload(&service).await;
    assert_eq!((taken.status, taken.body.as_str()), (200, "configuration reloaded: probes 1\n"));
    let after = get(address(&service), "/metrics").await.body;
    assert!(value(&after, SUCCESSFUL) == 1 && value(&after, SINCE) >= value(&began, SINCE));
    assert!(after.contains("tenant=\"fabrikam\"") && !after.contains("tenant=\"contoso\""), "{after}");
    assert_eq!(get(address(&service), "/probe?check=token&tenant=contoso").await.status, 400);
    assert_eq!(get(address(&service), "/probe?check=token&tenant=fabrikam").await.status, 200);
}

#[tokio::test]
async fn reload_of_a_missing_file_changes_nothing() {
    let scratch = Scratch::new();
    scratch.file("client.secret", SECRET);
    let file = scratch.file("m365-probe.yml", &configuration("contoso", refused().await));
    let service = serve(Source::File { path: file.clone(), roots: RootStore::default() }).await;
    std::fs::remove_file(file).expect("removed");
    let refusal = reload(&service).await;
    assert_eq!(refusal.status, 500);
    assert!(refusal.body.contains("cannot be read"), "{}", refusal.body);
    assert_eq!(get(address(&service), "/probe?check=token").await.status, 200);
}

#[tokio::test]
async fn service_with_a_wrong_configuration_or_a_taken_address_does_not_start() {
    let scratch = Scratch::new();
    let file = scratch.file("m365-probe.yml", "tenants: 1\n");
    let refused = Service::start(Options::new(Source::File { path: file, roots: RootStore::default() }, Vec::new())).await;
    assert!(matches!(refused, Err(NotStarted::Configuration(message)) if message.contains("m365-probe.yml:1:")));

    let service = crate::fixtures::idle().await;
    let source = Source::Given(Box::default());
    let refused = Service::start(Options::new(source, vec![address(&service).into()])).await;
    assert!(matches!(refused, Err(NotStarted::Machine(message)) if message.starts_with("cannot listen on `127.0.0.1:")));
}

#[tokio::test]
async fn secret_file_that_becomes_a_pipe_is_secret_unreadable_and_hangs_nothing() {
    let scratch = Scratch::new();
    let secret = scratch.file("client.secret", SECRET);
    let file = scratch.file("m365-probe.yml", &configuration("contoso", refused().await));
    let service = serve(Source::File { path: file, roots: RootStore::default() }).await;
    std::fs::remove_file(&secret).expect("removed");
    assert!(std::process::Command::new("mkfifo").arg(&secret).status().expect("mkfifo").success());
    let run = get(address(&service), "/probe?check=token&debug=true").await;
    assert!(run.body.contains("secret_unreadable") && run.body.contains("it is not a regular file"), "{}", run.body);
}

/// Time between the beginnings of two reloads.
const RELOAD_APART: Duration = Duration::from_secs(1);

#[tokio::test]
async fn reload_every_second_delays_no_run_whether_or_not_it_changes_another_tenant() {
    for changes in [false, true] {
        let (scratch, login) = (Scratch::new(), refused().await);
        scratch.file("client.secret", SECRET);
        let text = configuration("contoso", login).replace("[token]", "[token: { interval: 10s, timeout: 1s }]");
        let other = |round: u32| {
            let (_, tenants) = text.split_once("tenants:\n").expect("tenants");
            tenants.replace("contoso\n", &format!("fabrikam{}\n", if changes { round } else { 0 }))
        };
        let file = scratch.file("m365-probe.yml", &(text.clone() + &other(0)));
        let service = serve_on_this_runtime(Source::File { path: file, roots: RootStore::default() }).await;
        for round in 0..60 {
            scratch.file("m365-probe.yml", &(text.clone() + &other(round)));
            let (done, ()) = tokio::join!(reload(&service), advance(RELOAD_APART));
            assert_eq!(done.status, 200, "{round}");
        }
        let metrics = get(address(&service), "/metrics").await.body;
        let runs = value(&metrics, "m365_probe_runs_total{tenant=\"contoso\"");
        assert!((5..=8).contains(&runs), "{runs} runs in a minute at 10 s each");
        assert!(metrics.contains("tenant=\"fabrikam0\"") != changes, "the other one is gone: {metrics}");
    }
}

/// Reloads that come together are one: only the first of them, and one after it, read the configuration.
#[tokio::test]
async fn reloads_that_are_asked_for_together_share_a_result() {
    let scratch = Scratch::new();
    scratch.file("client.secret", SECRET);
    let login = refused().await;
    let file = scratch.file("m365-probe.yml", &configuration("contoso", login));
    let service = serve_on_this_runtime(Source::File { path: file, roots: RootStore::default() }).await;
    assert_eq!(reload(&service).await.status, 200);
    scratch.file("m365-probe.yml", &configuration("fabrikam", login));
    let asked = futures_util::future::join_all((0..5).map(|_| reload(&service)));
    let waited_for = async {
        tokio::task::yield_now().await;
        advance(RELOAD_APART).await;
    };
    let (replies, ()) = tokio::join!(asked, waited_for);
    assert!(replies.iter().all(|reply| reply.status == 200), "{replies:?}");
    assert!(get(address(&service), "/config").await.body.contains("fabrikam"));
}
