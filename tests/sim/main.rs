//! Conversations with the simulated tenant over real sockets and real TLS: as it should be, and every fault.
#![allow(clippy::unwrap_used)]

mod backlog;
mod certificate;
mod closed;
mod delays;
mod delivery;
mod entra;
mod ews;
mod faults;
mod federated_token;
mod graph;
mod graph_mail;
mod hostile;
mod imap;
mod imap_writing;
mod managed_identity;
mod names;
mod peer;
mod pop3;
mod rbac;
mod reasons;
mod registration;
mod round_trip;
mod round_trip_by_graph;
mod smtp;
mod untouched;
mod upgraded;
