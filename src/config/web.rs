//! `--web.config.file`: TLS, headers and users of our own HTTP service, in the format of Prometheus's exporters
//! (<https://prometheus.io/docs/prometheus/latest/configuration/https/>).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hyper::header::{HeaderName, HeaderValue};

use crate::file::FileKind;
use crate::secret::Secret;

use super::catalogue::Section;
use super::mistake::{Mistake, Mistakes, Position};
use super::quoted::Quoted;
use super::reader::{Fields, Reader};
use super::system::LocalSystem;
use super::text;
use super::tree::{self, Node};
use super::value::Switch;
use value::{BcryptHash, CertificateFile, FieldValue, KeyFile};

mod tls;
pub(super) mod value;

pub use tls::{ClientCertificate, TlsTerms, TlsVersion};

/// The protection of our HTTP service. `A` is the type of the TLS acceptor, which is built where TLS is accepted.
#[derive(Clone, Debug)]
pub struct Web<A> {
    /// The acceptor of TLS; without one, plain HTTP is spoken.
    pub acceptor: Option<A>,
    /// The certificates that clients are asked for.
    pub clients: ClientCertificate,
    /// Headers of every response.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The users by name, each with the bcrypt hash of a password; empty if no login is needed.
    pub users: BTreeMap<String, Secret>,
    /// The warnings about the file.
    pub warnings: Vec<Mistake>,
}

/// Creates a configuration without any protection.
impl<A> Default for Web<A> {
    fn default() -> Self {
        Self {
            acceptor: None,
            clients: ClientCertificate::None,
            headers: Vec::new(),
            users: BTreeMap::new(),
            warnings: Vec::new(),
        }
    }
}

impl<A> Web<A> {
    /// Returns the protections that this configuration has and `other` lacks, as messages name them.
    pub fn protections_lost_in(&self, other: &Self) -> Vec<&'static str> {
        let lost = [
            ("users", !self.users.is_empty() && other.users.is_empty()),
            ("TLS", self.acceptor.is_some() && other.acceptor.is_none()),
            ("client certificates", self.clients.admission() > other.clients.admission()),
        ];
        lost.into_iter().filter(|(_, is_lost)| *is_lost).map(|(name, _)| name).collect()
    }
}

/// Returns a complete and commented web configuration: every supported key.
pub const fn web_example() -> &'static str {
    include_str!("web.yml")
}

/// Reads the file at `path`, whose own paths are relative to its directory, and has `accept` build the TLS acceptor. Returns
/// first the files that were read, whether or not they are right: when one of them changes, the configuration is to be read anew.
pub fn load_web<A>(
    path: &Path,
    kind: FileKind,
    accept: fn(&TlsTerms) -> Result<A, String>,
) -> (Vec<PathBuf>, Result<Web<A>, Mistakes>) {
    let mut files = vec![path.to_owned()];
    let file = path.display().to_string();
    let root = text::read(path, kind, text::MAX_BYTES).and_then(|text| tree::read(&text, 0));
    let root = match root {
        Ok(root) => root,
        Err(mistake) => return (files, Err(Mistakes::new(&file, vec![mistake]))),
    };
    let mut reader = Reader::new(&LocalSystem, path.parent().unwrap_or(Path::new("")));
    let mut web = read(&mut reader, &root, &mut files, accept);
    let Reader { mistakes, warnings, .. } = reader;
    web.warnings = warnings;
    (files, if mistakes.is_empty() { Ok(web) } else { Err(Mistakes::new(&file, mistakes)) })
}

fn read<A>(reader: &mut Reader<'_>, root: &Node, files: &mut Vec<PathBuf>, accept: fn(&TlsTerms) -> Result<A, String>) -> Web<A> {
    let root = reader.section(root, Section::Web, "");
    let tls = root.entry("tls_server_config");
    let (acceptor, clients) = tls.and_then(|entry| tls_server(reader, &entry.value, files, accept)).unzip();
    let http = root.entry("http_server_config").map(|entry| reader.section(&entry.value, Section::WebHttp, "http_server_config"));
    let headers = http.map(|http| http_server(reader, &http)).unwrap_or_default();
    Web { acceptor, clients: clients.unwrap_or_default(), headers, users: users(reader, &root), warnings: Vec::new() }
}

fn tls_server<A>(
    reader: &mut Reader<'_>,
    node: &Node,
    files: &mut Vec<PathBuf>,
    accept: fn(&TlsTerms) -> Result<A, String>,
) -> Option<(A, ClientCertificate)> {
    let fields = reader.section(node, Section::WebTls, "tls_server_config");
    if let Some(found) = reader.one::<Switch>(&fields, "prefer_server_cipher_suites").filter(|found| !found.value.0) {
        reader.mistake(found.at, &found.key, "our own order of cipher suites is always preferred; leave it out or write true");
    }
    let versions = versions(reader, &fields);
    let clients = reader.one::<ClientCertificate>(&fields, "client_auth_type");
    let issuers = contents(reader, &fields, "client_ca_file", files);
    let certificate = contents(reader, &fields, "cert_file", files);
    let key = reader.one::<KeyFile>(&fields, "key_file");
    let key = key.and_then(|found| file(reader, &found.value.0, found.at, &found.key, files));
    let clients = clients.map(|found| found.value).unwrap_or_default();
    if clients.is_verified() && fields.is_missing("client_ca_file") {
        reader.mistake(fields.at, &fields.path, "`client_ca_file` is missing: who vouches for the clients' certificates");
    } else if clients == ClientCertificate::None && issuers.is_some() {
        let message = "nobody is asked for a certificate; set `client_auth_type`, for example to RequireAndVerifyClientCert";
        reader.mistake(fields.at, &fields.key("client_ca_file"), message);
    }
    // Both files are told of, if both are wrong.
    let (chain, key, versions) = (certificate?, key?, versions?);
    let key = Secret::new(String::from_utf8_lossy(&key).into_owned());
    let accepted = accept(&TlsTerms { chain, key, versions, clients, issuers });
    accepted.map(|acceptor| (acceptor, clients)).map_err(|problem| reader.mistake(fields.at, &fields.path, problem)).ok()
}

/// Reads the oldest and the newest version; `None` if no version lies between them.
fn versions(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<(TlsVersion, TlsVersion)> {
    let oldest = reader.one::<TlsVersion>(fields, "min_version").map_or(TlsVersion::Tls12, |found| found.value);
    let Some(newest) = reader.one::<TlsVersion>(fields, "max_version") else { return Some((oldest, TlsVersion::Tls13)) };
    if newest.value < oldest {
        reader.mistake(newest.at, &newest.key, "no TLS version lies between `min_version` and `max_version`");
        return None;
    }
    Some((oldest, newest.value))
}

/// Returns the contents of the file that a key names.
fn contents(reader: &mut Reader<'_>, fields: &Fields<'_>, name: &str, files: &mut Vec<PathBuf>) -> Option<Vec<u8>> {
    let found = reader.one::<CertificateFile>(fields, name)?;
    file(reader, &found.value.0, found.at, &found.key, files)
}

fn file(reader: &mut Reader<'_>, path: &Path, at: Position, key: &str, files: &mut Vec<PathBuf>) -> Option<Vec<u8>> {
    let resolved = reader.resolve(path);
    let read = reader.system.file(&resolved);
    files.push(resolved);
    read.map(|read| read.bytes)
        .map_err(|error| reader.mistake(at, key, format!("cannot read `{}`: {error}", reader.shown(path))))
        .ok()
}

/// The headers that Prometheus's exporters allow to be set.
const HEADERS: [&str; 5] =
    ["Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options", "X-XSS-Protection", "Strict-Transport-Security"];

fn http_server(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<(HeaderName, HeaderValue)> {
    if let Some(found) = reader.one::<Switch>(fields, "http2").filter(|found| found.value.0) {
        reader.warning(found.at, &found.key, "HTTP/1.1 is spoken, whatever this says");
    }
    let mut headers = Vec::new();
    for entry in reader.table(fields, "headers") {
        let path = format!("http_server_config.headers.{}", Quoted::value(&entry.key));
        let Some(name) = HEADERS.iter().find(|name| name.eq_ignore_ascii_case(&entry.key)) else {
            let message = format!("no such header can be set here; those that can are {}", HEADERS.join(", "));
            reader.mistake(entry.at, &path, message);
            continue;
        };
        let Some(found) = reader.scalar::<FieldValue>(&entry.value, &path) else { continue };
        let value = &found.value.0;
        let wrong = match *name {
            "X-Frame-Options" => !["deny", "sameorigin"].iter().any(|allowed| allowed.eq_ignore_ascii_case(value)),
            "X-Content-Type-Options" => !value.eq_ignore_ascii_case("nosniff"),
            _ => false,
        };
        if wrong {
            let allowed = if *name == "X-Frame-Options" { "write deny or sameorigin" } else { "write nosniff" };
            reader.mistake(found.at, &path, format!("`{}` means nothing there; {allowed}", Quoted::value(value)));
        } else if let (Ok(name), Ok(value)) = (name.parse(), HeaderValue::from_str(value)) {
            headers.push((name, value));
        }
    }
    headers
}

fn users(reader: &mut Reader<'_>, root: &Fields<'_>) -> BTreeMap<String, Secret> {
    let mut users = BTreeMap::new();
    for entry in reader.table(root, "basic_auth_users") {
        let path = format!("basic_auth_users.{}", Quoted::value(&entry.key));
        if entry.key.is_empty() || entry.key.contains(':') {
            // RFC 7617: the colon ends the name.
            reader.mistake(entry.at, &path, "a user's name is not empty and has no colon");
        }
        if let Some(found) = reader.scalar::<BcryptHash>(&entry.value, &path) {
            users.insert(entry.key.clone(), Secret::new(found.value.0));
        }
    }
    users
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::catalogue::WEB_KEYS;

    /// A file in a directory of its own.
    fn loaded(name: &str, text: &str) -> Result<Web<()>, String> {
        let directory = std::env::temp_dir().join(format!("m365-probe-web-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory");
        let path = directory.join("web.yml");
        std::fs::write(&path, text).expect("write");
        let (files, loaded) = load_web(&path, FileKind::Regular, |_| Ok(()));
        assert_eq!(files.first(), Some(&path));
        let _ = std::fs::remove_dir_all(&directory);
        loaded.map_err(|mistakes| mistakes.list.iter().map(|mistake| mistake.line("f")).collect::<Vec<_>>().join("\n"))
    }

    const HASH: &str = "$2y$10$abcdefghijklmnopqrstuuAbcdefghijklmnopqrstuvwxyzABCDE";

    #[test]
    fn empty_web_file_gives_no_tls_and_no_users() {
        let web = loaded("empty", "").expect("right");
        assert!(web.acceptor.is_none() && web.headers.is_empty() && web.users.is_empty());
    }

    #[test]
    fn web_file_users_and_headers_are_read() {
        let text = format!(
            "basic_auth_users:\n  prometheus: {HASH}\nhttp_server_config:\n  http2: true\n  headers:\n    x-frame-options: SAMEORIGIN\n"
        );
        let web = loaded("users", &text).expect("right");
        assert_eq!(web.users.get("prometheus").map(Secret::expose), Some(HASH));
        assert_eq!(web.headers.len(), 1);
        assert_eq!(web.warnings.len(), 1, "{:?}", web.warnings);
    }

    #[test]
    fn web_file_mistakes_have_positions() {
        let text = format!(
            "tls_server_config:\n  cert_file: none.crt\n  client_auth_type: RequireSomething\n  client_allowed_sans: [x]\n  \
             min_version: TLS13\n  max_version: TLS12\n  cipher_suites: [x]\n  prefer_server_cipher_suites: false\n\
             http_server_config:\n  headers:\n    X-Powered-By: x\n    X-Frame-Options: maybe\n\
             basic_auth_users:\n  a: marked-secret-password\n  b: \"$2y$31${}\"\nrate_limit: {{ burst: 1 }}\nusers: {{}}\n",
            &HASH[7..]
        );
        let mistakes = loaded("wrong", &text).expect_err("wrong");
        for expected in [
            "f:2:3: tls_server_config.key_file: `key_file` is missing",
            "f:2:14: tls_server_config.cert_file: cannot read `",
            "f:3:21: tls_server_config.client_auth_type: `RequireSomething` is not",
            "f:4:3: tls_server_config.client_allowed_sans: this is not supported",
            "f:6:16: tls_server_config.max_version: no TLS version",
            "f:7:3: tls_server_config.cipher_suites: ",
            "f:8:32: tls_server_config.prefer_server_cipher_suites: ",
            "f:11:5: http_server_config.headers.X-Powered-By: no such header",
            "f:12:22: http_server_config.headers.X-Frame-Options: `maybe`",
            "f:14:6: basic_auth_users.a: `<secret>` is not",
            "f:15:6: basic_auth_users.b: `<secret>` is not",
            "f:16:1: rate_limit: ",
            "f:17:1: users: `users` is not a key of web configuration",
        ] {
            assert!(mistakes.contains(expected), "{expected}\n\n{mistakes}");
        }
        assert!(!mistakes.contains("marked"), "{mistakes}");
    }

    #[test]
    fn web_example_shows_every_key_and_lacks_only_its_files() {
        for key in WEB_KEYS {
            assert!(web_example().contains(&format!("{}:", key.name)), "{}", key.name);
        }
        let mistakes = loaded("example", web_example()).expect_err("its files are not there");
        assert_eq!(mistakes.lines().count(), 3, "{mistakes}");
        assert!(mistakes.lines().all(|line| line.contains("cannot read")), "{mistakes}");
    }
}
