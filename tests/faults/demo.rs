//! `demo --once --fault …` and what it says, several at a time.

use std::process::Command;
use std::sync::{Condvar, Mutex};

use m365_probe::sim::Fault;
use serde_json::Value;

/// Runs at a time, over all tests: silence takes no work, and more of them would be slow for want of a processor.
const AT_ONCE: usize = 4;
/// Places left.
static PLACES: (Mutex<usize>, Condvar) = (Mutex::new(AT_ONCE), Condvar::new());
/// A run's patience where a fault shows as silence, and where none does.
const SILENCE: &str = "8s";
const PATIENCE: &str = "20s";

/// Faults that show as silence: the run's time decides how long that takes.
const SILENT: &[Fault] =
    &[Fault::DnsNoAnswer, Fault::ConnectTimedOut, Fault::TlsTimedOut, Fault::NoGreeting, Fault::ReplyTimedOut];

/// A root cause, as the JSON tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    pub reason: String,
    pub confidence: String,
    pub mailbox: Option<String>,
    pub explains: Vec<String>,
    pub candidates: Vec<String>,
}

/// What the program says of each set of faults, in their order.
pub fn diagnosed(sets: &[Vec<String>]) -> Vec<Vec<Cause>> {
    let next = Mutex::new(sets.iter().enumerate());
    let told = Mutex::new(vec![Vec::new(); sets.len()]);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let taken = next.lock().unwrap().next();
                    let Some((at, faults)) = taken else { return };
                    let causes = run(faults);
                    told.lock().unwrap()[at] = causes;
                }
            });
        }
    });
    told.into_inner().unwrap()
}

fn run(faults: &[String]) -> Vec<Cause> {
    let (places, freed) = &PLACES;
    *freed.wait_while(places.lock().unwrap(), |places| *places == 0).unwrap() -= 1;
    let report = report(faults);
    *places.lock().unwrap() += 1;
    freed.notify_one();
    let causes: Vec<Cause> = report["root_causes"].as_array().unwrap().iter().map(cause).collect();
    causes.into_iter().chain(warnings(&report)).collect()
}

/// What works and yet calls for somebody: the warnings of runs that succeeded and are not well, told as causes are.
fn warnings(report: &Value) -> Vec<Cause> {
    let noticed = report["outcomes"].as_array().unwrap().iter().filter(|one| one["ok"] == true && one["state"] != "ok");
    let told = noticed.flat_map(|one| one["warnings"].as_array().unwrap().iter().map(move |warning| (one, warning)));
    let cause = |(one, warning): (&Value, &Value)| Cause {
        reason: warning["reason"].as_str().unwrap().to_owned(),
        confidence: "certain".to_owned(),
        mailbox: one["mailbox"].as_str().map(str::to_owned),
        explains: vec![one["probe"].as_str().unwrap().to_owned()],
        candidates: Vec::new(),
    };
    told.map(cause).collect()
}

fn report(faults: &[String]) -> Value {
    let silent = SILENT.iter().any(|fault| faults.iter().any(|name| name.split('@').next() == Some(fault.name())));
    let mut command = Command::new(env!("CARGO_BIN_EXE_m365-probe"));
    command.args(["demo", "--once", "--output", "json", "--timeout", if silent { SILENCE } else { PATIENCE }]);
    command.args(faults.iter().flat_map(|fault| ["--fault", fault]));
    let output = command.env_remove("RUST_LOG").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let report: Value = serde_json::from_str(&said)
        .unwrap_or_else(|error| panic!("{faults:?}: {error}\n{said}\n{}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(output.status.code(), Some(1), "{faults:?}: a fault is something wrong");
    assert_eq!(report["ok"], false, "{faults:?}: a fault is something wrong");
    report
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
