//! The command line: from arguments to an exit code.

mod args;
mod back_off_file;
mod charset;
mod check;
mod completions;
mod config;
mod demo;
mod doctor;
mod init;
mod log_queue;
mod logging;
#[cfg(test)]
mod manual;
mod output;
mod probe_selection;
mod progress;
mod reasons;
mod remote;
mod round_trip;
mod run_once;
mod serve;
mod terminal;

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use clap::Parser as _;
use clap::error::ErrorKind;

use crate::levels::State;
use crate::render::nagios;
use crate::settings::RootStore;
use args::{Cli, Command, Plugin};
use logging::Log;

/// Exit code for success; for `check`, the state OK.
const GOOD: u8 = 0;
/// Exit code for a problem with the access to Microsoft 365.
const WRONG: u8 = 1;
/// Exit code for a mistake on the command line or in the configuration.
const USAGE: u8 = 2;
/// Exit code for a failure of this program itself.
const FAULT: u8 = 3;

/// Runs the program with `arguments`, its own name first, and the system's root certificates, and returns its exit code.
///
/// `check` returns Nagios's states and nothing else: whatever goes wrong before there is a state is 3, UNKNOWN, and is reported
/// on standard output. The other commands return 0 for success, 1 for a problem with the access to Microsoft 365, 2 for usage,
/// 3 for a failure of this program.
///
/// Output that could not be written is a failure of this program and, to Nagios, UNKNOWN: both are 3.
pub fn run(arguments: impl IntoIterator<Item = OsString>, roots: &RootStore) -> u8 {
    let code = execute(arguments, roots);
    if output::lost() { FAULT } else { code }
}

fn execute(arguments: impl IntoIterator<Item = OsString>, roots: &RootStore) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let is_plugin_name = is_called_as_plugin(&arguments);
    let plugin = is_plugin_name || is_check(&arguments);
    let parsed = if is_plugin_name { Plugin::try_parse_from(&arguments).map(Cli::from) } else { Cli::try_parse_from(&arguments) };
    match parsed {
        Ok(cli) => {
            let log = logging::start(cli.log.log_format, &cli.command);
            let ended = catch_unwind(AssertUnwindSafe(|| dispatch(cli.command, roots, &log)));
            ended.unwrap_or_else(|_| {
                log.flush();
                failed(plugin, FAULT, "this program itself failed; see standard error")
            })
        }
        Err(error) => usage(&error, plugin),
    }
}

fn dispatch(command: Command, roots: &RootStore, log: &Log) -> u8 {
    match command {
        Command::Serve(arguments) => serve::run(&arguments, roots, log),
        Command::Demo(arguments) => demo::run(&arguments, log),
        Command::Check(arguments) => check::run(&arguments, roots),
        Command::Doctor(arguments) => doctor::run(&arguments, roots),
        Command::Config(arguments) => config::run(&arguments),
        Command::Roundtrip(command) => round_trip::run(&command, roots),
        Command::Reasons(arguments) => reasons::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
    }
}

/// Reports whether the program was called as `check_m365`, by whatever path.
fn is_called_as_plugin(arguments: &[OsString]) -> bool {
    arguments.first().and_then(|name| Path::new(name).file_stem()).is_some_and(|name| name == "check_m365")
}

/// Reports whether Nagios's rules hold, also for a command line that cannot be parsed: the first argument that is neither an
/// option nor the value of one is `check`.
fn is_check(arguments: &[OsString]) -> bool {
    let mut rest = arguments.iter().skip(1);
    while let Some(argument) = rest.next() {
        match argument.to_string_lossy().as_ref() {
            "--log-format" => drop(rest.next()),
            option if option.starts_with('-') => {}
            command => return command == "check",
        }
    }
    false
}

fn usage(error: &clap::Error, plugin: bool) -> u8 {
    let text = error.render().to_string();
    let help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    match (help, plugin) {
        (true, true) => output::out(&text),
        (true, false) => {
            output::out(&text);
            return if error.use_stderr() { USAGE } else { GOOD };
        }
        (false, true) => output::out(&nagios::unknown(&first_line_first(&text))),
        (false, false) => {
            output::err(&text);
            return USAGE;
        }
    }
    State::Unknown.exit_code()
}

/// Joins clap's message into the first line, which is all that Nagios shows.
fn first_line_first(text: &str) -> String {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let (complaint, rest) = text.split_once("\n\n").unwrap_or((text, ""));
    let complaint: Vec<&str> = complaint.lines().map(str::trim).collect();
    format!("{}\n{rest}", complaint.join(" "))
}

/// Reports why the command cannot run at all, and returns its exit code: `code`, or UNKNOWN to a plugin.
fn failed(plugin: bool, code: u8, message: &str) -> u8 {
    if plugin {
        output::out(&nagios::unknown(message));
        State::Unknown.exit_code()
    } else {
        output::err(&format!("error: {}\n", message.trim_end()));
        code
    }
}
