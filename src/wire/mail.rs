//! Mail text (RFC 5322): the mail of a round trip, and what the headers of mails in a folder tell.

mod bounce;
mod date;
mod header;

use std::fmt::Write as _;
use std::time::SystemTime;

pub use bounce::{Bounce, parse_bounce};
pub use date::{format_date, parse_date, parse_internal_date};
pub use header::{Hop, MailHeader, hops, parse_header, received_at};

use super::Refusal;

/// The header field by which a mail of this program is known: instance, id and time of sending.
pub const MARK: &str = "X-M365-Probe-Round-Trip";

/// The header fields that [`parse_header`] reads, as IMAP's FETCH names them.
pub const FIELDS: &str = "MESSAGE-ID X-MICROSOFT-ORIGINAL-MESSAGE-ID X-M365-PROBE-ROUND-TRIP CONTENT-TYPE AUTO-SUBMITTED \
                          IN-REPLY-TO REFERENCES";

/// A refusal to take a mail.
#[derive(Clone, Debug)]
pub struct SubmissionRefusal {
    /// Reason, evidence and back-off.
    pub refusal: Refusal,
    /// Set for a refusal that lasts until something is changed, unlike one for now.
    pub is_for_good: bool,
}

/// The identity of a mail of a round trip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The instance of the program that sent it: a GUID, which a state file keeps.
    pub instance: String,
    /// The mail itself: a GUID.
    pub id: String,
}

/// The words with which the subjects of mails of this program begin.
pub const SUBJECT: &str = "m365-probe round trip";

/// The text of such a mail, in lines.
pub const TEXT: [&str; 2] = [
    "m365-probe has sent this mail to see whether and how fast it arrives, and deletes it",
    "when it has found it. You may delete it as well.",
];

/// The header field that keeps Exchange from answering the mail automatically.
pub const NO_ANSWER: (&str, &str) = ("X-Auto-Response-Suppress", "All");

impl Mark {
    /// Writes the text of the header field, for a mail that is sent `now`.
    pub fn field(&self, now: SystemTime) -> String {
        let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        format!("{}/{}/{seconds}", self.instance, self.id)
    }

    /// Returns the subject of the mail.
    pub fn subject(&self) -> String {
        format!("{SUBJECT} {}", self.id.get(..8).unwrap_or(&self.id))
    }

    /// Parses the text of the header field.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('/');
        let (instance, id) = (parts.next()?, parts.next()?);
        let is_guid = |text: &str| text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        (is_guid(instance) && is_guid(id)).then(|| Self { instance: instance.to_owned(), id: id.to_owned() })
    }

    /// Returns the Message-ID of the mail, in the domain of its sender.
    pub fn message_id(&self, from: &str) -> String {
        let domain = domain_of(from).unwrap_or("localhost");
        format!("<{}@{domain}>", self.id)
    }
}

/// Returns the domain of an address.
pub fn domain_of(address: &str) -> Option<&str> {
    address.rsplit_once('@').map(|(_, domain)| domain).filter(|domain| !domain.is_empty())
}

/// Writes the mail: small, 7 bit, with CRLF line endings, without a line that begins with a dot. The header fields keep
/// automatic replies from being sent to it; `Precedence: bulk` would add to its junk score.
pub fn compose(mark: &Mark, from: &str, to: &str, now: SystemTime) -> String {
    let (date, id) = (format_date(now), mark.message_id(from));
    let (no_answer, suppressed) = NO_ANSWER;
    let mut text = String::with_capacity(1024);
    for (name, value) in [
        ("Date", date.as_str()),
        ("From", &format!("<{from}>")),
        ("To", &format!("<{to}>")),
        ("Subject", &mark.subject()),
        ("Message-ID", &id),
        (MARK, &mark.field(now)),
        ("Auto-Submitted", "auto-generated"),
        (no_answer, suppressed),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=us-ascii"),
        ("Content-Transfer-Encoding", "7bit"),
    ] {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    format!("{text}\r\n{}\r\n", TEXT.join("\r\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark() -> Mark {
        Mark { instance: "11111111-2222-3333-4444-555555555555".into(), id: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee".into() }
    }

    #[test]
    fn compose_writes_a_small_mail_that_parse_header_knows_again() {
        let now = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_796_000_000);
        let mail = compose(&mark(), "loop@contoso.example", "other@contoso.example", now);
        assert!(mail.is_ascii() && mail.len() < 1024, "{mail}");
        assert!(mail.split("\r\n").all(|line| line.len() < 120 && !line.starts_with('.') && !line.contains('\n')), "{mail}");
        let header = parse_header(&mail);
        assert_eq!(header.mark, Some(mark()));
        assert_eq!(header.message_ids, ["<aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee@contoso.example>"]);
        assert!(!header.is_report);
        assert!(mail.contains("\r\nAuto-Submitted: auto-generated\r\n") && mail.contains("X-Auto-Response-Suppress: All\r\n"));
    }

    #[test]
    fn mark_of_another_form_is_none() {
        let Mark { instance, id } = mark();
        assert_eq!(Mark::parse(&format!(" {instance}/{id}/1796000000 ")), Some(mark()));
        for text in
            ["", "/", "a/b/c", &instance, &format!("{instance}/"), &format!("{instance}x/{id}"), &format!("{instance}/{id}é")]
        {
            assert_eq!(Mark::parse(text), None, "{text}");
        }
    }

    #[test]
    fn domain_of_an_address_is_behind_the_last_at() {
        assert_eq!(domain_of("\"a@b\"@contoso.example"), Some("contoso.example"));
        assert_eq!((domain_of("contoso"), domain_of("a@")), (None, None));
    }
}
