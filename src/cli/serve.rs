//! `serve`: the service, until a signal ends it.

use super::args::{Serve, WebNames};
use super::logging::Log;
use super::{FAULT, GOOD, USAGE, failed, run_once};
use crate::serve::{self, ListenAddress, NotStarted, Options, Source};
use crate::settings::RootStore;

/// Runs the service until a signal ends it, and returns the exit code.
pub fn run(arguments: &Serve, roots: &RootStore, log: &Log) -> u8 {
    let source = Source::File { path: arguments.config.clone(), roots: roots.clone() };
    let options = Options {
        web: arguments.web_config.clone(),
        allow_unprotected: arguments.web_allow_unprotected,
        log_lines_lost: log.lost(),
        ..options(source, &arguments.listen, &arguments.names)
    };
    with_runtime(log, async { serve::run(options, |_| ()).await.map_err(exit_code) })
}

/// Returns the options of a service that listens at `listen` and is known by `names`.
pub fn options(source: Source, listen: &[ListenAddress], names: &WebNames) -> Options {
    Options {
        public: names.web_public,
        allow_hosts: names.web_allow_host.clone(),
        external_url: names.web_external_url.clone(),
        ..Options::new(source, listen.to_vec())
    }
}

/// Runs `service` on a runtime of its own, writes what is left of the log, and returns the exit code.
pub fn with_runtime(log: &Log, service: impl Future<Output = Result<(), (u8, String)>>) -> u8 {
    let ended = run_once::block_on(service).unwrap_or_else(|problem| Err((FAULT, problem)));
    log.flush();
    ended.map_or_else(|(code, problem)| failed(false, code, &problem), |()| GOOD)
}

/// Returns the exit code and the message for a service that did not start.
pub fn exit_code(problem: NotStarted) -> (u8, String) {
    match problem {
        NotStarted::Configuration(message) => (USAGE, message),
        NotStarted::Machine(message) => (FAULT, message),
    }
}
