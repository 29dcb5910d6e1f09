//! The table of conditions: each is run, several at a time, compared, and printed.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::condition::{Condition, Line};
use crate::namespace::Namespace;
use crate::needs::{self, Part};
use crate::{combinations, names, ports, tls, web};

/// Number of conditions at a time: nearly all of a condition is waiting for silence to end.
const SIDE_BY_SIDE: usize = 6;

const PARTS: &[Part] = &[
    Part { name: "iproute2", files: &["/usr/sbin/ip"], as_root: true },
    Part { name: "nftables", files: &["/usr/sbin/nft"], as_root: true },
    Part { name: "dnsmasq-base", files: &["/usr/sbin/dnsmasq"], as_root: true },
    Part { name: "unbound", files: &["/usr/sbin/unbound"], as_root: false },
    Part { name: "socat", files: &["/usr/bin/socat"], as_root: false },
    Part { name: "openssl", files: &["/usr/bin/openssl"], as_root: false },
    Part { name: "squid-openssl", files: &["/usr/sbin/squid", "/usr/lib/squid/security_file_certgen"], as_root: true },
    Part { name: "microsocks", files: &["/usr/bin/microsocks"], as_root: true },
];

#[test]
#[expect(clippy::print_stdout, reason = "a table for reading, with --nocapture")]
fn network_conditions_have_the_expected_reasons() {
    if !needs::all_there(PARTS) {
        return;
    }
    if let Some(why) = Namespace::impossible() {
        needs::leave_out(why);
        return;
    }
    let only = std::env::var("M365_NETWORK_ONLY").unwrap_or_default();
    let all = [names::conditions(), ports::conditions(), tls::conditions(), web::conditions(), combinations::conditions()];
    let all = all.into_iter().flatten();
    let is_selected = |condition: &Condition| only.split(',').any(|words| condition.name.contains(words));
    let selected: Vec<Condition> = all.filter(is_selected).collect();
    assert!(!selected.is_empty(), "no condition's name holds `{only}`");
    let lines = run(&selected);
    print(&lines);
    let wrong: Vec<&Line> = lines.iter().filter(|line| !line.wrong.is_empty()).collect();
    for line in &wrong {
        println!("\n== {}\n{}\n{}", line.name, line.report, line.wrong.join("\n"));
    }
    let names: Vec<_> = wrong.iter().map(|line| format!("{}: {}", line.name, line.wrong.join("; "))).collect();
    assert!(wrong.is_empty(), "{} of {} conditions have other results:\n{}", wrong.len(), lines.len(), names.join("\n"));
}

/// Runs all conditions, [`SIDE_BY_SIDE`] at a time, and returns their lines in the order of conditions.
fn run(conditions: &[Condition]) -> Vec<Line> {
    let waiting: Mutex<VecDeque<(usize, &Condition)>> = Mutex::new(conditions.iter().enumerate().collect());
    let done = Mutex::new(Vec::new());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let work = || {
        while let Some((place, condition)) = next() {
            let line = attempted(condition);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((place, line));
        }
    };
    thread::scope(|scope| (0..SIDE_BY_SIDE).for_each(|_| drop(scope.spawn(work))));
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, line)| line).collect()
}

/// Runs a condition; a panic in it is an error of this condition and stops no other.
fn attempted(condition: &Condition) -> Line {
    let begun = Instant::now();
    catch_unwind(AssertUnwindSafe(|| condition.run())).unwrap_or_else(|panic| {
        let message = panic.downcast_ref::<String>().cloned();
        let message = message.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default();
        Line {
            name: condition.name,
            phase: "-".into(),
            reason: "-".into(),
            owner: "-".into(),
            causes: Vec::new(),
            reach_took: Duration::ZERO,
            took: begun.elapsed(),
            wrong: vec![format!("could not be tried: {message}")],
            report: String::new(),
        }
    })
}

#[expect(clippy::print_stdout, reason = "as above")]
fn print(lines: &[Line]) {
    println!(
        "\n{:<52} {:<9} {:<28} {:<10} {:>6} {:>6}  root causes",
        "condition", "phase", "reason (reach)", "owner", "reach", "all"
    );
    for line in lines {
        let mark = if line.wrong.is_empty() { ' ' } else { '!' };
        println!(
            "{mark}{:<51} {:<9} {:<28} {:<10} {:>5.1}s {:>5.1}s  {}",
            line.name,
            line.phase,
            line.reason,
            line.owner,
            line.reach_took.as_secs_f64(),
            line.took.as_secs_f64(),
            if line.causes.is_empty() { "-".to_owned() } else { line.causes.join(", ") },
        );
    }
}
