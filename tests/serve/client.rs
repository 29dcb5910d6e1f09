//! A client that writes its requests by hand, so that it can write wrong ones.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A response, parsed.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Reply {
    /// Returns the value of a header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

pub async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.expect("connect")
}

/// Sends `request` as it stands and reads until the server closes; an empty text if it says nothing.
pub async fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = connect(address).await;
    let _ = stream.write_all(request.as_bytes()).await; // the server may have had enough before the end
    rest(&mut stream).await
}

/// Reads what still comes until the server closes.
pub async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await; // a reset ends it as well
    String::from_utf8(bytes).expect("UTF-8")
}

/// Reads until what has come ends with `end`.
pub async fn read_to(stream: &mut TcpStream, end: &[u8]) {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end) {
        assert_ne!(stream.read_buf(&mut bytes).await.expect("read"), 0, "closed early: {}", bytes.escape_ascii());
    }
}

pub fn parse(text: &str) -> Reply {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|code| code.parse().ok());
    Reply { status: status.expect("a status line"), head: head.to_owned(), body: body.to_owned() }
}

pub async fn request(address: SocketAddr, method: &str, target: &str, headers: &str) -> Reply {
    let request = format!("{method} {target} HTTP/1.1\r\nHost: localhost:10365\r\nConnection: close\r\n{headers}\r\n");
    parse(&exchange(address, &request).await)
}

pub async fn get(address: SocketAddr, target: &str) -> Reply {
    request(address, "GET", target, "").await
}
