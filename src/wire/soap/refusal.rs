//! The refusals of EWS: the reason by diagnostic headers, by response code, by status.

use std::time::Duration;

use hyper::StatusCode;

use super::diagnostic_ids;
use super::response::SoapResponse;
use crate::outcome::Fault;
use crate::reason::Reason;
use crate::sanitize;
use crate::wire::Refusal;
use crate::wire::http::ResponseHead;

/// Parses the refusal in a response that is no success.
pub(super) fn refusal(head: ResponseHead<'_>, body: &[u8], response: Option<&SoapResponse>) -> Refusal {
    let mut fault = by_diagnostics_header(head)
        .or_else(|| by_policy_header(head))
        .or_else(|| head.claims_challenge())
        .or_else(|| redirect_fault(head))
        .or_else(|| by_response_code(response?))
        .unwrap_or_else(|| by_status(head, body));
    fault.evidence.ids.extend(diagnostic_ids(head));
    let waits = matches!(
        fault.reason,
        Reason::Throttled | Reason::TooManyConnections | Reason::ServerUnavailable | Reason::MailboxUnavailable
    );
    let asked = response.and_then(|response| response.back_off).or(head.retry_after());
    Refusal::from(fault).back_off(asked.filter(|back_off| waits && *back_off > Duration::ZERO))
}

/// Finds the reason by a header such as
/// `x-ms-diagnostics: 2000003;reason="The audience claim value is invalid 'aud'.";error_category="invalid_resource"`.
/// <https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/instrumenting-client-requests-for-ews-and-rest-in-exchange>
fn by_diagnostics_header(head: ResponseHead<'_>) -> Option<Fault> {
    let value = head.joined_headers(DIAGNOSTICS_HEADER)?;
    let number = diagnostic_number(&value)?;
    let (.., reason) = DIAGNOSTIC_NUMBERS.iter().find(|(known, text, _)| *known == number && value.contains(text))?;
    Some(Fault::heard(*reason, value.as_str()).code(number))
}

/// Returns the number at the start of the header: `2000003` of `2000003;reason="…"`.
fn diagnostic_number(value: &str) -> Option<&str> {
    let end = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    value.get(..end).filter(|number| !number.is_empty())
}

const DIAGNOSTICS_HEADER: &str = "x-ms-diagnostics";

/// Rows of a number, a text that the header contains, and the reason.
const DIAGNOSTIC_NUMBERS: &[(&str, &str, Reason)] = &[
    ("2000000", "", Reason::TokenInvalid), // signature
    ("2000001", "", Reason::TokenInvalid),
    ("2000002", "", Reason::TokenExpired),
    ("2000003", "", Reason::TokenWrongAudience),
    ("2000004", "", Reason::TokenWrongTenant),
    ("2000005", "ambiguous", Reason::AddressAmbiguous),
    ("2000005", "", Reason::MailboxNotFound),
    ("2000007", "", Reason::ServerUnavailable),
    ("2000008", "", Reason::TokenRoleMissing),
    ("2000020", "", Reason::TenantRestricted), // by a header that a proxy in the network adds
];

/// Finds the reason by `X-EWS-Policy-Reason: EWS is disabled for this user or tenant`, or `… is blocked by policy for …`.
/// <https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-control-access-to-ews-in-exchange>
fn by_policy_header(head: ResponseHead<'_>) -> Option<Fault> {
    let value = head.joined_headers("x-ews-policy-reason")?;
    let lower = value.to_ascii_lowercase();
    let reason = if lower.contains("disabled") {
        Reason::EwsDisabled
    } else if lower.contains("blocked") || lower.contains("policy") {
        Reason::EwsBlockedByPolicy
    } else {
        Reason::EwsForbidden
    };
    Some(Fault::heard(reason, value))
}

/// Returns the fault of a redirect, or of status 440, with which forms login sends people to its page. A redirect to Exchange's
/// own error page is an outage of Exchange.
fn redirect_fault(head: ResponseHead<'_>) -> Option<Fault> {
    let location = head.header("location").unwrap_or_default();
    if head.status.is_redirection() && location.to_ascii_lowercase().contains("/ews/genericerrorpage.htm") {
        return Some(Fault::heard(Reason::ServerUnavailable, format!("{} to {location}", head.status)));
    }
    head.redirect_fault()
        .or_else(|| (head.status.as_u16() == 440).then(|| Fault::heard(Reason::HttpRedirected, head.describe(b""))))
}

/// Finds the reason by the code of a SOAP fault or a response message.
fn by_response_code(response: &SoapResponse) -> Option<Fault> {
    let code = response.code.as_deref().filter(|code| *code != "NoError")?;
    let inner = response.inner_code.as_deref().filter(|_| code == "ErrorInternalServerError").and_then(reason_for_code);
    let reason = inner.or_else(|| reason_for_code(code)).unwrap_or(Reason::OperationFailed);
    let message = response.message.as_deref().map(without_identifiers).unwrap_or_default();
    Some(Fault::heard(reason, sanitize::reply(message)).code(sanitize::one_line(code, 100)))
}

/// Cuts off the part of a message that names servers and people: `Mailbox move in progress. Try again later., Cannot open
/// mailbox. Server = VI1PR04MB5440.…, user = /o=ExchangeLabs/…`.
pub(in crate::wire) fn without_identifiers(message: &str) -> &str {
    let cut = [".,", " Server = ", " user = "].iter().filter_map(|mark| message.find(mark)).min();
    cut.and_then(|at| message.get(..=at)).unwrap_or(message)
}

/// Returns the reason for a code of Exchange, in EWS and behind Graph; `None` for one that is not in the table.
pub(in crate::wire) fn reason_for_code(code: &str) -> Option<Reason> {
    RESPONSE_CODES.iter().find(|(known, _)| known.eq_ignore_ascii_case(code)).map(|(_, reason)| *reason)
}

/// The response codes of Exchange and their reasons.
/// <https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode>
const RESPONSE_CODES: &[(&str, Reason)] = &[
    ("ErrorNonExistentMailbox", Reason::MailboxNotFound),
    ("ErrorNonPrimarySmtpAddress", Reason::AddressNotPrimary),
    ("ErrorNoRespondingCASInDestinationSite", Reason::MailboxElsewhere),
    ("ErrorCannotFindUser", Reason::MailboxNotFound),
    ("ErrorMailboxLogonFailed", Reason::MailboxNotConnected),
    ("ErrorImpersonateUserDenied", Reason::ImpersonationDenied),
    ("ErrorImpersonationDenied", Reason::ImpersonationDenied),
    ("ErrorImpersonationFailed", Reason::ServerUnavailable), // the directory, not a right
    ("ErrorInvalidExchangeImpersonationHeaderData", Reason::RequestRejected),
    ("ErrorInvalidRequest", Reason::RequestRejected),
    ("ErrorSchemaValidation", Reason::RequestRejected),
    ("ErrorInvalidServerVersion", Reason::RequestRejected),
    ("ErrorInvalidSchemaVersionForMailboxVersion", Reason::RequestRejected),
    ("ErrorMissingEmailAddress", Reason::RequestRejected),
    ("Client", Reason::RequestRejected), // SOAP 1.1's own code for a wrong request
    ("ErrorServerBusy", Reason::Throttled),
    ("ErrorTooManyObjectsOpened", Reason::Throttled),
    ("ErrorExceededFindCountLimit", Reason::Throttled),
    ("ErrorExceededConnectionCount", Reason::TooManyConnections),
    ("ErrorAccessDenied", Reason::AccessDenied),
    ("ErrorFolderNotFound", Reason::FolderNotFound),
    ("ErrorItemNotFound", Reason::FolderNotFound),
    ("ErrorInternalServerError", Reason::ServerUnavailable),
    ("ErrorInternalServerTransientError", Reason::ServerUnavailable),
    ("ErrorTimeoutExpired", Reason::ServerUnavailable),
    ("ErrorNotEnoughMemory", Reason::ServerUnavailable),
    ("ErrorInsufficientResources", Reason::ServerUnavailable),
    ("ErrorProxyRequestProcessingFailed", Reason::ServerUnavailable), // between Exchange's own servers
    ("ErrorADUnavailable", Reason::ServerUnavailable),
    ("ErrorADOperation", Reason::ServerUnavailable),
    ("ErrorMailboxMoveInProgress", Reason::MailboxUnavailable),
    ("ErrorMailboxStoreUnavailable", Reason::MailboxUnavailable),
    ("ErrorMailboxFailover", Reason::MailboxUnavailable),
    ("ErrorConnectionFailed", Reason::MailboxUnavailable), // from EWS to the mailbox
    ("ErrorAccountDisabled", Reason::AccountDisabled),
    ("ErrorInvalidLicense", Reason::LicenseInvalid),
    ("ErrorOrganizationAccessBlocked", Reason::TenantBlocked),
];

/// Makes the fault by the status, where neither headers nor body say more.
fn by_status(head: ResponseHead<'_>, body: &[u8]) -> Fault {
    // ASP.NET's own error page, which a proxy may have stripped of its headers.
    let outage = || String::from_utf8_lossy(body.get(..4096).unwrap_or(body)).contains("Server Error in '/");
    if head.is_from_intermediary(body) && !outage() {
        return Fault::heard(Reason::HttpNotMicrosoft, head.describe(body));
    }
    let reason = match head.status {
        StatusCode::UNAUTHORIZED => return unauthorized(head),
        StatusCode::FORBIDDEN => Reason::EwsForbidden,
        StatusCode::GONE => Reason::EwsRetired,
        StatusCode::NOT_FOUND => Reason::EwsPathNotFound,
        StatusCode::TOO_MANY_REQUESTS => Reason::Throttled,
        StatusCode::REQUEST_TIMEOUT => Reason::ServerUnavailable,
        status if status.is_client_error() => Reason::RequestRejected,
        status if status.is_server_error() => Reason::ServerUnavailable,
        _ => Reason::ReplyMalformed,
    };
    Fault::heard(reason, head.describe(body))
}

/// Makes the fault `ews_token_refused` of a 401 without a diagnostic number in the table. The headers are all its evidence.
fn unauthorized(head: ResponseHead<'_>) -> Fault {
    let diagnostics = head.joined_headers(DIAGNOSTICS_HEADER);
    let number = diagnostics.as_deref().and_then(diagnostic_number).map(str::to_owned);
    let text = diagnostics.or_else(|| head.joined_headers("www-authenticate"));
    let fault = Fault::heard(Reason::EwsTokenRefused, text.unwrap_or_else(|| head.describe(b"")));
    match number {
        Some(number) => fault.code(number),
        None => fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{SupportId, SupportIds};
    use crate::wire::http::tests::headers;
    use crate::wire::soap::parse_find_folder;

    fn refused(status: u16, lines: &[(&'static str, &str)], body: &str) -> Refusal {
        let headers = headers(lines);
        let head = ResponseHead { status: StatusCode::from_u16(status).expect("a status"), headers: &headers };
        parse_find_folder(head, body.as_bytes()).expect_err("a refusal")
    }

    fn response(code: &str, message: &str) -> String {
        format!(
            r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Body><m:FindFolderResponse><m:ResponseMessages><m:FindFolderResponseMessage ResponseClass="Error"><m:MessageText>{message}</m:MessageText><m:ResponseCode>{code}</m:ResponseCode></m:FindFolderResponseMessage></m:ResponseMessages></m:FindFolderResponse></s:Body></s:Envelope>"#
        )
    }

    fn soap_fault(code: &str) -> String {
        format!(
            r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>a:{code}</faultcode><faultstring>no</faultstring></s:Fault></s:Body></s:Envelope>"#
        )
    }

    #[test]
    fn refusal_goes_by_diagnostic_headers() {
        for (status, name, value, reason) in [
            (
                401,
                DIAGNOSTICS_HEADER,
                r#"2000003;reason="The audience claim value is invalid 'aud'.";error_category="invalid_resource""#,
                Reason::TokenWrongAudience,
            ),
            (
                401,
                DIAGNOSTICS_HEADER,
                r#"2000008;reason="The token contains no permissions, or permissions can not be understood.""#,
                Reason::TokenRoleMissing,
            ),
            (
                403,
                DIAGNOSTICS_HEADER,
                r#"2000008;reason="The token contains not enough scope to make this call.""#,
                Reason::TokenRoleMissing,
            ),
            (401, DIAGNOSTICS_HEADER, r#"2000002;reason="expired""#, Reason::TokenExpired),
            (401, DIAGNOSTICS_HEADER, "2000001", Reason::TokenInvalid),
            (
                401,
                DIAGNOSTICS_HEADER,
                r#"2000004;reason="The tenant for tenant guid 'x' does not exist.""#,
                Reason::TokenWrongTenant,
            ),
            (
                302,
                DIAGNOSTICS_HEADER,
                r#"2000020;reason="xms_trpid claim was not present";error_category="insufficiant_claims""#,
                Reason::TenantRestricted,
            ),
            (
                401,
                DIAGNOSTICS_HEADER,
                r#"2000000;reason="invalid signature";error_category="invalid_signature""#,
                Reason::TokenInvalid,
            ),
            (
                401,
                DIAGNOSTICS_HEADER,
                r#"2000005;reason="The user specified by the user-context in the token does not exist.""#,
                Reason::MailboxNotFound,
            ),
            (
                401,
                DIAGNOSTICS_HEADER,
                r#"2000005;reason="The user specified by the user-context in the token is ambiguous.";error_category="invalid_user""#,
                Reason::AddressAmbiguous,
            ),
            (401, DIAGNOSTICS_HEADER, r#"2000006;error_category="invalid_client""#, Reason::EwsTokenRefused),
            (401, DIAGNOSTICS_HEADER, r#"2000007;error_category="internal_error""#, Reason::ServerUnavailable),
            (
                401,
                DIAGNOSTICS_HEADER,
                r#"4000000;reason="Flighting is not enabled for domain 'contoso.example'.";error_category="oauth_not_available""#,
                Reason::EwsTokenRefused,
            ),
            (401, DIAGNOSTICS_HEADER, r#"2000010;reason="new""#, Reason::EwsTokenRefused),
            (401, DIAGNOSTICS_HEADER, "garbage", Reason::EwsTokenRefused),
            (
                401,
                "www-authenticate",
                r#"Bearer client_id="00000002-0000-0ff1-ce00-000000000000", error="invalid_token""#,
                Reason::EwsTokenRefused,
            ),
            (401, "www-authenticate", r#"Bearer error="insufficient_claims", claims="eyJ""#, Reason::ConditionalAccessBlocked),
            (403, "x-ews-policy-reason", "EWS is disabled for this user or tenant", Reason::EwsDisabled),
            (403, "x-ews-policy-reason", "EWS is blocked by policy for this user or tenant", Reason::EwsBlockedByPolicy),
            (403, "x-ews-policy-reason", "because", Reason::EwsForbidden),
            (302, "location", "/ews/genericerrorpage.htm?aspxerrorpath=/ews/exchange.asmx", Reason::ServerUnavailable),
            (302, "location", "https://portal.example/", Reason::HttpRedirected),
            (440, "location", "/owa/auth/logon.aspx", Reason::HttpRedirected),
        ] {
            let fault = refused(status, &[(name, value)], "").fault;
            assert_eq!(fault.reason, reason, "{value}");
            assert!(fault.evidence.heard.is_some_and(|heard| heard.contains(value) || status == 440), "{value}");
        }
    }

    #[test]
    fn refusal_with_an_unknown_diagnostic_number_keeps_it() {
        for (value, code) in
            [("4000000;reason=\"Flighting is not enabled\"", Some("4000000")), ("2000010", Some("2000010")), ("garbage", None)]
        {
            let fault = refused(401, &[(DIAGNOSTICS_HEADER, value)], "").fault;
            assert_eq!((fault.reason, fault.evidence.code.as_deref()), (Reason::EwsTokenRefused, code), "{value}");
        }
    }

    #[test]
    fn refusal_without_a_response_goes_by_status() {
        let page = [("content-type", "text/html")];
        let iis = [("content-type", "text/html"), ("server", "Microsoft-IIS/10.0")];
        for (status, lines, body, reason) in [
            (401, &[][..], "", Reason::EwsTokenRefused),
            (403, &[("server", "Microsoft-HTTPAPI/2.0")], "", Reason::EwsForbidden),
            (403, &page, "<html>Blocked</html>", Reason::HttpNotMicrosoft),
            (404, &iis, "<html>404 - File or directory not found.</html>", Reason::EwsPathNotFound),
            (410, &[], "", Reason::EwsRetired),
            (429, &[], "", Reason::Throttled),
            (400, &[], "", Reason::RequestRejected),
            (500, &page, "<html><title>Server Error in '/EWS' Application.</title></html>", Reason::ServerUnavailable),
            (503, &iis, "<html>Service Unavailable</html>", Reason::ServerUnavailable),
            (502, &page, "<html>squid</html>", Reason::HttpNotMicrosoft),
            (200, &page, "<html>Welcome to the hotel</html>", Reason::HttpNotMicrosoft),
            (200, &[], "", Reason::ReplyMalformed),
            (200, &[], "{}", Reason::ReplyMalformed),
        ] {
            assert_eq!(refused(status, lines, body).fault.reason, reason, "{status} {body}");
        }
    }

    #[test]
    fn refusal_reads_a_code_in_fault_and_response_message_alike() {
        for (code, reason) in [
            ("ErrorNonExistentMailbox", Reason::MailboxNotFound),
            ("ErrorNonPrimarySmtpAddress", Reason::AddressNotPrimary),
            ("ErrorImpersonateUserDenied", Reason::ImpersonationDenied),
            ("ErrorImpersonationDenied", Reason::ImpersonationDenied),
            ("ErrorImpersonationFailed", Reason::ServerUnavailable),
            ("ErrorInvalidExchangeImpersonationHeaderData", Reason::RequestRejected),
            ("ErrorInvalidRequest", Reason::RequestRejected),
            ("ErrorSchemaValidation", Reason::RequestRejected),
            ("ErrorInvalidServerVersion", Reason::RequestRejected),
            ("ErrorInvalidSchemaVersionForMailboxVersion", Reason::RequestRejected),
            ("ErrorMissingEmailAddress", Reason::RequestRejected),
            ("ErrorServerBusy", Reason::Throttled),
            ("ErrorExceededConnectionCount", Reason::TooManyConnections),
            ("ErrorTooManyObjectsOpened", Reason::Throttled),
            ("ErrorExceededFindCountLimit", Reason::Throttled),
            ("ErrorAccessDenied", Reason::AccessDenied),
            ("ErrorFolderNotFound", Reason::FolderNotFound),
            ("ErrorItemNotFound", Reason::FolderNotFound),
            ("ErrorInternalServerError", Reason::ServerUnavailable),
            ("ErrorInternalServerTransientError", Reason::ServerUnavailable),
            ("ErrorMailboxMoveInProgress", Reason::MailboxUnavailable),
            ("ErrorMailboxStoreUnavailable", Reason::MailboxUnavailable),
            ("ErrorMailboxFailover", Reason::MailboxUnavailable),
            ("ErrorConnectionFailed", Reason::MailboxUnavailable),
            ("ErrorTimeoutExpired", Reason::ServerUnavailable),
            ("ErrorADUnavailable", Reason::ServerUnavailable),
            ("ErrorADOperation", Reason::ServerUnavailable),
            ("ErrorAccountDisabled", Reason::AccountDisabled),
            ("ErrorInvalidLicense", Reason::LicenseInvalid),
            ("ErrorOrganizationAccessBlocked", Reason::TenantBlocked),
            ("ErrorNoRespondingCASInDestinationSite", Reason::MailboxElsewhere),
            ("ErrorNewInThisServer", Reason::OperationFailed),
        ] {
            for (status, body) in [(200, response(code, "no")), (500, soap_fault(code)), (200, soap_fault(code))] {
                let fault = refused(status, &[], &body).fault;
                assert_eq!((fault.reason, fault.evidence.code.as_deref()), (reason, Some(code)), "{status} {body}");
            }
        }
        assert_eq!(refused(500, &[], &soap_fault("Client")).fault.reason, Reason::RequestRejected);
    }

    #[test]
    fn refusal_message_is_without_identifiers() {
        let message = "Mailbox move in progress. Try again later., Cannot open mailbox. Server = VI1.prod.outlook.com, user = /o=ExchangeLabs";
        let fault = refused(200, &[("request-id", "r")], &response("ErrorMailboxMoveInProgress", message)).fault;
        assert_eq!(fault.evidence.heard.as_deref(), Some("Mailbox move in progress. Try again later."));
        assert_eq!(fault.evidence.ids, SupportIds::from([(SupportId::RequestId, "r".to_owned())]));
    }

    #[test]
    fn refusal_reads_the_back_off() {
        let after = [("retry-after", "30")];
        assert_eq!(refused(503, &after, "").back_off, Some(Duration::from_secs(30)));
        assert_eq!(refused(429, &after, "").back_off, Some(Duration::from_secs(30)));
        assert_eq!(refused(401, &after, "").back_off, None);
        let busy = soap_fault("ErrorServerBusy").replace(
            "</s:Fault>",
            r#"<detail><t:MessageXml xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><t:Value Name="BackOffMilliseconds">1500</t:Value></t:MessageXml></detail></s:Fault>"#,
        );
        assert_eq!(refused(500, &after, &busy).back_off, Some(Duration::from_millis(1500)));
        assert_eq!(refused(500, &[], &busy.replace("1500", "0")).back_off, None);
    }
}
