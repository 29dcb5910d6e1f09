//! Entra's token endpoint (client credentials grant): the response with a token, and the reason of every refusal.
//! <https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow>

use std::time::Duration;

use hyper::StatusCode;

use super::http::{ResponseHead, parse_json, reason_for_status};
use super::{Refusal, sentences};
use crate::outcome::{Fault, SupportId};
use crate::reason::Reason;
use crate::sanitize;

mod aadsts;
mod error_response;
mod token_response;

pub use aadsts::reason_of_number;
pub use error_response::EntraError;
pub use token_response::TokenResponse;

/// The time that Microsoft's own MSAL waits after a `429` without `Retry-After`.
const DEFAULT_BACK_OFF: Duration = Duration::from_secs(60);

/// Parses a response that holds no token. The body may be anything: Entra's JSON, a proxy's page, or a success that cannot be
/// read. Where `is_microsoft_host`, a response without Microsoft's headers is not from Microsoft.
pub fn parse_refusal(head: ResponseHead<'_>, body: &[u8], is_microsoft_host: bool) -> Refusal {
    if let Some(fault) = head.redirect_fault() {
        return with_head(fault, head);
    }
    match parse_json::<EntraError>(body).filter(EntraError::is_error_response) {
        Some(error) => entra_refusal(head, &error),
        None => unreadable(head, body, is_microsoft_host),
    }
}

fn entra_refusal(head: ResponseHead<'_>, error: &EntraError) -> Refusal {
    let codes = error.codes();
    let words = sentences::normalized(error.error_description.as_deref().unwrap_or_default());
    // Of several numbers the last is the most specific: 70002, and then why.
    let known = codes.iter().rev().find_map(|code| Some((aadsts::reason(*code, &words)?, *code)));
    let definite = known.map(|(reason, _)| reason).or_else(|| definite_status(head.status)).or_else(|| by_service(error));
    let unrecognized = definite.is_none() || known.is_some_and(|(_, code)| aadsts::is_ambiguous(code, &words));
    let reason = definite.or_else(|| by_status(head.status)).or_else(|| by_word(error)).unwrap_or(Reason::TokenRefused);
    let mut fault = Fault::heard(reason, error.to_string()).unrecognized(unrecognized);
    if let Some(code) = known.map(|(_, code)| code).or_else(|| codes.last().copied()) {
        fault = fault.code(code.to_string());
    }
    for (name, value) in [(SupportId::CorrelationId, &error.correlation_id), (SupportId::TraceId, &error.trace_id)] {
        if let Some(value) = value {
            fault = fault.id(name, sanitize::one_line(value, 100));
        }
    }
    with_head(fault, head)
}

fn unreadable(head: ResponseHead<'_>, body: &[u8], is_microsoft_host: bool) -> Refusal {
    let by_intermediary = head.is_from_intermediary(body);
    let without_headers = is_microsoft_host && !head.is_from_microsoft();
    let definite = definite_status(head.status).filter(|_| !by_intermediary);
    let reason = match definite.or_else(|| by_status(head.status)) {
        _ if by_intermediary => Reason::HttpNotMicrosoft,
        Some(reason) => reason,
        None if without_headers => Reason::HttpNotMicrosoft,
        None => Reason::TokenReplyMalformed,
    };
    let unrecognized = definite.is_none() && !by_intermediary;
    // A success that cannot be read may still hold the token: only its size is evidence.
    let text = if head.status.is_success() && !head.is_html(body) {
        format!("{} with {} bytes", head.status, body.len())
    } else {
        head.describe(body)
    };
    with_head(Fault::heard(reason, text).unrecognized(unrecognized), head)
}

/// Returns the reason that a status gives by itself, about the service and not about the application, whatever the body says.
fn definite_status(status: StatusCode) -> Option<Reason> {
    // A 429 was observed with a plain-text body, `Too Many Requests`.
    reason_for_status(status).map(|reason| match reason {
        Reason::Throttled => Reason::TokenThrottled,
        _ => Reason::TokenServiceUnavailable,
    })
}

/// Returns the reason for the class of a status, where nothing says more.
fn by_status(status: StatusCode) -> Option<Reason> {
    status.is_server_error().then_some(Reason::TokenServiceUnavailable)
}

/// Finds the reason by an `error` that is about the service, also beside a number that is in no table.
fn by_service(error: &EntraError) -> Option<Reason> {
    match error.error.as_deref()? {
        "temporarily_unavailable" | "server_error" => Some(Reason::TokenServiceUnavailable),
        "slow_down" => Some(Reason::TokenThrottled),
        _ => None,
    }
}

/// Finds the reason by `error` where there is no number: it stands for many of them.
/// <https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes>
fn by_word(error: &EntraError) -> Option<Reason> {
    if !error.codes().is_empty() {
        return None;
    }
    match error.error.as_deref().unwrap_or_default() {
        "invalid_client" => Some(Reason::ClientCredentialRefused),
        "invalid_scope" => Some(Reason::ScopeInvalid),
        "invalid_resource" | "invalid_target" => Some(Reason::ResourceNotFound),
        "invalid_tenant" => Some(Reason::TenantNotFound),
        "invalid_request" | "unsupported_grant_type" => Some(Reason::TokenRequestMalformed),
        // It demands what Conditional Access demands and no application can give.
        _ if error.claims.is_some() || error.is_interaction_demanded() => Some(Reason::ConditionalAccessBlocked),
        _ => None,
    }
}

/// Adds the headers that support asks for, and the back-off.
fn with_head(mut fault: Fault, head: ResponseHead<'_>) -> Refusal {
    const KEPT: &[(&str, SupportId)] = &[("x-ms-request-id", SupportId::RequestId), ("x-ms-ests-server", SupportId::EstsServer)];
    fault.evidence.ids.extend(head.support_ids(KEPT));
    let default = (head.status == StatusCode::TOO_MANY_REQUESTS).then_some(DEFAULT_BACK_OFF);
    let waits = matches!(fault.reason, Reason::TokenThrottled | Reason::TokenServiceUnavailable);
    Refusal::from(fault).back_off(head.retry_after().filter(|_| waits).or(default))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::outcome::{SupportId, SupportIds};
    use crate::wire::http::tests::headers;

    fn parsed(status: u16, lines: &[(&'static str, &str)], body: &str) -> Refusal {
        let headers = headers(lines);
        parse_refusal(
            ResponseHead { status: StatusCode::from_u16(status).expect("a status"), headers: &headers },
            body.as_bytes(),
            false,
        )
    }

    #[test]
    fn parse_refusal_keeps_description_number_and_ids() {
        let body = r#"{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys for app 'a' are expired.\r\nTrace ID: 1\r\nCorrelation ID: 2",
            "error_codes":[7000222],"timestamp":"2026-11-23 18:00:00Z","trace_id":"1","correlation_id":"2"}"#;
        let fault = parsed(401, &[("x-ms-request-id", "r"), ("x-ms-ests-server", "2.1.11898.12 - EUS ProdSlices")], body).fault;
        assert_eq!(fault.reason, Reason::ClientSecretExpired);
        assert_eq!(fault.evidence.code.as_deref(), Some("7000222"));
        let heard = "AADSTS7000222: The provided client secret keys for app 'a' are expired. Trace ID: 1 Correlation ID: 2";
        assert_eq!(fault.evidence.heard.as_deref(), Some(heard));
        let ids = [
            (SupportId::CorrelationId, "2"),
            (SupportId::TraceId, "1"),
            (SupportId::RequestId, "r"),
            (SupportId::EstsServer, "2.1.11898.12 - EUS ProdSlices"),
        ];
        assert_eq!(fault.evidence.ids, SupportIds::from(ids.map(|(name, value)| (name, value.to_owned()))));
    }

    #[test]
    fn parse_refusal_goes_by_number_then_status_then_error() {
        for (status, body, reason, code) in [
            (401, r#"{"error":"invalid_client","error_codes":[70002,50012]}"#, Reason::ClientCredentialRefused, Some("50012")),
            (
                400,
                r#"{"error":"interaction_required","error_codes":[53003],"suberror":"message_only"}"#,
                Reason::ConditionalAccessBlocked,
                Some("53003"),
            ),
            (400, r#"{"error":"invalid_request","error_codes":["90002"]}"#, Reason::TenantNotFound, Some("90002")),
            (
                400,
                r#"{"error":"invalid_request","error_description":"AADSTS900023: Specified tenant"}"#,
                Reason::TenantIdInvalid,
                Some("900023"),
            ),
            (
                400,
                r#"{"error":"invalid_grant","error_codes":[424242],"error_description":"AADSTS7000215: no"}"#,
                Reason::TokenRefused,
                Some("424242"),
            ),
            (
                400,
                r#"{"error":"interaction_required","error_codes":[424242],"suberror":"basic_action"}"#,
                Reason::TokenRefused,
                Some("424242"),
            ),
            (400, r#"{"error":"interaction_required","suberror":"Basic_Action"}"#, Reason::ConditionalAccessBlocked, None),
            (400, r#"{"error":"interaction_required","claims":"{}"}"#, Reason::ConditionalAccessBlocked, None),
            (400, r#"{"error":"invalid_grant","suberror":"bad_token"}"#, Reason::TokenRefused, None),
            (401, r#"{"error":"invalid_client","error_codes":[424242]}"#, Reason::TokenRefused, Some("424242")),
            (401, r#"{"error":"invalid_client"}"#, Reason::ClientCredentialRefused, None),
            (400, r#"{"error":"invalid_scope"}"#, Reason::ScopeInvalid, None),
            (400, r#"{"error":"invalid_request"}"#, Reason::TokenRequestMalformed, None),
            (400, r#"{"error":"invalid_request","error_codes":[424242]}"#, Reason::TokenRefused, Some("424242")),
            (400, r#"{"error":"unauthorized_client"}"#, Reason::TokenRefused, None),
            (503, r#"{"error":"invalid_client"}"#, Reason::TokenServiceUnavailable, None),
            (503, r#"{"error":"temporarily_unavailable","error_codes":[90033]}"#, Reason::TokenServiceUnavailable, Some("90033")),
            (429, r#"{"error":"invalid_request","error_codes":[90055]}"#, Reason::TokenThrottled, Some("90055")),
            (200, r#"{"error":"invalid_client","error_codes":[7000215]}"#, Reason::ClientSecretWrong, Some("7000215")),
        ] {
            let fault = parsed(status, &[], body).fault;
            assert_eq!((fault.reason, fault.evidence.code.as_deref()), (reason, code), "{status} {body}");
        }
    }

    #[test]
    fn parse_refusal_without_json_goes_by_headers_and_status() {
        let html = [("content-type", "text/html")];
        let entra = [("content-type", "text/html"), ("x-ms-request-id", "r")];
        for (status, lines, body, reason) in [
            (200, &html[..], "<html>Blocked by policy</html>", Reason::HttpNotMicrosoft),
            (403, &html, "Blocked", Reason::HttpNotMicrosoft),
            (503, &html, "<html>squid</html>", Reason::HttpNotMicrosoft),
            (503, &entra, "<html>Our services aren't available right now</html>", Reason::TokenServiceUnavailable),
            (400, &entra, "<html>Sign in</html>", Reason::TokenReplyMalformed),
            (302, &[("location", "https://portal.example/")], "", Reason::HttpRedirected),
            (403, &[("server", "Zscaler/6.2"), ("content-type", "text/plain")], "blocked", Reason::HttpNotMicrosoft),
            (502, &[("via", "1.1 proxy.example (squid/5.7)")], "", Reason::HttpNotMicrosoft),
            (407, &[], "", Reason::HttpNotMicrosoft),
            (511, &[], "log in", Reason::HttpNotMicrosoft),
            (304, &[], "", Reason::TokenReplyMalformed),
            (408, &[], "", Reason::TokenServiceUnavailable),
            (429, &[], "Too Many Requests", Reason::TokenThrottled),
            (500, &[], "", Reason::TokenServiceUnavailable),
            (200, &[], "", Reason::TokenReplyMalformed),
            (200, &[], r#"{"token_type":"Bearer"}"#, Reason::TokenReplyMalformed),
            (400, &[], r#"{"message":"no"}"#, Reason::TokenReplyMalformed),
            (400, &[], "[1]", Reason::TokenReplyMalformed),
        ] {
            assert_eq!(parsed(status, lines, body).fault.reason, reason, "{status} {body}");
        }
    }

    #[test]
    fn parse_refusal_from_a_microsoft_host_without_its_headers_is_http_not_microsoft() {
        for (status, lines, body, reason) in [
            (403, &[("content-type", "text/xml")][..], "<?xml version='1.0'?><error>filtered</error>", Reason::HttpNotMicrosoft),
            (403, &[], "", Reason::HttpNotMicrosoft),
            (404, &[], "not found", Reason::HttpNotMicrosoft),
            (200, &[], "welcome", Reason::HttpNotMicrosoft),
            (403, &[("x-ms-request-id", "r")], "", Reason::TokenReplyMalformed),
            (429, &[], "Too Many Requests", Reason::TokenThrottled),
            (401, &[], r#"{"error":"invalid_client"}"#, Reason::ClientCredentialRefused),
        ] {
            let headers = headers(lines);
            let head = ResponseHead { status: StatusCode::from_u16(status).expect("a status"), headers: &headers };
            assert_eq!(parse_refusal(head, body.as_bytes(), true).fault.reason, reason, "{status} {lines:?} {body}");
        }
    }

    #[test]
    fn parse_refusal_of_an_unreadable_token_shows_its_size_only() {
        let heard = parsed(200, &[], r#"{"access_token":"eyJ0","expires_in":}"#).fault.evidence.heard;
        assert_eq!(heard.as_deref(), Some("200 OK with 37 bytes"));
        let named = parsed(200, &[("server", "gateway")], r#"{"access_token":"eyJ0","expires_in":}"#).fault;
        assert_eq!(named.reason, Reason::HttpNotMicrosoft);
        assert_eq!(named.evidence.heard.as_deref(), Some("200 OK with 37 bytes"));
    }

    #[test]
    fn parse_refusal_reads_the_back_off() {
        for (status, lines, wait) in [
            (429, &[("retry-after", "7")][..], Some(7)),
            (429, &[], Some(60)),
            (503, &[("retry-after", "7")], Some(7)),
            (503, &[("retry-after", "999999")], Some(3600)),
            (503, &[], None),
            (401, &[("retry-after", "7")], None),
        ] {
            assert_eq!(parsed(status, lines, "").back_off, wait.map(Duration::from_secs), "{status} {lines:?}");
        }
    }

    proptest! {
        #[test]
        fn parse_refusal_never_panics(status in 100..999_u16, body in any::<Vec<u8>>(), text in any::<String>()) {
            let body = String::from_utf8_lossy(&body);
            parsed(status, &[], &body);
            parsed(status, &[], &serde_json::json!({"error": text, "error_description": format!("AADSTS{text}"), "error_codes": [text]}).to_string());
        }
    }
}
