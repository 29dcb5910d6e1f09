//! Notifications as people read them at night: eleven faults, demonstrated by the built program, watched by Prometheus and told by Debian's
//! Alertmanager with the example of `integrations/alertmanager`, as an e-mail, a chat message and a text message, and by the plugin.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::daemon::Daemon;
use crate::prometheus::{self, Prometheus};
use crate::rules::impatient_alerts;
use crate::scratch::Scratch;
use crate::{file, http, needs, port, run};

const ALERTMANAGER: needs::Part =
    needs::Part { name: "Alertmanager", files: &["/usr/bin/prometheus-alertmanager", "/usr/bin/amtool"], as_root: false };

/// Faults whose owners, evidence and remedies differ: what is shut, what is open, what has expired, what is not
/// granted, what may pass.
const FAULTS: [&str; 11] = [
    "access_too_broad",
    "client_secret_expired",
    "conditional_access_blocked",
    "connect_timed_out@pop3",
    "dns_name_unknown",
    "ews_disabled",
    "exchange_service_principal_missing",
    "mailbox_permission_missing@praxis",
    "protocol_disabled@imap@labor",
    "throttled@ews",
    "tls_certificate_untrusted",
];

/// Characters of a text message.
const SMS: usize = 160;

/// The time by which every notification has arrived; far more than any needs on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("integrations/alertmanager").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The form of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Mail,
    Chat,
    TextMessage,
}

/// A message that a receiver was sent, with its form.
type Sent = (Form, String);

/// Accepts connections as long as the test runs, each in a thread of its own.
fn serve(answer: impl Fn(TcpStream) + Clone + Send + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            std::thread::spawn(move || answer(stream));
        }
    });
    port
}

/// Receives chat messages and text messages: the body of each request.
fn hooks(sent: Sender<Sent>) -> u16 {
    serve(move |stream| {
        let mut reader = BufReader::new(stream);
        let (mut request, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("a header");
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
                length = value.trim().parse().unwrap_or_else(|_| panic!("{name}: {value}"));
            }
            request.push_str(&line);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("a body");
        let form = if request.contains("/sms") { Form::TextMessage } else { Form::Chat };
        let _ = sent.send((form, String::from_utf8(body).expect("UTF-8"))); // the test may be over
        let _ = reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    })
}

/// Receives mail: each message with its header.
fn mail_server(sent: Sender<Sent>) -> u16 {
    serve(move |mut stream| {
        let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
        let mut say = |text: &str| stream.write_all(format!("{text}\r\n").as_bytes());
        let _ = say("220 mail");
        let mut line = String::new();
        while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
            let command = line.trim().to_ascii_uppercase();
            let _ = say(match &*command {
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                _ => "250 ok",
            });
            if command == "DATA" {
                let mut message = String::new();
                while !message.ends_with("\r\n.\r\n") && reader.read_line(&mut message).is_ok_and(|read| read > 0) {}
                let _ = sent.send((Form::Mail, message));
                let _ = say("250 kept");
            }
            line.clear();
        }
    })
}

/// Starts the demonstrations, and waits until each has run all of its checks: what the diagnosis then says, it goes on saying.
fn demonstrations(scratch: &Scratch) -> Vec<(Daemon, u16)> {
    let mut demos: Vec<(Daemon, u16)> = (0..).zip(FAULTS).map(|(number, fault)| demonstration(scratch, number, fault)).collect();
    for (daemon, port) in &mut demos {
        let port = *port;
        daemon.wait_for("run every check", || {
            let (_, page) = http::get(port, "/metrics").unwrap_or_default();
            let runs = page.lines().filter(|line| line.starts_with("m365_probe_runs_total"));
            let has_run: Vec<bool> = runs.map(|line| !line.ends_with(" 0")).collect();
            !has_run.is_empty() && has_run.iter().all(|has_run| *has_run)
        });
    }
    demos
}

fn demonstration(scratch: &Scratch, number: usize, fault: &str) -> (Daemon, u16) {
    let port = port::free();
    let (listen, url) = (format!("127.0.0.1:{port}"), format!("--web.external-url=https://m365.example/{number}"));
    let log = scratch.path().join(format!("demo-{number}.log"));
    let program = env!("CARGO_BIN_EXE_m365-probe");
    let arguments = ["demo", "--listen", &listen, &url, "--fault", fault];
    (Daemon::start(program, |demo| demo.args(arguments), &log).listening(port), port)
}

/// Returns what the plugin says first of all checks of the demonstration at `port`, and the first step behind it.
fn plugin(port: u16) -> String {
    let from = format!("http://127.0.0.1:{port}");
    let output =
        Command::new(env!("CARGO_BIN_EXE_m365-probe")).args(["check", "all", "--from", &from]).output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let mut lines = text.lines().map(|line| line.split(" | ").next().unwrap_or_default());
    format!("{}\n{}", lines.next().unwrap_or_default(), lines.next().unwrap_or_default())
}

/// Starts Alertmanager with the example, whose servers are ours and whose patience is short.
fn alertmanager(scratch: &Scratch, sent: &Sender<Sent>) -> (Daemon, u16) {
    let (mail, hooks) = (mail_server(sent.clone()), hooks(sent.clone()));
    let mut configuration = example("alertmanager.yml");
    for (theirs, ours) in [
        ("smtp_smarthost: 'smtp.contoso.example:587'", format!("smtp_smarthost: '127.0.0.1:{mail}'\n  smtp_require_tls: false")),
        ("https://chat.contoso.example/", format!("http://127.0.0.1:{hooks}/chat/")),
        ("https://sms.contoso.example/", format!("http://127.0.0.1:{hooks}/sms/")),
        ("group_wait: 30s", "group_wait: 2s".to_owned()),
    ] {
        assert!(configuration.contains(theirs), "{theirs}");
        configuration = configuration.replace(theirs, &ours);
    }
    scratch.file("m365-probe.tmpl", example("m365-probe.tmpl"));
    let (configuration, home) = (scratch.file("alertmanager.yml", configuration), scratch.dir("alertmanager"));
    let port = port::free();
    let daemon = Daemon::start(
        ALERTMANAGER.files[0],
        |alertmanager| {
            alertmanager.arg(format!("--config.file={}", configuration.display()));
            alertmanager.arg(format!("--storage.path={}", home.display()));
            alertmanager.arg(format!("--web.listen-address=127.0.0.1:{port}")).arg("--cluster.listen-address=")
        },
        &scratch.path().join("alertmanager.log"),
    );
    (daemon.listening(port), port)
}

/// Starts Prometheus, which scrapes the demonstrations, each under the name of its fault.
fn watching(scratch: &Scratch, demos: &[(Daemon, u16)], alertmanager: u16) -> Prometheus {
    let alerts = scratch.file("alerts.yml", impatient_alerts());
    let mut configuration = format!(
        "global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }}
rule_files: [ '{}', '{}' ]
alerting: {{ alertmanagers: [ {{ static_configs: [ {{ targets: [ '127.0.0.1:{alertmanager}' ] }} ] }} ] }}
scrape_configs:
- job_name: m365
  static_configs:
",
        file("rules.yml").display(),
        alerts.display(),
    );
    for ((_, port), fault) in demos.iter().zip(FAULTS) {
        let _ = writeln!(configuration, "  - {{ targets: [ '127.0.0.1:{port}' ], labels: {{ instance: '{fault}' }} }}");
    }
    Prometheus::configured(scratch, &configuration, None)
}

/// Waits until each fault has been told in each form that its severity has: nobody is sent a text message about what may pass.
fn received(messages: &Receiver<Sent>) -> BTreeMap<(usize, Form), String> {
    let mut received = BTreeMap::new();
    let expected: Vec<(usize, Form)> = (0..)
        .zip(FAULTS)
        .flat_map(|(number, fault)| {
            let wakes = !fault.starts_with("throttled");
            [Some(Form::Mail), Some(Form::Chat), wakes.then_some(Form::TextMessage)]
                .into_iter()
                .flatten()
                .map(move |form| (number, form))
        })
        .collect();
    let begun = Instant::now();
    while expected.iter().any(|one| !received.contains_key(one)) {
        let missing: Vec<_> = expected.iter().filter(|one| !received.contains_key(*one)).collect();
        let left = PATIENCE.checked_sub(begun.elapsed()).unwrap_or_else(|| panic!("not told: {missing:?}"));
        let (form, message) = messages.recv_timeout(left).unwrap_or_else(|_| panic!("not told: {missing:?}"));
        let text = match form {
            Form::Mail => mail(&message),
            Form::Chat => chat(&message),
            Form::TextMessage => text_message(&message),
        };
        let number = link_number(&message).unwrap_or_else(|| panic!("no link: {message}"));
        assert!(received.insert((number, form), text.clone()).is_none(), "told twice: {text}");
    }
    received
}

/// Returns the number of the demonstration that a message leads to.
fn link_number(message: &str) -> Option<usize> {
    let (_, rest) = message.split_once("https://m365.example/")?;
    rest.split(['/', '#']).next()?.parse().ok()
}

/// The subject and text of a mail.
fn mail(message: &str) -> String {
    let subject = message.lines().find_map(|line| line.strip_prefix("Subject: ")).expect("a subject");
    let (_, body) = message.split_once("Content-Type: text/plain").expect("a text");
    let (_, body) = body.split_once("\r\n\r\n").expect("a header's end");
    let body = body.split("\r\n--").next().unwrap_or_default();
    let body = body.replace("=\r\n", "").replace("=0A", "\n").replace("=3D", "=").replace("\r\n", "\n");
    format!("Subject: {subject}\n\n{}", body.trim())
}

/// The title, its link and the text of a chat message.
fn chat(message: &str) -> String {
    let message: Value = serde_json::from_str(message).expect("JSON");
    let field = |name: &str| message["attachments"][0][name].as_str().unwrap_or_default().trim().to_owned();
    format!("[{}]({})\n{}", field("title"), field("title_link"), field("text"))
}

/// The text that a gateway sends.
fn text_message(message: &str) -> String {
    let message: Value = serde_json::from_str(message).expect("JSON");
    message["commonAnnotations"]["summary"].as_str().expect("a summary").to_owned()
}

/// Replaces what is another with each run: ports of the simulated tenant, and times.
fn comparable(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let end = from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len());
        let (number, after) = from.split_at(end);
        let is_word = before.ends_with(|c: char| c.is_alphanumeric() || c == '-')
            || after.starts_with(|c: char| c.is_alphanumeric() || c == '-');
        plain.push_str(if number.len() == 5 && !is_word { "PORT" } else { number });
        rest = after;
    }
    plain.push_str(rest);
    let times = [(", since ", " UTC"), ("Since: ", " UTC"), ("; since ", " UTC")];
    times.iter().fold(plain, |text, (before, after)| {
        let mut pieces = text.split(before);
        let first = pieces.next().unwrap_or_default().to_owned();
        pieces.fold(first, |text, piece| {
            let rest = piece.split_once(after).map_or(piece, |(_, rest)| rest);
            format!("{text}{before}TIME{after}{rest}")
        })
    })
}

#[test]
fn alertmanager_example_is_accepted_by_amtool() {
    if needs::all_there(&[ALERTMANAGER]) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("integrations/alertmanager/alertmanager.yml");
        run("amtool", &["check-config", path.to_str().unwrap()]);
    }
}

#[test]
fn notifications_of_eleven_faults_say_what_where_since_who_and_what_to_do() {
    if !needs::all_there(&[prometheus::PART, ALERTMANAGER]) {
        return;
    }
    let scratch = Scratch::new();
    let demos = demonstrations(&scratch);
    let (sender, messages) = mpsc::channel();
    let (_alertmanager, port) = alertmanager(&scratch, &sender);
    let _prometheus = watching(&scratch, &demos, port);
    let received = received(&messages);

    let mut told = String::new();
    for ((number, fault), (_, port)) in (0..).zip(FAULTS).zip(&demos) {
        let _ = writeln!(told, "==== {fault}\n");
        for ((_, form), text) in received.range((number, Form::Mail)..=(number, Form::TextMessage)) {
            if *form == Form::TextMessage {
                assert!(text.is_ascii() && text.len() <= SMS, "{} characters: {text}", text.len());
            } else {
                for part in ["What: ", "Since: ", "Who must act: ", "How sure: ", "First: "] {
                    assert!(text.contains(part), "{fault}: no {part}: {text}");
                }
            }
            let _ = writeln!(told, "-- {form:?}\n{}\n", comparable(text));
        }
        let line = plugin(*port);
        for part in [" - contoso", "; who must act: ", "; since ", "\nwhat to do first: "] {
            assert!(line.contains(part), "{fault}: no {part}: {line}");
        }
        let _ = writeln!(told, "-- Plugin\n{}\n", comparable(&line));
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/notifications.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, &told).expect("written");
    }
    let expected = std::fs::read_to_string(&golden).unwrap_or_default();
    assert!(told == expected, "not as in {}; UPDATE_GOLDEN=1 writes it anew:\n{told}", golden.display());
}
