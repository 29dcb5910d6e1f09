//! Outcomes in, text out: all that anybody sees, each format in a file of its own.

pub mod checkmk;
pub mod debug;
pub mod doctor;
pub mod log;
pub mod nagios;
pub mod page;
pub mod prometheus;
