//! Unbound: a resolver that tells the truth, lies, fails or says nothing.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use crate::daemon::Daemon;
use crate::needs::Part;
use crate::port;
use crate::scratch::Scratch;

pub const PART: Part = Part { name: "unbound", files: &["/usr/sbin/unbound"], as_root: false };

/// What to do with questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Two addresses, or an IPv6 one, for each of Microsoft's names.
    Honest,
    /// Every name exists and none has an address.
    Empty,
    NameError,
    /// Every name has the address 0.0.0.0 or `::`.
    Sinkhole,
    Refuse,
    /// By asking a server that it may not ask.
    ServerFailure,
    Silent,
}

#[derive(Debug)]
pub struct Unbound {
    pub port: u16,
    _daemon: Daemon,
}

impl Unbound {
    pub fn start(scratch: &Scratch, manner: Manner) -> Self {
        let port = port::free();
        let text = configuration(scratch, port, manner);
        let file = scratch.file(&format!("unbound-{port}.conf"), text);
        let log = scratch.path().join(format!("unbound-{port}.log"));
        let daemon = Daemon::start("/usr/sbin/unbound", |unbound| unbound.arg("-d").arg("-c").arg(file), &log);
        Self { port, _daemon: daemon.listening(port) }
    }

    /// As it stands in `network.resolvers`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Asks for the A records of `login.microsoftonline.com` and returns the answer's code and count of records; `None`
    /// when no answer came.
    pub fn ask(&self) -> Option<(u8, u16)> {
        let mut question = vec![0x4d, 0x36, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in ["login", "microsoftonline", "com", ""] {
            question.push(u8::try_from(label.len()).expect("short"));
            question.extend_from_slice(label.as_bytes());
        }
        question.extend_from_slice(&[0, 1, 0, 1]);
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind");
        socket.set_read_timeout(Some(Duration::from_millis(500))).expect("set a timeout");
        socket.send_to(&question, (Ipv4Addr::LOCALHOST, self.port)).expect("ask");
        let mut answer = [0; 1024];
        socket.recv(&mut answer).ok()?;
        Some((answer[3] & 15, u16::from_be_bytes([answer[6], answer[7]])))
    }
}

fn configuration(scratch: &Scratch, port: u16, manner: Manner) -> String {
    let zone = |kind: &str| format!("  local-zone: \".\" {kind}\n");
    let manners = match manner {
        Manner::Honest => zone("static") + &records(&["A 192.0.2.10", "A 192.0.2.11", "AAAA 2001:db8::10"]),
        Manner::Empty => zone("static") + &records(&["TXT \"nothing else\""]),
        Manner::NameError => zone("always_nxdomain"),
        Manner::Sinkhole => zone("always_null"),
        Manner::Refuse => zone("always_refuse"),
        Manner::Silent => zone("always_deny"),
        Manner::ServerFailure => "forward-zone:\n  name: \".\"\n  forward-addr: 127.0.0.1@9\n".to_owned(),
    };
    let home = scratch.path().display();
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
{manners}remote-control:
  control-enable: no
"
    )
}

fn records(data: &[&str]) -> String {
    let names = crate::authority::NAMES;
    let lines = names.iter().flat_map(|name| data.iter().map(move |data| format!("  local-data: '{name}. 60 {data}'\n")));
    lines.collect()
}
