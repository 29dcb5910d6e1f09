//! Our own pages behind TLS and a password, read by Prometheus, promtool and curl.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::authority::Authority;
use crate::needs::{self, Part};
use crate::program::{Serving, config};
use crate::prometheus::{self, Prometheus};
use crate::scratch::Scratch;

const CURL: Part = Part { name: "curl", files: &["/usr/bin/curl"], as_root: false };
const PASSWORD: &str = "correct horse battery staple";

/// Writes a configuration whose only check is refused at once: these tests are not about checks.
fn configuration(scratch: &Scratch) -> PathBuf {
    scratch.secret("client.secret", "none\n");
    let text = "clouds: { lab: { login: 'https://127.0.0.1:9' } }\ntenants:\n- name: contoso\n  cloud: lab\n  \
                tenant_id: contoso.example\n  client_id: aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee\n  \
                credential: { client_secret_file: client.secret }\n  checks: [token]\n";
    scratch.file("m365-probe.yml", text)
}

/// Writes the web configuration that is shipped as an example, with a certificate of `authority` and a password that we know.
fn protection(scratch: &Scratch, authority: &Authority) -> PathBuf {
    authority.identity(scratch, "server", &["localhost"], 30);
    authority.save(scratch, "clients");
    fs::rename(scratch.path().join("clients.pem"), scratch.path().join("clients.crt")).expect("rename");
    let example = config("web-example");
    let hash = example.split_whitespace().find(|word| word.starts_with("$2y$")).expect("a hash");
    let ours = bcrypt::hash(PASSWORD, 10).expect("a hash");
    scratch.file("web.yml", example.replace(hash, &ours))
}

/// Fetches `/sd` with curl and returns status and body; status `000` where there was no reply.
fn curl(port: u16, ca: &Path, arguments: &[&str]) -> (String, String) {
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "20", "--write-out", "\n%{http_code}", "--cacert"])
        .arg(ca)
        .args(arguments)
        .arg(format!("https://localhost:{port}/sd"))
        .output()
        .expect("run curl");
    let text = String::from_utf8_lossy(&output.stdout);
    let (body, status) = text.rsplit_once('\n').unwrap_or_default();
    (status.to_owned(), body.to_owned() + &String::from_utf8_lossy(&output.stderr))
}

#[test]
fn prometheus_scrapes_and_discovers_behind_tls_and_a_password() {
    if !needs::all_there(&[prometheus::PART, CURL]) {
        return;
    }
    let scratch = Scratch::new();
    let authority = Authority::new("Contoso Root");
    let ca = authority.save(&scratch, "root");
    let web = protection(&scratch, &authority);
    let promtool = Command::new("promtool").args(["check", "web-config"]).arg(&web).output().expect("run promtool");
    assert!(promtool.status.success(), "{promtool:?}");

    let mut serving = Serving::protected(&scratch, &configuration(&scratch), &web);
    let port = serving.port;
    let login = format!("prometheus:{PASSWORD}");
    for (arguments, status) in [
        (&["--user", &login][..], "200"),
        (&["--user", &login, "--tlsv1.3"], "200"),
        (&["--user", &login, "--tls-max", "1.2"], "200"),
        (&["--user", "prometheus:wrong"], "401"),
        (&[], "401"),
        (&["--user", &login, "--tls-max", "1.1"], "000"),
    ] {
        let (received, body) = curl(port, &ca, arguments);
        assert_eq!(received, status, "{arguments:?}: {body}");
    }

    let password = scratch.secret("password", PASSWORD);
    let access = format!(
        "scheme: https\n  basic_auth: {{ username: prometheus, password_file: '{}' }}\n  tls_config: {{ ca_file: '{}' }}",
        password.display(),
        ca.display()
    );
    let discovery = access.replace("scheme: https\n  ", "").replace("\n  ", "\n    ");
    let mut prometheus = Prometheus::configured(
        &scratch,
        &format!(
            "global: {{ scrape_interval: 1s, scrape_timeout: 1s }}
scrape_configs:
- job_name: m365
  {access}
  static_configs: [ {{ targets: [ 'localhost:{port}' ] }} ]
- job_name: m365-probes
  {access}
  honor_labels: true
  http_sd_configs:
  - url: 'https://localhost:{port}/sd'
    {discovery}
"
        ),
        None,
    );
    assert_eq!(prometheus.answer("up%7Bjob=%22m365%22%7D==1", 1).len(), 1);
    assert_eq!(prometheus.answer("probe_success%7Bjob=%22m365-probes%22%7D==0", 1).len(), 1);

    // A renewed certificate, of another authority, is presented to whoever comes next.
    let other = Authority::new("Fabrikam Root");
    let other_ca = other.save(&scratch, "other");
    other.identity(&scratch, "server", &["localhost"], 30);
    serving.daemon.wait_for("present the renewed certificate", || curl(port, &other_ca, &["--user", &login]).0 == "200");
}

#[test]
fn serve_on_all_addresses_without_protection_logs_a_warning() {
    let scratch = Scratch::new();
    let serving = Serving::listening(&scratch, &configuration(&scratch), "0.0.0.0");
    assert!(serving.daemon.log().contains("can read these pages without a password and without TLS"), "{}", serving.daemon.log());
    let quiet = Serving::start(&scratch, &configuration(&scratch));
    assert!(!quiet.daemon.log().contains("can read these pages"), "{}", quiet.daemon.log());
}
