//! The service over real sockets: requests written by hand, clients and peers that misbehave, reload and shutdown.

mod client;
mod hostile;
mod identity;
mod on_demand;
mod pages;
mod people;
mod reload;
mod scene;
mod shutdown;
mod signals;
mod web;
