//! The system's own resolvers: what they really said, where `getaddrinfo` has one word for everything.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use crate::outcome::{Family, Fault};

use super::ask;

/// Where the system names them, on every Unix.
const FILE: &str = "/etc/resolv.conf";
/// glibc and musl read so many of them.
const MOST: usize = 3;
/// Most have just answered somehow, and at once: so will they again.
const LIMIT: Duration = Duration::from_secs(1);

/// Why the first of them that fails does not lead to `host`; `None` where all answer, or none is named.
pub async fn refusal(host: &str) -> Option<Fault> {
    let servers = tokio::task::spawn_blocking(|| servers(Path::new(FILE))).await.unwrap_or_default();
    for server in servers {
        let fault = match ask::ask(server, host, Family::V4, LIMIT).await {
            Ok(answer) => answer.failed.map(|reason| Fault::heard(reason, &answer.rcode).code(&answer.rcode)),
            Err(fault) => Some(fault),
        };
        if let Some(mut fault) = fault {
            fault.evidence.heard = fault.evidence.heard.map(|heard| format!("{} says: {heard}", server.ip()));
            return Some(fault);
        }
    }
    None
}

fn servers(file: &Path) -> Vec<SocketAddr> {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines().filter_map(server).take(MOST).collect()
}

/// The server of a line `nameserver ADDRESS`. A link-local address needs its interface, which is left to the system.
fn server(line: &str) -> Option<SocketAddr> {
    let mut words = line.split_whitespace();
    let address: IpAddr = words.next().filter(|word| *word == "nameserver").and(words.next())?.parse().ok()?;
    Some(SocketAddr::new(address, 53))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read_as_the_system_reads_them() {
        for (line, expected) in [
            ("nameserver 10.66.0.1", Some("10.66.0.1:53")),
            ("nameserver\t2001:db8::53 # ours", Some("[2001:db8::53]:53")),
            ("# nameserver 10.66.0.1", None),
            ("options timeout:1", None),
            ("nameserver fe80::1%eth0", None),
            ("nameserver", None),
        ] {
            assert_eq!(server(line).map(|server| server.to_string()).as_deref(), expected, "{line}");
        }
        assert!(servers(Path::new("/nonexistent")).is_empty());
    }
}
