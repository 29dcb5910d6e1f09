//! The built program's report on faults, many at a time: the root causes and warnings of its JSON.

use std::process::{Command, Stdio};
use std::sync::Mutex;

use m365_probe::sim::Fault;
use serde_json::Value;

/// Number of runs at a time in each test: silence takes no work, and more of them would be slow for want of a processor.
pub const AT_ONCE: usize = 6;
/// The timeout of a run where a fault shows as silence, and where none does.
const SILENT_RUN: &str = "8s";
const ANY_RUN: &str = "20s";

/// Faults that show as silence, which lasts until the timeout.
const SILENT: &[Fault] =
    &[Fault::DnsNoAnswer, Fault::ConnectTimedOut, Fault::TlsTimedOut, Fault::NoGreeting, Fault::ReplyTimedOut];

/// A lock held while a program is started and while a port is closed or opened. A child has this process's sockets until it
/// becomes the program, and a port that it still holds cannot be taken again.
pub static PORTS: Mutex<()> = Mutex::new(());

/// A root cause of the report; or a warning of a run that succeeded, in the same form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    pub reason: String,
    pub confidence: String,
    pub mailbox: Option<String>,
    pub explains: Vec<String>,
    pub candidates: Vec<String>,
}

/// Calls `run` with each set of faults, several at a time, and returns the results in the sets' order. Silent sets begin first,
/// so that the others run while those wait.
pub fn for_each_set<T: Send>(sets: &[Vec<String>], run: impl Fn(&[String]) -> T + Sync) -> Vec<T> {
    let mut order: Vec<_> = sets.iter().enumerate().collect();
    order.sort_by_key(|(_, faults)| !is_silent(faults));
    let next = Mutex::new(order.into_iter());
    let results = Mutex::new(Vec::new());
    let work = || {
        loop {
            let taken = next.lock().unwrap().next();
            let Some((index, faults)) = taken else { return };
            let result = run(faults);
            results.lock().unwrap().push((index, result));
        }
    };
    std::thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(work))));
    let mut results = results.into_inner().unwrap();
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

fn is_silent(faults: &[String]) -> bool {
    SILENT.iter().any(|fault| faults.iter().any(|name| name.split('@').next() == Some(fault.name())))
}

/// Runs `program` (`demo --once` or `doctor`, against a tenant with `faults`) and reads its report, which must name something.
pub fn causes(mut program: Command, faults: &[String]) -> Vec<Cause> {
    program.args(["--output", "json", "--timeout", if is_silent(faults) { SILENT_RUN } else { ANY_RUN }]);
    // Where these name a bundle, each of some two hundred processes would read all of it.
    program.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
    program.env_remove("RUST_LOG").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = {
        let _unshared = PORTS.lock().unwrap();
        program.spawn().unwrap()
    };
    let output = child.wait_with_output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let report: Value = serde_json::from_str(&printed)
        .unwrap_or_else(|error| panic!("{faults:?}: {error}\n{printed}\n{}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(output.status.code(), Some(1), "{faults:?}: a fault is something wrong");
    assert_eq!(report["ok"], false, "{faults:?}: a fault is something wrong");
    let causes: Vec<Cause> = report["root_causes"].as_array().unwrap().iter().map(cause).collect();
    causes.into_iter().chain(warnings(&report)).collect()
}

/// Returns the warnings of runs that succeeded and are not ok, in the form of root causes.
fn warnings(report: &Value) -> Vec<Cause> {
    let noticed = report["outcomes"].as_array().unwrap().iter().filter(|one| one["ok"] == true && one["state"] != "ok");
    let warnings = noticed.flat_map(|one| one["warnings"].as_array().unwrap().iter().map(move |warning| (one, warning)));
    let cause = |(one, warning): (&Value, &Value)| Cause {
        reason: warning["reason"].as_str().unwrap().to_owned(),
        confidence: "certain".to_owned(),
        mailbox: one["mailbox"].as_str().map(str::to_owned),
        explains: vec![one["probe"].as_str().unwrap().to_owned()],
        candidates: Vec::new(),
    };
    merged(warnings.map(cause))
}

/// Returns the warnings with those of one reason in one: of several mailboxes, or of one.
fn merged(warnings: impl Iterator<Item = Cause>) -> Vec<Cause> {
    let mut merged: Vec<Cause> = Vec::new();
    for warning in warnings {
        match merged.iter_mut().find(|known| known.reason == warning.reason) {
            Some(known) => {
                known.mailbox = known.mailbox.take().filter(|mailbox| Some(mailbox) == warning.mailbox.as_ref());
                known.explains.extend(warning.explains);
            }
            None => merged.push(warning),
        }
    }
    merged
}

fn cause(json: &Value) -> Cause {
    let text = |key: &str| json[key].as_str().map(str::to_owned);
    let list = |key: &str| json[key].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect();
    Cause {
        reason: text("reason").unwrap(),
        confidence: text("confidence").unwrap(),
        mailbox: text("mailbox"),
        explains: list("explains"),
        candidates: list("candidates"),
    }
}
