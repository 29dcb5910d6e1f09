//! Every sink over the same outcomes: golden files, and the laws of each format.

mod any;
mod golden;
mod nagios;
mod others;
mod prometheus;
mod retold;
mod sample;
