//! `serve`: until told to end.

use tokio::runtime::{Builder, Runtime};

use super::args::Serve;
use super::{FAULT, GOOD, USAGE, failed};
use crate::serve::{self, NotStarted, Options, Source};

/// Serves until told to end.
pub fn run(arguments: &Serve) -> u8 {
    let source = Source::File(arguments.config.clone());
    let options = Options { web: arguments.web_config.clone(), ..Options::new(source, arguments.listen.clone()) };
    with_runtime(async { serve::run(options, |_| ()).await.map_err(told) })
}

/// Serves on a runtime of its own until `service` ends.
pub fn with_runtime(service: impl Future<Output = Result<(), (u8, String)>>) -> u8 {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return failed(false, FAULT, &format!("cannot start: {error}")),
    };
    let ended = runtime.block_on(service);
    runtime.shutdown_background(); // a lookup that hangs in getaddrinfo must not hold us
    ended.map_or_else(|(code, problem)| failed(false, code, &problem), |()| GOOD)
}

/// One thread for conversations, which wait most of the time: no run wakes another processor. Pages are written beside it.
fn runtime() -> std::io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(1).enable_all().build()
}

/// Exit code and words.
pub fn told(problem: NotStarted) -> (u8, String) {
    match problem {
        NotStarted::Configuration(words) => (USAGE, words),
        NotStarted::Machine(words) => (FAULT, words),
    }
}
