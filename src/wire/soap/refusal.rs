//! The refusals of EWS: the reason by diagnostic headers, by response code, by status.

#[cfg(test)]
mod tests;

use std::time::Duration;

use hyper::StatusCode;

use super::diagnostic_ids;
use super::response::SoapResponse;
use crate::outcome::Fault;
use crate::reason::Reason;
use crate::sanitize;
use crate::wire::http::{ResponseHead, reason_for_status};
use crate::wire::{Refusal, sentences};

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
    let words = sentences::normalized(&value);
    let number = diagnostic_number(&value);
    let row = DIAGNOSTIC_NUMBERS.iter().find(|(known, text, _)| Some(*known) == number && words.contains(text));
    let reason = row.map(|(.., reason)| *reason).or_else(|| sentences::reason(&words))?;
    let fault = Fault::heard(reason, value.as_str());
    Some(match number {
        Some(number) => fault.code(number),
        None => fault,
    })
}

/// Returns the number at the start of the header: `2000003` of `2000003;reason="…"`.
fn diagnostic_number(value: &str) -> Option<&str> {
    let end = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    value.get(..end).filter(|number| !number.is_empty())
}

const DIAGNOSTICS_HEADER: &str = "x-ms-diagnostics";

/// Rows of a number, a text in lower case that the header contains, and the reason.
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
    let message = response.message.as_deref().map(without_identifiers).unwrap_or_default();
    let by_words = sentences::reason(&sentences::normalized(&message));
    let known = by_words.or(inner).or_else(|| reason_for_code(code));
    let unrecognized = known.is_none() || (by_words.or(inner).is_none() && is_general(code));
    let fault = Fault::heard(known.unwrap_or(Reason::OperationFailed), sanitize::reply(&message)).unrecognized(unrecognized);
    Some(fault.code(sanitize::one_line(code, 100)))
}

/// Takes out the values that name servers and people, and no sentence: `Cannot open mailbox. Server = VI1PR04MB5440.…, user =
/// /o=ExchangeLabs/…. Try again later.` is `Cannot open mailbox. Try again later.`
pub(in crate::wire) fn without_identifiers(message: &str) -> String {
    let mut kept = String::new();
    let mut rest = message;
    // ASCII alone changes its case, so that places are the same in both.
    while let Some(at) = IDENTIFIERS.iter().filter_map(|name| rest.to_ascii_lowercase().find(name)).min() {
        let (before, named) = rest.split_at(at);
        kept.push_str(before);
        let end = VALUE_ENDS.iter().filter_map(|end| named.find(end)).min().unwrap_or(named.len());
        rest = named.get(end..).unwrap_or_default();
        // The mark that parted the value from what follows parts nothing any more.
        if kept.is_empty() || kept.ends_with(['.', ',', ';']) {
            rest = rest.trim_start_matches(['.', ',', ';']);
        }
    }
    kept.push_str(rest);
    kept.trim().to_owned()
}

/// The names of the values that name servers and people, in lower case.
const IDENTIFIERS: &[&str] = &[" server = ", " user = "];
/// The ends of such a value, which may itself hold blanks, full stops and commas.
const VALUE_ENDS: &[&str] = &[", ", ". ", "; ", ".,", "\r", "\n"];

/// Reports whether Exchange sends the code for whatever has no code of its own.
pub(in crate::wire) fn is_general(code: &str) -> bool {
    code.eq_ignore_ascii_case("ErrorInternalServerError")
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
    ("ErrorInvalidSmtpAddress", Reason::MailboxNotFound),
    ("ErrorQuotaExceeded", Reason::MailboxFull),
    ("ErrorSendAsDenied", Reason::SendAsDenied),
    ("ErrorMessageSizeExceeded", Reason::MessageTooLarge),
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
    let known = match head.status {
        StatusCode::UNAUTHORIZED => return unauthorized(head),
        status if status.as_u16() == LOCKED => {
            return Fault::heard(Reason::AccountDisabled, head.describe(body)).code(LOCKED.to_string());
        }
        StatusCode::FORBIDDEN => Some(Reason::EwsForbidden),
        StatusCode::GONE => Some(Reason::EwsRetired),
        StatusCode::NOT_FOUND => Some(Reason::EwsPathNotFound),
        status => reason_for_status(status),
    };
    let text = head.describe(body);
    let by_words = sentences::reason(&sentences::normalized(&text));
    if by_words.is_none() && head.seems_from_intermediary(body) {
        return Fault::heard(Reason::HttpNotMicrosoft, text).unrecognized(true);
    }
    let known = by_words.or(known);
    let otherwise = match head.status {
        status if status.is_client_error() => Reason::RequestRejected,
        status if status.is_server_error() => Reason::ServerUnavailable,
        _ => Reason::ReplyMalformed,
    };
    Fault::heard(known.unwrap_or(otherwise), text).unrecognized(known.is_none())
}

/// Exchange's own status for an account that is locked.
const LOCKED: u16 = 456;

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
