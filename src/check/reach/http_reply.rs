//! Judges the reply to a harmless request: Microsoft's, or that of a device on the way.

use hyper::StatusCode;

use crate::outcome::Fault;
use crate::reason::Reason;
use crate::wire::http::ResponseHead;

use super::endpoint::Endpoint;

/// Judges the reply to a harmless request to `at`. Any status will do: only its sender matters.
///
/// # Errors
/// `http_redirected`: to another host, by nobody of Microsoft's; `http_not_microsoft`: a block page, a portal, or no mark
/// of Microsoft's where one must be.
pub fn judge(head: ResponseHead<'_>, body: &[u8], at: &Endpoint) -> Result<(), Fault> {
    if head.is_from_microsoft() {
        return Ok(());
    }
    if head.header("location").is_some_and(|location| leads_away(&location, &at.host))
        && let Some(fault) = head.redirect_fault()
    {
        return Err(fault.code(head.status.as_str()));
    }
    // A laboratory's server leaves no mark, and may well have nothing at this path and say so on a page.
    let portal = matches!(head.status, StatusCode::PROXY_AUTHENTICATION_REQUIRED | StatusCode::NETWORK_AUTHENTICATION_REQUIRED);
    let block_page = head.status != StatusCode::NOT_FOUND && head.is_html(body);
    if at.marked || portal || block_page {
        return Err(Fault::heard(Reason::HttpNotMicrosoft, head.describe(body)).code(head.status.as_str()));
    }
    Ok(())
}

/// Tells whether `location` is a URL of another host than `host`.
fn leads_away(location: &str, host: &str) -> bool {
    let Some((_, rest)) = location.split_once("//") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let name = authority.rsplit('@').next().unwrap_or_default();
    let name = match name.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => name.split(':').next().unwrap_or_default(),
    };
    !name.eq_ignore_ascii_case(host)
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;

    use super::*;
    use crate::cloud::Cloud;

    #[test]
    fn judge_of_http_replies_tells_microsoft_from_block_pages_and_redirects() {
        const PAGE: &[u8] = b"<!DOCTYPE html><title>Blocked</title>";
        let microsoft = &Cloud::built_in("global").expect("built in");
        let lab = &Cloud { name: "lab".to_owned(), ..microsoft.clone() };
        for (cloud, status, header, body, expected) in [
            (microsoft, 302, ("x-ms-request-id", "1"), &b""[..], None),
            (microsoft, 401, ("x-feserver", "FR0P281CA0001"), b"", None),
            (microsoft, 503, ("x-feserver", "FR0P281CA0001"), PAGE, None),
            (microsoft, 403, ("content-type", "text/html"), PAGE, Some(Reason::HttpNotMicrosoft)),
            (microsoft, 200, ("content-type", "text/plain"), b"blocked by policy", Some(Reason::HttpNotMicrosoft)),
            (microsoft, 302, ("location", "https://portal.example/?u=login"), b"", Some(Reason::HttpRedirected)),
            (microsoft, 302, ("location", "/elsewhere"), b"", Some(Reason::HttpNotMicrosoft)),
            (lab, 200, ("content-type", "application/json"), b"{}", None),
            (lab, 404, ("content-type", "text/html"), PAGE, None),
            (lab, 403, ("content-type", "text/plain"), PAGE, Some(Reason::HttpNotMicrosoft)),
            (lab, 511, ("content-type", "text/plain"), b"log in", Some(Reason::HttpNotMicrosoft)),
            (lab, 302, ("location", "//portal.example"), b"", Some(Reason::HttpRedirected)),
            (lab, 301, ("location", "https://LOGIN.microsoftonline.com:443/x"), b"", None),
        ] {
            let headers: HeaderMap =
                [(header.0.parse().expect("a name"), header.1.parse().expect("a value"))].into_iter().collect();
            let head = ResponseHead { status: StatusCode::from_u16(status).expect("a status"), headers: &headers };
            let at = super::super::endpoint::all(cloud, true).remove(0);
            let judged = judge(head, body, &at).err().map(|fault| fault.reason);
            assert_eq!(judged, expected, "{} {status} {header:?}", cloud.name);
        }
    }

    #[test]
    fn leads_away_for_locations_with_another_host_only() {
        for (location, away) in [
            ("/path", false),
            ("path?to=//elsewhere", true), // odd enough to be reported
            ("https://h.example", false),
            ("https://user@H.example:8443/x", false),
            ("https://h.example.evil.example/", true),
            ("http://[::1]/", true),
            ("", false),
        ] {
            assert_eq!(leads_away(location, "h.example"), away, "{location}");
        }
        assert!(!leads_away("https://[::1]:8443/", "::1"));
    }
}
