//! Runs that clients ask for: shared while they go on, given again while they are young, and below a ceiling whatever clients do.

use std::sync::Arc;
use std::time::Duration;

use m365_probe::kind::Check;
use m365_probe::serve::{Service, Source};
use m365_probe::settings::{Ceilings, ProbeSettings, Settings, Tenant};
use m365_probe::sim::{self, Running};
use tokio::io::AsyncReadExt;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::client::{Reply, connect, get, request};
use crate::fixtures::{Scratch, address, advance, refused, serve, serve_on_this_runtime, settings, silent};

/// Time in which whatever is waited for happens, also on a busy machine.
const WITHIN: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);
const POP3: &str = "/probe?check=pop3&mailbox=praxis";

/// Starts the simulated tenant with these checks of one mailbox and the check of its token, each scheduled once a day.
async fn tenant(checks: &[Check], scratch: &Scratch) -> (Running, Settings) {
    let tenant = sim::start(sim::Tenant::contoso()).await.expect("a tenant");
    let mut settings = tenant.settings(&tenant.write_ca(&scratch.0).expect("written"));
    let is_of_praxis = |probe: &ProbeSettings| probe.id.mailbox.as_deref() == Some("praxis") && checks.contains(&probe.id.check);
    settings.probes.retain(|probe| is_of_praxis(probe) || probe.id.check == Check::Token);
    for probe in &mut settings.probes {
        // The registration is read with a token, too, and no login.
        let tenant = Tenant { read_expiry: false, ..(*probe.tenant).clone() };
        (probe.interval, probe.tenant) = (DAY, Arc::new(tenant));
    }
    (tenant, settings)
}

fn value(reply: &Reply, series: &str) -> u64 {
    let line = reply.body.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with([' ', '{'])));
    let value = line.and_then(|line| line.rsplit(' ').next()).and_then(|value| value.parse::<f64>().ok());
    format!("{:.0}", value.unwrap_or_else(|| panic!("no {series} in {}", reply.body))).parse().expect("a whole number")
}

/// Returns the number of probes whose scheduled run has succeeded.
fn scheduled(metrics: &Reply) -> usize {
    metrics.body.lines().filter(|line| line.starts_with("m365_probe_last_success_timestamp_seconds{")).count()
}

async fn ask_until(service: &Service, path: &str, is_wanted: impl Fn(&Reply) -> bool) {
    let asking = async {
        while !is_wanted(&get(address(service), path).await) {
            tokio::task::yield_now().await;
        }
    };
    timeout(WITHIN, asking).await.unwrap_or_else(|_| panic!("{path} never answers so"));
}

async fn requests(service: &Service, result: &str) -> u64 {
    let metrics = get(address(service), "/metrics").await;
    value(&metrics, &format!("m365_exporter_probe_requests_total{{result=\"{result}\"}}"))
}

#[tokio::test]
async fn clients_that_ask_at_once_share_a_run_and_later_ones_get_its_outcome_again() {
    let scratch = Scratch::new();
    let (tenant, settings) = tenant(&[Check::Pop3], &scratch).await;
    let service = serve(Source::Given(Box::new(settings))).await;
    let server = address(&service);
    let mut clients: JoinSet<_> = (0..20).map(|_| get(server, POP3)).collect();
    while let Some(reply) = clients.join_next().await {
        let reply = reply.expect("answered");
        assert_eq!(value(&reply, "probe_success"), 1, "{}", reply.body);
    }
    let again = get(server, &format!("{POP3}&debug=true")).await;
    assert_eq!((value(&again, "probe_success"), value(&again, "m365_probe_cached")), (1, 1), "{}", again.body);
    assert!(again.body.contains("\ngiven again: this run ended ") && again.body.contains("> STAT"), "{}", again.body);
    // Runs of the schedule may have come in between.
    let logins = tenant.tokens().presented;
    assert!((1..=3).contains(&logins), "{logins} logins for 21 requests");
}

#[tokio::test]
async fn outcome_of_a_scheduled_run_is_given_again_with_its_transcript() {
    let scratch = Scratch::new();
    let (tenant, settings) = tenant(&[Check::Pop3], &scratch).await;
    let service = serve(Source::Given(Box::new(settings))).await;
    ask_until(&service, "/metrics", |metrics| scheduled(metrics) == 2).await;
    let logins = tenant.tokens().presented;
    let reply = get(address(&service), &format!("{POP3}&debug=true")).await;
    assert_eq!((value(&reply, "probe_success"), value(&reply, "m365_probe_cached")), (1, 1), "{}", reply.body);
    assert!(reply.body.contains("> STAT"), "{}", reply.body);
    assert_eq!(tenant.tokens().presented, logins);
}

/// Nothing listens at the peer, so that a run takes no time. The schedule's runs are young outcomes too, now and then.
#[tokio::test]
async fn outcome_is_given_again_for_a_quarter_of_the_interval_or_as_configured() {
    let seconds = Duration::from_secs;
    for (configured, interval, max_age) in
        [(None, 86_400, 21_600), (None, 10, 5), (Some(seconds(90)), 86_400, 90), (Some(Duration::ZERO), 86_400, 0)]
    {
        let mut settings = settings(refused().await, &[("contoso", None, Check::Token)]);
        (settings.probe_max_age, settings.probes[0].interval) = (configured, seconds(interval));
        settings.probes[0].timeout = seconds(1);
        let service = serve_on_this_runtime(Source::Given(Box::new(settings))).await;
        let ask = || async { value(&get(address(&service), "/probe?check=token").await, "m365_probe_cached") };
        let mut is_old = false;
        for _ in 0..100 {
            advance(seconds(max_age + 1)).await;
            is_old = is_old || ask().await == 0;
            if is_old {
                break;
            }
        }
        assert!(is_old, "{configured:?} {interval}: each outcome counts as young");
        advance(seconds(max_age.saturating_sub(1))).await;
        assert_eq!(ask().await, u64::from(max_age > 0), "{configured:?} {interval}");
    }
}

#[tokio::test]
async fn run_goes_on_while_one_of_its_clients_waits_and_ends_with_the_last() {
    let (peer, at) = silent().await;
    let service = serve(Source::Given(Box::new(settings(at, &[("contoso", None, Check::Token)])))).await;
    let server = address(&service);
    let first = tokio::spawn(async move { get(server, "/probe?check=token").await });
    let (mut held, _) = peer.accept().await.expect("the run has begun");
    held.read_u8().await.expect("it says hello");
    let second = tokio::spawn(async move { get(server, "/probe?check=token").await });
    ask_until(&service, "/metrics", |metrics| metrics.body.contains("requests_total{result=\"shared\"} 1")).await;
    first.abort();
    assert!(first.await.is_err_and(|error| error.is_cancelled()));
    // The service has seen the first client go once it has answered one that came later.
    get(server, "/-/healthy").await;
    let mut rest = [0; 4096];
    while let Ok(Ok(read)) = timeout(Duration::from_millis(1), held.read(&mut rest)).await {
        assert_ne!(read, 0, "the run has ended though one still waits for it");
    }
    second.abort();
    timeout(WITHIN, held.read_to_end(&mut Vec::new())).await.expect("the run ends with the last").expect("it hangs up");
    assert_eq!(requests(&service, "run").await, 1);
}

/// A few clients without regard: they ask again as soon as they are answered, give little time, or hang up.
async fn flood(server: std::net::SocketAddr, requests: usize) -> Vec<Reply> {
    let checks = ["pop3", "imap", "smtp", "ews", "graph", "token"];
    let mut clients = JoinSet::new();
    for client in 0..4 {
        clients.spawn(async move {
            let mut replies = Vec::new();
            for number in 0..requests {
                let path = format!("/probe?check={}", checks[(client + number) % checks.len()]);
                match number % 5 {
                    3 => drop(asked(server, &path).await),
                    4 => drop(request(server, "GET", &path, "X-Prometheus-Scrape-Timeout-Seconds: 0.2\r\n").await),
                    _ => replies.push(get(server, &path).await),
                }
            }
            replies
        });
    }
    clients.join_all().await.into_iter().flatten().collect()
}

/// Sends a request and returns the connection, on which nobody waits for the answer.
async fn asked(server: std::net::SocketAddr, path: &str) -> tokio::net::TcpStream {
    use tokio::io::AsyncWriteExt;
    let mut stream = connect(server).await;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await.expect("sent");
    stream
}

#[tokio::test]
async fn flood_of_requests_causes_no_more_logins_and_token_requests_than_the_ceilings() {
    let scratch = Scratch::new();
    let (tenant, mut settings) = tenant(&[Check::Pop3, Check::Imap, Check::Smtp, Check::Ews, Check::Graph], &scratch).await;
    // The schedule needs 10 of the former and 134 of the latter. Each request is to be a run, as far as the ceilings allow.
    settings.ceilings = Ceilings { logins_per_hour: Some(40), token_requests_per_hour: Some(150) };
    settings.probe_max_age = Some(Duration::ZERO);
    let service = serve(Source::Given(Box::new(settings))).await;
    let server = address(&service);
    let refusals = |metrics: &Reply, ceiling: &str| {
        value(metrics, &format!("m365_exporter_ceiling_refusals_total{{tenant=\"contoso\",ceiling=\"{ceiling}\"}}"))
    };
    let reached = async {
        loop {
            let replies = flood(server, 30).await;
            assert!(replies.iter().all(|reply| reply.status == 200));
            let metrics = get(server, "/metrics").await;
            if ["logins", "token_requests"].iter().all(|ceiling| refusals(&metrics, ceiling) > 0) {
                return;
            }
        }
    };
    timeout(WITHIN, reached).await.expect("the ceilings are reached");
    // Whatever clients do, each probe has its scheduled run.
    ask_until(&service, "/metrics", |metrics| scheduled(metrics) == 6).await;

    let (asked_of_it, metrics) = (tenant.tokens(), get(server, "/metrics").await);
    let logins = value(&metrics, r#"m365_exporter_mailbox_logins_last_hour{tenant="contoso",mailbox="praxis"}"#);
    let token_requests = value(&metrics, r#"m365_exporter_token_requests_last_hour{tenant="contoso"}"#);
    assert!(asked_of_it.presented <= logins && (30..=40).contains(&logins), "{asked_of_it:?}, {logins} counted");
    assert!(
        asked_of_it.issued <= token_requests && (16..=150).contains(&token_requests),
        "{asked_of_it:?}, {token_requests} counted"
    );
    // Nobody is woken: the outcome of the schedule, or of a client before, is given in place of a run.
    let before = tenant.tokens();
    for path in [POP3, "/probe?check=token"] {
        let reply = get(server, path).await;
        assert_eq!((value(&reply, "probe_success"), value(&reply, "m365_probe_cached")), (1, 1), "{}", reply.body);
    }
    assert_eq!(tenant.tokens(), before);
    assert_eq!(value(&metrics, r#"m365_exporter_skipped_runs_total{reason="ceiling_reached"}"#), 0);
}

/// Without any earlier outcome there is nothing to be given again; then it is said why there was no run, and who must act.
#[tokio::test]
async fn request_beyond_the_ceiling_without_an_earlier_outcome_is_ceiling_reached() {
    let scratch = Scratch::new();
    let (tenant, mut settings) = tenant(&[Check::Pop3], &scratch).await;
    settings.probes.retain(|probe| probe.id.check == Check::Pop3);
    settings.ceilings.logins_per_hour = Some(1);
    let service = serve(Source::Given(Box::new(settings))).await;
    let reply = get(address(&service), &format!("{POP3}&debug=true")).await;
    // The schedule may have been the first: then its outcome is given.
    if value(&reply, "m365_probe_cached") == 0 {
        assert!(
            reply.body.contains(
                r#"m365_probe_skipped_info{tenant="contoso",mailbox="praxis",check="pop3",reason="ceiling_reached"} 1"#
            )
        );
        assert!(
            reply.body.contains("0 logins in the last hour, of 1 that `logins_per_hour` allows, and the rest is the schedule's")
        );
        assert_eq!(tenant.tokens().presented, 0);
    }
}
