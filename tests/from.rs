//! `check --from`: results from a running service, and other programs that listen in its place.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use m365_probe::remote::{self, Selection, Service};
use tokio::time::Instant;

const PROGRAM: &str = env!("CARGO_BIN_EXE_m365-probe");
const PASSWORD: &str = "marked-secret-of-the-service";

/// Starts a peer that answers requests in a thread of its own, and returns its address and the requests it received.
fn peer(handler: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("bound");
    let (sender, requests) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                if stream.read(&mut byte).unwrap_or_default() == 0 {
                    break;
                }
                request.push(byte[0]);
            }
            let _ = sender.send(String::from_utf8_lossy(&request).into_owned());
            handler(&mut stream);
        }
    });
    (address, requests)
}

type Handler = Box<dyn Fn(&mut TcpStream) + Send + Sync>;

fn respond(status: &str, body: &str) -> impl Fn(&mut TcpStream) + Send + Sync + 'static {
    let reply = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    move |stream| drop(stream.write_all(reply.as_bytes()))
}

fn check(address: SocketAddr, line: &str) -> Output {
    let mut command = Command::new(PROGRAM);
    command.arg("check").args(line.split_whitespace()).args(["--from", &format!("http://{address}")]);
    // Neither a proxy nor a configuration of the environment's has a say here.
    command.env_remove("RUST_LOG").env("M365_PROBE_CONFIG", "/does/not/exist.yml").env("http_proxy", "http://127.0.0.1:1");
    command.output().expect("run the program")
}

fn text(output: &Output) -> String {
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    assert!(!text.contains(PASSWORD) && output.stderr.is_empty(), "{text}{output:?}");
    text
}

#[track_caller]
fn assert_unknown(output: &Output, begins: &str) {
    let text = text(output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.starts_with("M365 UNKNOWN - ") && text.contains(begins) && !text.contains('|'), "{begins}: {text}");
}

/// Returns a service's document with one outcome of POP3.
fn document(current: bool) -> String {
    format!(
        r#"{{ "schema": 1, "at": "2026-11-23T18:00:00Z", "ok": true, "root_causes": [], "pending": [], "new": [1],
  "outcomes": [ {{ "probe": "contoso/praxis/pop3", "tenant": "contoso", "mailbox": "praxis", "address": "praxis@contoso.example",
    "check": "pop3", "at": "2026-11-23T17:59:30Z", "interval_seconds": 60.0, "current": {current}, "state": "ok", "ok": true,
    "seconds": 0.412, "phases": [ {{ "phase": "mailbox", "seconds": 0.412 }} ],
    "limits": {{ "warning": [ "total=2" ], "critical": [] }}, "facts": {{ "mailbox": {{ "messages": 12 }}, "new": 1 }} }} ] }}"#
    )
}

/// A managed identity has no page of permissions, which only the service knows; an earlier one does not tell it.
#[test]
fn check_from_a_service_gives_the_remedy_for_the_credential_that_its_document_names() {
    let with = |credential: &str| {
        let cause = format!(
            r#""root_causes": [ {{ "reason": "token_role_missing", "confidence": "certain", "tenant": "contoso", "tenant_id": "t",
                "client_id": "c",{credential} "mailbox": null, "explains": [ "contoso/praxis/pop3" ], "candidates": [] }} ]"#
        );
        let failed = r#""state": "critical", "ok": false, "phase": "auth", "reason": "token_role_missing",
                        "evidence": { "said": null, "heard": null, "code": null, "ids": {} }"#;
        let document = document(true).replace(r#""root_causes": []"#, &cause);
        document.replace(r#""state": "ok", "ok": true"#, failed).replace(r#""phase": "mailbox", "#, r#""phase": "auth", "#)
    };
    let (portal, commands) = ("add the application permission and grant admin consent", "with Graph PowerShell: New-Mg");
    for (credential, first_step) in [
        (r#" "credential": "managed_identity","#, commands),
        (r#" "credential": "client_secret","#, portal),
        (r#" "credential": "of_a_later_version","#, portal),
        ("", portal),
    ] {
        let (address, _requests) = peer(respond("200 OK", &with(credential)));
        let output = check(address, "pop3");
        let printed = text(&output);
        assert!(output.status.code() == Some(2) && printed.contains(first_step), "{credential}: {printed}");
    }
}

#[test]
fn check_from_a_service_prints_what_a_run_of_its_own_would() {
    let (address, requests) = peer(respond("200 OK", &document(true)));
    let output = check(address, "pop3 --mailbox praxis@contoso.example --tenant contoso -c mailbox=5");
    let line = "POP3 OK - praxis@contoso.example: mailbox opened in 0.412s, 12 messages \
                | total=0.412s;2;;0 mailbox=0.412s;;5;0 messages=12;;;0\n";
    assert_eq!((output.status.code(), text(&output).as_str()), (Some(0), line));
    let request = requests.recv().expect("a request").to_ascii_lowercase();
    let target = "get /api/v1/outcomes?tenant=contoso&mailbox=praxis%40contoso.example&check=pop3 http/1.1\r\n";
    assert!(request.starts_with(target) && !request.contains("authorization"), "{request}");

    for (line, exit, begins) in [
        (
            "all -w 0.4",
            1,
            "POP3 WARNING - praxis@contoso.example: mailbox opened in 0.412s, 12 messages; total took 0.412s, limit 0.4 | ",
        ),
        ("all -c messages=10", 2, "POP3 CRITICAL - praxis@contoso.example: "),
        (
            "all --output checkmk",
            0,
            "0 \"M365 contoso/praxis/pop3\" total=0.412;2|mailbox=0.412|messages=12 praxis@contoso.example: ",
        ),
        ("all --output json", 0, "{\n  \"schema\": 1,\n  \"at\": \"2026-11-23T18:00:00Z\",\n  \"ok\": true,\n"),
    ] {
        let output = check(address, line);
        assert!(text(&output).starts_with(begins), "{line}: {}", text(&output));
        assert_eq!(output.status.code(), Some(exit), "{line}");
    }
}

#[test]
fn check_from_a_service_with_an_old_result_is_unknown() {
    let (address, _requests) = peer(respond("200 OK", &document(false)));
    let output = check(address, "all");
    assert_eq!(output.status.code(), Some(3));
    let begins = "POP3 UNKNOWN - praxis@contoso.example: no current result: the last run was at 2026-11-23T17:59:30Z; ";
    assert!(text(&output).starts_with(begins) && !text(&output).contains('='), "{}", text(&output));
}

#[test]
fn check_from_another_program_is_unknown_with_a_remedy() {
    let redirect = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{";
    let raw = |text: &'static str| -> Handler { Box::new(move |stream: &mut TcpStream| drop(stream.write_all(text.as_bytes()))) };
    let cases: [(Handler, &str); 11] = [
        (Box::new(respond("200 OK", "<html>It works!</html>")), "is not that of m365-probe"),
        (Box::new(respond("200 OK", r#"{"schema":7}"#)), "speaks version 7 of the format"),
        (Box::new(respond("400 Bad Request", "there is no mailbox `x`; a|b\r\nmore")), "`: there is no mailbox `x`; a/b more"),
        (Box::new(respond("401 Unauthorized", "")), "wants another login (401); see --from-user and --from-password-file"),
        (Box::new(respond("404 Not Found", "nope")), "has no /api/v1/outcomes (404); is it m365-probe that listens there?"),
        (Box::new(respond("503 Service Unavailable", "shutting\x1b[31m down")), "answers 503 Service Unavailable: shutting"),
        (raw(redirect), "answers 302 Found"),
        (raw(cut), "is `m365-probe serve` listening there?"),
        (raw("SSH-2.0-OpenSSH_9.2\r\n"), "is `m365-probe serve` listening there?"),
        (raw(""), "is `m365-probe serve` listening there?"),
        (Box::new(respond("200 OK", &document(true).replace("praxis", "labor"))), "--mailbox: it watches no mailbox `praxis`"),
    ];
    for (handler, begins) in cases {
        let (address, _requests) = peer(handler);
        assert_unknown(&check(address, "all --mailbox praxis"), begins);
    }
}

#[test]
fn check_from_an_endless_response_ends_in_time_and_is_bounded() {
    let (silent, _requests) = peer(|stream| drop(stream.read(&mut [0])));
    assert_unknown(&check(silent, "all -t 300ms"), "does not answer within 300ms; is m365-probe at work there?");

    let (dripping, _requests) = peer(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
        while stream.write_all(b" ").is_ok() {
            thread::sleep(Duration::from_millis(10));
        }
    });
    assert_unknown(&check(dripping, "all -t 300ms"), "does not answer within 300ms");

    let (endless, _requests) = peer(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        let piece = ["10000\r\n", &" ".repeat(0x10000), "\r\n"].concat();
        while stream.write_all(piece.as_bytes()).is_ok() {}
    });
    assert_unknown(&check(endless, "all"), "answers with more than 32 MiB; select less");
}

/// Runs on a clock that stands still but for waiting, so that a busy machine adds nothing to the time.
#[tokio::test(start_paused = true)]
async fn fetch_from_a_silent_service_ends_at_its_limit() {
    let (silent, _requests) = peer(|stream| drop(stream.read(&mut [0])));
    let service = Service { url: format!("http://{silent}"), ca_file: None, login: None };
    let limit = Duration::from_secs(7);
    let began = Instant::now();
    let error = remote::fetch(&service, &Selection::default(), limit).await.expect_err("silence");
    assert!(error.contains("does not answer within 7s"), "{error}");
    assert!((limit..limit + Duration::from_millis(10)).contains(&began.elapsed()), "{:?}", began.elapsed());
}

struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("m365-probe-from-{}-{name}", std::process::id()));
        std::fs::write(&path, text).expect("written");
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn check_from_a_protected_service_takes_the_login_from_a_file_and_hides_it() {
    let file = File::new("password", &format!("{PASSWORD}\n"));
    let (address, requests) = peer(respond("200 OK", &document(true)));
    let output = check(address, &format!("all --from-user nagios --from-password-file {}", file.0.display()));
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let request = requests.recv().expect("a request");
    assert!(request.contains("Basic bmFnaW9zOm1hcmtlZC1zZWNyZXQtb2YtdGhlLXNlcnZpY2U="), "{request}");

    let (address, _requests) = peer(respond("403 Forbidden", ""));
    assert_unknown(&check(address, &format!("all --from-user x --from-password-file {} -vvv", file.0.display())), "answers 403");
    for (line, begins) in [
        ("all --from-user x --from-password-file /does/not/exist", "--from-password-file: cannot read `/does/not/exist`"),
        ("all --from-ca-file /does/not/exist", "--from-ca-file: cannot read `/does/not/exist`"),
        ("all --from-user x", "required arguments were not provided: --from-password-file"),
        ("all --config other.yml", "--config: with --from the service's own configuration holds"),
        ("all --client-id x", "--client-id: with --from the service's own configuration holds"),
        ("all --from http://h", "cannot be used multiple times"),
    ] {
        assert_unknown(&check(address, line), begins);
    }
    let none = File::new("none.pem", "no certificate");
    let line = format!("all --from-ca-file {}", none.0.display());
    assert_unknown(&check(address, &line), "--from-ca-file: there is no certificate in PEM in `");
}

#[test]
fn check_from_a_service_without_tls_by_https_says_to_write_http() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("bound");
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        stream.read_exact(&mut [0; 5]).expect("a record of TLS");
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").expect("written");
        drop(stream.read_to_end(&mut Vec::new()));
    });
    let output = Command::new(PROGRAM).args(["check", "all", "--from", &format!("https://{address}")]).output().expect("run");
    server.join().expect("ended");
    assert_unknown(&output, &format!("no TLS is spoken there; write it as `http://{address}`"));
}

#[test]
fn check_from_something_that_is_no_url_is_refused() {
    for (url, begins) in [
        ("127.0.0.1:10365", "is no URL; write it as `http://HOST:10365`"),
        ("localhost:10365", "is no HTTP URL"),
        ("ftp://localhost", "is no HTTP URL"),
        ("http://", "is no URL"),
        ("http://u:marked-secret-of-the-service@h:1", "`…@h:1` has a login in it"),
        ("http://u:marked-secret-of-the-service/@h:1", "`…@h:1` is no URL"),
        ("http://h:1/?x", "has more behind its path"),
    ] {
        let output = Command::new(PROGRAM).args(["check", "all", "--from", url]).output().expect("run");
        assert_unknown(&output, begins);
    }
}

/// The simulated tenant's HTTPS is no service of ours, but its certificate shows that trust is decided first.
#[test]
fn check_from_an_untrusted_service_asks_nothing() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let running = runtime.block_on(m365_probe::sim::start(m365_probe::sim::Tenant::contoso())).expect("it starts");
    let directory = std::env::temp_dir().join(format!("m365-probe-from-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    let ca_file = running.write_ca(&directory).expect("written");
    let settings = running.settings(&ca_file);
    let login = settings.probes[0].tenant.cloud.login.clone();
    let url = format!("https://127.0.0.1:{}", login.port);
    let ask = |arguments: &[&str]| {
        let output = Command::new(PROGRAM).args(["check", "all", "--from", &url]).args(arguments).output().expect("run");
        assert_eq!(output.status.code(), Some(3));
        text(&output)
    };
    let untrusted = ask(&[]);
    assert!(untrusted.contains("` has a certificate that is not trusted here (") && untrusted.contains("--from-ca-file FILE"));
    assert!(!untrusted.contains("SSL routines"), "{untrusted}");
    let in_the_clear =
        Command::new(PROGRAM).args(["check", "all", "--from", &url.replace("https", "http")]).output().expect("run");
    assert_unknown(&in_the_clear, &format!("If it speaks TLS, write it as `{url}`"));
    let trusted = ask(&["--from-ca-file", &ca_file.display().to_string()]);
    assert!(trusted.contains("has no /api/v1/outcomes (404)"), "{trusted}");
    std::fs::remove_dir_all(&directory).expect("removed");
}
