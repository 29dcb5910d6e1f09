//! Entra: the token endpoint, discovery and the published key.

mod form;
mod refusal;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use self::form::Form;
use self::refusal::{Aadsts, Ids};
use super::directory::{Protocol, READ_ALL, Tenant};
use super::fault::{Fault, Service};
use super::http::{Answer, Asked};
use super::id;
use super::jwt::SigningKey;
use super::state::{State, View};

/// Where Entra plays, port and all as clients see it.
const AUTHORITY: &str = "login.microsoftonline.com";
/// Build and region, as Entra tells them.
const ESTS_SERVER: &str = "2.1.22215.8 - FRC ProdSlices";

/// Answers any request to the login host.
pub(super) fn answer(state: &State, asked: &Asked) -> Answer {
    let ids = Ids::new(asked);
    let mut answer = route(state, asked, &ids)
        .header("x-ms-request-id", &ids.trace)
        .header("x-ms-ests-server", ESTS_SERVER)
        .header("x-ms-srs", "1.P")
        .header("strict-transport-security", "max-age=31536000; includeSubDomains")
        .header("x-content-type-options", "nosniff")
        .header("p3p", "CP=\"DSP CUR OTPi IND OTRi ONL FIN\"")
        .header("referrer-policy", "strict-origin-when-cross-origin")
        .header("x-xss-protection", "0");
    if asked.header("return-client-request-id").is_some_and(|wanted| wanted.eq_ignore_ascii_case("true")) {
        answer = answer.header("client-request-id", &ids.correlation);
    }
    answer
}

fn route(state: &State, asked: &Asked, ids: &Ids) -> Answer {
    let view = state.view();
    let path: Vec<&str> = asked.path.split('/').filter(|part| !part.is_empty()).collect();
    let reads = matches!(asked.method, Method::GET | Method::HEAD);
    match path.as_slice() {
        [tenant, "oauth2", "v2.0", "token"] if asked.method == Method::POST => token(state, &view, asked, ids, tenant),
        // What a browser that strays here is shown: a page, with the code in it.
        [_, "oauth2", "v2.0", "token"] => Answer::new(StatusCode::OK).body(
            "text/html; charset=utf-8",
            "<html><body>AADSTS900561: The endpoint only accepts POST requests. Received a GET request.</body></html>",
        ),
        [tenant, "v2.0", ".well-known", "openid-configuration"] if reads => discovery(&view.tenant, asked, tenant, "/v2.0", ids),
        [tenant, ".well-known", "openid-configuration"] if reads => discovery(&view.tenant, asked, tenant, "", ids),
        [_, "discovery", "v2.0", "keys"] | [_, "discovery", "keys"] if reads => {
            json_answer(StatusCode::OK, &state.key.published()).header("cache-control", "max-age=86400, private")
        }
        ["common", "discovery", "instance"] if reads => instance(asked),
        _ => Answer::new(StatusCode::NOT_FOUND).header("cache-control", "private"),
    }
}

fn json_answer(status: StatusCode, body: &Value) -> Answer {
    Answer::new(status).body("application/json; charset=utf-8", body.to_string())
}

/// The authority as the client calls it: the host it asked for, with its port.
fn authority(asked: &Asked) -> String {
    format!("https://{}", asked.header("host").unwrap_or(AUTHORITY))
}

/// OpenID discovery; `version` is `/v2.0` or empty.
fn discovery(tenant: &Tenant, asked: &Asked, name: &str, version: &str, ids: &Ids) -> Answer {
    if !tenant.is_called(name) && !matches!(name, "common" | "organizations") {
        // Here, and only here, the tenant is `invalid_tenant`.
        return Aadsts::tenant_not_found(name).answer_as("invalid_tenant", ids);
    }
    let (base, id) = (authority(asked), &tenant.id);
    let issuer =
        if version.is_empty() { format!("https://sts.windows.net/{id}/") } else { format!("https://{AUTHORITY}/{id}/v2.0") };
    json_answer(
        StatusCode::OK,
        &json!({
            "token_endpoint": format!("{base}/{id}/oauth2{version}/token"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": format!("{base}/{id}/discovery{version}/keys"),
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": issuer,
            "request_uri_parameter_supported": false,
            "authorization_endpoint": format!("{base}/{id}/oauth2{version}/authorize"),
            "device_authorization_endpoint": format!("{base}/{id}/oauth2{version}/devicecode"),
            "end_session_endpoint": format!("{base}/{id}/oauth2{version}/logout"),
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
fn instance(asked: &Asked) -> Answer {
    let host = asked.header("host").unwrap_or(AUTHORITY);
    json_answer(
        StatusCode::OK,
        &json!({
            "tenant_discovery_endpoint": format!("https://{host}/common/v2.0/.well-known/openid-configuration"),
            "api-version": "1.1",
            "metadata": [{ "preferred_network": AUTHORITY, "preferred_cache": "login.windows.net", "aliases": [AUTHORITY, "login.windows.net", host] }],
        }),
    )
}

/// The token endpoint.
fn token(state: &State, view: &View, asked: &Asked, ids: &Ids, tenant: &str) -> Answer {
    if view.has(Service::Login, Fault::TokenThrottled) {
        // Really plain text, not JSON.
        return Answer::new(StatusCode::TOO_MANY_REQUESTS).header("retry-after", "60").body("text/plain", "Too Many Requests");
    }
    if view.has(Service::Login, Fault::TokenServiceUnavailable) {
        return Aadsts::service_unavailable().answer(ids);
    }
    let form = Form::of(asked);
    match unrestricted(&view.tenant, asked).and_then(|()| grant(view, form, tenant)) {
        Ok(resource) => issue(state, view, &resource),
        Err(refusal) => refusal.answer(ids),
    }
    .header("cache-control", "no-store, no-cache")
    .header("pragma", "no-cache")
    .header("expires", "-1")
}

/// A proxy on the way may say, in a header of Microsoft's invention, which tenants its users may enter.
fn unrestricted(tenant: &Tenant, asked: &Asked) -> Result<(), Aadsts> {
    let Some(allowed) = asked.header("restrict-access-to-tenants") else { return Ok(()) };
    let allowed = allowed.split(',').any(|name| tenant.is_called(name.trim()));
    if allowed { Ok(()) } else { Err(Aadsts::tenant_restricted(tenant)) }
}

/// The resource to issue a token for, after every check, in Entra's order: tenant, client, secret, scope, resource.
fn grant(view: &View, form: Result<Form, form::Malformed>, name: &str) -> Result<Resource, Aadsts> {
    let tenant = &view.tenant;
    let application = &tenant.application;
    let form = form.map_err(|_| Aadsts::malformed())?;
    let grant_type = form.get("grant_type").ok_or_else(|| Aadsts::parameter_missing("grant_type"))?;
    if grant_type != "client_credentials" {
        return Err(Aadsts::grant_not_supported(grant_type));
    }
    if let Some(refusal) = ANSWERED.iter().find(|(fault, _)| view.has(Service::Login, *fault)) {
        return Err(refusal.1(tenant));
    }
    known_tenant(tenant, name)?;
    let client_id = form.client_id().ok_or_else(|| Aadsts::parameter_missing("client_id"))?;
    if !client_id.eq_ignore_ascii_case(&application.client_id) {
        return Err(Aadsts::application_not_found(client_id, tenant));
    }
    if !application.has_service_principal {
        return Err(Aadsts::service_principal_missing(tenant));
    }
    if !application.enabled {
        return Err(Aadsts::application_disabled(application));
    }
    known_secret(tenant, &form)?;
    let scope = form.get("scope").filter(|scope| !scope.is_empty()).ok_or_else(|| Aadsts::parameter_missing("scope"))?;
    if view.has(Service::Login, Fault::ScopeInvalid) {
        return Err(Aadsts::scope_invalid(scope));
    }
    let resource = Resource::of(scope, tenant)?;
    if resource.exchange && !tenant.exchange.present {
        return Err(Aadsts::resource_not_found(&resource.name, tenant));
    }
    if resource.exchange && tenant.exchange.lapsed {
        return Err(Aadsts::resource_disabled(&resource.name));
    }
    if application.conditional_access_blocked {
        return Err(Aadsts::conditional_access());
    }
    Ok(resource)
}

/// A fault and what Entra says then.
type Answered = (Fault, fn(&Tenant) -> Aadsts);

/// Faults that Entra just says.
const ANSWERED: &[Answered] = &[
    (Fault::TokenRequestMalformed, |_| Aadsts::malformed()),
    (Fault::TenantIdInvalid, |tenant| Aadsts::tenant_malformed(&tenant.id)),
    (Fault::TenantRestricted, Aadsts::tenant_restricted),
    (Fault::TenantBlocked, |_| Aadsts::tenant_blocked()),
    (Fault::WrongCloud, |_| Aadsts::wrong_cloud()),
    (Fault::ClientIsPublic, |_| Aadsts::client_is_public()),
    (Fault::ClientSecretMissing, |_| Aadsts::secret_missing()),
    (Fault::ClientCredentialRefused, |tenant| Aadsts::assertion_unknown(&tenant.application)),
    (Fault::TokenRefused, |_| Aadsts::unheard_of()),
];

fn known_tenant(tenant: &Tenant, name: &str) -> Result<(), Aadsts> {
    let domain = name.contains('.') && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    let guid = name.len() == 36 && name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    match name {
        _ if tenant.is_called(name) => Ok(()),
        "common" | "organizations" | "consumers" => Err(Aadsts::grant_not_over(name)),
        _ if domain || guid => Err(Aadsts::tenant_not_found(name)),
        _ => Err(Aadsts::tenant_malformed(name)),
    }
}

fn known_secret(tenant: &Tenant, form: &Form) -> Result<(), Aadsts> {
    let application = &tenant.application;
    if form.get("client_assertion").is_some() {
        return Err(Aadsts::assertion_unknown(application));
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

/// What a token is asked for.
struct Resource {
    /// Its name as asked for: claim `aud`.
    name: String,
    exchange: bool,
}

impl Resource {
    /// The resource a scope means.
    fn of(scope: &str, tenant: &Tenant) -> Result<Self, Aadsts> {
        // More than one scope is refused like one without /.default.
        let Some(name) = scope.strip_suffix("/.default").filter(|name| !name.contains(' ')) else {
            return Err(Aadsts::scope_invalid(scope));
        };
        match name.trim_end_matches('/') {
            "https://outlook.office365.com" | "https://outlook.office.com" => Ok(Self { name: name.to_owned(), exchange: true }),
            "https://graph.microsoft.com" => Ok(Self { name: name.to_owned(), exchange: false }),
            other => Err(Aadsts::resource_not_found(other, tenant)),
        }
    }
}

fn issue(state: &State, view: &View, resource: &Resource) -> Answer {
    let tenant = &view.tenant;
    let has = |fault| view.has(Service::Login, fault);
    let audience = if has(Fault::TokenWrongAudience) { "https://graph.microsoft.com" } else { &resource.name };
    let mut claims = claims(tenant, resource, audience, &state.next_token_id());
    if has(Fault::TokenWrongTenant) {
        let other = "99999999-8888-7777-6666-555555555555";
        (claims["tid"], claims["iss"]) = (json!(other), json!(format!("https://sts.windows.net/{other}/")));
    }
    let signed = if has(Fault::TokenInvalid) {
        SigningKey::foreign().and_then(|foreign| foreign.sign(&claims))
    } else {
        state.key.sign(&claims)
    };
    let Ok(token) = signed else { return Answer::new(StatusCode::INTERNAL_SERVER_ERROR) };
    // What Entra says stays plausible even where a test makes tokens that are expired on arrival.
    let seconds = if tenant.application.token_seconds > 0 { tenant.application.token_seconds - 1 } else { 3599 };
    json_answer(
        StatusCode::OK,
        &json!({ "token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token.expose() }),
    )
}

/// The claims of a v1 application token, the opaque ones included: a real one is about 2 kB.
fn claims(tenant: &Tenant, resource: &Resource, audience: &str, token_id: &str) -> Value {
    let application = &tenant.application;
    // Five minutes back, as Entra does.
    let issued = id::unix_now() - 300;
    let authority = format!("https://sts.windows.net/{}/", tenant.id);
    let opaque = |bytes: usize| BASE64.encode(id::random::<256>().get(..bytes).unwrap_or_default());
    let mut claims = json!({
        "aud": audience,
        "iss": authority,
        "iat": issued,
        "nbf": issued,
        "exp": id::unix_now() + application.token_seconds,
        "aio": format!("k2RgYFj{}", opaque(48)),
        "app_displayname": application.name,
        "appid": application.client_id,
        "appidacr": "1",
        "idp": authority,
        "idtyp": "app",
        "oid": application.object_id,
        "rh": format!("1.AXQA{}", opaque(30)),
        "sid": id::guid(),
        "sub": application.object_id,
        "tid": tenant.id,
        "uti": format!("{token_id}{}", id::hex(&id::random::<7>())),
        "ver": "1.0",
        "wids": ["0997a1d0-0d1d-4acb-b408-d5ca73121e90"],
        "xms_ftd": opaque(96),
        "xms_idrel": "7 18",
        "xms_rd": opaque(180),
        "xms_sub_fct": "9 3",
        "xms_tnt_fct": "3 10",
    });
    let of_graph = |role: &&String| Protocol::Graph.roles().contains(&role.as_str()) || role.as_str() == READ_ALL;
    let roles: Vec<_> = application.roles.iter().filter(|role| of_graph(role) != resource.exchange).collect();
    if !roles.is_empty() {
        claims["roles"] = json!(roles);
    }
    claims
}
