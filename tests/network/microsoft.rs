//! Microsoft: the simulated tenant at addresses of the published ranges, under its own names and on its real ports.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use m365_probe::sim::{self, Places, Running, Tenant};
use tokio::sync::oneshot;

use crate::namespace::Namespace;

/// A host's name and its addresses, those of IPv4 first.
pub type Host = (&'static str, &'static [&'static str]);

pub const LOGIN: Host =
    ("login.microsoftonline.com", &["20.190.141.32", "40.126.38.11", "2603:1046:2000:148::8", "2603:1047:1:48::9"]);
pub const OUTLOOK: Host = ("outlook.office365.com", &["52.98.1.2", "40.99.10.34", "2603:1026:c03:5::2", "2603:1026:c0a:21::6"]);
pub const SMTP: Host = ("smtp.office365.com", &["52.97.20.18", "40.101.4.7", "2603:1026:c0a:850::2", "2603:1026:206:8::5"]);
pub const GRAPH: Host = ("graph.microsoft.com", &["20.20.32.17", "2603:1026:3000:c8::a"]);

pub const HOSTS: [Host; 4] = [LOGIN, OUTLOOK, SMTP, GRAPH];

/// The running tenant, on a thread inside its namespace. Dropping it ends both.
pub struct Microsoft {
    pub running: Arc<Running>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Microsoft {
    /// Gives the namespace all addresses and serves at them.
    pub fn start(inside: &Namespace) -> Self {
        for address in HOSTS.iter().flat_map(|(_, addresses)| *addresses) {
            let (length, nodad) = if address.contains(':') { (128, "nodad") } else { (32, "") };
            inside.ip(&format!("addr add {address}/{length} dev lo {nodad}"));
        }
        let door = inside.door();
        let (started, starting) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            door.enter();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                // By name the root that Microsoft's servers lead to.
                let authority = ("DigiCert Inc".to_owned(), "DigiCert Global Root G2".to_owned());
                let tenant = Tenant { authority, ..Tenant::contoso() };
                let running = sim::start_at(tenant, places()).await.expect("the tenant starts");
                let _ = started.send(Arc::new(running));
                let _ = stopped.await;
            });
        });
        Self { running: starting.recv().expect("the tenant starts"), stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Microsoft {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn places() -> Places {
    let at = |(_, addresses): Host, port: u16| -> Vec<SocketAddr> {
        addresses.iter().map(|address| SocketAddr::new(address.parse::<IpAddr>().expect("an address"), port)).collect()
    };
    Places {
        login: at(LOGIN, 443),
        ews: at(OUTLOOK, 443),
        graph: at(GRAPH, 443),
        pop3s: at(OUTLOOK, 995),
        pop3: at(OUTLOOK, 110),
        imaps: at(OUTLOOK, 993),
        imap: at(OUTLOOK, 143),
        smtp: at(SMTP, 587),
        dns: Vec::new(),
        identity: Vec::new(),
    }
}
