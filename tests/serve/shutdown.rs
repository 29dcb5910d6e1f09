//! The shutdown: prompt, and no response is lost.

use std::time::Duration;

use m365_probe::kind::Check;
use m365_probe::serve::Source;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::client::{connect, get, parse, rest};
use crate::fixtures::{address, idle, serve, settings, silent};

/// On tokio's paused clock, which advances while everything waits.
#[tokio::test(start_paused = true)]
async fn a_running_scrape_has_its_answer_within_the_second() {
    let (peer, at) = silent().await;
    let service = serve(Source::Given(settings(at, &[("contoso", None, Check::Token)]))).await;
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
async fn a_run_that_ends_in_time_is_told_truly() {
    let (peer, at) = silent().await;
    let service = serve(Source::Given(settings(at, &[("contoso", None, Check::Token)]))).await;
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
async fn idle_connections_are_closed_at_once() {
    let service = idle().await;
    let mut kept = connect(address(&service)).await;
    kept.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: h\r\n\r\n").await.expect("write");
    let mut first = [0; 1];
    tokio::io::AsyncReadExt::read_exact(&mut kept, &mut first).await.expect("an answer begins");
    service.stop().await;
    assert_eq!(parse(&format!("H{}", rest(&mut kept).await)).status, 200);
}

/// On tokio's paused clock: a client that has sent half a request delays the shutdown by less than a second.
#[tokio::test(start_paused = true)]
async fn an_unfinished_request_does_not_hold_up_the_end() {
    let service = idle().await;
    let mut kept = connect(address(&service)).await;
    kept.write_all(b"GET /-/heal").await.expect("write");
    get(address(&service), "/-/healthy").await;
    let began = Instant::now();
    service.stop().await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(rest(&mut kept).await, "");
}
