//! The memory of a running service: closed to other processes of its user, and without copies of what it has sent.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use m365_probe::secret::Secret;
use m365_probe::sim;

use crate::program;
use crate::scene::{self, Scene};

/// The user without rights that the program runs as where the tests run as root.
const NOBODY: u32 = 65534;

/// A running service, ended when dropped.
struct Service {
    child: Child,
    address: SocketAddr,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Service {
    /// Starts `command` with the arguments of a service, and waits until it listens.
    fn start(mut command: Command, config: &Path) -> Self {
        let command = command.env("RUST_LOG", "info").args(["serve", "--listen", "127.0.0.1:0", "--config"]).arg(config);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let listening = log.find(|line| line.contains("listening on http://")).expect("it listens");
        std::thread::spawn(move || log.for_each(drop));
        Self { child, address: listening.rsplit("http://").next().unwrap().parse().unwrap() }
    }

    fn page(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
        let mut page = Vec::new();
        stream.read_to_end(&mut page).unwrap();
        String::from_utf8_lossy(&page).into_owned()
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        Path::new("/proc").join(self.child.id().to_string()).join(name)
    }

    /// Returns every region that the process may write to, as it is at this moment.
    fn memory(&self) -> Vec<Vec<u8>> {
        let memory = File::open(self.file("mem")).unwrap();
        let maps = std::fs::read_to_string(self.file("maps")).unwrap();
        let region = |line: &str| {
            let (range, rest) = line.split_once(' ')?;
            let (from, to) = range.split_once('-').filter(|_| rest.starts_with("rw"))?;
            let (from, to) = (u64::from_str_radix(from, 16).ok()?, u64::from_str_radix(to, 16).ok()?);
            let mut bytes = vec![0; usize::try_from(to - from).ok()?];
            memory.read_exact_at(&mut bytes, from).ok()?;
            Some(bytes)
        };
        maps.lines().filter_map(region).collect()
    }
}

fn simulated_tenant(runtime: &tokio::runtime::Runtime, checks_of: usize) -> sim::Running {
    let mut tenant = sim::Tenant::contoso();
    tenant.application.secret = Secret::new(scene::CLIENT_SECRET);
    tenant.mailboxes.truncate(checks_of);
    runtime.block_on(sim::start(tenant)).unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// The kernel shows that a process is not dumpable by giving its files in `/proc` to root: the user whose process it is cannot read
/// them. Its own figures it still reads.
#[test]
fn service_of_an_ordinary_user_is_closed_to_that_user_and_still_tells_of_its_own_process() {
    let scene = Scene::new();
    let (runtime, executable) = (runtime(), scene.directory().join("m365-probe"));
    let running = simulated_tenant(&runtime, 1);
    let config = running.write_config(scene.directory()).unwrap();
    let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let service = if is_root {
        // Where nobody may go is not known of the directory that the program was built in.
        std::fs::copy(env!("CARGO_BIN_EXE_m365-probe"), &executable).unwrap();
        std::fs::set_permissions(&executable, PermissionsExt::from_mode(0o755)).unwrap();
        for file in std::fs::read_dir(scene.directory()).unwrap() {
            std::os::unix::fs::chown(file.unwrap().path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let mut command = Command::new(&executable);
        command.uid(NOBODY).gid(NOBODY).env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
        Service::start(command, &config)
    } else {
        Service::start(program(), &config)
    };
    for name in ["environ", "mem", "maps"] {
        assert_eq!(std::fs::metadata(service.file(name)).unwrap().uid(), 0, "{name} is its user's, who can read it");
        assert!(is_root || File::open(service.file(name)).is_err(), "{name}");
    }
    let metrics = service.page("/metrics");
    for name in ["process_resident_memory_bytes", "process_open_fds", "process_cpu_seconds_total"] {
        let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
        // The time may be less than a tick of the kernel's clock.
        assert!(value.is_some_and(|value| value > 0.0 || name == "process_cpu_seconds_total"), "{name}: {value:?}");
    }
}

fn count(memory: &[Vec<u8>], text: &str) -> usize {
    let finder = |region: &Vec<u8>| region.windows(text.len()).filter(|window| *window == text.as_bytes()).count();
    memory.iter().map(finder).sum()
}

/// Everything that the program has sent goes through its memory. What is left after the runs is what it works with: one copy of
/// each token, and none of the client secret, which is read anew, nor of the payload of a login.
#[test]
fn memory_after_runs_holds_no_client_secret_and_no_payload_and_one_copy_of_each_token() {
    let scene = Scene::new();
    let runtime = runtime();
    let running = simulated_tenant(&runtime, 1);
    let config = running.write_config(scene.directory()).unwrap();
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("interval: 30s", "interval: 1h")).unwrap();
    let service = Service::start(program(), &config);
    if File::open(service.file("mem")).is_err() {
        return; // closed to this user, as the test above wants it: only root can look
    }
    for check in ["token", "pop3", "imap", "smtp", "ews", "graph"] {
        let mailbox = if check == "token" { "" } else { "&mailbox=praxis" };
        let page = service.page(&format!("/probe?tenant=contoso&check={check}{mailbox}"));
        assert!(page.contains("probe_success 1"), "{check}: {page}");
    }
    let encoded: String = form_urlencoded::byte_serialize(scene::CLIENT_SECRET.as_bytes()).collect();
    // The beginning of each payload, and that of each token's header.
    let texts = [scene::CLIENT_SECRET, &encoded, "dXNlcj1", "eyJhbGciOiJSUzI1NiIs"];
    // One for Exchange and one for Graph. A run of the schedule may go on at the same time: its copies are gone with its end.
    let expected = [0, 0, 0, 2];
    let copies = (0..20).map(|_| service.memory()).map(|memory| texts.map(|text| count(&memory, text)));
    let copies: Vec<_> = copies.take_while(|found| *found != expected).collect();
    assert!(copies.len() < 20, "copies of secret, form, payload and tokens: {copies:?}");
}
