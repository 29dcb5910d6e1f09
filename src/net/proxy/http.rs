//! An HTTP proxy: one CONNECT, RFC 9110 section 9.3.6, and its answer.

use std::io::ErrorKind;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tracing::trace;

use crate::cloud::host_port;
use crate::outcome::Fault;
use crate::reason::Reason;
use crate::secret::{Secret, Sent};
use crate::settings::Proxy;
use crate::trace::Trace;

use super::{BoxStream, unreadable};
use crate::net::words;

/// A proxy's answer to CONNECT has a few headers; more than this is no answer.
const MAX_ANSWER: usize = 16 * 1024;

/// Has `proxy` connect `stream` to `host:port`. The proxy finds the address.
///
/// # Errors
/// The `proxy_*` reasons, with the proxy's status line as evidence.
pub(super) async fn connect(
    trace: &mut Trace,
    mut stream: BoxStream,
    proxy: &Proxy,
    host: &str,
    port: u16,
) -> Result<BoxStream, Fault> {
    let target = host_port(host, port);
    trace.say(format!("CONNECT {target}"));
    let mut sent = Sent::default();
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
    stream.write_all(request.expose().as_bytes()).await.map_err(|error| unreadable(&error.to_string()))?;
    let answer = read_answer(&mut stream, &sent).await?;
    let status_line = words::printable(&sent, answer.split(|byte| *byte == b'\r' || *byte == b'\n').next().unwrap_or(&[]));
    trace!("< {status_line}");
    trace.hear(&status_line);
    judge(&status_line, &offered(&answer, &sent), proxy.login.is_some()).map(|()| stream)
}

/// The ways to log in that the answer offers: the schemes of its `Proxy-Authenticate` (RFC 9110 section 11.7.1).
fn offered(answer: &[u8], sent: &Sent) -> Vec<String> {
    const MOST: usize = 8;
    let text = String::from_utf8_lossy(answer);
    let fields = text.lines().filter_map(|line| line.split_once(':'));
    let offers = fields.filter(|(name, _)| name.trim().eq_ignore_ascii_case("proxy-authenticate")).map(|(_, offers)| offers);
    // A scheme's parameters have an equals sign, and may themselves hold commas.
    let parts = offers.flat_map(|offers| offers.split(',')).filter_map(|offer| offer.split_whitespace().next());
    let schemes = parts.filter(|scheme| !scheme.contains(['=', '"'])).map(|scheme| words::printable(sent, scheme.as_bytes()));
    schemes.take(MOST).collect()
}

/// Reads up to the empty line, byte by byte so that nothing of the tunnel is swallowed.
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
        let begun = words::printable(sent, &answer);
        return Err(unreadable(&if begun.is_empty() { problem } else { format!("{problem} after: {begun}") }));
    }
    Ok(answer)
}

/// What is no HTTP ends with its first line: a server that greets, and waits, sends no empty one.
fn is_whole(answer: &[u8]) -> bool {
    let http = answer.starts_with(b"HTTP/1.");
    let ends: &[&[u8]] = if http { &[b"\r\n\r\n", b"\n\n"] } else { &[b"\n"] };
    ends.iter().any(|end| answer.ends_with(end))
}

fn judge(status_line: &str, offered: &[String], logged_in: bool) -> Result<(), Fault> {
    let mut words = status_line.split_whitespace();
    let http = words.next().is_some_and(|version| version.starts_with("HTTP/1."));
    match words.next().and_then(|status| status.parse::<u16>().ok()).filter(|_| http) {
        Some(200..=299) => Ok(()),
        Some(407) => Err(login_wanted(status_line, offered, logged_in)),
        // Tinyproxy's answer to a wrong password.
        Some(401) if logged_in => Err(Fault::heard(Reason::ProxyAuthRefused, status_line).code("401")),
        Some(504) => Err(Fault::heard(Reason::ProxyTimedOut, status_line).code("504")),
        // It was willing, and could not: what stands behind the proxy is at fault, not its rules.
        Some(status @ 500..=599) => Err(Fault::heard(Reason::ProxyConnectFailed, status_line).code(status.to_string())),
        Some(status) => Err(Fault::heard(Reason::ProxyRefused, status_line).code(status.to_string())),
        None => Err(unreadable(status_line)),
    }
}

/// A 407: nobody logged in, the login was no good, or none that is spoken here would do.
fn login_wanted(status_line: &str, offered: &[String], logged_in: bool) -> Fault {
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
    fn every_status_has_its_reason() {
        assert!(judge("HTTP/1.1 200 Connection established", &[], false).is_ok());
        for (status_line, reason) in [
            ("HTTP/1.0 403 Forbidden", Reason::ProxyRefused),
            ("HTTP/1.1 407 Proxy Authentication Required", Reason::ProxyAuthRequired),
            ("HTTP/1.0 401 Unauthorized", Reason::ProxyRefused),
            ("HTTP/1.1 500 Unable to connect", Reason::ProxyConnectFailed), // Tinyproxy
            ("HTTP/1.1 502 Bad Gateway", Reason::ProxyConnectFailed),
            ("HTTP/1.1 503 Connect failed", Reason::ProxyConnectFailed), // Privoxy
            ("HTTP/1.1 504 Gateway Timeout", Reason::ProxyTimedOut),
            ("SSH-2.0-OpenSSH_9.2", Reason::ProxyReplyMalformed),
            ("HTTP/1.1 twenty", Reason::ProxyReplyMalformed),
            ("", Reason::ProxyReplyMalformed),
        ] {
            assert_eq!(judge(status_line, &[], false).expect_err(status_line).reason, reason, "{status_line}");
        }
    }

    /// Until when a peer is listened to that says `says` and waits; `None`: for ever.
    async fn heard(says: &str) -> Option<Result<String, Reason>> {
        let (ours, mut theirs) = tokio::io::duplex(4096);
        theirs.write_all(says.as_bytes()).await.expect("room");
        let mut ours: BoxStream = Box::new(ours);
        let sent = Sent::default();
        let answer = tokio::time::timeout(Duration::from_secs(5), read_answer(&mut ours, &sent)).await.ok()?;
        Some(answer.map(|answer| String::from_utf8_lossy(&answer).into_owned()).map_err(|fault| fault.reason))
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_greets_is_no_proxy() {
        for greeting in ["220 smtp.example ESMTP\r\n", "* OK IMAP ready\r\n", "+OK POP3 ready\r\n"] {
            assert_eq!(heard(&format!("{greeting}more")).await, Some(Ok(greeting.to_owned())));
            assert_eq!(judge(greeting.trim_end(), &[], false).expect_err(greeting).reason, Reason::ProxyReplyMalformed);
        }
        let answer = "HTTP/1.1 200 OK\r\nVia: x\r\n\r\n";
        assert_eq!(heard(&format!("{answer}+OK")).await, Some(Ok(answer.to_owned())));
        assert_eq!(heard("HTTP/1.1 200 OK\r\nVia: x\r\n").await, None);
        assert_eq!(judge("HTTP/1.0 401 Unauthorized", &[], true).expect_err("no").reason, Reason::ProxyAuthRefused);
    }

    #[test]
    fn a_407_is_told_by_what_is_offered_and_what_was_sent() {
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
            let offered = offered(answer(fields).as_bytes(), &Sent::default());
            let fault = judge("HTTP/1.1 407 No", &offered, logged_in).expect_err(fields);
            assert_eq!(fault.reason, reason, "{fields}");
        }
        let heard = offered(answer("Proxy-Authenticate: Negotiate, NTLM").as_bytes(), &Sent::default());
        assert_eq!(login_wanted("407", &heard, false).evidence.heard.as_deref(), Some("407; it offers Negotiate, NTLM"));
    }
}
