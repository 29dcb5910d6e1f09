//! Every named fault through the built program: it names the fault, first and by its own name, and blames nobody else.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod each;
mod report;
mod tenants;
mod together;
