//! The refusals of EWS, row by row.

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
        (401, DIAGNOSTICS_HEADER, r#"2000004;reason="The tenant for tenant guid 'x' does not exist.""#, Reason::TokenWrongTenant),
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
        (401, DIAGNOSTICS_HEADER, r#"reason="The tenant for tenant guid '0' does not exist.""#, Reason::TokenWrongTenant),
        (403, DIAGNOSTICS_HEADER, r#"2000099;reason="The token contains not enough scope""#, Reason::TokenRoleMissing),
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
    let plain = [("content-type", "text/plain; charset=utf-8")];
    let iis = [("content-type", "text/html"), ("server", "Microsoft-IIS/10.0")];
    for (status, lines, body, reason) in [
        (401, &[][..], "", Reason::EwsTokenRefused),
        (403, &[("server", "Microsoft-HTTPAPI/2.0")], "", Reason::EwsForbidden),
        (403, &page, "<html>Blocked</html>", Reason::HttpNotMicrosoft),
        (404, &iis, "<html>404 - File or directory not found.</html>", Reason::EwsPathNotFound),
        (410, &[], "", Reason::EwsRetired),
        (429, &[], "", Reason::Throttled),
        (456, &[], "", Reason::AccountDisabled),
        (456, &[("content-type", "text/plain")], "locked", Reason::AccountDisabled),
        (470, &[("content-type", "text/plain")], "Denied by rule 7", Reason::HttpNotMicrosoft),
        (470, &[("x-feserver", "f")], "", Reason::RequestRejected),
        (403, &plain, "RBAC: access denied", Reason::HttpNotMicrosoft),
        (503, &plain, "no healthy upstream", Reason::HttpNotMicrosoft),
        (403, &plain, "", Reason::EwsForbidden),
        (403, &plain, "Mailbox 'm' doesn't have a valid license.", Reason::LicenseInvalid),
        (503, &[("content-type", "text/plain"), ("x-feserver", "f")], "busy", Reason::ServerUnavailable),
        (403, &[("x-feserver", "f")], "The mailbox doesn't have a valid license.", Reason::LicenseInvalid),
        (400, &[], "", Reason::RequestRejected),
        (500, &page, "<html><title>Server Error in '/EWS' Application.</title></html>", Reason::ServerUnavailable),
        (503, &iis, "<html>Service Unavailable</html>", Reason::ServerUnavailable),
        (502, &page, "<html>squid</html>", Reason::HttpNotMicrosoft),
        (200, &page, "<html>Welcome to the hotel</html>", Reason::HttpNotMicrosoft),
        (200, &[], "", Reason::ReplyMalformed),
        (200, &[], "{}", Reason::ReplyMalformed),
    ] {
        let fault = refused(status, lines, body).fault;
        assert_eq!(fault.reason, reason, "{status} {body}");
        let from_status_or_page = status == 470 || body.starts_with('<');
        let uncertain = reason == Reason::HttpNotMicrosoft && !from_status_or_page;
        assert!(fault.evidence.unrecognized || !uncertain, "{status} {body}");
    }
}

#[test]
fn refusal_reads_a_code_in_fault_and_response_message_alike() {
    for (code, reason) in [
        ("ErrorNonExistentMailbox", Reason::MailboxNotFound),
        ("ErrorNonPrimarySmtpAddress", Reason::AddressNotPrimary),
        ("ErrorInvalidSmtpAddress", Reason::MailboxNotFound),
        ("ErrorQuotaExceeded", Reason::MailboxFull),
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
    let message =
        "Mailbox move in progress. Try again later., Cannot open mailbox. Server = VI1.prod.outlook.com, user = /o=ExchangeLabs";
    let fault = refused(200, &[("request-id", "r")], &response("ErrorMailboxMoveInProgress", message)).fault;
    assert_eq!(fault.evidence.heard.as_deref(), Some("Mailbox move in progress. Try again later., Cannot open mailbox."));
    assert_eq!(fault.evidence.ids, SupportIds::from([(SupportId::RequestId, "r".to_owned())]));
}

#[test]
fn without_identifiers_loses_no_sentence() {
    for (message, kept) in [
        ("", ""),
        ("Access is denied. Check credentials and try again.", "Access is denied. Check credentials and try again."),
        ("First., Second. Third", "First., Second. Third"),
        (
            "Cannot open mailbox. Server = A.b.example, user = /o=E/cn=x y, mailboxGuid = 1",
            "Cannot open mailbox. mailboxGuid = 1",
        ),
        ("Cannot open mailbox. Server = A.b.example. The store is gone.", "Cannot open mailbox. The store is gone."),
        ("It failed on SERVER = A.b.example, and for User = x. It is locked.", "It failed on, and for. It is locked."),
        ("It failed. user = x.,The store is gone.", "It failed.The store is gone."),
        (" Server = A.b.example", ""),
    ] {
        assert_eq!(without_identifiers(message), kept, "{message}");
    }
}

#[test]
fn refusal_reads_the_words_for_every_code() {
    for code in ["ErrorInternalServerError", "ErrorAccessDenied", "ErrorNewInThisServer", "errorInvalidLicense"] {
        for words in [
            "The operation failed., The mailbox 'm' doesn't have a valid license.",
            "Cannot open mailbox. Server = A.b.example, user = /o=E/cn=x. The user doesn\u{2019}t  have a valid\nlicense.",
            "THE USER DOES NOT HAVE A VALID LICENSE",
        ] {
            for body in [response(code, words), soap_fault(code).replace(">no<", &format!(">{words}<"))] {
                let fault = refused(500, &[], &body).fault;
                assert_eq!((fault.reason, fault.evidence.code.as_deref()), (Reason::LicenseInvalid, Some(code)), "{body}");
                assert!(fault.evidence.heard.is_some_and(|heard| heard.to_ascii_lowercase().contains("valid license")));
            }
        }
    }
}

#[test]
fn refusal_with_a_general_code_is_unrecognized() {
    for (code, unrecognized) in [
        ("ErrorInternalServerError", true),
        ("ErrorNewInThisServer", true),
        ("ErrorServerBusy", false),
        ("ErrorADUnavailable", false),
    ] {
        let fault = refused(200, &[], &response(code, "An internal server error occurred., Sorry.")).fault;
        assert_eq!(fault.evidence.unrecognized, unrecognized, "{code}");
    }
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
