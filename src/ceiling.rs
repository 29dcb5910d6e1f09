//! Ceilings: the most logins to a mailbox and the most token requests of an application in an hour, whoever causes them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;

use crate::kind::Check;
use crate::outcome::Fault;
use crate::reason::Reason;
use crate::settings::{Ceilings, ProbeSettings};

mod book;
mod window;

pub use self::book::{Book, scheduled};
use self::window::Window;

/// The most logins to a mailbox where nothing else is configured. Five checks a minute are 300; two Prometheus servers that scrape
/// `/probe` every minute cause at most 600 more, and a third of that is left for whoever looks by hand. Twenty a minute stay below
/// the only rate that Microsoft publishes for a mailbox, 30 submissions a minute.
const LOGINS: u32 = 1200;
/// The most token requests where nothing else is configured. `token` every five minutes and the renewals are 15; an application that
/// is refused adds one a minute for each of its two scopes, as long as a refusal is remembered. Twice that is less than 300, and
/// five a minute are far from what Entra calls a loop (AADSTS50196).
const TOKEN_REQUESTS: u32 = 300;
/// The scopes for which tokens are requested: Exchange Online and Graph.
const SCOPES: u32 = 2;
/// The least time between two token requests of the schedule for one scope: that for which a refusal is remembered.
const TOKEN_REQUEST_INTERVAL: Duration = Duration::from_secs(60);
/// The most logins for one mail of a round trip: one to send it, and those that look for it.
const LOGINS_PER_MAIL: u32 = 16;
/// The time between two lines of the log about one ceiling that is reached.
const TOLD_AGAIN: Duration = Duration::from_secs(3600);

/// The initiator of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// The schedule, or whoever runs a check by hand.
    #[default]
    Schedule,
    /// A client of our own server, of whom there may be many.
    Request,
}

/// The thing of which there are only so many in an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// Logins to a mailbox.
    Logins,
    /// Token requests of an application.
    TokenRequests,
}

impl Subject {
    /// Every subject.
    pub const ALL: [Self; 2] = [Self::Logins, Self::TokenRequests];

    /// Returns the value of the label `ceiling`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Logins => "logins",
            Self::TokenRequests => "token_requests",
        }
    }

    /// Returns the name in texts for a person.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Logins => "logins",
            Self::TokenRequests => "token requests",
        }
    }

    /// Returns the configuration key of the ceiling.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Logins => "logins_per_hour",
            Self::TokenRequests => "token_requests_per_hour",
        }
    }

    /// Returns the ceiling that is configured.
    pub const fn configured(self, ceilings: Ceilings) -> Option<u32> {
        match self {
            Self::Logins => ceilings.logins_per_hour,
            Self::TokenRequests => ceilings.token_requests_per_hour,
        }
    }

    /// Returns the number that the schedule needs for a probe in the time over which is counted: one more than its turns, for the first
    /// run comes at once.
    pub fn scheduled(self, settings: &ProbeSettings) -> u32 {
        let counts = match self {
            Self::Logins => settings.id.check.is_of_mailbox(),
            Self::TokenRequests => settings.id.check == Check::Token,
        };
        match settings.id.check {
            Check::RoundTrip if counts => turns(settings.interval).saturating_mul(LOGINS_PER_MAIL),
            _ if counts => turns(settings.interval),
            _ => 0,
        }
    }

    /// Returns the ceiling of an account whose probes need `scheduled`; by default at least twice that, so that it never holds up the
    /// schedule.
    pub fn ceiling(self, configured: Option<u32>, scheduled: u32) -> Ceiling {
        let (usual, scheduled) = match self {
            Self::Logins => (LOGINS, scheduled),
            Self::TokenRequests => (TOKEN_REQUESTS, scheduled.saturating_add(SCOPES * turns(TOKEN_REQUEST_INTERVAL))),
        };
        Ceiling { most: configured.unwrap_or_else(|| usual.max(scheduled.saturating_mul(2))), scheduled }
    }
}

/// Returns the most turns of this interval in the time over which is counted, and one.
fn turns(interval: Duration) -> u32 {
    let turns = Window::LONGEST.as_millis().div_ceil(interval.as_millis().max(1));
    u32::try_from(turns).unwrap_or(u32::MAX).saturating_add(1)
}

/// A ceiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ceiling {
    /// The most in an hour.
    pub most: u32,
    /// The part of them that the schedule needs, and requests leave to it.
    pub scheduled: u32,
}

impl Default for Ceiling {
    fn default() -> Self {
        Self { most: u32::MAX, scheduled: 0 }
    }
}

/// A mailbox or an application, with what it was asked in the last hour. Without a ceiling until it is given one: a program that runs
/// each check once needs none.
#[derive(Debug)]
pub struct Account {
    subject: Subject,
    /// The mailbox's address, or the application's tenant and client id.
    name: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    ceiling: Ceiling,
    window: Window,
    refused: u64,
    told: Option<Instant>,
}

/// The numbers of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The number in the last hour.
    pub used: u32,
    /// The most in an hour.
    pub most: u32,
    /// The number of refusals since the start.
    pub refused: u64,
}

impl Account {
    /// Creates an account of which nothing is asked yet.
    pub fn new(subject: Subject, name: String) -> Self {
        Self { subject, name, state: Mutex::default() }
    }

    /// Sets the ceiling; what was counted before counts on.
    pub fn set_ceiling(&self, ceiling: Ceiling) {
        self.state().ceiling = ceiling;
    }

    /// Counts one more.
    ///
    /// # Errors
    /// `ceiling_reached`: there may be no more for now. The first of many refusals is logged.
    pub fn charge(&self, origin: Origin) -> Result<(), Fault> {
        let now = Instant::now();
        let mut state = self.state();
        let (used, requested) = state.window.counts(now);
        let Ceiling { most, scheduled } = state.ceiling;
        if used < most && (origin == Origin::Schedule || requested < most.saturating_sub(scheduled)) {
            state.window.add(now, origin);
            return Ok(());
        }
        state.refused += 1;
        let is_news = state.told.is_none_or(|told| now.saturating_duration_since(told) >= TOLD_AGAIN);
        if is_news {
            state.told = Some(now);
        }
        drop(state);
        let (subject, key) = (self.subject.name(), self.subject.key());
        let rest = if used < most { ", and the rest is the schedule's" } else { "" };
        let reached = format!("{used} {subject} in the last hour, of {most} that `{key}` allows{rest}");
        if is_news {
            warn!(account = self.name, "ceiling reached: {reached}; not logged again within the next hour");
        }
        Err(Fault::heard(Reason::CeilingReached, reached))
    }

    /// Takes one back that was counted a moment ago and did not take place after all.
    pub fn refund(&self, origin: Origin) {
        self.state().window.remove(Instant::now(), origin);
    }

    /// Returns its numbers.
    pub fn usage(&self) -> Usage {
        let mut state = self.state();
        let (used, _) = state.window.counts(Instant::now());
        Usage { used, most: state.ceiling.most, refused: state.refused }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The accounts to which a probe's runs are charged: the mailbox that they log in to, and the application.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    /// The mailbox, where the probe has one.
    pub mailbox: Option<Arc<Account>>,
    /// The application.
    pub application: Option<Arc<Account>>,
}

/// The allowance of one run. By default everything is allowed and nothing counted.
#[derive(Clone, Debug, Default)]
pub struct Allowance {
    accounts: Accounts,
    origin: Origin,
    logins: u32,
}

impl Allowance {
    /// Creates the allowance of a run.
    pub fn new(accounts: Accounts, origin: Origin) -> Self {
        Self { accounts, origin, logins: 0 }
    }

    /// Counts a login that is about to be tried.
    ///
    /// # Errors
    /// As [`Account::charge`].
    pub fn login(&mut self) -> Result<(), Fault> {
        if let Some(mailbox) = &self.accounts.mailbox {
            mailbox.charge(self.origin)?;
            self.logins += 1;
        }
        Ok(())
    }

    /// Counts a token request that is about to be sent.
    ///
    /// # Errors
    /// As [`Account::charge`].
    pub fn token_request(&self) -> Result<(), Fault> {
        self.accounts.application.as_ref().map_or(Ok(()), |application| application.charge(self.origin))
    }

    /// Takes a token request back that was never sent. Requests of clients are not taken back: each cost a connection at least.
    pub fn token_request_unsent(&self) {
        if let Some(application) = self.accounts.application.as_ref().filter(|_| self.origin == Origin::Schedule) {
            application.refund(self.origin);
        }
    }

    /// Takes the run's logins back: it never came so far. A network that fails must not use up the ceiling, for what fails then is the
    /// network. Those of clients are not taken back, as above.
    pub fn logged_in_nowhere(&mut self) {
        if let Some(mailbox) = self.accounts.mailbox.as_ref().filter(|_| self.origin == Origin::Schedule) {
            (0..std::mem::take(&mut self.logins)).for_each(|_| mailbox.refund(self.origin));
        }
    }
}

#[cfg(test)]
mod tests;
