//! The addresses that a service listens on: names, every address, Unix sockets, and sockets that systemd hands over.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};

use m365_probe::serve::{NotStarted, Options, Service, Source};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::time::Instant;

use crate::client::{get, parse};
use crate::fixtures::{SECRET, Scratch, configuration, refused};
use crate::program::Serving;

async fn start(listen: &str) -> Result<Service, NotStarted> {
    let listen = vec![listen.parse().expect("an address")];
    Service::start(Options::new(Source::Given(Box::default()), listen)).await
}

/// Asks whether the service at the socket is healthy, by hand and with curl, where it is installed.
async fn is_healthy(path: &Path) -> bool {
    let mut stream = UnixStream::connect(path).await.expect("connect");
    stream.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.expect("write");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.expect("a reply");
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--fail", "http://localhost/-/healthy", "--unix-socket"]).arg(path).stdout(Stdio::null());
    let curl = tokio::task::spawn_blocking(move || curl.status()).await.expect("no panic");
    parse(&reply).status == 200 && curl.as_ref().map_or(true, std::process::ExitStatus::success)
}

#[tokio::test(start_paused = true)]
async fn request_head_that_never_ends_is_closed_after_5_s_over_a_unix_socket() {
    let scratch = Scratch::new();
    let path = scratch.0.join("http.sock");
    let _service = start(&format!("unix:{}", path.display())).await.expect("it starts");
    let began = Instant::now();
    let mut stream = UnixStream::connect(&path).await.expect("connect");
    stream.write_all(b"GET /metr").await.expect("write");
    assert_eq!((stream.read(&mut [0; 1]).await.expect("closed"), began.elapsed().as_secs()), (0, 5));
}

#[track_caller]
fn assert_refused(started: Result<Service, NotStarted>, why: &str) {
    match started {
        Err(NotStarted::Machine(message)) => assert!(message.contains(why), "{message}"),
        started => panic!("{started:?}"),
    }
}

#[tokio::test]
async fn name_and_every_address_are_listened_on_in_both_families() {
    for listen in ["localhost:0", ":0"] {
        let service = start(listen).await.expect("it starts");
        let port = service.addresses()[0].socket().expect("a port").port();
        for ip in [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()] {
            // Where the machine has no IPv6, or no such name for it, there is nothing to reach.
            let has_it = ip == Ipv4Addr::LOCALHOST || listen == ":0" && TcpListener::bind((ip, 0)).is_ok();
            if has_it
                || service
                    .addresses()
                    .iter()
                    .filter_map(m365_probe::serve::BoundAddress::socket)
                    .any(|address| address.ip() == ip)
            {
                assert_eq!(get(SocketAddr::new(ip, port), "/-/healthy").await.status, 200, "{listen} {ip}");
            }
        }
    }
    assert_refused(start("no-such-name.invalid:0").await, "cannot listen on `no-such-name.invalid:0`: ");
}

#[tokio::test]
async fn unix_socket_is_for_user_and_group_and_is_removed_at_the_end() {
    let scratch = Scratch::new();
    let path = scratch.0.join("http.sock");
    let listen = format!("unix:{}", path.display());
    let service = start(&listen).await.expect("it starts");
    assert_eq!(service.addresses()[0].to_string(), listen);
    assert_eq!(std::fs::metadata(&path).expect("a socket").permissions().mode() & 0o777, 0o660);
    assert!(is_healthy(&path).await);
    assert_refused(start(&listen).await, "another process listens there");
    assert!(is_healthy(&path).await);
    service.stop().await;
    assert!(!path.exists());
}

#[tokio::test]
async fn unix_socket_takes_the_place_of_a_stale_one_and_of_nothing_else() {
    let scratch = Scratch::new();
    let path = scratch.file("file", "precious");
    assert_refused(start(&format!("unix:{}", path.display())).await, "it is no socket");
    assert_eq!(std::fs::read_to_string(path).expect("still there"), "precious");

    let path = scratch.0.join("stale.sock");
    drop(UnixListener::bind(&path).expect("bound"));
    let service = start(&format!("unix:{}", path.display())).await.expect("it starts");
    assert!(is_healthy(&path).await);

    std::fs::remove_file(&path).expect("removed");
    let _others = UnixListener::bind(&path).expect("bound");
    service.stop().await;
    assert!(path.exists(), "it is another's by now");
}

#[tokio::test]
async fn sockets_that_systemd_hands_over_are_listened_on_and_nothing_else() {
    let scratch = Scratch::new();
    scratch.file("client.secret", SECRET);
    let file = scratch.file("m365-probe.yml", &configuration("contoso", refused().await));
    let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bound");
    let (address, path) = (tcp.local_addr().expect("bound"), scratch.0.join("http.sock"));
    let unix = UnixListener::bind(&path).expect("bound");
    let mut command = Command::new("sh");
    command.args(["-c", "LISTEN_PID=$$ LISTEN_FDS=2 exec \"$0\" \"$@\" 3<&0 4<&1 0<&- 1<&-"]);
    command.args([env!("CARGO_BIN_EXE_m365-probe"), "serve", "--config"]).arg(file);
    command.stdin(Stdio::from(OwnedFd::from(tcp))).stdout(Stdio::from(OwnedFd::from(unix)));
    let mut serving = Serving::spawn(&mut command);
    serving.wait_for(&format!("listening on http://{address}"));
    serving.wait_for(&format!("listening on unix:{}", path.display()));
    assert_eq!(get(address, "/-/healthy").await.status, 200);
    assert!(is_healthy(&path).await);
    let mut check = Command::new(env!("CARGO_BIN_EXE_m365-probe"));
    check.args(["check", "token", "--output", "json", "--from"]).arg(format!("unix:{}", path.display()));
    let checked = tokio::task::spawn_blocking(move || check.env_remove("M365_PROBE_CONFIG").output()).await.expect("no panic");
    let checked = String::from_utf8(checked.expect("run").stdout).expect("UTF-8");
    assert!(checked.contains("contoso/token"), "{checked}");
    serving.signal("TERM");
    assert!(serving.ended().success());
    assert!(path.exists(), "it is systemd's");
}
