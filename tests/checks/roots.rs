//! The roots that this machine trusts.

use std::path::Path;
use std::process::Command;

use m365_probe::sim::{Tenant, start};

/// A machine without root certificates trusts nobody: that is not the server's fault.
#[tokio::test(flavor = "multi_thread")]
async fn token_on_a_machine_without_roots_is_local_trust_store() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("rootless-{}", tenant.ports().login));
    std::fs::create_dir_all(&directory).unwrap();
    let config = tenant.write_config(&directory).unwrap();
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.lines().filter(|line| !line.contains("ca_file:")).collect::<Vec<_>>().join("\n")).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_m365-probe"));
    program.args(["check", "token", "--output", "json", "--config"]).arg(&config);
    program.env("SSL_CERT_FILE", "/dev/null").env("SSL_CERT_DIR", &directory);
    let output = tokio::task::spawn_blocking(move || program.output().unwrap()).await.unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let report: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(report["outcomes"][0]["reason"], "local_trust_store", "{printed}");
}
