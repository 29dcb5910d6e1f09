//! The built program's own pages under attack, in a network namespace of its own: all attacks at once, then the figures.
//!
//! `M365_HOSTILE_SECONDS` is the time for which they last.
#![allow(clippy::unwrap_used)]

#[path = "../real/daemon.rs"]
#[allow(dead_code)]
mod daemon;
#[path = "../network/namespace.rs"]
#[allow(dead_code)]
mod namespace;
#[path = "../real/needs.rs"]
#[allow(dead_code)]
mod needs;
#[path = "../real/scratch.rs"]
#[allow(dead_code)]
mod scratch;

mod attacks;
mod client;
mod figures;
mod refused;
mod scene;

use std::time::Duration;

use crate::figures::Figures;
use crate::namespace::Namespace;
use crate::needs::Part;
use crate::scene::Scene;

const PARTS: &[Part] = &[
    Part { name: "iproute2", files: &["/usr/sbin/ip"], as_root: true },
    Part { name: "nftables", files: &["/usr/sbin/nft"], as_root: true },
];

/// Time for which the attacks last, unless the variable says otherwise: two runs of each probe.
const ATTACKED_FOR: Duration = Duration::from_secs(25);

#[test]
#[expect(clippy::print_stdout, reason = "figures for reading, with --nocapture")]
fn hostile_clients_cost_no_run_no_login_beyond_the_ceiling_and_little_memory() {
    if !needs::all_there(PARTS) {
        return;
    }
    if let Some(why) = Namespace::impossible() {
        needs::leave_out(why);
        return;
    }
    let seconds = std::env::var("M365_HOSTILE_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    let lasting = seconds.map_or(ATTACKED_FOR, Duration::from_secs);
    let scene = Scene::start();
    let figures: Figures = scene.attacked(lasting);
    println!("{figures}");
    let wrong = figures.wrong();
    assert!(wrong.is_empty(), "{}\n{figures}\n{}", wrong.join("\n"), scene.log());
}
