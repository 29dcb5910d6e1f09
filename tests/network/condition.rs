//! A row of the table: a change to the network, and the results that the program must report.

use std::collections::BTreeSet;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use m365_probe::reason::{Owner, Reason};
use serde_json::Value;

use crate::program::{self, CommandResult, Results, labels};
use crate::world::World;

/// The checks that need the login host, or a host behind the same firewall rule.
pub const ALL_OTHERS: &[&str] = &["token", "pop3", "imap", "smtp", "ews", "graph"];

/// The time beyond its deadline that it takes to start and end a program.
const SLACK: Duration = Duration::from_secs(3);

/// A condition of the network, and the expected results.
pub struct Condition {
    pub name: &'static str,
    set: Box<dyn Fn(&mut World) + Send + Sync>,
    reach: Expected,
    dns: Expected,
    causes: Vec<(&'static str, &'static str)>,
    fails: Vec<&'static str>,
    warns: Vec<(&'static str, &'static str)>,
    shows: Vec<&'static str>,
    hides: Vec<&'static str>,
}

/// The expected result of a check; a failure has a phase and a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Ok,
    Warning,
    Failed(&'static str, &'static str),
}

impl Condition {
    /// Creates a condition that `set` brings about, in which all is well until something else is expected.
    pub fn new(name: &'static str, set: impl Fn(&mut World) + Send + Sync + 'static) -> Self {
        Self {
            name,
            set: Box::new(set),
            reach: Expected::Ok,
            dns: Expected::Ok,
            causes: Vec::new(),
            fails: Vec::new(),
            warns: Vec::new(),
            shows: Vec::new(),
            hides: Vec::new(),
        }
    }

    /// Expects `reach` to fail in this phase for this reason.
    pub fn reach(mut self, phase: &'static str, reason: &'static str) -> Self {
        self.reach = Expected::Failed(phase, reason);
        self.fails.push("reach");
        self
    }

    /// Expects `dns` to fail for this reason.
    pub fn dns(mut self, reason: &'static str) -> Self {
        self.dns = Expected::Failed("dns", reason);
        self.fails.push("dns");
        self
    }

    /// Expects these checks to fail too, and no other.
    pub fn fails(mut self, checks: &[&'static str]) -> Self {
        self.fails.extend(checks);
        self
    }

    /// Expects a root cause with its owner. Those expected are all there may be.
    pub fn cause(mut self, reason: &'static str, owner: &'static str) -> Self {
        self.causes.push((reason, owner));
        self
    }

    /// Expects these checks, at least, to warn of this. The reasons expected are all there may be.
    pub fn warns(mut self, checks: &[&'static str], reason: &'static str) -> Self {
        for check in checks {
            match *check {
                "dns" if self.dns == Expected::Ok => self.dns = Expected::Warning,
                "reach" if self.reach == Expected::Ok => self.reach = Expected::Warning,
                _ => {}
            }
            self.warns.push((check, reason));
        }
        self
    }

    /// Expects evidence or facts in the reports to contain `text`.
    pub fn shows(mut self, text: &'static str) -> Self {
        self.shows.push(text);
        self
    }

    /// Expects no output of the program to contain `text`.
    pub fn hides(mut self, text: &'static str) -> Self {
        self.hides.push(text);
        self
    }

    /// Makes a world, brings the condition about, runs the program and compares its results.
    pub fn run(&self) -> Line {
        let begun = Instant::now();
        let mut world = World::new();
        (self.set)(&mut world);
        let configuration = world.settle();
        let (results, lateness) = lateness_during(|| program::run_all(&world, &configuration));
        let mut wrong = Vec::new();
        self.judge(&results, &mut wrong);
        for result in [&results.doctor, &results.reach, &results.dns] {
            judge_time(result, world.timeout + lateness, &mut wrong);
        }
        let reach = outcomes(&results.reach.report).next();
        let text = |key| reach.and_then(|reach| reach[key].as_str()).unwrap_or("-").to_owned();
        Line {
            name: self.name,
            phase: text("phase"),
            reason: text("reason"),
            owner: text("owner"),
            causes: causes(&results.doctor.report).iter().map(|(reason, owner)| format!("{reason} ({owner})")).collect(),
            reach_took: results.reach.took,
            took: begun.elapsed(),
            report: if wrong.is_empty() {
                String::new()
            } else {
                format!("{:#}\n{:#}", results.doctor.report, results.reach.report)
            },
            wrong,
        }
    }

    fn judge(&self, results: &Results, wrong: &mut Vec<String>) {
        judge_check("reach", self.reach, &results.reach, wrong);
        judge_check("dns", self.dns, &results.dns, wrong);
        let report = &results.doctor.report;
        let failed: BTreeSet<_> = outcomes(report).filter(|one| one["ok"] != true).map(check).collect();
        differ(wrong, "failed checks", &self.fails.iter().copied().collect::<BTreeSet<_>>(), &failed);
        differ(wrong, "root causes", &self.causes.iter().copied().collect::<BTreeSet<_>>(), &causes(report));
        let warned: BTreeSet<_> = outcomes(report).flat_map(warnings).filter(|(_, reason)| is_of_networks(reason)).collect();
        self.judge_warnings(&warned, wrong);
        // Whatever is wrong here, the calendar may bring the end of EWS near as well.
        let left = outcomes(report).any(|one| one["breaches"].as_array().is_some_and(|left| !left.is_empty()));
        differ(wrong, "doctor's exit", &Some(i32::from(left || !self.fails.is_empty())), &results.doctor.exit);
        let text = format!("{report}{}", results.reach.report);
        wrong.extend(self.shows.iter().filter(|part| !text.contains(**part)).map(|part| format!("`{part}` is not shown")));
        let all = format!("{text}{}{}", results.dns.report, results.metrics);
        wrong.extend(self.hides.iter().filter(|part| all.contains(**part)).map(|part| format!("`{part}` is shown")));
        judge_metrics(report, &results.metrics, wrong);
        if !self.fails.iter().any(|check| ["token", "graph"].contains(check)) {
            let token = outcomes(report).find(|one| check(one) == "token");
            let state = token.map_or("-", |one| one["facts"]["registration"]["state"].as_str().unwrap_or("-"));
            differ(wrong, "the registration, read from Graph", &"read", &state);
        }
        let shown = labels(&results.metrics, "m365_probe_warning_info", &["check", "reason"]);
        let shown = shown.iter().map(|found| (found[0], found[1])).filter(|(_, reason)| is_of_networks(reason));
        self.judge_warnings(&shown.collect(), wrong);
    }

    /// Compares warnings. The check that fetches the token warns of what it meets on the way, and that is whichever comes first.
    fn judge_warnings(&self, warned: &BTreeSet<(&str, &str)>, wrong: &mut Vec<String>) {
        let missing = self.warns.iter().filter(|warning| !warned.contains(*warning));
        wrong.extend(missing.map(|(check, reason)| format!("{check} does not warn of {reason}")));
        let reasons: BTreeSet<_> = self.warns.iter().map(|(_, reason)| *reason).collect();
        differ(wrong, "reasons to warn", &reasons, &warned.iter().map(|(_, reason)| *reason).collect());
    }
}

/// The result of a condition, a line of the printed table.
pub struct Line {
    pub name: &'static str,
    pub phase: String,
    pub reason: String,
    pub owner: String,
    pub causes: Vec<String>,
    /// The time that `check reach` took.
    pub reach_took: Duration,
    pub took: Duration,
    /// Differences from what is expected; empty where there are none.
    pub wrong: Vec<String>,
    pub report: String,
}

fn judge_check(name: &str, expected: Expected, result: &CommandResult, wrong: &mut Vec<String>) {
    let outcome = outcomes(&result.report).next();
    let word = |key| outcome.and_then(|outcome| outcome[key].as_str()).unwrap_or("-");
    let (exit, phase, reason) = match expected {
        Expected::Ok => (0, "-", "-"),
        Expected::Warning => (1, "-", "-"),
        Expected::Failed(phase, reason) => (2, phase, reason),
    };
    differ(wrong, &format!("check {name}"), &(Some(exit), phase, reason), &(result.exit, word("phase"), word("reason")));
}

/// Compares the labels with the report: an alert reads nothing but labels.
fn judge_metrics(report: &Value, metrics: &str, wrong: &mut Vec<String>) {
    let pairs = |name, wanted: &[&str]| -> BTreeSet<Vec<String>> {
        labels(metrics, name, wanted).into_iter().map(|found| found.into_iter().map(str::to_owned).collect()).collect()
    };
    let expected = causes(report).into_iter().map(|(reason, owner)| vec![reason.to_owned(), owner.to_owned()]).collect();
    differ(wrong, "m365_root_cause_info", &expected, &pairs("m365_root_cause_info", &["reason", "owner"]));
    let failing = outcomes(report).filter(|one| one["ok"] != true).map(|one| vec![check(one).to_owned()]).collect();
    differ(wrong, "m365_probe_failure_info", &failing, &pairs("m365_probe_failure_info", &["check"]));
}

/// Expects no run to exceed its deadline, and none to end as `timed_out` where a better reason is known.
fn judge_time(result: &CommandResult, timeout: Duration, wrong: &mut Vec<String>) {
    for one in outcomes(&result.report) {
        let seconds = one["seconds"].as_f64().unwrap_or(f64::INFINITY);
        if seconds > timeout.as_secs_f64() + 0.2 {
            wrong.push(format!("{} took {seconds} s of {timeout:?}", check(one)));
        }
        if one["reason"] == "timed_out" {
            wrong.push(format!("{} timed_out", check(one)));
        }
    }
    if result.took > timeout + SLACK {
        wrong.push(format!("a program took {:?}", result.took));
    }
}

/// Runs `work` and measures how late a timer of our own was meanwhile, in all: the time that a busy machine adds.
fn lateness_during<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    const TURN: Duration = Duration::from_millis(5);
    let (at_work, ended) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let counting = scope.spawn(move || {
            let (begun, mut due) = (Instant::now(), Duration::ZERO);
            while ended.recv_timeout(TURN) == Err(RecvTimeoutError::Timeout) {
                due += TURN;
            }
            begun.elapsed().saturating_sub(due)
        });
        let result = work();
        drop(at_work);
        (result, counting.join().expect("a counting thread"))
    })
}

fn differ<T: std::fmt::Debug + PartialEq>(wrong: &mut Vec<String>, what: &str, expected: &T, found: &T) {
    if expected != found {
        wrong.push(format!("{what}: expected {expected:?}, found {found:?}"));
    }
}

fn outcomes(report: &Value) -> impl Iterator<Item = &Value> {
    report["outcomes"].as_array().into_iter().flatten()
}

fn check(outcome: &Value) -> &str {
    outcome["check"].as_str().unwrap_or("-")
}

fn causes(report: &Value) -> BTreeSet<(&str, &str)> {
    report["root_causes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|cause| (cause["reason"].as_str().unwrap_or("-"), cause["owner"].as_str().unwrap_or("-")))
        .collect()
}

fn warnings(outcome: &Value) -> Vec<(&str, &str)> {
    let warnings = outcome["warnings"].as_array().into_iter().flatten();
    warnings.map(|warning| (check(outcome), warning["reason"].as_str().unwrap_or("-"))).collect()
}

/// Tells whether a warning is of the network; others, such as of a retirement, are left out of this table.
fn is_of_networks(reason: &str) -> bool {
    Reason::from_code(reason).is_some_and(|reason| matches!(reason.owner(), Owner::Network | Owner::Here))
}
