//! Protocol text without I/O and without a clock: requests, the parsers of their responses, and the reason of every refusal.
//!
//! A parser takes a line or a body and returns the expected response or a [`Refusal`]. A refusal of the server, a request that
//! could not be sent and a response that could not be parsed are different reasons.

use std::time::Duration;

use crate::outcome::Fault;

pub mod dns;
pub mod graph;
pub mod http;
pub mod imap;
pub mod jwt;
pub mod mail;
pub mod managed_identity;
pub mod oauth;
pub mod pop3;
mod pop3_imap_refusal;
pub mod sasl;
mod sentences;
pub mod smtp;
pub mod soap;

/// A refused request: its fault, and the back-off that the server asks for.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Reason and evidence; our secrets are still to be masked in it.
    pub fault: Fault,
    /// The time to wait before the next request, where the server names one; never more than [`MAX_BACK_OFF`].
    pub back_off: Option<Duration>,
}

/// The longest back-off that is obeyed. Exchange was observed to ask for up to five minutes, and Microsoft's own MSAL caps
/// `Retry-After` at one hour; a peer that asks for more must not switch the monitoring off.
pub const MAX_BACK_OFF: Duration = Duration::from_secs(3600);

impl Refusal {
    /// The same refusal with `back_off`, cut to [`MAX_BACK_OFF`].
    #[must_use]
    pub fn back_off(mut self, back_off: Option<Duration>) -> Self {
        self.back_off = back_off.map(|asked| asked.min(MAX_BACK_OFF));
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
    fn back_off_is_at_most_an_hour() {
        let refusal = Refusal::from(Fault::new(Reason::Throttled)).back_off(Some(Duration::MAX));
        assert_eq!(refusal.back_off, Some(MAX_BACK_OFF));
    }
}
