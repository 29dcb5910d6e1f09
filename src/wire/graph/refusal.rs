//! The refusals of Graph: the reason by code, by message where a code has several causes, by status.

use std::iter::successors;
use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Map, Value};

use super::diagnostic_ids;
use crate::outcome::Fault;
use crate::reason::Reason;
use crate::sanitize;
use crate::wire::http::{ResponseHead, reason_for_status};
use crate::wire::{Refusal, sentences, soap};

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
    let messages: Vec<String> = successors(Some(error), inner).filter_map(message).collect();
    let words = sentences::normalized(&messages.join(" "));
    let outer = codes.first().copied().unwrap_or_default();
    let by_code = || codes.iter().rev().find_map(|code| Some((*code, reason_for_code(code, &words)?)));
    let known = sentences::reason(&words).map(|reason| (outer, reason)).or_else(by_code);
    let known = known.or_else(|| Some((outer, reason_for_status(head.status)?)));
    let (code, reason) = known.unwrap_or((outer, by_class(head.status)));
    let said = messages.first().map_or_else(|| head.describe(body), |message| sanitize::reply(message));
    let general = is_general(code) && sentences::reason(&words).is_none();
    let fault = Fault::heard(reason, said).unrecognized(known.is_none() || general);
    Some(if code.is_empty() { fault } else { fault.code(sanitize::one_line(code, 100)) })
}

/// Returns the message of an error, if it has any, without what names servers and people.
fn message(error: &Map<String, Value>) -> Option<String> {
    Some(soap::without_identifiers(error.get("message")?.as_str()?)).filter(|message| !message.is_empty())
}

/// Finds the reason by the code, and by the `words` of the message where the code has several causes.
fn reason_for_code(code: &str, words: &str) -> Option<Reason> {
    let is_token = code.eq_ignore_ascii_case(INVALID_TOKEN);
    let by_words = || TOKEN_WORDS.iter().find(|(text, _)| words.contains(text)).map(|(_, reason)| *reason);
    let by_code = || CODES.iter().find(|(known, _)| known.eq_ignore_ascii_case(code)).map(|(_, reason)| *reason);
    by_words().filter(|_| is_token).or_else(by_code).or_else(|| soap::reason_for_code(code))
}

/// Reports whether Graph, or Exchange behind it, sends the code for whatever has no code of its own.
fn is_general(code: &str) -> bool {
    code.eq_ignore_ascii_case("generalException") || soap::is_general(code)
}

const INVALID_TOKEN: &str = "InvalidAuthenticationToken";

/// Texts that the message of [`INVALID_TOKEN`] contains, and the reason.
const TOKEN_WORDS: &[(&str, Reason)] =
    &[("audience", Reason::TokenWrongAudience), ("expired", Reason::TokenExpired), ("80049228", Reason::TokenExpired)];

/// Graph's own codes. Those of Exchange behind it are the same as in EWS.
const CODES: &[(&str, Reason)] = &[
    (INVALID_TOKEN, Reason::TokenInvalid),
    ("Authorization_IdentityNotFound", Reason::ServicePrincipalMissing),
    ("OrganizationFromTenantGuidNotFound", Reason::TokenWrongTenant),
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
    // Of sending; Microsoft documents neither. The first is seen with "Daily Message/Recipient limit exceeded".
    ("ErrorExceededMessageLimit", Reason::SubmissionQuotaExceeded),
    ("ErrorMessageSubmissionBlocked", Reason::SenderBlocked),
    ("generalException", Reason::ServerUnavailable),
    ("serviceNotAvailable", Reason::ServerUnavailable),
];

/// Makes the fault of a response without Graph's error.
fn without_error(head: ResponseHead<'_>, body: &[u8]) -> Fault {
    if head.is_from_intermediary(body) {
        return Fault::heard(Reason::HttpNotMicrosoft, head.describe(body));
    }
    let text = head.describe(body);
    let by_words = sentences::reason(&sentences::normalized(&text));
    if by_words.is_none() && head.seems_from_intermediary(body) {
        return Fault::heard(Reason::HttpNotMicrosoft, text).unrecognized(true);
    }
    let known = by_words.or_else(|| reason_for_status(head.status));
    Fault::heard(known.unwrap_or(by_class(head.status)), text).unrecognized(known.is_none())
}

/// Returns what is left where neither code nor words say more. Of a 401 Graph keeps to itself whether it is the token, the
/// application or the tenant that it refuses.
fn by_class(status: StatusCode) -> Reason {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Reason::AccessDenied,
        StatusCode::BAD_REQUEST => Reason::RequestRejected,
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
            (401, "Authorization_IdentityNotFound", "", Reason::ServicePrincipalMissing),
            (
                401,
                "newToUs",
                "The identity of the calling application could not be established.",
                Reason::ServicePrincipalMissing,
            ),
            (401, "OrganizationFromTenantGuidNotFound", "", Reason::TokenWrongTenant),
            (401, "UnknownError", "The tenant for tenant guid '0' does not exist.", Reason::TokenWrongTenant),
            (
                401,
                "invalidauthenticationtoken",
                "Continuous access evaluation resulted in challenge with result: InteractionRequired",
                Reason::ConditionalAccessBlocked,
            ),
            (401, "newToUs", "Say what?", Reason::AccessDenied),
            (401, "", "Say what?", Reason::AccessDenied),
            (
                403,
                "ExtensionError",
                "Operation: Create; Exception: [Status Code: Forbidden; Reason: Access to OData is disabled.]",
                Reason::ImpersonationDenied,
            ),
            (403, "ErrorQuotaExceeded", "The process failed to get the correct properties.", Reason::MailboxFull),
            (507, "errorQuotaExceeded", "", Reason::MailboxFull),
            (404, "MailboxNotEnabledForRESTAPI", "The user doesn't have a valid license.", Reason::LicenseInvalid),
            (500, "ErrorInternalServerError", "The user does not have a valid license.", Reason::LicenseInvalid),
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
            (401, &[][..], "", Reason::AccessDenied),
            (401, &[], "The tenant for tenant guid '0' does not exist.", Reason::TokenWrongTenant),
            (470, &[("content-type", "text/plain")], "Action: Deny", Reason::HttpNotMicrosoft),
            (503, &[("content-type", "text/plain")], "no healthy upstream", Reason::HttpNotMicrosoft),
            (503, &[("content-type", "text/plain"), ("x-ms-ags-diagnostic", "{}")], "busy", Reason::ServerUnavailable),
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
