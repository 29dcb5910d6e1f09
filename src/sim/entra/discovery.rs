//! Entra's descriptions of itself: OpenID discovery, the aliases of its hosts, and the keeper of a user's password.

use hyper::StatusCode;
use serde_json::json;

use crate::sim::http::{HttpRequest, HttpResponse};
use crate::sim::tenant::Tenant;

use super::refusal::{Aadsts, Ids};
use super::version::Version;

/// The host that Entra has in its documents.
pub(super) const AUTHORITY: &str = "login.microsoftonline.com";
/// The tenant that personal accounts live in.
const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// The authority as the client calls it: the host it asked for, with its port.
fn authority(request: &HttpRequest) -> String {
    format!("https://{}", request.header("host").unwrap_or(AUTHORITY))
}

/// OpenID discovery.
pub(super) fn discovery(tenant: &Tenant, request: &HttpRequest, name: &str, version: Version, ids: &Ids) -> HttpResponse {
    // The endpoints of all tenants are nobody's: who issued a token, only the token tells.
    let (path, issuer) = match name {
        "common" | "organizations" => (name, "{tenantid}"),
        "consumers" => (name, CONSUMERS),
        _ if tenant.is_called(name) => (tenant.id.as_str(), tenant.id.as_str()),
        // Here, and only here, the tenant is `invalid_tenant`.
        _ => return Aadsts::tenant_not_found(name).response_with_error("invalid_tenant", ids),
    };
    let base = authority(request);
    let (version, issuer) = match version {
        Version::V1 => ("", format!("https://sts.windows.net/{issuer}/")),
        Version::V2 => ("/v2.0", format!("{base}/{issuer}/v2.0")),
    };
    HttpResponse::json(
        StatusCode::OK,
        &json!({
            "token_endpoint": format!("{base}/{path}/oauth2{version}/token"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": format!("{base}/{path}/discovery{version}/keys"),
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": issuer,
            "request_uri_parameter_supported": false,
            "authorization_endpoint": format!("{base}/{path}/oauth2{version}/authorize"),
            "device_authorization_endpoint": format!("{base}/{path}/oauth2{version}/devicecode"),
            "end_session_endpoint": format!("{base}/{path}/oauth2{version}/logout"),
            "http_logout_supported": true,
            "frontchannel_logout_supported": true,
            "claims_supported": ["sub", "iss", "cloud_instance_name", "aud", "exp", "iat", "tid", "ver"],
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": "graph.microsoft.com",
            "rbac_url": "https://pas.windows.net",
        }),
    )
    .header("cache-control", "max-age=86400, private")
}

/// Instance discovery, which MSAL asks for before anything else.
pub(super) fn instance(request: &HttpRequest) -> HttpResponse {
    let host = request.header("host").unwrap_or(AUTHORITY);
    HttpResponse::json(
        StatusCode::OK,
        &json!({
            "tenant_discovery_endpoint": format!("https://{host}/common/v2.0/.well-known/openid-configuration"),
            "api-version": "1.1",
            "metadata": [{ "preferred_network": AUTHORITY, "preferred_cache": "login.windows.net", "aliases": [AUTHORITY, "login.windows.net", host] }],
        }),
    )
}

/// Returns the keeper of a user's password, which clients ask for before they send one: here, for this tenant's addresses.
pub(super) fn user_realm(tenant: &Tenant, user: &str) -> HttpResponse {
    let domain = user.rsplit_once('@').map_or("", |(_, domain)| domain);
    let managed = tenant.exists && domain.eq_ignore_ascii_case(&tenant.domain);
    let kind = if managed { "Managed" } else { "Unknown" };
    let body = json!({ "ver": "1.0", "account_type": kind, "domain_name": domain, "cloud_instance_name": "microsoftonline.com" });
    HttpResponse::json(StatusCode::OK, &body)
}
