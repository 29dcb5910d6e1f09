//! The state of the round trips of one pair of mailboxes, and what may be done in it. Nothing here reads a clock.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::outcome::{Evidence, Fault};
use crate::random;
use crate::reason::Reason;
use crate::settings::RoundTrip;

/// Pauses after the first, second and further refusals for good. Microsoft cuts a mailbox off from sending, for every program,
/// when its submissions keep failing for one cause (5.2.251 to 5.2.255).
/// <https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/continuous-error-throttling-smtp-auth-submissions>
const PAUSES: [Duration; 3] = [Duration::from_secs(3600), Duration::from_secs(6 * 3600), Duration::from_secs(24 * 3600)];
/// Times after which a mail is looked for while it may still arrive in time; then every minute.
const LOOKS: [Duration; 4] = [Duration::from_secs(3), Duration::from_secs(10), Duration::from_secs(30), Duration::from_secs(60)];
/// Time between two looks for a mail that is late.
const LATE_LOOKS: Duration = Duration::from_secs(300);
/// The earliness of a turn that still counts as due: turns lie whole intervals apart, but for the time to wake up.
const EARLY: Duration = Duration::from_secs(1);
/// A time that lies so far ahead was read from a clock that was wrong.
const AHEAD: Duration = Duration::from_secs(3600);

/// The state of one pair. Times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairState {
    /// The id by which mails of this state are told from those of others.
    pub instance: String,
    /// The mail that was sent and not found yet.
    #[serde(default)]
    pub pending: Option<Pending>,
    /// The beginning of the run that sent last.
    #[serde(default, with = "millis")]
    pub turn: Option<SystemTime>,
    /// The time at which a mail was sent last, accepted or not.
    #[serde(default, with = "millis")]
    pub sent: Option<SystemTime>,
    /// The Message-ID of the mail that was sent last.
    #[serde(default)]
    pub message_id: Option<String>,
    /// The time at which a mail arrived last.
    #[serde(default, with = "millis")]
    pub arrived: Option<SystemTime>,
    /// The problem with the last mail whose fate is known; `None` where it arrived in time.
    #[serde(default)]
    pub problem: Option<Problem>,
    /// The suspension of sending; also one that is over, until a mail is accepted.
    #[serde(default)]
    pub suspension: Option<Suspension>,
    /// The parts of the folders that have been looked through, by mailbox and folder.
    #[serde(default)]
    pub marks: BTreeMap<String, FolderMark>,
}

/// A mail that was sent and not found yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Its id in the mark of this program.
    pub id: String,
    /// Its Message-IDs: the one that it was sent with, and the one in the server's reply; none where the server makes it later.
    pub message_ids: Vec<String>,
    /// The time at which its text was sent.
    #[serde(with = "millis")]
    pub sent: Option<SystemTime>,
    /// The time at which the server accepted it; `None` where nobody knows whether it did.
    #[serde(default, with = "millis")]
    pub accepted: Option<SystemTime>,
    /// The time of the last look that did not find it.
    #[serde(default, with = "millis")]
    pub looked: Option<SystemTime>,
}

/// A reason with its evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The reason.
    pub reason: Reason,
    /// The evidence that it rests on.
    pub evidence: Evidence,
}

/// A suspension of sending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// The refusal for which nothing is sent.
    pub because: Problem,
    /// The time from which one mail may be sent to try again.
    #[serde(with = "millis")]
    pub until: Option<SystemTime>,
    /// The number of refusals in a row.
    pub refusals: u32,
}

/// The part of a folder that has been looked through. Graph, which has no unique ids, goes by times of arrival, in seconds since
/// 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderMark {
    /// The number for which unique ids keep their meaning.
    pub validity: u32,
    /// The first unique id that has not been looked at, or whose message could not be deleted.
    pub from: u32,
}

/// The cause for which no mail is sent now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSent {
    /// One is pending.
    Pending,
    /// The last one was sent too short a time ago.
    Early,
    /// Sending is suspended.
    Suspended(Suspension),
}

impl Problem {
    /// Returns it as a fault.
    pub fn fault(&self) -> Fault {
        Fault { reason: self.reason, evidence: self.evidence.clone() }
    }
}

impl From<&Fault> for Problem {
    fn from(fault: &Fault) -> Self {
        Self { reason: fault.reason, evidence: fault.evidence.clone() }
    }
}

impl PairState {
    /// Creates the state of a pair of which nothing is known, with an instance id of its own.
    pub(super) fn new() -> Self {
        Self {
            instance: random::guid(),
            pending: None,
            turn: None,
            sent: None,
            message_id: None,
            arrived: None,
            problem: None,
            suspension: None,
            marks: BTreeMap::new(),
        }
    }

    /// Reports whether a run that began at `turn` may send a mail.
    ///
    /// # Errors
    /// The cause for which it may not.
    pub fn may_send(&self, turn: SystemTime, interval: Duration) -> Result<(), NotSent> {
        if self.pending.is_some() {
            return Err(NotSent::Pending);
        }
        if let Some(suspension) = self.suspension.as_ref().filter(|suspension| suspension.holds(turn)) {
            return Err(NotSent::Suspended(suspension.clone()));
        }
        let is_early = |last: SystemTime| is_before(turn + EARLY, last + interval);
        if self.turn.is_some_and(is_early) { Err(NotSent::Early) } else { Ok(()) }
    }

    /// Returns the time for which a mail has to wait so that it is sent `spacing` after the last one at least.
    pub fn spacing_left(&self, now: SystemTime, spacing: Duration) -> Duration {
        let due = self.sent.map(|last| last + spacing).filter(|due| is_before(now, *due));
        due.and_then(|due| due.duration_since(now).ok()).unwrap_or_default()
    }

    /// Notes that a mail is about to be sent by the run that began at `turn`, unless another process has sent one meanwhile.
    ///
    /// # Errors
    /// As [`PairState::may_send`].
    pub fn claim(&mut self, pending: Pending, turn: SystemTime, interval: Duration) -> Result<(), NotSent> {
        self.may_send(turn, interval)?;
        (self.turn, self.sent) = (Some(turn), pending.sent);
        self.message_id = pending.message_ids.first().cloned();
        self.pending = Some(pending);
        Ok(())
    }

    /// Takes a claim back whose mail the server has not even looked at, for want of access: it is as if none had been made.
    pub fn withdraw(&mut self, id: &str, before: &Self) {
        if self.pending.as_ref().is_some_and(|pending| pending.id == id) {
            (self.pending, self.turn, self.sent) = (None, before.turn, before.sent);
            self.message_id.clone_from(&before.message_id);
        }
    }

    /// Notes that the server has accepted the mail `id`, under a Message-ID that it may have given itself.
    pub fn accept(&mut self, id: &str, message_id: Option<String>, now: SystemTime) {
        self.suspension = None;
        let Some(pending) = self.pending.as_mut().filter(|pending| pending.id == id) else { return };
        pending.accepted = Some(now);
        if let Some(given) = message_id.filter(|given| !pending.message_ids.contains(given)) {
            self.message_id = Some(given.clone());
            pending.message_ids.push(given);
        }
    }

    /// Notes that the server has refused a mail; for good where `until_changed`, and then sending is suspended. The time until
    /// then is returned.
    pub fn refuse(&mut self, fault: &Fault, until_changed: bool, now: SystemTime) -> Option<SystemTime> {
        self.pending = None;
        if !until_changed {
            return None;
        }
        let refusals = self.suspension.as_ref().map_or(0, |suspension| suspension.refusals);
        let step = usize::try_from(refusals).unwrap_or(usize::MAX).min(PAUSES.len() - 1);
        let until = PAUSES.get(step).map(|pause| now + *pause);
        self.suspension = Some(Suspension { because: Problem::from(fault), until, refusals: refusals.saturating_add(1) });
        until
    }

    /// Notes the fate of the pending mail: `problem`, or arrival in time.
    pub fn end(&mut self, arrived: Option<SystemTime>, problem: Option<Problem>) {
        self.pending = None;
        self.arrived = arrived.or(self.arrived);
        self.problem = problem;
    }

    /// Returns the time after which the next run shall look for the pending mail.
    pub fn next_look(&self, now: SystemTime, arrive_within: Duration) -> Option<Duration> {
        let age = self.pending.as_ref()?.age(now);
        if age >= arrive_within {
            return Some(LATE_LOOKS);
        }
        let early = LOOKS.iter().find_map(|look| look.checked_sub(age).filter(|left| !left.is_zero()));
        Some(early.unwrap_or(Duration::from_secs(60)))
    }
}

impl Pending {
    /// Returns the time since the mail was accepted or, where that is not known, sent.
    pub fn age(&self, now: SystemTime) -> Duration {
        let since = self.accepted.or(self.sent).unwrap_or(now);
        now.duration_since(since).unwrap_or_default()
    }

    /// Returns the time that the mail took, which was found `now`: the `transit` by the clocks of the servers, as far as it lies
    /// between the last look and this one.
    pub fn arrival(&self, now: SystemTime, transit: Option<Duration>) -> Duration {
        let most = self.age(now);
        let least = self.looked.map_or(Duration::ZERO, |looked| self.age(looked)).min(most);
        transit.map_or(most, |transit| transit.clamp(least, most))
    }

    /// Reports whether the mail is lost: nobody knows that it was accepted, and it had time enough; or it had a lot of time.
    pub fn is_given_up(&self, now: SystemTime, settings: &RoundTrip) -> bool {
        let limit = if self.accepted.is_some() { settings.lost_after } else { settings.arrive_within };
        self.age(now) >= limit
    }
}

impl Suspension {
    fn holds(&self, now: SystemTime) -> bool {
        self.until.is_some_and(|until| is_before(now, until))
    }
}

/// Reports whether `one` is before `other`, and not because a clock was set.
fn is_before(one: SystemTime, other: SystemTime) -> bool {
    other.duration_since(one).is_ok_and(|left| !left.is_zero() && left <= PAUSES[2] + AHEAD)
}

/// Writes times as milliseconds since 1970.
mod millis {
    use std::time::{Duration, SystemTime};

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "serde gives a reference to the field")]
    pub fn serialize<S: Serializer>(at: &Option<SystemTime>, serializer: S) -> Result<S::Ok, S::Error> {
        let since = at.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
        since.and_then(|since| u64::try_from(since.as_millis()).ok()).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SystemTime>, D::Error> {
        let millis = Option::<u64>::deserialize(deserializer)?;
        Ok(millis.and_then(|millis| SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis))))
    }
}
