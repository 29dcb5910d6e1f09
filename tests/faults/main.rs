//! Every named fault through the built program: the doctor names it, first and by its own name, and blames nobody else.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod demo;
mod each;
mod together;
