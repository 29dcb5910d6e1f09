//! The built program in networks that misbehave: one table of conditions, and its results in each.
//!
//! Each condition has network namespaces of its own: the machine of the program, a gateway, and Microsoft behind it,
//! with the real names, addresses of the published ranges and the real ports. `M365_NETWORK_ONLY=WORDS,WORDS`
//! runs the conditions whose name holds one of them. Where namespaces cannot be made, the table is left out and says so.
#![allow(clippy::unwrap_used)]

#[path = "../real/daemon.rs"]
#[allow(dead_code)]
mod daemon;
#[path = "../real/http.rs"]
#[allow(dead_code)]
mod http;
#[allow(dead_code)]
#[path = "../real/needs.rs"]
mod needs;
#[path = "../real/scratch.rs"]
#[allow(dead_code)]
mod scratch;

mod certificates;
mod condition;
mod devices;
mod microsoft;
mod namespace;
mod program;
mod resolver;
mod table;
mod world;

mod combinations;
mod latency;
mod names;
mod ports;
mod tls;
mod web;
