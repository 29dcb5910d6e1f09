//! An EWS answer taken apart, by namespace and local name: prefixes differ from server to server.

use std::time::Duration;

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;

use super::LARGEST_ANSWER;

/// What an answer says, whether as a response message or as a SOAP fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// Whether it is a SOAP fault.
    pub fault: bool,
    /// The first response code that is not `NoError`, else `NoError`; a fault's code where it has no other.
    pub code: Option<String>,
    /// A code inside the message, where the outer one is a wrapper: `ErrorInternalServerError` around `ErrorServerBusy`.
    pub inner: Option<String>,
    /// The first text for people.
    pub message: Option<String>,
    /// `BackOffMilliseconds`.
    pub back_off: Option<Duration>,
    /// `ResponseClass` of every message was `Success`, or `Warning`, which is an answer too; `None` without any.
    successful: Option<bool>,
    /// `TotalItemsInView`, which may be missing.
    total: Option<u64>,
    /// Folders in the list itself.
    listed: u64,
}

impl Answer {
    /// Whether the folder was opened. `NoError` may be left unsaid, a response message may not.
    pub fn succeeded(&self) -> bool {
        !self.fault && self.successful == Some(true) && self.code.as_deref().is_none_or(|code| code == NO_ERROR)
    }

    /// How many folders there are. A success may come without a list, and then there are none.
    pub fn folders(&self) -> u64 {
        self.total.unwrap_or(self.listed)
    }
}

const NO_ERROR: &str = "NoError";
/// No answer nests deeper than 20.
const DEEPEST: usize = 64;
/// More of a text than any message has.
const LONGEST_TEXT: usize = 4096;

/// `None` for anything that is not one whole SOAP envelope: of version 1.1, or of 1.2, which some gateways answer in. A DTD
/// is refused, and no entity is expanded but XML's own five:
/// <https://www.w3.org/TR/2000/NOTE-SOAP-20000508/#_Toc478383492> allows neither.
pub(super) fn read(body: &[u8]) -> Option<Answer> {
    let text = std::str::from_utf8(body).ok().filter(|text| text.len() <= LARGEST_ANSWER)?;
    let mut reader = NsReader::from_str(text.trim_start_matches('\u{feff}'));
    reader.config_mut().expand_empty_elements = true;
    let mut parts = Parts::default();
    loop {
        let (namespace, event) = reader.read_resolved_event().ok()?;
        let space = Space::of(&namespace);
        match event {
            Event::Start(tag) => parts.open(space, &tag)?,
            Event::End(tag) => parts.close(space, tag.local_name().as_ref())?,
            Event::Text(text) => parts.text(&text.into_inner()),
            Event::CData(text) => parts.text(&text.into_inner()),
            Event::GeneralRef(entity) => match entity.resolve_char_ref().ok()? {
                Some(c) => parts.text(c.encode_utf8(&mut [0; 4])),
                None => parts.text(quick_xml::escape::resolve_xml_entity(&entity)?),
            },
            Event::DocType(_) => return None,
            Event::Eof => return (parts.whole).then_some(parts.answer),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Space {
    Soap,
    Messages,
    Types,
    Errors,
    Other,
}

impl Space {
    fn of(namespace: &ResolveResult<'_>) -> Self {
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

/// An answer in the making.
#[derive(Default)]
struct Parts {
    answer: Answer,
    depth: usize,
    /// Text since the last tag, bounded.
    text: String,
    /// `Name` of the `t:Value` that is open.
    value: Option<String>,
    /// A fault's own code, used where its detail has none.
    fault_code: Option<String>,
    /// Whether the envelope has been closed.
    whole: bool,
}

impl Parts {
    /// `None` when this cannot be an answer any more.
    fn open(&mut self, space: Space, tag: &BytesStart<'_>) -> Option<()> {
        let local = tag.local_name();
        let name: &str = local.as_ref();
        if self.whole || self.depth >= DEEPEST || (self.depth == 0 && (space, name) != (Space::Soap, "Envelope")) {
            return None;
        }
        self.depth += 1;
        self.text.clear();
        match (space, name) {
            (Space::Soap, "Fault") => self.answer.fault = true,
            (Space::Messages, "FindFolderResponseMessage") => {
                let success = attribute(tag, "ResponseClass").is_some_and(|class| class == "Success" || class == "Warning");
                self.answer.successful = Some(success && self.answer.successful != Some(false));
            }
            (Space::Messages, "RootFolder") => {
                self.answer.total = attribute(tag, "TotalItemsInView").and_then(|n| n.parse().ok());
            }
            (Space::Types, "FolderId") => self.answer.listed += 1,
            (Space::Types, "Value") => self.value = attribute(tag, "Name"),
            _ => {}
        }
        Some(())
    }

    fn close(&mut self, space: Space, name: &str) -> Option<()> {
        self.depth = self.depth.checked_sub(1)?;
        self.whole = self.depth == 0;
        let text = std::mem::take(&mut self.text).trim().to_owned();
        let answer = &mut self.answer;
        match (space, name) {
            (Space::Messages | Space::Errors, "ResponseCode") if answer.code.as_deref().is_none_or(|code| code == NO_ERROR) => {
                answer.code = Some(text);
            }
            (Space::Messages, "MessageText") | (Space::Errors, "Message") => {
                answer.message = answer.message.take().or(Some(text));
            }
            (Space::Types, "Value") => match self.value.take().as_deref() {
                Some("BackOffMilliseconds") => answer.back_off = text.parse().ok().map(Duration::from_millis),
                _ if text.starts_with("Error") => answer.inner = Some(text),
                _ => {}
            },
            // Not in any namespace by SOAP 1.1; its value is a qualified name: `a:ErrorServerBusy`.
            (_, "faultcode") | (Space::Soap, "Value") if answer.fault => {
                self.fault_code = text.rsplit(':').next().map(str::to_owned);
            }
            (_, "faultstring") | (Space::Soap, "Text") if answer.fault => answer.message = answer.message.take().or(Some(text)),
            (Space::Soap, "Fault") => answer.code = answer.code.take().or(self.fault_code.take()),
            _ => {}
        }
        Some(())
    }

    fn text(&mut self, more: &str) {
        if self.text.len() + more.len() <= LONGEST_TEXT {
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
        read(body.as_bytes()).filter(Answer::succeeded).map(|answer| answer.folders())
    }

    #[test]
    fn successes() {
        let list = r#"<ResponseCode>NoError</ResponseCode><RootFolder TotalItemsInView="21"><t:Folders><t:Folder><t:FolderId Id="A"/></t:Folder></t:Folders></RootFolder>"#;
        assert_eq!(opened(&response("Success", list)), Some(21));
        assert_eq!(opened(&response("Warning", list)), Some(21));
        assert_eq!(opened(&response("Success", &list.replace("TotalItemsInView", "Other"))), Some(1));
        assert_eq!(opened(&response("Success", "<ResponseCode>NoError</ResponseCode>")), Some(0));
        assert_eq!(opened(&response("Success", "")), Some(0));
        assert_eq!(opened(&format!("\u{feff}{}", response("Success", ""))), Some(0));
    }

    #[test]
    fn what_is_no_success() {
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
            response("Success", &"x".repeat(LARGEST_ANSWER)),
            "<html><body>hello</body></html>".to_owned(),
            "{}".to_owned(),
            String::new(),
        ] {
            assert_eq!(opened(&body), None, "{}", body.get(..200).unwrap_or(&body));
        }
        assert_eq!(read(b"\xff\xfe<"), None);
    }

    #[test]
    fn a_fault_of_exchange_online() {
        let body = envelope(
            r#"<s:Fault><faultcode xmlns:a="http://schemas.microsoft.com/exchange/services/2006/types">a:ErrorServerBusy</faultcode>
               <faultstring xml:lang="en-US">Busy &amp; &#x74;ired.</faultstring>
               <detail><e:ResponseCode xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">ErrorServerBusy</e:ResponseCode>
               <t:MessageXml xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><t:Value Name="BackOffMilliseconds">297749</t:Value></t:MessageXml></detail></s:Fault>"#,
        );
        let answer = read(body.as_bytes()).expect("SOAP");
        assert!(answer.fault);
        assert_eq!(answer.code.as_deref(), Some("ErrorServerBusy"));
        assert_eq!(answer.message.as_deref(), Some("Busy & tired."));
        assert_eq!(answer.back_off, Some(Duration::from_millis(297_749)));
    }

    #[test]
    fn a_fault_without_detail() {
        let body = envelope("<s:Fault><faultcode>ErrorImpersonateUserDenied</faultcode><faultstring>no</faultstring></s:Fault>");
        assert_eq!(read(body.as_bytes()).and_then(|answer| answer.code).as_deref(), Some("ErrorImpersonateUserDenied"));
    }

    #[test]
    fn a_fault_of_soap_1_2() {
        let body = r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value xmlns:a="http://schemas.microsoft.com/exchange/services/2006/types">a:ErrorImpersonateUserDenied</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">no</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>"#;
        let answer = read(body.as_bytes()).expect("SOAP");
        assert_eq!((answer.fault, answer.code.as_deref()), (true, Some("ErrorImpersonateUserDenied")));
        assert_eq!(answer.message.as_deref(), Some("no"));
    }

    #[test]
    fn a_wrapped_code() {
        let body = response(
            "Error",
            "<MessageText>An internal server error occurred.</MessageText><ResponseCode>ErrorInternalServerError</ResponseCode><MessageXml><t:Value Name='InnerErrorResponseCode'>ErrorServerBusy</t:Value></MessageXml>",
        );
        let answer = read(body.as_bytes()).expect("SOAP");
        assert_eq!(
            (answer.code.as_deref(), answer.inner.as_deref()),
            (Some("ErrorInternalServerError"), Some("ErrorServerBusy"))
        );
    }

    proptest! {
        #[test]
        fn no_body_panics(bytes in any::<Vec<u8>>(), text in any::<String>(), cut in 0..900_usize) {
            read(&bytes);
            read(envelope(&text).as_bytes());
            let whole = response("Success", &text);
            read(whole.as_bytes().get(..cut).unwrap_or(whole.as_bytes()));
        }
    }
}
