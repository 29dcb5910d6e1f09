//! The services that monitoring systems watch: a demonstration with a fault, one with odd texts, and one that is gone.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use serde_json::{Value, json};

use crate::daemon::Daemon;
use crate::scratch::Scratch;
use crate::{http, port};

const PROGRAM: &str = env!("CARGO_BIN_EXE_m365-probe");

/// A server's text with characters that end a line, a field or a quotation in some format.
const ODD: &str = "-ERR a|b='c';\"d\" \\n \\e\r\nf\tg\u{1b}[31m grüße 日本 ${x} $HOSTNAME$ `id` <b>h</b> done";

/// A service that the plugin asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// `m365-probe demo` with a fault.
    Demo,
    /// A service that answers the same every time, with odd texts and many mailboxes.
    Odd,
    /// No service: nothing listens there.
    Gone,
}

/// A service of a monitoring system, and the state and text that it must show.
#[derive(Debug)]
pub struct Case {
    pub name: &'static str,
    pub target: Target,
    pub check: &'static str,
    /// The mailbox, or where it has no `@` the tenant.
    pub scope: &'static str,
    /// Further options and their values; that of `-vvv` is empty.
    pub options: &'static [(&'static str, &'static str)],
    pub state: u8,
    pub begins: &'static str,
}

#[rustfmt::skip]
pub const CASES: &[Case] = &[
    case("well", Target::Demo, "ews", "praxis@contoso.example", &[], 0, "EWS OK - praxis@contoso.example: mailbox opened in "),
    case("slow", Target::Demo, "ews", "praxis@contoso.example", &[("--warning", "0"), ("--critical", "60")], 1, "EWS WARNING - praxis@contoso.example: mailbox opened in "),
    case("refused", Target::Demo, "pop3", "praxis@contoso.example", &[("--warning", "messages=10:20"), ("--critical", "auth=5")], 2, "POP3 CRITICAL - praxis@contoso.example: auth_refused in auth; follows from contoso: "),
    case("everything", Target::Demo, "all", "contoso", &[("-vvv", "")], 2, "M365 CRITICAL - contoso: exchange_service_principal_missing "),
    case("odd", Target::Odd, "imap", "odd@contoso.example", &[], 2, "IMAP CRITICAL - odd@contoso.example: auth_refused in auth (a/b"),
    case("odd at length", Target::Odd, "imap", "odd@contoso.example", &[("-vvv", "")], 2, "IMAP CRITICAL - odd@contoso.example: auth_refused in auth (a/b"),
    case("many", Target::Odd, "all", "contoso", &[], 2, "M365 CRITICAL - 1 of 301 not ok: contoso/odd/imap (auth_refused in auth"),
    case("stale", Target::Odd, "imap", "stale@fabrikam.example", &[], 3, "IMAP UNKNOWN - stale@fabrikam.example: no current result: the last run was at 2026-11-23T17:59:30Z; "),
    case("unknown", Target::Demo, "pop3", "nobody@contoso.example", &[], 3, "M365 UNKNOWN - `http://127.0.0.1:"),
    case("gone", Target::Gone, "all", "contoso", &[], 3, "M365 UNKNOWN - cannot ask `http://127.0.0.1:"),
];

const fn case(
    name: &'static str,
    target: Target,
    check: &'static str,
    scope: &'static str,
    options: &'static [(&'static str, &'static str)],
    state: u8,
    begins: &'static str,
) -> Case {
    Case { name, target, check, scope, options, state, begins }
}

impl Case {
    /// Tells whether `scope` is a mailbox.
    pub fn is_of_mailbox(&self) -> bool {
        self.scope.contains('@')
    }
}

/// The services that are monitored. Dropping it ends them.
#[derive(Debug)]
pub struct Monitored {
    pub scratch: Scratch,
    /// The directory with `check_m365` in it.
    pub plugins: PathBuf,
    _demo: Daemon,
    ports: [u16; 3],
}

impl Monitored {
    /// Starts the services and waits until every probe of the demonstration has run once.
    pub fn start() -> Self {
        let scratch = Scratch::new();
        let plugins = scratch.dir("plugins");
        symlink(PROGRAM, plugins.join("check_m365")).expect("link the plugin");
        let (demo, gone) = (port::free(), port::free());
        let listen = format!("127.0.0.1:{demo}");
        let mut running = Daemon::start(
            PROGRAM,
            |program| program.env_clear().args(["demo", "--fault", "exchange_service_principal_missing", "--listen", &listen]),
            &scratch.path().join("demo.log"),
        );
        running.wait_for("have run every probe once", || {
            let answer = http::get(demo, "/api/v1/outcomes").map(|(_, body)| body).unwrap_or_default();
            let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
            answer["pending"].as_array().is_some_and(Vec::is_empty)
        });
        Self { scratch, plugins, _demo: running, ports: [demo, odd(), gone] }
    }

    /// Returns the URL of a service.
    pub fn url(&self, target: Target) -> String {
        let index = [Target::Demo, Target::Odd, Target::Gone].iter().position(|one| *one == target).expect("one of them");
        format!("http://127.0.0.1:{}", self.ports[index])
    }

    /// Runs the plugin for a case, and returns its output and exit code.
    pub fn plugin(&self, case: &Case) -> (String, Option<i32>) {
        let mut plugin = Command::new(self.plugins.join("check_m365"));
        plugin.env_clear().args([case.check, "--from", &self.url(case.target)]);
        plugin.args([if case.is_of_mailbox() { "--mailbox" } else { "--tenant" }, case.scope]);
        for (option, value) in case.options {
            plugin.args([option, value].into_iter().filter(|word| !word.is_empty()));
        }
        let output = plugin.output().expect("run the plugin");
        (String::from_utf8(output.stdout).expect("UTF-8"), output.status.code())
    }
}

/// Starts a service that answers every request with the same outcomes, and returns its port. It ends with the test program.
fn odd() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let body = document().to_string();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096]; // ours is one small packet
            let _ = stream.read(&mut request).and_then(|_| stream.write_all(answer.as_bytes()));
        }
    });
    port
}

fn document() -> Value {
    let mut outcomes = vec![failed("contoso", "odd", true), failed("fabrikam", "stale", false)];
    outcomes.extend((1..=300).map(|number| {
        let address = format!("mailbox-with-a-long-name-{number}@contoso.example");
        json!({ "ok": true, "current": true, "mailbox": address, "address": address,
            "phases": [ { "phase": "auth", "seconds": 0.2 }, { "phase": "mailbox", "seconds": 0.212 } ],
            "facts": { "mailbox": { "messages": number } } })
    }));
    for outcome in &mut outcomes {
        let outcome = outcome.as_object_mut().expect("an object");
        let tenant = outcome.get("tenant").cloned().unwrap_or_else(|| "contoso".into());
        let probe = format!("{}/{}/imap", tenant.as_str().expect("a name"), outcome["mailbox"].as_str().expect("a name"));
        outcome.extend([
            ("tenant".to_owned(), tenant),
            ("probe".to_owned(), probe.into()),
            ("check".to_owned(), "imap".into()),
            ("at".to_owned(), "2026-11-23T17:59:30Z".into()),
            ("interval_seconds".to_owned(), 60.into()),
            ("seconds".to_owned(), 0.412.into()),
            ("limits".to_owned(), json!({ "warning": ["total=2", "messages=~:1000"], "critical": ["total=10", "auth=@20:30"] })),
        ]);
    }
    json!({ "schema": 1, "at": "2026-11-23T18:00:00Z", "ok": false, "root_causes": [], "pending": [], "outcomes": outcomes })
}

fn failed(tenant: &str, mailbox: &str, current: bool) -> Value {
    let code = format!("a|b {ODD}");
    json!({ "ok": false, "current": current, "tenant": tenant, "mailbox": mailbox, "address": format!("{mailbox}@{tenant}.example"),
        "phase": "auth", "reason": "auth_refused",
        "phases": [ { "phase": "connect", "seconds": 0.001_234 }, { "phase": "auth", "seconds": 0.411 } ],
        "facts": { "server": { "name": ODD, "ids": { "session": ODD } } },
        "evidence": { "peer": ODD, "said": ODD, "heard": ODD.repeat(200), "code": code, "ids": { "session": ODD } } })
}
