//! The exchange over a pipe, with servers that are no servers.

use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tokio::time::{Instant, timeout_at};

use super::*;

/// What `answer` makes of an exchange within ten seconds; `None` when it takes longer. The answer is sent `times` times.
async fn answered(answer: Vec<u8>, times: usize) -> Option<Result<Answer, Fault>> {
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
    let exchange = over(&mut trace, Box::new(ours), &at, Request::new(Full::default()), Sent::default());
    let result = timeout_at(deadline, exchange).await.ok();
    server.abort();
    result
}

#[tokio::test(start_paused = true)]
async fn whatever_never_ends_ends_here() {
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

#[test]
fn no_bytes_panic_or_hang() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    let config = ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() };
    let start = "|HTTP/1\\.1 [0-9]{3} \r\n(content-length: [0-9]{1,9}\r\n|transfer-encoding: chunked\r\n|x: .{0,9}\r\n)?(\r\n)?";
    proptest!(config, |(start in start, rest in proptest::collection::vec(any::<u8>(), 0..400))| {
        let _ = runtime.block_on(answered([start.as_bytes(), &rest].concat(), 1));
    });
}
