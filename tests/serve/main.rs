//! The service over real sockets: requests written by hand, clients and peers that misbehave, reload and shutdown.

mod admission;
mod certificate;
mod client;
mod fixtures;
mod hostile;
mod html_pages;
mod listen;
mod log;
mod on_request;
mod probe_endpoint;
mod program;
mod reload;
mod rotation;
mod round_trip;
mod routes;
mod shutdown;
mod signals;
mod state;
mod threads;
mod web;
