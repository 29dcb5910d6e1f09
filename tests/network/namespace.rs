//! A network namespace: made by `ip`, entered by threads and programs, gone when it is dropped.

use std::fs;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Once, OnceLock};
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Programs by their paths: those in a user's `PATH` do not lead to them.
pub const IP: &str = "/usr/sbin/ip";
const NFT: &str = "/usr/sbin/nft";
/// The beginning of every namespace's name: `m365-PID-NUMBER-ROLE`.
const PREFIX: &str = "m365-";
/// The directory with files that `ip netns exec` shows in place of those in `/etc`.
const FILES: &str = "/etc/netns";

/// One machine's network: its interfaces, routes, packet filter and, for programs, its files for names.
#[derive(Debug)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// Makes a namespace with nothing in it but loopback.
    pub fn new(role: &str) -> Self {
        static SWEPT: Once = Once::new();
        static COUNT: AtomicU32 = AtomicU32::new(0);
        SWEPT.call_once(sweep);
        let name = format!("{PREFIX}{}-{}-{role}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        run(Command::new(IP).args(["netns", "add", &name]), "");
        let namespace = Self { name };
        namespace.ip("link set lo up");
        namespace
    }

    /// Returns the reason why namespaces cannot be made here, if they cannot. Tries once, for all tests.
    pub fn impossible() -> Option<&'static str> {
        static WHY: OnceLock<Option<String>> = OnceLock::new();
        WHY.get_or_init(Self::tried).as_deref()
    }

    fn tried() -> Option<String> {
        let name = format!("{PREFIX}{}-trial", process::id());
        let made = Command::new(IP).args(["netns", "add", &name]).output();
        let entered = Command::new(IP).args(["netns", "exec", &name, NFT, "list", "ruleset"]).output();
        let _ = Command::new(IP).args(["netns", "del", &name]).output();
        let wrong = [made, entered].into_iter().find_map(|ran| match ran {
            Ok(ran) if ran.status.success() => None,
            Ok(ran) => Some(String::from_utf8_lossy(&ran.stderr).trim().replace('\n', "; ")),
            Err(error) => Some(format!("{IP}: {error}")),
        });
        wrong.map(|wrong| format!("network namespaces cannot be made here ({wrong})"))
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs `ip` commands, one a line.
    #[track_caller]
    pub fn ip(&self, commands: &str) {
        run(Command::new(IP).args(["-n", &self.name, "-batch", "-"]), commands);
    }

    /// Adds rules to the packet filter.
    #[track_caller]
    pub fn nft(&self, rules: &str) {
        run(self.command(NFT).args(["-f", "-"]), rules);
    }

    /// Returns a command that runs `program` in this network, with its files.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(IP);
        command.args(["netns", "exec", &self.name]).arg(program);
        command
    }

    /// Shows its programs `text` as `/etc/NAME`.
    pub fn file(&self, name: &str, text: &str) {
        let directory = self.files();
        fs::create_dir_all(&directory).expect("make a directory for a namespace's files");
        fs::write(directory.join(name), text).expect("write a namespace's file");
    }

    /// Returns the handle by which threads enter.
    pub fn door(&self) -> Door {
        Door(Path::new("/run/netns").join(&self.name))
    }

    fn files(&self) -> PathBuf {
        Path::new(FILES).join(&self.name)
    }
}

/// A handle by which threads enter a namespace.
#[derive(Clone, Debug)]
pub struct Door(PathBuf);

impl Door {
    /// Moves the calling thread in for good: every socket it makes belongs to this network.
    pub fn enter(&self) {
        let handle = File::open(&self.0).expect("open a namespace");
        move_into_link_name_space(handle.as_fd(), Some(LinkNameSpaceType::Network)).expect("enter a namespace");
    }

    /// Runs `work` on a thread inside.
    #[track_caller]
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let entered = || {
            self.enter();
            work()
        };
        thread::scope(|scope| scope.spawn(entered).join()).expect("work inside a namespace")
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        remove(&self.name);
    }
}

fn remove(name: &str) {
    let _ = Command::new(IP).args(["netns", "del", name]).stderr(Stdio::null()).status();
    let _ = fs::remove_dir_all(Path::new(FILES).join(name));
    let _ = fs::remove_dir(FILES); // only if it is empty
}

/// Removes what tests that were killed have left behind.
fn sweep() {
    for directory in ["/run/netns", FILES] {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let pid = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next()?.parse::<u32>().ok());
            if pid.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists()) {
                remove(&name);
            }
        }
    }
}

/// Runs `command` with `input`; panics with its errors when it fails.
#[track_caller]
fn run(command: &mut Command, input: &str) {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("hand commands over");
    let output = child.wait_with_output().expect("wait for a command");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}\n{input}");
}
