//! `roundtrip`: does a mail arrive that the mailbox sends?
//!
//! A run looks for the mail that is pending, and sends one where none is and it is time; it waits for nothing, unless its means
//! say so. What is pending stands in the ledger, and the probe runs again soon while something is.

mod look_graph;
mod look_imap;
mod look_pop3;
mod looking;
mod service;
mod submit_graph;
mod submit_smtp;
mod submitting;

use std::time::{Duration, SystemTime};

use tokio::time::sleep;

use crate::outcome::{Evidence, Fault, Phase};
use crate::reason::Reason;
use crate::round_trip::{NotSent, PairKey, PairState, Problem, Suspension};
use crate::settings::{Authorization, ProbeSettings, RoundTrip};

use self::looking::Fate;
use self::service::Service;
use super::{Conversation, Cx};

/// The pause before the first look of a run that waits; each further one is longer by as much.
const FIRST_LOOK: Duration = Duration::from_secs(1);
/// The time that a look needs, which a run that waits keeps for the last one.
const LOOK: Duration = Duration::from_secs(2);

/// The `roundtrip` check.
#[derive(Debug)]
pub struct RoundTripCheck {
    pair: PairKey,
    /// The service that mail is submitted to.
    sender: Service,
    /// The service that it is looked for at.
    store: Service,
    mailbox: String,
    recipient: String,
    interval: Duration,
    settings: RoundTrip,
    authorization: Authorization,
}

impl Conversation for RoundTripCheck {
    fn new(settings: &ProbeSettings) -> Result<Self, String> {
        let mailbox = settings.address.clone().ok_or("a round trip needs a mailbox")?;
        let round_trip = settings.round_trip.clone();
        let recipient = round_trip.recipient(&mailbox).to_owned();
        if !round_trip.is_allowed(&mailbox) {
            return Err(format!("`{recipient}` is in another domain than `{mailbox}`, which `allow_domain` does not name"));
        }
        Ok(Self {
            pair: PairKey::of(settings),
            sender: Service::of(round_trip.send_by, &settings.tenant.cloud)?,
            store: Service::of(round_trip.by, &settings.tenant.cloud)?,
            recipient,
            mailbox,
            interval: settings.interval,
            settings: round_trip,
            authorization: settings.authorization,
        })
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<(), Fault> {
        let turn = cx.means.ledger.now();
        let result = self.take_turn(cx, turn).await;
        // What is known is told whatever happened; what cannot be read was the failure already.
        if let Ok(state) = cx.means.ledger.read(&self.pair).await {
            self.note(cx, &state);
        }
        result
    }
}

impl RoundTripCheck {
    async fn take_turn(&self, cx: &mut Cx<'_>, turn: SystemTime) -> Result<(), Fault> {
        let state = cx.means.ledger.read(&self.pair).await?;
        if cx.means.sweep.is_some() {
            return self.look(cx).await;
        }
        if state.pending.is_some() {
            self.look(cx).await?;
        }
        let state = cx.means.ledger.read(&self.pair).await?;
        match state.may_send(turn, self.interval) {
            Ok(()) => self.submit(cx, turn).await?,
            Err(NotSent::Suspended(suspension)) => return Err(suspended(cx, &suspension)),
            Err(NotSent::Pending | NotSent::Early) => {}
        }
        if cx.means.waits {
            self.wait(cx).await?;
        }
        let state = cx.means.ledger.read(&self.pair).await?;
        self.verdict(cx, &state)
    }

    /// Looks for the pending mail until its fate is known or the time is nearly up.
    async fn wait(&self, cx: &mut Cx<'_>) -> Result<(), Fault> {
        let mut pause = Duration::ZERO;
        while self.is_pending(cx).await? && cx.trace.remaining() > pause + LOOK {
            let began = tokio::time::Instant::now();
            sleep(pause).await;
            cx.trace.exclude(began);
            pause += FIRST_LOOK;
            self.look(cx).await?;
        }
        Ok(())
    }

    async fn is_pending(&self, cx: &Cx<'_>) -> Result<bool, Fault> {
        cx.means.ledger.read(&self.pair).await.map(|state| state.pending.is_some())
    }

    /// Judges what is known: a mail that is late, or the fate of the last one.
    fn verdict(&self, cx: &mut Cx<'_>, state: &PairState) -> Result<(), Fault> {
        let now = cx.means.ledger.now();
        if let Some(pending) = &state.pending {
            let age = pending.age(now);
            if age >= self.settings.arrive_within {
                cx.trace.enter(Phase::Arrive);
                return Err(delayed(age, "has not arrived yet").fault());
            }
        }
        match &state.problem {
            Some(problem) => {
                cx.trace.enter(Phase::Arrive);
                Err(problem.fault())
            }
            None => Ok(()),
        }
    }

    /// Makes facts of what is known, and has the probe run again while a mail is pending.
    fn note(&self, cx: &mut Cx<'_>, state: &PairState) {
        let now = cx.means.ledger.now();
        let facts = &mut cx.trace.facts.round_trip;
        facts.message_id.clone_from(&state.message_id);
        facts.sent = state.sent;
        facts.pending = Some(u64::from(state.pending.is_some()));
        facts.arrived = state.arrived;
        facts.suspended_until = state.suspension.as_ref().and_then(|suspension| suspension.until).filter(|until| *until > now);
        cx.trace.again_in = state.next_look(now, self.settings.arrive_within);
    }
}

/// Returns the fault of a run that sends nothing because an earlier mail was refused, and warns of the pause.
fn suspended(cx: &mut Cx<'_>, suspension: &Suspension) -> Fault {
    cx.trace.enter(Phase::Submit);
    let until = suspension.until.map_or_else(|| "unknown".to_owned(), crate::outcome::rfc3339);
    let heard = format!("no mail before {until}, after {} refusals in a row", suspension.refusals);
    cx.trace.facts.warn(Fault::heard(Reason::SendingSuspended, heard));
    suspension.because.fault()
}

fn delayed(age: Duration, how: &str) -> Problem {
    let heard =
        format!("the mail {how}, {} after it was accepted", humantime::format_duration(Duration::from_secs(age.as_secs())));
    Problem { reason: Reason::MailDelayed, evidence: Evidence { heard: Some(heard), ..Evidence::default() } }
}

impl Fate {
    /// Returns the problem of a mail that has arrived after so long; `None` for one that arrived in time.
    fn problem(&self, settings: &RoundTrip, took: Duration) -> Option<Problem> {
        match self {
            Self::Arrived { .. } if took > settings.arrive_within => Some(delayed(took, "arrived")),
            Self::Arrived { .. } => None,
            Self::Junked { folder } => {
                Some(Problem::from(&Fault::heard(Reason::MailJunked, format!("found in the folder {folder}"))))
            }
            Self::Bounced { status, heard } => {
                let fault = Fault::heard(Reason::MailBounced, heard.clone());
                Some(Problem::from(&status.iter().fold(fault, |fault, status| fault.code(status.clone()))))
            }
        }
    }
}
