//! The attacks, each a task that goes on until it is dropped. All of them are bounded in connections and in their rate.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};

use crate::client::{address, connect, exchange, get, status};
use crate::figures::Tally;
use crate::refused;

/// Silent connections that are held at a time: from one address, and from many.
const SILENT: u16 = 600;
/// Addresses of those that come from many.
const MANY: u16 = 300;
/// Readers of large pages at a time.
const READERS: u16 = 60;
/// Addresses from which a flood of runs comes, with as many requests at a time from each.
const PROBERS: u16 = 5;
/// Time between two requests of one flood.
const PACE: Duration = Duration::from_millis(20);
/// Time between two looks at the health of the service.
const HEALTH_EVERY: Duration = Duration::from_millis(200);

/// Groups of clients, by the second part of their addresses.
const ONE: u8 = 10;
const OTHERS: u8 = 11;
const SLOW: u8 = 12;
const WRONG: u8 = 13;
const RELOADING: u8 = 14;
const PROBING: u8 = 15;
const READING: u8 = 16;
const WATCHING: u8 = 20;

/// Starts all attacks.
pub fn all(tally: &Arc<Tally>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for number in 0..SILENT {
        tasks.spawn(silent(address(ONE, 0), Arc::clone(tally)));
        tasks.spawn(silent(address(OTHERS, number % MANY), Arc::clone(tally)));
    }
    for number in 0..READERS {
        let target = ["/metrics", "/", "/api/v1/outcomes", "/config"][usize::from(number) % 4];
        tasks.spawn(read_slowly(address(SLOW, number % 4), target, Arc::clone(tally)));
    }
    for number in 0..PROBERS * PROBERS {
        tasks.spawn(probe(address(PROBING, number % PROBERS), number, Arc::clone(tally)));
        tasks.spawn(read_fast(address(READING, number % PROBERS), Arc::clone(tally)));
    }
    tasks.spawn(send_what_is_refused(Arc::clone(tally)));
    tasks.spawn(reload(Arc::clone(tally)));
    tasks
}

/// Holds a connection on which nothing is said, or half a line, and opens another when it is closed.
async fn silent(from: Ipv4Addr, tally: Arc<Tally>) {
    loop {
        if let Ok(mut stream) = connect(from).await {
            tally.connections.add();
            let _ = stream.write_all(b"GET /metr").await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
        sleep(PACE).await;
    }
}

/// Asks for a large page and reads a few bytes of it a second.
async fn read_slowly(from: Ipv4Addr, target: &str, tally: Arc<Tally>) {
    loop {
        if let Ok(mut stream) = connect(from).await {
            tally.connections.add();
            let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            let _ = stream.write_all(request.as_bytes()).await;
            while stream.read(&mut [0; 16]).await.is_ok_and(|count| count > 0) {
                sleep(Duration::from_millis(500)).await;
            }
        }
        sleep(PACE).await;
    }
}

/// Asks for the page of metrics again and again.
async fn read_fast(from: Ipv4Addr, tally: Arc<Tally>) {
    loop {
        let request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let answer = exchange(from, request).await.unwrap_or_default();
        tally.answer(status(&String::from_utf8_lossy(answer.get(..12).unwrap_or_default())));
        sleep(PACE).await;
    }
}

/// Asks for runs of all kinds.
async fn probe(from: Ipv4Addr, number: u16, tally: Arc<Tally>) {
    loop {
        let check = ["token", "pop3&mailbox=praxis", "imap&mailbox=labor", "pop3&mailbox=empfang&debug=true"];
        let target = format!("/probe?tenant=contoso&check={}", check[usize::from(number) % check.len()]);
        let (status, body) = get(from, &target).await;
        tally.probes.add();
        if status == 400 {
            tally.mistakes.lock().unwrap().push(format!("{target}: {body}"));
        }
        tally.answer(status);
        sleep(PACE).await;
    }
}

/// Asks for a reload, which is allowed by hand.
async fn reload(tally: Arc<Tally>) {
    let mut reloads = JoinSet::new();
    let mut pace = interval(Duration::from_millis(100));
    loop {
        pace.tick().await;
        let tally = Arc::clone(&tally);
        reloads.spawn(async move {
            let request = b"POST /-/reload HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
            let answer = exchange(address(RELOADING, 0), request).await.unwrap_or_default();
            tally.reloads.add();
            tally.answer(status(&String::from_utf8_lossy(&answer)));
        });
        while reloads.try_join_next().is_some() {}
    }
}

/// Sends everything that is refused, all of it at a time, again and again.
async fn send_what_is_refused(tally: Arc<Tally>) {
    loop {
        let mut sent = JoinSet::new();
        for (number, request) in (0..).zip(refused::requests()) {
            sent.spawn(async move {
                let answer = exchange(address(WRONG, number % 8), &request.request).await;
                answer.map_or_else(|error| Some(format!("{}: {error}", request.name)), |answer| request.mistake(&answer))
            });
        }
        while let Some(mistake) = sent.join_next().await {
            tally.refused.add();
            tally.mistakes.lock().unwrap().extend(mistake.unwrap());
        }
    }
}

/// Asks for the health of the service at regular times, whatever the last answers took.
pub async fn watch_health(tally: Arc<Tally>) {
    let mut asked = JoinSet::new();
    let mut pace = interval(HEALTH_EVERY);
    loop {
        pace.tick().await;
        let tally = Arc::clone(&tally);
        asked.spawn(async move {
            let began = Instant::now();
            let (status, _) = get(address(WATCHING, 0), "/-/healthy").await;
            tally.health.lock().unwrap().push((status, began.elapsed()));
        });
        while asked.try_join_next().is_some() {}
    }
}
