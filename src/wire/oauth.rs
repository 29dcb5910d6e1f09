//! Entra's token endpoint (client credentials): the answer that brings a token, and what every refusal means.
//! <https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow>

use std::time::Duration;

use hyper::StatusCode;

use super::Refusal;
use super::http::Head;
use crate::outcome::Fault;
use crate::reason::Reason;
use crate::sanitize;

mod aadsts;
mod answer;
mod error;

pub use answer::TokenAnswer;
pub use error::EntraError;

/// How long Microsoft's own MSAL stays away after a `429` without `Retry-After`.
const THROTTLED: Duration = Duration::from_secs(60);

/// What an answer means that brought no token. The body may be anything: Entra's JSON, a proxy's page, or a success that
/// cannot be read. Where the host is Microsoft's (`marked`), every answer of its own bears their marks.
pub fn refusal(head: Head<'_>, body: &[u8], marked: bool) -> Refusal {
    if let Some(fault) = head.redirected() {
        return with_head(fault, head);
    }
    match serde_json::from_slice::<EntraError>(body).ok().filter(EntraError::says_something) {
        Some(error) => refused(head, &error),
        None => unreadable(head, body, marked),
    }
}

fn refused(head: Head<'_>, error: &EntraError) -> Refusal {
    let codes = error.codes();
    let known = codes.iter().find_map(|code| Some((aadsts::reason(*code)?, *code)));
    let reason = known.map(|(reason, _)| reason).or_else(|| by_status(head.status)).unwrap_or_else(|| by_error(error));
    let mut fault = Fault::heard(reason, error.to_string());
    if let Some(code) = known.map(|(_, code)| code).or_else(|| codes.first().copied()) {
        fault = fault.code(code.to_string());
    }
    for (name, value) in [("correlation_id", &error.correlation_id), ("trace_id", &error.trace_id)] {
        if let Some(value) = value {
            fault = fault.id(name, sanitize::one_line(value, 100));
        }
    }
    with_head(fault, head)
}

fn unreadable(head: Head<'_>, body: &[u8], marked: bool) -> Refusal {
    let foreign = head.is_foreign(body);
    let unmarked = marked && !head.is_from_microsoft();
    let reason = match by_status(head.status) {
        _ if foreign => Reason::HttpNotMicrosoft,
        Some(reason) => reason,
        None if unmarked => Reason::HttpNotMicrosoft,
        None => Reason::TokenReplyMalformed,
    };
    // A success that cannot be read may hold the token all the same: only its size is evidence.
    let words = if head.status.is_success() && !head.is_page(body) {
        format!("{} with {} bytes", head.status, body.len())
    } else {
        head.shown(body)
    };
    with_head(Fault::heard(reason, words), head)
}

/// Throttled and out of order: these say nothing about the application, whatever the body says.
fn by_status(status: StatusCode) -> Option<Reason> {
    match status {
        // Seen with a plain-text body, `Too Many Requests`.
        StatusCode::TOO_MANY_REQUESTS => Some(Reason::TokenThrottled),
        status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => Some(Reason::TokenServiceUnavailable),
        _ => None,
    }
}

/// `error` is for programs to react to, says Microsoft; it is coarser than the number.
fn by_error(error: &EntraError) -> Reason {
    let numbered = !error.codes().is_empty();
    match error.error.as_deref().unwrap_or_default() {
        "temporarily_unavailable" | "server_error" => Reason::TokenServiceUnavailable,
        "slow_down" => Reason::TokenThrottled,
        "invalid_client" => Reason::ClientCredentialRefused,
        "invalid_scope" => Reason::ScopeInvalid,
        "invalid_resource" | "invalid_target" => Reason::ResourceNotFound,
        "invalid_tenant" => Reason::TenantNotFound,
        // With a number the catalogue lacks, the number says more than this word does.
        "invalid_request" | "unsupported_grant_type" if !numbered => Reason::TokenRequestMalformed,
        // Conditional Access wants something that no application can give: `suberror` and `claims` come from nothing else.
        _ if error.suberror.is_some() || error.claims.is_some() => Reason::ConditionalAccessBlocked,
        _ => Reason::TokenRefused,
    }
}

/// Adds the headers that support asks for, and when to come back.
fn with_head(mut fault: Fault, head: Head<'_>) -> Refusal {
    for (header, name) in [("x-ms-request-id", "request_id"), ("x-ms-ests-server", "ests_server")] {
        if let Some(value) = head.header(header) {
            fault = fault.id(name, value);
        }
    }
    let unsaid = (head.status == StatusCode::TOO_MANY_REQUESTS).then_some(THROTTLED);
    let waits = matches!(fault.reason, Reason::TokenThrottled | Reason::TokenServiceUnavailable);
    Refusal::from(fault).back_off(head.retry_after().filter(|_| waits).or(unsaid))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::http::tests::headers;

    fn answered(status: u16, lines: &[(&'static str, &str)], body: &str) -> Refusal {
        let headers = headers(lines);
        refusal(Head { status: StatusCode::from_u16(status).expect("a status"), headers: &headers }, body.as_bytes(), false)
    }

    #[test]
    fn the_evidence_is_what_support_asks_for() {
        let body = r#"{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys for app 'a' are expired.\r\nTrace ID: 1\r\nCorrelation ID: 2",
            "error_codes":[7000222],"timestamp":"2026-11-23 18:00:00Z","trace_id":"1","correlation_id":"2"}"#;
        let fault = answered(401, &[("x-ms-request-id", "r"), ("x-ms-ests-server", "2.1.11898.12 - EUS ProdSlices")], body).fault;
        assert_eq!(fault.reason, Reason::ClientSecretExpired);
        assert_eq!(fault.evidence.code.as_deref(), Some("7000222"));
        let heard = "AADSTS7000222: The provided client secret keys for app 'a' are expired. Trace ID: 1 Correlation ID: 2";
        assert_eq!(fault.evidence.heard.as_deref(), Some(heard));
        let ids =
            [("correlation_id", "2"), ("trace_id", "1"), ("request_id", "r"), ("ests_server", "2.1.11898.12 - EUS ProdSlices")];
        assert_eq!(fault.evidence.ids, ids.map(|(name, value)| (name, value.to_owned())));
    }

    #[test]
    fn the_number_decides_then_the_status_then_the_word() {
        for (status, body, reason, code) in [
            (401, r#"{"error":"invalid_client","error_codes":[70002,50012]}"#, Reason::ClientCertificateRefused, Some("50012")),
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
                Reason::ConditionalAccessBlocked,
                Some("424242"),
            ),
            (401, r#"{"error":"invalid_client","error_codes":[424242]}"#, Reason::ClientCredentialRefused, Some("424242")),
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
            let fault = answered(status, &[], body).fault;
            assert_eq!((fault.reason, fault.evidence.code.as_deref()), (reason, code), "{status} {body}");
        }
    }

    #[test]
    fn answers_that_are_no_json() {
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
            assert_eq!(answered(status, lines, body).fault.reason, reason, "{status} {body}");
        }
    }

    #[test]
    fn at_microsoft_s_own_host_an_answer_without_their_marks_is_another_s() {
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
            let head = Head { status: StatusCode::from_u16(status).expect("a status"), headers: &headers };
            assert_eq!(refusal(head, body.as_bytes(), true).fault.reason, reason, "{status} {lines:?} {body}");
        }
    }

    #[test]
    fn a_token_in_an_unreadable_answer_stays_unseen() {
        let heard = answered(200, &[], r#"{"access_token":"eyJ0","expires_in":}"#).fault.evidence.heard;
        assert_eq!(heard.as_deref(), Some("200 OK with 37 bytes"));
        let named = answered(200, &[("server", "gateway")], r#"{"access_token":"eyJ0","expires_in":}"#).fault;
        assert_eq!(named.reason, Reason::HttpNotMicrosoft);
        assert_eq!(named.evidence.heard.as_deref(), Some("200 OK with 37 bytes"));
    }

    #[test]
    fn when_to_come_back() {
        for (status, lines, wait) in [
            (429, &[("retry-after", "7")][..], Some(7)),
            (429, &[], Some(60)),
            (503, &[("retry-after", "7")], Some(7)),
            (503, &[("retry-after", "999999")], Some(3600)),
            (503, &[], None),
            (401, &[("retry-after", "7")], None),
        ] {
            assert_eq!(answered(status, lines, "").back_off, wait.map(Duration::from_secs), "{status} {lines:?}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_panics(status in 100..999_u16, body in any::<Vec<u8>>(), text in any::<String>()) {
            let body = String::from_utf8_lossy(&body);
            answered(status, &[], &body);
            answered(status, &[], &serde_json::json!({"error": text, "error_description": format!("AADSTS{text}"), "error_codes": [text]}).to_string());
        }
    }
}
