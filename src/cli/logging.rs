//! The log on standard error: what RUST_LOG asks for, in the format the command line asks for.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tracing::level_filters::LevelFilter;
use tracing::warn;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use super::args::{Command, LogFormat};
use super::log_queue::LogQueue;

/// Time for the last lines at the end: a little of the second in which a service must have ended, and enough for a reader that
/// reads.
const FLUSH_WITHIN: Duration = Duration::from_millis(90);

/// The log of a command.
#[derive(Debug, Default)]
pub struct Log {
    /// The queue of a service, which nobody's reading may delay. A command that ends by itself writes without one: its lines
    /// are few, and none may be lost.
    queue: Option<Arc<LogQueue>>,
}

impl Log {
    /// Returns the number of lines lost because nobody read them in time, which goes on counting.
    pub fn lost(&self) -> Arc<AtomicU64> {
        self.queue.as_ref().map(|queue| queue.lost()).unwrap_or_default()
    }

    /// Waits until all lines are written, but not for a reader that hangs.
    pub fn flush(&self) {
        if let Some(queue) = &self.queue {
            queue.flush(FLUSH_WITHIN);
        }
    }
}

/// Starts the log: from level INFO for a service, from ERROR for a command that prints its result.
pub fn start(format: LogFormat, command: &Command) -> Log {
    let service = match command {
        Command::Serve(_) => true,
        Command::Demo(demo) => !demo.once,
        _ => false,
    };
    let quiet = !matches!(command, Command::Serve(_) | Command::Demo(_));
    let default = Targets::new().with_default(if quiet { LevelFilter::ERROR } else { LevelFilter::INFO });
    let targets = std::env::var("RUST_LOG").ok().and_then(|filter| filter.parse().ok()).unwrap_or(default);
    let tell = |lost| warn!(lost, "log lines were lost: nobody read them in time");
    let queue = service.then(|| LogQueue::start(std::io::stderr(), tell).ok()).flatten();
    let writer = queue.clone().map_or_else(|| BoxMakeWriter::new(std::io::stderr), BoxMakeWriter::new);
    // Colours would take a feature of the library that is left out.
    let layer = fmt::layer().with_writer(writer).with_ansi(false).with_target(false);
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
    Log { queue }
}
