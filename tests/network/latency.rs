//! Microsoft behind a long wire: each phase must take as long as its round trips, no more and no less.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::daemon::Daemon;
use crate::namespace::{IP, Namespace};
use crate::needs::{self, Part};
use crate::program;
use crate::world::{GATEWAY, World, plug_in};

const SWITCH: &str = "/usr/bin/vde_switch";
const WIRE: &str = "/usr/bin/wirefilter";

const PARTS: &[Part] = &[
    Part { name: "vde-switch", files: &[SWITCH], as_root: true },
    Part { name: "vde-wirefilter", files: &[WIRE], as_root: true },
    Part { name: "dnsmasq-base", files: &["/usr/sbin/dnsmasq"], as_root: true },
];

/// The time of a round trip, about that from Europe to the east of America.
const ROUND_TRIP: Duration = Duration::from_millis(80);
/// The time by which a round trip may be short: the wire counts in milliseconds, at either end.
const EARLY: Duration = Duration::from_millis(2);
/// The time that cryptography and the wire's own work may add to a phase of the quickest run.
const LATE: Duration = Duration::from_millis(35);
/// The least number of runs, in all of which phases must be long enough.
const RUNS: usize = 4;
/// The most runs until each phase has once been short enough. A busy machine lengthens some of them, a round trip too many all.
const MOST_RUNS: usize = 40;

/// The round trips of each phase, by check. The tenant speaks TLS 1.2: two round trips, and the greeting of an encrypted port
/// comes with the second.
const WAITS: &[(&str, &[(&str, u32)])] = &[
    ("token", &[("connect", 1), ("tls", 2), ("token", 1)]),
    ("pop3", &[("connect", 1), ("tls", 2), ("greeting", 0), ("auth", 2), ("mailbox", 1)]),
    ("imap", &[("connect", 1), ("tls", 2), ("greeting", 0), ("auth", 1), ("mailbox", 1)]),
    ("smtp", &[("connect", 1), ("greeting", 1), ("starttls", 2), ("tls", 2), ("auth", 2)]),
    ("ews", &[("connect", 1), ("tls", 2), ("mailbox", 1)]),
    ("graph", &[("connect", 1), ("tls", 2), ("mailbox", 1)]),
];

#[test]
fn doctor_over_a_long_wire_takes_the_round_trips_of_each_phase() {
    let Some((world, configuration)) = far_away(&["-d", &(ROUND_TRIP / 2).as_millis().to_string()]) else { return };
    let mut reports: Vec<Value> = Vec::new();
    while reports.len() < RUNS || (reports.len() < MOST_RUNS && !too_long(&reports).is_empty()) {
        reports.push(program::doctor(&world, &configuration).report);
    }
    for (check, phases) in WAITS {
        for run in reports.iter().map(|report| outcome(report, check)) {
            assert_eq!(run["ok"], true, "{run:#}");
            let sum: f64 = run["phases"].as_array().into_iter().flatten().filter_map(|phase| phase["seconds"].as_f64()).sum();
            let total = run["seconds"].as_f64().expect("a total");
            assert!((sum - total).abs() < 0.001, "{check} took {total} s, its phases {sum} s");
            for (phase, round_trips) in *phases {
                let took = took(run, phase);
                assert!(took + EARLY >= ROUND_TRIP * *round_trips, "{phase} of {check} cannot take {took:?}");
            }
        }
    }
    assert_eq!(too_long(&reports), Vec::<String>::new());
}

/// Returns the phases that took longer than their round trips in every report.
fn too_long(reports: &[Value]) -> Vec<String> {
    let mut long = Vec::new();
    for (check, phases) in WAITS {
        for (phase, round_trips) in *phases {
            let quickest = reports.iter().map(|report| took(outcome(report, check), phase)).min().expect("a run");
            if quickest > ROUND_TRIP * *round_trips + LATE {
                long.push(format!("{phase} of {check} is {round_trips} round trips, and took {quickest:?}"));
            }
        }
    }
    long
}

/// Delays of 0 to 150 ms a packet must not make a check fail.
#[test]
fn doctor_over_a_jittery_wire_is_ok() {
    let Some((world, configuration)) = far_away(&["-d", "75+75"]) else { return };
    let answer = program::doctor(&world, &configuration);
    assert_eq!(answer.exit, Some(0), "{:#}", answer.report);
}

/// Makes a world whose client is behind a wire that treats packets by `options`; `None` where that cannot be had here.
fn far_away(options: &[&str]) -> Option<(World, PathBuf)> {
    if !needs::all_there(PARTS) {
        return None;
    }
    if let Some(why) = Namespace::impossible() {
        needs::leave_out(why);
        return None;
    }
    let mut world = World::new();
    world.timeout = Duration::from_secs(20);
    lengthen(&mut world, options);
    let configuration = world.settle();
    Some((world, configuration))
}

/// Puts a wire in place of the cable between client and gateway: a switch at either end, and between them what delays.
fn lengthen(world: &mut World, options: &[&str]) {
    world.client.ip("link del up0");
    let client = switch(&world.client, "up0", world.scratch.path());
    let gateway = switch(&world.gateway, "down0", world.scratch.path());
    let ends = [&client.1, &gateway.1].map(|plug| plug.display().to_string()).join(":");
    let log = world.scratch.path().join("wire.log");
    let mut wire = Daemon::start(WIRE, |wire| wire.args(["-v", &ends]).args(options).stdin(Stdio::piped()), &log);
    plug_in(&world.client, &world.gateway);
    // A port that nobody listens on says so, once packets pass.
    let (closed, door) = (SocketAddr::new(GATEWAY.parse().expect("an address"), 9), world.client.door());
    wire.wait_for("pass packets on", || {
        let tried = door.inside(|| TcpStream::connect_timeout(&closed, Duration::from_secs(1)));
        tried.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    });
    world.daemons.extend([wire, client.0, gateway.0]);
}

/// Starts a switch with `tap` as a machine's interface on one side, and a plug for the wire on the other.
fn switch(inside: &Namespace, tap: &str, directory: &Path) -> (Daemon, PathBuf) {
    let (plug, log) = (directory.join(format!("plug-{tap}")), directory.join(format!("switch-{tap}.log")));
    let program = ["netns", "exec", inside.name(), SWITCH, "-t", tap, "-s"];
    // It ends when its input does.
    let mut switch = Daemon::start(IP, |ip| ip.args(program).arg(&plug).stdin(Stdio::piped()), &log);
    let made =
        || Command::new(IP).args(["-n", inside.name(), "link", "show", tap]).output().is_ok_and(|ran| ran.status.success());
    switch.wait_for("make its interface", || plug.join("ctl").exists() && made());
    (switch, plug)
}

fn outcome<'a>(report: &'a Value, check: &str) -> &'a Value {
    let mut all = report["outcomes"].as_array().into_iter().flatten();
    all.find(|one| one["check"] == check).unwrap_or_else(|| panic!("no {check} in {report:#}"))
}

/// Returns the time that a phase of a run took; zero where it was not entered.
fn took(run: &Value, phase: &str) -> Duration {
    let phases = run["phases"].as_array().into_iter().flatten().filter(|one| one["phase"] == phase);
    phases.filter_map(|one| one["seconds"].as_f64()).map(Duration::from_secs_f64).sum()
}
