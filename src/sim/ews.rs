//! Exchange Web Services: who may call, in HTTP; what is answered, in SOAP.

mod folder;
mod names;
mod request;
mod response;
mod xml;

use hyper::{Method, StatusCode};

use crate::cloud::EWS_PATH;
use crate::outcome::Phase;

use self::request::{Impersonated, Invalid, Request};
use super::authorization::{self, Refusal};
use super::connection::pause;
use super::fault::{Fault, Service};
use super::http::{HttpRequest, HttpResponse};
use super::identifiers;
use super::protocol::Trouble;
use super::state::{State, View};
use super::tenant::Tenant;

/// The time for which a throttled client is told to stay away.
const BACK_OFF_MILLISECONDS: u32 = 297_749;

/// Answers any request to the Exchange host.
pub(super) async fn answer(state: &State, request: &HttpRequest) -> HttpResponse {
    let view = state.view();
    let bearer = request.header("authorization").and_then(bearer);
    if let Some(answer) = instead(&view) {
        return common(request, answer);
    }
    let verdict = match bearer {
        None => return common(request, unauthorized("", None)),
        Some(token) => {
            let token = state.verify_token(token);
            pause(view.tenant.latency(Phase::Auth)).await;
            authorization::ews_request(&view.tenant, &token, identifiers::unix_now()).map(|_| ())
        }
    };
    let answer = match verdict {
        Err(refusal) => refused(refusal),
        Ok(()) if !request.path.eq_ignore_ascii_case(EWS_PATH) => not_found(),
        Ok(()) if request.method == Method::POST => call(&view.tenant, request),
        Ok(()) => {
            HttpResponse::new(StatusCode::OK).body("text/html; charset=utf-8", "<html><head><title>Service</title></head></html>")
        }
    };
    common(request, answer)
}

/// Returns the response of a fault of EWS as a whole, in place of the usual one.
fn instead(view: &View) -> Option<HttpResponse> {
    let has = |fault| view.has(Service::Ews, fault);
    if has(Fault::TenantRestricted) {
        let diagnostics = r#"2000020;reason="xms_trpid claim was not present but sec-tenant-restriction-access-policy header was in requres";error_category="insufficiant_claims""#;
        let sent = HttpResponse::new(StatusCode::FOUND).header("location", "https://login.microsoftonline.com/");
        return Some(sent.header("x-ms-diagnostics", diagnostics).header("restrict-access-confirm", "1"));
    }
    if has(Fault::EwsTokenRefused) {
        return Some(refused(Refusal::Unexplained));
    }
    if has(Fault::EwsPathNotFound) {
        return Some(not_found());
    }
    has(Fault::EwsRetired).then(|| HttpResponse::new(StatusCode::GONE))
}

fn not_found() -> HttpResponse {
    HttpResponse::new(StatusCode::NOT_FOUND)
        .body("text/html", "<html><head><title>404 - File or directory not found.</title></head></html>")
}

/// The token of an `Authorization: Bearer` header.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

/// The headers of every answer of Exchange Online.
fn common(request: &HttpRequest, answer: HttpResponse) -> HttpResponse {
    let backend = answer.status.as_u16().to_string();
    let mut answer = answer
        .header("server", "Microsoft-IIS/10.0")
        .header("request-id", identifiers::guid())
        .header("x-calculatedbetarget", identifiers::BACK_END)
        .header("x-backendhttpstatus", backend)
        .header("x-feproxyinfo", identifiers::FRONT_END)
        .header("x-beserver", server(identifiers::BACK_END))
        .header("x-feserver", server(identifiers::FRONT_END))
        .header("x-diaginfo", server(identifiers::BACK_END))
        .header("strict-transport-security", "max-age=31536000; includeSubDomains; preload")
        .header("cache-control", "private");
    if request.header("return-client-request-id").is_some_and(|wanted| wanted.eq_ignore_ascii_case("true")) {
        answer = answer.header("client-request-id", request.header("client-request-id").unwrap_or_default());
    }
    answer
}

/// A server's name without its domain.
fn server(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// 401 with the challenge Exchange sends; `error` and diagnostics only where there was a token.
fn unauthorized(error: &str, diagnostics: Option<&str>) -> HttpResponse {
    let challenge = format!(
        "Bearer client_id=\"00000002-0000-0ff1-ce00-000000000000\", trusted_issuers=\"00000001-0000-0000-c000-000000000000@*\", \
         token_types=\"app_asserted_user_v1 service_asserted_app_v1\", \
         authorization_uri=\"https://login.windows.net/common/oauth2/authorize\"{error}"
    );
    let answer = HttpResponse::new(StatusCode::UNAUTHORIZED).header("www-authenticate", challenge);
    match diagnostics {
        Some(text) => answer.header("x-ms-diagnostics", text),
        None => answer,
    }
}

/// A refusal in HTTP: of the token, or by policy.
fn refused(refusal: Refusal) -> HttpResponse {
    const ERROR: &str = ", error=\"invalid_token\"";
    let token = |text: &str| unauthorized(ERROR, Some(text));
    let forbidden = HttpResponse::new(StatusCode::FORBIDDEN);
    match refusal {
        Refusal::BadSignature => {
            token(r#"2000000;reason="The token has an invalid signature.";error_category="invalid_signature""#)
        }
        Refusal::Expired => token(r#"2000002;reason="The token has expired.";error_category="token_expired""#),
        Refusal::WrongAudience => {
            token(r#"2000003;reason="The audience claim value is invalid 'aud'.";error_category="invalid_resource""#)
        }
        Refusal::WrongTenant => {
            token(r#"2000004;reason="The tenant for tenant guid does not exist.";error_category="invalid_tenant""#)
        }
        Refusal::Ambiguous => token(
            r#"2000005;reason="The user specified by the user-context in the token is ambiguous.";error_category="invalid_user""#,
        ),
        Refusal::NoRoles => token(
            r#"2000008;reason="The token contains no permissions, or permissions can not be understood.";error_category="invalid_grant""#,
        ),
        Refusal::RoleMissing => forbidden.header(
            "x-ms-diagnostics",
            r#"2000008;reason="The token contains not enough scope to make this call.";error_category="invalid_grant""#,
        ),
        Refusal::EwsDisabled => forbidden.header("x-ews-policy-reason", "EWS is disabled for this user or tenant"),
        Refusal::EwsBlocked | Refusal::UserAgentBlocked => {
            forbidden.header("x-ews-policy-reason", "EWS is blocked by policy for this user or tenant")
        }
        Refusal::EwsUnlicensed => forbidden,
        Refusal::Unexplained => token(
            r#"4000000;reason="Flighting is not enabled for domain 'contoso.example'.";error_category="oauth_not_available""#,
        ),
        Refusal::Trouble(_) => HttpResponse::new(StatusCode::SERVICE_UNAVAILABLE).header("retry-after", "30"),
        _ => {
            token(r#"2000001;reason="OAuth token submitted with the request can not be parsed.";error_category="invalid_token""#)
        }
    }
}

/// One SOAP call.
fn call(tenant: &Tenant, request: &HttpRequest) -> HttpResponse {
    let request = match request::read(&request.body) {
        Ok(request) => request,
        Err(Invalid { code, text, xml }) => return response::fault(code, &text, &xml),
    };
    let Some(who) = &request.impersonated else {
        let text = "ExchangeImpersonation SOAP header must be present for this type of OAuth token.";
        return response::fault("ErrorInvalidExchangeImpersonationHeaderData", text, "");
    };
    if let Impersonated::Sid = who {
        return response::fault("ErrorInvalidUserSid", "The SID in the request is invalid.", "");
    }
    let mailbox = match authorization::ews_mailbox(tenant, who.address()) {
        Ok(mailbox) => mailbox,
        Err(refusal) => return no_mailbox(refusal, &request),
    };
    if matches!(who, Impersonated::Primary(address) if !mailbox.address.eq_ignore_ascii_case(address)) {
        return no_mailbox(Refusal::Alias, &request);
    }
    folder::answer(mailbox, &request)
}

/// A refusal in SOAP: of the mailbox.
fn no_mailbox(refusal: Refusal, request: &Request) -> HttpResponse {
    let fault = |code, text| response::fault(code, text, "");
    match refusal {
        Refusal::NoMailbox => fault("ErrorNonExistentMailbox", "The SMTP address has no mailbox associated with it."),
        Refusal::Alias => {
            fault("ErrorNonPrimarySmtpAddress", "The primary SMTP address must be specified when referencing a mailbox.")
        }
        Refusal::Elsewhere => fault(
            "ErrorNoRespondingCASInDestinationSite",
            "None of the Client Access servers in the destination site could process the request.",
        ),
        Refusal::OutOfScope => {
            fault("ErrorImpersonateUserDenied", "The account does not have permission to impersonate the requested user.")
        }
        Refusal::AccountDisabled => fault("ErrorAccountDisabled", "The account that was used for the request is disabled."),
        Refusal::Offline => response::errors(
            request,
            "ErrorMailboxStoreUnavailable",
            "The mailbox database is temporarily unavailable., Cannot open mailbox.",
        ),
        Refusal::Unlicensed => response::errors(request, "ErrorInvalidLicense", "The user doesn't have a valid license."),
        Refusal::Trouble(Trouble::Throttled) => response::fault(
            "ErrorServerBusy",
            "The server cannot service this request right now. Try again later.",
            &format!("<t:Value Name=\"BackOffMilliseconds\">{BACK_OFF_MILLISECONDS}</t:Value>"),
        ),
        Refusal::Trouble(Trouble::TooManyConnections) => response::fault(
            "ErrorExceededConnectionCount",
            "You have exceeded the available concurrent connections for your account. Try again once your other requests have completed.",
            "<t:Value Name=\"Policy\">MaxConcurrency</t:Value><t:Value Name=\"MaxConcurrencyLimit\">27</t:Value>",
        ),
        Refusal::Trouble(Trouble::Full) => {
            response::errors(request, "ErrorQuotaExceeded", "Mailbox has exceeded maximum mailbox size.")
        }
        refusal => refused(refusal),
    }
}
