//! Asking an HTTP proxy to connect further: one CONNECT, RFC 9110 section 9.3.6.

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

use super::{BoxStream, words};

/// A proxy's answer to CONNECT has a few headers; more than this is no answer.
const MAX_ANSWER: usize = 16 * 1024;

/// Whether `host` is reached without the proxy: `NO_PROXY`'s rules as curl has them (exact name, domain suffix, `*`).
pub fn bypassed(no_proxy: &[String], host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    no_proxy.iter().any(|entry| {
        let domain = entry.trim_start_matches('.').to_ascii_lowercase();
        entry == "*" || host == domain || (!domain.is_empty() && host.ends_with(&format!(".{domain}")))
    })
}

/// Has `proxy` connect `stream` to `host:port`. The proxy resolves the name.
///
/// # Errors
/// The `proxy_*` reasons, with the proxy's status line as evidence.
pub async fn connect(trace: &mut Trace, mut stream: BoxStream, proxy: &Proxy, host: &str, port: u16) -> Result<BoxStream, Fault> {
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
    judge(&status_line).map(|()| stream)
}

/// Reads up to the empty line, byte by byte so that nothing of the tunnel is swallowed.
async fn read_answer(stream: &mut BoxStream, sent: &Sent) -> Result<Vec<u8>, Fault> {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") && !answer.ends_with(b"\n\n") {
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

fn judge(status_line: &str) -> Result<(), Fault> {
    let mut words = status_line.split_whitespace();
    let http = words.next().is_some_and(|version| version.starts_with("HTTP/1."));
    match words.next().and_then(|status| status.parse::<u16>().ok()).filter(|_| http) {
        Some(200..=299) => Ok(()),
        Some(407) => Err(Fault::heard(Reason::ProxyAuthRequired, status_line).code("407")),
        Some(504) => Err(Fault::heard(Reason::ProxyTimedOut, status_line).code("504")),
        Some(status) => Err(Fault::heard(Reason::ProxyRefused, status_line).code(status.to_string())),
        None => Err(unreadable(status_line)),
    }
}

fn unreadable(heard: &str) -> Fault {
    Fault::heard(Reason::ProxyReplyMalformed, heard)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_knows_names_domains_and_the_star() {
        let entries = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        for (no_proxy, host, expected) in [
            ("office365.com", "outlook.office365.com", true),
            (".office365.com", "outlook.office365.com", true),
            ("office365.com", "office365.com", true),
            ("office365.com", "notoffice365.com", false),
            ("127.0.0.1", "127.0.0.1", true),
            ("*", "anything", true),
            ("", "anything", false),
        ] {
            assert_eq!(bypassed(&entries(no_proxy), host), expected, "{no_proxy} {host}");
        }
    }

    #[test]
    fn every_status_has_its_reason() {
        assert!(judge("HTTP/1.1 200 Connection established").is_ok());
        for (status_line, reason) in [
            ("HTTP/1.0 403 Forbidden", Reason::ProxyRefused),
            ("HTTP/1.1 407 Proxy Authentication Required", Reason::ProxyAuthRequired),
            ("HTTP/1.1 502 Bad Gateway", Reason::ProxyRefused),
            ("HTTP/1.1 504 Gateway Timeout", Reason::ProxyTimedOut),
            ("SSH-2.0-OpenSSH_9.2", Reason::ProxyReplyMalformed),
            ("HTTP/1.1 twenty", Reason::ProxyReplyMalformed),
            ("", Reason::ProxyReplyMalformed),
        ] {
            assert_eq!(judge(status_line).expect_err(status_line).reason, reason, "{status_line}");
        }
    }
}
