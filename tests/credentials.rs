//! The built program with a credential that is no good: exit code, phase, reason, owner and first step.

use std::path::Path;
use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use m365_probe::sim::{ClientCertificate, Running, Tenant, start};
use serde_json::{Value, json};

/// A credential that is no good, and what the program says of it.
struct Case {
    name: &'static str,
    /// Spoils the files in the directory of the configuration, or what is registered with the application.
    spoil: fn(&Path, &Running),
    reason: &'static str,
    owner: &'static str,
    /// Words of its steps; `{client_id}` is the application's.
    step: &'static str,
}

const OF_CERTIFICATE: &[Case] = &[
    Case {
        name: "wrong key",
        spoil: |directory, _| write(directory, "client.key", ClientCertificate::foreign().expect("a certificate").key.expose()),
        reason: "client_key_mismatch",
        owner: "here",
        step: "Replace both files with those of one pair.",
    },
    Case {
        name: "unregistered certificate",
        spoil: |_, tenant| tenant.change(|tenant| tenant.application.certificates.clear()),
        reason: "client_certificate_not_registered",
        owner: "application_owner",
        step: "App registrations > application {client_id} > Certificates & secrets > Certificates. If it is missing there: Upload",
    },
    Case {
        name: "expired certificate",
        spoil: |directory, _| {
            let expired = ClientCertificate::new((-9, -2)).expect("a certificate");
            write(directory, "client.pem", &expired.certificate);
            write(directory, "client.key", expired.key.expose());
        },
        reason: "client_certificate_expired",
        owner: "application_owner",
        step: "App registrations > application {client_id} > Certificates & secrets > Certificates > Upload certificate.",
    },
];

const OF_FEDERATED_TOKEN: &[Case] = &[
    Case {
        name: "stale federated token",
        spoil: |directory, _| {
            let file = std::fs::read_to_string(directory.join("federated.token")).expect("a token");
            let parts: Vec<_> = file.split('.').collect();
            let mut claims: Value = serde_json::from_slice(&BASE64URL.decode(parts[1]).expect("base64")).expect("claims");
            claims["exp"] = json!(1_700_000_000);
            let stale = format!("{}.{}.{}", parts[0], BASE64URL.encode(claims.to_string()), parts[2]);
            write(directory, "federated.token", &stale);
        },
        reason: "federated_token_stale",
        owner: "here",
        step: "in Kubernetes the kubelet, for a projected volume of a running pod",
    },
    Case {
        name: "no federated credential",
        spoil: |_, tenant| tenant.change(|tenant| tenant.application.federated_credentials.clear()),
        reason: "federated_credential_missing",
        owner: "application_owner",
        step: "App registrations > application {client_id} > Certificates & secrets > Federated credentials > Add credential",
    },
];

fn write(directory: &Path, name: &str, text: &str) {
    std::fs::write(directory.join(name), text).expect("written");
}

fn check(config: &Path, arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_m365-probe"));
    program.arg("check").args(arguments).arg("--config").arg(config).env_remove("RUST_LOG");
    program.output().expect("the program runs")
}

async fn assert_told(tenant: Tenant, cases: &[Case]) {
    let client_id = tenant.application.client_id.clone();
    for Case { name, spoil, reason, owner, step } in cases {
        let running = start(tenant.clone()).await.expect("a tenant");
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("credentials-{}", running.ports().login));
        std::fs::create_dir_all(&directory).expect("a directory");
        let config = running.write_config(&directory).expect("a configuration");
        spoil(&directory, &running);

        let output = check(&config, &["pop3", "--mailbox", "praxis@contoso.example"]);
        let printed = String::from_utf8_lossy(&output.stdout);
        let expected = format!("POP3 CRITICAL - praxis@contoso.example: {reason} in token");
        assert!(printed.starts_with(&expected), "{name}: {printed}");
        assert_eq!(output.status.code(), Some(2), "{name}: {printed}");

        let output = check(&config, &["token", "--output", "json"]);
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let text = |path: &str| report.pointer(path).and_then(Value::as_str).unwrap_or("-").to_owned();
        let of_outcome = ["state", "phase", "reason", "owner"].map(|key| text(&format!("/outcomes/0/{key}")));
        assert_eq!(of_outcome, ["critical", "token", reason, owner], "{name}: {report:#}");
        assert_eq!([text("/root_causes/0/reason"), text("/root_causes/0/owner")], [*reason, *owner], "{name}: {report:#}");
        let step = step.replace("{client_id}", &client_id);
        assert!(report["root_causes"][0]["remedy"].to_string().contains(&step), "{name}: {report:#}");
        assert_eq!(output.status.code(), Some(2), "{name}");
        let _ = std::fs::remove_dir_all(directory);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_with_a_certificate_of_no_use_is_critical_in_token_with_reason_owner_and_step() {
    assert_told(Tenant::contoso().with_certificate().expect("a certificate"), OF_CERTIFICATE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_with_a_federated_token_of_no_use_is_critical_in_token_with_reason_owner_and_step() {
    assert_told(Tenant::contoso().with_federated_credential(), OF_FEDERATED_TOKEN).await;
}
