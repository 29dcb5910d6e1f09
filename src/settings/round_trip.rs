//! The settings of a round trip.

use std::time::Duration;

use crate::kind::Check;

/// The settings of a round trip: where the mail goes, how it is looked for, and when it counts as late and as lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoundTrip {
    /// The address that the mail is sent to; `None` for the mailbox itself.
    pub to: Option<String>,
    /// The service that it is submitted to: SMTP or Graph.
    pub send_by: Check,
    /// The service by which it is looked for: IMAP, POP3 or Graph.
    pub by: Check,
    /// The time in which it has to arrive.
    pub arrive_within: Duration,
    /// The time after which it counts as lost, and is looked for no more.
    pub lost_after: Duration,
    /// The domain, other than the mailbox's own, that mail may be sent to.
    pub allow_domain: Option<String>,
}

impl RoundTrip {
    /// Interval where nothing else is configured.
    pub const INTERVAL: Duration = Duration::from_secs(15 * 60);
    /// The least time between two mails of one pair of mailboxes.
    pub const SPACING: Duration = Duration::from_secs(5 * 60);
    /// The time for arrival where nothing else is configured.
    pub const ARRIVE_WITHIN: Duration = Duration::from_secs(5 * 60);
    /// The time after which a mail counts as lost where nothing else is configured, in times of the time for arrival.
    pub const LOST_AFTER: u32 = 12;

    /// Returns the recipient of a mail from `mailbox`.
    pub fn recipient<'a>(&'a self, mailbox: &'a str) -> &'a str {
        self.to.as_deref().unwrap_or(mailbox)
    }

    /// Reports whether mail from `mailbox` may be sent to the recipient: within its own domain, or to the one that is named.
    pub fn is_allowed(&self, mailbox: &str) -> bool {
        let domain = |address: &str| address.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase());
        let to = domain(self.recipient(mailbox));
        to.is_some() && (to == domain(mailbox) || to == self.allow_domain.as_ref().map(|domain| domain.to_ascii_lowercase()))
    }
}

impl Default for RoundTrip {
    fn default() -> Self {
        Self {
            to: None,
            send_by: Check::Smtp,
            by: Check::Imap,
            arrive_within: Self::ARRIVE_WITHIN,
            lost_after: Self::ARRIVE_WITHIN * Self::LOST_AFTER,
            allow_domain: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_to_another_domain_is_allowed_only_where_it_is_named() {
        let round_trip = |to: &str, domain: Option<&str>| RoundTrip {
            to: (!to.is_empty()).then(|| to.to_owned()),
            allow_domain: domain.map(str::to_owned),
            ..RoundTrip::default()
        };
        for (to, domain, expected) in [
            ("", None, true),
            ("b@Contoso.example", None, true),
            ("b@fabrikam.example", None, false),
            ("b@fabrikam.example", Some("other.example"), false),
            ("b@fabrikam.example", Some("Fabrikam.example"), true),
            ("b@sub.contoso.example", None, false),
            ("b", None, false),
        ] {
            assert_eq!(round_trip(to, domain).is_allowed("a@contoso.example"), expected, "{to} {domain:?}");
        }
    }
}
