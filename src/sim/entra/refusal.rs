//! Entra's refusals: number, status, `error` and text of each, in the JSON Microsoft answers.

use std::time::SystemTime;

use hyper::StatusCode;
use serde_json::json;

use crate::sim::http::{HttpRequest, HttpResponse};
use crate::sim::identifiers;
use crate::sim::tenant::{Application, Tenant};

/// The ids of a request, for a support ticket.
pub(super) struct Ids {
    /// `x-ms-request-id` and `trace_id`.
    pub trace: String,
    /// The client's own id, or a new one.
    pub correlation: String,
}

impl Ids {
    /// The ids of a request.
    pub(super) fn new(request: &HttpRequest) -> Self {
        let correlation =
            request.header("client-request-id").filter(|id| id.len() == 36).map_or_else(identifiers::guid, str::to_owned);
        Self { trace: identifiers::guid(), correlation }
    }
}

/// A refusal: AADSTS number, `error`, text.
pub(super) struct Aadsts {
    number: u32,
    error: &'static str,
    text: String,
}

/// 401 for `invalid_client`, 503 for `temporarily_unavailable`, 400 for every other `error`.
fn status(error: &str) -> StatusCode {
    match error {
        "invalid_client" => StatusCode::UNAUTHORIZED,
        "temporarily_unavailable" => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    }
}

impl Aadsts {
    /// The answer, with the `error` of the token endpoint.
    pub(super) fn response(&self, ids: &Ids) -> HttpResponse {
        self.response_with_error(self.error, ids)
    }

    /// The answer with another `error`.
    pub(super) fn response_with_error(&self, error: &str, ids: &Ids) -> HttpResponse {
        let (number, text, Ids { trace, correlation }) = (self.number, &self.text, ids);
        let time = identifiers::entra_time(SystemTime::now());
        let body = json!({
            "error": error,
            "error_description": format!("AADSTS{number}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {time}"),
            "error_codes": [number],
            "timestamp": time,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("https://login.microsoftonline.com/error?code={number}"),
        });
        HttpResponse::json(status(error), &body)
    }

    /// Its AADSTS number.
    #[cfg(test)]
    pub(super) fn number(&self) -> u32 {
        self.number
    }

    fn new(number: u32, error: &'static str, text: impl Into<String>) -> Self {
        Self { number, error, text: text.into() }
    }

    // The request.

    pub(super) fn malformed() -> Self {
        Self::new(9_002_313, "invalid_request", "Invalid request. Request is malformed or invalid.")
    }

    pub(super) fn parameter_missing(name: &str) -> Self {
        let text = format!("The request body must contain the following parameter: '{name}'.");
        Self::new(900_144, "invalid_request", text)
    }

    pub(super) fn grant_not_supported(grant: &str) -> Self {
        let text = format!("The app requested an unsupported grant type '{}'.", shortened(grant));
        Self::new(70_003, "unsupported_grant_type", text)
    }

    pub(super) fn grant_not_over(endpoint: &str) -> Self {
        let text = format!(
            "The grant type is not supported over the /{endpoint} endpoint. Please use the /organizations or tenant-specific endpoint."
        );
        Self::new(9_001_023, "invalid_request", text)
    }

    /// A code or a refresh token that Entra did not give out.
    pub(super) fn grant_malformed() -> Self {
        Self::new(9_002_313, "invalid_grant", "Invalid request. Request is malformed or invalid.")
    }

    pub(super) fn device_code_pending() -> Self {
        let text = "OAuth 2.0 device flow error. Authorization is pending. Continue polling.";
        Self::new(70_016, "authorization_pending", text)
    }

    pub(super) fn device_code_unknown() -> Self {
        Self::new(
            70_018,
            "bad_verification_code",
            "Invalid verification code due to User typing in wrong user code for device code flow.",
        )
    }

    // The user.

    pub(super) fn user_not_found(tenant: &Tenant) -> Self {
        let text = format!(
            "The user account {{EUII Hidden}} does not exist in the {} directory. To sign into this application, the account must be \
             added to the directory.",
            tenant.id
        );
        Self::new(50_034, "invalid_grant", text)
    }

    pub(super) fn password_wrong() -> Self {
        Self::new(50_126, "invalid_grant", "Error validating credentials due to invalid username or password.")
    }

    // The tenant.

    pub(super) fn tenant_not_found(name: &str) -> Self {
        let text = format!(
            "Tenant '{}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. \
             Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.",
            shortened(name)
        );
        Self::new(90_002, "invalid_request", text)
    }

    pub(super) fn tenant_malformed(name: &str) -> Self {
        let text = format!(
            "Specified tenant identifier '{}' is neither a valid DNS name, nor a valid external domain.",
            shortened(name)
        );
        Self::new(900_023, "invalid_request", text)
    }

    pub(super) fn tenant_restricted(tenant: &Tenant) -> Self {
        Self::new(500_021, "invalid_request", format!("Access to '{}' tenant is denied.", tenant.domain))
    }

    pub(super) fn tenant_blocked() -> Self {
        let text = "This tenant has been blocked due to inactivity. To learn more about tenant lifecycle policies, see \
                    https://aka.ms/TenantLifecycle";
        Self::new(5_000_225, "invalid_grant", text)
    }

    pub(super) fn wrong_cloud() -> Self {
        Self::new(900_382, "invalid_request", "Confidential Client is not supported in Cross Cloud request.")
    }

    /// A number that Microsoft has not given out.
    pub(super) fn unknown_error() -> Self {
        Self::new(7_999_999, "unauthorized_client", "The request was refused for a reason of its own.")
    }

    /// A refused credential, with a number of several meanings and words of none.
    pub(super) fn unexplained_credential_error() -> Self {
        Self::new(50_012, "invalid_client", "Authentication failed.")
    }

    // The application.

    pub(super) fn application_not_found(client_id: &str, tenant: &Tenant) -> Self {
        let text = format!(
            "Application with identifier '{}' was not found in the directory '{}'. This can happen if the application has not been \
             installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your \
             authentication request to the wrong tenant.",
            shortened(client_id),
            tenant.domain
        );
        Self::new(700_016, "unauthorized_client", text)
    }

    pub(super) fn service_principal_missing(tenant: &Tenant) -> Self {
        let text = format!(
            "The client application {} is missing service principal in the tenant {}. \
             See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119",
            tenant.application.client_id, tenant.id
        );
        Self::new(7_000_229, "invalid_client", text)
    }

    pub(super) fn application_disabled(application: &Application) -> Self {
        let text = format!("Application '{}'({}) is disabled.", application.client_id, application.name);
        Self::new(7_000_112, "unauthorized_client", text)
    }

    pub(super) fn conditional_access() -> Self {
        let text = "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.";
        Self::new(53_003, "invalid_grant", text)
    }

    pub(super) fn client_is_public() -> Self {
        let text = "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.";
        Self::new(700_025, "invalid_client", text)
    }

    // The secret.

    pub(super) fn secret_missing() -> Self {
        let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        Self::new(7_000_218, "invalid_client", text)
    }

    pub(super) fn secret_empty() -> Self {
        let text = "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.";
        Self::new(7_000_216, "invalid_client", text)
    }

    pub(super) fn secret_wrong(application: &Application) -> Self {
        let text = format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client \
             secret ID, for a secret added to app '{}'.",
            application.client_id
        );
        Self::new(7_000_215, "invalid_client", text)
    }

    pub(super) fn secret_expired(application: &Application) -> Self {
        let text = format!(
            "The provided client secret keys for app '{}' are expired. Visit the Azure portal to create new keys for your app: \
             https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.",
            application.client_id
        );
        Self::new(7_000_222, "invalid_client", text)
    }

    // The assertion in place of the secret.

    pub(super) fn jwt_malformed() -> Self {
        Self::new(50_027, "invalid_request", "JWT token is invalid or malformed.")
    }

    pub(super) fn thumbprint_missing() -> Self {
        Self::new(50_027, "invalid_request", "Invalid JWT token. No certificate thumbprint specified in token header.")
    }

    pub(super) fn assertion_subject_differs() -> Self {
        Self::new(50_048, "invalid_client", "Subject mismatches Issuer claim in the client assertion.")
    }

    pub(super) fn assertion_audience_wrong(audience: &str) -> Self {
        let text = format!("Client assertion audience claim does not match Realm issuer. Audience: '{}'.", shortened(audience));
        Self::new(700_023, "invalid_client", text)
    }

    pub(super) fn assertion_issuer_unknown(issuer: &str) -> Self {
        Self::assertion_claim_unknown(700_211, "issuer", issuer)
    }

    pub(super) fn assertion_subject_unknown(subject: &str) -> Self {
        Self::assertion_claim_unknown(700_213, "subject", subject)
    }

    pub(super) fn assertion_audience_unknown(audience: &str) -> Self {
        Self::assertion_claim_unknown(700_212, "audience", audience)
    }

    fn assertion_claim_unknown(code: u32, claim: &str, value: &str) -> Self {
        let text = format!(
            "No matching federated identity record found for presented assertion {claim} '{}'. Check your federated identity \
             credential Subject, Audience and Issuer against the presented assertion.",
            shortened(value)
        );
        Self::new(code, "invalid_client", text)
    }

    pub(super) fn federated_credential_missing() -> Self {
        let text = "The client has no configured federated identity credentials.";
        Self::new(70_025, "invalid_client", text)
    }

    pub(super) fn managed_identity_has_no_secret() -> Self {
        let text = "Managed identities are not supported for this flow with a client secret or certificate.";
        Self::new(7_000_232, "invalid_client", text)
    }

    pub(super) fn issuer_unreachable() -> Self {
        Self::new(90_061, "invalid_request", "Request to External OIDC endpoint failed.")
    }

    pub(super) fn issuer_keys_unreadable() -> Self {
        Self::new(900_612, "invalid_request", "The keys of the External OIDC endpoint cannot be parsed.")
    }

    pub(super) fn federated_signature_wrong() -> Self {
        Self::new(700_027, "invalid_client", "Client assertion failed signature validation.")
    }

    /// A refusal that nobody has seen from Entra, hence with a number that Microsoft has not given out.
    pub(super) fn assertion_repeated() -> Self {
        Self::new(7_999_998, "invalid_client", "The client assertion has been used before.")
    }

    pub(super) fn issuer_key_unknown() -> Self {
        Self::new(7_000_272, "invalid_client", "The signing key of the client assertion was not found among the issuer's keys.")
    }

    /// An older text, which names no one of the three.
    pub(super) fn federated_credential_unknown() -> Self {
        let text =
            "No matching federated identity record found for presented assertion. Assertion Issuer, Subject or Audience differ.";
        Self::new(70_021, "invalid_request", text)
    }

    pub(super) fn federation_forbidden() -> Self {
        Self::new(700_223, "invalid_client", "The use of federated identity credentials is disabled by a policy.")
    }

    /// `thumbprint` is that of the certificate the client signed with, in upper-case hex.
    pub(super) fn assertion_signature_wrong(thumbprint: &str, application: &Application) -> Self {
        let text = format!(
            "Client assertion contains an invalid signature. [Reason - The key was found, but the signature value did not match., \
             Thumbprint of key used by client: '{thumbprint}', Please visit the Azure Portal, Graph Explorer or directly use MS \
             Graph to see configured keys for app Id '{}'.]",
            application.client_id
        );
        Self::new(700_027, "invalid_client", text)
    }

    pub(super) fn certificate_expired() -> Self {
        Self::new(1_000_502, "invalid_client", "The provided certificate is not within its specified validity period.")
    }

    pub(super) fn certificate_not_yet_valid() -> Self {
        let text = "The provided certificate is not within its specified validity period: it is not yet valid.";
        Self::new(1_000_502, "invalid_client", text)
    }

    pub(super) fn certificate_revoked() -> Self {
        Self::new(7_000_214, "invalid_client", "Certificate has been revoked.")
    }

    pub(super) fn assertion_expired(now: &str, from: &str, until: &str) -> Self {
        let text = format!(
            "Client assertion is not within its valid time range. Current time: {now}, assertion valid from {from}, expiry time of \
             assertion {until}. Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials ."
        );
        Self::new(700_024, "invalid_client", text)
    }

    /// `thumbprint` is that of the certificate the client signed with, in upper-case hex.
    pub(super) fn assertion_unknown(thumbprint: Option<&str>, application: &Application) -> Self {
        let thumbprint = thumbprint.map(|hex| format!("Thumbprint of key used by client: '{hex}', ")).unwrap_or_default();
        let text = format!(
            "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key \
             was not found., {thumbprint}Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured \
             keys for app Id '{}'.]",
            application.client_id
        );
        Self::new(700_027, "invalid_client", text)
    }

    // The scope and the resource.

    pub(super) fn scope_invalid(scope: &str) -> Self {
        let text = format!(
            "The provided value for scope {} is not valid. Client credential flows must have a scope value with /.default suffixed \
             to the resource identifier (application ID URI).",
            shortened(scope)
        );
        Self::new(1_002_012, "invalid_scope", text)
    }

    pub(super) fn resource_not_found(resource: &str, tenant: &Tenant) -> Self {
        let text = format!(
            "The resource principal named {} was not found in the tenant named {}. This can happen if the application has not been \
             installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your \
             authentication request to the wrong tenant.",
            shortened(resource),
            tenant.domain
        );
        Self::new(500_011, "invalid_resource", text)
    }

    pub(super) fn resource_disabled(resource: &str) -> Self {
        let text = format!(
            "The service principal for resource '{resource}' is disabled. This indicate that a subscription within the tenant has \
             lapsed, or that the administrator for this tenant has disabled the application, preventing tokens from being issued for it."
        );
        Self::new(500_014, "invalid_resource", text)
    }

    pub(super) fn not_assigned(application: &Application, resource: &str) -> Self {
        let text = format!(
            "Application '{}'({}) is not assigned to a role for the application '{resource}'.",
            application.client_id, application.name
        );
        Self::new(501_051, "invalid_grant", text)
    }

    // The service.

    pub(super) fn service_unavailable() -> Self {
        Self::new(90_033, "temporarily_unavailable", "A transient error has occurred. Please try again.")
    }
}

/// Shortens a client's text so that it can be repeated in a reply.
fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(256).collect()
}
