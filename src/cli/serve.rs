//! `serve`, and `demo` without --once.

use std::net::SocketAddr;
use std::path::Path;

use tokio::runtime::{Builder, Runtime};

use super::args::{Demo, Serve};
use super::{FAULT, GOOD, USAGE, demo, failed, print};
use crate::serve::{self, NotStarted, Options, Source};

/// Serves until told to end.
pub fn run(arguments: &Serve) -> u8 {
    let options = Options { source: Source::File(arguments.config.clone()), listen: arguments.listen.clone() };
    with_runtime(async { serve::run(options, |_| ()).await.map_err(told) })
}

/// Serves the demonstration until told to end.
pub fn demo(arguments: &Demo, directory: &Path) -> u8 {
    with_runtime(async {
        let (_running, settings) = demo::start(arguments, directory).await?;
        let options = Options { source: Source::Given(settings), listen: arguments.listen.clone() };
        serve::run(options, welcome).await.map_err(told)
    })
}

fn with_runtime(service: impl Future<Output = Result<(), (u8, String)>>) -> u8 {
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

fn told(problem: NotStarted) -> (u8, String) {
    match problem {
        NotStarted::Configuration(words) => (USAGE, words),
        NotStarted::Machine(words) => (FAULT, words),
    }
}

fn welcome(addresses: &[SocketAddr]) {
    print::out("Serving the simulated tenant `contoso`; Ctrl-C ends it.\n\n");
    for address in addresses {
        print::out(&format!("  page     http://{address}/\n  metrics  http://{address}/metrics\n"));
    }
    print::out("\nSee a fault found:  m365-probe demo --once --fault client_secret_expired   (--fault list names them)\n");
}
