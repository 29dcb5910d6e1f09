//! Steps that take the time the tenant is told to take.

use std::time::{Duration, Instant};

use m365_probe::outcome::Phase;
use m365_probe::sim::{Tenant, start};

use crate::peer::{PRAXIS, Peer, token, xoauth2};

const LONG: Duration = Duration::from_millis(120);

#[tokio::test]
async fn each_step_takes_its_time_and_a_refusal_takes_longer() {
    let mut contoso = Tenant::contoso();
    contoso.latency.extend([(Phase::Greeting, LONG), (Phase::Auth, LONG), (Phase::Mailbox, LONG)]);
    contoso.refusal_delay = LONG * 2;
    let tenant = start(contoso).await.unwrap();
    let good = xoauth2(PRAXIS, &token(&tenant).await);
    for (sasl, auth, mailbox) in [(good, LONG, LONG), (xoauth2(PRAXIS, "a.b.c"), LONG * 3, Duration::ZERO)] {
        // The server's time runs before the client knows that it is connected.
        let began = Instant::now();
        let mut peer = Peer::tls(&tenant, tenant.ports().pop3s, "outlook.office365.com").await.unwrap();
        peer.line().await;
        assert!(began.elapsed() >= LONG);
        peer.ask("AUTH XOAUTH2").await;
        for (line, takes) in [(sasl.as_str(), auth), ("STAT", mailbox)] {
            let began = Instant::now();
            peer.ask(line).await;
            assert!(began.elapsed() >= takes, "{:?} of {takes:?}", began.elapsed());
        }
    }
}
