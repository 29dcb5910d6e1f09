//! The built program inside a world: `doctor`, `check reach`, `check dns` and `serve`, all at the same time.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::daemon::Daemon;
use crate::http;
use crate::namespace::IP;
use crate::world::World;

const PROGRAM: &str = env!("CARGO_BIN_EXE_m365-probe");
/// Shows a program the directory `$0` as the roots that came with the system, where Debian, Ubuntu and Alpine keep them:
/// `ip netns exec` gives each program mounts of its own.
const WITH_ROOTS: &str =
    "if [ -d /usr/share/ca-certificates ]; then mount --bind \"$0\" /usr/share/ca-certificates; fi; exec \"$@\"";
/// The port of `serve`, on the client's own loopback.
const PORT: u16 = 10365;
/// The number of probes in the configuration. Each has run once when so many series show the time of a run.
const PROBES: usize = 8;
/// The program's results in a world.
#[derive(Debug)]
pub struct Results {
    pub doctor: CommandResult,
    pub reach: CommandResult,
    pub dns: CommandResult,
    /// The page `/metrics` when each check has run.
    pub metrics: String,
}

/// A report in JSON, with the exit code and duration of the program.
#[derive(Debug)]
pub struct CommandResult {
    pub exit: Option<i32>,
    pub report: Value,
    pub took: Duration,
}

/// Runs all four commands and returns their results.
pub fn run_all(world: &World, configuration: &Path) -> Results {
    let log = world.scratch.path().join("serve.log");
    let prepared = |program: &mut Command, arguments: &[&str]| prepare(program, arguments, world, configuration);
    let listen = format!("127.0.0.1:{PORT}");
    let mut serve = Daemon::start(
        IP,
        |ip| {
            ip.args(["netns", "exec", world.client.name(), "sh", "-c", WITH_ROOTS]).arg(&world.shipped).arg(PROGRAM);
            prepared(ip, &["serve", "--listen", &listen]);
            ip
        },
        &log,
    );
    let run = |arguments: &[&str]| begin(arguments, world, configuration);
    // As long as the configuration allows, like the other two.
    let limit = format!("{}s", world.timeout.as_secs());
    let running = [
        run(&["doctor", "--output", "json"]),
        run(&["check", "reach", "--output", "json", "--timeout", &limit]),
        run(&["check", "dns", "--output", "json", "--timeout", &limit]),
    ];
    let [doctor, reach, dns] = thread::scope(|scope| {
        running.map(|running| scope.spawn(|| end(running))).map(|waiting| waiting.join().expect("an answer"))
    });
    let mut metrics = String::new();
    serve.wait_for("run every check once", || {
        metrics = world.client.door().inside(|| page("/metrics")).unwrap_or_default();
        has_run(&metrics) == PROBES
    });
    Results { doctor, reach, dns, metrics }
}

/// Runs `doctor` alone, so that nothing else takes its time.
pub fn doctor(world: &World, configuration: &Path) -> CommandResult {
    end(begin(&["doctor", "--output", "json"], world, configuration))
}

fn begin(arguments: &[&str], world: &World, configuration: &Path) -> (Instant, Child) {
    let mut command = world.client.command("sh");
    command.args(["-c", WITH_ROOTS]).arg(&world.shipped).arg(PROGRAM);
    prepare(&mut command, arguments, world, configuration);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    (Instant::now(), command.spawn().expect("run the program"))
}

fn prepare(program: &mut Command, arguments: &[&str], world: &World, configuration: &Path) {
    program.args(arguments).arg("--config").arg(configuration).env_clear();
    program.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    program.envs(world.environment.iter().cloned());
}

fn end((begun, child): (Instant, Child)) -> CommandResult {
    let output = child.wait_with_output().expect("wait for the program");
    let took = begun.elapsed();
    let (printed, logged) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let report = serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}\nprinted: {printed}\nlogged: {logged}"));
    CommandResult { exit: output.status.code(), report, took }
}

fn page(path: &str) -> Option<String> {
    // A port nobody listens on yet refuses at once.
    TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], PORT))).ok()?;
    http::get(PORT, path).ok().map(|(_, body)| body)
}

fn has_run(metrics: &str) -> usize {
    metrics.lines().filter(|line| line.starts_with("m365_probe_last_run_timestamp_seconds{")).count()
}

/// Returns the values of `wanted` labels, for each series of that name whose value is 1, sorted.
pub fn labels<'a>(metrics: &'a str, name: &str, wanted: &[&str]) -> Vec<Vec<&'a str>> {
    let lines = metrics.lines().filter(|line| line.ends_with(" 1"));
    let series = lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix('{'));
    let value = |series: &'a str, label: &str| {
        let rest = &series[series.find(&format!("{label}=\""))? + label.len() + 2..];
        Some(&rest[..rest.find('"')?])
    };
    let mut found: Vec<Vec<&str>> =
        series.map(|series| wanted.iter().map(|label| value(series, label).unwrap_or("")).collect()).collect();
    found.sort_unstable();
    found
}
