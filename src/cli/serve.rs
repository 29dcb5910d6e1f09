//! `serve`, and `demo` without `--once`.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;

use tokio::runtime::{Builder, Runtime};

use super::args::{Demo, Serve};
use super::{FAULT, GOOD, USAGE, demo, failed, print};
use crate::serve::{self, NotStarted, Options, Source};

/// Answering and probing side by side; a handshake costs about a millisecond, so more threads would only cost memory.
const WORKERS: usize = 2;

/// Serves the configured probes and tells the exit code.
pub fn run(arguments: &Serve) -> u8 {
    let options = Options { source: Source::File(arguments.config.clone()), listen: arguments.listen.clone() };
    until_stopped(async { serve::run(options, |_| ()).await.map_err(coded) })
}

/// Serves the simulated tenant's probes, whose CA is written to `scratch`, and tells the exit code.
pub fn demo(arguments: &Demo, scratch: &Path) -> u8 {
    until_stopped(async {
        let (_tenant, settings) = demo::start(arguments, scratch).await?;
        let options = Options { source: Source::Given(settings), listen: arguments.listen.clone() };
        serve::run(options, welcome).await.map_err(coded)
    })
}

fn until_stopped(service: impl Future<Output = Result<(), (u8, String)>>) -> u8 {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(problem) => return failed(false, FAULT, &problem),
    };
    let ended = runtime.block_on(service);
    runtime.shutdown_background(); // a lookup that hangs in getaddrinfo must not hold us
    match ended {
        Ok(()) => GOOD,
        Err((code, problem)) => failed(false, code, &problem),
    }
}

fn runtime() -> Result<Runtime, String> {
    let runtime = Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build();
    runtime.map_err(|error| format!("cannot start: {error}"))
}

fn coded(problem: NotStarted) -> (u8, String) {
    match problem {
        NotStarted::Configuration(problem) => (USAGE, problem),
        NotStarted::Machine(problem) => (FAULT, problem),
    }
}

fn welcome(addresses: &[SocketAddr]) {
    for address in addresses {
        print::out(&format!(
            "Watching a simulated Microsoft 365 tenant; all runs are made within ten seconds.\n\n  \
             page     http://{address}/\n  metrics  http://{address}/metrics\n\nCtrl-C ends it.\n"
        ));
    }
}
