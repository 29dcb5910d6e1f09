//! Protocol text without I/O and without a clock: what to say, what was answered, and what a refusal means.
//!
//! A step of a conversation is one function from a line (or a body) to what was hoped for, or to a [`Refusal`]. Three
//! things are never confused: they said no, we could not ask, and we could not read the answer.

use std::time::Duration;

use crate::outcome::Fault;
use crate::secret::Sent;

mod exchange;
pub mod http;
pub mod imap;
pub mod jwt;
pub mod oauth;
pub mod pop3;
pub mod role;
pub mod sasl;
pub mod smtp;
pub mod soap;
pub mod text;

/// Why a step failed, and how long the server asked us to stay away.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Why, and the words it was said with; not yet cleaned of secrets: see [`Refusal::cleaned`].
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

    /// The same refusal with what `sent` remembers masked in everything that was heard.
    #[must_use]
    pub fn cleaned(mut self, sent: &Sent) -> Self {
        let evidence = &mut self.fault.evidence;
        let ids = evidence.ids.iter_mut().map(|(_, value)| value);
        for text in evidence.heard.iter_mut().chain(evidence.code.iter_mut()).chain(ids) {
            *text = sent.clean(text);
        }
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
    use crate::secret::Secret;

    #[test]
    fn an_echoed_secret_is_masked_wherever_it_came_back() {
        let mut sent = Sent::default();
        sent.remember(&Secret::new("eyJ0eXAiOiJKV1Qi"));
        let fault =
            Fault::heard(Reason::AuthRefused, "bad eyJ0eXAiOiJKV1Qi").code("eyJ0eXAiOiJKV1Qi").id("session", "eyJ0eXAiOiJKV1Qi");
        let evidence = Refusal::from(fault).cleaned(&sent).fault.evidence;
        assert_eq!(evidence.heard.as_deref(), Some("bad <secret>"));
        assert_eq!(evidence.code.as_deref(), Some("<secret>"));
        assert_eq!(evidence.ids, [("session", "<secret>".to_owned())]);
    }

    #[test]
    fn nobody_can_send_us_away_for_ever() {
        let refusal = Refusal::from(Fault::new(Reason::Throttled)).back_off(Some(Duration::MAX));
        assert_eq!(refusal.back_off, Some(LONGEST_BACK_OFF));
    }
}
