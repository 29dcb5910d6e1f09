//! Parses the URLs of a cloud's servers and of the proxy.

use std::net::Ipv6Addr;

use hyper::http::uri::Authority;

use crate::cloud::{EWS_PATH, HttpsEndpoint, MailEndpoint, Security};
use crate::settings::ProxyKind;

use super::quoted::may_be_secret;
use super::syntax::is_host_name;
use super::value::{Format, Value};

/// The parts of a URL. It has no user and no query: neither has a meaning here, and a user comes with a password.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Url {
    pub scheme: String,
    /// DNS name or IP address, without brackets, in lower case.
    pub host: String,
    pub port: Option<u16>,
    /// The path with its leading slash, or empty.
    pub path: String,
}

impl Url {
    /// Parses `scheme://host[:port][/path]`; `None` for anything else. The `url` crate is of no use here: it mends what is to
    /// be refused (`https:host`, `https://grüße.example`, `https://host:`), and takes `pop3s://` for an opaque name.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let authority: Authority = authority.parse().ok()?;
        // What stands before the host is a user.
        let port = match authority.as_str().strip_prefix(authority.host())? {
            "" => None,
            _ => Some(authority.port_u16().filter(|port| *port != 0)?),
        };
        let is_clean = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'?' && byte != b'#');
        let host = host(authority.host()).filter(|_| is_clean)?;
        Some(Self { scheme: scheme.to_owned(), host, port, path: path.to_owned() })
    }

    /// Reports whether the path is absent or `/`.
    fn is_bare(&self) -> bool {
        matches!(self.path.as_str(), "" | "/")
    }
}

/// Returns a DNS name or an IPv6 address in lower case, the latter without its brackets; `None` for anything else.
fn host(text: &str) -> Option<String> {
    let address = text.strip_prefix('[').map(|rest| rest.trim_end_matches(']'));
    let is_known = address.map_or_else(|| is_host_name(text), |address| address.parse::<Ipv6Addr>().is_ok());
    is_known.then(|| address.unwrap_or(text).to_ascii_lowercase())
}

const HTTPS: &str = "^https://[^/?#@ ]+(/[^?# ]*)?$";

/// The URL of an HTTPS server without a path: its paths are the protocol's.
pub(super) struct ServerUrl(pub HttpsEndpoint);

impl Value for ServerUrl {
    const FORMAT: Format = Format::new("the URL of an HTTPS server", "https://HOST[:PORT]", "^https://[^/?#@ ]+/?$");

    fn parse(text: &str) -> Result<Self, String> {
        let url = https(text)?;
        if !url.is_bare() {
            return Err("leave out the path".to_owned());
        }
        Ok(Self(HttpsEndpoint { host: url.host, port: url.port.unwrap_or(443), path: String::new() }))
    }
}

/// The URL of Exchange Web Services.
pub(super) struct EwsUrl(pub HttpsEndpoint);

impl Value for EwsUrl {
    const FORMAT: Format = Format::new("the URL of Exchange Web Services", "https://HOST[:PORT][/PATH]", HTTPS);

    fn parse(text: &str) -> Result<Self, String> {
        let url = https(text)?;
        let path = if url.is_bare() { EWS_PATH.to_owned() } else { url.path };
        Ok(Self(HttpsEndpoint { host: url.host, port: url.port.unwrap_or(443), path }))
    }
}

fn https(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok_or_else(|| scheme_missing(text, "https"))?;
    if url.scheme == "https" { Ok(url) } else { Err(String::new()) }
}

/// Returns the question whether `scheme` is missing, for `host:port`, which people write first; otherwise an empty hint.
fn scheme_missing(text: &str, scheme: &str) -> String {
    let guess = format!("{scheme}://{text}");
    if !text.contains("://") && !may_be_secret(text) && Url::parse(&guess).is_some() {
        format!("did you mean `{guess}`?")
    } else {
        String::new()
    }
}

/// Declares the mail servers' URLs: schemes with TLS from the first byte and with an upgrade, and their ports.
macro_rules! mail_urls {
    ($( $(#[$doc:meta])* $name:ident: $what:literal, $implicit:literal $tls_port:literal, $upgrade:literal $plain_port:literal; )*) => { $(
        $(#[$doc])*
        pub(super) struct $name(pub MailEndpoint);

        impl Value for $name {
            const FORMAT: Format = Format::new(
                $what,
                concat!($implicit, "://HOST[:PORT] (TLS from the start) or ", $upgrade, "://HOST[:PORT] (upgraded)"),
                concat!("^(", $implicit, "|", $upgrade, ")://[^/?#@ ]+/?$"),
            );

            fn parse(text: &str) -> Result<Self, String> {
                let url = Url::parse(text).ok_or_else(|| scheme_missing(text, $implicit))?;
                let (security, port) = match url.scheme.as_str() {
                    $implicit => (Security::Implicit, $tls_port),
                    $upgrade => (Security::Upgrade, $plain_port),
                    _ => return Err(String::new()),
                };
                if !url.is_bare() {
                    return Err("leave out the path".to_owned());
                }
                Ok(Self(MailEndpoint { host: url.host, port: url.port.unwrap_or(port), security }))
            }
        }
    )* };
}

// RFC 8314 section 3 and the protocols' own ports.
mail_urls! {
    /// The URL of a POP3 server.
    Pop3Url: "the URL of a POP3 server", "pop3s" 995, "pop3" 110;
    /// The URL of an IMAP server.
    ImapUrl: "the URL of an IMAP server", "imaps" 993, "imap" 143;
    /// The URL of a submission server, not of transport: port 587, never 25.
    SmtpUrl: "the URL of an SMTP server", "smtps" 465, "smtp" 587;
}

/// A proxy, or none at all.
pub(super) enum ProxyUrl {
    None,
    At(ProxyKind, String, u16),
}

impl Value for ProxyUrl {
    const FORMAT: Format = Format::new(
        "a proxy",
        "http://HOST:PORT, socks5://HOST:PORT, socks5h://HOST:PORT (it finds the addresses), or none",
        "^(none|(http|socks5h?)://[^/?#@ ]+:[0-9]+/?)$",
    );

    fn parse(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self::None);
        }
        if text.contains('@') {
            return Err("user and password go into `proxy_user` and `proxy_password_file`".to_owned());
        }
        let url = Url::parse(text).ok_or_else(|| scheme_missing(text, "http"))?;
        match (ProxyKind::from_scheme(&url.scheme), url.port) {
            (Some(kind), Some(port)) if url.is_bare() => Ok(Self::At(kind, url.host, port)),
            (Some(_), None) => Err("the port is missing".to_owned()),
            _ => Err(String::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_parse_gives_host_port_path_or_refuses() {
        let url = |text: &str| Url::parse(text).map(|url| (url.host, url.port, url.path));
        for (text, parts) in [
            ("https://Example.COM", Some(("example.com", None, ""))),
            ("https://example.com:8443/a/b", Some(("example.com", Some(8443), "/a/b"))),
            ("https://[::1]:8443/", Some(("::1", Some(8443), "/"))),
            ("https://[::1]", Some(("::1", None, ""))),
            ("https://127.0.0.1:1", Some(("127.0.0.1", Some(1), ""))),
            ("https://user:password@example.com", None),
            ("https://example.com?q", None),
            ("https://example.com/?q", None),
            ("https://example.com:0", None),
            ("https://example.com:70000", None),
            ("https://example.com:", None),
            ("https://", None),
            ("https://[::1", None),
            ("https://[::1]x", None),
            ("https://[::1", None),
            ("https://[1.2.3.4]", None),
            ("https://::1", None),
            ("https://a:1:2", None),
            ("https://a%20b", None),
            ("https://user@host:1", None),
            ("https:example.com", None),
            ("https://exa mple.com", None),
            ("https://grüße.example", None),
            ("example.com", None),
            ("", None),
        ] {
            assert_eq!(url(text), parts.map(|(host, port, path)| (host.to_owned(), port, path.to_owned())), "{text}");
        }
    }

    #[test]
    fn smtp_url_scheme_gives_port_and_security() {
        for (text, port, security) in [
            ("smtp://h", 587, Security::Upgrade),
            ("smtps://h", 465, Security::Implicit),
            ("smtp://H:25/", 25, Security::Upgrade),
        ] {
            let read = SmtpUrl::parse(text).map(|url| url.0);
            assert_eq!(read, Ok(MailEndpoint { host: "h".into(), port, security }), "{text}");
        }
        assert_eq!(SmtpUrl::parse("h:587").map(|url| url.0), Err("did you mean `smtps://h:587`?".to_owned()));
    }
}
