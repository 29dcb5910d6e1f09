//! What the head of an HTTP answer tells, whatever its body.

use std::time::{Duration, SystemTime};

use hyper::{HeaderMap, StatusCode};

use crate::outcome::Fault;
use crate::reason::Reason;
use crate::sanitize;

/// Status line and headers of an answer.
#[derive(Clone, Copy)]
pub struct Head<'a> {
    /// The status.
    pub status: StatusCode,
    /// The headers. They may hold cookies: never shown as a whole.
    pub headers: &'a HeaderMap,
}

impl Head<'_> {
    /// The first header of that name, on one line of at most 200 characters; `None` if absent or empty.
    pub fn header(&self, name: &str) -> Option<String> {
        let value = self.headers.get(name)?;
        Some(sanitize::one_line(&String::from_utf8_lossy(value.as_bytes()), 200)).filter(|value| !value.is_empty())
    }

    /// All headers of that name in one, as long as anything heard: for reading and for evidence. `None` if absent or empty.
    pub fn said(&self, name: &str) -> Option<String> {
        let all: Vec<_> = self.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        Some(sanitize::reply(&all.join(", "))).filter(|said| !said.is_empty())
    }

    /// The server's clock, from `Date`.
    pub fn date(&self) -> Option<SystemTime> {
        httpdate::parse_http_date(self.headers.get("date")?.to_str().ok()?).ok()
    }

    /// `Retry-After`, in seconds or as a date; a date is taken from the server's own clock.
    pub fn retry_after(&self) -> Option<Duration> {
        let value = self.headers.get("retry-after")?.to_str().ok()?.trim();
        if let Ok(seconds) = value.parse() {
            return Some(Duration::from_secs(seconds));
        }
        httpdate::parse_http_date(value).ok()?.duration_since(self.date()?).ok()
    }

    /// Whether a server of Microsoft's has left its mark. Entra's are `x-ms-…`; Exchange's front ends name themselves.
    pub fn is_from_microsoft(&self) -> bool {
        let marked = self.headers.keys().any(|name| name.as_str().starts_with("x-ms-") || MARKS.contains(&name.as_str()));
        marked || self.header("server").is_some_and(|server| server.starts_with("Microsoft-"))
    }

    /// Whether something on the way answered in Microsoft's place: with a status that only a proxy or a portal has, with a
    /// page for people, or under its own name.
    pub fn is_foreign(&self, body: &[u8]) -> bool {
        let portal =
            matches!(self.status, StatusCode::PROXY_AUTHENTICATION_REQUIRED | StatusCode::NETWORK_AUTHENTICATION_REQUIRED);
        let named = || ["server", "via"].iter().any(|name| self.header(name).is_some());
        !self.is_from_microsoft() && (portal || self.is_page(body) || named())
    }

    /// Whether the body is a page for people, as block pages and captive portals are.
    pub fn is_page(&self, body: &[u8]) -> bool {
        let start = String::from_utf8_lossy(body.get(..1000).unwrap_or(body)).to_ascii_lowercase();
        let declared = self.header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("text/html"));
        declared || ["<!doctype html", "<html"].iter().any(|opening| start.contains(opening))
    }

    /// The fault in being sent elsewhere, if this is a redirection. It is never followed: what comes next would be
    /// given our credential.
    pub fn redirected(&self) -> Option<Fault> {
        let location = self.header("location").filter(|_| self.status.is_redirection());
        // 300 and 304 send nobody anywhere.
        let sent_away = matches!(self.status.as_u16(), 301 | 302 | 303 | 307 | 308) || location.is_some();
        let elsewhere = location.as_deref().unwrap_or("nowhere");
        sent_away.then(|| Fault::heard(Reason::HttpRedirected, format!("{} to {elsewhere}", self.status)))
    }

    /// Status and body, as evidence shows them.
    pub fn shown(&self, body: &[u8]) -> String {
        let body = sanitize::reply_bytes(body);
        let wanted = self.said("proxy-authenticate").filter(|_| self.status == StatusCode::PROXY_AUTHENTICATION_REQUIRED);
        let login = wanted.map(|schemes| format!(" (it offers {schemes})")).unwrap_or_default();
        if body.is_empty() {
            format!("{}{login}", self.status)
        } else {
            sanitize::reply(&format!("{}{login}: {body}", self.status))
        }
    }
}

/// Headers that only Exchange's front ends and their load balancers set.
const MARKS: &[&str] = &[
    "x-feserver",
    "x-beserver",
    "x-targetbeserver",
    "x-calculatedbetarget",
    "x-calculatedfetarget",
    "x-diaginfo",
    "x-feproxyinfo",
    "x-nanoproxy",
    "x-ews-policy-reason",
    "x-azure-ref", // Azure Front Door
    "x-msedge-ref",
];

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| (hyper::header::HeaderName::from_static(name), value.parse().expect("a value")))
            .collect()
    }

    #[test]
    fn when_to_come_back() {
        for (lines, wait) in [
            (&[("retry-after", "60")][..], Some(60)),
            (&[("retry-after", " 5 ")], Some(5)),
            (&[("retry-after", "Mon, 23 Nov 2026 18:01:00 GMT"), ("date", "Mon, 23 Nov 2026 18:00:30 GMT")], Some(30)),
            (&[("retry-after", "Mon, 23 Nov 2026 18:01:00 GMT")], None),
            (&[("retry-after", "Mon, 23 Nov 2026 18:01:00 GMT"), ("date", "Mon, 23 Nov 2026 19:00:30 GMT")], None),
            (&[("retry-after", "-1")], None),
            (&[("retry-after", "soon")], None),
            (&[], None),
        ] {
            let headers = headers(lines);
            assert_eq!(
                Head { status: StatusCode::OK, headers: &headers }.retry_after(),
                wait.map(Duration::from_secs),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn who_answered() {
        for (lines, body, microsoft, page) in [
            (&[("x-ms-request-id", "1")][..], "{}", true, false),
            (&[("server", "Microsoft-IIS/10.0"), ("content-type", "text/html")], "", true, true),
            (&[("x-feserver", "FR0P281CA0001")], " \n<HTML><body>", true, true),
            (&[("server", "squid"), ("content-type", "Text/HTML; charset=utf-8")], "blocked", false, true),
            (&[], "<?xml version='1.0'?>\n<!DOCTYPE html>", false, true),
            (&[("server", "nginx")], "<?xml version='1.0'?><a/>", false, false),
        ] {
            let headers = headers(lines);
            let head = Head { status: StatusCode::OK, headers: &headers };
            assert_eq!((head.is_from_microsoft(), head.is_page(body.as_bytes())), (microsoft, page), "{lines:?}");
        }
    }

    #[test]
    fn what_answers_in_microsoft_s_place_is_foreign() {
        for (status, lines, body, foreign) in [
            (403, &[("server", "Zscaler/6.2")][..], "blocked", true),
            (502, &[("via", "1.1 proxy.example (squid/5.7)")], "", true),
            (511, &[], "log in", true),
            (407, &[], "", true),
            (403, &[], "<html>Blocked</html>", true),
            (403, &[], "blocked", false),
            (503, &[("server", "Microsoft-HTTPAPI/2.0"), ("via", "1.1 proxy.example")], "<html>busy</html>", false),
            (502, &[("server", "nginx"), ("x-feserver", "FR0P281CA0001")], "", false),
            (503, &[("x-azure-ref", "20261123T180000Z-1")], "<html>Our services aren't available right now</html>", false),
        ] {
            let headers = headers(lines);
            let head = Head { status: StatusCode::from_u16(status).expect("a status"), headers: &headers };
            assert_eq!(head.is_foreign(body.as_bytes()), foreign, "{status} {lines:?}");
        }
    }

    #[test]
    fn a_header_is_read_whole_or_shown_short() {
        let long = "x".repeat(300);
        let mut headers = headers(&[("www-authenticate", &long)]);
        headers.append("www-authenticate", "Bearer error=\"invalid_token\"".parse().expect("a value"));
        let head = Head { status: StatusCode::UNAUTHORIZED, headers: &headers };
        assert_eq!(head.header("WWW-Authenticate").map(|value| value.chars().count()), Some(200));
        assert!(head.said("WWW-Authenticate").is_some_and(|said| said.ends_with("xxx, Bearer error=\"invalid_token\"")));
        assert_eq!((head.header("date"), head.said("date")), (None, None));
    }

    #[test]
    fn a_407_says_which_login_is_wanted() {
        let headers = headers(&[("proxy-authenticate", "Negotiate"), ("proxy-authenticate", "NTLM")]);
        let shown = |status| Head { status, headers: &headers }.shown(b"no");
        assert_eq!(
            shown(StatusCode::PROXY_AUTHENTICATION_REQUIRED),
            "407 Proxy Authentication Required (it offers Negotiate, NTLM): no"
        );
        assert_eq!(shown(StatusCode::FORBIDDEN), "403 Forbidden: no");
    }

    #[test]
    fn a_redirection_says_where_to() {
        let headers = headers(&[("location", "https://portal.example/login")]);
        let head = Head { status: StatusCode::FOUND, headers: &headers };
        let fault = head.redirected().expect("a fault");
        assert_eq!(fault.reason, Reason::HttpRedirected);
        assert_eq!(fault.evidence.heard.as_deref(), Some("302 Found to https://portal.example/login"));
        let bare = |status| Head { status, headers: &HeaderMap::new() }.redirected().map(|fault| fault.reason);
        assert_eq!(bare(StatusCode::TEMPORARY_REDIRECT), Some(Reason::HttpRedirected));
        assert_eq!((bare(StatusCode::NOT_MODIFIED), bare(StatusCode::MULTIPLE_CHOICES)), (None, None));
    }
}
