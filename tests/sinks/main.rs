//! Every sink over the same outcomes: golden files, and the laws of each format.

mod golden;
mod nagios;
mod others;
mod prometheus;
mod sample;
