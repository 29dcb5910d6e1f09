//! The header of a mail: the fields that tell a mail of this program from others, and the hops of its way.

use std::time::{Duration, SystemTime};

use super::{MARK, Mark, parse_date};
use crate::sanitize;

/// The fields by which a mail is recognised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailHeader {
    /// Its ids: `Message-ID`, and the one that it was submitted with where the server has given it another.
    pub message_ids: Vec<String>,
    /// The mark of this program, where it has one.
    pub mark: Option<Mark>,
    /// Set for a report about another mail (`multipart/report`).
    pub is_report: bool,
    /// Set for an automatic answer; such a mail is none of ours, whatever it quotes.
    pub is_automatic_answer: bool,
    /// The ids of the mails that it answers.
    pub answers: Vec<String>,
}

/// A hop of a mail's way: a server that has received it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The name of the server.
    pub server: String,
    /// The time at which it received the mail, by its clock.
    pub at: SystemTime,
}

/// Parses a header, or some of its fields; what follows an empty line is no part of it.
pub fn parse_header(text: &str) -> MailHeader {
    let mut header = MailHeader::default();
    for (name, value) in fields(text) {
        match name.to_ascii_lowercase().as_str() {
            "message-id" | "x-microsoft-original-message-id" => header.message_ids.push(value),
            "content-type" => header.is_report |= value.to_ascii_lowercase().starts_with("multipart/report"),
            "auto-submitted" => header.is_automatic_answer |= value.to_ascii_lowercase().starts_with("auto-replied"),
            "in-reply-to" | "references" => header.answers.extend(value.split_ascii_whitespace().map(str::to_owned)),
            _ if name.eq_ignore_ascii_case(MARK) => header.mark = header.mark.or_else(|| Mark::parse(&value)),
            _ => {}
        }
    }
    header
}

/// Returns the hops in a header, the first server first. A `Received` field without a time is left out.
pub fn hops(text: &str) -> Vec<Hop> {
    let received = fields(text).filter(|(name, _)| name.eq_ignore_ascii_case("received"));
    let mut hops: Vec<Hop> = received.filter_map(|(_, value)| hop(&value)).collect();
    hops.reverse();
    hops
}

/// Returns the time at which the last server received a mail; without one, the time that its sender has written.
pub fn received_at(text: &str) -> Option<SystemTime> {
    let dated = || fields(text).find(|(name, _)| name.eq_ignore_ascii_case("date")).and_then(|(_, value)| parse_date(&value));
    hops(text).last().map(|hop| hop.at).or_else(dated)
}

fn hop(value: &str) -> Option<Hop> {
    let (way, date) = value.rsplit_once(';')?;
    let mut words = way.split_ascii_whitespace().skip_while(|word| *word != "by");
    let server = words.nth(1).unwrap_or_default();
    Some(Hop { server: sanitize::one_line(server, 100), at: parse_date(date)? })
}

/// The fields of a header, each with its folded lines in one.
fn fields(text: &str) -> impl Iterator<Item = (&str, String)> {
    let mut lines = text.lines().take_while(|line| !line.is_empty()).peekable();
    std::iter::from_fn(move || {
        loop {
            let line = lines.next()?;
            let Some((name, value)) = line.split_once(':').filter(|(name, _)| !name.contains([' ', '\t'])) else { continue };
            let mut value = value.trim().to_owned();
            while let Some(more) = lines.next_if(|line| line.starts_with([' ', '\t'])) {
                let separator = if value.is_empty() { "" } else { " " };
                value = format!("{value}{separator}{}", more.trim());
            }
            return Some((name, value));
        }
    })
}

impl Hop {
    /// Returns the time from the first hop to the last; `None` where clocks run apart, or there is one hop.
    pub fn transit(hops: &[Self]) -> Option<Duration> {
        let (first, last) = (hops.first()?, hops.last().filter(|_| hops.len() > 1)?);
        last.at.duration_since(first.at).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "Received: from BE.PROD.OUTLOOK.COM (2603:10a6::1)\r\n by BE.PROD.OUTLOOK.COM with HTTPS; Mon, 23 Nov 2026 18:00:49 +0000\r\n\
        Received: from FE.PROD.OUTLOOK.COM (2603:10a6::2) by BE.PROD.OUTLOOK.COM\r\n\t(2603:10a6::1) with SMTP id 15.20;\r\n Mon, 23 Nov 2026 17:59:49 +0000\r\n\
        Received: from x; no date\r\nMessage-ID:\r\n <1@contoso.example>\r\nX-Microsoft-Original-Message-ID: <2@contoso.example>\r\n\
        X-M365-PROBE-ROUND-TRIP: 11111111-2222-3333-4444-555555555555/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee/1\r\n\
        References: <3@contoso.example>\r\n <4@contoso.example>\r\nIn-Reply-To: <5@contoso.example>\r\n\
        Content-Type: MULTIPART/report; report-type=delivery-status\r\nAuto-Submitted: auto-replied\r\n\r\nMessage-ID: <no@header.example>\r\n";

    #[test]
    fn parse_header_reads_folded_fields_in_any_case() {
        let header = parse_header(HEADER);
        assert_eq!(header.message_ids, ["<1@contoso.example>", "<2@contoso.example>"]);
        assert_eq!(header.answers, ["<3@contoso.example>", "<4@contoso.example>", "<5@contoso.example>"]);
        assert_eq!(header.mark.map(|mark| mark.id).as_deref(), Some("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"));
        assert!(header.is_report && header.is_automatic_answer);
        for text in ["", "\r\n", "no header", ": x", "a b: c", "Received: ;"] {
            assert_eq!((parse_header(text), hops(text).len()), (MailHeader::default(), 0), "{text}");
        }
    }

    #[test]
    fn received_at_is_the_last_server_s_time_and_else_the_sender_s() {
        let at = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        let date = "date: Mon, 23 Nov 2026 17:59:49 +0000\r\n";
        assert_eq!(received_at(HEADER), at(1_795_456_849));
        assert_eq!(received_at(&format!("{date}{HEADER}")), at(1_795_456_849), "a sender may write anything");
        assert_eq!(received_at(date), at(1_795_456_789));
        assert_eq!(received_at(&format!("Received: by x; never\r\n{date}")), at(1_795_456_789));
        assert_eq!((received_at(""), received_at("Date: never\r\n")), (None, None));
    }

    #[test]
    fn hops_are_in_the_order_of_the_way_with_its_time() {
        let hops = hops(HEADER);
        assert_eq!(hops.iter().map(|hop| hop.server.as_str()).collect::<Vec<_>>(), ["BE.PROD.OUTLOOK.COM"; 2]);
        assert_eq!(Hop::transit(&hops), Some(Duration::from_secs(60)));
        assert_eq!(Hop::transit(&hops[..1]), None);
        assert_eq!(Hop::transit(&[hops[1].clone(), hops[0].clone()]), None, "the clocks run apart");
    }
}
