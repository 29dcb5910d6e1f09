//! The log on standard error: what RUST_LOG asks for, in the format the command line asks for.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use super::args::{Command, LogFormat};

/// Starts the log: from level INFO for a service, from ERROR for a command that prints its result.
pub fn start(format: LogFormat, command: &Command) {
    let quiet = !matches!(command, Command::Serve(_) | Command::Demo(_));
    let default = Targets::new().with_default(if quiet { LevelFilter::ERROR } else { LevelFilter::INFO });
    let targets = std::env::var("RUST_LOG").ok().and_then(|filter| filter.parse().ok()).unwrap_or(default);
    // Colours would take a feature of the library that is left out.
    let layer = fmt::layer().with_writer(std::io::stderr).with_ansi(false).with_target(false);
    let registry = tracing_subscriber::registry();
    let started = match format {
        LogFormat::Text => registry.with(layer.with_filter(targets)).try_init(),
        LogFormat::Json => registry.with(layer.json().flatten_event(true).with_filter(targets)).try_init(),
    };
    drop(started); // a log that runs already (in a test) stays
    std::panic::set_hook(Box::new(|panic| {
        // Where, and not what: a panic's words are the only text here that no type keeps secrets out of.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "this program itself failed");
    }));
}
