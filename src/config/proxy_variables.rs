//! The environment variables about proxies, read as curl reads them.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::secret::Secret;
use crate::settings::{Proxy, ProxyKind};

use super::reader::Reader;
use super::system::System;
use super::url::Url;

/// Variables with the proxy, in curl's order (<https://curl.se/docs/manpage.html>, "ENVIRONMENT").
const PROXY: [&str; 2] = ["https_proxy", "HTTPS_PROXY"];
const NO_PROXY: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// Returns the proxy of `https_proxy` or `HTTPS_PROXY`. A proxy that cannot be used is a mistake: without it, another path than
/// the application's would be measured.
pub(super) fn proxy(reader: &mut Reader<'_>) -> Option<Proxy> {
    let (name, text) = first(reader.system, PROXY)?;
    let proxy = parse(&text);
    if proxy.is_none() {
        // The value may hold a password.
        let message =
            "its value is not a proxy; http://[USER:PASSWORD@]HOST[:PORT] or socks5h://… is, or set `proxy` under `network`";
        reader.mistake(None, &format!("the variable {name}"), message);
    }
    proxy
}

/// Returns the name of the variable that is set.
pub(super) fn name(system: &dyn System) -> Option<&'static str> {
    first(system, PROXY).map(|(name, _)| name)
}

/// Returns the hosts and domains reached without the proxy, in lower case. Programs differ in what stands between them: a comma or
/// white space, and for Java `|`, for Windows `;`.
pub(super) fn no_proxy(system: &dyn System) -> Vec<String> {
    let Some((_, text)) = first(system, NO_PROXY) else { return Vec::new() };
    let hosts = text.split(|c: char| ",;|".contains(c) || c.is_whitespace());
    hosts.filter(|host| !host.is_empty()).map(str::to_ascii_lowercase).collect()
}

fn first(system: &dyn System, names: [&'static str; 2]) -> Option<(&'static str, String)> {
    let set = |name: &'static str| system.variable(name).map(|text| (name, text.trim().to_owned()));
    names.into_iter().filter_map(set).find(|(_, text)| !text.is_empty())
}

fn parse(text: &str) -> Option<Proxy> {
    let (kind, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (ProxyKind::from_scheme(scheme)?, rest),
        None => (ProxyKind::Http, text),
    };
    let (login, server) = rest.rsplit_once('@').map_or((None, rest), |(login, server)| (Some(login), server));
    let url = Url::parse(&format!("http://{server}"))?;
    let login = match login {
        Some(login) => {
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            Some((percent_decode(user)?, Secret::new(percent_decode(password)?)))
        }
        None => None,
    };
    // Without a port curl takes 1080.
    Some(Proxy { kind, host: url.host, port: url.port.unwrap_or(1080), login })
}

/// Decodes percent-encoding; `None` where a `%` is not followed by two hexadecimal digits, or the result is not UTF-8.
fn percent_decode(text: &str) -> Option<String> {
    let is_byte = |rest: &str| rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    let well_formed = text.split('%').skip(1).all(is_byte);
    percent_decode_str(text).decode_utf8().ok().filter(|_| well_formed).map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxy_variable_is_read_as_curl_reads_it() {
        for (text, kind) in [
            ("http://proxy.example:1", ProxyKind::Http),
            ("proxy.example:1", ProxyKind::Http),
            ("socks5://proxy.example:1", ProxyKind::Socks5),
            ("SOCKS5H://me:secret@proxy.example:1", ProxyKind::Socks5h),
        ] {
            assert_eq!(parse(text).expect(text).kind, kind, "{text}");
        }
        for (text, host, port, user) in [
            ("http://proxy.example:3128", "proxy.example", 3128, None),
            ("http://proxy.example:3128/", "proxy.example", 3128, None),
            ("proxy.example:3128", "proxy.example", 3128, None),
            ("HTTP://proxy.example", "proxy.example", 1080, None),
            ("http://[::1]:8080", "::1", 8080, None),
            ("http://me:p%40ss@proxy.example:80", "proxy.example", 80, Some(("me", "p@ss"))),
            ("http://me@proxy.example:80", "proxy.example", 80, Some(("me", ""))),
        ] {
            let proxy = parse(text).expect(text);
            assert_eq!((proxy.host.as_str(), proxy.port), (host, port), "{text}");
            let login = proxy.login.as_ref().map(|(name, password)| (name.as_str(), password.expose()));
            assert_eq!(login, user, "{text}");
        }
        for text in
            ["socks4://proxy.example:1080", "https://proxy.example", "http://", "http://a b", "http://x:%zz@h", "http://x:%f"]
        {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
