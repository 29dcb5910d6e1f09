//! The checks as whole runs, against peers on loopback that lie in every way they can.

mod dns;
mod peer;
mod reach;
mod trial;
