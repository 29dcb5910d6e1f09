//! The grants of the token endpoint: what each needs, and why it is refused.

use crate::sim::fault::{Fault, Service};
use crate::sim::state::{State, View};
use crate::sim::tenant::Tenant;

use super::access_token::Resource;
use super::assertion;
use super::form::Form;
use super::refusal::Aadsts;
use super::version::Version;

/// The prefix of every device code.
pub(super) const DEVICE_CODE: &str = "DAQABIQEAAAD";

/// Handles one grant: the resource to issue a token for, or the refusal.
type Handler = fn(&View, &Form, Version) -> Result<Resource, Aadsts>;

/// The grants that Entra knows.
const GRANTS: &[(&str, Handler)] = &[
    ("client_credentials", client_credentials),
    ("password", password),
    ("refresh_token", refresh_token),
    ("authorization_code", authorization_code),
    ("device_code", device_code),
    ("urn:ietf:params:oauth:grant-type:device_code", device_code),
    ("urn:ietf:params:oauth:grant-type:jwt-bearer", jwt_bearer),
];

/// Decides about a token request in Entra's order: grant type, tenant, client, credential, then the grant itself.
pub(super) async fn authorize(
    state: &State,
    view: &View,
    form: &Form,
    tenant: &str,
    version: Version,
) -> Result<Resource, Aadsts> {
    let grant_type = form.required("grant_type")?;
    let handler = GRANTS.iter().find(|(name, _)| *name == grant_type);
    let (_, handler) = handler.ok_or_else(|| Aadsts::grant_not_supported(grant_type))?;
    let gateway = Some(GATEWAY_FAULTS).filter(|_| form.get("client_assertion").is_none()).unwrap_or_default();
    if let Some((_, refusal)) = FAULTS.iter().chain(gateway).find(|(fault, _)| view.has(Service::Login, *fault)) {
        return Err(refusal(&view.tenant));
    }
    require_tenant(&view.tenant, tenant)?;
    require_client(&view.tenant, form)?;
    require_credential(state, &view.tenant, form).await?;
    handler(view, form, version)
}

/// Client credentials (RFC 6749, section 4.4): the application asks for itself.
fn client_credentials(view: &View, form: &Form, version: Version) -> Result<Resource, Aadsts> {
    let tenant = &view.tenant;
    let resource = match version {
        Version::V1 => Resource::named(form.required("resource")?, tenant)?,
        Version::V2 => scoped_resource(view, form)?,
    };
    if resource.exchange {
        require_exchange(tenant, &resource)?;
    }
    if tenant.application.conditional_access_blocked {
        return Err(Aadsts::conditional_access());
    }
    Ok(resource)
}

fn scoped_resource(view: &View, form: &Form) -> Result<Resource, Aadsts> {
    let scope = form.required("scope")?;
    if view.has(Service::Login, Fault::ScopeInvalid) {
        return Err(Aadsts::scope_invalid(scope));
    }
    Resource::from_scope(scope, &view.tenant)
}

fn require_exchange(tenant: &Tenant, resource: &Resource) -> Result<(), Aadsts> {
    let exchange = &tenant.exchange;
    if !exchange.present {
        Err(Aadsts::resource_not_found(&resource.name, tenant))
    } else if exchange.lapsed {
        Err(Aadsts::resource_disabled(&resource.name))
    } else if exchange.unassigned {
        Err(Aadsts::not_assigned(&tenant.application, &resource.name))
    } else {
        Ok(())
    }
}

/// A user's name and password (RFC 6749, section 4.3). No password is right here.
fn password(view: &View, form: &Form, _: Version) -> Result<Resource, Aadsts> {
    let user = form.required("username")?;
    form.required("password")?;
    let known = view.tenant.mailbox(user).is_some();
    Err(if known { Aadsts::password_wrong() } else { Aadsts::user_not_found(&view.tenant) })
}

/// A refresh token (RFC 6749, section 6). None has ever been issued here.
fn refresh_token(_: &View, form: &Form, _: Version) -> Result<Resource, Aadsts> {
    form.required("refresh_token").and(Err(Aadsts::grant_malformed()))
}

/// An authorization code (RFC 6749, section 4.1.3). None has ever been issued here.
fn authorization_code(_: &View, form: &Form, _: Version) -> Result<Resource, Aadsts> {
    form.required("code").and(Err(Aadsts::grant_malformed()))
}

/// A device code (RFC 8628, section 3.4). Nobody ever enters the user code.
fn device_code(_: &View, form: &Form, _: Version) -> Result<Resource, Aadsts> {
    let issued = form.required("device_code")?.starts_with(DEVICE_CODE);
    Err(if issued { Aadsts::device_code_pending() } else { Aadsts::device_code_unknown() })
}

/// On behalf of a user whose token is the assertion (RFC 7523, section 2.1). No user has signed in here.
fn jwt_bearer(_: &View, form: &Form, _: Version) -> Result<Resource, Aadsts> {
    form.required("assertion").and(Err(Aadsts::jwt_malformed()))
}

/// A function that makes a tenant's refusal.
type Refusal = fn(&Tenant) -> Aadsts;

/// Faults that are nothing but a refusal, each with that refusal.
const FAULTS: &[(Fault, Refusal)] = &[
    (Fault::TokenRequestMalformed, |_| Aadsts::malformed()),
    (Fault::TenantIdInvalid, |tenant| Aadsts::tenant_malformed(&tenant.id)),
    (Fault::TenantRestricted, Aadsts::tenant_restricted),
    (Fault::TenantBlocked, |_| Aadsts::tenant_blocked()),
    (Fault::WrongCloud, |_| Aadsts::wrong_cloud()),
    (Fault::ClientIsPublic, |_| Aadsts::client_is_public()),
    (Fault::ClientSecretMissing, |_| Aadsts::secret_missing()),
    (Fault::ClientCertificateRefused, |_| Aadsts::thumbprint_missing()),
    (Fault::FederatedCredentialUnknown, |_| Aadsts::federated_credential_unknown()),
    (Fault::ManagedIdentityHasNoSecret, |_| Aadsts::managed_identity_has_no_secret()),
    (Fault::FederationForbidden, |_| Aadsts::federation_forbidden()),
    (Fault::ClientCredentialRefused, |_| Aadsts::unexplained_credential_error()),
    (Fault::TokenRefused, |_| Aadsts::unknown_error()),
];

/// Faults of a certificate, which a client that sends a secret meets as if a gateway signed in with it on its behalf. A client that
/// sends an assertion is refused for what is wrong with it in truth.
const GATEWAY_FAULTS: &[(Fault, Refusal)] = &[
    (Fault::ClientAssertionOutOfTime, |_| assertion::stale()),
    (Fault::ClientCertificateNotRegistered, |tenant| Aadsts::assertion_unknown(None, &tenant.application)),
    (Fault::ClientCertificateExpired, |_| Aadsts::certificate_expired()),
    (Fault::ClientCertificateNotYetValid, |_| Aadsts::certificate_not_yet_valid()),
    (Fault::ClientCertificateRevoked, |_| Aadsts::certificate_revoked()),
    (Fault::ClientAssertionSignatureWrong, |tenant| Aadsts::assertion_signature_wrong("", &tenant.application)),
    (Fault::FederatedCredentialMissing, |_| Aadsts::federated_credential_missing()),
    (Fault::FederatedIssuerDiffers, |_| Aadsts::assertion_issuer_unknown("https://issuer.example")),
    (Fault::FederatedSubjectDiffers, |_| Aadsts::assertion_subject_unknown("repo:contoso/mail:ref:refs/heads/main")),
    (Fault::FederatedAudienceDiffers, |_| Aadsts::assertion_audience_unknown("https://contoso.example")),
    (Fault::FederatedIssuerUnreachable, |_| Aadsts::issuer_unreachable()),
    (Fault::FederatedKeysUnreadable, |_| Aadsts::issuer_keys_unreadable()),
    (Fault::FederatedKeyUnknown, |_| Aadsts::issuer_key_unknown()),
];

/// Refuses a name that is not this tenant's, as Entra tells unknown and malformed ones apart.
pub(super) fn require_tenant(tenant: &Tenant, name: &str) -> Result<(), Aadsts> {
    let domain = name.contains('.') && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    let guid = name.len() == 36 && name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    match name {
        _ if tenant.is_called(name) => Ok(()),
        "common" | "organizations" | "consumers" => Err(Aadsts::grant_not_over(name)),
        _ if domain || guid => Err(Aadsts::tenant_not_found(name)),
        _ => Err(Aadsts::tenant_malformed(name)),
    }
}

/// Refuses a client that is not the application, or whose enterprise application is missing or disabled.
fn require_client(tenant: &Tenant, form: &Form) -> Result<(), Aadsts> {
    let application = &tenant.application;
    let client_id = form.client_id().ok_or_else(|| Aadsts::parameter_missing("client_id"))?;
    if !client_id.eq_ignore_ascii_case(&application.client_id) {
        Err(Aadsts::application_not_found(client_id, tenant))
    } else if !application.has_service_principal {
        Err(Aadsts::service_principal_missing(tenant))
    } else if !application.enabled {
        Err(Aadsts::application_disabled(application))
    } else {
        Ok(())
    }
}

/// Refuses a client assertion that proves nothing, and a client secret that is missing, wrong or expired.
async fn require_credential(state: &State, tenant: &Tenant, form: &Form) -> Result<(), Aadsts> {
    let application = &tenant.application;
    if let Some(assertion) = form.get("client_assertion") {
        return assertion::verify(state, assertion, form.get("client_assertion_type"), tenant).await;
    }
    let secret = form.client_secret().ok_or_else(Aadsts::secret_missing)?;
    if secret.is_empty() {
        return Err(Aadsts::secret_empty());
    }
    let right = application.secret.expose().as_bytes();
    if secret.len() != right.len() || !openssl::memcmp::eq(secret.as_bytes(), right) {
        return Err(Aadsts::secret_wrong(application));
    }
    if application.secret_expired { Err(Aadsts::secret_expired(application)) } else { Ok(()) }
}
