//! Clients that are slow, greedy or wrong.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use m365_probe::kind::Check;
use m365_probe::serve::Source;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::client::{connect, exchange, get, parse, read_to, request, rest};
use crate::fixtures::{address, advance, idle, serve, settings, silent};

/// On tokio's paused clock, which advances while everything waits.
#[tokio::test(start_paused = true)]
async fn request_head_that_never_ends_is_closed_after_5_s() {
    let service = idle().await;
    for beginning in ["", "GET /metrics HTTP/1.1\r\nHost: localhost\r\n", "GET /metr"] {
        let began = Instant::now();
        let answer = exchange(address(&service), beginning).await;
        assert_eq!((answer.as_str(), began.elapsed().as_secs()), ("", 5), "{beginning:?}");
    }
}

/// The service waits for a second request when the clock is paused. Then bytes arrive, and time passes in steps; if they held off
/// the end, the clock would run on to a later one.
#[tokio::test]
async fn request_head_of_a_byte_a_second_is_closed_after_5_s() {
    let service = idle().await;
    let mut stream = connect(address(&service)).await;
    stream.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("write");
    read_to(&mut stream, b"Healthy\n").await;
    tokio::time::pause();
    let began = Instant::now();
    for byte in &b"GET /metrics HTTP/1.1"[..5] {
        stream.write_all(&[*byte]).await.expect("write");
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert_eq!(rest(&mut stream).await, "");
    assert_eq!(began.elapsed().as_secs(), 5);
}

/// The service says by `100 Continue` that it waits for the body.
#[tokio::test]
async fn request_body_that_never_arrives_is_408() {
    let service = idle().await;
    let mut stream = connect(address(&service)).await;
    let head = "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("write");
    read_to(&mut stream, b"100 Continue\r\n\r\n").await;
    stream.write_all(b"1").await.expect("write");
    advance(Duration::from_secs(5)).await;
    assert_eq!(parse(&rest(&mut stream).await).status, 408);
}

#[tokio::test]
async fn request_that_is_too_long_is_431_or_413() {
    let service = idle().await;
    let many = (0..100).fold(String::new(), |mut fields, number| {
        let _ = write!(fields, "X-{number}: a\r\n");
        fields
    });
    for (what, status, request) in [
        ("a field", 431, format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "a".repeat(20_000))),
        ("a target", 431, format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(20_000))),
        ("the number of fields", 431, format!("GET / HTTP/1.1\r\nHost: localhost\r\n{many}\r\n")),
        ("a declared body", 413, "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n".to_owned()),
        (
            "a body",
            413,
            format!(
                "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2000\r\n{}\r\n",
                "a".repeat(0x2000)
            ),
        ),
    ] {
        let answer = exchange(address(&service), &request).await;
        assert_eq!(parse(&answer).status, status, "{what}");
    }
    assert_eq!(get(address(&service), "/-/healthy").await.status, 200);
}

#[tokio::test]
async fn request_that_is_no_http_is_400() {
    let service = idle().await;
    for garbage in
        ["\0\u{1}\u{2}\r\n\r\n", "hello\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n"]
    {
        assert_eq!(parse(&exchange(address(&service), garbage).await).status, 400, "{garbage:?}");
    }
    let smuggled = "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabc";
    assert_eq!(parse(&exchange(address(&service), smuggled).await).status, 400);
}

/// Two hundred are more than one client's turns: the last requests wait for one and are answered all the same.
#[tokio::test]
async fn two_hundred_requests_at_once_are_all_answered() {
    let service = idle().await;
    let server = address(&service);
    let mut clients = JoinSet::new();
    for _ in 0..200 {
        clients.spawn(async move { get(server, "/metrics").await.status });
    }
    assert!(clients.join_all().await.into_iter().all(|status| status == 200));
}

/// On tokio's paused clock, which stands still while a connection finds a place.
#[tokio::test(start_paused = true)]
async fn idle_connections_give_way_to_new_ones_at_once() {
    let service = idle().await;
    let mut answered = connect(address(&service)).await;
    answered.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("write");
    read_to(&mut answered, b"Healthy\n").await;
    let mut held = Vec::new();
    for _ in 0..300 {
        held.push(connect(address(&service)).await);
    }
    let began = Instant::now();
    assert_eq!(get(address(&service), "/metrics").await.status, 200);
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!(rest(&mut answered).await, "", "the first one to have been idle");
}

/// Connects from another address of loopback, the `number`th.
async fn connect_from(number: u8, address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind((Ipv4Addr::new(127, 0, 1, number), 0).into()).expect("an address of loopback");
    socket.connect(address).await.expect("connect")
}

/// Takes as many turns as one client may have, from another address of loopback, by requests whose bodies never arrive. The
/// service says by `100 Continue` that each has its turn.
async fn take_turns(number: u8, address: SocketAddr) -> Vec<TcpStream> {
    let mut held = Vec::new();
    for _ in 0..64 {
        let mut stream = connect_from(number, address).await;
        let request = "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n";
        stream.write_all(request.as_bytes()).await.expect("write");
        read_to(&mut stream, b"100 Continue\r\n\r\n").await;
        held.push(stream);
    }
    held
}

#[tokio::test(start_paused = true)]
async fn client_that_takes_all_its_turns_delays_no_other() {
    let service = idle().await;
    let _held = take_turns(1, address(&service)).await;
    let began = Instant::now();
    assert_eq!(get(address(&service), "/metrics").await.status, 200);
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn health_is_answered_at_once_while_hostile_clients_take_every_turn() {
    let service = idle().await;
    let mut held = Vec::new();
    for number in 1..=4 {
        held.extend(take_turns(number, address(&service)).await);
    }
    let began = Instant::now();
    assert_eq!(get(address(&service), "/-/healthy").await.status, 200);
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!(get(address(&service), "/metrics").await.status, 200, "it waits for a turn");
    assert_eq!(began.elapsed().as_secs(), 5, "the time in which a body must arrive");
}

#[tokio::test]
async fn metrics_are_served_while_a_probe_waits_for_its_peer() {
    let (peer, at) = silent().await;
    let service = serve(Source::Given(Box::new(settings(at, &[("contoso", None, Check::Token)])))).await;
    let server = address(&service);
    let asking = tokio::spawn(async move { request(server, "GET", "/probe?check=token", "").await });
    let _held = peer.accept().await.expect("the run has begun");
    let metrics = get(server, "/metrics").await.body;
    assert!(metrics.contains("\nm365_exporter_probes_in_flight 1\n"), "{metrics}");
    asking.abort();
}
