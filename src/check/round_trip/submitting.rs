//! The first half of a round trip: the mail is submitted, with SMTP or Graph.

use std::time::{Duration, SystemTime};

use crate::check::with_token::{self, NeededToken, WithToken};
use crate::check::{Cx, mail::Login};
use crate::cloud::{Cloud, role};
use crate::outcome::Fault;
use crate::random;
use crate::reason::Reason;
use crate::round_trip::{Ledger, PairState, Pending};
use crate::settings::RoundTrip;
use crate::token::Token;
use crate::wire::mail::Mark;

use super::RoundTripCheck;
use super::service::Service;

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
pub(super) struct Submission<'c> {
    pub check: &'c RoundTripCheck,
    turn: SystemTime,
}

/// A mail that is about to be sent, as it was written down.
pub(super) struct Claimed {
    pub mark: Mark,
    /// The state of the pair before.
    pub before: PairState,
}

/// The end of a submission without the server's consent.
pub(super) enum Refused {
    /// It is for good: sending is suspended.
    ForGood,
    /// It is for now, and the next mail is sent at its usual time.
    ForNow,
    /// The server has looked at no mail, for want of access: none counts as sent.
    Unseen,
}

impl WithToken for Submission<'_> {
    fn needed_token<'a>(&'a self, cloud: &'a Cloud) -> NeededToken<'a> {
        let authorization = self.check.authorization;
        self.check.sender.needed_token(cloud, role::GRAPH_SEND, |roles| authorization.in_token(roles))
    }

    async fn converse(&self, cx: &mut Cx<'_>, token: &Token) -> Result<(), Fault> {
        match &self.check.sender {
            Service::Mail(_, at) => self.by_smtp(cx, &Login::new(&self.check.mailbox, token), at).await,
            Service::Graph(service) => self.by_graph(cx, token, service).await,
        }
    }
}

impl Submission<'_> {
    /// Returns the time for which the mail has to wait.
    ///
    /// # Errors
    /// `timed_out`: the run has less time than `limit` tells.
    pub(super) async fn spacing_left(&self, ledger: &Ledger, limit: Duration) -> Result<Duration, Fault> {
        let spacing = RoundTrip::SPACING.min(self.check.interval);
        let left = ledger.read(&self.check.pair).await?.spacing_left(ledger.now(), spacing);
        if left > limit {
            return Err(Fault::heard(Reason::TimedOut, "the last mail was sent too short a time ago"));
        }
        Ok(left)
    }

    /// Writes down that a mail is sent now; `None` where another process has sent one meanwhile. From here on it may be on its way,
    /// whatever becomes of this process. `has_id` says that the mail is sent under a Message-ID of our own.
    pub(super) async fn claim(&self, ledger: &Ledger, has_id: bool) -> Result<Option<Claimed>, Fault> {
        let (now, turn, interval, from) = (ledger.now(), self.turn, self.check.interval, self.check.mailbox.clone());
        let id = random::guid();
        let claim = move |state: &mut PairState| {
            let before = state.clone();
            let mark = Mark { instance: state.instance.clone(), id: id.clone() };
            let message_ids = if has_id { vec![mark.message_id(&from)] } else { Vec::new() };
            let pending = Pending { id, message_ids, sent: Some(now), accepted: None, looked: None };
            state.claim(pending, turn, interval).map(|()| Claimed { mark, before })
        };
        Ok(ledger.update(&self.check.pair, claim).await?.1.ok())
    }

    /// Writes down that the server has accepted the mail, under a Message-ID that it may have given itself.
    pub(super) async fn accepted(&self, ledger: &Ledger, mark: Mark, message_id: Option<String>) -> Result<(), Fault> {
        let now = ledger.now();
        ledger.update(&self.check.pair, move |state| state.accept(&mark.id, message_id, now)).await.map(drop)
    }

    /// Writes down that the mail was not taken, and returns the fault.
    pub(super) async fn refused(&self, ledger: &Ledger, fault: Fault, how: Refused, claimed: Option<Claimed>) -> Fault {
        let (noted, now) = (fault.clone(), ledger.now());
        let note = move |state: &mut PairState| match (how, claimed) {
            (Refused::Unseen, Some(Claimed { mark, before })) => state.withdraw(&mark.id, &before),
            (how, claimed) => {
                // Before the text nothing was claimed, and what is pending is another process's.
                if claimed.is_some() || state.pending.is_none() {
                    state.refuse(&noted, matches!(how, Refused::ForGood), now);
                }
            }
        };
        match ledger.update(&self.check.pair, note).await {
            Ok(_) => fault,
            Err(unusable) => unusable,
        }
    }
}
