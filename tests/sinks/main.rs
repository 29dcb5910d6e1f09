//! Every sink over the same outcomes: golden files, and the laws of each format.

mod golden;
mod nagios;
mod prometheus;
mod sample;
