//! EWS answers in SOAP.

use hyper::StatusCode;

use crate::sim::http::HttpResponse;

use super::request::Request;
use super::xml::{MESSAGES, SOAP, TYPES, escaped};

const MEDIA_TYPE: &str = "text/xml; charset=utf-8";

/// One `m:...ResponseMessage` of an answer.
pub(super) enum Message {
    /// `ResponseClass="Success"`, with what follows the response code.
    Success(String),
    /// `ResponseClass="Error"`: code and words.
    Error(&'static str, &'static str),
}

/// A SOAP fault: HTTP 500, and no SOAP header. `message_xml` is what stands in `t:MessageXml`; empty for none.
pub(super) fn fault(code: &str, text: &str, message_xml: &str) -> HttpResponse {
    let text = escaped(text);
    let message_xml = if message_xml.is_empty() {
        String::new()
    } else {
        format!("<t:MessageXml xmlns:t=\"{TYPES}\">{message_xml}</t:MessageXml>")
    };
    // The errors namespace stands in no schema file, and in every fault.
    let errors = "http://schemas.microsoft.com/exchange/services/2006/errors";
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\"{SOAP}\"><s:Body><s:Fault>\
         <faultcode xmlns:a=\"{TYPES}\">a:{code}</faultcode><faultstring xml:lang=\"en-US\">{text}</faultstring>\
         <detail><e:ResponseCode xmlns:e=\"{errors}\">{code}</e:ResponseCode><e:Message xmlns:e=\"{errors}\">{text}</e:Message>\
         {message_xml}</detail></s:Fault></s:Body></s:Envelope>"
    );
    HttpResponse::new(StatusCode::INTERNAL_SERVER_ERROR).body(MEDIA_TYPE, body)
}

/// The same error for every folder the request names.
pub(super) fn errors(request: &Request, code: &'static str, text: &'static str) -> HttpResponse {
    messages(request, request.folders.iter().map(|_| Message::Error(code, text)))
}

/// An answer with one message for each folder the request names.
pub(super) fn messages(request: &Request, messages: impl Iterator<Item = Message>) -> HttpResponse {
    let name = request.operation.name();
    let messages: String = messages.map(|message| message.xml(name)).collect();
    let version =
        "MajorVersion=\"15\" MinorVersion=\"20\" MajorBuildNumber=\"9343\" MinorBuildNumber=\"16\" Version=\"V2018_01_08\"";
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\"{SOAP}\"><s:Header>\
         <h:ServerVersionInfo {version} xmlns:h=\"{TYPES}\"/></s:Header><s:Body>\
         <m:{name}Response xmlns:m=\"{MESSAGES}\" xmlns:t=\"{TYPES}\"><m:ResponseMessages>{messages}</m:ResponseMessages></m:{name}Response>\
         </s:Body></s:Envelope>"
    );
    HttpResponse::new(StatusCode::OK).body(MEDIA_TYPE, body)
}

impl Message {
    fn xml(self, name: &str) -> String {
        match self {
            Self::Success(content) => format!(
                "<m:{name}ResponseMessage ResponseClass=\"Success\"><m:ResponseCode>NoError</m:ResponseCode>{content}</m:{name}ResponseMessage>"
            ),
            Self::Error(code, text) => format!(
                "<m:{name}ResponseMessage ResponseClass=\"Error\"><m:MessageText>{}</m:MessageText><m:ResponseCode>{code}</m:ResponseCode>\
                 <m:DescriptiveLinkKey>0</m:DescriptiveLinkKey></m:{name}ResponseMessage>",
                escaped(text)
            ),
        }
    }
}
