//! The checks as whole runs, against peers on loopback that lie in every way they can.
#![allow(clippy::unwrap_used)]

mod certificates;
mod dns;
mod peer;
mod phases;
mod reach;
mod resolver;
mod roots;
mod trial;
mod turns;
