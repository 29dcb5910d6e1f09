//! Fixtures of the tests: services, their probes, peers and configuration files.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use m365_probe::cloud::{Cloud, HttpsEndpoint, MailEndpoint};
use m365_probe::credential::SecretSource;
use m365_probe::kind::Check;
use m365_probe::outcome::ProbeId;
use m365_probe::secret::Secret;
use m365_probe::serve::{Options, Service, Source};
use m365_probe::settings::{ProbeSettings, Settings, Tenant};
use tokio::net::TcpListener;
use tokio::runtime::Handle;

/// The client secret of all probes, which no output may contain.
pub const SECRET: &str = "marked-secret-7f3a9c-must-not-be-seen";

pub async fn serve(source: Source) -> Service {
    Service::start(options(source)).await.expect("it starts")
}

/// Starts a service whose runs share the runtime of the test, and with it the clock, which may be paused.
pub async fn serve_on_this_runtime(source: Source) -> Service {
    let runs = Some(Handle::current().into());
    Service::start(Options { runs, ..options(source) }).await.expect("it starts")
}

/// Returns the options of a service on a free port of loopback.
pub fn options(source: Source) -> Options {
    Options::new(source, vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()])
}

pub fn address(service: &Service) -> SocketAddr {
    service.addresses()[0].socket().expect("an address and port")
}

/// Starts a service without probes.
pub async fn idle() -> Service {
    serve(Source::Given(Box::default())).await
}

/// Creates a peer that accepts connections and sends nothing.
pub async fn silent() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("bind");
    let address = listener.local_addr().expect("bound");
    (listener, address)
}

/// Moves tokio's clock forward by `time`; before and after, it runs as ever, so that nothing but the test skips any time.
pub async fn advance(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// Returns an address at which nobody listens any more.
pub async fn refused() -> SocketAddr {
    silent().await.1
}

/// Creates the settings of probes, each given as tenant, mailbox and check, with every server at `peer`. Their interval is a day,
/// so that few scheduled runs come in between.
pub fn settings(peer: SocketAddr, probes: &[(&str, Option<&str>, Check)]) -> Settings {
    let one = |&(tenant, mailbox, check): &(&str, Option<&str>, Check)| ProbeSettings {
        interval: Duration::from_secs(86_400),
        ..ProbeSettings::new(
            ProbeId { tenant: tenant.to_owned(), mailbox: mailbox.map(ToOwned::to_owned), check },
            Arc::new(self::tenant(tenant, peer)),
            mailbox.map(|mailbox| format!("{mailbox}@{tenant}.example")),
        )
    };
    Settings { probes: probes.iter().map(one).collect(), ..Settings::default() }
}

fn tenant(name: &str, peer: SocketAddr) -> Tenant {
    let https = HttpsEndpoint { host: peer.ip().to_string(), port: peer.port(), path: String::new() };
    let mail = Some(MailEndpoint { port: peer.port(), ..MailEndpoint::implicit(&peer.ip().to_string(), peer.port()) });
    let cloud = Cloud {
        name: "lab".into(),
        login: https,
        pop3: mail.clone(),
        imap: mail.clone(),
        smtp: mail,
        ..Cloud::built_in("global").expect("built in")
    };
    let secret = SecretSource::InMemory(Secret::new(SECRET));
    Tenant::new(name, cloud, "contoso.example", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", secret)
}

/// A directory that is removed with the test.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("m365-probe-serve-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a directory");
        Self(path)
    }

    /// Writes a file and returns its path.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("write");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Returns a configuration with one check, `token` of `tenant`, whose login server is at `login`.
pub fn configuration(tenant: &str, login: SocketAddr) -> String {
    format!(
        "# {SECRET} stands in a comment\n\
         clouds:\n  lab: {{ login: 'https://{login}' }}\n\
         tenants:\n  - name: {tenant}\n    cloud: lab\n    tenant_id: contoso.example\n    \
         client_id: aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee\n    \
         credential: {{ client_secret_file: client.secret }}\n    checks: [token]\n"
    )
}
