//! The dashboards, rules and alerts of `dashboards/`: linted, laid out, understood by promtool and jsonnet, made of metrics
//! that there are, and answered by a Prometheus that watches the built program demonstrate a fault.
//!
//! `tests/run` installs Prometheus and jsonnet; where one is missing, the tests that need it are left out and say so.
#![allow(clippy::unwrap_used)]

mod boards;
mod layout;
mod linter;
mod metrics;
mod notifications;
mod promql;
mod queries;
mod rules;
mod sharding;

#[allow(dead_code)]
#[path = "../real/daemon.rs"]
mod daemon;
#[allow(dead_code)]
#[path = "../real/http.rs"]
mod http;
#[allow(dead_code)]
#[path = "../real/needs.rs"]
mod needs;
#[path = "../real/port.rs"]
mod port;
#[allow(dead_code)]
#[path = "../real/prometheus.rs"]
mod prometheus;
#[allow(dead_code)]
#[path = "../real/scratch.rs"]
mod scratch;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The program that evaluates the mixin.
pub const JSONNET: needs::Part = needs::Part { name: "jsonnet", files: &["/usr/bin/jsonnet"], as_root: false };

/// Returns the path of a file in `dashboards/`.
pub fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards").join(name)
}

/// Reads a file in `dashboards/`.
pub fn text(name: &str) -> String {
    std::fs::read_to_string(file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Runs a program that must succeed, and returns its output and errors.
#[track_caller]
pub fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().expect("run");
    let printed = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat();
    assert!(output.status.success(), "{program} {arguments:?}: {printed}");
    printed
}
