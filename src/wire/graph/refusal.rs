//! The refusals of Graph: the reason by code, by message where a code has several causes, by status.

use std::iter::successors;
use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Map, Value};

use super::diagnostic_ids;
use crate::outcome::Fault;
use crate::reason::Reason;
use crate::sanitize;
use crate::wire::http::ResponseHead;
use crate::wire::{Refusal, soap};

/// Parses the refusal in a response that is no success.
pub(super) fn refusal(head: ResponseHead<'_>, body: &[u8], response: Option<&Value>) -> Refusal {
    let mut fault = head
        .claims_challenge()
        .or_else(|| head.redirect_fault())
        .or_else(|| by_error(head, body, response?.get("error")?))
        .unwrap_or_else(|| without_error(head, body));
    fault.evidence.ids.extend(diagnostic_ids(head));
    let waits = matches!(fault.reason, Reason::Throttled | Reason::ServerUnavailable | Reason::MailboxUnavailable);
    Refusal::from(fault).back_off(head.retry_after().filter(|back_off| waits && *back_off > Duration::ZERO))
}

/// Finds the reason by the error itself. An inner error, which may hold another, is more specific than the outer one, where it
/// is in the table.
/// <https://learn.microsoft.com/en-us/graph/errors>
fn by_error<'e>(head: ResponseHead<'_>, body: &[u8], error: &'e Value) -> Option<Fault> {
    let error = error.as_object()?;
    let inner = |error: &&'e Map<String, Value>| error.get("innerError").or(error.get("innererror"))?.as_object();
    let codes: Vec<&str> = successors(Some(error), inner).filter_map(|error| error.get("code")?.as_str()).collect();
    let message = error.get("message").and_then(Value::as_str).map(soap::without_identifiers).unwrap_or_default();
    let known = codes.iter().rev().find_map(|code| Some((*code, reason_for_code(code, message)?)));
    let outer = codes.first().copied().unwrap_or_default();
    let (code, reason) = known.or_else(|| Some((outer, by_message("", message)?))).unwrap_or((outer, by_status(head.status)));
    let fault = Fault::heard(reason, if message.is_empty() { head.describe(body) } else { sanitize::reply(message) });
    Some(if code.is_empty() { fault } else { fault.code(sanitize::one_line(code, 100)) })
}

fn reason_for_code(code: &str, message: &str) -> Option<Reason> {
    let by_code = || CODES.iter().find(|(known, _)| known.eq_ignore_ascii_case(code)).map(|(_, reason)| *reason);
    by_message(code, message).or_else(by_code).or_else(|| soap::reason_for_code(code))
}

/// Finds the reason by the message. "Only code against error codes returned in code properties", says Microsoft; these codes
/// have several causes.
fn by_message(code: &str, message: &str) -> Option<Reason> {
    let message = message.to_ascii_lowercase();
    let row =
        MESSAGES.iter().find(|(known, text, _)| (known.is_empty() || known.eq_ignore_ascii_case(code)) && message.contains(text));
    row.map(|(.., reason)| *reason)
}

/// Rows of a code, a text that the message contains, and the reason. A message without a code here comes under several codes
/// or none.
const MESSAGES: &[(&str, &str, Reason)] = &[
    ("", "the token contains no permissions", Reason::TokenRoleMissing),
    ("InvalidAuthenticationToken", "audience", Reason::TokenWrongAudience),
    ("InvalidAuthenticationToken", "expired", Reason::TokenExpired),
    ("InvalidAuthenticationToken", "80049228", Reason::TokenExpired),
    // An application access policy: <https://learn.microsoft.com/en-us/graph/auth-limit-mailbox-access>
    ("ErrorAccessDenied", "access to odata is disabled", Reason::ImpersonationDenied),
    ("ErrorAccessDenied", "apponly accesspolicy", Reason::ImpersonationDenied),
];

/// Graph's own codes. Those of Exchange behind it are the same as in EWS.
const CODES: &[(&str, Reason)] = &[
    ("InvalidAuthenticationToken", Reason::TokenInvalid),
    ("Authorization_RequestDenied", Reason::AccessDenied),
    ("accessDenied", Reason::AccessDenied),
    ("extensionError", Reason::AccessDenied),
    // One mailbox was seen to give both of these three hours apart: microsoft-graph-docs#10481.
    ("MailboxNotEnabledForRESTAPI", Reason::MailboxNotFound),
    ("ResourceNotFound", Reason::MailboxNotFound),
    ("Request_ResourceNotFound", Reason::MailboxNotFound),
    ("ErrorInvalidUser", Reason::MailboxNotFound),
    ("BadRequest", Reason::RequestRejected),
    ("ApplicationThrottled", Reason::Throttled),
    ("TooManyRequests", Reason::Throttled),
    ("activityLimitReached", Reason::Throttled),
    ("Request_ThrottledTemporarily", Reason::Throttled),
    ("generalException", Reason::ServerUnavailable),
    ("serviceNotAvailable", Reason::ServerUnavailable),
];

/// Makes the fault of a response without Graph's error.
fn without_error(head: ResponseHead<'_>, body: &[u8]) -> Fault {
    Fault::heard(
        if head.is_from_intermediary(body) { Reason::HttpNotMicrosoft } else { by_status(head.status) },
        head.describe(body),
    )
}

fn by_status(status: StatusCode) -> Reason {
    match status {
        StatusCode::UNAUTHORIZED => Reason::TokenInvalid,
        StatusCode::FORBIDDEN => Reason::AccessDenied,
        StatusCode::BAD_REQUEST => Reason::RequestRejected,
        StatusCode::TOO_MANY_REQUESTS => Reason::Throttled,
        StatusCode::REQUEST_TIMEOUT => Reason::ServerUnavailable,
        status if status.is_client_error() => Reason::OperationFailed,
        status if status.is_server_error() => Reason::ServerUnavailable,
        _ => Reason::ReplyMalformed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{SupportId, SupportIds};
    use crate::wire::graph::parse_collection;
    use crate::wire::http::tests::headers;

    fn refused(status: u16, lines: &[(&'static str, &str)], body: &str) -> Refusal {
        let headers = headers(lines);
        let head = ResponseHead { status: StatusCode::from_u16(status).expect("a status"), headers: &headers };
        parse_collection(head, body.as_bytes()).expect_err("a refusal")
    }

    fn error(code: &str, message: &str) -> String {
        format!(
            r#"{{"error":{{"code":"{code}","message":"{message}","innerError":{{"date":"2026-11-23T17:59:49","request-id":"r"}}}}}}"#
        )
    }

    #[test]
    fn refusal_goes_by_code_and_message() {
        for (status, code, message, reason) in [
            (401, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience.", Reason::TokenWrongAudience),
            (401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.", Reason::TokenExpired),
            (
                401,
                "InvalidAuthenticationToken",
                "CompactToken validation failed with reason code: 80049228.",
                Reason::TokenExpired,
            ),
            (401, "InvalidAuthenticationToken", "Access token is empty.", Reason::TokenInvalid),
            (401, "", "The token contains no permissions, or permissions can not be understood.", Reason::TokenRoleMissing),
            (403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.", Reason::AccessDenied),
            (403, "ErrorAccessDenied", "Access to OData is disabled.", Reason::ImpersonationDenied),
            (403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.", Reason::AccessDenied),
            (403, "extensionError", "", Reason::AccessDenied),
            (404, "ErrorItemNotFound", "The specified object was not found in the store.", Reason::FolderNotFound),
            (
                404,
                "MailboxNotEnabledForRESTAPI",
                "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
                Reason::MailboxNotFound,
            ),
            (404, "MailboxNotEnabledForRESTAPI", "REST API is not yet supported for this mailbox.", Reason::MailboxNotFound),
            (404, "ResourceNotFound", "Resource could not be discovered.", Reason::MailboxNotFound),
            (404, "Request_ResourceNotFound", "Resource 'x' does not exist", Reason::MailboxNotFound),
            (400, "ErrorInvalidUser", "The requested user 'x' is invalid.", Reason::MailboxNotFound),
            (404, "ErrorInvalidUser", "The requested user 'x' is invalid.", Reason::MailboxNotFound),
            (
                403,
                "ErrorAccessDenied",
                "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.",
                Reason::ImpersonationDenied,
            ),
            (
                403,
                "ErrorAccessDenied",
                "[RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.",
                Reason::ImpersonationDenied,
            ),
            (403, "accessDenied", "", Reason::AccessDenied),
            (403, "AccessDenied", "", Reason::AccessDenied),
            (403, "ExtensionError", "", Reason::AccessDenied),
            (401, "invalidAuthenticationToken", "The token is expired.", Reason::TokenExpired),
            (429, "activityLimitReached", "", Reason::Throttled),
            (429, "Request_ThrottledTemporarily", "", Reason::Throttled),
            (500, "generalException", "", Reason::ServerUnavailable),
            (400, "BadRequest", "Bad Request", Reason::RequestRejected),
            (429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit.", Reason::Throttled),
            (429, "TooManyRequests", "", Reason::Throttled),
            (503, "ErrorMailboxStoreUnavailable", "The mailbox database is temporarily unavailable.", Reason::MailboxUnavailable),
            (503, "serviceNotAvailable", "", Reason::ServerUnavailable),
            (500, "ErrorInternalServerError", "", Reason::ServerUnavailable),
            (400, "somethingNew", "Say what?", Reason::RequestRejected),
            (404, "somethingNew", "Say what?", Reason::OperationFailed),
            (403, "UnknownError", "", Reason::AccessDenied),
            (500, "UnknownError", "", Reason::ServerUnavailable),
            (429, "UnknownError", "", Reason::Throttled),
        ] {
            let fault = refused(status, &[], &error(code, message)).fault;
            assert_eq!(fault.reason, reason, "{status} {code} {message}");
            assert_eq!(fault.evidence.code.as_deref().unwrap_or_default(), code);
            assert!(fault.evidence.heard.is_some_and(|heard| heard.contains(message)), "{code} {message}");
        }
    }

    #[test]
    fn refusal_with_a_known_inner_error_takes_its_reason() {
        for (inner, code, reason) in [
            ("", "BadRequest", Reason::RequestRejected),
            (r#","innererror":{"code":"ErrorAccountDisabled"}"#, "ErrorAccountDisabled", Reason::AccountDisabled),
            (r#","innerError":{"code":"nextToNothing"}"#, "BadRequest", Reason::RequestRejected),
            (
                r#","innerError":{"code":"nextToNothing","innerError":{"code":"ErrorServerBusy"}}"#,
                "ErrorServerBusy",
                Reason::Throttled,
            ),
            (r#","innerError":["BadRequest"]"#, "BadRequest", Reason::RequestRejected),
        ] {
            let fault = refused(400, &[], &format!(r#"{{"error":{{"code":"BadRequest","message":"no"{inner}}}}}"#)).fault;
            assert_eq!((fault.reason, fault.evidence.code.as_deref()), (reason, Some(code)), "{inner}");
        }
    }

    #[test]
    fn refusal_without_an_error_goes_by_headers_and_status() {
        let page = [("content-type", "text/html")];
        let marked = [("content-type", "text/html"), ("x-ms-ags-diagnostic", "{}")];
        for (status, lines, body, reason) in [
            (401, &[][..], "", Reason::TokenInvalid),
            (
                401,
                &[("www-authenticate", r#"Bearer error="insufficient_claims", claims="eyJ""#)],
                "",
                Reason::ConditionalAccessBlocked,
            ),
            (403, &[], r#"{"error":"access_denied"}"#, Reason::AccessDenied),
            (403, &page, "<html>Blocked</html>", Reason::HttpNotMicrosoft),
            (404, &marked, "<html>404</html>", Reason::OperationFailed),
            (503, &marked, "<html>Service Unavailable</html>", Reason::ServerUnavailable),
            (429, &[], "Too Many Requests", Reason::Throttled),
            (302, &[("location", "https://portal.example/")], "", Reason::HttpRedirected),
            (200, &page, "<html>Welcome to the hotel</html>", Reason::HttpNotMicrosoft),
        ] {
            assert_eq!(refused(status, lines, body).fault.reason, reason, "{status} {body}");
        }
    }

    #[test]
    fn refusal_reads_the_back_off() {
        let after = [("retry-after", "10"), ("request-id", "r")];
        let throttled = refused(429, &after, &error("ApplicationThrottled", ""));
        assert_eq!(throttled.back_off, Some(Duration::from_secs(10)));
        assert_eq!(throttled.fault.evidence.ids, SupportIds::from([(SupportId::RequestId, "r".to_owned())]));
        assert_eq!(refused(503, &after, "").back_off, Some(Duration::from_secs(10)));
        assert_eq!(refused(429, &[("retry-after", "0")], "").back_off, None);
        assert_eq!(refused(403, &after, &error("ErrorAccessDenied", "")).back_off, None);
    }
}
