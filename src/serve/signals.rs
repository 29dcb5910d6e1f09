//! Catches the signals that reload the configuration or end the service, on a thread of its own: the end comes in time whatever
//! the rest of the program is busy with or waits for.

use std::io;
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::signal::unix::{self, SignalKind};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::NotStarted;

/// Time from the signal to shut down to the end of the process, if it has not ended by itself before. At most one second may
/// pass; the rest is for a machine that gives us our turn late.
const ENDS_WITHIN: Duration = Duration::from_millis(950);

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
pub struct Signals(mpsc::UnboundedReceiver<Signal>);

impl Signals {
    /// Begins to catch the signals. From the first [`Signal::Stop`] on, the process has less than a second to end by itself.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn catch() -> Result<Self, NotStarted> {
        let (sender, received) = mpsc::unbounded_channel();
        let caught = forward_on_a_thread(sender);
        caught.map(|()| Self(received)).map_err(|error| NotStarted::Machine(format!("cannot catch signals: {error}")))
    }

    /// Waits for the next signal.
    pub async fn next(&mut self) -> Signal {
        self.0.recv().await.unwrap_or(Signal::Stop) // the thread is gone only with the process
    }

    /// Waits for a signal to shut down.
    pub async fn stop(&mut self) {
        while self.next().await != Signal::Stop {}
    }
}

fn forward_on_a_thread(sender: mpsc::UnboundedSender<Signal>) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let caught = {
        let _entered = runtime.enter();
        Caught::new()?
    };
    let forward = move || runtime.block_on(caught.forward(sender));
    thread::Builder::new().name("signals".to_owned()).spawn(forward).map(drop)
}

/// The system's signals.
struct Caught {
    hang_up: unix::Signal,
    terminate: unix::Signal,
    interrupt: unix::Signal,
}

impl Caught {
    fn new() -> io::Result<Self> {
        let [hang_up, terminate, interrupt] = [SignalKind::hangup(), SignalKind::terminate(), SignalKind::interrupt()];
        Ok(Self { hang_up: unix::signal(hang_up)?, terminate: unix::signal(terminate)?, interrupt: unix::signal(interrupt)? })
    }

    /// Forwards the signals until nobody wants them, and ends the process in time after the first to shut down.
    async fn forward(mut self, sender: mpsc::UnboundedSender<Signal>) {
        loop {
            let signal = self.next().await;
            let wanted = sender.send(signal).is_ok();
            if signal == Signal::Stop {
                break;
            }
            if !wanted {
                return;
            }
        }
        let end = sleep(ENDS_WITHIN);
        tokio::pin!(end);
        loop {
            tokio::select! {
                () = &mut end => std::process::exit(0),
                signal = self.next() => drop(sender.send(signal)),
            }
        }
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.hang_up.recv() => Signal::Reload,
            _ = self.terminate.recv() => Signal::Stop,
            _ = self.interrupt.recv() => Signal::Stop,
        }
    }
}
