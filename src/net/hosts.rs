//! The hosts file, read only to recognise addresses that came from it: names are resolved by the system, which may ignore it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// The path of the system's hosts file.
#[cfg(unix)]
pub const SYSTEM: &str = "/etc/hosts";
/// The path of the system's hosts file.
#[cfg(not(unix))]
pub const SYSTEM: &str = r"C:\Windows\System32\drivers\etc\hosts";

/// Bytes of the file that are read: lists that block advertisements have some megabytes.
const MAX_BYTES: u64 = 32 * 1024 * 1024;

/// The addresses in the file by name, in lower case.
pub type Entries = BTreeMap<String, Vec<IpAddr>>;

/// Reads the entries for `names` in the hosts file at `path`; none where it cannot be read.
pub async fn entries(path: &Path, names: Vec<String>) -> Entries {
    let path: PathBuf = path.to_owned();
    let reading = tokio::task::spawn_blocking(move || read(&path, &names).unwrap_or_default());
    reading.await.unwrap_or_default()
}

/// Reports whether `addresses`, of which there must be one, are all entries for `name`.
pub fn gives(entries: &Entries, name: &str, addresses: &[IpAddr]) -> bool {
    let known = entries.get(&name.to_ascii_lowercase());
    known.is_some_and(|known| !addresses.is_empty() && addresses.iter().all(|address| known.contains(address)))
}

fn read(path: &Path, names: &[String]) -> io::Result<Entries> {
    let file = File::open(path)?;
    // A pipe could keep us waiting for ever.
    if !file.metadata()?.is_file() {
        return Ok(Entries::new());
    }
    let mut entries = Entries::new();
    let mut line = Vec::new();
    let mut lines = BufReader::new(file.take(MAX_BYTES));
    while lines.read_until(b'\n', &mut line)? > 0 {
        if let Some((address, known)) = std::str::from_utf8(&line).ok().and_then(parse_line) {
            for name in known.filter_map(|known| names.iter().find(|name| is_same(name, known))) {
                entries.entry(name.to_ascii_lowercase()).or_default().push(address);
            }
        }
        line.clear();
    }
    Ok(entries)
}

/// Parses a line into its address and the names after it (hosts(5)); `None` for a comment or a malformed line.
fn parse_line(line: &str) -> Option<(IpAddr, impl Iterator<Item = &str>)> {
    let mut fields = line.split('#').next()?.split_whitespace();
    let address = fields.next()?;
    let address = address.split_once('%').map_or(address, |(address, _)| address);
    Some((address.parse().ok()?, fields))
}

fn is_same(one: &str, other: &str) -> bool {
    one.trim_end_matches('.').eq_ignore_ascii_case(other.trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that is gone when the test ends.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(text: &[u8]) -> Self {
            let path = std::env::temp_dir().join(format!("m365-probe-hosts-{}", std::process::id()));
            std::fs::write(&path, text).expect("written");
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[tokio::test]
    async fn hosts_entries_are_the_addresses_of_the_names() {
        let file = Scratch::new(
            b"127.0.0.1\tlocalhost\n# 10.0.0.1 outlook.office365.com\n10.0.0.2 a OUTLOOK.office365.com. b # mail\n\
              fe80::1%eth0 outlook.office365.com\nnonsense outlook.office365.com\n\xff\xfe outlook.office365.com\n10.0.0.3\n\
              0.0.0.0 not.outlook.office365.com\n10.0.0.4 smtp.office365.com",
        );
        let names = ["outlook.office365.com", "smtp.office365.com", "login.microsoftonline.com"].map(str::to_owned);
        let entries = entries(&file.0, names.to_vec()).await;
        let at = |text: &str| text.parse::<IpAddr>().expect(text);
        assert_eq!(entries.get("outlook.office365.com"), Some(&vec![at("10.0.0.2"), at("fe80::1")]));
        assert_eq!(entries.get("smtp.office365.com"), Some(&vec![at("10.0.0.4")]));
        assert_eq!(entries.len(), 2);
        assert!(gives(&entries, "Outlook.Office365.com", &[at("10.0.0.2")]));
        assert!(!gives(&entries, "outlook.office365.com", &[at("10.0.0.2"), at("52.97.97.162")]), "a server was asked");
        assert!(
            !gives(&entries, "outlook.office365.com", &[]) && !gives(&entries, "login.microsoftonline.com", &[at("1.1.1.1")])
        );
    }

    #[tokio::test]
    async fn hosts_file_that_cannot_be_read_has_no_entries() {
        for path in ["/nowhere/hosts", "/dev/zero", "/"] {
            assert_eq!(entries(Path::new(path), vec!["localhost".to_owned()]).await, Entries::new(), "{path}");
        }
    }
}
