//! Admits a request by the host it names and by the page it comes from, before anything is done for it.
//!
//! A hostile page in somebody's browser has two ways to a service without users: it sends requests to its address, or it makes a name
//! of its own lead there (DNS rebinding) and so is of the same origin as our pages. The former are refused where something happens;
//! against the latter, only names that are ours are answered. An address in a URL leads nowhere else, so addresses are admitted all.

use std::collections::BTreeSet;
use std::net::IpAddr;

use hyper::header::{HOST, HeaderName, HeaderValue, ORIGIN, REFERER};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;
use hyper::{HeaderMap, Method, StatusCode};

use super::response::{FullResponse, message};

/// The names under which this service is reached.
#[derive(Debug, Default)]
pub struct KnownHosts {
    /// Names that the user gave, in lower case.
    given: BTreeSet<String>,
    /// Names of this machine, in lower case.
    own: BTreeSet<String>,
}

impl KnownHosts {
    /// Collects the names of this machine, and those that the user gave.
    pub fn new(given: impl IntoIterator<Item = String>) -> Self {
        let machine = rustix::system::uname();
        let read = |file| std::fs::read_to_string(file).unwrap_or_default(); // without it, there are fewer names
        let own = own_names(&machine.nodename().to_string_lossy(), &read("/etc/hosts"), &read("/etc/resolv.conf"));
        Self { given: given.into_iter().map(|name| name.to_ascii_lowercase()).collect(), own }
    }

    /// Reports whether `host` is an address or one of the names.
    fn knows(&self, host: &str) -> bool {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = host.trim_end_matches('.').to_ascii_lowercase();
        // RFC 6761 section 6.3: these names lead to loopback, whatever a server says.
        let is_local = name == "localhost" || name.ends_with(".localhost");
        bare.parse::<IpAddr>().is_ok() || is_local || self.given.contains(&name) || self.own.contains(&name)
    }
}

/// Returns the names of the machine called `machine`: that name, its first label, with each domain that the resolver adds, and what
/// stands beside it in the hosts file.
fn own_names(machine: &str, hosts: &str, resolv_conf: &str) -> BTreeSet<String> {
    let machine = machine.to_ascii_lowercase();
    let first = machine.split('.').next().unwrap_or_default().to_owned();
    let lines = |text: &str| -> Vec<Vec<String>> {
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().to_ascii_lowercase());
        lines.map(|line| line.split_whitespace().map(ToOwned::to_owned).collect()).collect()
    };
    let mut names = BTreeSet::from([machine.clone(), first.clone()]);
    for words in lines(resolv_conf).iter().filter(|words| words.first().is_some_and(|word| word == "search" || word == "domain"))
    {
        names.extend(words.iter().skip(1).map(|domain| format!("{first}.{}", domain.trim_matches('.'))));
    }
    for words in lines(hosts).iter().filter(|words| words.iter().skip(1).any(|name| *name == machine || *name == first)) {
        names.extend(words.iter().skip(1).cloned());
    }
    names.remove("");
    names
}

/// Checks that a request names one host, and one of `known`, if given.
///
/// # Errors
/// The response that refuses it.
pub fn check_host(head: &Parts, known: Option<&KnownHosts>) -> Result<(), FullResponse> {
    let mut hosts = head.headers.get_all(HOST).iter();
    // RFC 9112 section 3.2: none, or several, are refused by every server.
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Err(message(StatusCode::BAD_REQUEST, "a request has exactly one header `Host`"));
    };
    let Some(host) = host.to_str().ok().and_then(host_of) else {
        return Err(message(StatusCode::BAD_REQUEST, "the header `Host` is not HOST or HOST:PORT"));
    };
    // The absolute form of a target names a host too, and a different one means mischief.
    let named = head.uri.host().map_or(host.as_str(), |host| host);
    match known {
        Some(known) if !known.knows(&host) || !known.knows(named) => Err(message(
            StatusCode::MISDIRECTED_REQUEST,
            "this service is not known by that name: start it with --web.allow-host NAME, name users in --web.config.file, or ask for \
             it by its address",
        )),
        _ => Ok(()),
    }
}

/// Returns the host of `HOST[:PORT]`.
fn host_of(text: &str) -> Option<String> {
    let authority: Authority = text.parse().ok()?;
    let port = authority.as_str().strip_prefix(authority.host())?; // what stands before the host is a user
    let is_port = port.is_empty() || authority.port_u16().is_some();
    (is_port && !authority.host().is_empty()).then(|| authority.host().to_owned())
}

/// Checks that a request for something that happens comes from a page of ours or from no page. A browser says which page it comes
/// from: `Sec-Fetch-Site` (<https://www.w3.org/TR/fetch-metadata/>) to addresses with TLS and to loopback, `Origin` (RFC 6454 section
/// 7.3) with whatever a page may not read by itself, and `Referer` (RFC 9110 section 10.1.3) with images and links, unless the page
/// forbids it. A scraper sends none of them.
///
/// # Errors
/// The response that refuses it.
pub fn check_site(method: &Method, headers: &HeaderMap, known: &KnownHosts) -> Result<(), FullResponse> {
    // An address typed in by hand comes from no page; that is no way to send a form.
    let is_ours = |site| site == "same-origin" || site == "none" && method != Method::POST;
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or_default());
    let site = text(HeaderName::from_static("sec-fetch-site"));
    let is_foreign_site = site.is_some_and(|site| !is_ours(site));
    let is_foreign_origin = text(ORIGIN).is_some_and(|origin| !is_own_origin(origin, headers, known));
    // Where the browser itself says that the page is ours, its address is that of a reverse proxy.
    let is_foreign_page = site.is_none() && text(REFERER).is_some_and(|page| !is_own_origin(origin_of(page), headers, known));
    if is_foreign_site || is_foreign_origin || is_foreign_page {
        return Err(message(
            StatusCode::FORBIDDEN,
            "this is done from our own pages or by hand, and the request comes from another page; a reverse proxy that writes another \
             `Host` is named with --web.external-url or --web.allow-host",
        ));
    }
    Ok(())
}

/// Returns scheme, host and port of a page's address.
fn origin_of(page: &str) -> &str {
    let host = page.find("://").map_or(0, |scheme| scheme + 3);
    let end = page.get(host..).and_then(|rest| rest.find(['/', '?', '#'])).map_or(page.len(), |end| host + end);
    page.get(..end).unwrap_or_default()
}

/// Reports whether `origin` is where the request goes to, or has a name that the user gave: a reverse proxy may write another `Host`.
fn is_own_origin(origin: &str, headers: &HeaderMap, known: &KnownHosts) -> bool {
    let named = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    let is_given = |named: &str| host_of(named).is_some_and(|host| known.given.contains(&host.to_ascii_lowercase()));
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    named.is_some_and(|named| Some(named) == host || is_given(named))
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn known() -> KnownHosts {
        let own = own_names(
            "Probe1",
            "127.0.0.1 localhost\n127.0.1.1 probe1.corp.example probe1 # us\n10.0.0.9 other.example\n",
            "# us\nsearch lab.example. corp.example\nnameserver 10.0.0.1\n",
        );
        KnownHosts { given: BTreeSet::from(["status.example".to_owned()]), own }
    }

    fn status(target: &str, hosts: &[&str]) -> u16 {
        let request = hosts.iter().fold(Request::get(target), |request, host| request.header(HOST, *host));
        let (head, ()) = request.body(()).expect("a request").into_parts();
        check_host(&head, Some(&known())).map_or_else(|refusal| refusal.status().as_u16(), |()| 200)
    }

    #[test]
    fn host_that_is_no_name_of_ours_is_refused() {
        for (host, expected) in [
            ("127.0.0.1:10365", 200),
            ("10.244.3.17:10365", 200),
            ("[2001:db8::7]:10365", 200),
            ("localhost", 200),
            ("m365.localhost:10365", 200),
            ("probe1:10365", 200),
            ("PROBE1.corp.example:10365", 200),
            ("probe1.lab.example.", 200),
            ("status.example", 200),
            ("probe1.evil.example", 421),
            ("evil.example:10365", 421),
            ("localhost.evil.example", 421),
            ("127.0.0.1.evil.example", 421),
            ("other.example", 421),
            ("user@localhost", 400),
            ("localhost:", 400),
            ("localhost:x", 400),
            ("a b", 400),
            ("", 400),
        ] {
            assert_eq!(status("/", &[host]), expected, "{host}");
        }
        assert_eq!(status("/", &[]), 400);
        assert_eq!(status("/", &["localhost", "localhost"]), 400);
        assert_eq!(status("http://evil.example/config", &["localhost"]), 421);
        assert_eq!(status("http://localhost:1/config", &["localhost:1"]), 200);
    }

    #[test]
    fn request_that_comes_from_another_page_is_refused() {
        for (method, fields, admitted) in [
            (Method::POST, &[("host", "h:1")][..], true),
            (Method::POST, &[("host", "h:1"), ("origin", "http://h:1")], true),
            (Method::POST, &[("host", "h:1"), ("origin", "https://h:1"), ("sec-fetch-site", "same-origin")], true),
            (Method::POST, &[("host", "127.0.0.1:1"), ("origin", "https://status.example")], true),
            (Method::POST, &[("host", "h:1"), ("origin", "http://h:2")], false),
            (Method::POST, &[("host", "h:1"), ("origin", "http://evil.example")], false),
            (Method::POST, &[("host", "h:1"), ("origin", "null")], false),
            (Method::POST, &[("origin", "http://h:1")], false),
            (Method::POST, &[("host", "h:1"), ("sec-fetch-site", "cross-site")], false),
            (Method::POST, &[("host", "h:1"), ("sec-fetch-site", "none")], false),
            (Method::GET, &[("host", "h:1"), ("sec-fetch-site", "none")], true),
            (Method::GET, &[("host", "h:1"), ("sec-fetch-site", "cross-site")], false),
            (Method::GET, &[("host", "h:1"), ("sec-fetch-site", "same-site")], false),
            (Method::POST, &[("host", "h:1"), ("origin", "http://h:1"), ("sec-fetch-site", "same-site")], false),
            (Method::GET, &[("host", "h:1"), ("origin", "http://evil.example")], false),
            (Method::GET, &[("host", "h:1"), ("referer", "http://h:1/probes?check=pop3")], true),
            (Method::GET, &[("host", "h:1"), ("referer", "https://status.example/m365/")], true),
            (Method::GET, &[("host", "h:1"), ("referer", "http://proxy.example/"), ("sec-fetch-site", "same-origin")], true),
            (Method::GET, &[("host", "h:1"), ("referer", "http://evil.example/h:1")], false),
            (Method::GET, &[("host", "h:1"), ("referer", "http://evil.example?http://h:1/")], false),
            (Method::GET, &[("host", "h:1"), ("referer", "http://h:1.evil.example/")], false),
            (Method::GET, &[("host", "h:1"), ("referer", "http://h:1@evil.example/")], false),
            (Method::GET, &[("host", "h:1"), ("referer", "http://h:2/")], false),
            (Method::GET, &[("host", "h:1"), ("referer", "about:blank")], false),
            (Method::GET, &[("host", "h:1"), ("referer", "")], false),
            (Method::GET, &[("host", "h:1"), ("user-agent", "Prometheus/3.0")], true),
        ] {
            let headers = fields.iter().map(|(name, value)| (name.parse().expect("name"), HeaderValue::from_static(value)));
            assert_eq!(check_site(&method, &headers.collect(), &known()).is_ok(), admitted, "{method} {fields:?}");
        }
    }
}
