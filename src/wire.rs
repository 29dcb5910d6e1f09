//! Protocol text without I/O and without a clock: what to say, what was answered, and what a refusal means.
//!
//! A step of a conversation is one function from a line (or a body) to what was hoped for, or to a [`Refusal`]. Three
//! things are never confused: they said no, we could not ask, and we could not read the answer.

use std::time::Duration;

use crate::outcome::Fault;

pub mod dns;
mod exchange;
pub mod graph;
pub mod http;
pub mod imap;
pub mod jwt;
pub mod oauth;
pub mod pop3;
pub mod sasl;
pub mod smtp;
pub mod soap;

/// Why a step failed, and how long the server asked us to stay away.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Why, and the words it was said with; our secrets are still to be masked in them.
    pub fault: Fault,
    /// How long to stay away, where the refusal says so; never more than [`LONGEST_BACK_OFF`].
    pub back_off: Option<Duration>,
}

/// The longest back-off we obey. Exchange was seen to ask for up to five minutes, and Microsoft's own MSAL caps
/// `Retry-After` at one hour; a peer that asks for more must not switch the monitoring off.
pub const LONGEST_BACK_OFF: Duration = Duration::from_secs(3600);

impl Refusal {
    /// The same refusal asking for `back_off`, cut to [`LONGEST_BACK_OFF`].
    #[must_use]
    pub fn back_off(mut self, back_off: Option<Duration>) -> Self {
        self.back_off = back_off.map(|asked| asked.min(LONGEST_BACK_OFF));
        self
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self { fault, back_off: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::Reason;

    #[test]
    fn nobody_can_send_us_away_for_ever() {
        let refusal = Refusal::from(Fault::new(Reason::Throttled)).back_off(Some(Duration::MAX));
        assert_eq!(refusal.back_off, Some(LONGEST_BACK_OFF));
    }
}
