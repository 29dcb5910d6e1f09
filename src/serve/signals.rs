//! Catches the signals that reload the configuration or end the service.

use tokio::signal::unix::{self, SignalKind};

use super::NotStarted;

/// The meaning of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGHUP: reload the configuration.
    Reload,
    /// SIGTERM or SIGINT: shut down.
    Stop,
}

/// The signals that are caught while this exists.
#[derive(Debug)]
pub struct Signals {
    hang_up: unix::Signal,
    terminate: unix::Signal,
    interrupt: unix::Signal,
}

impl Signals {
    /// Begins to catch the signals.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn catch() -> Result<Self, NotStarted> {
        let catch = |kind| unix::signal(kind).map_err(|error| NotStarted::Machine(format!("cannot catch signals: {error}")));
        Ok(Self {
            hang_up: catch(SignalKind::hangup())?,
            terminate: catch(SignalKind::terminate())?,
            interrupt: catch(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next signal.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.hang_up.recv() => Signal::Reload,
            _ = self.terminate.recv() => Signal::Stop,
            _ = self.interrupt.recv() => Signal::Stop,
        }
    }

    /// Waits for a signal to shut down.
    pub async fn stop(&mut self) {
        while self.next().await != Signal::Stop {}
    }
}
