//! Credentials that are replaced while `serve` is at work: no run fails meanwhile, and an assertion is signed for each token request
//! and for nothing else.

use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use m365_probe::serve::{Service, Source};
use m365_probe::settings::RootStore;
use m365_probe::sim::{AssertionCounts, ClientCertificate, Running, Tenant, start};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::client::{get, request};
use crate::fixtures::{Scratch, address, serve};

/// Each request for `/probe` is a run here; the schedule adds one of each check at the start.
const DEFAULTS: &str = "defaults: { interval: 1h, timeout: 60s, probe_max_age: 0s, logins_per_hour: 1000000, \
                        token_requests_per_hour: 1000000 }";
const POP3: &str = "/probe?check=pop3&tenant=contoso&mailbox=praxis";
const TOKEN: &str = "/probe?check=token&tenant=contoso";

/// A simulated tenant, the service that watches it, and the directory of both's files.
struct Scene {
    tenant: Running,
    service: Service,
    scratch: Scratch,
    /// The configuration with the certificate.
    with_certificate: String,
}

impl Scene {
    async fn new(tenant: Tenant, text: impl FnOnce(&str) -> String) -> Self {
        let scratch = Scratch::new();
        scratch.file("client.secret", tenant.application.secret.expose());
        let tenant = start(tenant).await.expect("a tenant");
        let path = tenant.write_config(&scratch.0).expect("a configuration");
        let written = std::fs::read_to_string(&path).expect("read");
        let with_certificate = written.replace("defaults: { interval: 30s, timeout: 30s }", DEFAULTS);
        assert!(with_certificate.contains(DEFAULTS), "{with_certificate}");
        std::fs::write(&path, text(&with_certificate)).expect("written");
        let service = serve(Source::File { path, roots: RootStore::default() }).await;
        Self { tenant, service, scratch, with_certificate }
    }

    fn address(&self) -> SocketAddr {
        address(&self.service)
    }

    /// Takes over another configuration.
    async fn reload(&self, text: &str) {
        self.scratch.file("m365-probe.yml", text);
        let reply = request(self.address(), "POST", "/-/reload", "").await;
        assert_eq!(reply.status, 200, "{}", reply.body);
    }

    /// Makes `certificate` one of those that are registered with the application.
    fn register(&self, certificate: &ClientCertificate) {
        let certificate = certificate.clone();
        self.tenant.change(move |tenant| tenant.application.certificates.push(certificate));
    }

    /// Removes the certificate that has been registered for the longest time.
    fn unregister(&self) {
        self.tenant.change(|tenant| drop(tenant.application.certificates.remove(0)));
    }
}

/// Runs that follow each other for as long as this lives.
struct Runs {
    ended: watch::Receiver<usize>,
    stop: Arc<AtomicBool>,
    failed: JoinHandle<Vec<String>>,
}

impl Runs {
    fn start(address: SocketAddr) -> Self {
        let (count, ended) = watch::channel(0);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let failed = tokio::spawn(async move {
            let mut failed = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                for path in [TOKEN, POP3] {
                    let page = get(address, &format!("{path}&debug=true")).await.body;
                    failed.extend((!page.contains("\nprobe_success 1\n")).then_some(page));
                }
                count.send_modify(|count| *count += 1);
            }
            failed
        });
        Self { ended, stop, failed }
    }

    /// Waits until runs that began after this call have ended.
    async fn go_on(&mut self) {
        let target = *self.ended.borrow() + 2; // the first may have begun before
        self.ended.wait_for(|ended| *ended >= target).await.expect("they go on");
    }

    /// Ends them, and returns the pages of those that failed.
    async fn end(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.failed.await.expect("they ended")
    }
}

fn write_pair(directory: &Path, certificate: &ClientCertificate) {
    std::fs::create_dir_all(directory).expect("a directory");
    std::fs::write(directory.join("client.key"), certificate.key.expose()).expect("written");
    std::fs::write(directory.join("client.pem"), &certificate.certificate).expect("written");
}

/// Replaces the link `..data` by one to `directory`, as the kubelet does for cert-manager.
fn point_to(scratch: &Scratch, directory: &str) {
    let link = scratch.0.join("..data.new");
    symlink(directory, &link).expect("a link");
    std::fs::rename(link, scratch.0.join("..data")).expect("renamed");
}

/// Returns the configuration with the client secret in the certificate's place.
fn with_secret(text: &str) -> String {
    let without = text.lines().filter(|line| !line.contains("private_key_file:"));
    let lines =
        without.map(|line| if line.contains("certificate_file:") { "      client_secret_file: client.secret" } else { line });
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// Each credential is registered before it is used, and is removed once the next one is in use.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credential_is_replaced_by_any_way_without_a_failed_run() {
    let tenant = Tenant::contoso().with_certificate().expect("a certificate");
    let scene = Scene::new(tenant, with_secret).await;
    let scratch = &scene.scratch;
    let mut runs = Runs::start(scene.address());
    runs.go_on().await;
    assert_eq!(scene.tenant.assertions(), AssertionCounts::default(), "with a secret nothing is signed");

    // From the secret to a certificate, by a reload.
    scene.reload(&scene.with_certificate).await;
    runs.go_on().await;
    assert!(scene.tenant.assertions().accepted > 0, "the certificate is in use");

    // cert-manager's way: a link to a directory with both files is replaced.
    let [first, second] = ["..1", "..2"].map(|name| (name, scratch.0.join(name)));
    let shared = ClientCertificate::shared().expect("a certificate");
    write_pair(&first.1, &shared);
    point_to(scratch, first.0);
    for name in ["client.pem", "client.key"] {
        symlink(format!("..data/{name}"), scratch.0.join("new")).expect("a link");
        std::fs::rename(scratch.0.join("new"), scratch.0.join(name)).expect("renamed");
    }
    runs.go_on().await;
    let expiring = ClientCertificate::expiring().expect("a certificate");
    scene.register(&expiring);
    write_pair(&second.1, &expiring);
    point_to(scratch, second.0);
    runs.go_on().await;
    scene.unregister();
    runs.go_on().await;

    // One that ends soon is warned of, until its successor, which is registered beside it, takes its place file by file.
    let warned = async || get(scene.address(), &format!("{TOKEN}&debug=true")).await.body.contains("credential_expiring");
    assert!(warned().await, "it ends in five days");
    let successor = ClientCertificate::foreign().expect("a certificate");
    scene.register(&successor);
    runs.go_on().await;
    std::fs::write(second.1.join("client.key"), successor.key.expose()).expect("written");
    runs.go_on().await;
    std::fs::write(second.1.join("client.pem"), &successor.certificate).expect("written");
    runs.go_on().await;
    scene.unregister();
    runs.go_on().await;
    assert!(!warned().await, "its successor is in use");

    // Back to the secret.
    scene.reload(&with_secret(&scene.with_certificate)).await;
    runs.go_on().await;
    scene.unregister();
    runs.go_on().await;

    assert_eq!(runs.end().await, Vec::<String>::new());
    let metrics = get(scene.address(), "/metrics").await.body;
    let failed = metrics.lines().filter(|line| line.starts_with("m365_probe_failed_runs_total{") && !line.ends_with(" 0"));
    assert_eq!(failed.collect::<Vec<_>>(), Vec::<&str>::new());
}

/// The tenant takes each assertion once, so that one signed for more than one request would be refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn assertion_is_signed_for_each_token_request_and_for_nothing_else() {
    let mut tenant = Tenant::contoso().with_certificate().expect("a certificate");
    tenant.application.assertions_are_good_once = true;
    // Without the checks that want another token than these: `token` always a fresh one, `graph` one for Graph.
    let scene = Scene::new(tenant, |text| text.replace("[token, ", "[").replace(", graph]", "]")).await;
    let accepted = || scene.tenant.assertions().accepted;
    let success = async |path: &str| {
        let page = get(scene.address(), path).await.body;
        assert!(page.contains("\nprobe_success 1\n"), "{path}: {page}");
    };
    success(POP3).await;
    let before = accepted();
    for mailbox in ["praxis", "labor", "empfang"].iter().cycle().take(30) {
        for check in ["pop3", "imap", "smtp", "ews"] {
            success(&format!("/probe?check={check}&tenant=contoso&mailbox={mailbox}")).await;
        }
    }
    assert_eq!((before, accepted()), (1, 1), "one token for all runs");
    scene.tenant.expire_tokens();
    while accepted() < 2 {
        success(POP3).await; // the first may share a scheduled run that had its answer before
    }
    assert_eq!(scene.tenant.assertions(), AssertionCounts { accepted: 2, repeated: 0 });
    assert_eq!(scene.tenant.tokens().issued, 2);
}
