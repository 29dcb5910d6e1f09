//! The number of round trips of a run, counted by a relay between the probe and its peers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use m365_probe::check::Means;
use m365_probe::cloud::MailEndpoint;
use m365_probe::kind::Check;
use m365_probe::settings::Network;

use crate::certificates::Trusted;
use crate::phases::TOKEN;
use crate::trial::{lab, run_within};

/// The time within which several writes of a client count as one.
const ONE_TURN: Duration = Duration::from_millis(40);

/// Returns a port that leads to `port`, and the count of the client's turns to speak.
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
    let (mut sent, mut answered) = ([0; 16_384], [0; 16_384]);
    loop {
        tokio::select! {
            count = client.read(&mut sent) => {
                let mut whole = sent.get(..count.ok()?)?.to_vec();
                if whole.is_empty() {
                    return None;
                }
                while let Ok(Ok(count @ 1..)) = timeout(ONE_TURN, client.read(&mut sent)).await {
                    whole.extend_from_slice(sent.get(..count)?);
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
async fn each_check_makes_as_few_round_trips_as_its_protocol_allows() {
    const POP3: &[&str] = &["+OK ready\r\n", "+ \r\n", "+OK in\r\n", "+OK 3 1000\r\n", "+OK bye\r\n"];
    const IMAP: &[&str] =
        &["* OK ready\r\n", "a1 OK in\r\n", "* STATUS INBOX (MESSAGES 3 UNSEEN 1)\r\na2 OK done\r\n", "a3 OK bye\r\n"];
    const CLEAR: &[&str] = &["220 smtp.example ESMTP\r\n", "250-smtp.example\r\n250 STARTTLS\r\n", "220 go ahead\r\n"];
    const SMTP: &[&str] = &["", "250-smtp.example\r\n250 AUTH XOAUTH2\r\n", "235 2.7.0 in\r\n", "221 bye\r\n"];
    let trusted = Trusted::new();
    let means = Means::new(&Network { ca_file: Some(trusted.file().to_owned()), ..Network::default() }).unwrap();
    let login = trusted.serve(None, &[], &["", TOKEN]);
    // TCP is one more; where the server speaks first in the clear, its greeting is another. The goodbye is courtesy.
    for (check, before, after, goodbye, round_trips) in [
        (Check::Token, &[][..], &["", TOKEN][..], 0, 3),
        (Check::Pop3, &[], POP3, 1, 6),
        (Check::Imap, &[], IMAP, 1, 5),
        (Check::Smtp, CLEAR, SMTP, 1, 7),
    ] {
        let (here, turns) = relay(trusted.serve(None, before, after)).await;
        let mut cloud = lab("localhost", if check == Check::Token { here } else { login });
        cloud.pop3 = Some(MailEndpoint::implicit("localhost", here));
        cloud.imap = Some(MailEndpoint::implicit("localhost", here));
        cloud.smtp = Some(MailEndpoint::upgrade("localhost", here));
        let outcome = run_within(Duration::from_secs(20), check, cloud, &means).await;
        assert!(outcome.is_ok(), "{check}: {:?}", outcome.verdict);
        assert_eq!(outcome.facts.endpoints.last().unwrap().tls_version.as_deref(), Some("TLSv1.3"));
        let sent = turns.load(Ordering::Relaxed);
        assert_eq!(sent + 1 + usize::from(!before.is_empty()) - goodbye, round_trips, "{check}");
    }
}
