//! A small world: the machine of the program under test, the gateway that everything passes, and Microsoft behind it.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::daemon::Daemon;
use crate::microsoft::Microsoft;
use crate::namespace::{IP, Namespace};
use crate::resolver;
use crate::scratch::Scratch;

/// The gateway's address for the client. Resolvers, proxies and other devices listen there too.
pub const GATEWAY: &str = "10.66.0.1";
/// The gateway's IPv6 address. It is of a public network, as the client's is: from a private one, IPv6 is tried last.
pub const GATEWAY_V6: &str = "2001:db8:66::1";

pub const MAILBOX: &str = "praxis@contoso.example";

/// The machines, networks and settings of one condition. Servers first: they end before their networks and directory go.
pub struct World {
    pub daemons: Vec<Daemon>,
    pub microsoft: Microsoft,
    pub client: Namespace,
    pub gateway: Namespace,
    _beyond: Namespace,
    pub scratch: Scratch,
    /// The `network` section of the configuration.
    pub network: Value,
    /// The program's environment variables, apart from `PATH`.
    pub environment: Vec<(String, String)>,
    /// The directory of the roots that came with the system.
    pub shipped: PathBuf,
    /// The timeout and interval of every check, in whole seconds.
    pub timeout: Duration,
    pub has_resolver: bool,
}

impl World {
    /// Makes a world in which all is well. It has no resolver: [`World::settle`] adds one where the condition has not.
    pub fn new() -> Self {
        let [client, gateway, beyond] = ["client", "gateway", "microsoft"].map(Namespace::new);
        // No address has to be asked for whether another has it: the first packets would wait for that.
        for namespace in [&client, &gateway, &beyond] {
            namespace.door().inside(|| switch("ipv6/conf/default/accept_dad", "0"));
            // A closed port says so each time it is asked: the kernel tells it once a second of its own accord.
            namespace.door().inside(|| switch("ipv4/icmp_ratelimit", "0"));
        }
        let (g, m) = (gateway.name(), beyond.name());
        client.ip(&format!("link add up0 type veth peer name down0 netns {g}"));
        gateway.ip(&format!("link add up0 type veth peer name down0 netns {m}"));
        gateway.ip("link set up0 up\naddr add 10.67.0.1/24 dev up0\naddr add fd67::1/64 dev up0 nodad\n\
             route add default via 10.67.0.2\nroute add default via fd67::2\n");
        beyond.ip("link set down0 up\naddr add 10.67.0.2/24 dev down0\naddr add fd67::2/64 dev down0 nodad\n\
             route add 10.66.0.0/24 via 10.67.0.1\nroute add 2001:db8:66::/64 via fd67::1\n");
        plug_in(&client, &gateway);
        gateway.door().inside(forward);
        let scratch = Scratch::new();
        let microsoft = Microsoft::start(&beyond);
        client.file("resolv.conf", &format!("nameserver {GATEWAY}\n"));
        client.file("hosts", "127.0.0.1 localhost\n");
        client.file("nsswitch.conf", "hosts: files dns\n");
        let root = microsoft.running.write_ca(scratch.path()).expect("write the tenant's root");
        let roots = root.display().to_string();
        // The tenant's root counts as the public one that everybody trusts, and that came with the system.
        let shipped = scratch.path().join("shipped");
        fs::create_dir(&shipped).expect("make a directory for the root");
        fs::copy(&root, shipped.join("root.crt")).expect("copy the root");
        let environment = vec![("SSL_CERT_FILE".to_owned(), roots), ("SSL_CERT_DIR".to_owned(), "/nonexistent".to_owned())];
        Self {
            daemons: Vec::new(),
            microsoft,
            client,
            gateway,
            _beyond: beyond,
            scratch,
            network: json!({ "resolvers": ["system", GATEWAY] }),
            environment,
            shipped,
            timeout: Duration::from_secs(6),
            has_resolver: false,
        }
    }

    /// Has the gateway treat what passes through it by `rules`.
    pub fn filter(&self, rules: &str) {
        self.gateway.nft(&format!("table inet way {{ chain forward {{ type filter hook forward priority 0;\n{rules}\n}}\n}}\n"));
    }

    /// Has the gateway treat what is sent to itself by `rules`.
    pub fn guard(&self, rules: &str) {
        self.gateway.nft(&format!("table inet way {{ chain input {{ type filter hook input priority 0;\n{rules}\n}}\n}}\n"));
    }

    /// Has the gateway lead connections elsewhere by `rules`.
    pub fn divert(&self, rules: &str) {
        self.gateway
            .nft(&format!("table inet turns {{ chain turn {{ type nat hook prerouting priority dstnat;\n{rules}\n}}\n}}\n"));
    }

    /// Starts a program in the gateway.
    pub fn start(&mut self, name: &str, program: &str, arguments: &[String]) -> &mut Daemon {
        let log = self.scratch.path().join(format!("{name}.log"));
        let inside = ["netns", "exec", self.gateway.name(), program];
        self.daemons.push(Daemon::start(IP, |ip| ip.args(inside).args(arguments), &log));
        self.daemons.last_mut().expect("just started")
    }

    /// Starts a server in the gateway and waits until it listens there.
    pub fn serve(&mut self, name: &str, program: &str, arguments: &[String], (address, port): (&str, u16)) {
        let at = SocketAddr::new(address.parse().expect("an address"), port);
        let reached = || TcpStream::connect_timeout(&at, Duration::from_secs(1)).is_ok();
        let door = self.gateway.door();
        self.start(name, program, arguments).wait_for(&format!("listen on {at}"), || door.inside(reached));
    }

    /// Starts a resolver where the condition has none, writes the configuration and returns its path.
    pub fn settle(&mut self) -> PathBuf {
        if !self.has_resolver {
            resolver::honest(self);
        }
        let tenant = self.microsoft.running.tenant();
        let secret = tenant.credential.client_secret().expect("a secret");
        let secret = self.scratch.secret("client.secret", secret.expose());
        let seconds = format!("{}s", self.timeout.as_secs());
        let configuration = json!({
            "defaults": { "interval": seconds, "timeout": seconds },
            "network": self.network,
            "tenants": [ {
                "name": "contoso", "cloud": "global", "tenant_id": tenant.tenant_id, "client_id": tenant.client_id,
                "credential": { "client_secret_file": secret, "read_expiry": true },
                "checks": [{ "token": { "interval": seconds } }, "dns", "reach"],
                "mailboxes": [ { "address": MAILBOX, "name": "praxis", "checks": ["pop3", "imap", "smtp", "ews", "graph"] } ],
            } ],
        });
        self.scratch.file("m365-probe.yml", format!("{configuration:#}\n"))
    }
}

/// Gives both ends of the cable between them, `up0` of the client's and `down0` of the gateway's, their addresses.
pub fn plug_in(client: &Namespace, gateway: &Namespace) {
    gateway.ip(&format!("link set down0 up\naddr add {GATEWAY}/24 dev down0\naddr add {GATEWAY_V6}/64 dev down0 nodad\n"));
    client.ip(&format!(
        "link set up0 up\naddr add 10.66.0.2/24 dev up0\naddr add 2001:db8:66::2/64 dev up0 nodad\n\
         route add default via {GATEWAY}\nroute add default via {GATEWAY_V6}\n"
    ));
}

/// Has the calling thread's network pass packets on, and answer every packet that is refused.
fn forward() {
    switch("ipv4/ip_forward", "1");
    switch("ipv6/conf/all/forwarding", "1");
    switch("ipv4/icmp_ratelimit", "0");
    switch("ipv4/icmp_ratemask", "0"); // nor in a burst to everybody
    switch("ipv6/icmp/ratelimit", "0");
}

/// Writes a sysctl of the calling thread's network, by its file in `/proc/sys/net`.
fn switch(file: &str, value: &str) {
    fs::write(format!("/proc/sys/net/{file}"), value).expect("set a switch of the network");
}
