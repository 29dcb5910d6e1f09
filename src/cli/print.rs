//! What is printed as it stands: the configuration's example and schema, completions.

use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::CommandFactory as _;

use super::args::{Cli, Config, RangesInUse};
use super::{GOOD, USAGE};
use crate::cloud::ranges::Ranges;
use crate::{config, serve};

/// Whether something that should have been printed is lost.
static LOST: AtomicBool = AtomicBool::new(false);

/// Writes to standard output. A reader that has gone away (`| head`) wants no more, and is no failure; a full disk is, and
/// [`lost`] remembers it for the exit code.
pub fn out(text: &str) {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
        && !LOST.swap(true, Ordering::Relaxed)
    {
        err(&format!("error: cannot write to standard output: {error}\n"));
    }
}

/// Whether output is lost, so that the exit code must not say that all went well.
pub fn lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// Writes to standard error.
pub fn err(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// `config`
pub fn config(arguments: &Config) -> u8 {
    match arguments {
        Config::Check { file, web: true } => return web(file),
        Config::Check { file, .. } => match config::load(file) {
            Ok(loaded) => {
                let name = file.display().to_string();
                loaded.warnings.iter().for_each(|warning| out(&format!("warning: {}\n", warning.line(&name))));
                out(&format!("{}: {} probes\n", file.display(), loaded.settings.probes.len()));
            }
            Err(mistakes) => {
                err(&format!("{mistakes}\n"));
                return USAGE;
            }
        },
        Config::Example => out(config::example()),
        Config::WebExample => out(config::web_example()),
        Config::Schema => out(&format!("{:#}\n", config::schema())),
        Config::Ranges(arguments) => return ranges(arguments),
    }
    GOOD
}

/// `config check --web`
fn web(file: &Path) -> u8 {
    let name = file.display().to_string();
    match serve::load_web(file).1 {
        Ok(web) => {
            web.warnings.iter().for_each(|warning| out(&format!("warning: {}\n", warning.line(&name))));
            let tls = if web.acceptor.is_some() { "TLS" } else { "no TLS" };
            out(&format!("{name}: {tls}, {} users\n", web.users.len()));
            GOOD
        }
        Err(mistakes) => {
            err(&format!("{mistakes}\n"));
            USAGE
        }
    }
}

/// `config ranges`: the list to standard output, where it comes from to standard error, so that a redirected list can be
/// used as `network.ranges_file`.
fn ranges(arguments: &RangesInUse) -> u8 {
    let loaded = match arguments.config.as_deref().map(config::load).transpose() {
        Ok(loaded) => loaded,
        Err(mistakes) => {
            err(&format!("{mistakes}\n"));
            return USAGE;
        }
    };
    let own = loaded.and_then(|loaded| loaded.settings.network.ranges);
    let Some(ranges) = own.as_deref().or_else(|| Ranges::shipped(&arguments.cloud)) else {
        let cloud = &arguments.cloud;
        err(&format!(
            "error: no address ranges are published for the cloud `{cloud}`; name a list of your own as `network.ranges_file`\n"
        ));
        return USAGE;
    };
    err(&format!("{}\n", ranges.source()));
    out(&format!("{}\n", ranges.to_json()));
    GOOD
}

/// `completions`
pub fn completions(shell: clap_complete::Shell) -> u8 {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "m365-probe", &mut text);
    out(&String::from_utf8_lossy(&text));
    GOOD
}
