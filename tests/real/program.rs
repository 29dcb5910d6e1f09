//! The built program, run as a user runs it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use m365_probe::reason::{Reason, Severity};
use serde_json::Value;

use crate::daemon::Daemon;
use crate::http;
use crate::issuer::SECRET;
use crate::port;
use crate::scratch::Scratch;

const PROGRAM: &str = env!("CARGO_BIN_EXE_m365-probe");

/// Runs `m365-probe config NAME` and returns what it prints.
pub fn config(name: &str) -> String {
    let mut program = Command::new(PROGRAM);
    texts(&bare(program.args(["config", name])).output().expect("run the program")).0
}

/// The exit code and report of one run of `check --output json`.
#[derive(Debug)]
pub struct CheckResult {
    pub exit: Option<i32>,
    pub report: Value,
}

/// Runs `m365-probe check NAME… --config FILE --output json`, with everything logged that can be.
pub fn check(configuration: &Path, arguments: &[&str]) -> CheckResult {
    let mut program = Command::new(PROGRAM);
    program.arg("check").args(arguments).args(["--output", "json", "--config"]).arg(configuration);
    let output = bare(&mut program).output().expect("run the program");
    let (printed, logged) = texts(&output);
    let report = serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}\nprinted: {printed}\nlogged: {logged}"));
    CheckResult { exit: output.status.code(), report }
}

/// Runs the same with `hosts` in place of the system's hosts file; `None` where no mount namespace can be made.
pub fn check_with_hosts(hosts: &Path, configuration: &Path, arguments: &[&str]) -> Option<CheckResult> {
    const PLACED: &str = r#"mount --bind "$0" /etc/hosts || exit 77; exec "$@""#;
    let mut program = Command::new("unshare");
    program.args(["--mount", "--", "sh", "-c", PLACED]).arg(hosts).arg(PROGRAM).arg("check").args(arguments);
    let output = bare(program.args(["--output", "json", "--config"]).arg(configuration)).output().expect("run unshare");
    let report = serde_json::from_slice(&output.stdout).ok()?;
    Some(CheckResult { exit: output.status.code(), report })
}

impl CheckResult {
    /// Returns the only outcome; panics where there are more or none.
    pub fn outcome(&self) -> &Value {
        let outcomes = self.report["outcomes"].as_array().expect("a list of outcomes");
        assert_eq!(outcomes.len(), 1, "{:#}", self.report);
        &outcomes[0]
    }

    /// Panics unless everything that was checked is ok.
    #[track_caller]
    pub fn assert_ok(&self, name: &str) {
        assert_eq!((self.exit, &self.report["ok"]), (Some(0), &Value::Bool(true)), "{name}: {:#}", self.report);
    }

    /// Panics unless the only check failed in this phase for this reason, as of now: what may pass by itself is a warning at first.
    #[track_caller]
    pub fn assert_failed(&self, name: &str, phase: &str, reason: &str) {
        let outcome = self.outcome();
        let place = |key: &str| outcome[key].as_str().unwrap_or("-");
        assert_eq!((place("phase"), place("reason")), (phase, reason), "{name}: {:#}", self.report);
        let passes = Reason::from_code(reason).is_some_and(|reason| reason.severity() == Severity::Transient);
        let (exit, state) = if passes { (1, "warning") } else { (2, "critical") };
        assert_eq!((self.exit, place("state"), &outcome["ok"]), (Some(exit), state, &Value::Bool(false)), "{name}");
    }
}

/// A running `m365-probe serve`.
#[derive(Debug)]
pub struct Serving {
    pub port: u16,
    pub daemon: Daemon,
}

impl Serving {
    /// Starts it on loopback and waits until it is ready.
    pub fn start(scratch: &Scratch, configuration: &Path) -> Self {
        Self::listening(scratch, configuration, "127.0.0.1")
    }

    /// Starts it at an address of this machine and waits until it is ready.
    pub fn listening(scratch: &Scratch, configuration: &Path, address: &str) -> Self {
        let (port, mut daemon) = begun(scratch, configuration, address, &[]);
        daemon.wait_for("become ready", || http::get(port, "/-/ready").is_ok_and(|(status, _)| status == 200));
        Self { port, daemon }
    }

    /// Starts it with a web configuration and waits until it listens.
    pub fn protected(scratch: &Scratch, configuration: &Path, web: &Path) -> Self {
        let web = format!("--web.config.file={}", web.display());
        let (port, daemon) = begun(scratch, configuration, "127.0.0.1", &[&web]);
        Self { port, daemon: daemon.listening(port) }
    }

    /// Returns a page; panics unless its status is 200.
    #[track_caller]
    pub fn page(&self, path: &str) -> String {
        let (status, body) = http::get(self.port, path).expect("an answer");
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Waits until `/metrics` has a series of that name with those labels and that value.
    pub fn wait_for_metric(&mut self, name: &str, labels: &[&str], value: &str) {
        let port = self.port;
        let matches = |line: &str| {
            let series = line.strip_suffix(value).and_then(|line| line.strip_suffix(' ')).unwrap_or_default();
            series.starts_with(name) && labels.iter().all(|label| series.contains(label))
        };
        let has = |(_, body): (u16, String)| body.lines().any(matches);
        self.daemon.wait_for(&format!("show {name}{labels:?} {value}"), || http::get(port, "/metrics").is_ok_and(has));
    }

    /// Waits until POP3 has succeeded for a mailbox.
    pub fn wait_for_pop3(&mut self, mailbox: &str) {
        self.wait_for_metric("m365_probe_success{", &["check=\"pop3\"", &format!("mailbox=\"{mailbox}\"")], "1");
    }
}

/// Starts `m365-probe serve` and returns its port.
fn begun(scratch: &Scratch, configuration: &Path, address: &str, arguments: &[&str]) -> (u16, Daemon) {
    let port = port::free();
    let listen = format!("{address}:{port}");
    let daemon = Daemon::start(
        PROGRAM,
        |program| bare(program).args(["serve", "--listen", &listen]).args(arguments).arg("--config").arg(configuration),
        &scratch.path().join(format!("serve-{port}.log")),
    );
    (port, daemon)
}

impl Drop for Serving {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_keeps_secrets(&self.daemon.log());
        }
    }
}

/// A running `m365-probe demo`.
#[derive(Debug)]
pub struct Demo {
    port: u16,
    _daemon: Daemon,
}

impl Demo {
    /// Starts it with these faults and waits until it is ready.
    pub fn start(scratch: &Scratch, faults: &[&str]) -> Self {
        let port = port::free();
        let listen = format!("127.0.0.1:{port}");
        let arguments = faults.iter().flat_map(|fault| ["--fault", fault]);
        let mut daemon = Daemon::start(
            PROGRAM,
            |program| bare(program).args(["demo", "--web-public", "--listen", &listen]).args(arguments),
            &scratch.path().join(format!("demo-{port}.log")),
        );
        daemon.wait_for("become ready", || http::get(port, "/-/ready").is_ok_and(|(status, _)| status == 200));
        Self { port, _daemon: daemon }
    }

    /// Returns the URL of a page.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

/// Gives the program nothing of this machine's environment but `PATH`, the most verbose log, and no colours.
fn bare(program: &mut Command) -> &mut Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    program.env_clear().env("PATH", path).env("RUST_LOG", "trace").env("NO_COLOR", "1")
}

fn texts(output: &Output) -> (String, String) {
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let logged = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_keeps_secrets(&printed);
    assert_keeps_secrets(&logged);
    (printed, logged)
}

/// Asserts that `text` has neither the client secret, nor a token, nor a SASL payload in it.
#[track_caller]
fn assert_keeps_secrets(text: &str) {
    let (token, sasl) = ("eyJ0eXAi", "dXNlcj"); // how base64 of `{"typ"` and of `user=` begins
    for marked in [SECRET, "marked-secret", token, sasl] {
        assert!(!text.contains(marked), "`{marked}` in the output:\n{text}");
    }
}

/// Runs `promtool check metrics` and returns its complaints, which are empty if all is well.
pub fn promtool_complaints(metrics: &str) -> String {
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = promtool.spawn().expect("run promtool");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(metrics.as_bytes()).expect("hand metrics over");
    drop(input);
    let output = child.wait_with_output().expect("wait for promtool");
    [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat()
}
