//! `config`: checks configuration files, and prints examples, the schema and the address ranges in use.

use std::path::Path;
use std::time::SystemTime;

use super::args::{Config, RangesInUse};
use super::{GOOD, USAGE, init, output};
use crate::cloud::ranges::Ranges;
use crate::file::FileKind;
use crate::report::text::count_of;
use crate::{config, serve};

/// Checks a file, or prints the example, the schema or the address ranges, and returns the exit code.
pub fn run(arguments: &Config) -> u8 {
    match arguments {
        Config::Check { file, web: true } => return check_web(file),
        Config::Check { file, .. } => match config::check(file) {
            Ok(loaded) => {
                let name = file.display().to_string();
                loaded.warnings.iter().for_each(|warning| output::out(&format!("warning: {}\n", warning.line(&name))));
                output::out(&format!("{}: {}\n", file.display(), count_of(loaded.settings.probes.len() as u64, "probe")));
            }
            Err(mistakes) => {
                output::err(&format!("{mistakes}\n"));
                return USAGE;
            }
        },
        Config::Init(arguments) => return init::run(arguments),
        Config::Example => output::out(config::example()),
        Config::WebExample => output::out(config::web_example()),
        Config::Schema => output::out(&format!("{:#}\n", config::schema())),
        Config::Ranges(arguments) => return print_ranges(arguments),
    }
    GOOD
}

/// Checks a web configuration, for `config check --web`, and returns the exit code.
fn check_web(file: &Path) -> u8 {
    let name = file.display().to_string();
    match serve::load_web(file, FileKind::Any).1 {
        Ok(web) => {
            web.warnings.iter().for_each(|warning| output::out(&format!("warning: {}\n", warning.line(&name))));
            let tls = if web.acceptor.is_some() { "TLS" } else { "no TLS" };
            output::out(&format!("{name}: {tls}, {}\n", count_of(web.users.len() as u64, "user")));
            GOOD
        }
        Err(mistakes) => {
            output::err(&format!("{mistakes}\n"));
            USAGE
        }
    }
}

/// Prints the address ranges in use, for `config ranges`: the list to standard output, its source and age to standard error, so
/// that a redirected list can be used as `network.ranges_file`.
fn print_ranges(arguments: &RangesInUse) -> u8 {
    let loaded = match arguments.config.as_deref().map(config::check).transpose() {
        Ok(loaded) => loaded,
        Err(mistakes) => {
            output::err(&format!("{mistakes}\n"));
            return USAGE;
        }
    };
    let own = loaded.and_then(|loaded| loaded.settings.network.ranges);
    let Some(ranges) = own.as_deref().or_else(|| Ranges::built_in(&arguments.cloud)) else {
        let cloud = &arguments.cloud;
        output::err(&format!(
            "error: no address ranges are published for the cloud `{cloud}`; name a list of your own as `network.ranges_file`\n"
        ));
        return USAGE;
    };
    let age = ranges.days_old(SystemTime::now()).map(|days| format!(", {days} days old")).unwrap_or_default();
    output::err(&format!("{}{age}\n", ranges.source()));
    output::out(&format!("{}\n", ranges.to_json()));
    GOOD
}
