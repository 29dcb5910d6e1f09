//! Microsoft Graph: the mail in a folder, and the time at which its oldest message was received.
//!
//! <https://learn.microsoft.com/en-us/graph/api/resources/mailfolder>

use std::time::SystemTime;

use serde_json::Value;

use super::{path_segment, refusal, response};
use crate::outcome::{Fault, parse_rfc3339};
use crate::reason::Reason;
use crate::wire::Refusal;
use crate::wire::http::ResponseHead;

/// Names that Graph knows a folder by in every language; the first part of a folder's name may be one of them.
const WELL_KNOWN: [&str; 6] = ["inbox", "archive", "deleteditems", "drafts", "junkemail", "sentitems"];

/// The properties of a folder that are read.
const PROPERTIES: &str = "$select=id,totalItemCount,unreadItemCount";

/// A folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailFolder {
    /// Its id, a segment of a path once it is encoded.
    pub id: String,
    /// The number of messages.
    pub total: Option<u64>,
    /// The number of messages not read yet.
    pub unread: Option<u64>,
}

/// Returns the path that leads to the folder called `name` in `parent`, or at the top: one entry, or a list of none or one.
pub fn folder_path(mailbox: &str, parent: Option<&MailFolder>, name: &str) -> String {
    let folders = format!("/v1.0/users/{}/mailFolders", path_segment(mailbox));
    let well_known = WELL_KNOWN.iter().find(|known| known.eq_ignore_ascii_case(name));
    // A quote is doubled (OData 4.01, 5.1.1.6.1).
    let filter = path_segment(&format!("displayName eq '{}'", name.replace('\'', "''")));
    match (parent, well_known) {
        (None, Some(known)) => format!("{folders}/{known}?{PROPERTIES}"),
        (None, None) => format!("{folders}?$filter={filter}&{PROPERTIES}&$top=1"),
        (Some(parent), _) => {
            format!("{folders}/{}/childFolders?$filter={filter}&{PROPERTIES}&$top=1", path_segment(&parent.id))
        }
    }
}

/// Returns the path of the oldest message of a folder.
pub fn oldest_path(mailbox: &str, folder: &MailFolder) -> String {
    let (mailbox, id) = (path_segment(mailbox), path_segment(&folder.id));
    format!("/v1.0/users/{mailbox}/mailFolders/{id}/messages?$select=receivedDateTime&$orderby=receivedDateTime&$top=1")
}

/// Parses the response to [`folder_path`].
///
/// # Errors
/// `folder_not_found` for an empty list, and every response without a folder: its reason, evidence and back-off.
pub fn parse_folder(head: ResponseHead<'_>, body: &[u8]) -> Result<MailFolder, Refusal> {
    let response = response(head, body)?;
    let folder = match response.get("value").and_then(Value::as_array) {
        Some(list) => {
            let nothing = "no folder has this name";
            list.first().ok_or_else(|| Refusal::from(Fault::heard(Reason::FolderNotFound, nothing)))?
        }
        None => &response,
    };
    let count = |name: &str| folder.get(name).and_then(Value::as_u64);
    match folder.get("id").and_then(Value::as_str).filter(|id| !id.is_empty() && id.len() <= 1024) {
        Some(id) => Ok(MailFolder { id: id.to_owned(), total: count("totalItemCount"), unread: count("unreadItemCount") }),
        None => Err(refusal::refusal(head, body, Some(&response))),
    }
}

/// Parses the response to [`oldest_path`]; `None` where there is no message.
///
/// # Errors
/// Every response without a list, or with a message without a time: its reason, evidence and back-off.
pub fn parse_oldest(head: ResponseHead<'_>, body: &[u8]) -> Result<Option<SystemTime>, Refusal> {
    let response = response(head, body)?;
    let malformed = || refusal::refusal(head, body, Some(&response));
    let list = response.get("value").and_then(Value::as_array).ok_or_else(malformed)?;
    let Some(message) = list.first() else { return Ok(None) };
    let received = message.get("receivedDateTime").and_then(Value::as_str).and_then(parse_rfc3339);
    received.map(Some).ok_or_else(malformed)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hyper::StatusCode;

    use super::*;
    use crate::wire::http::tests::headers;

    const MAILBOX: &str = "praxis@contoso.example";

    fn folder(id: &str) -> MailFolder {
        MailFolder { id: id.to_owned(), total: None, unread: None }
    }

    #[test]
    fn folder_path_of_a_name_is_a_filter_and_of_a_known_one_its_id() {
        let path = |parent: Option<&MailFolder>, name| folder_path(MAILBOX, parent, name);
        let start = "/v1.0/users/praxis@contoso.example/mailFolders";
        assert_eq!(path(None, "INBOX"), format!("{start}/inbox?{PROPERTIES}"));
        assert_eq!(
            path(None, "O'Neil & Söhne"),
            format!("{start}?$filter=displayName%20eq%20%27O%27%27Neil%20%26%20S%C3%B6hne%27&{PROPERTIES}&$top=1")
        );
        assert_eq!(
            path(Some(&folder("AA/k=")), "inbox"),
            format!("{start}/AA%2Fk%3D/childFolders?$filter=displayName%20eq%20%27inbox%27&{PROPERTIES}&$top=1")
        );
    }

    #[test]
    fn parse_folder_of_one_entry_or_a_list_gives_its_counts() {
        let headers = headers(&[]);
        let parsed = |status, body: &str| {
            let head = ResponseHead { status: StatusCode::from_u16(status).expect("a status"), headers: &headers };
            parse_folder(head, body.as_bytes()).map_err(|refusal| refusal.fault.reason)
        };
        let found = MailFolder { id: "A".into(), total: Some(12), unread: Some(3) };
        let one = r#"{"id":"A","totalItemCount":12,"unreadItemCount":3}"#;
        assert_eq!(parsed(200, one), Ok(found.clone()));
        assert_eq!(parsed(200, &format!(r#"{{"value":[{one}]}}"#)), Ok(found));
        assert_eq!(parsed(200, r#"{"value":[{"id":"A","totalItemCount":-1}]}"#), Ok(folder("A")));
        assert_eq!(parsed(200, r#"{"value":[]}"#), Err(Reason::FolderNotFound));
        assert_eq!(parsed(404, r#"{"error":{"code":"ErrorItemNotFound"}}"#), Err(Reason::FolderNotFound));
        assert_eq!(parsed(200, r#"{"value":[{}]}"#), Err(Reason::ReplyMalformed));
        assert_eq!(parsed(200, &format!(r#"{{"id":"{}"}}"#, "A".repeat(2000))), Err(Reason::ReplyMalformed));
    }

    #[test]
    fn parse_oldest_reads_the_time_of_the_first_message() {
        let headers = headers(&[]);
        let head = ResponseHead { status: StatusCode::OK, headers: &headers };
        let parsed = |body: &str| parse_oldest(head, body.as_bytes()).map_err(|refusal| refusal.fault.reason);
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_456_789);
        assert_eq!(parsed(r#"{"value":[{"id":"m","receivedDateTime":"2026-11-23T17:59:49Z"}]}"#), Ok(Some(at)));
        assert_eq!(parsed(r#"{"value":[]}"#), Ok(None));
        for body in [r#"{"value":[{"receivedDateTime":"yesterday"}]}"#, r#"{"value":[{}]}"#, "{}", "[]", ""] {
            assert_eq!(parsed(body), Err(Reason::ReplyMalformed), "{body}");
        }
    }
}
