//! The built program against other people's servers: Dovecot, Postfix, a token issuer, unbound, Prometheus.
//!
//! Each test starts what it needs in a directory of its own, on loopback, and leaves nothing behind. `tests/run`
//! installs the servers; where one is missing, the tests that need it are left out and say so (`needs.rs`).
#![allow(clippy::unwrap_used)]

mod authority;
mod browser;
mod certificate;
mod daemon;
mod dovecot;
mod http;
mod issuer;
mod lab;
mod monitored;
mod needs;
mod port;
mod postfix;
mod program;
mod prometheus;
mod scratch;
mod status;
mod strict_issuer;
mod unbound;

mod backlog;
mod bench_lab;
mod dns;
mod failures;
mod fixtures;
mod mail;
mod monitors;
mod packaging;
mod page;
mod readme;
mod round_trip;
mod service;
mod shells;
mod web_protection;

/// Returns the seconds since 1970.
fn unix_time() -> u64 {
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::SystemTime::UNIX_EPOCH).expect("a clock after 1970").as_secs()
}
