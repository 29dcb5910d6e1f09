//! A mail submitted with SMTP.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};

use crate::check::Cx;
use crate::check::mail::{self, Login};
use crate::check::smtp::Session;
use crate::check::smtp::submission::NotTaken;
use crate::cloud::MailEndpoint;
use crate::net::Conn;
use crate::outcome::{Fault, Phase};
use crate::round_trip::Ledger;
use crate::wire::mail::compose;

use super::submitting::{Claimed, Refused, Submission};

impl Submission<'_> {
    /// Logs in at a server and submits the mail.
    pub(super) async fn by_smtp(&self, cx: &mut Cx<'_>, login: &Login, at: &MailEndpoint) -> Result<(), Fault> {
        let (mut session, mut conn) = login.open::<Session>(at, &cx.means.net, cx.trace).await?;
        conn.enter(Phase::Submit);
        self.send(&mut session, &mut conn, &cx.means.ledger).await?;
        mail::say_goodbye(&mut session, &mut conn).await;
        Ok(())
    }

    async fn send(&self, session: &mut Session, conn: &mut Conn<'_>, ledger: &Ledger) -> Result<(), Fault> {
        let (mailbox, recipient) = (&self.check.mailbox, &self.check.recipient);
        if let Err(not_taken) = session.open_envelope(conn, mailbox, recipient).await {
            return Err(self.not_taken(ledger, not_taken, None).await);
        }
        let left = self.spacing_left(ledger, conn.time_limit(Duration::MAX)).await?;
        wait(conn, left).await;
        let Some(claimed) = self.claim(ledger, true).await? else { return Ok(()) };
        let text = compose(&claimed.mark, mailbox, recipient, SystemTime::now());
        match session.send_text(conn, &text).await {
            Ok(message_id) => self.accepted(ledger, claimed.mark, message_id).await,
            Err(not_taken) => Err(self.not_taken(ledger, not_taken, Some(claimed)).await),
        }
    }

    /// Notes a mail that was not taken; where nobody knows whether it was, it stays pending.
    async fn not_taken(&self, ledger: &Ledger, not_taken: NotTaken, claimed: Option<Claimed>) -> Fault {
        match not_taken {
            NotTaken::Refused { fault, is_for_good } => {
                let how = if is_for_good { Refused::ForGood } else { Refused::ForNow };
                self.refused(ledger, fault, how, claimed).await
            }
            NotTaken::Unknown(fault) => fault,
        }
    }
}

/// Waits for a moment that is no part of the run.
async fn wait(conn: &mut Conn<'_>, time: Duration) {
    let (began, request) = (Instant::now(), conn.last_request());
    sleep(time).await;
    conn.exclude(began, request);
}
