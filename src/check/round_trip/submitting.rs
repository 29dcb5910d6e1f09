//! The first half of a round trip: the mail is submitted with SMTP.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};

use crate::check::Cx;
use crate::check::mail::{self, Login};
use crate::check::smtp::Session;
use crate::check::smtp::submission::NotTaken;
use crate::check::with_token::{self, NeededToken, WithToken};
use crate::cloud::Cloud;
use crate::kind::Check;
use crate::net::Conn;
use crate::outcome::{Fault, Phase};
use crate::random;
use crate::reason::Reason;
use crate::round_trip::{Ledger, Pending};
use crate::settings::RoundTrip;
use crate::token::Token;
use crate::wire::mail::{Mark, compose};

use super::RoundTripCheck;

impl RoundTripCheck {
    /// Submits a mail, unless another process has done so meanwhile.
    ///
    /// # Errors
    /// The refusal, after which sending pauses where it is for good; or the fault of the conversation.
    pub(super) async fn submit(&self, cx: &mut Cx<'_>, turn: SystemTime) -> Result<(), Fault> {
        with_token::run(&Submission { check: self, turn }, cx).await
    }
}

/// A submission.
struct Submission<'c> {
    check: &'c RoundTripCheck,
    turn: SystemTime,
}

impl WithToken for Submission<'_> {
    fn needed_token<'a>(&'a self, cloud: &'a Cloud) -> NeededToken<'a> {
        NeededToken::exchange(cloud, self.check.authorization.in_token(Check::Smtp.roles()))
    }

    async fn converse(&self, cx: &mut Cx<'_>, token: &Token) -> Result<(), Fault> {
        let login = Login::new(&self.check.mailbox, token);
        let (mut session, mut conn) = login.open::<Session>(&self.check.smtp, &cx.means.net, cx.trace).await?;
        conn.enter(Phase::Submit);
        self.send(&mut session, &mut conn, &cx.means.ledger).await?;
        mail::say_goodbye(&mut session, &mut conn).await;
        Ok(())
    }
}

impl Submission<'_> {
    async fn send(&self, session: &mut Session, conn: &mut Conn<'_>, ledger: &Ledger) -> Result<(), Fault> {
        let RoundTripCheck { mailbox, recipient, pair, interval, .. } = self.check;
        if let Err(not_taken) = session.open_envelope(conn, mailbox, recipient).await {
            return Err(self.refused(ledger, not_taken, None).await);
        }
        let spacing = RoundTrip::SPACING.min(*interval);
        let left = ledger.read(pair).await?.spacing_left(ledger.now(), spacing);
        wait(conn, left).await?;
        // From here on the mail may be on its way, whatever becomes of this process.
        let id = random::guid();
        let (now, turn, interval, from) = (ledger.now(), self.turn, *interval, mailbox.clone());
        let claim = {
            let id = id.clone();
            move |state: &mut crate::round_trip::PairState| {
                let mark = Mark { instance: state.instance.clone(), id: id.clone() };
                let message_ids = vec![mark.message_id(&from)];
                let pending = Pending { id, message_ids, sent: Some(now), accepted: None, looked: None };
                state.claim(pending, turn, interval).map(|()| mark)
            }
        };
        let Ok(mark) = ledger.update(pair, claim).await?.1 else { return Ok(()) };
        let text = compose(&mark, mailbox, recipient, SystemTime::now());
        match session.send_text(conn, &text).await {
            Ok(message_id) => {
                let now = ledger.now();
                ledger.update(pair, move |state| state.accept(&id, message_id, now)).await.map(drop)
            }
            Err(not_taken) => Err(self.refused(ledger, not_taken, Some(id)).await),
        }
    }

    /// Notes that the mail was not taken, and returns the fault. A refusal for good suspends sending; where nobody knows, the mail
    /// stays pending.
    async fn refused(&self, ledger: &Ledger, not_taken: NotTaken, sent: Option<String>) -> Fault {
        let (fault, is_for_good) = match not_taken {
            NotTaken::Refused { fault, is_for_good } => (fault, is_for_good),
            NotTaken::Unknown(fault) => return fault,
        };
        let (noted, now) = (fault.clone(), ledger.now());
        let note = move |state: &mut crate::round_trip::PairState| {
            // Before the text nothing was claimed, and what is pending is another process's.
            if sent.is_some() || state.pending.is_none() {
                state.refuse(&noted, is_for_good, now);
            }
        };
        match ledger.update(&self.check.pair, note).await {
            Ok(_) => fault,
            Err(unusable) => unusable,
        }
    }
}

/// Waits for a moment that is no part of the run.
async fn wait(conn: &mut Conn<'_>, time: Duration) -> Result<(), Fault> {
    if time > conn.time_limit(Duration::MAX) {
        return Err(Fault::heard(Reason::TimedOut, "the last mail was sent too short a time ago"));
    }
    let (began, request) = (Instant::now(), conn.last_request());
    sleep(time).await;
    conn.exclude(began, request);
    Ok(())
}
