//! One mail connection: bounded lines in, whole replies out, TLS when it is time, and the faults of a connection.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{sleep, timeout};

use crate::outcome::Phase;

use super::fault::{Fault, Service};
use super::state::{State, View};

/// Whatever bytes go over: TCP, or TLS over it.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

/// The conversation is over: the client left, or was left.
#[derive(Debug)]
pub(super) struct Closed;

/// A piece of the client's side of the conversation.
pub(super) enum Received {
    /// A line, without its ending. Bytes outside UTF-8 are replaced.
    Line(String),
    /// More than [`LINE`] bytes without an ending.
    TooLong,
    /// Nothing for as long as the protocol lets a client be silent.
    Idle,
}

/// The longest line taken: a token of 8 KiB in base64, twice over.
const LINE: usize = 24 * 1024;
/// The longest silence borne where it is not the client's to keep.
pub(super) const IDLE: Duration = Duration::from_secs(300);
/// The time limit of a client's part of a TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// The bytes of a reply that never ends: so many that nobody reads it whole.
const ENDLESS: usize = 64 * 1024 * 1024;
/// A piece of it.
const PIECE: &[u8] = &[b'x'; 16 * 1024];

/// One mail connection.
pub(super) struct Connection {
    /// The state that all connections share.
    pub state: Arc<State>,
    /// The service that the client has connected to.
    pub service: Service,
    /// The client's address.
    pub client: IpAddr,
    /// Set once TLS is in use.
    pub secure: bool,
    stream: Box<dyn Stream>,
    unread: Vec<u8>,
}

impl Connection {
    /// A conversation that begins in the clear.
    pub(super) fn new(state: Arc<State>, service: Service, client: IpAddr, stream: Box<dyn Stream>) -> Self {
        Self { state, service, client, secure: false, stream, unread: Vec::new() }
    }

    /// The tenant and its faults now.
    pub(super) fn view(&self) -> Arc<View> {
        self.state.view()
    }

    /// Tells whether `fault` affects this service now.
    pub(super) fn has(&self, fault: Fault) -> bool {
        self.state.view().has(self.service, fault)
    }

    /// Takes the time the tenant is told to take for `phase`.
    pub(super) async fn pause(&self, phase: Phase) {
        pause(self.view().tenant.latency(phase)).await;
    }

    /// Writes a whole reply; its line endings are the caller's.
    pub(super) async fn write(&mut self, reply: &str) -> Result<(), Closed> {
        self.send(reply.as_bytes()).await
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Closed> {
        let write = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        timeout(IDLE, write).await.map_err(|_| Closed)?.map_err(|_| Closed)
    }

    /// Says the last words and hangs up so that they arrive: what the client still sends is read and thrown away.
    pub(super) async fn write_and_close(&mut self, reply: &str) -> Result<(), Closed> {
        self.write(reply).await?;
        let _ = self.stream.shutdown().await;
        let _ = timeout(Duration::from_secs(1), self.drain()).await;
        Err(Closed)
    }

    async fn drain(&mut self) {
        let mut waste = [0; 4096];
        while let Ok(1..) = self.stream.read(&mut waste).await {}
    }

    /// The next line.
    pub(super) async fn read_line(&mut self) -> Result<Received, Closed> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.unread.drain(..=end).collect();
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(Received::Line(String::from_utf8_lossy(&line).into_owned()));
            }
            if self.unread.len() > LINE {
                return Ok(Received::TooLong);
            }
            match timeout(self.idle_limit(), self.fill()).await {
                Ok(filled) => filled?,
                Err(_) => return Ok(Received::Idle),
            }
        }
    }

    /// Returns the longest silence of a client: RFC 3501, section 5.4; RFC 1939, section 3; RFC 5321, section 4.5.3.2.7.
    fn idle_limit(&self) -> Duration {
        let minutes = match self.service {
            Service::Imap => 30,
            Service::Pop3 => 10,
            _ => 5,
        };
        Duration::from_secs(minutes * 60)
    }

    /// The next `count` bytes, as they are.
    pub(super) async fn read_exact(&mut self, count: usize) -> Result<Vec<u8>, Closed> {
        while self.unread.len() < count {
            timeout(IDLE, self.fill()).await.map_err(|_| Closed)??;
        }
        Ok(self.unread.drain(..count).collect())
    }

    async fn fill(&mut self) -> Result<(), Closed> {
        let mut chunk = [0; 4096];
        match self.stream.read(&mut chunk).await {
            Ok(0) | Err(_) => Err(Closed),
            Ok(count) => {
                self.unread.extend(chunk.iter().take(count));
                Ok(())
            }
        }
    }

    /// Begins TLS. What came in the clear behind the client's last line is thrown away, not obeyed.
    pub(super) async fn upgrade(mut self) -> Result<Self, Closed> {
        self.unread.clear();
        self.stream = secure(&self.state, self.service, self.stream).await?;
        Ok(Self { secure: true, ..self })
    }

    /// The server's first words, or what stands in their place: `refused` is what a server says that turns clients away.
    pub(super) async fn greet(&mut self, greeting: &str, refused: &str) -> Result<(), Closed> {
        self.pause(Phase::Greeting).await;
        if self.has(Fault::NoGreeting) {
            self.stay_silent().await
        } else if self.has(Fault::GreetingUnexpected) {
            self.write_and_close("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n").await
        } else if self.has(Fault::GreetingRefused) {
            self.write_and_close(refused).await
        } else {
            self.write(greeting).await
        }
    }

    /// The answer to STARTTLS: `ready`, or what a fault puts in its place. True when TLS comes next.
    pub(super) async fn answer_starttls(&mut self, ready: &str, refused: &str) -> Result<bool, Closed> {
        self.pause(Phase::Starttls).await;
        if self.has(Fault::StarttlsRefused) {
            self.write(refused).await?;
            return Ok(false);
        }
        let injected = if self.has(Fault::StarttlsInjection) { "+OK 235 * OK injected before TLS\r\n" } else { "" };
        self.write(&format!("{ready}{injected}")).await?;
        Ok(true)
    }

    /// Takes the time a verdict on a token takes, then does what a fault of the connection does in its place.
    pub(super) async fn delay_verdict(&mut self, refused: bool) -> Result<(), Closed> {
        self.pause(Phase::Auth).await;
        if refused {
            pause(self.view().tenant.refusal_delay).await;
        }
        if self.has(Fault::ConnectionClosed) {
            return Err(Closed);
        }
        if self.has(Fault::ReplyTimedOut) {
            return self.stay_silent().await;
        }
        if self.has(Fault::ReplyMalformed) {
            return self.write_and_close("\u{1}\u{2}\u{1b}[2J?? garbage ??\r\n").await;
        }
        if self.has(Fault::ReplyTooLong) {
            for _ in 0..ENDLESS / PIECE.len() {
                self.send(PIECE).await?;
            }
            return Err(Closed);
        }
        Ok(())
    }

    /// Says nothing until the client leaves.
    async fn stay_silent(&mut self) -> Result<(), Closed> {
        let _ = timeout(IDLE, self.drain()).await;
        Err(Closed)
    }
}

/// Sleeps, where there is time to take.
pub(super) async fn pause(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}

/// Accepts TLS over `stream`, or does what a fault does in its place.
pub(super) async fn secure(state: &State, service: Service, mut stream: Box<dyn Stream>) -> Result<Box<dyn Stream>, Closed> {
    let view = state.view();
    pause(view.tenant.latency(Phase::Tls)).await;
    let mut hello = [0; 2048];
    if view.has(service, Fault::TlsTimedOut) {
        let _ = timeout(IDLE, async { while let Ok(1..) = stream.read(&mut hello).await {} }).await;
        return Err(Closed);
    }
    if view.has(service, Fault::TlsClosed) || view.has(service, Fault::TlsNotSpoken) {
        // The hello is read first: closing over unread bytes would reset the connection.
        let _ = timeout(HANDSHAKE, stream.read(&mut hello)).await;
        if view.has(service, Fault::TlsNotSpoken) {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await;
        }
        let _ = stream.shutdown().await;
        return Err(Closed);
    }
    let acceptor = state.certificates.acceptor(service, |service, fault| view.has(service, fault));
    let stream = timeout(HANDSHAKE, acceptor.accept(stream)).await.map_err(|_| Closed)?.map_err(|_| Closed)?;
    Ok(Box::new(stream))
}
