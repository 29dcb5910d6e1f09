//! The built program, started as a service.

use std::io::{BufRead, BufReader, Lines};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::fixtures::{SECRET, Scratch};

/// Time for the program to end, however busy the machine is: less than the 30 seconds in which a run of a silent peer ends by
/// itself. That the service takes less than a second is tested in `shutdown`, on a paused clock.
const ENDS_WITHIN: Duration = Duration::from_secs(20);

/// A running `serve`, killed when dropped.
pub struct Serving {
    /// The address that it listens on.
    pub address: SocketAddr,
    pub child: Child,
    /// The log; `None` once it has been read to its end.
    log: Option<Lines<BufReader<ChildStderr>>>,
}

impl Serving {
    pub fn start(scratch: &Scratch, configuration: &str) -> Self {
        scratch.file("client.secret", SECRET);
        let file = scratch.file("m365-probe.yml", configuration);
        let mut command = Command::new(env!("CARGO_BIN_EXE_m365-probe"));
        let mut serving = Self::spawn(command.args(["serve", "--listen", "127.0.0.1:0", "--config"]).arg(file));
        let line = serving.wait_for("listening on http://127.0.0.1:");
        serving.address = line.rsplit("http://").next().and_then(|address| address.parse().ok()).expect("an address");
        serving
    }

    /// Starts `command`, and reads its log. Where it listens on is not known yet.
    pub fn spawn(command: &mut Command) -> Self {
        let mut child = command.env_remove("RUST_LOG").stderr(Stdio::piped()).spawn().expect("started");
        let log = Some(BufReader::new(child.stderr.take().expect("piped")).lines());
        Self { address: SocketAddr::from(([127, 0, 0, 1], 0)), child, log }
    }

    /// Reads the log up to a line that contains `text`, and returns that line. Beyond it nothing more than a buffer is read.
    pub fn wait_for(&mut self, text: &str) -> String {
        let log = self.log.as_mut().expect("not read to its end");
        let found = log.map_while(Result::ok).find(|line| line.contains(text));
        found.unwrap_or_else(|| panic!("the log ended without `{text}`"))
    }

    pub fn signal(&self, name: &str) {
        // The shell's own `kill`: the program of that name is in a package of its own (procps).
        let status = Command::new("sh").args(["-c", "kill -s $0 $1", name, &self.child.id().to_string()]).status();
        assert!(status.expect("a shell").success());
    }

    /// Waits until the program has ended, and reads nothing of its log before that.
    pub fn ended_unread(mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            assert!(begun.elapsed() < ENDS_WITHIN, "the program does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until the program has closed its log, as it does with its end.
    pub fn ended(&mut self) -> ExitStatus {
        let log = self.log.take().expect("not read to its end");
        let (sender, closed) = mpsc::channel();
        std::thread::spawn(move || {
            log.map_while(Result::ok).for_each(drop);
            let _ = sender.send(()); // nobody waits any more where the time was up
        });
        closed.recv_timeout(ENDS_WITHIN).expect("the program ends");
        self.child.wait().expect("ended")
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill(); // fails where it has ended, as it should
        let _ = self.child.wait();
    }
}
