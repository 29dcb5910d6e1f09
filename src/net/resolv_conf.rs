//! `/etc/resolv.conf`, as the C library reads it: the file that names the resolvers and the search list on every Unix.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

/// The path of the file.
pub const FILE: &str = "/etc/resolv.conf";
/// The number of resolvers that glibc and musl use.
const MAX_SERVERS: usize = 3;
/// The search domains that are kept: musl and glibc before 2.26 use six, and nobody's have more than some.
const MAX_SEARCH: usize = 16;
/// The dots in a name from which on it is asked for as it stands first (resolv.conf(5)).
const DEFAULT_NDOTS: usize = 1;
/// The longest a line is shown.
const SHOWN: usize = 80;

/// The content of the file, as far as it is used here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvConf {
    servers: Vec<Server>,
    /// The first line that is meant to name a server, and is none for the C library: `line 1: "nameserver 10.0.0.1\r"`.
    pub misread: Option<String>,
    /// The domains that are appended to names, in their order, without dots at their ends.
    pub search: Vec<String>,
    /// The dots in a name from which on it is asked for as it stands first.
    pub ndots: usize,
}

impl Default for ResolvConf {
    fn default() -> Self {
        Self { servers: Vec::new(), misread: None, search: Vec::new(), ndots: DEFAULT_NDOTS }
    }
}

impl ResolvConf {
    /// Reads the file of this machine; an empty one where there is none.
    pub async fn read() -> Self {
        tokio::task::spawn_blocking(|| Self::read_from(Path::new(FILE))).await.unwrap_or_default()
    }

    fn read_from(file: &Path) -> Self {
        fs::read(file).map(|bytes| Self::parse(&String::from_utf8_lossy(&bytes))).unwrap_or_default()
    }

    /// Parses the text of such a file.
    pub fn parse(text: &str) -> Self {
        let mut conf = Self::default();
        for (number, line) in text.split('\n').enumerate() {
            conf.take_line(number + 1, line);
        }
        conf
    }

    /// Returns the servers that queries can be sent to; `None` where none is named. Link-local addresses are left to the system.
    pub fn servers(&self) -> Option<Vec<SocketAddr>> {
        let at = |server: &Server| if let Server::At(address) = server { Some(SocketAddr::new(*address, 53)) } else { None };
        (!self.servers.is_empty()).then(|| self.servers.iter().filter_map(at).collect())
    }

    /// Takes one line. The last of the lines `domain` and `search` counts.
    fn take_line(&mut self, number: usize, line: &str) {
        let (keyword, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        match keyword {
            "nameserver" => match server(rest) {
                Some(server) if self.servers.len() < MAX_SERVERS => self.servers.push(server),
                Some(_) => {}
                None => self.note_misread(number, line),
            },
            "search" => self.search = domains(rest).take(MAX_SEARCH).collect(),
            "domain" => self.search = domains(rest).take(1).collect(),
            "options" => {
                let mut ndots = rest.split_whitespace().filter_map(|option| option.strip_prefix("ndots:")?.parse().ok());
                self.ndots = ndots.next_back().unwrap_or(self.ndots);
            }
            _ if is_meant_for_a_server(line) => self.note_misread(number, line),
            _ => {}
        }
    }

    fn note_misread(&mut self, number: usize, line: &str) {
        let shown: String = line.chars().take(SHOWN).collect();
        self.misread.get_or_insert_with(|| format!("line {number}: \"{}\"", shown.escape_debug()));
    }
}

/// A server as the file names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    At(IpAddr),
    /// Its address needs an interface: `fe80::1%eth0`.
    LinkLocal,
}

/// Parses the address after `nameserver`. glibc ends it at a blank, a tab or the end of the line alone, so that a carriage
/// return belongs to it and makes it none; for musl it is white space.
fn server(rest: &str) -> Option<Server> {
    let is_white = |char: char| matches!(char, ' ' | '\t') || cfg!(target_env = "musl") && char.is_ascii_whitespace();
    let address = rest.trim_start_matches(is_white).split(is_white).next()?;
    match address.split_once('%') {
        Some((address, _)) => address.parse::<IpAddr>().ok().map(|_| Server::LinkLocal),
        None => address.parse().ok().map(Server::At),
    }
}

/// Reports whether a line that the C library passes over was meant to name a server: it begins with a blank or a byte order
/// mark, or has the keyword in another spelling.
fn is_meant_for_a_server(line: &str) -> bool {
    let line = line.trim_start_matches(|char: char| char.is_whitespace() || char == '\u{feff}');
    line.get(..10).is_some_and(|keyword| keyword.eq_ignore_ascii_case("nameserver"))
}

fn domains(rest: &str) -> impl Iterator<Item = String> {
    let domains = rest.split_whitespace().map(|word| word.trim_matches('.').to_ascii_lowercase());
    domains.filter(|domain| !domain.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> ResolvConf {
        ResolvConf::parse(text)
    }

    #[test]
    fn resolv_conf_line_names_a_server_as_the_system_reads_it() {
        let at = |address: &str| Some(Server::At(address.parse().expect(address)));
        for (line, expected) in [
            ("nameserver 10.66.0.1", at("10.66.0.1")),
            ("nameserver\t2001:db8::53 # ours", at("2001:db8::53")),
            ("# nameserver 10.66.0.1", None),
            ("options timeout:1", None),
            ("nameserver fe80::1%eth0", Some(Server::LinkLocal)),
        ] {
            let conf = parse(&format!("{line}\n"));
            assert_eq!((conf.servers.first().copied(), conf.misread), (expected, None), "{line}");
        }
        assert_eq!(ResolvConf::read_from(Path::new("/nonexistent")).servers(), None);
    }

    #[test]
    fn resolv_conf_line_that_the_system_passes_over_is_quoted() {
        for (line, shown) in [
            ("nameserver 10.66.0.1\r", r#"line 2: "nameserver 10.66.0.1\r""#),
            (" nameserver 10.66.0.1", r#"line 2: " nameserver 10.66.0.1""#),
            ("\u{feff}nameserver 10.66.0.1", r#"line 2: "\u{feff}nameserver 10.66.0.1""#),
            ("nameserver=10.66.0.1", r#"line 2: "nameserver=10.66.0.1""#),
            ("Nameserver 10.66.0.1", r#"line 2: "Nameserver 10.66.0.1""#),
            ("nameserver 10.66.0.1:53", r#"line 2: "nameserver 10.66.0.1:53""#),
            ("nameserver 10.66.0.1,10.66.0.2", r#"line 2: "nameserver 10.66.0.1,10.66.0.2""#),
            ("nameserver not.an.address", r#"line 2: "nameserver not.an.address""#),
            ("nameserver", r#"line 2: "nameserver""#),
        ] {
            let conf = parse(&format!("# by hand\n{line}\n"));
            assert_eq!((conf.misread.as_deref(), conf.servers()), (Some(shown), None), "{line}");
        }
    }

    #[test]
    fn resolv_conf_search_list_is_the_last_line_of_it() {
        for (text, search, ndots) in [
            ("nameserver 10.0.0.1\n", &[][..], 1),
            ("search a.example  B.example.\noptions ndots:5 timeout:1\n", &["a.example", "b.example"], 5),
            ("domain a.example b.example\n", &["a.example"], 1),
            ("search a.example .\r\n", &["a.example"], 1),
            ("search a.example\ndomain b.example\noptions ndots:x\n", &["b.example"], 1),
        ] {
            let conf = parse(text);
            assert_eq!((conf.search.iter().map(String::as_str).collect::<Vec<_>>(), conf.ndots), (search.to_vec(), ndots));
        }
    }
}
