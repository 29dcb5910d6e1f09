//! Other people's clients against the simulated tenant: what they refuse, Microsoft's clients would refuse too.
//!
//! `tests/clients/run` installs them and runs this; without them there is nothing to run.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use m365_probe::serve::{Options, Service, Source};
use m365_probe::sim::{self, Running, Tenant};

/// Starts a tenant and runs the client, a script in `tests/clients`, against it.
async fn speak(client: &str, program: &str, environment: &str) {
    let program = std::env::var(environment).unwrap_or_else(|_| program.to_owned());
    let tenant = sim::start(Tenant::contoso()).await.expect("the tenant starts");
    let described = describe(&tenant, client);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(client);
    // Node takes a further authority from its environment only.
    let authority = described.with_file_name("ca.pem");
    let child = move || Command::new(program).arg(script).arg(described).env("NODE_EXTRA_CA_CERTS", authority).output();
    let output = tokio::task::spawn_blocking(child).await.expect("the client runs").expect("the client starts");
    let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{client}: {}\n{printed}", output.status);
}

/// Writes what a client needs to know, in JSON, to a directory of its own, and returns the file's path.
fn describe(tenant: &Running, client: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(client);
    std::fs::create_dir_all(&directory).expect("a directory");
    let ca_file = tenant.write_ca(&directory).expect("a file");
    let (ports, application) = (tenant.ports(), tenant.tenant());
    let secret = application.credential.client_secret().expect("a secret");
    let mut json = format!(
        "{{ \"ca_file\": \"{}\", \"tenant_id\": \"{}\", \"client_id\": \"{}\", \"client_secret\": \"{}\", \"mailbox\": \"praxis@contoso.example\"",
        ca_file.display(),
        application.tenant_id,
        application.client_id,
        secret.expose()
    );
    for (name, port) in [
        ("login", ports.login),
        ("pop3s", ports.pop3s),
        ("pop3", ports.pop3),
        ("imaps", ports.imaps),
        ("imap", ports.imap),
        ("smtp", ports.smtp),
        ("ews", ports.ews),
        ("graph", ports.graph),
        ("dns", ports.dns),
    ] {
        let _ = write!(json, ", \"{name}\": {port}");
    }
    let path = directory.join("tenant.json");
    std::fs::write(&path, json + " }\n").expect("a file");
    path
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/clients/run installs what it needs"]
async fn python_mail_clients_log_in_to_the_simulated_tenant() {
    speak("mail.py", "python3", "CLIENTS_PYTHON").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/clients/run installs what it needs"]
async fn msal_gets_a_token_from_the_simulated_tenant() {
    speak("msal_token.py", "python3", "CLIENTS_PYTHON").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/clients/run installs what it needs"]
async fn exchangelib_lists_folders_of_the_simulated_tenant() {
    speak("exchangelib_folders.py", "python3", "CLIENTS_PYTHON").await;
}

/// The reference parser of OpenMetrics reads both pages of metrics of a tenant in trouble.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/clients/run installs what it needs"]
async fn prometheus_client_parses_both_pages_of_metrics() {
    let tenant = sim::start(Tenant::contoso()).await.expect("the tenant starts");
    tenant.set_fault("exchange_service_principal_missing").expect("a fault");
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("prometheus_client");
    std::fs::create_dir_all(&directory).expect("a directory");
    let mut settings = tenant.settings(&tenant.write_ca(&directory).expect("a file"));
    settings.probes.iter_mut().for_each(|probe| probe.interval = std::time::Duration::from_secs(1));
    let listen = vec![std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0)).into()];
    let service = Service::start(Options::new(Source::Given(Box::new(settings)), listen)).await.expect("it starts");
    let address = format!("http://{}", service.addresses()[0]);
    let program = std::env::var("CLIENTS_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/openmetrics.py");
    let child = move || Command::new(program).arg(script).arg(address).output();
    let output = tokio::task::spawn_blocking(child).await.expect("the client runs").expect("the client starts");
    let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{printed}", output.status);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/clients/run installs what it needs"]
async fn ews_javascript_api_reads_the_simulated_tenant() {
    speak("ews_javascript_api.js", "node", "CLIENTS_NODE").await;
}
