//! `/probe`: selection, time limit and response.

use m365_probe::kind::Check;
use m365_probe::serve::Source;
use m365_probe::sim;
use tokio::io::AsyncReadExt;

use crate::client::{get, request};
use crate::fixtures::{SECRET, Scratch, address, refused, serve, serve_on_this_runtime, settings, silent};

const PROBES: [(&str, Option<&str>, Check); 6] = [
    ("contoso", None, Check::Token),
    ("contoso", Some("praxis"), Check::Pop3),
    ("contoso", Some("labor"), Check::Pop3),
    ("contoso", Some("labor"), Check::Imap),
    ("fabrikam", Some("praxis"), Check::Pop3),
    ("fabrikam", Some("praxis"), Check::Smtp),
];

#[tokio::test]
async fn probe_is_selected_by_parameters_or_400_lists_the_choices() {
    let service = serve(Source::Given(Box::new(settings(refused().await, &PROBES)))).await;
    for (query, status, text) in [
        ("check=pop3&tenant=contoso&mailbox=praxis", 200, r#"{tenant="contoso",mailbox="praxis","#),
        ("check=pop3&tenant=contoso&mailbox=Labor%40CONTOSO.example", 200, r#"{tenant="contoso",mailbox="labor","#),
        ("check=pop3&tenant=fabrikam", 200, r#"{tenant="fabrikam",mailbox="praxis","#),
        ("check=imap", 200, r#"{tenant="contoso",mailbox="labor",check="imap""#),
        ("check=token&mailbox=", 200, r#"{tenant="contoso",mailbox="",check="token""#),
        ("check=token&unknown=x", 200, "probe_success 0"),
        ("", 400, "the parameter `check` is missing; one of token, pop3, imap, smtp"),
        ("check=", 400, "the parameter `check` is missing"),
        ("tenant=contoso", 400, "the parameter `check` is missing"),
        ("check=popp", 400, "there is no check `popp` to probe; one of token, pop3, imap, smtp"),
        ("check=pop3", 400, "the parameter `tenant` is missing; one of contoso, fabrikam"),
        ("check=smtp&tenant=contoso", 400, "there is no tenant `contoso` to probe; one of fabrikam"),
        ("check=pop3&tenant=Contoso", 400, "there is no tenant `Contoso` to probe; one of contoso, fabrikam"),
        ("check=pop3&tenant=contoso", 400, "the parameter `mailbox` is missing; one of praxis, labor"),
        ("check=pop3&tenant=contoso&mailbox=x", 400, "there is no mailbox `x` to probe; one of praxis, labor"),
        ("check=token&mailbox=praxis", 400, "`token` is a check of the tenant; leave out the mailbox `praxis`"),
        ("check=pop3&check=imap", 400, "the parameter `check` is given twice"),
        ("check=token&debug=true&debug=true", 400, "the parameter `debug` is given twice"),
        ("check=token%", 400, "`%` is not an escape"),
        ("check=%ff", 400, "does not spell UTF-8"),
        ("check=a%0d%0ab%1b", 400, r"`a b\u{1b}`"),
    ] {
        let reply = get(address(&service), &format!("/probe?{query}")).await;
        assert_eq!(reply.status, status, "{query}: {}", reply.body);
        assert!(reply.body.contains(text), "{query}: {}", reply.body);
        let content_type = if status == 200 { "text/plain; version=0.0.4; charset=utf-8" } else { "text/plain; charset=utf-8" };
        assert_eq!(reply.header("content-type"), Some(content_type), "{query}");
    }
}

#[tokio::test]
async fn failed_run_is_200_with_probe_success_0() {
    let service = serve(Source::Given(Box::new(settings(refused().await, &PROBES)))).await;
    let reply = get(address(&service), "/probe?check=token").await;
    assert_eq!(reply.status, 200);
    assert!(reply.body.lines().any(|line| line == "probe_success 0"), "{}", reply.body);
    let reason = r#"phase="connect",reason="connect_refused",owner="network"} 1"#;
    assert!(reply.body.contains(reason), "{}", reply.body);
    assert!(!reply.body.contains("m365_exporter_"), "{}", reply.body);
}

/// Scrapes at the same time do not see each other's series, nor those of an earlier run.
#[tokio::test]
async fn each_scrape_has_a_registry_of_its_own() {
    let service = serve(Source::Given(Box::new(settings(refused().await, &PROBES)))).await;
    let mut scrapes = tokio::task::JoinSet::new();
    for (tenant, mailbox, check) in PROBES.into_iter().cycle().take(4 * PROBES.len()) {
        let (address, mailbox) = (address(&service), mailbox.unwrap_or_default());
        scrapes.spawn(async move {
            let page = get(address, &format!("/probe?check={check}&tenant={tenant}&mailbox={mailbox}")).await.body;
            let own = format!(r#"{{tenant="{tenant}",mailbox="{mailbox}",check="{check}""#);
            let labelled: Vec<_> = page.lines().filter(|line| line.contains("tenant=")).collect();
            assert!(labelled.len() > 3 && labelled.iter().all(|line| line.contains(&own)), "{own}: {page}");
            assert_eq!(page.matches("\nprobe_success ").count(), 1, "{own}: {page}");
        });
    }
    while let Some(scrape) = scrapes.join_next().await {
        scrape.expect("a page of its own");
    }
}

#[tokio::test]
async fn run_on_request_is_not_counted_in_metrics() {
    let service = serve(Source::Given(Box::new(settings(refused().await, &[("contoso", Some("praxis"), Check::Pop3)])))).await;
    get(address(&service), "/probe?check=pop3").await;
    let metrics = get(address(&service), "/metrics").await.body;
    let runs = metrics.lines().find(|line| line.starts_with("m365_probe_runs_total")).expect("a series from the start");
    assert!(runs.ends_with(" 0"), "{runs}");
}

/// On tokio's paused clock, which advances while everything waits: a silent peer takes all the time there is.
#[tokio::test(start_paused = true)]
async fn scrape_timeout_header_limits_the_run() {
    let (_peer, at) = silent().await;
    for (header, limit) in [
        ("", 30.0),
        ("X-Prometheus-Scrape-Timeout-Seconds: 10\r\n", 9.5),
        ("x-prometheus-scrape-timeout-seconds: 2.5\r\n", 2.0),
        ("X-Prometheus-Scrape-Timeout-Seconds: 0.2\r\n", 0.1),
        ("X-Prometheus-Scrape-Timeout-Seconds: 120\r\n", 30.0),
    ] {
        let service = serve_on_this_runtime(Source::Given(Box::new(settings(at, &PROBES)))).await; // a new one: its schedule has not begun yet
        let reply = request(address(&service), "GET", "/probe?check=token", header).await;
        let value = |name: &str| {
            let line = reply.body.lines().find(|line| line.starts_with(name)).expect("a series");
            line.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok()).expect("a number")
        };
        assert!((value("probe_timeout_seconds") - limit).abs() < 1e-9, "{header}: {}", reply.body);
        assert!((value("probe_duration_seconds") - limit).abs() < 0.01, "{header}: {}", reply.body);
        assert!(reply.body.contains("reason=\"tls_timed_out\""), "{header}: {}", reply.body);
    }
}

#[tokio::test]
async fn unreadable_scrape_timeout_header_is_500() {
    let service = serve(Source::Given(Box::new(settings(refused().await, &PROBES)))).await;
    let reply = request(address(&service), "GET", "/probe?check=token", "X-Prometheus-Scrape-Timeout-Seconds: soon\r\n").await;
    assert_eq!(reply.status, 500);
    assert!(reply.body.contains("is not a time in seconds"), "{}", reply.body);
}

#[tokio::test]
async fn probe_that_runs_already_is_busy_when_the_timeout_ends() {
    let (peer, at) = silent().await;
    let service = serve(Source::Given(Box::new(settings(at, &PROBES)))).await;
    let server = address(&service);
    let first = tokio::spawn(async move { get(server, "/probe?check=token").await });
    let _held = peer.accept().await.expect("the first run has begun");
    let second = request(server, "GET", "/probe?check=token&debug=true", "X-Prometheus-Scrape-Timeout-Seconds: 0.1\r\n").await;
    assert_eq!(second.status, 200);
    assert!(second.body.contains("probe_success 0") && second.body.contains("reason=\"busy\""), "{}", second.body);
    assert!(second.body.contains("not run: another run still uses the connection"), "{}", second.body);
    first.abort();
}

#[tokio::test]
async fn scraper_that_hangs_up_ends_the_run() {
    let (peer, at) = silent().await;
    let service = serve(Source::Given(Box::new(settings(at, &PROBES)))).await;
    let server = address(&service);
    let asking = tokio::spawn(async move { get(server, "/probe?check=token").await });
    let (mut held, _) = peer.accept().await.expect("the run has begun");
    held.read_u8().await.expect("it says hello"); // a connection is accepted before its peer has written anything
    asking.abort();
    held.read_to_end(&mut Vec::new()).await.expect("the probe hangs up too");
}

#[tokio::test]
async fn debug_page_has_run_metrics_and_configuration() {
    let tenant = sim::start(sim::Tenant::contoso()).await.expect("a tenant");
    let scratch = Scratch::new();
    let service = serve(Source::Given(Box::new(tenant.settings(&tenant.write_ca(&scratch.0).expect("written"))))).await;
    let reply = get(address(&service), "/probe?check=pop3&mailbox=praxis&debug=true").await;
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("text/plain; charset=utf-8")), "{}", reply.body);
    for text in [
        "Logs for the probe:\n",
        "contoso/praxis/pop3, limit 10.000s\n",
        "s token took ",
        "s mailbox took ",
        "mailbox opened in ",
        "12 messages",
        "token roles: ",
        "\nMetrics that would have been returned:\n# HELP ",
        "\nprobe_success 1\n",
        "\nProbe configuration:\nprobe: contoso/praxis/pop3\naddress: praxis@contoso.example\n",
        "client_secret: <secret>",
    ] {
        assert!(reply.body.contains(text), "{text:?} in {}", reply.body);
    }
}

#[tokio::test]
async fn no_page_has_the_secret() {
    let service = serve(Source::Given(Box::new(settings(refused().await, &PROBES)))).await;
    for target in ["/probe?check=pop3&tenant=fabrikam&debug=true", "/config", "/metrics", "/api/v1/outcomes", "/", "/sd"] {
        let reply = get(address(&service), target).await;
        assert!(reply.status == 200 && !reply.body.contains(SECRET), "{target}: {}", reply.body);
    }
}
