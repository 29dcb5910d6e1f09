//! A mail submitted with Graph's `sendMail`.

use std::time::SystemTime;

use tokio::time::{Instant, sleep};

use crate::check::Cx;
use crate::check::graph::GraphService;
use crate::check::with_token::is_about_token;
use crate::outcome::{Fault, Phase};
use crate::token::Token;
use crate::wire::graph::sending;
use crate::wire::mail::SubmissionRefusal;

use super::submitting::{Refused, Submission};

impl Submission<'_> {
    /// Submits the mail in one request, over a connection that is there before the mail is written down.
    pub(super) async fn by_graph(&self, cx: &mut Cx<'_>, token: &Token, service: &GraphService) -> Result<(), Fault> {
        let ledger = &cx.means.ledger;
        let left = self.spacing_left(ledger, cx.trace.remaining()).await?;
        let began = Instant::now();
        sleep(left).await;
        cx.trace.exclude(began); // no part of the run
        let stream = cx.means.net.connect_tls(cx.trace, &service.at.host, service.at.port).await?;
        cx.trace.enter(Phase::Submit);
        let Some(claimed) = self.claim(ledger, false).await? else { return Ok(()) };
        let path = sending::send_mail_path(&self.check.mailbox);
        let body = sending::send_mail_body(&claimed.mark, &self.check.recipient, SystemTime::now());
        // Where no answer comes, nobody knows whether the mail was taken, and it stays pending.
        let response = service.post_over(cx, stream, token, (&path, body), Phase::Submit).await?;
        let SubmissionRefusal { refusal, is_for_good } = match sending::parse_sent(response.head(), &response.body) {
            Ok(()) => return self.accepted(ledger, claimed.mark, None).await,
            Err(refused) => refused,
        };
        let fault = response.refusal_fault(cx.trace, refusal);
        let how = match fault.reason {
            _ if is_for_good => Refused::ForGood,
            reason if is_about_token(reason) => Refused::Unseen,
            _ => Refused::ForNow,
        };
        Err(self.refused(ledger, fault, how, Some(claimed)).await)
    }
}
