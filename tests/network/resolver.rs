//! The resolver in the gateway: honest, lying, failing, slow or silent.

use std::fmt::Write;
use std::path::Path;

use crate::microsoft::{HOSTS, Host};
use crate::world::{GATEWAY, World};

/// Starts dnsmasq with the right addresses of every host.
pub fn honest(world: &mut World) {
    dnsmasq(world, &HOSTS, "");
}

/// Starts no resolver: the gateway answers that the port is unreachable.
pub fn nobody(world: &mut World) {
    world.has_resolver = true;
}

/// Starts dnsmasq, which knows `hosts` and whatever `more` lines of its configuration say, and nothing else.
pub fn dnsmasq(world: &mut World, hosts: &[Host], more: &str) {
    start_dnsmasq(world, (GATEWAY, 53), hosts, more);
    world.has_resolver = true;
}

/// Starts a further dnsmasq at another address of the gateway.
pub fn at(world: &mut World, address: &str, hosts: &[Host]) {
    world.gateway.ip(&format!("addr add {address}/24 dev down0\n"));
    start_dnsmasq(world, (address, 53), hosts, "");
}

/// Starts a resolver with the right addresses, which answers a second late.
pub fn slow(world: &mut World) {
    start_dnsmasq(world, ("127.0.0.1", 5353), &HOSTS, "");
    let script = |kind: &str| format!("sleep 1\nexec socat -t 2 - {kind}:127.0.0.1:5353\n");
    let [udp, tcp] = ["UDP4", "TCP4"].map(|kind| world.scratch.file(&format!("slow-{kind}.sh"), script(kind)));
    // `-t`: a question has its end behind it, and socat would soon hang up.
    let relay = |from: &str, to: &Path| {
        ["-t".to_owned(), "5".to_owned(), format!("{from}:53,bind={GATEWAY},fork"), format!("EXEC:sh {}", to.display())]
    };
    world.start("slow-udp", "/usr/bin/socat", &relay("UDP4-RECVFROM", &udp));
    world.serve("slow-tcp", "/usr/bin/socat", &relay("TCP4-LISTEN", &tcp), (GATEWAY, 53));
    world.has_resolver = true;
}

fn start_dnsmasq(world: &mut World, (address, port): (&str, u16), hosts: &[Host], more: &str) {
    let mut known = String::new();
    for (name, addresses) in hosts {
        for address in *addresses {
            let _ = writeln!(known, "{address} {name}");
        }
    }
    let name = format!("dnsmasq-{address}");
    let known = world.scratch.file(&format!("{name}.hosts"), known);
    // `local=/#/`: what it does not know does not exist, and is asked of nobody.
    let text = format!(
        "no-resolv\nno-hosts\naddn-hosts={}\nlisten-address={address}\nport={port}\nbind-interfaces\nuser=root\npid-file=\n\
         local=/#/\n{more}\n",
        known.display()
    );
    let file = world.scratch.file(&format!("{name}.conf"), text);
    let arguments = ["--keep-in-foreground".to_owned(), format!("--conf-file={}", file.display())];
    world.serve(&name, "/usr/sbin/dnsmasq", &arguments, (address, port));
}

/// Starts unbound with `zones` in its `server` section and `rest` behind it.
pub fn unbound(world: &mut World, zones: &str, rest: &str) {
    let home = world.scratch.path().display();
    let text = format!(
        "server:
  interface: {GATEWAY}
  access-control: 0.0.0.0/0 allow
  directory: \"{home}\"
  pidfile: \"{home}/unbound.pid\"
  chroot: \"\"
  username: \"\"
  use-syslog: no
  module-config: \"iterator\"
  do-daemonize: no
  msg-cache-size: 64k
  rrset-cache-size: 64k
{zones}
remote-control:
  control-enable: no
{rest}
"
    );
    let file = world.scratch.file("unbound.conf", text).display().to_string();
    world.serve("unbound", "/usr/sbin/unbound", &["-d", "-c", &file].map(String::from), (GATEWAY, 53));
    world.has_resolver = true;
}
