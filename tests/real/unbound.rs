//! Unbound: a resolver that answers rightly, wrongly, with an error or not at all.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use crate::daemon::Daemon;
use crate::needs::Part;
use crate::port;
use crate::scratch::Scratch;

pub const PART: Part = Part { name: "unbound", files: &["/usr/sbin/unbound"], as_root: false };

/// The manner in which every query is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Two addresses, or an IPv6 one, for each of Microsoft's names.
    Honest,
    /// Addresses of the ranges that Microsoft publishes.
    Microsoft,
    /// More addresses than fit into a datagram.
    Many,
    /// The same, and nobody listens on TCP.
    ManyWithoutTcp,
    /// Addresses of a private network.
    Private,
    /// The public address of a page that says that the name is blocked.
    BlockPage,
    /// Every name exists and none has an address.
    Empty,
    NameError,
    /// Every name has the address 0.0.0.0 or `::`.
    Sinkhole,
    Refuse,
    /// SERVFAIL, because it forwards to a server that it may not ask.
    ServerFailure,
    Silent,
}

#[derive(Debug)]
pub struct Unbound {
    pub port: u16,
    daemon: Daemon,
}

impl Unbound {
    pub fn start(scratch: &Scratch, manner: Manner) -> Self {
        let port = port::free();
        let text = configuration(scratch, port, manner);
        let file = scratch.file(&format!("unbound-{port}.conf"), text);
        let log = scratch.path().join(format!("unbound-{port}.log"));
        let daemon = Daemon::start("/usr/sbin/unbound", |unbound| unbound.arg("-d").arg("-c").arg(file), &log);
        let mut unbound = Self { port, daemon };
        // What listens on TCP does so on UDP too, and a silent one can only be found there.
        if manner == Manner::ManyWithoutTcp {
            unbound.daemon.wait_for("answer", || ask(port, Duration::from_millis(500)).is_some());
        } else {
            unbound.daemon = unbound.daemon.listening(port);
        }
        unbound
    }

    /// Returns its address and port, as in `network.resolvers`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Asks for the A records of `login.microsoftonline.com` and returns the answer's code and count of records; `None`
    /// when no answer came within `limit`.
    pub fn ask(&self, limit: Duration) -> Option<(u8, u16)> {
        ask(self.port, limit)
    }
}

fn ask(port: u16, limit: Duration) -> Option<(u8, u16)> {
    let mut question = vec![0x4d, 0x36, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in ["login", "microsoftonline", "com", ""] {
        question.push(u8::try_from(label.len()).expect("short"));
        question.extend_from_slice(label.as_bytes());
    }
    question.extend_from_slice(&[0, 1, 0, 1]);
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind");
    socket.set_read_timeout(Some(limit)).expect("set a timeout");
    socket.send_to(&question, (Ipv4Addr::LOCALHOST, port)).expect("ask");
    let mut answer = [0; 1024];
    socket.recv(&mut answer).ok()?;
    Some((answer[3] & 15, u16::from_be_bytes([answer[6], answer[7]])))
}

fn configuration(scratch: &Scratch, port: u16, manner: Manner) -> String {
    let zone = |kind: &str| format!("  local-zone: \".\" {kind}\n");
    let manners = match manner {
        Manner::Honest => zone("static") + &records(&["A 192.0.2.10", "A 192.0.2.11", "AAAA 2001:db8::10"]),
        Manner::Microsoft => zone("static") + &microsoft(),
        Manner::Many | Manner::ManyWithoutTcp => zone("static") + &records(&many()),
        Manner::Private => zone("static") + &records(&["A 10.20.30.40"]),
        Manner::BlockPage => zone("static") + &records(&["A 146.112.61.104"]),
        Manner::Empty => zone("static") + &records(&["TXT \"nothing else\""]),
        Manner::NameError => zone("always_nxdomain"),
        Manner::Sinkhole => zone("always_null"),
        Manner::Refuse => zone("always_refuse"),
        Manner::Silent => zone("always_deny"),
        Manner::ServerFailure => "forward-zone:\n  name: \".\"\n  forward-addr: 127.0.0.1@9\n".to_owned(),
    };
    let home = scratch.path().display();
    let tcp = if manner == Manner::ManyWithoutTcp { "no" } else { "yes" };
    format!(
        "server:
  interface: 127.0.0.1@{port}
  directory: \"{home}\"
  pidfile: \"{home}/unbound-{port}.pid\"
  chroot: \"\"
  username: \"\"
  use-syslog: no
  module-config: \"iterator\"
  do-daemonize: no
  do-tcp: {tcp}
{manners}remote-control:
  control-enable: no
"
    )
}

fn records(data: &[impl AsRef<str>]) -> String {
    let names = crate::authority::NAMES.iter().chain(&["graph.microsoft.com"]);
    let of = |name: &&str| data.iter().map(|data| record(name, data.as_ref())).collect::<String>();
    names.map(of).collect()
}

fn record(name: &str, data: &str) -> String {
    format!("  local-data: '{name}. 60 {data}'\n")
}

/// Returns records of the published ranges: Exchange and login have ranges of their own.
fn microsoft() -> String {
    let exchange = ["outlook.office365.com", "smtp.office365.com"].map(|name| (name, ["A 52.97.97.162", "AAAA 2603:1026::2"]));
    let login = ["login.microsoftonline.com", "graph.microsoft.com"];
    let login = login.map(|name| (name, ["A 20.190.141.1", "AAAA 2603:1046:2000::2"]));
    exchange.iter().chain(&login).flat_map(|(name, data)| data.iter().map(move |data| record(name, data))).collect()
}

fn many() -> Vec<String> {
    (1..=200).map(|last| format!("A 52.97.97.{last}")).collect()
}
