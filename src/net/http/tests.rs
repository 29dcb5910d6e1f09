//! HTTP exchanges over a pipe with servers that break the rules.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tokio::time::{Instant, timeout_at};

use super::*;

/// Runs an exchange with a server that sends `answer` so many `times`; `None` when it takes longer than ten seconds.
async fn answered(answer: Vec<u8>, times: usize) -> Option<Result<HttpResponse, Fault>> {
    let (ours, mut theirs) = duplex(4096);
    let server = tokio::spawn(async move {
        let _ = theirs.read(&mut [0; 4096]).await;
        for _ in 0..times {
            theirs.write_all(&answer).await.ok()?;
        }
        Some(())
    });
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut trace = Trace::begin(Phase::Mailbox, deadline);
    let at = HttpsEndpoint::new("outlook.office365.com", "/EWS/Exchange.asmx");
    let exchange = HttpExchange { at: &at, request: Request::new(Full::default()), secrets: Sent::default() };
    let result = timeout_at(deadline, exchange.over(&mut trace, Box::new(ours))).await.ok();
    server.abort();
    result
}

#[tokio::test(start_paused = true)]
async fn http_response_that_never_ends_is_reply_too_long_or_malformed() {
    for (first, again, reason) in [
        ("HTTP/1.1 200 OK\r\n", "x-header: and one more\r\n", Reason::ReplyTooLong),
        ("HTTP/1.1 200 OK\r\nx: ", "on and on", Reason::ReplyTooLong),
        ("HTTP/1.1 200 OK\r\n\r\n", "a body without a length", Reason::ReplyTooLong),
        ("HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551615\r\n\r\n", "a body", Reason::ReplyTooLong),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "400\r\n{1024}\r\n", Reason::ReplyTooLong),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "1;", Reason::ReplyMalformed),
        ("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n", "\u{1f}\u{8}\0\0", Reason::ReplyTooLong),
    ] {
        let again = &again.replace("{1024}", &"x".repeat(1024));
        let answer = [first.as_bytes(), again.repeat(1_100_000 / again.len()).as_bytes()].concat();
        let fault = answered(answer, 1).await.expect("an end").expect_err("no answer");
        assert_eq!(fault.reason, reason, "{first}{again}");
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes()).expect("room");
    encoder.finish().expect("room")
}

/// Gateways answer in every form that HTTP has, whatever was asked for.
#[tokio::test(start_paused = true)]
async fn http_response_is_read_in_every_form_of_its_body() {
    let (packed, chunk) = (gzip("hello"), |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat());
    for (head, body) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", b"hello".to_vec()),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n",
            b"hello".to_vec(),
        ),
        ("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", b"hello".to_vec()),
        ("HTTP/1.0 200 OK\r\n\r\n", b"hello".to_vec()),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            [chunk(b"hel"), chunk(b"lo"), b"0\r\nx: y\r\n\r\n".to_vec()].concat(),
        ),
        ("HTTP/1.1 200 OK\r\ncontent-encoding: GZIP\r\n\r\n", packed.clone()),
        (
            "HTTP/1.1 200 OK\r\ncontent-encoding: x-gzip\r\ntransfer-encoding: chunked\r\n\r\n",
            [chunk(&packed), b"0\r\n\r\n".to_vec()].concat(),
        ),
    ] {
        let answer = answered([head.as_bytes(), &body].concat(), 1).await.expect("an end").expect(head);
        assert_eq!(answer.text(), "hello", "{head}");
    }
}

#[tokio::test(start_paused = true)]
async fn http_body_unpacked_to_more_than_the_bound_is_reply_too_long() {
    let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n";
    for (body, reason) in [
        (gzip(&"x".repeat(MAX_BODY + 1)), Reason::ReplyTooLong),
        (gzip("hello")[..12].to_vec(), Reason::ReplyMalformed),
        (b"hello".to_vec(), Reason::ReplyMalformed),
    ] {
        let fault = answered([head.as_bytes(), &body].concat(), 1).await.expect("an end").expect_err("no answer");
        assert_eq!(fault.reason, reason, "{fault:?}");
    }
    let most = "x".repeat(MAX_BODY);
    let answer = answered([head.as_bytes(), &gzip(&most)].concat(), 1).await.expect("an end").expect("an answer");
    assert_eq!(answer.body.len(), MAX_BODY);
}

#[test]
fn http_exchange_with_any_bytes_ends_without_a_panic() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    let config = ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() };
    let start = "|HTTP/1\\.1 [0-9]{3} \r\n(content-length: [0-9]{1,9}\r\n|transfer-encoding: chunked\r\n|x: .{0,9}\r\n)?(\r\n)?";
    proptest!(config, |(start in start, rest in proptest::collection::vec(any::<u8>(), 0..400))| {
        let _ = runtime.block_on(answered([start.as_bytes(), &rest].concat(), 1));
    });
}
