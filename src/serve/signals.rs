//! Catches the signals that reload the configuration or end the service.

use tokio::signal::unix::{self, SignalKind};

use super::NotStarted;

/// What a signal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGHUP: take the configuration anew.
    Reload,
    /// SIGTERM, SIGINT: end.
    Stop,
}

/// The signals that are caught from now on.
#[derive(Debug)]
pub struct Signals {
    hang_up: unix::Signal,
    terminate: unix::Signal,
    interrupt: unix::Signal,
}

impl Signals {
    /// Catches them.
    ///
    /// # Errors
    /// The system refuses.
    pub fn catch() -> Result<Self, NotStarted> {
        let catch = |kind| unix::signal(kind).map_err(|error| NotStarted::Machine(format!("cannot catch signals: {error}")));
        Ok(Self {
            hang_up: catch(SignalKind::hangup())?,
            terminate: catch(SignalKind::terminate())?,
            interrupt: catch(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.hang_up.recv() => Signal::Reload,
            _ = self.terminate.recv() => Signal::Stop,
            _ = self.interrupt.recv() => Signal::Stop,
        }
    }

    /// Waits for one that says to end.
    pub async fn stop(&mut self) {
        while self.next().await != Signal::Stop {}
    }
}
