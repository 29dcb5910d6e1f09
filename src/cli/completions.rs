//! `completions`: completions of the command line for a shell.

use clap::CommandFactory as _;

use super::args::Cli;
use super::{GOOD, output};

/// Prints the completions for `shell`.
pub fn run(shell: clap_complete::Shell) -> u8 {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "m365-probe", &mut text);
    output::out(&String::from_utf8_lossy(&text));
    GOOD
}
