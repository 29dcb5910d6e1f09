//! The log of the built program, whose reader may hang.

use std::fmt::Write as _;
use std::time::Duration;

use tokio::time::timeout;

use crate::client::{get, request};
use crate::fixtures::{Scratch, configuration, refused};
use crate::program::Serving;

/// Time for what is waited for, however busy the machine is.
const WITHIN: Duration = Duration::from_secs(60);

fn value(metrics: &str, name: &str) -> u64 {
    let line = metrics.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name} in {metrics}"));
    line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a number")
}

/// Standard error is a pipe that nobody reads, and takes 64 KiB. Reloads of a configuration full of mistakes log each of them.
#[tokio::test]
async fn runs_and_pages_go_on_while_nobody_reads_the_log_and_lost_lines_are_counted() {
    const LOST: &str = "m365_exporter_log_lines_lost_total";
    const RUNS: &str = "m365_probe_runs_total";
    let (scratch, login) = (Scratch::new(), refused().await);
    let checks = "checks: [ { token: { interval: 1s, timeout: 1s } } ]";
    let right = configuration("contoso", login).replace("checks: [token]", checks);
    let mut serving = Serving::start(&scratch, &right);
    let mistakes = (0..300).fold(right, |mut text, number| {
        let _ = writeln!(text, "mistake{number}: 1");
        text
    });
    scratch.file("m365-probe.yml", &mistakes);
    let metrics = async || get(serving.address, "/metrics").await.body;
    let going_on = async {
        while value(&metrics().await, LOST) == 0 {
            let reply = request(serving.address, "POST", "/-/reload", "").await;
            assert!(reply.status == 500 && reply.body.contains("mistake199:"), "{:.300}", reply.body);
        }
        let before = value(&metrics().await, RUNS);
        while value(&metrics().await, RUNS) < before + 2 {
            assert_eq!(get(serving.address, "/-/healthy").await.status, 200);
        }
    };
    timeout(WITHIN, going_on).await.expect("nothing waits for the reader of the log");
    let told = serving.wait_for("log lines were lost: nobody read them in time");
    assert!(told.contains(" WARN ") && told.contains("lost="), "{told}");
    serving.signal("TERM");
    assert!(serving.ended().success());
}

#[tokio::test]
async fn service_ends_although_nobody_reads_its_log() {
    let (scratch, login) = (Scratch::new(), refused().await);
    let serving = Serving::start(&scratch, &configuration("contoso", login));
    let mistakes = (0..300).fold(String::new(), |text, number| text + &format!("mistake{number}: 1\n"));
    scratch.file("m365-probe.yml", &mistakes);
    let reloads = async {
        for _ in 0..3 {
            assert_eq!(request(serving.address, "POST", "/-/reload", "").await.status, 500);
        }
    };
    timeout(WITHIN, reloads).await.expect("nothing waits for the reader of the log");
    serving.signal("TERM");
    assert!(serving.ended_unread().success());
}
