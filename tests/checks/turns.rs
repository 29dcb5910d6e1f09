//! How many times a run waits for the other side, counted by a relay between the probe and the simulated tenant.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use m365_probe::check::Means;
use m365_probe::probe::{Probe, Slots};
use m365_probe::sim;

/// What a client says within this time it says in one go.
const TOGETHER: Duration = Duration::from_millis(40);

/// A port that leads to `port`, and how often the client has spoken after it had listened.
async fn relay(port: u16) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = listener.local_addr().unwrap().port();
    let turns = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&turns);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            tokio::spawn(pass(client, server, Arc::clone(&counted)));
        }
    });
    (here, turns)
}

async fn pass(mut client: TcpStream, mut server: TcpStream, turns: Arc<AtomicUsize>) -> Option<()> {
    let (mut said, mut answered) = ([0; 16_384], [0; 16_384]);
    loop {
        tokio::select! {
            count = client.read(&mut said) => {
                let mut whole = said.get(..count.ok()?)?.to_vec();
                if whole.is_empty() {
                    return None;
                }
                while let Ok(Ok(count @ 1..)) = timeout(TOGETHER, client.read(&mut said)).await {
                    whole.extend_from_slice(said.get(..count)?);
                }
                turns.fetch_add(1, Ordering::Relaxed);
                server.write_all(&whole).await.ok()?;
            }
            count = server.read(&mut answered) => {
                let count = count.ok().filter(|count| *count > 0)?;
                client.write_all(answered.get(..count)?).await.ok()?;
            }
        }
    }
}

#[tokio::test]
async fn round_trips_are_as_few_as_the_protocols_allow() {
    let running = sim::start(sim::Tenant::contoso()).await.unwrap();
    let ca_file = std::env::temp_dir().join(format!("m365-turns-{}", std::process::id()));
    std::fs::create_dir_all(&ca_file).unwrap();
    let settings = running.settings(&running.write_ca(&ca_file).unwrap());
    // TCP is one more; where the server speaks first in the clear, its greeting is another. The goodbye is courtesy.
    for (check, port, clear, goodbye, round_trips) in [
        ("token", running.ports().login, false, 0, 3),
        ("pop3", running.ports().pop3s, false, 1, 6),
        ("imap", running.ports().imaps, false, 1, 5),
        ("smtp", running.ports().smtp, true, 1, 7),
    ] {
        let (here, turns) = relay(port).await;
        let mut one = settings.probes.iter().find(|probe| probe.id.check == check).unwrap().clone();
        let tenant = Arc::make_mut(&mut one.tenant);
        match check {
            "token" => tenant.cloud.login.port = here,
            "pop3" => tenant.cloud.pop3.as_mut().unwrap().port = here,
            "imap" => tenant.cloud.imap.as_mut().unwrap().port = here,
            _ => tenant.cloud.smtp.as_mut().unwrap().port = here,
        }
        let means = Means::new(&settings.network).unwrap();
        let outcome = Probe::new(one, &Slots::default()).unwrap().run(&means, None).await;
        assert!(outcome.is_ok(), "{check}: {:?}", outcome.verdict);
        let connected = outcome.facts.endpoints.last().unwrap();
        assert_eq!(connected.tls_version, Some("TLSv1.3"));
        let said = turns.load(Ordering::Relaxed);
        assert_eq!(said + 1 + usize::from(clear) - goodbye, round_trips, "{check}");
    }
    std::fs::remove_dir_all(ca_file).unwrap();
}
