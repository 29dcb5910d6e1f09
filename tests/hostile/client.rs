//! A client that writes its requests by hand, from any address of loopback.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// The service under attack.
pub const SERVICE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 10365);

/// Time after which an answer counts as missing: a run of a probe may take ten seconds, and waits for its turn before that.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Returns the address of the `number`th client of a group: 127.`group`.0.1 and so on.
pub fn address(group: u8, number: u16) -> Ipv4Addr {
    let [high, low] = (number + 1).to_be_bytes();
    Ipv4Addr::new(127, group, high, low)
}

pub async fn connect(from: Ipv4Addr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    socket.connect(SERVICE).await
}

/// Sends `request` and reads until the service closes the connection.
pub async fn exchange(from: Ipv4Addr, request: &[u8]) -> io::Result<Vec<u8>> {
    let exchange = async {
        let mut stream = connect(from).await?;
        let _ = stream.write_all(request).await; // it may have had enough before the end
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await; // a reset ends it as well
        Ok(answer)
    };
    timeout(ANSWER_WITHIN, exchange).await.map_err(|_| io::ErrorKind::TimedOut)?
}

/// Asks for a page and returns status and body; status 0 where there was no answer.
pub async fn get(from: Ipv4Addr, target: &str) -> (u16, String) {
    let request = format!("GET {target} HTTP/1.1\r\nHost: localhost:10365\r\nConnection: close\r\n\r\n");
    let answer = exchange(from, request.as_bytes()).await.unwrap_or_default();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status(&answer), body.to_owned())
}

/// Returns the status of an answer; 0 where there was none.
pub fn status(answer: &str) -> u16 {
    answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok()).unwrap_or_default()
}
