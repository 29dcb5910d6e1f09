//! The service under systemd: its messages on the notification socket.
#![cfg(target_os = "linux")]

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

const CONFIGURATION: &str = "clouds: { lab: { login: 'https://127.0.0.1:1' } }
tenants:
  - name: contoso
    cloud: lab
    tenant_id: contoso.example
    client_id: aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee
    credential: { client_secret_credential: contoso }
    checks: [ { token: { interval: 1s, timeout: 1s } } ]
";

/// A service started as systemd does, and the notification socket.
struct Unit {
    socket: UnixDatagram,
    child: Child,
    directory: PathBuf,
}

impl Unit {
    /// Starts a service with one probe, due every second, whose server refuses. `more` is added to its environment.
    fn start(name: &str, in_abstract_namespace: bool, more: &[(&str, &str)]) -> Self {
        let directory = std::env::temp_dir().join(format!("m365-probe-systemd-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory");
        let path = directory.join("notify").display().to_string();
        let (socket, name) = if in_abstract_namespace {
            let address = SocketAddr::from_abstract_name(path.as_bytes()).expect("an address");
            (UnixDatagram::bind_addr(&address), format!("@{path}"))
        } else {
            (UnixDatagram::bind(&path), path)
        };
        let socket = socket.expect("a socket");
        socket.set_read_timeout(Some(PATIENCE)).expect("set");
        std::fs::write(directory.join("contoso"), "secret\n").expect("written");
        std::fs::write(directory.join("m365-probe.yml"), CONFIGURATION).expect("written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_m365-probe"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--config"]).arg(directory.join("m365-probe.yml"));
        command.env("NOTIFY_SOCKET", name).env("CREDENTIALS_DIRECTORY", &directory).envs(more.iter().copied());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("start");
        Self { socket, child, directory }
    }

    /// Waits for the next message that is no sign of life.
    fn news(&self) -> String {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let message = self.message();
            if message != "WATCHDOG=1" {
                return message;
            }
        }
        panic!("nothing but signs of life");
    }

    fn message(&self) -> String {
        let mut bytes = [0; 512];
        let length = self.socket.recv(&mut bytes).expect("a message in time");
        String::from_utf8(bytes[..length].to_vec()).expect("UTF-8")
    }

    /// Returns a message that has come already.
    fn waiting_message(&self) -> Option<String> {
        self.socket.set_nonblocking(true).expect("set");
        let mut bytes = [0; 512];
        let length = self.socket.recv(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes[..length]).into_owned())
    }

    fn wait_until_it_catches_sigterm(&self) {
        let begun = Instant::now();
        let caught = || {
            let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
            let mask = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigCgt:")?.trim(), 16).ok());
            mask.is_some_and(|mask| mask & (1 << 14) != 0)
        };
        while !caught() {
            assert!(begun.elapsed() < PATIENCE, "it never catches SIGTERM");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn signal(&self, name: &str) {
        // The shell's own `kill`: the program of that name is in a package of its own (procps).
        let status = Command::new("sh").args(["-c", "kill -s $0 $1", name, &self.child.id().to_string()]).status();
        assert!(status.expect("a shell").success());
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

#[test]
fn sd_notify_reports_start_reloads_and_stop() {
    for in_abstract_namespace in [false, true] {
        let mut unit = Unit::start(if in_abstract_namespace { "abstract" } else { "path" }, in_abstract_namespace, &[]);
        assert_eq!(unit.news(), "READY=1\nSTATUS=1 probe at work");
        for (secret, status) in [("rotated\n", "1 probe at work"), ("", "the last reload failed, see the log; 1 probe at work")] {
            std::fs::write(unit.directory.join("contoso"), secret).expect("written");
            unit.signal("HUP");
            let reloading = unit.news();
            let moment = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").and_then(|moment| moment.parse::<u64>().ok());
            let up = std::fs::read_to_string("/proc/uptime").expect("the uptime");
            let up: f64 = up.split(' ').next().and_then(|up| up.parse().ok()).expect("seconds");
            let moment = Duration::from_micros(moment.unwrap_or_else(|| panic!("{reloading}"))).as_secs_f64();
            assert!(moment <= up + 1.0 && moment > 0.0, "{moment} {up}");
            assert_eq!(unit.news(), format!("READY=1\nSTATUS={status}"));
        }
        unit.signal("TERM");
        assert_eq!(unit.news(), "STOPPING=1");
        assert!(unit.child.wait().expect("it ends").success());
    }
}

#[test]
fn sd_notify_pets_the_watchdog_only_while_the_service_is_alive() {
    let other = Unit::start("other", false, &[("WATCHDOG_USEC", "100000"), ("WATCHDOG_PID", "1")]);
    assert!(other.message().starts_with("READY=1"));
    // Before the service's own time begins: on a busy machine its messages may wait for us.
    let begun = Instant::now();
    let unit = Unit::start("watchdog", false, &[("WATCHDOG_USEC", "400000")]);
    assert!(unit.message().starts_with("READY=1"));
    for _ in 0..3 {
        assert_eq!(unit.message(), "WATCHDOG=1");
    }
    assert!(begun.elapsed() >= Duration::from_millis(200), "{:?}", begun.elapsed());
    unit.signal("STOP");
    unit.socket.set_read_timeout(Some(Duration::from_millis(600))).expect("set");
    let mut buffer = [0; 512];
    while unit.socket.recv(&mut buffer).is_ok() {} // what was said before the signal came
    unit.signal("CONT");
    unit.socket.set_read_timeout(Some(PATIENCE)).expect("set");
    assert_eq!(unit.message(), "WATCHDOG=1");

    // It has been at work for longer than all of that took.
    assert_eq!(other.waiting_message(), None, "the watchdog is another process's");
}

#[test]
fn sd_notify_with_an_unusable_socket_changes_nothing() {
    for socket in ["/does/not/exist", "vsock:2:1234", "relative", "", "@m365-probe-nobody-listens"] {
        let mut unit = Unit::start("gone", false, &[("NOTIFY_SOCKET", socket), ("WATCHDOG_USEC", "1000")]);
        unit.wait_until_it_catches_sigterm();
        unit.signal("TERM");
        assert!(unit.child.wait().expect("it ends").success(), "{socket}");
        assert_eq!(unit.waiting_message(), None, "{socket}");
    }
}
