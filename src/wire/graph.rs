//! Microsoft Graph: the cheapest requests that prove that an application can open a mailbox or its calendar.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use crate::outcome::SupportId;

use hyper::StatusCode;
use serde_json::Value;

use super::Refusal;
use super::http::{ResponseHead, parse_json};

pub mod application;
pub mod folders;
pub mod messages;
mod refusal;
pub mod sending;

/// Bytes of the largest response that is parsed: one entry takes 1 kB.
const MAX_RESPONSE: usize = 256 * 1024;

/// Returns the path of the mail folders of the mailbox with that address, limited to one entry.
/// <https://learn.microsoft.com/en-us/graph/api/user-list-mailfolders>
pub fn mail_folders_path(mailbox: &str) -> String {
    format!("/v1.0/users/{}/mailFolders?$top=1&$select=id", path_segment(mailbox))
}

/// Returns the path of the appointments between two times in the calendar of the mailbox with that address, limited to one
/// entry. An empty list is a success too: the calendar was opened.
/// <https://learn.microsoft.com/en-us/graph/api/calendar-list-calendarview>
pub fn calendar_view_path(mailbox: &str, from: SystemTime, until: SystemTime) -> String {
    let (mailbox, from, until) = (path_segment(mailbox), rfc3339(from), rfc3339(until));
    format!("/v1.0/users/{mailbox}/calendar/calendarView?startDateTime={from}&endDateTime={until}&$top=1&$select=id")
}

/// Encodes `text` as one segment of a path: all but RFC 3986's unreserved characters and `@` is percent-encoded. A guest's
/// `alice_fabrikam.example#EXT#@contoso.example` would lose its end otherwise.
fn path_segment(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut segment, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            let _ = write!(segment, "%{byte:02X}"); // writing to a String cannot fail
        }
        segment
    })
}

/// Formats a time as `2026-11-23T17:59:49Z`; one after the year 9999 becomes its last second.
fn rfc3339(at: SystemTime) -> String {
    const LAST_OF_9999: Duration = Duration::from_secs(253_402_300_799);
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().min(LAST_OF_9999);
    humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + since).to_string()
}

/// Parses the response to either request, whatever its status: a collection, which may be empty.
///
/// # Errors
/// Every response without a collection: its reason, evidence and back-off.
pub fn parse_collection(head: ResponseHead<'_>, body: &[u8]) -> Result<(), Refusal> {
    let response = Some(body).filter(|body| body.len() <= MAX_RESPONSE).and_then(parse_json::<Value>);
    let has_entries = response.as_ref().and_then(|response| response.get("value")).is_some_and(Value::is_array);
    if head.status == StatusCode::OK && has_entries { Ok(()) } else { Err(refusal::refusal(head, body, response.as_ref())) }
}

/// Returns the response of a success as JSON.
fn response(head: ResponseHead<'_>, body: &[u8]) -> Result<Value, Refusal> {
    let response = Some(body).filter(|body| body.len() <= MAX_RESPONSE).and_then(parse_json::<Value>);
    match response {
        Some(response) if head.status == StatusCode::OK => Ok(response),
        response => Err(refusal::refusal(head, body, response.as_ref())),
    }
}

/// Returns the headers of a response that Microsoft's support asks for, under the names that evidence gives them.
/// <https://learn.microsoft.com/en-us/graph/best-practices-concept#reliability-and-support>
pub fn diagnostic_ids(head: ResponseHead<'_>) -> Vec<(SupportId, String)> {
    const KEPT: &[(&str, SupportId)] = &[
        ("request-id", SupportId::RequestId),
        ("client-request-id", SupportId::ClientRequestId),
        ("x-ms-ags-diagnostic", SupportId::GraphDiagnostic), // data centre, ring and server, in JSON
    ];
    head.support_ids(KEPT)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reason::Reason;
    use crate::wire::http::tests::headers;

    #[test]
    fn path_segment_escapes_all_but_unreserved_characters() {
        for (mailbox, segment) in [
            ("praxis@contoso.example", "praxis@contoso.example"),
            ("o'neil+lab@contoso.example", "o%27neil%2Blab@contoso.example"),
            ("alice_fabrikam.example#EXT#@contoso.example", "alice_fabrikam.example%23EXT%23@contoso.example"),
            ("a/../b?c=%41@contoso.example", "a%2F..%2Fb%3Fc%3D%2541@contoso.example"),
            ("grüße@contoso.example", "gr%C3%BC%C3%9Fe@contoso.example"),
        ] {
            assert_eq!(mail_folders_path(mailbox), format!("/v1.0/users/{segment}/mailFolders?$top=1&$select=id"));
        }
    }

    #[test]
    fn calendar_view_path_holds_both_times_in_rfc_3339() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(
            calendar_view_path("praxis@contoso.example", at(1_795_456_789), at(1_795_543_189)),
            "/v1.0/users/praxis@contoso.example/calendar/calendarView?startDateTime=2026-11-23T17:59:49Z\
             &endDateTime=2026-11-24T17:59:49Z&$top=1&$select=id"
        );
        assert_eq!(rfc3339(at(u64::from(u32::MAX) * 1000)), "9999-12-31T23:59:59Z");
        assert_eq!(rfc3339(SystemTime::UNIX_EPOCH - Duration::from_secs(1)), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn parse_collection_takes_a_collection_alone_as_success() {
        for (status, body, reason) in [
            (200, r#"{"@odata.context":"c","value":[{"id":"AAMk"}],"@odata.nextLink":"n"}"#, None),
            (200, r#"{"value":[]}"#, None),
            (200, "\u{feff}{\"value\":[]}", None),
            (200, r#"{"value":{}}"#, Some(Reason::ReplyMalformed)),
            (200, r#"{"error":{"code":"ErrorItemNotFound"},"value":null}"#, Some(Reason::FolderNotFound)),
            (200, "[]", Some(Reason::ReplyMalformed)),
            (200, "", Some(Reason::ReplyMalformed)),
            (202, r#"{"value":[]}"#, Some(Reason::ReplyMalformed)),
        ] {
            let headers = headers(&[]);
            let head = ResponseHead { status: StatusCode::from_u16(status).expect("a status"), headers: &headers };
            assert_eq!(parse_collection(head, body.as_bytes()).err().map(|refusal| refusal.fault.reason), reason, "{body}");
        }
        let headers = headers(&[]);
        let long = format!(r#"{{"value":["{}"]}}"#, "x".repeat(MAX_RESPONSE));
        assert!(parse_collection(ResponseHead { status: StatusCode::OK, headers: &headers }, long.as_bytes()).is_err());
    }

    #[test]
    fn diagnostic_ids_are_bounded() {
        let diagnostic = format!(r#"{{"ServerInfo":{{"DataCenter":"{}"}}}}"#, "x".repeat(400));
        let headers = headers(&[("request-id", "r"), ("x-ms-ags-diagnostic", &diagnostic), ("set-cookie", "c=1")]);
        let ids = diagnostic_ids(ResponseHead { status: StatusCode::OK, headers: &headers });
        assert_eq!(
            ids.iter().map(|(name, id)| (*name, id.chars().count())).collect::<Vec<_>>(),
            [(SupportId::RequestId, 1), (SupportId::GraphDiagnostic, 200)]
        );
    }

    proptest! {
        #[test]
        fn parse_collection_and_path_never_panic(status in 100..=599_u16, body in ".{0,200}", bytes in any::<Vec<u8>>(), mailbox in any::<String>()) {
            let headers = headers(&[]);
            let head = ResponseHead { status: StatusCode::from_u16(status).expect("a status"), headers: &headers };
            let error = format!(r#"{{"error":{{"code":{body:?},"message":{body:?},"innerError":{{"code":[{body:?}]}}}}}}"#);
            for body in [body.as_bytes(), &bytes, error.as_bytes()] {
                let _ = parse_collection(head, body);
            }
            prop_assert!(mail_folders_path(&mailbox).is_ascii());
        }
    }
}
