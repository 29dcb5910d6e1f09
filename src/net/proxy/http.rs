//! HTTP proxies: one CONNECT request (RFC 9110 section 9.3.6) and its response.

use std::io::ErrorKind;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use tracing::trace;

use crate::cloud::host_port;
use crate::outcome::Fault;
use crate::reason::Reason;
use crate::secret::{Secret, Sent};
use crate::settings::Proxy;
use crate::trace::Trace;

use super::{BoxStream, malformed};

/// Bytes of the largest response to CONNECT, which has a few headers.
const MAX_ANSWER: usize = 16 * 1024;
/// Bytes of a refusal's page that are read: its text is near the beginning, perhaps after a style sheet.
const MAX_PAGE: usize = 4 * 1024;
/// The longest wait for the page, which normally comes with the head.
const PAGE_LIMIT: Duration = Duration::from_millis(300);
/// The headers in which a proxy says why it refuses, where it redirects to, when to come back, and who it is.
const REFUSAL_HEADERS: [&str; 5] = ["X-Squid-Error", "Location", "Retry-After", "Via", "Server"];

/// Has `proxy` connect `stream` to `host:port`. The proxy resolves the name.
///
/// # Errors
/// The `proxy_*` reasons, and `http_redirected` or `http_not_microsoft` for a portal, with the proxy's response as evidence.
pub(super) async fn connect(
    trace: &mut Trace,
    mut stream: BoxStream,
    proxy: &Proxy,
    host: &str,
    port: u16,
) -> Result<BoxStream, Fault> {
    let target = host_port(host, port);
    trace.record_request(format!("CONNECT {target}"));
    let mut sent = trace.secrets.clone();
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    if let Some((user, password)) = &proxy.login {
        let login = Secret::new(BASE64_STANDARD.encode(format!("{user}:{}", password.expose())));
        request.push_str("Proxy-Authorization: Basic ");
        request.push_str(login.expose());
        request.push_str("\r\n");
        sent.remember(password);
        sent.remember(&login);
    }
    request.push_str("\r\n");
    let request = Secret::new(request);
    trace!("> CONNECT {target}");
    stream.write_all(request.expose().as_bytes()).await.map_err(|error| malformed(&error.to_string()))?;
    let answer = read_answer(&mut stream, &sent).await?;
    let status_line = sent.sanitize(answer.split(|byte| *byte == b'\r' || *byte == b'\n').next().unwrap_or(&[]));
    trace!("< {status_line}");
    trace.record_reply(&status_line);
    let comes_back = header(&answer, "Retry-After").is_some();
    let judged = judge(&status_line, &offered_schemes(&answer, &sent), comes_back, proxy.login.is_some());
    let Err(mut fault) = judged else { return Ok(stream) };
    // What is no HTTP has said all that it will.
    if let (Some(heard), Some(_)) = (&mut fault.evidence.heard, &fault.evidence.code) {
        let page = read_page(&mut stream, &answer, PAGE_LIMIT.min(trace.remaining() / 2)).await;
        *heard = sent.sanitize(describe_refusal(heard, &answer, &page).as_bytes());
    }
    Err(fault)
}

/// Describes a refusal by its status line, headers and page: `503 Service Unavailable; X-Squid-Error: ERR_DNS_FAIL 0; …`.
fn describe_refusal(status_line: &str, answer: &[u8], page: &[u8]) -> String {
    let fields = REFUSAL_HEADERS.iter().filter_map(|name| Some(format!("{name}: {}", header(answer, name)?)));
    let page = Some(text_of(page)).filter(|page| !page.trim().is_empty());
    std::iter::once(status_line.to_owned()).chain(fields).chain(page).collect::<Vec<_>>().join("; ")
}

/// Returns the value of the first header of that name; `None` if absent or empty.
fn header(answer: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(answer);
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = fields.find(|(field, _)| field.trim().eq_ignore_ascii_case(name))?;
    Some(value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// Reads the body after the head, as far as it comes within `limit`.
async fn read_page(stream: &mut BoxStream, answer: &[u8], limit: Duration) -> Vec<u8> {
    let length = header(answer, "Content-Length").and_then(|length| length.parse().ok()).unwrap_or(MAX_PAGE);
    let mut page = Vec::new();
    let mut reading = stream.take(u64::try_from(length.min(MAX_PAGE)).unwrap_or_default());
    let _ = timeout(limit, reading.read_to_end(&mut page)).await; // what has come by then will do
    page
}

/// Extracts the text of an HTML page: without tags, style sheets and scripts. Anything else is returned as it is.
fn text_of(page: &[u8]) -> String {
    let page = String::from_utf8_lossy(page).into_owned();
    let lower = page.to_ascii_lowercase();
    if !lower.contains("<html") && !lower.contains("<!doctype") {
        return page;
    }
    let (mut text, mut at) = (String::new(), 0);
    while let Some(tag) = lower[at..].find('<').map(|tag| at + tag) {
        text.push_str(&page[at..tag]);
        text.push(' ');
        let closing = [("<style", "</style>"), ("<script", "</script>"), ("<!--", "-->")];
        let end = closing.iter().find(|(opening, _)| lower[tag..].starts_with(opening)).map_or(">", |(_, end)| end);
        at = lower[tag..].find(end).map_or(page.len(), |found| tag + found + end.len());
    }
    text.push_str(&page[at..]);
    text
}

/// Parses the authentication schemes that the response offers in `Proxy-Authenticate` (RFC 9110 section 11.7.1).
fn offered_schemes(answer: &[u8], sent: &Sent) -> Vec<String> {
    const MOST: usize = 8;
    let text = String::from_utf8_lossy(answer);
    let fields = text.lines().filter_map(|line| line.split_once(':'));
    let offers = fields.filter(|(name, _)| name.trim().eq_ignore_ascii_case("proxy-authenticate")).map(|(_, offers)| offers);
    // A scheme's parameters have an equals sign, and may themselves hold commas.
    let parts = offers.flat_map(|offers| offers.split(',')).filter_map(|offer| offer.split_whitespace().next());
    let schemes = parts.filter(|scheme| !scheme.contains(['=', '"'])).map(|scheme| sent.sanitize(scheme.as_bytes()));
    schemes.take(MOST).collect()
}

/// Reads up to the empty line, byte by byte so that no byte of the tunnel is lost.
async fn read_answer(stream: &mut BoxStream, sent: &Sent) -> Result<Vec<u8>, Fault> {
    let mut answer = Vec::new();
    while !is_whole(&answer) {
        let problem = match stream.read_u8().await {
            Ok(byte) if answer.len() < MAX_ANSWER => {
                answer.push(byte);
                continue;
            }
            Ok(_) => "an endless answer".to_owned(),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => "hung up".to_owned(),
            Err(error) => error.to_string(),
        };
        let begun = sent.sanitize(&answer);
        return Err(malformed(&if begun.is_empty() { problem } else { format!("{problem} after: {begun}") }));
    }
    Ok(answer)
}

/// Reports whether the response is whole. One that is not HTTP ends with its first line: a server that greets, and waits, sends
/// no empty line.
fn is_whole(answer: &[u8]) -> bool {
    let http = answer.starts_with(b"HTTP/1.");
    let ends: &[&[u8]] = if http { &[b"\r\n\r\n", b"\n\n"] } else { &[b"\n"] };
    ends.iter().any(|end| answer.ends_with(end))
}

/// Judges the status of a response. `comes_back` is set if the proxy says when to come back.
fn judge(status_line: &str, offered: &[String], comes_back: bool, logged_in: bool) -> Result<(), Fault> {
    let mut words = status_line.split_whitespace();
    let http = words.next().is_some_and(|version| version.starts_with("HTTP/1."));
    let status = words.next().and_then(|status| status.parse::<u16>().ok()).filter(|_| http);
    let Some(status) = status else { return Err(malformed(status_line)) };
    let reason = match status {
        200..=299 => return Ok(()),
        407 => return Err(login_required(status_line, offered, logged_in)),
        // Tinyproxy's answer to a wrong password.
        401 if logged_in => Reason::ProxyAuthRefused,
        504 => Reason::ProxyTimedOut,
        429 => Reason::ProxyBusy,
        503 if comes_back => Reason::ProxyBusy,
        // A portal: to log in is what a person would do.
        301 | 302 | 303 | 307 | 308 => Reason::HttpRedirected,
        511 => Reason::HttpNotMicrosoft,
        // A web server, or a proxy that does not do CONNECT: it has not so much as tried.
        400 | 404 | 405 | 501 => Reason::ProxyReplyMalformed,
        // It was willing, and could not.
        500..=599 => Reason::ProxyConnectFailed,
        _ => Reason::ProxyRefused,
    };
    // 502 and 503 are for what lies behind a proxy, 403 for its rules; of the others only the class is known.
    let unrecognized = matches!(reason, Reason::ProxyConnectFailed | Reason::ProxyRefused) && !matches!(status, 403 | 502 | 503);
    Err(Fault::heard(reason, status_line).code(status.to_string()).unrecognized(unrecognized))
}

/// Makes the fault of a 407: no login was sent, it was refused, or none of the offered schemes is supported here.
fn login_required(status_line: &str, offered: &[String], logged_in: bool) -> Fault {
    let basic = offered.is_empty() || offered.iter().any(|scheme| scheme.eq_ignore_ascii_case("basic"));
    let reason = match (basic, logged_in) {
        (false, _) => Reason::ProxyAuthUnsupported,
        (true, true) => Reason::ProxyAuthRefused,
        (true, false) => Reason::ProxyAuthRequired,
    };
    let offers = if offered.is_empty() { String::new() } else { format!("; it offers {}", offered.join(", ")) };
    Fault::heard(reason, format!("{status_line}{offers}")).code("407")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn proxy_status_has_its_reason() {
        assert!(judge("HTTP/1.1 200 Connection established", &[], false, false).is_ok());
        for (status_line, reason) in [
            ("HTTP/1.0 403 Forbidden", Reason::ProxyRefused),
            ("HTTP/1.1 407 Proxy Authentication Required", Reason::ProxyAuthRequired),
            ("HTTP/1.0 401 Unauthorized", Reason::ProxyRefused),
            ("HTTP/1.1 500 Unable to connect", Reason::ProxyConnectFailed), // Tinyproxy
            ("HTTP/1.1 502 Bad Gateway", Reason::ProxyConnectFailed),
            ("HTTP/1.1 503 Connect failed", Reason::ProxyConnectFailed), // Privoxy
            ("HTTP/1.1 504 Gateway Timeout", Reason::ProxyTimedOut),
            ("HTTP/1.1 429 Too Many Requests", Reason::ProxyBusy),
            ("HTTP/1.1 302 Found", Reason::HttpRedirected),
            ("HTTP/1.1 511 Network Authentication Required", Reason::HttpNotMicrosoft),
            ("HTTP/1.1 400 Bad Request", Reason::ProxyReplyMalformed), // nginx, HAProxy
            ("HTTP/1.1 404 Not Found", Reason::ProxyReplyMalformed),
            ("HTTP/1.1 405 Method Not Allowed", Reason::ProxyReplyMalformed), // Apache
            ("HTTP/1.1 501 Not Implemented", Reason::ProxyReplyMalformed),
            ("SSH-2.0-OpenSSH_9.2", Reason::ProxyReplyMalformed),
            ("HTTP/1.1 twenty", Reason::ProxyReplyMalformed),
            ("", Reason::ProxyReplyMalformed),
        ] {
            assert_eq!(judge(status_line, &[], false, false).expect_err(status_line).reason, reason, "{status_line}");
        }
        let later = judge("HTTP/1.1 503 Service Unavailable", &[], true, false).expect_err("no");
        assert_eq!(later.reason, Reason::ProxyBusy);
    }

    /// Returns the evidence of a refusal by a proxy that sends `answer`, whatever it is sent.
    async fn refused(answer: &str) -> Option<String> {
        let (ours, mut theirs) = tokio::io::duplex(16 * 1024);
        theirs.write_all(answer.as_bytes()).await.expect("room");
        let login = Some(("me".to_owned(), Secret::new("hunter2-and-more")));
        let proxy = Proxy { kind: crate::settings::ProxyKind::Http, host: "proxy.example".to_owned(), port: 3128, login };
        let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
        let mut trace = Trace::begin(crate::outcome::Phase::Proxy, deadline);
        let fault = connect(&mut trace, Box::new(ours), &proxy, "outlook.office365.com", 995).await.err().expect("a refusal");
        fault.evidence.heard
    }

    #[tokio::test(start_paused = true)]
    async fn proxy_refusal_is_quoted_in_the_evidence() {
        let page = "<!DOCTYPE html><html><head><style>p { color: red }</style></head>\n<body><p>Access denied by policy</p></body></html>";
        let long = "x".repeat(9000);
        for (head, page, expected) in [
            (
                "403 Forbidden\r\nX-Squid-Error: ERR_ACCESS_DENIED 0",
                page,
                "; X-Squid-Error: ERR_ACCESS_DENIED 0; Access denied by policy",
            ),
            ("503 No\r\nVia: 1.1 proxy\r\nx-squid-error: ERR_DNS_FAIL 0", "", "; X-Squid-Error: ERR_DNS_FAIL 0; Via: 1.1 proxy"),
            ("302 Found\r\nLocation: http://portal.example/", "", "; Location: http://portal.example/"),
            ("503 No\r\nContent-Length: 4", "many or more", "; many"),
            ("403 No", "no <you> with hunter2-and-more", "; no <you> with <secret>"),
            ("403 No", &long, "; xxxxx"),
        ] {
            let shown = refused(&format!("HTTP/1.1 {head}\r\n\r\n{page}")).await.expect("words");
            let status_line = head.lines().next().expect("a line");
            assert!(shown.starts_with(&format!("HTTP/1.1 {status_line}{expected}")), "{shown}");
            assert!(shown.chars().count() <= crate::sanitize::MAX_EVIDENCE && !shown.contains("hunter2"), "{shown}");
        }
    }

    /// Reads the response of a peer that sends `says` and then waits; `None` where reading does not end.
    async fn heard(says: &str) -> Option<Result<String, Reason>> {
        let (ours, mut theirs) = tokio::io::duplex(4096);
        theirs.write_all(says.as_bytes()).await.expect("room");
        let mut ours: BoxStream = Box::new(ours);
        let sent = Sent::default();
        let answer = timeout(Duration::from_secs(5), read_answer(&mut ours, &sent)).await.ok()?;
        Some(answer.map(|answer| String::from_utf8_lossy(&answer).into_owned()).map_err(|fault| fault.reason))
    }

    #[tokio::test(start_paused = true)]
    async fn proxy_that_greets_is_no_http_proxy() {
        for greeting in ["220 smtp.example ESMTP\r\n", "* OK IMAP ready\r\n", "+OK POP3 ready\r\n"] {
            assert_eq!(heard(&format!("{greeting}more")).await, Some(Ok(greeting.to_owned())));
            assert_eq!(judge(greeting.trim_end(), &[], false, false).expect_err(greeting).reason, Reason::ProxyReplyMalformed);
        }
        let answer = "HTTP/1.1 200 OK\r\nVia: x\r\n\r\n";
        assert_eq!(heard(&format!("{answer}+OK")).await, Some(Ok(answer.to_owned())));
        assert_eq!(heard("HTTP/1.1 200 OK\r\nVia: x\r\n").await, None);
        assert_eq!(judge("HTTP/1.0 401 Unauthorized", &[], false, true).expect_err("no").reason, Reason::ProxyAuthRefused);
    }

    #[test]
    fn proxy_407_has_its_reason_by_what_is_offered_and_what_was_sent() {
        let answer = |fields: &str| format!("HTTP/1.1 407 Proxy Authentication Required\r\n{fields}\r\n\r\n");
        for (fields, logged_in, reason) in [
            ("Proxy-Authenticate: Basic realm=\"a, b\"", false, Reason::ProxyAuthRequired),
            ("Proxy-Authenticate: Basic realm=\"squid\"", true, Reason::ProxyAuthRefused),
            ("proxy-authenticate: Negotiate\r\nPROXY-AUTHENTICATE: NTLM", false, Reason::ProxyAuthUnsupported),
            ("Proxy-Authenticate: Negotiate, NTLM", true, Reason::ProxyAuthUnsupported),
            ("Proxy-Authenticate: Negotiate, basic realm=x", true, Reason::ProxyAuthRefused),
            ("Server: odd", false, Reason::ProxyAuthRequired),
            ("Server: odd", true, Reason::ProxyAuthRefused),
        ] {
            let offered = offered_schemes(answer(fields).as_bytes(), &Sent::default());
            let fault = judge("HTTP/1.1 407 No", &offered, false, logged_in).expect_err(fields);
            assert_eq!(fault.reason, reason, "{fields}");
        }
        let heard = offered_schemes(answer("Proxy-Authenticate: Negotiate, NTLM").as_bytes(), &Sent::default());
        assert_eq!(login_required("407", &heard, false).evidence.heard.as_deref(), Some("407; it offers Negotiate, NTLM"));
    }
}
