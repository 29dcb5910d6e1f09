//! A handshake that accepts whatever a peer presents, to see its certificates; nothing is sent after it.
//!
//! [`super::Connector::secure`] sees none from a server that is too old: OpenSSL gives up before the certificate comes.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::sync::OnceLock;

use openssl::ssl::{HandshakeError, Ssl, SslContext, SslMethod, SslStream, SslVerifyMode, SslVersion};
use openssl::x509::X509;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::super::BoxStream;
use super::first_record;

/// The most bytes that are read: a handshake takes about 6 kB.
const MOST: usize = 128 * 1024;

/// Returns the version and the certificates that the peer at the other end of `stream` presents as `host`, its own first; `None`
/// where the handshake fails.
pub async fn presented(host: &str, stream: BoxStream) -> Option<(&'static str, Vec<X509>)> {
    let secured = handshake(host, stream).await?;
    let ssl = secured.ssl();
    let chain: Vec<X509> = ssl.peer_cert_chain().into_iter().flatten().map(ToOwned::to_owned).collect();
    Some((ssl.version_str(), if chain.is_empty() { ssl.peer_certificate().into_iter().collect() } else { chain }))
}

/// Reports whether the handshake that `ssl` begins is answered at the other end of `stream`: by a handshake, not by an alert.
pub async fn is_answered(ssl: Ssl, mut stream: BoxStream) -> bool {
    let Err(HandshakeError::WouldBlock(mut waiting)) = ssl.connect(Pipe::default()) else { return false };
    let hello = std::mem::take(&mut waiting.get_mut().outgoing);
    stream.write_all(&hello).await.is_ok() && matches!(stream.read_u8().await, Ok(first_record::HANDSHAKE))
}

/// Makes the handshake. OpenSSL works on buffers, which are filled and emptied here.
async fn handshake(host: &str, mut stream: BoxStream) -> Option<SslStream<Pipe>> {
    let mut received = 0;
    let mut attempt = ssl(host)?.connect(Pipe::default());
    loop {
        let mut waiting = match attempt {
            Ok(secured) => return Some(secured),
            Err(HandshakeError::WouldBlock(waiting)) => waiting,
            Err(_) => return None,
        };
        let pipe = waiting.get_mut();
        stream.write_all(&std::mem::take(&mut pipe.outgoing)).await.ok()?;
        stream.flush().await.ok()?;
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.ok()?;
        received += count;
        if count == 0 || received > MOST {
            return None;
        }
        pipe.incoming.extend(chunk.get(..count)?);
        attempt = waiting.handshake();
    }
}

/// Makes the client's side of a handshake with `host` that accepts any version, cipher and certificate.
fn ssl(host: &str) -> Option<Ssl> {
    static CONTEXT: OnceLock<Option<SslContext>> = OnceLock::new();
    let context = CONTEXT.get_or_init(|| {
        let mut builder = SslContext::builder(SslMethod::tls_client()).ok()?;
        builder.set_verify(SslVerifyMode::NONE);
        builder.set_cipher_list("ALL:@SECLEVEL=0").ok()?;
        builder.set_min_proto_version(Some(SslVersion::TLS1)).ok()?;
        Some(builder.build())
    });
    let mut ssl = Ssl::new(context.as_ref()?).ok()?;
    if host.parse::<IpAddr>().is_err() {
        ssl.set_hostname(host).ok()?;
    }
    Some(ssl)
}

/// A stream in memory: the bytes that came in and were not read yet, and those that are to go out.
#[derive(Debug, Default)]
struct Pipe {
    incoming: VecDeque<u8>,
    outgoing: Vec<u8>,
}

impl Read for Pipe {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.incoming.is_empty() { Err(io::ErrorKind::WouldBlock.into()) } else { self.incoming.read(into) }
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
