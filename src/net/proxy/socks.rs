//! SOCKS 5 proxies: RFC 1928, with the login of RFC 1929.

use std::io::{Error, ErrorKind};
use std::net::IpAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tracing::trace;

use crate::cloud::host_port;
use crate::outcome::Fault;
use crate::reason::Reason;
use crate::secret::Secret;
use crate::settings::Proxy;
use crate::trace::Trace;

use super::{BoxStream, Target, malformed};

const VERSION: u8 = 5;
/// The authentication methods of RFC 1928 section 3.
const NO_LOGIN: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const NO_ACCEPTABLE_METHOD: u8 = 0xff;

/// Has `proxy` connect `stream` to `target`.
///
/// # Errors
/// The `proxy_*` reasons, with a description of the proxy's reply as evidence.
pub(super) async fn connect(
    trace: &mut Trace,
    mut stream: BoxStream,
    proxy: &Proxy,
    target: Target<'_>,
) -> Result<BoxStream, Fault> {
    let host = target.address.map_or_else(|| target.host.to_owned(), |address| address.to_string());
    let request = format!("SOCKS 5 CONNECT {}", host_port(&host, target.port));
    trace!("> {request}");
    trace.record_request(request);
    let negotiated = negotiate(&mut stream, proxy, target).await;
    let heard = match &negotiated {
        Ok(()) => "succeeded",
        Err(fault) => fault.evidence.heard.as_deref().unwrap_or_default(),
    };
    trace!("< {heard}");
    trace.record_reply(heard);
    negotiated.map(|()| stream)
}

async fn negotiate(stream: &mut BoxStream, proxy: &Proxy, target: Target<'_>) -> Result<(), Fault> {
    authenticate(stream, proxy.login.as_ref()).await?;
    stream.write_all(&request(target)?).await.map_err(|error| read_fault(&error))?;
    let [version, reply, _] = read(stream).await?;
    if version != VERSION {
        return Err(wrong_version(version));
    }
    // Where it is connected from does not matter, but must not be taken for the tunnel's first bytes.
    let [kind] = read(stream).await?;
    let length = match kind {
        1 => 4,
        3 => usize::from(read::<1>(stream).await?[0]),
        4 => 16,
        _ if reply != 0 => 0,
        _ => return Err(malformed(&format!("an address of the unknown kind {kind}"))),
    };
    judge(reply)?;
    let mut bound = vec![0; length + 2];
    stream.read_exact(&mut bound).await.map(drop).map_err(|error| read_fault(&error))
}

/// Offers the supported authentication methods, and logs in where the proxy chooses that.
async fn authenticate(stream: &mut BoxStream, login: Option<&(String, Secret)>) -> Result<(), Fault> {
    let offer: &[u8] = if login.is_some() { &[VERSION, 2, NO_LOGIN, USER_AND_PASSWORD] } else { &[VERSION, 1, NO_LOGIN] };
    stream.write_all(offer).await.map_err(|error| read_fault(&error))?;
    let [version, method] = read(stream).await?;
    match (version, method, login) {
        (VERSION, NO_LOGIN, _) => Ok(()),
        (VERSION, USER_AND_PASSWORD, Some((user, password))) => log_in(stream, user, password).await,
        (VERSION, NO_ACCEPTABLE_METHOD, None) => Err(Fault::heard(Reason::ProxyAuthRequired, "it wants a login").code("255")),
        (VERSION, NO_ACCEPTABLE_METHOD, Some(_)) => {
            Err(Fault::heard(Reason::ProxyAuthUnsupported, "it takes neither user and password nor nobody").code("255"))
        }
        (VERSION, method, _) => Err(malformed(&format!("it chose the method {method}, which nobody offered"))),
        (version, ..) => Err(wrong_version(version)),
    }
}

/// Logs in by RFC 1929; user and password are at most 255 bytes long each.
async fn log_in(stream: &mut BoxStream, user: &str, password: &Secret) -> Result<(), Fault> {
    let too_long = || Fault::heard(Reason::ProxyAuthRefused, "user or password is longer than 255 bytes, which SOCKS cannot say");
    let length = |text: &str| u8::try_from(text.len()).map_err(|_| too_long());
    let (user_length, password_length) = (length(user)?, length(password.expose())?);
    // One write, or a proxy may see half a login.
    let mut login = vec![1, user_length];
    login.extend(user.as_bytes());
    login.push(password_length);
    login.extend(password.expose().as_bytes());
    let sent = stream.write_all(&login).await.map_err(|error| read_fault(&error));
    login.fill(0);
    sent?;
    match read(stream).await? {
        [_, 0] => Ok(()),
        [_, status] => Err(Fault::heard(Reason::ProxyAuthRefused, "it refused the login").code(status.to_string())),
    }
}

fn request(target: Target<'_>) -> Result<Vec<u8>, Fault> {
    const CONNECT: u8 = 1;
    let mut request = vec![VERSION, CONNECT, 0];
    let literal = target.address.or_else(|| target.host.parse().ok());
    match literal {
        Some(IpAddr::V4(address)) => {
            request.push(1);
            request.extend(address.octets());
        }
        Some(IpAddr::V6(address)) => {
            request.push(4);
            request.extend(address.octets());
        }
        None => {
            let length = u8::try_from(target.host.len());
            request.extend([3, length.map_err(|_| Fault::heard(Reason::Internal, "a name of more than 255 bytes"))?]);
            request.extend(target.host.as_bytes());
        }
    }
    request.extend(target.port.to_be_bytes());
    Ok(request)
}

/// Judges the reply to CONNECT (RFC 1928 section 6).
fn judge(reply: u8) -> Result<(), Fault> {
    let (reason, text) = match reply {
        0 => return Ok(()),
        // What it met it does not say: no rule of its own, for which there is a reply.
        1 => (Reason::ProxyConnectFailed, "general failure"),
        2 => (Reason::ProxyRefused, "connection not allowed by its rules"),
        3 => (Reason::ProxyConnectFailed, "network unreachable from there"),
        4 => (Reason::ProxyConnectFailed, "host unreachable from there"),
        5 => (Reason::ProxyConnectFailed, "connection refused to it"),
        6 => (Reason::ProxyTimedOut, "time to live expired on its way"),
        7 => (Reason::ProxyReplyMalformed, "it does not know the command"),
        8 => (Reason::ProxyReplyMalformed, "it does not know this kind of address: socks5:// tells addresses, socks5h:// names"),
        _ => (Reason::ProxyReplyMalformed, "a reply that RFC 1928 does not know"),
    };
    Err(Fault::heard(reason, text).code(reply.to_string()).unrecognized(!matches!(reply, 2..=8)))
}

async fn read<const N: usize>(stream: &mut BoxStream) -> Result<[u8; N], Fault> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await.map_err(|error| read_fault(&error))?;
    Ok(bytes)
}

fn read_fault(error: &Error) -> Fault {
    malformed(&if error.kind() == ErrorKind::UnexpectedEof { "hung up".to_owned() } else { error.to_string() })
}

fn wrong_version(version: u8) -> Fault {
    let hint = if version == b'H' { ": an HTTP proxy, perhaps" } else { "" };
    malformed(&format!("its answer begins with {version} and not with {VERSION}{hint}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::duplex;
    use tokio::time::Instant;

    use super::*;
    use crate::settings::ProxyKind;

    const NAME: Target<'static> = Target { host: "outlook.office365.com", address: None, port: 995 };

    /// Connects through a proxy that sends `says`, whatever it is sent: the first byte of the tunnel or the fault, and the bytes
    /// that the proxy was sent.
    async fn tried(login: Option<(&str, &str)>, target: Target<'static>, says: &[u8]) -> (Result<u8, Fault>, Vec<u8>) {
        let (ours, mut theirs) = duplex(4096);
        theirs.write_all(says).await.expect("room");
        let login = login.map(|(user, password)| (user.to_owned(), Secret::new(password)));
        let proxy = Proxy { kind: ProxyKind::Socks5h, host: "proxy.example".to_owned(), port: 1080, login };
        let mut trace = Trace::begin(crate::outcome::Phase::Proxy, Instant::now() + Duration::from_secs(5));
        let first_byte = async {
            let through = connect(&mut trace, Box::new(ours), &proxy, target).await;
            match through {
                Ok(mut stream) => Ok(stream.read_u8().await.expect("a first byte")),
                Err(fault) => Err(fault),
            }
        };
        let result = first_byte.await;
        let mut sent = Vec::new();
        theirs.shutdown().await.expect("closed");
        theirs.read_to_end(&mut sent).await.expect("all of it");
        (result, sent)
    }

    #[tokio::test]
    async fn socks_tunnel_begins_behind_the_whole_reply() {
        for (says, login) in [
            (&b"\x05\x00\x05\x00\x00\x01\x0a\x00\x00\x01\x04\x38+"[..], None),
            (b"\x05\x00\x05\x00\x00\x03\x03abc\x04\x38+", None),
            (b"\x05\x00\x05\x00\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x04\x38+", Some(("me", "hunter2"))),
            (b"\x05\x02\x01\x00\x05\x00\x00\x01\x0a\x00\x00\x01\x04\x38+", Some(("me", "hunter2"))),
        ] {
            let (first, _) = tried(login, NAME, says).await;
            assert_eq!(first.expect("a tunnel"), b'+', "{says:?}");
        }
    }

    #[tokio::test]
    async fn socks_request_carries_a_name_or_an_address() {
        let granted = b"\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00+";
        let at = |address: &str| Target { host: "h", address: address.parse().ok(), port: 443 };
        for (target, request) in [
            (NAME, [&b"\x05\x01\x00\x03\x15outlook.office365.com"[..], &[3, 227]].concat()),
            (at("52.98.1.2"), [&b"\x05\x01\x00\x01"[..], &[52, 98, 1, 2, 1, 187]].concat()),
            (at("2603:1026::2"), [&b"\x05\x01\x00\x04"[..], &[0x26, 3, 0x10, 0x26], &[0; 11], &[2, 1, 187]].concat()),
        ] {
            let (_, sent) = tried(None, target, granted).await;
            assert_eq!(sent, [&b"\x05\x01\x00"[..], &request].concat());
        }
        let (_, sent) = tried(Some(("me", "hunter2")), NAME, b"\x05\x02\x01\x01").await;
        assert_eq!(sent, b"\x05\x02\x00\x02\x01\x02me\x07hunter2");
    }

    #[tokio::test]
    async fn socks_refusal_has_its_reason() {
        let login = Some(("me", "hunter2"));
        for (login, says, reason) in [
            (None, &b"\x05\xff"[..], Reason::ProxyAuthRequired),
            (login, b"\x05\xff", Reason::ProxyAuthUnsupported),
            (login, b"\x05\x02\x01\x01", Reason::ProxyAuthRefused),
            (None, b"\x05\x02", Reason::ProxyReplyMalformed),
            (None, b"HTTP/1.1 400 Bad Request\r\n\r\n", Reason::ProxyReplyMalformed),
            (None, b"\x04\x5a", Reason::ProxyReplyMalformed),
            (None, b"\x05\x00\x05\x02\x00\x01\0\0\0\0\0\0", Reason::ProxyRefused),
            (None, b"\x05\x00\x05\x01\x00\x01\0\0\0\0\0\0", Reason::ProxyConnectFailed),
            (None, b"\x05\x00\x05\x08\x00\x01\0\0\0\0\0\0", Reason::ProxyReplyMalformed),
            (None, b"\x05\x00\x05\x05\x00\x01\0\0\0\0\0\0", Reason::ProxyConnectFailed),
            (None, b"\x05\x00\x05\x04\x00\x00", Reason::ProxyConnectFailed),
            (None, b"\x05\x00\x05\x06\x00\x01\0\0\0\0\0\0", Reason::ProxyTimedOut),
            (None, b"\x05\x00\x05\x63\x00\x01\0\0\0\0\0\0", Reason::ProxyReplyMalformed),
            (None, b"\x05\x00\x05\x00\x00\x09", Reason::ProxyReplyMalformed),
        ] {
            let (result, _) = tried(login, NAME, says).await;
            let fault = result.expect_err("a refusal");
            assert_eq!(fault.reason, reason, "{says:?}: {fault:?}");
            assert!(!format!("{fault:?}").contains("hunter2"));
        }
        let long = "x".repeat(256);
        let (result, sent) = tried(Some(("me", &long)), NAME, b"\x05\x02").await;
        assert_eq!(result.expect_err("too long").reason, Reason::ProxyAuthRefused);
        assert_eq!(sent, b"\x05\x02\x00\x02");
    }

    #[tokio::test(start_paused = true)]
    async fn socks_proxy_that_hangs_up_is_named_in_the_fault() {
        for says in [&b""[..], b"\x05", b"\x05\x00\x05\x00", b"\x05\x00\x05\x00\x00\x01\x0a"] {
            let (ours, mut theirs) = duplex(4096);
            theirs.write_all(says).await.expect("room");
            theirs.shutdown().await.expect("closed");
            let proxy = Proxy { kind: ProxyKind::Socks5, host: "proxy.example".to_owned(), port: 1080, login: None };
            let mut trace = Trace::begin(crate::outcome::Phase::Proxy, Instant::now() + Duration::from_secs(5));
            let fault = connect(&mut trace, Box::new(ours), &proxy, NAME).await.err().expect("no tunnel");
            assert_eq!(
                (fault.reason, fault.evidence.heard.as_deref()),
                (Reason::ProxyReplyMalformed, Some("hung up")),
                "{says:?}"
            );
        }
    }
}
