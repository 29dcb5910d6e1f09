//! `completions`: completions of the command line for a shell.

use clap::{Command, CommandFactory as _};
use clap_complete::Shell;

use super::args::{Cli, Completions, Plugin, ProgramName};
use super::{GOOD, output};

/// Prints the completions for a shell.
pub fn run(arguments: &Completions) -> u8 {
    output::out(&match arguments.program {
        ProgramName::Probe => script(arguments.shell, Cli::command(), "m365-probe"),
        ProgramName::Plugin => script(arguments.shell, Plugin::command(), "check_m365"),
    });
    GOOD
}

/// Returns what `clap_complete` 4.6 writes for `shell`, with corrections of what that shell makes nothing of; `tests/real/shells.rs` asks
/// the shells.
fn script(shell: Shell, mut command: Command, name: &str) -> String {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    match shell {
        // It enters `m365__probe` and branches to `m365__subcmd__probe`: a name with a hyphen is spelled in two ways.
        Shell::Bash => text.replace("m365__subcmd__probe", "m365__probe"),
        // `*::` makes options behind the first check words like any other; `*:` does not.
        Shell::Zsh => text.replace("'*::", "'*:"),
        // It has the values of options, and none of arguments.
        Shell::Fish => text + &fish_arguments(&command, name),
        _ => text,
    }
}

/// Returns lines for fish that complete the arguments of `command` and its subcommands.
fn fish_arguments(command: &Command, name: &str) -> String {
    let lines = |command: &Command, condition: &str| -> Vec<String> {
        let names = command.get_positionals().map(clap::Arg::get_possible_values);
        let listed = names.filter(|values| !values.is_empty());
        let values = listed.map(|values| values.iter().map(|value| value.get_name().to_owned()).collect::<Vec<_>>().join(" "));
        values.map(|values| format!("complete -c {name}{condition} -f -a \"{values}\"\n")).collect()
    };
    let function = format!("__fish_{}_using_subcommand", name.replace('-', "_"));
    let below = command.get_subcommands();
    let below = below.flat_map(|command| lines(command, &format!(" -n \"{function} {}\"", command.get_name())));
    lines(command, "").into_iter().chain(below).collect()
}
