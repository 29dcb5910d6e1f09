//! Two requests to Microsoft Graph: the cheapest that prove an application can open a mailbox, or its calendar.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use hyper::StatusCode;
use serde_json::Value;

use super::Refusal;
use super::http::Head;

pub mod application;
mod refusal;

/// A larger answer is none: one entry takes 1 kB.
const LARGEST_ANSWER: usize = 256 * 1024;

/// What to GET for the mailbox of that address: its mail folders, of which one entry suffices.
/// <https://learn.microsoft.com/en-us/graph/api/user-list-mailfolders>
pub fn mail_folders(mailbox: &str) -> String {
    format!("/v1.0/users/{}/mailFolders?$top=1&$select=id", segment(mailbox))
}

/// What to GET for the calendar of that address: its appointments between two moments, of which one entry suffices. None
/// in that time is a success too: the calendar was opened.
/// <https://learn.microsoft.com/en-us/graph/api/calendar-list-calendarview>
pub fn calendar_view(mailbox: &str, from: SystemTime, until: SystemTime) -> String {
    let (mailbox, from, until) = (segment(mailbox), moment(from), moment(until));
    format!("/v1.0/users/{mailbox}/calendar/calendarView?startDateTime={from}&endDateTime={until}&$top=1&$select=id")
}

/// `text` as one segment of a path: all but RFC 3986's unreserved characters and `@` is percent-encoded. A guest's
/// `alice_fabrikam.example#EXT#@contoso.example` would lose its end otherwise.
fn segment(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut segment, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            let _ = write!(segment, "%{byte:02X}"); // writing to a String cannot fail
        }
        segment
    })
}

/// `2026-11-23T17:59:49Z`; a time that four digits of a year cannot tell is brought near.
fn moment(at: SystemTime) -> String {
    const LAST_OF_9999: Duration = Duration::from_secs(253_402_300_799);
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().min(LAST_OF_9999);
    humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + since).to_string()
}

/// The answer to either request, whatever its status: a collection, which may be empty.
pub fn opened(head: Head<'_>, body: &[u8]) -> Result<(), Refusal> {
    let answer =
        Some(body).filter(|body| body.len() <= LARGEST_ANSWER).and_then(|body| serde_json::from_slice::<Value>(body).ok());
    let has_entries = answer.as_ref().and_then(|answer| answer.get("value")).is_some_and(Value::is_array);
    if head.status == StatusCode::OK && has_entries { Ok(()) } else { Err(refusal::refusal(head, body, answer.as_ref())) }
}

/// The headers of any answer of Graph's that support asks for, under the names that evidence gives them.
pub fn ids(head: Head<'_>) -> Vec<(&'static str, String)> {
    const KEPT: &[(&str, &str)] = &[
        ("request-id", "request_id"),
        ("client-request-id", "client_request_id"),
        ("x-ms-ags-diagnostic", "ags_diagnostic"), // data centre, ring and server, in JSON
    ];
    KEPT.iter().filter_map(|(header, name)| Some((*name, head.header(header)?))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reason::Reason;
    use crate::wire::http::tests::headers;

    #[test]
    fn an_address_stays_one_segment() {
        for (mailbox, segment) in [
            ("praxis@contoso.example", "praxis@contoso.example"),
            ("o'neil+lab@contoso.example", "o%27neil%2Blab@contoso.example"),
            ("alice_fabrikam.example#EXT#@contoso.example", "alice_fabrikam.example%23EXT%23@contoso.example"),
            ("a/../b?c=%41@contoso.example", "a%2F..%2Fb%3Fc%3D%2541@contoso.example"),
            ("grüße@contoso.example", "gr%C3%BC%C3%9Fe@contoso.example"),
        ] {
            assert_eq!(mail_folders(mailbox), format!("/v1.0/users/{segment}/mailFolders?$top=1&$select=id"));
        }
    }

    #[test]
    fn a_calendar_is_asked_for_a_time() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(
            calendar_view("praxis@contoso.example", at(1_795_456_789), at(1_795_543_189)),
            "/v1.0/users/praxis@contoso.example/calendar/calendarView?startDateTime=2026-11-23T17:59:49Z\
             &endDateTime=2026-11-24T17:59:49Z&$top=1&$select=id"
        );
        assert_eq!(moment(at(u64::from(u32::MAX) * 1000)), "9999-12-31T23:59:59Z");
        assert_eq!(moment(SystemTime::UNIX_EPOCH - Duration::from_secs(1)), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn a_collection_is_a_success_and_nothing_else_is() {
        for (status, body, reason) in [
            (200, r#"{"@odata.context":"c","value":[{"id":"AAMk"}],"@odata.nextLink":"n"}"#, None),
            (200, r#"{"value":[]}"#, None),
            (200, r#"{"value":{}}"#, Some(Reason::ReplyMalformed)),
            (200, r#"{"error":{"code":"ErrorItemNotFound"},"value":null}"#, Some(Reason::FolderNotFound)),
            (200, "[]", Some(Reason::ReplyMalformed)),
            (200, "", Some(Reason::ReplyMalformed)),
            (202, r#"{"value":[]}"#, Some(Reason::ReplyMalformed)),
        ] {
            let headers = headers(&[]);
            let head = Head { status: StatusCode::from_u16(status).expect("a status"), headers: &headers };
            assert_eq!(opened(head, body.as_bytes()).err().map(|refusal| refusal.fault.reason), reason, "{body}");
        }
        let headers = headers(&[]);
        let long = format!(r#"{{"value":["{}"]}}"#, "x".repeat(LARGEST_ANSWER));
        assert!(opened(Head { status: StatusCode::OK, headers: &headers }, long.as_bytes()).is_err());
    }

    #[test]
    fn what_support_asks_for_is_bounded() {
        let diagnostic = format!(r#"{{"ServerInfo":{{"DataCenter":"{}"}}}}"#, "x".repeat(400));
        let headers = headers(&[("request-id", "r"), ("x-ms-ags-diagnostic", &diagnostic), ("set-cookie", "c=1")]);
        let ids = ids(Head { status: StatusCode::OK, headers: &headers });
        assert_eq!(
            ids.iter().map(|(name, id)| (*name, id.chars().count())).collect::<Vec<_>>(),
            [("request_id", 1), ("ags_diagnostic", 200)]
        );
    }

    proptest! {
        #[test]
        fn no_answer_and_no_address_makes_it_panic(status in 100..=599_u16, body in ".{0,200}", bytes in any::<Vec<u8>>(), mailbox in any::<String>()) {
            let headers = headers(&[]);
            let head = Head { status: StatusCode::from_u16(status).expect("a status"), headers: &headers };
            let error = format!(r#"{{"error":{{"code":{body:?},"message":{body:?},"innerError":{{"code":[{body:?}]}}}}}}"#);
            for body in [body.as_bytes(), &bytes, error.as_bytes()] {
                let _ = opened(head, body);
            }
            prop_assert!(mail_folders(&mailbox).is_ascii());
        }
    }
}
