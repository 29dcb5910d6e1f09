//! A query to one DNS server over sockets of our own, so that nothing retries, caches or falls back unseen.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_proto::op::Message;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout, timeout_at};

use crate::outcome::{Family, Fault};
use crate::reason::Reason;
use crate::sanitize;
use crate::wire::dns::{DnsResponse, Mismatch, Question, Received};

use super::{any_local_address, is_out_of_resources};

/// Bytes of the largest datagram that is read: more than the 1232 we ask for, because not every resolver obeys.
const MAX_DATAGRAM: usize = 4096;

/// Queries `resolver` for the addresses of `host` in one family, for at most `limit`: over UDP, and over TCP where the response
/// is truncated. A negative response (NXDOMAIN and the like) is `Ok`.
///
/// # Errors
/// `dns_no_answer`, `dns_server_unreachable`, `dns_port_refused`, `dns_tcp_blocked`, `dns_malformed`, `local_resources`;
/// `dns_name_unknown` where `host` cannot be a DNS name.
pub async fn query(resolver: SocketAddr, host: &str, family: Family, limit: Duration) -> Result<DnsResponse, Fault> {
    let until = Instant::now() + limit;
    // The id and the port, which the system draws for the socket, are what a forger would have to guess (RFC 5452).
    let question = Question::new(Message::query().metadata.id, host, family)?;
    let (with, without) = (question.message(true)?, question.message(false)?);
    let answer = exchange(&question, [&with, &without], resolver, until).await?;
    if !answer.may_be_about_edns() {
        return Ok(answer);
    }
    // Applications ask without EDNS: what is said to that counts, and what was said first where nothing is said to it.
    Ok(exchange(&question, [&without, &without], resolver, until).await.unwrap_or(answer))
}

async fn exchange(question: &Question, messages: [&[u8]; 2], resolver: SocketAddr, until: Instant) -> Result<DnsResponse, Fault> {
    match over_udp(question, messages, resolver, until).await? {
        Some(answer) => Ok(answer),
        None => over_tcp(question, messages[0], resolver, until).await,
    }
}

/// Queries over UDP; `None` for a truncated response. The query is sent once more at half time: UDP may lose it, and a
/// firewall may drop it for its EDNS, which the second of `messages` leaves out.
async fn over_udp(
    question: &Question,
    messages: [&[u8]; 2],
    resolver: SocketAddr,
    until: Instant,
) -> Result<Option<DnsResponse>, Fault> {
    let socket = socket(resolver).await.map_err(|error| unsent(&error))?;
    let mut mismatch = None;
    let now = Instant::now();
    let half = now + until.saturating_duration_since(now) / 2;
    for (message, until) in messages.into_iter().zip([half, until]) {
        socket.send(message).await.map_err(|error| unsent(&error))?;
        if let Ok(read) = timeout_at(until, receive(question, &socket, &mut mismatch)).await {
            return read;
        }
    }
    // Something spoke, but not DNS or not to us.
    Err(mismatch.map_or_else(|| Fault::new(Reason::DnsNoAnswer), |text: String| malformed(&text)))
}

/// Opens a socket that takes datagrams from `resolver` alone, and is told by ICMP when nothing listens there.
async fn socket(resolver: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(any_local_address(resolver.ip())).await?;
    socket.connect(resolver).await?;
    Ok(socket)
}

/// Waits for the response to the question; `None` for a truncated one. `mismatch` describes the last datagram that was none.
async fn receive(question: &Question, socket: &UdpSocket, mismatch: &mut Option<String>) -> Result<Option<DnsResponse>, Fault> {
    let mut buffer = [0; MAX_DATAGRAM];
    loop {
        let length = socket.recv(&mut buffer).await.map_err(|error| unanswered(&error))?;
        let bytes = buffer.get(..length).unwrap_or(&[]);
        match question.parse(bytes) {
            Received::Response(answer) => return Ok(Some(answer)),
            Received::Truncated => return Ok(None),
            Received::Malformed(problem) => return Err(malformed(&problem)),
            Received::Mismatch(kind) => *mismatch = Some(describe(&kind, bytes)),
        }
    }
}

/// Queries over TCP, after UDP could carry only part of the response.
async fn over_tcp(question: &Question, message: &[u8], resolver: SocketAddr, until: Instant) -> Result<DnsResponse, Fault> {
    let conversation = async {
        let mut stream = TcpStream::connect(resolver).await?;
        let length = u16::try_from(message.len()).unwrap_or_default(); // a question is never longer than 300 bytes
        stream.write_all(&[&length.to_be_bytes()[..], message].concat()).await?;
        let mut bytes = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut bytes).await?;
        Ok::<_, io::Error>(bytes)
    };
    let blocked = |problem: &str| Fault::heard(Reason::DnsTcpBlocked, format!("cut short over UDP, and over TCP: {problem}"));
    match timeout(until.saturating_duration_since(Instant::now()), conversation).await {
        Ok(Ok(bytes)) => match question.parse(&bytes) {
            Received::Response(answer) => Ok(answer),
            Received::Truncated => Err(malformed("cut short over TCP too")),
            Received::Malformed(problem) => Err(malformed(&problem)),
            Received::Mismatch(kind) => Err(malformed(&describe(&kind, &bytes))),
        },
        Ok(Err(error)) => Err(blocked(&error.to_string())),
        Err(_) => Err(blocked("no answer")),
    }
}

/// Describes a message that is not the response: by its text where it is printable.
fn describe(what: &Mismatch, bytes: &[u8]) -> String {
    let is_text = !bytes.is_empty() && bytes.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    match what {
        Mismatch::NoMessage if is_text => sanitize::evidence(bytes),
        Mismatch::NoMessage => format!("{} bytes that are {what}", bytes.len()),
        _ => what.to_string(),
    }
}

/// Makes the fault of a query that did not leave this machine: there is no route to the resolver, or a local rule forbids it.
fn unsent(error: &io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::PermissionDenied
        | io::ErrorKind::AddrNotAvailable
        | io::ErrorKind::Unsupported => Fault::heard(Reason::DnsServerUnreachable, error.to_string()),
        _ => unanswered(error),
    }
}

/// Makes the fault of a resolver that does not answer, with the system's error as evidence.
fn unanswered(error: &io::Error) -> Fault {
    let reason = match error.kind() {
        _ if is_out_of_resources(error) => Reason::LocalResources,
        io::ErrorKind::ConnectionRefused => Reason::DnsPortRefused,
        _ => Reason::DnsNoAnswer,
    };
    let is_timeout = error.kind() == io::ErrorKind::TimedOut;
    Fault::heard(reason, error.to_string()).unrecognized(reason == Reason::DnsNoAnswer && !is_timeout)
}

fn malformed(text: &str) -> Fault {
    Fault::heard(Reason::DnsMalformed, sanitize::evidence(text.as_bytes()))
}
