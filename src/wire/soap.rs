//! The EWS operation FindFolder: the cheapest request that proves that an application can open a mailbox.
//! <https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/findfolder-operation>

use hyper::StatusCode;
use quick_xml::escape::escape;

use super::Refusal;
use super::http::ResponseHead;
use crate::outcome::SupportId;

mod refusal;
mod response;

pub(super) use refusal::{is_general, reason_for_code, without_identifiers};

/// The `Content-Type` of a request. It needs no `SOAPAction`: EWS finds the operation in the body.
pub const CONTENT_TYPE: &str = "text/xml; charset=utf-8";

/// The id of the folder that holds all mail folders of a mailbox.
pub const ROOT: &str = "msgfolderroot";
/// The id of the mailbox's own calendar.
pub const CALENDAR: &str = "calendar";

/// Bytes of the largest response that is parsed: one folder takes 2 kB.
const MAX_RESPONSE: usize = 256 * 1024;

/// Writes the request body, for [`ROOT`] or [`CALENDAR`] of the mailbox with that address. Send it with
/// `X-AnchorMailbox: {mailbox}`, or Exchange may at times respond with 500 or 503.
///
/// `SmtpAddress` takes any of the mailbox's addresses, `PrimarySmtpAddress` only one. `Exchange2013_SP1` is the only
/// version that Exchange Online's own schema allows. One entry is requested: the count comes with it.
pub fn find_folder(folder: &str, mailbox: &str) -> String {
    format!(
        concat!(
            r#"<?xml version="1.0" encoding="utf-8"?>"#,
            r#"<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/""#,
            r#" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages""#,
            r#" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">"#,
            r#"<soap:Header><t:RequestServerVersion Version="Exchange2013_SP1"/>"#,
            r"<t:ExchangeImpersonation><t:ConnectingSID><t:SmtpAddress>{mailbox}</t:SmtpAddress></t:ConnectingSID>",
            r"</t:ExchangeImpersonation></soap:Header>",
            r#"<soap:Body><m:FindFolder Traversal="Shallow">"#,
            r"<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>",
            r#"<m:IndexedPageFolderView MaxEntriesReturned="1" Offset="0" BasePoint="Beginning"/>"#,
            r#"<m:ParentFolderIds><t:DistinguishedFolderId Id="{folder}"/></m:ParentFolderIds>"#,
            r"</m:FindFolder></soap:Body></soap:Envelope>",
        ),
        mailbox = escape(mailbox),
        folder = escape(folder),
    )
}

/// The response to [`find_folder`] that opened the folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FindFolderResponse {
    /// The number of folders below the one opened. Zero is a success too: a calendar seldom has any.
    pub folders: u64,
}

/// Parses the response to [`find_folder`], whatever its status.
///
/// # Errors
/// Every response that opened no folder: its reason, evidence and back-off.
pub fn parse_find_folder(head: ResponseHead<'_>, body: &[u8]) -> Result<FindFolderResponse, Refusal> {
    match response::parse(body) {
        Some(response) if head.status == StatusCode::OK && response.is_success() => {
            Ok(FindFolderResponse { folders: response.folders() })
        }
        response => Err(refusal::refusal(head, body, response.as_ref())),
    }
}

/// Returns the headers of a response that Microsoft's support asks for, under the names that evidence gives them.
/// <https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/instrumenting-client-requests-for-ews-and-rest-in-exchange>
pub fn diagnostic_ids(head: ResponseHead<'_>) -> Vec<(SupportId, String)> {
    const KEPT: &[(&str, SupportId)] = &[
        ("request-id", SupportId::RequestId),
        ("client-request-id", SupportId::ClientRequestId),
        ("x-feserver", SupportId::FrontEndServer),
        ("x-beserver", SupportId::BackEndServer),
        ("x-targetbeserver", SupportId::TargetBackEndServer),
        ("x-calculatedbetarget", SupportId::BackEndTarget),
        ("x-calculatedfetarget", SupportId::FrontEndTarget),
        ("x-backendhttpstatus", SupportId::BackEndStatus),
        ("x-diaginfo", SupportId::DiagnosticInfo),
        ("x-caserrorcode", SupportId::FrontEndError),
    ];
    head.support_ids(KEPT)
}

#[cfg(test)]
mod tests {
    use quick_xml::events::Event;
    use quick_xml::reader::Reader;

    use super::*;
    use crate::wire::http::tests::headers;

    /// Returns the names of the elements in the order they open, and every text.
    fn outline(xml: &str) -> (Vec<String>, Vec<String>) {
        let mut reader = Reader::from_str(xml);
        let (mut names, mut texts) = (Vec::new(), Vec::new());
        loop {
            match reader.read_event().expect("well formed") {
                Event::Start(tag) | Event::Empty(tag) => names.push(tag.name().as_ref().to_owned()),
                Event::Text(text) => texts.push(text.into_inner().into_owned()),
                Event::GeneralRef(name) => texts.push(format!("&{};", &*name)),
                Event::Eof => return (names, texts),
                _ => {}
            }
        }
    }

    #[test]
    fn find_folder_has_the_element_order_of_the_schema() {
        let request = find_folder(CALENDAR, "probe@example.com");
        let (names, texts) = outline(&request);
        assert_eq!(
            names,
            [
                "soap:Envelope",
                "soap:Header",
                "t:RequestServerVersion",
                "t:ExchangeImpersonation",
                "t:ConnectingSID",
                "t:SmtpAddress",
                "soap:Body",
                "m:FindFolder",
                "m:FolderShape",
                "t:BaseShape",
                "m:IndexedPageFolderView",
                "m:ParentFolderIds",
                "t:DistinguishedFolderId",
            ]
        );
        assert_eq!(texts, ["probe@example.com", "IdOnly"]);
        assert!(request.contains(r#"Id="calendar""#));
        assert!(find_folder(ROOT, "x").contains(r#"Id="msgfolderroot""#));
    }

    #[test]
    fn find_folder_escapes_the_address() {
        let (names, texts) = outline(&find_folder(ROOT, "o'<x/>&@example.com"));
        assert_eq!(names.len(), 13);
        assert_eq!(texts.concat(), "o&apos;&lt;x/&gt;&amp;@example.comIdOnly");
    }

    #[test]
    fn diagnostic_ids_leave_cookies_out() {
        let headers = headers(&[("request-id", "r"), ("x-feserver", "f"), ("set-cookie", "exchangecookie=1")]);
        let ids = diagnostic_ids(ResponseHead { status: StatusCode::OK, headers: &headers });
        assert_eq!(ids, [(SupportId::RequestId, "r".to_owned()), (SupportId::FrontEndServer, "f".to_owned())]);
    }
}
