//! The report about a mail that was not delivered (RFC 3464): the reason, and the mail that it is about.

use super::{MARK, Mark};
use crate::sanitize;

/// A report about a mail of this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounce {
    /// The mark of the mail that was not delivered.
    pub mark: Mark,
    /// The status of the failure, as `5.1.10`, where the report has it.
    pub status: Option<String>,
    /// The last server's words, on one line.
    pub diagnostic: Option<String>,
    /// Set if delivery has failed for good; a report may also say that it is delayed, and will be tried again.
    pub is_final: bool,
}

/// Parses the body of a `multipart/report`; `None` where it returns no header of a mail of this program.
pub fn parse_bounce(body: &str) -> Option<Bounce> {
    let mark = field(body, MARK).and_then(|text| Mark::parse(&text))?;
    let action = field(body, "Action").unwrap_or_default();
    let diagnostic = field(body, "Diagnostic-Code").map(|text| {
        let words = text.split_once(';').map_or(text.as_str(), |(_, words)| words);
        sanitize::reply(words.trim())
    });
    let status = field(body, "Status").filter(|status| status.len() <= 11);
    Some(Bounce { mark, status, diagnostic, is_final: !action.eq_ignore_ascii_case("delayed") })
}

/// Returns the first field of that name in any part of the body, its folded lines in one.
fn field(body: &str, name: &str) -> Option<String> {
    let mut lines = body.lines();
    let first = lines.by_ref().find_map(|line| {
        let (field, value) = line.split_once(':')?;
        field.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })?;
    let folded = lines.take_while(|line| line.starts_with([' ', '\t']));
    Some(folded.fold(first, |value, line| format!("{value} {}", line.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "--x\r\nContent-Type: text/plain\r\n\r\nYour message couldn't be delivered.\r\n--x\r\n\
        Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns;a\r\n\r\nFinal-Recipient: rfc822;b@c.example\r\nAction: failed\r\n\
        Status: 5.1.10\r\nDiagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound;\r\n Recipient not found\r\n\r\n--x\r\n\
        Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <1@c.example>\r\n\
        X-M365-Probe-Round-Trip: 11111111-2222-3333-4444-555555555555/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee/1\r\n\r\n--x--\r\n";

    #[test]
    fn parse_bounce_reads_status_words_and_the_mark_of_the_mail() {
        let bounce = parse_bounce(BODY).expect("about a mail of ours");
        assert_eq!(bounce.status.as_deref(), Some("5.1.10"));
        assert_eq!(bounce.diagnostic.as_deref(), Some("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found"));
        assert_eq!(bounce.mark.id, "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee");
        assert!(bounce.is_final);
        let delayed = parse_bounce(&BODY.replace("Action: failed", "Action: delayed")).expect("about a mail of ours");
        assert!(!delayed.is_final);
    }

    #[test]
    fn parse_bounce_of_another_mail_is_none() {
        assert_eq!(parse_bounce(&BODY.replace("X-M365-Probe", "X-Other")), None);
        assert_eq!(parse_bounce(""), None);
    }
}
