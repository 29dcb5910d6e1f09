//! `serve`, and `demo` without --once.

use std::path::Path;

use super::args::{Demo, Serve};

/// x
pub fn run(_: &Serve) -> u8 {
    3
}

/// x
pub fn demo(_: &Demo, _: &Path) -> u8 {
    3
}
