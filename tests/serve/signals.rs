//! The built program and the signals that an init system sends it.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::fixtures::{SECRET, Scratch, configuration, refused, silent};

/// Time for the program to end, however busy the machine is: less than the 30 seconds in which a run of a silent peer ends by
/// itself. That the service takes less than a second is tested in `shutdown`, on a paused clock.
const ENDS_WITHIN: Duration = Duration::from_secs(20);

/// A running `serve`, killed when dropped.
pub struct Serving {
    child: Child,
    /// The log; `None` once it has been read to its end.
    log: Option<Lines<BufReader<ChildStderr>>>,
}

impl Serving {
    fn start(scratch: &Scratch, configuration: &str) -> Self {
        scratch.file("client.secret", SECRET);
        let file = scratch.file("m365-probe.yml", configuration);
        let mut command = Command::new(env!("CARGO_BIN_EXE_m365-probe"));
        let mut serving = Self::spawn(command.args(["serve", "--listen", "127.0.0.1:0", "--config"]).arg(file));
        serving.wait_for("listening on http://127.0.0.1:");
        serving
    }

    /// Starts `command`, and reads its log.
    pub fn spawn(command: &mut Command) -> Self {
        let mut child = command.env_remove("RUST_LOG").stderr(Stdio::piped()).spawn().expect("started");
        let log = Some(BufReader::new(child.stderr.take().expect("piped")).lines());
        Self { child, log }
    }

    /// Reads the log up to a line that contains `text`.
    pub fn wait_for(&mut self, text: &str) {
        let log = self.log.as_mut().expect("not read to its end");
        let found = log.map_while(Result::ok).any(|line| line.contains(text));
        assert!(found, "the log ended without `{text}`");
    }

    pub fn signal(&self, name: &str) {
        // The shell's own `kill`: the program of that name is in a package of its own (procps).
        let status = Command::new("sh").args(["-c", "kill -s $0 $1", name, &self.child.id().to_string()]).status();
        assert!(status.expect("a shell").success());
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

#[tokio::test]
async fn sighup_reloads_and_sigterm_ends_the_service() {
    let (scratch, login) = (Scratch::new(), refused().await);
    let mut serving = Serving::start(&scratch, &configuration("contoso", login));
    scratch.file("m365-probe.yml", "tenants: 1\n");
    serving.signal("HUP");
    serving.wait_for("configuration not reloaded");
    scratch.file("m365-probe.yml", &configuration("fabrikam", login));
    serving.signal("HUP");
    serving.wait_for("configuration reloaded");
    serving.signal("TERM");
    assert!(serving.ended().success());
}

#[tokio::test]
async fn sigint_ends_the_service_during_a_run() {
    let (peer, at) = silent().await;
    let scratch = Scratch::new();
    let mut serving = Serving::start(&scratch, &configuration("contoso", at));
    let _held = peer.accept().await.expect("the first scheduled run has begun");
    serving.signal("INT");
    assert!(serving.ended().success());
}
