//! The threads of the service: what is rendered, and for whom, delays no run; and runs that stand still are told.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use m365_probe::kind::Check;
use m365_probe::render::page::FaultSwitch;
use m365_probe::serve::{Faults, Options, RunsOn, Service, Source};
use m365_probe::settings::Settings;
use tokio::io::AsyncWriteExt as _;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::client::{Reply, connect, get};
use crate::fixtures::{Scratch, address, configuration, options, refused, settings, silent};
use crate::program::Serving;

/// Time for what is waited for, however busy the machine is.
const WITHIN: Duration = Duration::from_secs(60);

/// Faults that are asked for while the status page is rendered, and that hold it until the gate opens.
#[derive(Debug)]
struct Gate {
    started: tokio::sync::mpsc::UnboundedSender<()>,
    gate: Mutex<mpsc::Receiver<()>>,
}

impl Faults for Gate {
    fn switches(&self) -> Vec<FaultSwitch> {
        let _ = self.started.send(());
        let _ = self.gate.lock().unwrap_or_else(PoisonError::into_inner).recv();
        Vec::new()
    }

    fn toggle(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn clear(&self) {}
}

/// Asks for `path` until an answer is as `wanted`.
async fn ask_until(service: &Service, path: &str, wanted: impl Fn(&Reply) -> bool) -> Reply {
    let asking = async {
        loop {
            let reply = get(address(service), path).await;
            if wanted(&reply) {
                return reply;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(WITHIN, asking).await.unwrap_or_else(|_| panic!("{path} never answers so"))
}

fn runs(metrics: &Reply) -> u64 {
    let line = metrics.body.lines().find(|line| line.starts_with("m365_probe_runs_total")).expect("a series from the start");
    line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a number")
}

/// Returns the settings of one probe that is refused at once, every few milliseconds.
async fn busy() -> Settings {
    let mut settings = settings(refused().await, &[("contoso", None, Check::Token)]);
    settings.probes.iter_mut().for_each(|probe| probe.interval = Duration::from_millis(20));
    settings
}

#[tokio::test]
async fn runs_and_health_go_on_while_pages_are_rendered_and_others_wait_for_them() {
    let (started, mut begun) = tokio::sync::mpsc::unbounded_channel();
    let (open, gate) = mpsc::channel();
    let faults = Some(Arc::new(Gate { started, gate: Mutex::new(gate) }) as Arc<dyn Faults>);
    let service = Service::start(Options { faults, ..options(Source::Given(Box::new(busy().await))) }).await.expect("it starts");
    let server = address(&service);
    let readers: Vec<_> = (0..20).map(|_| tokio::spawn(async move { get(server, "/").await.status })).collect();
    begun.recv().await.expect("a page is being rendered");

    let before = runs(&get(server, "/metrics").await);
    ask_until(&service, "/metrics", |metrics| runs(metrics) >= before + 3).await;
    for path in ["/-/healthy", "/-/ready", "/sd", "/api/v1/outcomes", "/probe?check=token"] {
        assert_eq!(get(server, path).await.status, 200, "{path}");
    }
    assert!(begun.try_recv().is_err(), "one page at a time");
    drop(open);
    for reader in readers {
        assert_eq!(reader.await.expect("answered"), 200);
    }
}

/// A page larger than what the system buffers for a client, so that the rest waits with us.
#[tokio::test]
async fn runs_and_health_go_on_while_a_client_does_not_read_its_page() {
    let mut settings = busy().await;
    let probes = settings.probes.iter().flat_map(|probe| {
        (0..300).map(move |number| {
            let mut settings = probe.clone();
            settings.id.tenant = format!("contoso{number:04}-{}", "x".repeat(200));
            settings.interval = if number == 0 { probe.interval } else { Duration::from_secs(86_400) };
            settings
        })
    });
    settings.probes = probes.collect();
    let service = Service::start(options(Source::Given(Box::new(settings)))).await.expect("it starts");
    let mut held = Vec::new();
    for path in ["/", "/metrics", "/metrics", "/api/v1/outcomes"] {
        let mut stream = connect(address(&service)).await;
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await.expect("write");
        stream.readable().await.expect("the answer begins");
        held.push(stream);
    }
    let before = runs(&get(address(&service), "/metrics").await);
    ask_until(&service, "/metrics", |metrics| runs(metrics) >= before + 3).await;
    assert_eq!(get(address(&service), "/-/healthy").await.status, 200);
}

/// The built program, and clients that ask for more pages than the system buffers and read none of them.
#[tokio::test]
async fn built_program_goes_on_with_runs_while_clients_do_not_read_their_pages() {
    let (scratch, peer) = (Scratch::new(), refused().await);
    let often = "checks: [ { token: { interval: 1s, timeout: 1s } } ]\n    mailboxes:\n";
    let mailboxes = (0..200).map(|number| format!("      - {{ address: m{number}@contoso.example, checks: [pop3] }}\n"));
    let configuration = configuration("contoso", peer)
        .replace("checks: [token]\n", often)
        .replace("lab: { ", &format!("lab: {{ pop3: 'pop3s://{peer}', "))
        + &mailboxes.collect::<String>();
    let serving = Serving::start(&scratch, &configuration);
    let mut held = Vec::new();
    for path in ["/", "/metrics", "/api/v1/outcomes"] {
        let mut stream = connect(serving.address).await;
        let requests = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").repeat(100);
        stream.write_all(requests.as_bytes()).await.expect("write");
        stream.readable().await.expect("the first answer begins");
        held.push(stream);
    }
    let metrics = async || get(serving.address, "/metrics").await;
    let going_on = async {
        let before = runs(&metrics().await);
        while runs(&metrics().await) < before + 2 {
            assert_eq!(get(serving.address, "/-/healthy").await.status, 200);
        }
    };
    timeout(WITHIN, going_on).await.expect("runs go on");
}

/// Returns the resident memory of a process, in bytes.
fn resident(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("Linux tells it");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("resident memory");
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<usize>().ok()).expect("a number") * 1024
}

/// Thirty copies of the page would be some 90 MB.
#[tokio::test]
async fn thirty_clients_that_do_not_read_their_metrics_take_less_than_64_mib() {
    let (scratch, (_listener, peer)) = (Scratch::new(), silent().await);
    let mailboxes = (0..10_000).map(|number| format!("      - {{ address: m{number}@contoso.example, checks: [pop3] }}\n"));
    let configuration = configuration("contoso", peer).replace("lab: { ", &format!("lab: {{ pop3: 'pop3s://{peer}', "))
        + "    mailboxes:\n"
        + &mailboxes.collect::<String>();
    let serving = Serving::start(&scratch, &configuration);
    let page = get(serving.address, "/metrics").await.body;
    assert!(page.len() > 2_500_000, "{}", page.len());
    let before = resident(serving.child.id());
    let mut held = Vec::new();
    for _ in 0..30 {
        let mut stream = connect(serving.address).await;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("write");
        held.push(stream);
    }
    for stream in &held {
        timeout(WITHIN, stream.readable()).await.expect("in time").expect("the answer begins");
    }
    let grown = resident(serving.child.id()).saturating_sub(before);
    assert!(grown < 64 * 1024 * 1024, "{grown}");
    assert_eq!(get(serving.address, "/-/healthy").await.status, 200);
}

#[tokio::test]
async fn healthy_is_503_while_the_thread_of_the_runs_stands_still() {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let handle = runtime.handle().clone();
    let (_end, ended) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        let _ = runtime.block_on(ended);
        runtime.shutdown_background();
    });
    let runs = Some(RunsOn { runtime: handle.clone(), silent_at_most: Duration::from_millis(500) });
    let service = Service::start(Options { runs, ..options(Source::Given(Box::new(busy().await))) }).await.expect("it starts");
    ask_until(&service, "/-/healthy", |reply| reply.status == 200).await;

    let (open, gate) = mpsc::channel::<()>();
    handle.spawn(async move { gate.recv() });
    let refusal = ask_until(&service, "/-/healthy", |reply| reply.status == 503).await;
    assert!(refusal.body.starts_with("runs stand still: their thread has given no sign of life for "), "{}", refusal.body);
    assert_eq!(get(address(&service), "/metrics").await.status, 200, "what is known can still be read");
    drop(open);
    ask_until(&service, "/-/healthy", |reply| reply.status == 200).await;
}
