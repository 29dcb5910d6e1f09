//! Other people's clients against the simulated tenant: what they refuse, Microsoft's clients would refuse too.
//!
//! `tests/clients/run` installs them and runs this; without them there is nothing to run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use m365_probe::credential::TokenRequest;
use m365_probe::secret::Secret;
use m365_probe::serve::{Options, Service, Source};
use m365_probe::sim::{self, ClientCertificate, Identity, MachineKind, Running, Tenant};

/// Starts a tenant and runs the client, a script in `tests/clients`, against it.
async fn speak(client: &str, program: &str, environment: &str) {
    let program = std::env::var(environment).unwrap_or_else(|_| program.to_owned());
    let tenant = Tenant::contoso().with_certificate().expect("a certificate");
    let (secret, certificate) = (tenant.application.secret.clone(), tenant.application.certificates[0].clone());
    let tenant = sim::start(tenant).await.expect("the tenant starts");
    let described = describe(&tenant, client, &secret, &certificate);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(client);
    // Node takes a further authority from its environment only.
    let authority = described.with_file_name("ca.pem");
    let child = move || Command::new(program).arg(script).arg(described).env("NODE_EXTRA_CA_CERTS", authority).output();
    let output = tokio::task::spawn_blocking(child).await.expect("the client runs").expect("the client starts");
    let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{client}: {}\n{printed}", output.status);
}

/// Writes what a client needs to know, in JSON, to a directory of its own, and returns the file's path.
fn describe(tenant: &Running, client: &str, secret: &Secret, certificate: &ClientCertificate) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(client);
    std::fs::create_dir_all(&directory).expect("a directory");
    let ca_file = tenant.write_ca(&directory).expect("a file");
    let (ports, application) = (tenant.ports(), tenant.tenant());
    let (certificate_file, key_file) = (directory.join("client.pem"), directory.join("client.key"));
    std::fs::write(&certificate_file, &certificate.certificate).expect("a file");
    std::fs::write(&key_file, certificate.key.expose()).expect("a file");
    // An assertion for each of three requests.
    let endpoint = format!("https://login.microsoftonline.com:{}/{}/oauth2/v2.0/token", ports.login, application.tenant_id);
    let request = TokenRequest { client_id: application.client_id.clone(), endpoint: endpoint.clone() };
    let proof = || application.credential.present(&request, SystemTime::now()).proof.expect("a proof");
    let assertions: Vec<String> = (0..3).map(|_| proof().parameter.1.expose().to_owned()).collect();
    let foreign = ClientCertificate::foreign().expect("a certificate").certificate;
    let thumbprint = application.credential.mark().expect("a thumbprint");
    let mut json = serde_json::json!({
        "ca_file": ca_file, "tenant_id": application.tenant_id, "client_id": application.client_id, "client_secret": secret.expose(),
        "mailbox": "praxis@contoso.example", "endpoint": endpoint, "assertions": assertions, "thumbprint": thumbprint.expose(),
        "certificate_file": certificate_file, "private_key_file": key_file, "foreign_certificate": foreign,
    });
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
        json[name] = port.into();
    }
    let path = directory.join("tenant.json");
    std::fs::write(&path, json.to_string()).expect("a file");
    path
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/clients/run installs what it needs"]
async fn python_mail_clients_log_in_to_the_simulated_tenant() {
    speak("mail.py", "python3", "CLIENTS_PYTHON").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/clients/run installs what it needs"]
async fn python_mail_clients_and_curl_keep_mail_in_the_simulated_tenant() {
    speak("mailboxes.py", "python3", "CLIENTS_PYTHON").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/clients/run installs what it needs"]
async fn msal_gets_a_token_from_the_simulated_tenant() {
    speak("msal_token.py", "python3", "CLIENTS_PYTHON").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/clients/run installs what it needs"]
async fn azure_identity_gets_tokens_by_secret_certificate_and_an_assertion_of_the_program() {
    speak("azure_identity.py", "python3", "CLIENTS_PYTHON").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/clients/run installs what it needs"]
async fn pyjwt_of_msal_verifies_the_assertions_that_the_program_signs() {
    speak("assertion.py", "python3", "CLIENTS_PYTHON").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/clients/run installs what it needs"]
async fn exchangelib_lists_folders_of_the_simulated_tenant() {
    speak("exchangelib_folders.py", "python3", "CLIENTS_PYTHON").await;
}

/// Microsoft's clients and the built program get tokens of the managed identity of each kind of machine. That of Azure Arc takes keys from
/// one directory alone, which a mount namespace gives them.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/clients/run installs what it needs"]
async fn msal_azure_identity_and_the_program_get_tokens_of_a_managed_identity_from_each_kind_of_machine() {
    let python = std::env::var("CLIENTS_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (kind, name) in
        [(MachineKind::VirtualMachine, "imds"), (MachineKind::AppService, "app_service"), (MachineKind::Arc, "arc")]
    {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("managed-identity-{name}"));
        let keys = directory.join("tokens");
        std::fs::create_dir_all(&keys).expect("a directory");
        let mut tenant = Tenant::contoso().with_managed_identity(kind);
        let machine = tenant.machine.as_mut().expect("a machine");
        let further = Identity::new("backup", "11111111-aaaa-4bbb-8ccc-000000000001", "22222222-aaaa-4bbb-8ccc-000000000001");
        machine.keys.clone_from(&keys);
        machine.assigned.push(further.clone());
        let tenant = sim::start(tenant).await.expect("the tenant starts");
        let config = tenant.write_config(&directory).expect("a configuration");
        let json = serde_json::json!({
            "kind": name, "client_id": tenant.tenant().client_id,
            "user_assigned": {
                "client_id": further.client_id, "object_id": further.object_id, "resource_id": further.resource_id,
            },
        });
        let described = directory.join("machine.json");
        std::fs::write(&described, json.to_string()).expect("a file");
        let script = |name: &str| root.join("tests/clients").join(name).display().to_string();
        let client = |name: &str| vec![python.clone(), script(name), described.display().to_string()];
        let program = env!("CARGO_BIN_EXE_m365-probe");
        let check = [program, "check", "token", "--config", &config.display().to_string()].map(str::to_owned);
        for command in [client("managed_identity.py"), client("azure_managed_identity.py"), check.to_vec()] {
            let mut child = Command::new("unshare");
            child.args(["--map-root-user", "--mount", "sh", "-c", MOUNT_KEYS]).arg(&keys).args(&command);
            child.envs(tenant.identity_variables()).env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
            let output = tokio::task::spawn_blocking(move || child.output()).await.expect("it runs").expect("it starts");
            let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success(), "{name} {}: {}\n{printed}", command[0], output.status);
        }
        std::fs::remove_dir_all(&directory).expect("removed");
    }
}

/// Shows the directory `$0` where the agent of Azure Arc keeps its keys, and runs the other arguments there.
const MOUNT_KEYS: &str = "mount -t tmpfs none /var/opt && mkdir -p /var/opt/azcmagent/tokens && \
                          mount --bind \"$0\" /var/opt/azcmagent/tokens && exec \"$@\"";

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
