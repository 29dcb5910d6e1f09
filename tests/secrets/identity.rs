//! Endpoints of managed identities that repeat whatever they receive, and the program that asks them.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::echo::{self, Login};
use crate::scene::{Marks, Scene, payload, token};
use crate::{OUTPUTS, program};

/// The value that App Service hands to the application, with characters that a form encodes.
const HEADER: &str = "marked-IDENTITY+HEADER/853b9a84=5bfa~4b22-a3f3-0b9a43d9ad8a";
/// The content of a key of Azure Arc.
const KEY: &str = "3f9cmarkedKEYofTHEagent2b7e151628aed2a6abf7158809cf4f3c";
/// The keys of Azure Arc, as the program finds them.
const KEYS: &str = "/var/opt/azcmagent/tokens";

/// Returns all that was received, as a server may write it into a message: plain, in other case, and in each encoding of the web.
fn repeated(received: &str) -> String {
    let plain = received.replace(['\r', '\n', '"', '\\'], " ");
    let form: String = form_urlencoded::byte_serialize(received.as_bytes()).collect();
    let percent = utf8_percent_encode(received, NON_ALPHANUMERIC).to_string();
    let shifted = [BASE64_STANDARD.encode(received), BASE64_STANDARD.encode(format!("x{received}"))].join(" ");
    let url_safe = BASE64_URL_SAFE.encode(format!("xy{received}"));
    format!("{plain} {} {form} {shifted} {url_safe} {percent}", plain.to_uppercase())
}

/// Starts an endpoint and returns its port. Like the agent of Azure Arc it wants to see a key first, if `wants_key`; then it refuses in
/// one of several forms, by turns, or grants a token beside which it repeats the request.
fn endpoint(login: Login, wants_key: bool) -> u16 {
    let turn = std::sync::atomic::AtomicUsize::new(0);
    echo::listen(None, move |stream| {
        let received = echo::request(stream)?;
        if wants_key && !received.to_ascii_lowercase().contains("authorization:") {
            let challenge = format!("www-authenticate: Basic realm={KEYS}/marked.key\r\n");
            return echo::answer(stream, "401 Unauthorized", &challenge, "");
        }
        let quoted = repeated(&received);
        let headers = format!("x-ms-request-id: {quoted:.3000}\r\nserver: {quoted:.3000}\r\nretry-after: {quoted:.40}\r\n");
        let (status, body) = match (login, turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % 4) {
            (Login::Grants, _) => {
                let claims = format!(r#""client_id":"{quoted}","resource":"{quoted}""#);
                ("200 OK".to_owned(), format!(r#"{{"access_token":"{}","expires_in":"3599",{claims}}}"#, token()))
            }
            (_, 0) => ("400 Bad Request".to_owned(), format!(r#"{{"error":"{quoted}","error_description":"{quoted}"}}"#)),
            (_, 1) => ("400 Bad Request".to_owned(), format!(r#"{{"statusCode":400,"message":"AADSTS1: {quoted}"}}"#)),
            (_, 2) => (format!("403 {quoted:.2000}"), format!("<html>{quoted}</html>")),
            _ => ("500 Oops".to_owned(), format!("{{{quoted}")),
        };
        echo::answer(stream, &status, &headers, &body)
    })
}

/// The variables by which the platforms name an endpoint at `port`.
fn app_service(port: u16) -> Vec<(&'static str, String)> {
    vec![("IDENTITY_ENDPOINT", format!("http://127.0.0.1:{port}/msi/token")), ("IDENTITY_HEADER", HEADER.to_owned())]
}

fn arc(port: u16) -> Vec<(&'static str, String)> {
    let root = format!("http://127.0.0.1:{port}");
    vec![("IDENTITY_ENDPOINT", format!("{root}/metadata/identity/oauth2/token")), ("IMDS_ENDPOINT", root)]
}

/// Runs `command` with each form of output, searches what it prints, and returns all of it.
fn searched(command: impl Fn() -> Command, variables: &[(&str, String)], config: &Path, marks: &Marks) -> String {
    let mut all = String::new();
    for arguments in OUTPUTS.iter().chain([&["config", "check"][..]].iter()) {
        let mut command = command();
        command.args(*arguments).args(if arguments[0] == "config" { &[][..] } else { &["--config"] }).arg(config);
        let output = command.envs(variables.iter().map(|(name, value)| (name, value))).output().unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        marks.assert_absent(&text, arguments);
        all += &text;
    }
    all
}

/// App Service and IMDS: neither the header's value nor a token is shown, also not of a token that signs in an application.
#[test]
fn output_and_logs_with_a_managed_identity_show_neither_header_nor_token() {
    let scene = Scene::new();
    let marks = Marks::from_secrets(&[HEADER, &token(), &payload()]);
    for login in [Login::Refuses, Login::Grants] {
        for credential in ["managed_identity: system", "{ managed_identity: system, as: client_id }"] {
            let config = scene.hostile_with(login, credential);
            let all = searched(program, &app_service(endpoint(login, false)), &config, &marks);
            assert!(all.contains("TRACE") && all.contains("<secret>"), "{all}");
            let imds = [("AZURE_POD_IDENTITY_AUTHORITY_HOST", format!("http://127.0.0.1:{}", endpoint(login, false)))];
            let all = searched(program, &imds, &config, &marks);
            assert!(all.contains("TRACE"), "{all}");
        }
    }
}

/// Azure Arc: the content of the key's file is not shown either. The program reads keys in one directory alone, which a mount namespace
/// gives it; where there is none, this is left out and says so.
#[test]
#[allow(clippy::print_stderr)]
fn output_and_logs_with_a_managed_identity_of_azure_arc_show_neither_key_nor_token() {
    let in_namespace = || {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", MOUNT_KEYS]);
        command
    };
    let scene = Scene::new();
    let keys = scene.directory().join("tokens");
    std::fs::create_dir(&keys).unwrap();
    std::fs::write(keys.join("marked.key"), KEY).unwrap();
    if !in_namespace().arg(&keys).arg("true").status().is_ok_and(|status| status.success()) {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "unshare may not make a mount namespace");
        eprintln!("left out: unshare may not make a mount namespace");
        return;
    }
    let marks = Marks::from_secrets(&[KEY, &token(), &payload()]);
    for login in [Login::Refuses, Login::Grants] {
        let config = scene.hostile_with(login, "managed_identity: system");
        let run = || {
            let mut command = in_namespace();
            command.arg(&keys).arg(env!("CARGO_BIN_EXE_m365-probe")).env("RUST_LOG", "trace");
            command.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
            command
        };
        let all = searched(run, &arc(endpoint(login, true)), &config, &marks);
        assert!(all.contains("Basic <secret>") && all.contains("TRACE"), "{all}");
    }
}

/// Shows the directory `$0` where the agent of Azure Arc keeps its keys, and runs the other arguments there.
const MOUNT_KEYS: &str = "mount -t tmpfs none /var/opt && mkdir -p /var/opt/azcmagent/tokens && \
                          mount --bind \"$0\" /var/opt/azcmagent/tokens && exec \"$@\"";
