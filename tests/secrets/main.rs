//! Runs the built program at `trace` with marked secrets, in good runs and against peers that echo all they are told, and
//! searches everything it prints.
#![allow(clippy::unwrap_used)]

mod echo;
mod identity;
mod memory;
mod misplaced;
mod round_trip;
mod scene;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use m365_probe::sim;

use scene::{Marks, Scene};

/// The arguments for every form in which the program prints a result.
const OUTPUTS: &[&[&str]] = &[
    &["check", "all", "-vvv"],
    &["--log-format", "json", "check", "all", "--output", "json"],
    &["check", "all", "--output", "checkmk"],
    &["doctor"],
    &["doctor", "--output", "json"],
];

/// Runs the program with these arguments and this configuration, and returns its output and log.
fn printed(arguments: &[&str], config: &Path) -> String {
    let output = program().args(arguments).arg("--config").arg(config).output().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_m365-probe"));
    command.env("RUST_LOG", "trace").env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR").stdin(Stdio::null());
    command
}

#[test]
fn output_and_logs_of_good_and_faulty_runs_show_no_secret() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let scene = Scene::new();
    let mut tenant = sim::Tenant::contoso();
    tenant.application.secret = m365_probe::secret::Secret::new(scene::CLIENT_SECRET);
    tenant.mailboxes.truncate(1);
    let running = runtime.block_on(sim::start(tenant)).unwrap();
    let config = running.write_config(scene.directory()).unwrap();
    let marks = Marks::from_secrets(&[scene::CLIENT_SECRET]);

    let mut all = String::new();
    for arguments in OUTPUTS {
        let text = printed(arguments, &config);
        marks.assert_absent(&text, arguments);
        all += &text;
    }
    assert!(all.contains("AUTH XOAUTH2 <secret>") && all.contains("TRACE"), "the log tells what is said: {all}");
    let check = program().args(["config", "check"]).arg(&config).output().unwrap();
    marks.assert_absent(&String::from_utf8_lossy(&[check.stdout, check.stderr].concat()), &["config", "check"]);

    for fault in [
        "client_secret_wrong",
        "token_expired",
        "exchange_service_principal_missing",
        "mailbox_permission_missing",
        "reply_malformed",
        "connection_closed",
        "http_redirected",
        "mechanism_not_offered",
        "tls_certificate_untrusted",
    ] {
        running.clear_faults();
        running.set_fault(fault).unwrap();
        marks.assert_absent(&printed(OUTPUTS[0], &config), &[fault]);
    }
}

/// A private key in a file with its certificate: neither it, nor any line of it, nor an assertion that it signs is shown.
#[test]
fn output_and_logs_with_a_certificate_show_no_key_and_no_assertion() {
    let scene = Scene::new();
    let certificate = sim::ClientCertificate::shared().unwrap();
    let body = certificate.key.expose().lines().filter(|line| !line.starts_with('-')).collect::<String>();
    let marks = Marks::from_secrets(&[&body, certificate.key.expose(), "eyJhbGciOiJQUzI1NiIs", scene::PROXY_PASSWORD]);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut tenant = sim::Tenant::contoso().with_certificate().unwrap();
    tenant.mailboxes.truncate(1);
    let running = runtime.block_on(sim::start(tenant)).unwrap();
    let good = running.write_config(scene.directory()).unwrap();
    for fault in ["", "client_certificate_not_registered", "client_assertion_out_of_time", "reply_malformed"] {
        running.clear_faults();
        if !fault.is_empty() {
            running.set_fault(fault).unwrap();
        }
        for arguments in OUTPUTS {
            let text = printed(arguments, &good);
            marks.assert_absent(&text, arguments);
            assert!(fault != "client_certificate_not_registered" || text.contains(fault), "{text}");
        }
    }
    for login in [echo::Login::Refuses, echo::Login::Grants] {
        let config = scene.hostile_to_a_certificate(login, &certificate);
        for arguments in OUTPUTS {
            let text = printed(arguments, &config);
            marks.assert_absent(&text, arguments);
            assert!(text.contains("TRACE"), "{text}");
        }
    }
}

/// The token of another identity provider: what it says of itself is shown, and no piece of it.
#[test]
fn output_and_logs_with_a_federated_token_show_no_piece_of_it() {
    let scene = Scene::new();
    let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let claims =
        r#"{"iss":"https://oidc.example/","sub":"repo:contoso/mail","aud":"api://AzureADTokenExchange","exp":4000000000}"#;
    let token = [part(r#"{"alg":"RS256","typ":"JWT"}"#), part(claims), part("a signature of a marked federated token")].join(".");
    let marks = Marks::from_secrets(&[&token]);
    for login in [echo::Login::Refuses, echo::Login::Grants] {
        let config = scene.hostile_to(login, "federated_token_file", &token);
        for arguments in OUTPUTS {
            let text = printed(arguments, &config);
            marks.assert_absent(&text, arguments);
            assert!(text.contains("TRACE"), "{text}");
        }
    }
}

#[test]
fn output_and_logs_with_peers_that_echo_show_no_secret() {
    let scene = Scene::new();
    let marks = Marks::from_secrets(&[scene::CLIENT_SECRET, &scene::token(), &scene::payload(), scene::PROXY_PASSWORD]);
    for login in [echo::Login::Refuses, echo::Login::Grants] {
        let config = scene.hostile(login);
        for arguments in OUTPUTS {
            let text = printed(arguments, &config);
            marks.assert_absent(&text, arguments);
            assert!(text.contains("TRACE") && text.contains("<secret>"), "{text}");
        }
    }
    let config = scene.behind_hostile_proxy();
    let text = printed(OUTPUTS[0], &config);
    marks.assert_absent(&text, &["proxy"]);
    assert!(text.contains("proxy_refused"), "{text}");
}

#[test]
fn evidence_with_a_secret_that_the_server_knows_from_elsewhere_is_cleared_of_it() {
    let scene = Scene::new();
    let marks = Marks::from_secrets(&[scene::CLIENT_SECRET]);
    let config = scene.knowing();
    // `reach` uses no credential; the others log in with a token.
    for arguments in
        [&["check", "pop3", "imap", "smtp", "-vvv"][..], &["check", "reach", "-vvv"], &["doctor", "--output", "json"]]
    {
        let text = printed(arguments, &config);
        marks.assert_absent(&text, arguments);
        assert!(text.contains("<secret>"), "{arguments:?}: {text}");
    }
}

#[test]
fn pages_of_a_service_show_no_secret() {
    let scene = Scene::new();
    let marks = Marks::from_secrets(&[scene::CLIENT_SECRET, &scene::token(), &scene::payload()]);
    let config = scene.hostile(echo::Login::Grants);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut service = program()
        .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--config"])
        .arg(&config)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    for check in ["token", "pop3", "imap", "smtp", "ews"] {
        let mailbox = if check == "token" { "" } else { "&mailbox=box" };
        let path = format!("/probe?tenant=contoso&check={check}{mailbox}&debug=true");
        let page = page(port, &path);
        assert!(page.contains(check), "{page}");
        marks.assert_absent(&page, &[&path]);
    }
    for path in ["/", "/metrics", "/config", "/api/v1/outcomes", "/sd"] {
        let page = page(port, path);
        assert!(page.contains("200 OK"), "{page}");
        marks.assert_absent(&page, &[path]);
    }
    service.kill().unwrap();
    let output = service.wait_with_output().unwrap();
    marks.assert_absent(&String::from_utf8_lossy(&[output.stdout, output.stderr].concat()), &["serve"]);
}

fn page(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    let mut page = Vec::new();
    stream.read_to_end(&mut page).unwrap();
    String::from_utf8_lossy(&page).into_owned()
}
