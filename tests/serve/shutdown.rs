//! The shutdown: prompt, and no response is lost.

use std::time::Duration;

use m365_probe::kind::Check;
use m365_probe::serve::Source;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::client::{connect, get, parse, rest};
use crate::fixtures::{address, idle, serve, serve_on_this_runtime, settings, silent};

/// On tokio's paused clock, which advances while everything waits.
#[tokio::test(start_paused = true)]
async fn shutdown_answers_a_scrape_of_a_silent_peer_503_within_a_second() {
    let (peer, at) = silent().await;
    let service = serve_on_this_runtime(Source::Given(Box::new(settings(at, &[("contoso", None, Check::Token)])))).await;
    let server = address(&service);
    let scrape = tokio::spawn(async move { get(server, "/probe?check=token").await });
    let (held, _) = peer.accept().await.expect("the run has begun");
    let began = Instant::now();
    service.stop().await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    let reply = scrape.await.expect("an answer");
    assert_eq!((reply.status, reply.body.as_str()), (503, "shut down before the run had ended\n"));
    drop(held);
    assert!(TcpStream::connect(server).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn shutdown_answers_a_scrape_whose_run_ends_in_time_with_its_result() {
    let (peer, at) = silent().await;
    let service = serve(Source::Given(Box::new(settings(at, &[("contoso", None, Check::Token)])))).await;
    let server = address(&service);
    let scrape = tokio::spawn(async move { get(server, "/probe?check=token").await });
    let (held, _) = peer.accept().await.expect("the run has begun");
    let stopping = tokio::spawn(service.stop());
    drop(peer); // the second look at who hung up finds a closed port
    drop(held);
    let reply = scrape.await.expect("an answer");
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert!(reply.body.contains("probe_success 0"), "{}", reply.body);
    stopping.await.expect("stopped");
}

#[tokio::test]
async fn shutdown_closes_idle_connections_after_their_response() {
    let service = idle().await;
    let mut kept = connect(address(&service)).await;
    kept.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("write");
    let mut first = [0; 1];
    tokio::io::AsyncReadExt::read_exact(&mut kept, &mut first).await.expect("an answer begins");
    service.stop().await;
    assert_eq!(parse(&format!("H{}", rest(&mut kept).await)).status, 200);
}

/// On tokio's paused clock: a client that has sent half a request delays the shutdown by less than a second.
#[tokio::test(start_paused = true)]
async fn shutdown_waits_less_than_a_second_for_an_unfinished_request() {
    let service = idle().await;
    let mut kept = connect(address(&service)).await;
    kept.write_all(b"GET /-/heal").await.expect("write");
    get(address(&service), "/-/healthy").await;
    let began = Instant::now();
    service.stop().await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(rest(&mut kept).await, "");
}
