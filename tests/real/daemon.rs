//! A server as our child process: started, waited for, and never left behind.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The longest that a server may take to become ready; far more than any needs on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Starts a program in a process group of its own, with its output in `log`. Should the test itself be killed, the
    /// kernel ends the program.
    pub fn start(program: &str, configure: impl FnOnce(&mut Command) -> &mut Command, log: &Path) -> Self {
        let output = File::create(log).expect("open a log");
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", "--", program]).stdin(Stdio::null());
        command.stdout(output.try_clone().expect("share a log")).stderr(output).process_group(0);
        configure(&mut command);
        let child = command.spawn().unwrap_or_else(|error| panic!("start {program}: {error}"));
        Self { child, log: log.to_owned() }
    }

    /// Waits until it listens on a port of 127.0.0.1.
    pub fn listening(mut self, port: u16) -> Self {
        self.wait_for(&format!("listen on {port}"), || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
        self
    }

    /// Waits until `ready` holds; panics with the log when it takes too long or the program ends.
    pub fn wait_for(&mut self, what: &str, mut ready: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !ready() {
            let ended = self.child.try_wait().expect("look after a child");
            assert!(ended.is_none(), "ended before it could {what}: {ended:?}\n{}", self.log());
            assert!(begun.elapsed() < PATIENCE, "does not {what}\n{}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Returns its output so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal to the program alone.
    pub fn signal(&self, name: &str) {
        kill(name, &self.pid().to_string());
    }

    /// Waits until it has ended by itself; panics where it has not within `limit`.
    pub fn wait(&mut self, limit: Duration) -> ExitStatus {
        self.ended_within(limit).unwrap_or_else(|| panic!("does not end within {limit:?}\n{}", self.log()))
    }

    /// Waits for the program's end. Time is counted in turns of this thread, so that it stands still while the machine is
    /// too busy to give us one.
    fn ended_within(&mut self, limit: Duration) -> Option<ExitStatus> {
        const TURN: Duration = Duration::from_millis(5);
        let mut waited = Duration::ZERO;
        loop {
            match self.child.try_wait().expect("look after a child") {
                None if waited < limit => thread::sleep(TURN),
                ended => return ended,
            }
            waited += TURN;
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let group = format!("-{}", self.pid());
        if self.ended_within(Duration::ZERO).is_none() {
            kill("TERM", &group);
            let _ = self.ended_within(Duration::from_secs(5));
        }
        kill("KILL", &group); // what the program itself left behind
        let _ = self.child.wait();
    }
}

fn kill(signal: &str, target: &str) {
    let _ = Command::new("kill").args(["-s", signal, "--", target]).stderr(Stdio::null()).status();
}
