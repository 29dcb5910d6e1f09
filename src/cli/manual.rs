//! The commands and options of the manual page, made of the command line's definition. A test holds the page to it.

use std::fmt::Write as _;
use std::path::Path;

use clap::{Arg, Command, CommandFactory as _};

use super::args::Cli;

/// The page, which is written by hand but for what stands between the marks.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/integrations/deb/m365-probe.1");
const BEGIN: &str = ".\\\" Made of the command line's definition, from here:\n";
const END: &str = ".\\\" to here.\n";

#[test]
fn manual_page_has_every_command_and_option() {
    let page = std::fs::read_to_string(Path::new(PAGE)).expect("the page");
    let (before, rest) = page.split_once(BEGIN).expect("the first mark");
    let (_, after) = rest.split_once(END).expect("the second mark");
    let made = format!("{before}{BEGIN}{}{END}{after}", commands());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(PAGE, &made).expect("written");
    }
    assert!(
        std::fs::read_to_string(PAGE).expect("the page") == made,
        "{PAGE} is not what the options are; UPDATE_GOLDEN=1 writes it"
    );
}

/// Returns the sections on commands and options, in troff's man macros.
fn commands() -> String {
    let mut page = ".SH COMMANDS\n".to_owned();
    let mut cli = Cli::command();
    cli.build();
    for command in cli.get_subcommands().filter(|command| command.get_name() != "help") {
        describe(&mut page, command, command.get_name());
    }
    page.push_str(".SS \"With every command\"\n");
    options(&mut page, cli.get_arguments());
    page
}

/// Describes `command`, and those below it under names that begin with `name`.
fn describe(page: &mut String, command: &Command, name: &str) {
    let below = || command.get_subcommands().filter(|command| command.get_name() != "help");
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let positionals: Vec<_> = command.get_positionals().map(|one| format!(" {one}")).collect();
    let _ = write!(page, ".SS \"{}{}\"\n{}.\n", escaped(name), escaped(&positionals.concat()), text(&about));
    options(page, command.get_arguments().filter(|argument| !argument.is_global_set()));
    for command in below() {
        describe(page, command, &format!("{name} {}", command.get_name()));
    }
}

fn options<'a>(page: &mut String, arguments: impl Iterator<Item = &'a Arg>) {
    let is_told = |argument: &&Arg| !argument.is_hide_set() && !matches!(argument.get_id().as_str(), "help" | "version");
    for argument in arguments.filter(is_told) {
        let _ = write!(page, ".TP\n{}\n{}.\n", escaped(&names(argument)), text(help(argument).trim_end_matches('.')));
        let listed: Vec<_> = argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
        if !listed.is_empty() && argument.get_action().takes_values() {
            let _ = writeln!(page, "One of: {}.", text(&listed.join(", ")));
        }
    }
}

/// Returns what an option is for, behind the heading that it stands under where options have headings.
fn help(argument: &Arg) -> String {
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let Some(heading) = argument.get_help_heading() else { return help };
    let is_word = help.chars().nth(1).is_some_and(char::is_lowercase);
    let (first, rest) = help.split_at(1);
    format!("{heading}: {}{rest}", if is_word { first.to_lowercase() } else { first.to_owned() })
}

/// Returns the names of an option with those of its values, as `-w, --warning [METRIC=]RANGE`; of an argument, its name.
fn names(argument: &Arg) -> String {
    let values = argument.get_value_names().unwrap_or_default().join(" ");
    if argument.is_positional() {
        return values;
    }
    let short = argument.get_short().map(|short| format!("-{short}"));
    let long = argument.get_long_and_visible_aliases().unwrap_or_default();
    let names: Vec<_> = short.into_iter().chain(long.into_iter().map(|long| format!("--{long}"))).collect();
    let is_optional = argument.get_num_args().is_some_and(|number| number.min_values() == 0);
    let values = match (argument.get_action().takes_values(), is_optional) {
        (false, _) => String::new(),
        (true, false) => format!(" {values}"),
        (true, true) => format!(" [{values}]"),
    };
    format!("{}{values}", names.join(", "))
}

/// Returns help as troff reads it, with what stands in backquotes in bold.
fn text(help: &str) -> String {
    let parts = escaped(help);
    let bold =
        parts.split('`').enumerate().map(|(at, part)| if at % 2 == 1 { format!("\\fB{part}\\fR") } else { part.to_owned() });
    bold.collect()
}

/// Escapes what troff takes for its own: backslashes, hyphens that are no hyphenation, and what begins a line.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\n', " ");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}
