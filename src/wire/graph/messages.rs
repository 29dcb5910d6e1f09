//! Microsoft Graph: the messages of a folder, the header and the text of one, and its deletion.
//!
//! <https://learn.microsoft.com/en-us/graph/api/resources/message>

use std::fmt::Write as _;
use std::time::SystemTime;

use hyper::StatusCode;
use serde_json::Value;

use super::{path_segment, refusal, response, rfc3339};
use crate::outcome::parse_rfc3339;
use crate::wire::Refusal;
use crate::wire::http::{ResponseHead, without_byte_order_mark};

/// The messages of one page of a list: each takes about 1 kB.
pub const PAGE: usize = 100;

/// A folder in which mail of a round trip may lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WellKnownFolder {
    /// The inbox.
    Inbox,
    /// The junk folder.
    Junk,
    /// Sent Items.
    Sent,
}

impl WellKnownFolder {
    /// Every one of them, the inbox first.
    pub const ALL: [Self; 3] = [Self::Inbox, Self::Junk, Self::Sent];

    /// Returns the name that Graph knows it by in every language.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Junk => "junkemail",
            Self::Sent => "sentitems",
        }
    }

    /// Returns its name for a reader.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inbox => "INBOX",
            Self::Junk => "Junk Email",
            Self::Sent => "Sent Items",
        }
    }
}

/// A message as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedMessage {
    /// Its id, a segment of a path once it is encoded. It changes when the message is moved.
    pub id: String,
    /// Its subject; empty where it has none.
    pub subject: String,
    /// The address of its sender; empty where it has none.
    pub sender: String,
    /// Its Message-ID.
    pub message_id: Option<String>,
    /// The time at which it was received.
    pub received: SystemTime,
}

/// Returns the path of a page of the messages in a folder, in the order of their arrival from `since` on, or else the newest first,
/// without the first `skipped`. What a list is ordered by has to stand in its filter.
pub fn list_path(mailbox: &str, folder: WellKnownFolder, since: Option<SystemTime>, skipped: usize) -> String {
    let (mailbox, folder) = (path_segment(mailbox), folder.id());
    let order = match since {
        Some(since) => format!("$filter=receivedDateTime%20ge%20{}&$orderby=receivedDateTime", rfc3339(since)),
        None => "$orderby=receivedDateTime%20desc".to_owned(),
    };
    let skip = if skipped == 0 { String::new() } else { format!("&$skip={skipped}") };
    format!(
        "/v1.0/users/{mailbox}/mailFolders/{folder}/messages?$select=id,subject,from,internetMessageId,receivedDateTime\
         &{order}&$top={PAGE}{skip}"
    )
}

/// Returns the path of a message; with a DELETE that deletes it.
pub fn message_path(mailbox: &str, id: &str) -> String {
    format!("/v1.0/users/{}/messages/{}", path_segment(mailbox), path_segment(id))
}

/// Returns the path of the header of a message.
pub fn header_path(mailbox: &str, id: &str) -> String {
    format!("{}?$select=internetMessageHeaders", message_path(mailbox, id))
}

/// Returns the path of the whole text of a message. <https://learn.microsoft.com/en-us/graph/outlook-get-mime-message>
pub fn text_path(mailbox: &str, id: &str) -> String {
    format!("{}/$value", message_path(mailbox, id))
}

/// Parses the response to [`list_path`]. A message without id or time, which nobody can look at, is left out.
///
/// # Errors
/// Every response without a list: its reason, evidence and back-off.
pub fn parse_list(head: ResponseHead<'_>, body: &[u8]) -> Result<Vec<ListedMessage>, Refusal> {
    let response = response(head, body)?;
    let list = response.get("value").and_then(Value::as_array);
    let list = list.ok_or_else(|| refusal::refusal(head, body, Some(&response)))?;
    let message = |message: &Value| {
        let text = |pointer: &str| message.pointer(pointer).and_then(Value::as_str);
        let id = text("/id").filter(|id| !id.is_empty() && id.len() <= 1024)?;
        Some(ListedMessage {
            id: id.to_owned(),
            subject: text("/subject").unwrap_or_default().to_owned(),
            sender: text("/from/emailAddress/address").unwrap_or_default().to_owned(),
            message_id: text("/internetMessageId").map(str::to_owned),
            received: text("/receivedDateTime").and_then(parse_rfc3339)?,
        })
    };
    Ok(list.iter().take(PAGE).filter_map(message).collect())
}

/// Parses the response to [`header_path`]: the header as text, a line for each field, or `None` where Graph does not tell it, as of
/// the copies in Sent Items (msgraph-sdk-dotnet#3025).
///
/// # Errors
/// Every response without a message: its reason, evidence and back-off.
pub fn parse_headers(head: ResponseHead<'_>, body: &[u8]) -> Result<Option<String>, Refusal> {
    let response = response(head, body)?;
    if !response.is_object() || response.get("error").is_some() {
        return Err(refusal::refusal(head, body, Some(&response)));
    }
    let Some(fields) = response.get("internetMessageHeaders").and_then(Value::as_array) else { return Ok(None) };
    let mut text = String::new();
    for field in fields {
        let part = |name: &str| field.get(name).and_then(Value::as_str);
        if let (Some(name), Some(value)) = (part("name"), part("value")) {
            let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
            let _ = write!(text, "{name}: {value}\r\n"); // writing to a String cannot fail
        }
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// Parses the response to [`text_path`].
///
/// # Errors
/// Every response that is no success: its reason, evidence and back-off.
pub fn parse_text(head: ResponseHead<'_>, body: &[u8]) -> Result<String, Refusal> {
    match head.status {
        StatusCode::OK => Ok(String::from_utf8_lossy(without_byte_order_mark(body)).into_owned()),
        _ => Err(response(head, body).err().unwrap_or_else(|| refusal::refusal(head, body, None))),
    }
}

/// Parses the response to a deletion. A message that is not there any more is deleted.
///
/// # Errors
/// Every response that is no success: its reason, evidence and back-off.
pub fn parse_deleted(head: ResponseHead<'_>, body: &[u8]) -> Result<(), Refusal> {
    if matches!(head.status, StatusCode::NO_CONTENT | StatusCode::OK) {
        return Ok(());
    }
    let refusal = response(head, body).err().unwrap_or_else(|| refusal::refusal(head, body, None));
    let is_gone = refusal.fault.evidence.code.as_deref() == Some("ErrorItemNotFound");
    if is_gone { Ok(()) } else { Err(refusal) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::reason::Reason;
    use crate::wire::http::tests::headers;

    const MAILBOX: &str = "praxis@contoso.example";

    fn with<T>(status: u16, parse: impl FnOnce(ResponseHead<'_>) -> Result<T, Refusal>) -> Result<T, Reason> {
        let headers = headers(&[]);
        let head = ResponseHead { status: StatusCode::from_u16(status).expect("a status"), headers: &headers };
        parse(head).map_err(|refusal| refusal.fault.reason)
    }

    #[test]
    fn list_path_filters_by_what_it_orders_by() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_456_789);
        assert_eq!(
            list_path(MAILBOX, WellKnownFolder::Junk, Some(at), 100),
            "/v1.0/users/praxis@contoso.example/mailFolders/junkemail/messages?$select=id,subject,from,internetMessageId,\
             receivedDateTime&$filter=receivedDateTime%20ge%202026-11-23T17:59:49Z&$orderby=receivedDateTime&$top=100&$skip=100"
        );
        assert!(
            list_path(MAILBOX, WellKnownFolder::Inbox, None, 0)
                .ends_with("receivedDateTime&$orderby=receivedDateTime%20desc&$top=100")
        );
        assert_eq!(text_path(MAILBOX, "AA/k="), "/v1.0/users/praxis@contoso.example/messages/AA%2Fk%3D/$value");
    }

    #[test]
    fn parse_list_leaves_out_what_cannot_be_looked_at() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_456_789);
        let body = r#"{"value":[{"id":"A","subject":"s","from":{"emailAddress":{"address":"a@b.example"}},"internetMessageId":"<1@b>",
            "receivedDateTime":"2026-11-23T17:59:49Z"},{"id":"B","receivedDateTime":"2026-11-23T17:59:49Z","subject":null},
            {"id":"C"},{"id":"","receivedDateTime":"2026-11-23T17:59:49Z"},7]}"#;
        let list = with(200, |head| parse_list(head, body.as_bytes())).expect("a list");
        let [first, second] = list.as_slice() else { panic!("{list:?}") };
        assert_eq!((first.sender.as_str(), first.message_id.as_deref(), first.received), ("a@b.example", Some("<1@b>"), at));
        assert_eq!((second.subject.as_str(), &second.message_id), ("", &None));
        assert_eq!(with(200, |head| parse_list(head, b"{}")), Err(Reason::ReplyMalformed));
        assert_eq!(with(404, |head| parse_list(head, br#"{"error":{"code":"ErrorItemNotFound"}}"#)), Err(Reason::FolderNotFound));
    }

    #[test]
    fn parse_headers_writes_a_header_that_can_be_parsed() {
        let body = r#"{"id":"A","internetMessageHeaders":[{"name":"Received","value":"from a\r\n by b; x"},{"name":"X-M365-Probe-Round-Trip",
            "value":"11111111-2222-3333-4444-555555555555/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee/1"},{"name":"X"},7]}"#;
        let text = with(200, |head| parse_headers(head, body.as_bytes())).expect("a message").expect("a header");
        assert_eq!(text.lines().next(), Some("Received: from a by b; x"));
        assert!(crate::wire::mail::parse_header(&text).mark.is_some());
        for without in [r#"{"id":"A"}"#, r#"{"id":"A","internetMessageHeaders":[]}"#, r#"{"internetMessageHeaders":null}"#] {
            assert_eq!(with(200, |head| parse_headers(head, without.as_bytes())), Ok(None), "{without}");
        }
        assert_eq!(with(200, |head| parse_headers(head, b"[]")), Err(Reason::ReplyMalformed));
        assert_eq!(
            with(404, |head| parse_headers(head, br#"{"error":{"code":"ErrorItemNotFound"}}"#)),
            Err(Reason::FolderNotFound)
        );
    }

    #[test]
    fn parse_text_and_parse_deleted_take_success_alone() {
        let denied = br#"{"error":{"code":"ErrorAccessDenied","message":"Access is denied."}}"#;
        assert_eq!(with(200, |head| parse_text(head, b"\xef\xbb\xbfA: b\xff")), Ok("A: b\u{fffd}".to_owned()));
        assert_eq!(with(403, |head| parse_text(head, denied)), Err(Reason::AccessDenied));
        assert_eq!(with(204, |head| parse_text(head, b"")), Err(Reason::ReplyMalformed));
        assert_eq!(with(204, |head| parse_deleted(head, b"")), Ok(()));
        assert_eq!(with(404, |head| parse_deleted(head, br#"{"error":{"code":"ErrorItemNotFound"}}"#)), Ok(()));
        assert_eq!(
            with(404, |head| parse_deleted(head, br#"{"error":{"code":"ResourceNotFound"}}"#)),
            Err(Reason::MailboxNotFound)
        );
        assert_eq!(with(403, |head| parse_deleted(head, denied)), Err(Reason::AccessDenied));
    }
}
