//! The parser of an EWS response, by namespace and local name: prefixes differ from server to server.

use std::time::Duration;

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;

use super::MAX_RESPONSE;

/// A response message or a SOAP fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SoapResponse {
    /// True for a SOAP fault.
    pub is_fault: bool,
    /// The first response code that is not `NoError`, else `NoError`; a fault's code where it has no other.
    pub code: Option<String>,
    /// The code inside the message, where the outer one is a wrapper: `ErrorInternalServerError` around `ErrorServerBusy`.
    pub inner_code: Option<String>,
    /// The first text for people.
    pub message: Option<String>,
    /// The back-off that Exchange asks for, from `BackOffMilliseconds`.
    pub back_off: Option<Duration>,
    /// `Some(true)` if the `ResponseClass` of every message is `Success` or `Warning`; `None` without a message.
    successful: Option<bool>,
    /// `TotalItemsInView`, which may be missing.
    total: Option<u64>,
    /// The number of folders in the list itself.
    listed: u64,
}

impl SoapResponse {
    /// Reports whether the folder was opened. `NoError` may be missing, a response message may not.
    pub fn is_success(&self) -> bool {
        !self.is_fault && self.successful == Some(true) && self.code.as_deref().is_none_or(|code| code == NO_ERROR)
    }

    /// Returns the number of folders; zero where a success comes without a list.
    pub fn folders(&self) -> u64 {
        self.total.unwrap_or(self.listed)
    }
}

const NO_ERROR: &str = "NoError";
/// The most levels of nesting; no response has more than 20.
const MAX_DEPTH: usize = 64;
/// Bytes of a text that are kept: more than any message has.
const MAX_TEXT: usize = 4096;

/// Parses a response; `None` for anything that is not one whole SOAP envelope, of version 1.1 or of 1.2, which some gateways
/// use. A DTD is refused, and no entity is expanded but XML's own five:
/// <https://www.w3.org/TR/2000/NOTE-SOAP-20000508/#_Toc478383492> allows neither.
pub(super) fn parse(body: &[u8]) -> Option<SoapResponse> {
    let text = std::str::from_utf8(body).ok().filter(|text| text.len() <= MAX_RESPONSE)?;
    let mut reader = NsReader::from_str(text.trim_start_matches('\u{feff}'));
    reader.config_mut().expand_empty_elements = true;
    let mut builder = ResponseBuilder::default();
    loop {
        let (namespace, event) = reader.read_resolved_event().ok()?;
        let space = NamespaceKind::from_resolved(&namespace);
        match event {
            Event::Start(tag) => builder.open(space, &tag)?,
            Event::End(tag) => builder.close(space, tag.local_name().as_ref())?,
            Event::Text(text) => builder.text(&text.into_inner()),
            Event::CData(text) => builder.text(&text.into_inner()),
            Event::GeneralRef(entity) => match entity.resolve_char_ref().ok()? {
                Some(c) => builder.text(c.encode_utf8(&mut [0; 4])),
                None => builder.text(quick_xml::escape::resolve_xml_entity(&entity)?),
            },
            Event::DocType(_) => return None,
            Event::Eof => return builder.is_whole.then_some(builder.response),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum NamespaceKind {
    Soap,
    Messages,
    Types,
    Errors,
    Other,
}

impl NamespaceKind {
    fn from_resolved(namespace: &ResolveResult<'_>) -> Self {
        match namespace {
            ResolveResult::Bound(Namespace(
                "http://schemas.xmlsoap.org/soap/envelope/" | "http://www.w3.org/2003/05/soap-envelope",
            )) => Self::Soap,
            ResolveResult::Bound(Namespace("http://schemas.microsoft.com/exchange/services/2006/messages")) => Self::Messages,
            ResolveResult::Bound(Namespace("http://schemas.microsoft.com/exchange/services/2006/types")) => Self::Types,
            ResolveResult::Bound(Namespace("http://schemas.microsoft.com/exchange/services/2006/errors")) => Self::Errors,
            _ => Self::Other,
        }
    }
}

/// Builds a response from the events of the XML reader.
#[derive(Default)]
struct ResponseBuilder {
    response: SoapResponse,
    depth: usize,
    /// Text since the last tag, at most [`MAX_TEXT`] bytes.
    text: String,
    /// The `Name` of the `t:Value` that is open.
    value: Option<String>,
    /// The fault's own code, used where its detail has none.
    fault_code: Option<String>,
    /// Set once the envelope has been closed.
    is_whole: bool,
}

impl ResponseBuilder {
    /// Takes a start tag; `None` when this cannot be a response any more.
    fn open(&mut self, space: NamespaceKind, tag: &BytesStart<'_>) -> Option<()> {
        let local = tag.local_name();
        let name: &str = local.as_ref();
        if self.is_whole || self.depth >= MAX_DEPTH || (self.depth == 0 && (space, name) != (NamespaceKind::Soap, "Envelope")) {
            return None;
        }
        self.depth += 1;
        self.text.clear();
        match (space, name) {
            (NamespaceKind::Soap, "Fault") => self.response.is_fault = true,
            (NamespaceKind::Messages, "FindFolderResponseMessage") => {
                let success = attribute(tag, "ResponseClass").is_some_and(|class| class == "Success" || class == "Warning");
                self.response.successful = Some(success && self.response.successful != Some(false));
            }
            (NamespaceKind::Messages, "RootFolder") => {
                self.response.total = attribute(tag, "TotalItemsInView").and_then(|n| n.parse().ok());
            }
            (NamespaceKind::Types, "FolderId") => self.response.listed += 1,
            (NamespaceKind::Types, "Value") => self.value = attribute(tag, "Name"),
            _ => {}
        }
        Some(())
    }

    /// Takes an end tag; `None` where none is open.
    fn close(&mut self, space: NamespaceKind, name: &str) -> Option<()> {
        self.depth = self.depth.checked_sub(1)?;
        self.is_whole = self.depth == 0;
        let text = std::mem::take(&mut self.text).trim().to_owned();
        let response = &mut self.response;
        match (space, name) {
            (NamespaceKind::Messages | NamespaceKind::Errors, "ResponseCode")
                if response.code.as_deref().is_none_or(|code| code == NO_ERROR) =>
            {
                response.code = Some(text);
            }
            (NamespaceKind::Messages, "MessageText") | (NamespaceKind::Errors, "Message") => {
                response.message = response.message.take().or(Some(text));
            }
            (NamespaceKind::Types, "Value") => match self.value.take().as_deref() {
                Some("BackOffMilliseconds") => response.back_off = text.parse().ok().map(Duration::from_millis),
                _ if text.starts_with("Error") => response.inner_code = Some(text),
                _ => {}
            },
            // In no namespace by SOAP 1.1 (4.4); its value is a qualified name: `a:ErrorServerBusy`.
            (_, "faultcode") | (NamespaceKind::Soap, "Value") if response.is_fault => {
                self.fault_code = text.rsplit(':').next().map(str::to_owned);
            }
            (_, "faultstring") | (NamespaceKind::Soap, "Text") if response.is_fault => {
                response.message = response.message.take().or(Some(text));
            }
            (NamespaceKind::Soap, "Fault") => response.code = response.code.take().or(self.fault_code.take()),
            _ => {}
        }
        Some(())
    }

    fn text(&mut self, more: &str) {
        if self.text.len() + more.len() <= MAX_TEXT {
            self.text.push_str(more);
        }
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    tag.try_get_attribute(name).ok()?.map(|attribute| attribute.value.chars().take(60).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn envelope(inside: &str) -> String {
        format!(
            r#"<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{inside}</s:Body></s:Envelope>"#
        )
    }

    fn response(class: &str, inside: &str) -> String {
        envelope(&format!(
            r#"<FindFolderResponse xmlns="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><ResponseMessages><FindFolderResponseMessage ResponseClass="{class}">{inside}</FindFolderResponseMessage></ResponseMessages></FindFolderResponse>"#
        ))
    }

    fn opened(body: &str) -> Option<u64> {
        parse(body.as_bytes()).filter(SoapResponse::is_success).map(|response| response.folders())
    }

    #[test]
    fn parse_of_a_success_counts_folders() {
        let list = r#"<ResponseCode>NoError</ResponseCode><RootFolder TotalItemsInView="21"><t:Folders><t:Folder><t:FolderId Id="A"/></t:Folder></t:Folders></RootFolder>"#;
        assert_eq!(opened(&response("Success", list)), Some(21));
        assert_eq!(opened(&response("Warning", list)), Some(21));
        assert_eq!(opened(&response("Success", &list.replace("TotalItemsInView", "Other"))), Some(1));
        assert_eq!(opened(&response("Success", "<ResponseCode>NoError</ResponseCode>")), Some(0));
        assert_eq!(opened(&response("Success", "")), Some(0));
        assert_eq!(opened(&format!("\u{feff}{}", response("Success", ""))), Some(0));
    }

    #[test]
    fn parse_of_anything_else_is_no_success() {
        for body in [
            response("Error", "<ResponseCode>NoError</ResponseCode>"),
            response("Success", "<ResponseCode>ErrorAccessDenied</ResponseCode>"),
            envelope(""),
            envelope("<FindFolderResponseMessage ResponseClass='Success'/>"), // not in the right namespace
            response("Success", "") + "<again/>",
            response("Success", "").replace("</s:Envelope>", ""),
            response("Success", "").replace("<s:Body>", "<!DOCTYPE x><s:Body>"),
            response("Success", "&evil;"),
            response("Success", &("<a>".repeat(100) + &"</a>".repeat(100))),
            response("Success", &"x".repeat(MAX_RESPONSE)),
            "<html><body>hello</body></html>".to_owned(),
            "{}".to_owned(),
            String::new(),
        ] {
            assert_eq!(opened(&body), None, "{}", body.get(..200).unwrap_or(&body));
        }
        assert_eq!(parse(b"\xff\xfe<"), None);
    }

    #[test]
    fn parse_of_a_fault_reads_code_message_and_back_off() {
        let body = envelope(
            r#"<s:Fault><faultcode xmlns:a="http://schemas.microsoft.com/exchange/services/2006/types">a:ErrorServerBusy</faultcode>
               <faultstring xml:lang="en-US">Busy &amp; &#x74;ired.</faultstring>
               <detail><e:ResponseCode xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">ErrorServerBusy</e:ResponseCode>
               <t:MessageXml xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><t:Value Name="BackOffMilliseconds">297749</t:Value></t:MessageXml></detail></s:Fault>"#,
        );
        let read = parse(body.as_bytes()).expect("SOAP");
        assert!(read.is_fault);
        assert_eq!(read.code.as_deref(), Some("ErrorServerBusy"));
        assert_eq!(read.message.as_deref(), Some("Busy & tired."));
        assert_eq!(read.back_off, Some(Duration::from_millis(297_749)));
    }

    #[test]
    fn parse_of_a_fault_without_detail_takes_the_faultcode() {
        let body = envelope("<s:Fault><faultcode>ErrorImpersonateUserDenied</faultcode><faultstring>no</faultstring></s:Fault>");
        assert_eq!(parse(body.as_bytes()).and_then(|read| read.code).as_deref(), Some("ErrorImpersonateUserDenied"));
    }

    #[test]
    fn parse_of_a_soap_1_2_fault_takes_the_subcode() {
        let body = r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value xmlns:a="http://schemas.microsoft.com/exchange/services/2006/types">a:ErrorImpersonateUserDenied</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">no</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>"#;
        let read = parse(body.as_bytes()).expect("SOAP");
        assert_eq!((read.is_fault, read.code.as_deref()), (true, Some("ErrorImpersonateUserDenied")));
        assert_eq!(read.message.as_deref(), Some("no"));
    }

    #[test]
    fn parse_of_a_wrapped_code_keeps_both() {
        let body = response(
            "Error",
            "<MessageText>An internal server error occurred.</MessageText><ResponseCode>ErrorInternalServerError</ResponseCode><MessageXml><t:Value Name='InnerErrorResponseCode'>ErrorServerBusy</t:Value></MessageXml>",
        );
        let read = parse(body.as_bytes()).expect("SOAP");
        assert_eq!(
            (read.code.as_deref(), read.inner_code.as_deref()),
            (Some("ErrorInternalServerError"), Some("ErrorServerBusy"))
        );
    }

    proptest! {
        #[test]
        fn parse_never_panics(bytes in any::<Vec<u8>>(), text in any::<String>(), cut in 0..900_usize) {
            parse(&bytes);
            parse(envelope(&text).as_bytes());
            let whole = response("Success", &text);
            parse(whole.as_bytes().get(..cut).unwrap_or(whole.as_bytes()));
        }
    }
}
