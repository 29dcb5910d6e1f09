//! One question to one DNS server over sockets of our own, so that nothing retries, caches or falls back unseen.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::Message;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout, timeout_at};

use crate::outcome::{Family, Fault};
use crate::reason::Reason;
use crate::secret::Sent;
use crate::wire::dns::{Answer, Question, Reading};

use super::words;

/// Larger than the 1232 bytes we ask for, because not every resolver obeys.
const MAX_DATAGRAM: usize = 4096;

/// Asks `resolver` for the addresses of `host`, for at most `limit`: over UDP, and over TCP where the answer is cut. An
/// answer that says no is an answer.
///
/// # Errors
/// `dns_no_answer`, `dns_port_refused`, `dns_tcp_blocked`, `dns_malformed`, `dns_name_unknown` (no name at all),
/// `local_resources`.
pub async fn ask(resolver: SocketAddr, host: &str, family: Family, limit: Duration) -> Result<Answer, Fault> {
    let until = Instant::now() + limit;
    // The id and the port, which the system draws for the socket, are what a forger would have to guess (RFC 5452).
    let question = Question::new(Message::query().metadata.id, host, family)?;
    let answer = exchange(&question, &question.message(true)?, resolver, until).await?;
    if answer.rcode != "FORMERR" {
        return Ok(answer);
    }
    // Too old for EDNS: RFC 6891 section 7.
    exchange(&question, &question.message(false)?, resolver, until).await
}

async fn exchange(question: &Question, message: &[u8], resolver: SocketAddr, until: Instant) -> Result<Answer, Fault> {
    match over_udp(question, message, resolver, until).await? {
        Some(answer) => Ok(answer),
        None => over_tcp(question, message, resolver, until).await,
    }
}

/// The answer to a datagram; `None` when it is cut short. The datagram is sent once more at half time: UDP may lose it.
async fn over_udp(question: &Question, message: &[u8], resolver: SocketAddr, until: Instant) -> Result<Option<Answer>, Fault> {
    let socket = socket(resolver).await.map_err(|error| unanswered(&error))?;
    let mut foreign = None;
    let now = Instant::now();
    for until in [now + until.saturating_duration_since(now) / 2, until] {
        socket.send(message).await.map_err(|error| unanswered(&error))?;
        if let Ok(read) = timeout_at(until, receive(question, &socket, &mut foreign)).await {
            return read;
        }
    }
    // Something spoke, but not DNS or not to us.
    Err(foreign.map_or_else(|| Fault::new(Reason::DnsNoAnswer), |bytes| malformed(&bytes)))
}

/// A socket that takes datagrams from nobody but `resolver`, and hears when nobody listens there.
async fn socket(resolver: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = if resolver.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(resolver).await?;
    Ok(socket)
}

/// Waits for an answer to the question and keeps the last datagram that was none in `foreign`.
async fn receive(question: &Question, socket: &UdpSocket, foreign: &mut Option<Vec<u8>>) -> Result<Option<Answer>, Fault> {
    let mut buffer = [0; MAX_DATAGRAM];
    loop {
        let length = socket.recv(&mut buffer).await.map_err(|error| unanswered(&error))?;
        let bytes = buffer.get(..length).unwrap_or(&[]);
        match question.read(bytes) {
            Reading::Answer(answer) => return Ok(Some(answer)),
            Reading::Truncated => return Ok(None),
            Reading::Malformed => return Err(malformed(bytes)),
            Reading::Foreign => *foreign = Some(bytes.to_vec()),
        }
    }
}

/// The whole answer, after UDP could carry only part of it.
async fn over_tcp(question: &Question, message: &[u8], resolver: SocketAddr, until: Instant) -> Result<Answer, Fault> {
    let talk = async {
        let mut stream = TcpStream::connect(resolver).await?;
        let length = u16::try_from(message.len()).unwrap_or_default(); // a question is never longer than 300 bytes
        stream.write_all(&[&length.to_be_bytes()[..], message].concat()).await?;
        let mut bytes = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut bytes).await?;
        Ok::<_, io::Error>(bytes)
    };
    let cut = |words: &str| Fault::heard(Reason::DnsTcpBlocked, format!("cut short over UDP, and over TCP: {words}"));
    match timeout(until.saturating_duration_since(Instant::now()), talk).await {
        Ok(Ok(bytes)) => match question.read(&bytes) {
            Reading::Answer(answer) => Ok(answer),
            _ => Err(malformed(&bytes)),
        },
        Ok(Err(error)) => Err(cut(&error.to_string())),
        Err(_) => Err(cut("no answer")),
    }
}

/// An unreachable resolver is one that does not answer; the system's words say how.
fn unanswered(error: &io::Error) -> Fault {
    let reason = match error.raw_os_error() {
        Some(12 | 23 | 24 | 105) => Reason::LocalResources, // ENOMEM, ENFILE, EMFILE, ENOBUFS
        _ if error.kind() == io::ErrorKind::ConnectionRefused => Reason::DnsPortRefused,
        _ => Reason::DnsNoAnswer,
    };
    Fault::heard(reason, error.to_string())
}

fn malformed(bytes: &[u8]) -> Fault {
    Fault::heard(Reason::DnsMalformed, words::printable(&Sent::default(), bytes))
}
