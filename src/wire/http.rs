//! The head of an HTTP response: its sender, the target of a redirect and the back-off, whatever its body.

use std::time::{Duration, SystemTime};

use hyper::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use crate::outcome::{Fault, SupportId};
use crate::reason::Reason;
use crate::sanitize;

/// The status line and headers of a response.
#[derive(Clone, Copy)]
pub struct ResponseHead<'a> {
    /// The status code, from 100 to 999.
    pub status: StatusCode,
    /// The headers. They may hold cookies, so they are never shown as a whole.
    pub headers: &'a HeaderMap,
}

impl ResponseHead<'_> {
    /// Returns the first header of that name, on one line of at most 200 characters; `None` if absent or empty.
    pub fn header(&self, name: &str) -> Option<String> {
        let value = self.headers.get(name)?;
        Some(sanitize::one_line(&String::from_utf8_lossy(value.as_bytes()), 200)).filter(|value| !value.is_empty())
    }

    /// Returns all headers of that name, joined by commas, on one line of at most [`sanitize::MAX_REPLY`] characters; `None` if
    /// absent or empty.
    pub fn joined_headers(&self, name: &str) -> Option<String> {
        let all: Vec<_> = self.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        Some(sanitize::reply(&all.join(", "))).filter(|joined| !joined.is_empty())
    }

    /// Parses the server's time, from `Date`.
    pub fn date(&self) -> Option<SystemTime> {
        httpdate::parse_http_date(self.headers.get("date")?.to_str().ok()?).ok()
    }

    /// Returns the server's time less `ours`, in seconds. `Date` is cut to whole seconds: on average the truth is half a second later.
    pub fn clock_skew(&self, ours: SystemTime) -> Option<f64> {
        let cut = match self.date()?.duration_since(ours) {
            Ok(ahead) => ahead.as_secs_f64(),
            Err(late) => -late.duration().as_secs_f64(),
        };
        Some(cut + 0.5)
    }

    /// Parses the time to wait by `Retry-After` (RFC 9110, 10.2.3), in seconds or as a date; a date is compared with the server's
    /// own `Date`.
    pub fn retry_after(&self) -> Option<Duration> {
        let value = self.headers.get("retry-after")?.to_str().ok()?.trim();
        if let Ok(seconds) = value.parse() {
            return Some(Duration::from_secs(seconds));
        }
        httpdate::parse_http_date(value).ok()?.duration_since(self.date()?).ok()
    }

    /// Reports whether the headers are those of a Microsoft server: `x-ms-…` from Entra, the names of front ends from Exchange.
    pub fn is_from_microsoft(&self) -> bool {
        let has_header =
            self.headers.keys().any(|name| name.as_str().starts_with("x-ms-") || EXCHANGE_HEADERS.contains(&name.as_str()));
        has_header || self.header("server").is_some_and(|server| server.starts_with("Microsoft-"))
    }

    /// Reports whether a proxy, a portal or another device answered in Microsoft's place: with a status that only those use or
    /// that nobody has registered, with an HTML page, or under its own name.
    pub fn is_from_intermediary(&self, body: &[u8]) -> bool {
        let portal =
            matches!(self.status, StatusCode::PROXY_AUTHENTICATION_REQUIRED | StatusCode::NETWORK_AUTHENTICATION_REQUIRED);
        let names_itself = || ["server", "via"].iter().any(|name| self.header(name).is_some());
        let unregistered = self.status.canonical_reason().is_none() && !MICROSOFT_S_OWN.contains(&self.status.as_u16());
        !self.is_from_microsoft() && (portal || unregistered || self.is_html(body) || names_itself())
    }

    /// Reports whether another than Microsoft seems to have answered: in plain text, and without a header of Microsoft's.
    pub fn seems_from_intermediary(&self, body: &[u8]) -> bool {
        let plain = self.header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().starts_with("text/plain"));
        plain && !body.is_empty() && !self.is_from_microsoft()
    }

    /// Reports whether the body is HTML, as block pages and captive portals are.
    pub fn is_html(&self, body: &[u8]) -> bool {
        let start = String::from_utf8_lossy(body.get(..1000).unwrap_or(body)).to_ascii_lowercase();
        let declared = self.header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("text/html"));
        declared || ["<!doctype html", "<html"].iter().any(|opening| start.contains(opening))
    }

    /// Returns the fault `http_redirected` if this is a redirect. It is never followed: the next server would be given our
    /// credential.
    pub fn redirect_fault(&self) -> Option<Fault> {
        let location = self.header("location").filter(|_| self.status.is_redirection());
        // 300 and 304 need no `Location` and are no redirects.
        let is_redirect = matches!(self.status.as_u16(), 301 | 302 | 303 | 307 | 308) || location.is_some();
        let target = location.as_deref().unwrap_or("nowhere");
        is_redirect.then(|| Fault::heard(Reason::HttpRedirected, format!("{} to {target}", self.status)))
    }

    /// Returns the fault `conditional_access_blocked` of a claims challenge: Conditional Access accepts the token no more.
    /// <https://learn.microsoft.com/en-us/entra/identity-platform/claims-challenge>
    pub fn claims_challenge(&self) -> Option<Fault> {
        let value = self.joined_headers("www-authenticate")?;
        value.contains("insufficient_claims").then(|| Fault::heard(Reason::ConditionalAccessBlocked, value))
    }

    /// Returns the headers in `names` that are there, each under the name that evidence gives it.
    pub fn support_ids(&self, names: &[(&str, SupportId)]) -> Vec<(SupportId, String)> {
        names.iter().filter_map(|(header, id)| Some((*id, self.header(header)?))).collect()
    }

    /// Describes status and body as evidence, on one line of at most [`sanitize::MAX_REPLY`] characters.
    pub fn describe(&self, body: &[u8]) -> String {
        let body = sanitize::reply_bytes(body);
        let offered =
            self.joined_headers("proxy-authenticate").filter(|_| self.status == StatusCode::PROXY_AUTHENTICATION_REQUIRED);
        let login = offered.map(|schemes| format!(" (it offers {schemes})")).unwrap_or_default();
        if body.is_empty() {
            format!("{}{login}", self.status)
        } else {
            sanitize::reply(&format!("{}{login}: {body}", self.status))
        }
    }
}

/// Statuses that are registered nowhere and that Exchange sends: login time-out, retry with, account locked.
const MICROSOFT_S_OWN: &[u16] = &[440, 449, 456];

/// Returns the reason that a status gives by itself, about Microsoft's service and not about the request; `None` for all others,
/// of which a parser knows no more than the class.
pub fn reason_for_status(status: StatusCode) -> Option<Reason> {
    match status {
        StatusCode::TOO_MANY_REQUESTS => Some(Reason::Throttled),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT | StatusCode::REQUEST_TIMEOUT => {
            Some(Reason::ServerUnavailable)
        }
        _ => None,
    }
}

/// Parses the JSON in a body, which may begin with a byte order mark; `None` for anything else.
pub fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(without_byte_order_mark(body)).ok()
}

/// Strips the byte order mark of UTF-8 that some gateways put before JSON.
pub fn without_byte_order_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// Headers that only Exchange's front ends and their load balancers set.
/// <https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/instrumenting-client-requests-for-ews-and-rest-in-exchange>
const EXCHANGE_HEADERS: &[&str] = &[
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
    fn parse_json_ignores_a_byte_order_mark() {
        assert_eq!(parse_json::<Vec<u8>>(b"\xef\xbb\xbf[1]"), Some(vec![1]));
        assert_eq!(parse_json::<Vec<u8>>(b"[1]"), Some(vec![1]));
        assert_eq!(parse_json::<Vec<u8>>(b"\xef\xbb[1]"), None);
    }

    #[test]
    fn clock_skew_is_server_time_less_ours() {
        let ours = SystemTime::UNIX_EPOCH + Duration::from_millis(1_790_000_000_500);
        for (theirs, expected) in [(1_790_000_000, 0.0), (1_790_000_060, 60.0), (1_789_999_940, -60.0)] {
            let date = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(theirs));
            let headers = headers(&[("date", &date)]);
            let skew = ResponseHead { status: StatusCode::OK, headers: &headers }.clock_skew(ours).expect("a skew");
            assert!((skew - expected).abs() < 1e-6, "{expected}");
        }
    }

    #[test]
    fn retry_after_as_seconds_and_as_date() {
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
                ResponseHead { status: StatusCode::OK, headers: &headers }.retry_after(),
                wait.map(Duration::from_secs),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn is_from_microsoft_by_headers_and_is_html_by_content() {
        for (lines, body, microsoft, page) in [
            (&[("x-ms-request-id", "1")][..], "{}", true, false),
            (&[("server", "Microsoft-IIS/10.0"), ("content-type", "text/html")], "", true, true),
            (&[("x-feserver", "FR0P281CA0001")], " \n<HTML><body>", true, true),
            (&[("server", "squid"), ("content-type", "Text/HTML; charset=utf-8")], "blocked", false, true),
            (&[], "<?xml version='1.0'?>\n<!DOCTYPE html>", false, true),
            (&[("server", "nginx")], "<?xml version='1.0'?><a/>", false, false),
        ] {
            let headers = headers(lines);
            let head = ResponseHead { status: StatusCode::OK, headers: &headers };
            assert_eq!((head.is_from_microsoft(), head.is_html(body.as_bytes())), (microsoft, page), "{lines:?}");
        }
    }

    #[test]
    fn is_from_intermediary_by_status_server_and_body() {
        for (status, lines, body, intermediary) in [
            (403, &[("server", "Zscaler/6.2")][..], "blocked", true),
            (502, &[("via", "1.1 proxy.example (squid/5.7)")], "", true),
            (511, &[], "log in", true),
            (407, &[], "", true),
            (403, &[], "<html>Blocked</html>", true),
            (403, &[], "blocked", false),
            (470, &[("content-type", "text/plain")], "Action: Deny", true),
            (599, &[], "", true),
            (440, &[], "", false),
            (449, &[], "", false),
            (456, &[], "", false),
            (470, &[("x-feserver", "FR0P281CA0001")], "", false),
            (503, &[("server", "Microsoft-HTTPAPI/2.0"), ("via", "1.1 proxy.example")], "<html>busy</html>", false),
            (502, &[("server", "nginx"), ("x-feserver", "FR0P281CA0001")], "", false),
            (503, &[("x-azure-ref", "20261123T180000Z-1")], "<html>Our services aren't available right now</html>", false),
        ] {
            let headers = headers(lines);
            let head = ResponseHead { status: StatusCode::from_u16(status).expect("a status"), headers: &headers };
            assert_eq!(head.is_from_intermediary(body.as_bytes()), intermediary, "{status} {lines:?}");
        }
    }

    #[test]
    fn seems_from_intermediary_by_plain_text_without_microsofts_headers() {
        for (lines, body, intermediary) in [
            (&[("content-type", "text/plain; charset=utf-8")][..], "Action: Deny", true),
            (&[("content-type", "text/plain")], "", false),
            (&[("content-type", "text/plain"), ("x-feserver", "FR0P281CA0001")], "busy", false),
            (&[("content-type", "text/xml")], "<s:Envelope/>", false),
            (&[], "busy", false),
        ] {
            let headers = headers(lines);
            let head = ResponseHead { status: StatusCode::FORBIDDEN, headers: &headers };
            assert_eq!(head.seems_from_intermediary(body.as_bytes()), intermediary, "{lines:?} {body}");
        }
    }

    #[test]
    fn joined_headers_are_whole_and_header_is_short() {
        let long = "x".repeat(300);
        let mut headers = headers(&[("www-authenticate", &long)]);
        headers.append("www-authenticate", "Bearer error=\"invalid_token\"".parse().expect("a value"));
        let head = ResponseHead { status: StatusCode::UNAUTHORIZED, headers: &headers };
        assert_eq!(head.header("WWW-Authenticate").map(|value| value.chars().count()), Some(200));
        assert!(
            head.joined_headers("WWW-Authenticate").is_some_and(|joined| joined.ends_with("xxx, Bearer error=\"invalid_token\""))
        );
        assert_eq!((head.header("date"), head.joined_headers("date")), (None, None));
    }

    #[test]
    fn describe_of_a_407_names_the_offered_schemes() {
        let headers = headers(&[("proxy-authenticate", "Negotiate"), ("proxy-authenticate", "NTLM")]);
        let describe = |status| ResponseHead { status, headers: &headers }.describe(b"no");
        assert_eq!(
            describe(StatusCode::PROXY_AUTHENTICATION_REQUIRED),
            "407 Proxy Authentication Required (it offers Negotiate, NTLM): no"
        );
        assert_eq!(describe(StatusCode::FORBIDDEN), "403 Forbidden: no");
    }

    #[test]
    fn redirect_fault_names_the_target() {
        let headers = headers(&[("location", "https://portal.example/login")]);
        let head = ResponseHead { status: StatusCode::FOUND, headers: &headers };
        let fault = head.redirect_fault().expect("a fault");
        assert_eq!(fault.reason, Reason::HttpRedirected);
        assert_eq!(fault.evidence.heard.as_deref(), Some("302 Found to https://portal.example/login"));
        let bare = |status| ResponseHead { status, headers: &HeaderMap::new() }.redirect_fault().map(|fault| fault.reason);
        assert_eq!(bare(StatusCode::TEMPORARY_REDIRECT), Some(Reason::HttpRedirected));
        assert_eq!((bare(StatusCode::NOT_MODIFIED), bare(StatusCode::MULTIPLE_CHOICES)), (None, None));
    }
}
