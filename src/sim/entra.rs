//! Entra: the token endpoint, discovery and the published key.

mod assertion;
mod discovery;
mod form;
mod refusal;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use self::form::Form;
use self::refusal::{Aadsts, Ids};
use super::authorization;
use super::fault::{Fault, Service};
use super::http::{HttpRequest, HttpResponse};
use super::identifiers;
use super::jwt::SigningKey;
use super::state::{State, View};
use super::tenant::{Protocol, READ_ALL, Tenant};

/// Where Entra plays, port and all as clients see it.
const AUTHORITY: &str = "login.microsoftonline.com";
/// Build and region, as Entra tells them.
const ESTS_SERVER: &str = "2.1.22215.8 - FRC ProdSlices";

/// Answers any request to the login host.
pub(super) fn answer(state: &State, request: &HttpRequest) -> HttpResponse {
    let ids = Ids::new(request);
    let mut answer = route(state, request, &ids)
        .header("x-ms-request-id", &ids.trace)
        .header("x-ms-ests-server", ESTS_SERVER)
        .header("x-ms-srs", "1.P")
        .header("strict-transport-security", "max-age=31536000; includeSubDomains")
        .header("x-content-type-options", "nosniff")
        .header("p3p", "CP=\"DSP CUR OTPi IND OTRi ONL FIN\"")
        .header("referrer-policy", "strict-origin-when-cross-origin")
        .header("x-xss-protection", "0");
    if request.header("return-client-request-id").is_some_and(|wanted| wanted.eq_ignore_ascii_case("true")) {
        answer = answer.header("client-request-id", &ids.correlation);
    }
    answer
}

/// A version of Entra's endpoints: the first asks for a resource, the second for scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    V1,
    V2,
}

impl Version {
    /// The version and the rest of a path below the tenant: `oauth2/v2.0/token`, `oauth2/token`.
    fn of<'p>(area: &str, path: &[&'p str]) -> Option<(Self, &'p str)> {
        match *path {
            [first, "v2.0", last] if first == area => Some((Self::V2, last)),
            [first, last] if first == area => Some((Self::V1, last)),
            _ => None,
        }
    }
}

fn route(state: &State, request: &HttpRequest, ids: &Ids) -> HttpResponse {
    let view = state.view();
    let lower = request.path.to_ascii_lowercase();
    let path: Vec<&str> = lower.split('/').filter(|part| !part.is_empty()).collect();
    let Some((tenant, below)) = path.split_first() else { return not_found() };
    let reads = matches!(request.method, Method::GET | Method::HEAD);
    if let Some((version, endpoint)) = Version::of("oauth2", below) {
        return match endpoint {
            "token" | "devicecode" if request.method != Method::POST => only_post(request),
            "token" => token(state, &view, request, ids, tenant, version),
            "devicecode" => device_code(&view.tenant, request, ids, tenant),
            "authorize" | "logout" if reads => sign_in(),
            _ => not_found(),
        };
    }
    if !reads {
        return not_found();
    }
    match below {
        ["v2.0", ".well-known", "openid-configuration"] => discovery::discovery(&view.tenant, request, tenant, Version::V2, ids),
        [".well-known", "openid-configuration"] => discovery::discovery(&view.tenant, request, tenant, Version::V1, ids),
        ["discovery", "v2.0", "keys"] | ["discovery", "keys"] => {
            json_answer(StatusCode::OK, &state.key.published()).header("cache-control", "max-age=86400, private")
        }
        ["discovery", "instance"] if *tenant == "common" => discovery::instance(request),
        ["userrealm", user] => discovery::user_realm(&view.tenant, user),
        _ => not_found(),
    }
}

fn not_found() -> HttpResponse {
    HttpResponse::new(StatusCode::NOT_FOUND).header("cache-control", "private")
}

/// What a browser that strays here is shown: a page, with the code in it. One that asks first may post.
fn only_post(request: &HttpRequest) -> HttpResponse {
    if request.method == Method::OPTIONS {
        let allowed = HttpResponse::new(StatusCode::OK).header("access-control-allow-origin", "*");
        return allowed.header("access-control-allow-methods", "POST, OPTIONS");
    }
    let text = format!("AADSTS900561: The endpoint only accepts POST requests. Received a {} request.", request.method);
    HttpResponse::new(StatusCode::OK).body("text/html; charset=utf-8", format!("<html><body>{text}</body></html>"))
}

/// Where people sign in. Nobody can here.
fn sign_in() -> HttpResponse {
    HttpResponse::new(StatusCode::OK)
        .body("text/html; charset=utf-8", "<html><head><title>Sign in to your account</title></head><body></body></html>")
}

fn json_answer(status: StatusCode, body: &Value) -> HttpResponse {
    HttpResponse::new(status).body("application/json; charset=utf-8", body.to_string())
}

/// The token endpoint.
fn token(state: &State, view: &View, request: &HttpRequest, ids: &Ids, tenant: &str, version: Version) -> HttpResponse {
    if view.has(Service::Login, Fault::TokenThrottled) {
        // Really plain text, not JSON.
        return HttpResponse::new(StatusCode::TOO_MANY_REQUESTS)
            .header("retry-after", "60")
            .body("text/plain", "Too Many Requests");
    }
    if view.has(Service::Login, Fault::TokenServiceUnavailable) {
        return Aadsts::service_unavailable().answer(ids);
    }
    let form = Form::of(request).map_err(|_| Aadsts::malformed());
    let granted = unrestricted(&view.tenant, request).and(form).and_then(|form| grant(view, &form, tenant, version));
    match granted {
        Ok(resource) => issue(state, view, &resource, version),
        Err(refusal) => refusal.answer(ids),
    }
    .header("cache-control", "no-store, no-cache")
    .header("pragma", "no-cache")
    .header("expires", "-1")
}

/// Begins the flow of devices without a browser: nobody will ever type the code in.
fn device_code(tenant: &Tenant, request: &HttpRequest, ids: &Ids, name: &str) -> HttpResponse {
    let client = |form: Form| match form.client_id() {
        Some(id) if id.eq_ignore_ascii_case(&tenant.application.client_id) => Ok(()),
        Some(id) => Err(Aadsts::application_not_found(id, tenant)),
        None => Err(Aadsts::parameter_missing("client_id")),
    };
    let shared = matches!(name, "common" | "organizations");
    let known = if shared { Ok(()) } else { known_tenant(tenant, name) };
    if let Err(refusal) = known.and(Form::of(request).map_err(|_| Aadsts::malformed())).and_then(client) {
        return refusal.answer(ids);
    }
    let user_code = identifiers::hex(&identifiers::random::<5>()).to_ascii_uppercase();
    let page = "https://microsoft.com/devicelogin";
    json_answer(
        StatusCode::OK,
        &json!({
            "user_code": user_code,
            "device_code": format!("{DEVICE_CODE}{}", identifiers::hex(&identifiers::random::<32>())),
            "verification_uri": page,
            "expires_in": 900,
            "interval": 5,
            "message": format!("To sign in, use a web browser to open the page {page} and enter the code {user_code} to authenticate."),
        }),
    )
}

/// What every device code begins with.
const DEVICE_CODE: &str = "DAQABIQEAAAD";

/// A proxy on the way may say, in a header of Microsoft's invention, which tenants its users may enter.
fn unrestricted(tenant: &Tenant, request: &HttpRequest) -> Result<(), Aadsts> {
    let Some(allowed) = request.header("restrict-access-to-tenants") else { return Ok(()) };
    let allowed = allowed.split(',').any(|name| tenant.is_called(name.trim()));
    if allowed { Ok(()) } else { Err(Aadsts::tenant_restricted(tenant)) }
}

/// The resource to issue a token for, after every check, in Entra's order: tenant, client, secret, grant, scope, resource.
fn grant(view: &View, form: &Form, name: &str, version: Version) -> Result<Resource, Aadsts> {
    let tenant = &view.tenant;
    let application = &tenant.application;
    let grant_type = form.required("grant_type")?;
    if !GRANTS.iter().any(|(known, _)| *known == grant_type) {
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
    known_secret(tenant, form)?;
    if grant_type != "client_credentials" {
        return Err(not_granted(tenant, form, grant_type)?);
    }
    let resource = match version {
        Version::V1 => Resource::named(form.required("resource")?, tenant)?,
        Version::V2 => {
            let scope = form.required("scope")?;
            if view.has(Service::Login, Fault::ScopeInvalid) {
                return Err(Aadsts::scope_invalid(scope));
            }
            Resource::of(scope, tenant)?
        }
    };
    if resource.exchange && !tenant.exchange.present {
        return Err(Aadsts::resource_not_found(&resource.name, tenant));
    }
    if resource.exchange && tenant.exchange.lapsed {
        return Err(Aadsts::resource_disabled(&resource.name));
    }
    if resource.exchange && tenant.exchange.unassigned {
        return Err(Aadsts::not_assigned(application, &resource.name));
    }
    if application.conditional_access_blocked {
        return Err(Aadsts::conditional_access());
    }
    Ok(resource)
}

/// The grants Entra knows, each with the parameter that carries what is to be granted.
const GRANTS: &[(&str, &str)] = &[
    ("client_credentials", ""),
    ("password", "username"),
    ("refresh_token", "refresh_token"),
    ("authorization_code", "code"),
    ("device_code", "device_code"),
    ("urn:ietf:params:oauth:grant-type:device_code", "device_code"),
    ("urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion"),
];

/// Why a grant on behalf of a user comes to nothing: nobody has signed in here, and nobody's password is known.
fn not_granted(tenant: &Tenant, form: &Form, grant_type: &str) -> Result<Aadsts, Aadsts> {
    let parameter = GRANTS.iter().find(|(known, _)| *known == grant_type).map_or("", |(_, parameter)| parameter);
    let given = form.required(parameter)?;
    Ok(match parameter {
        "username" => {
            form.required("password")?;
            if tenant.mailbox(given).is_some() { Aadsts::password_wrong() } else { Aadsts::user_not_found(tenant) }
        }
        "device_code" if given.starts_with(DEVICE_CODE) => Aadsts::device_code_pending(),
        "device_code" => Aadsts::device_code_unknown(),
        "assertion" => Aadsts::jwt_malformed(),
        _ => Aadsts::grant_malformed(),
    })
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
    (Fault::ClientAssertionOutOfTime, |_| assertion::stale()),
    (Fault::ClientCertificateRefused, |tenant| Aadsts::assertion_unknown(None, &tenant.application)),
    (Fault::FederatedCredentialUnknown, |_| Aadsts::assertion_issuer_unknown("https://issuer.example")),
    (Fault::ClientCredentialRefused, |_| Aadsts::credential_unheard_of()),
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
    if let Some(assertion) = form.get("client_assertion") {
        return Err(assertion::refusal(assertion, form.get("client_assertion_type"), application));
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
        let name = scope.strip_suffix("/.default").filter(|name| !name.contains(' '));
        Self::named(name.ok_or_else(|| Aadsts::scope_invalid(scope))?, tenant)
    }

    /// The resource of that name: one of its URLs, or the id of its own application.
    fn named(name: &str, tenant: &Tenant) -> Result<Self, Aadsts> {
        let bare = name.trim_end_matches('/');
        let exchange = authorization::EXCHANGE.contains(&bare);
        if !exchange && !authorization::GRAPH.contains(&bare) {
            return Err(Aadsts::resource_not_found(bare, tenant));
        }
        Ok(Self { name: name.to_owned(), exchange })
    }
}

fn issue(state: &State, view: &View, resource: &Resource, version: Version) -> HttpResponse {
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
    let Ok(token) = signed else { return HttpResponse::new(StatusCode::INTERNAL_SERVER_ERROR) };
    // What Entra says stays plausible even where a test makes tokens that are expired on arrival.
    let seconds = if tenant.application.token_seconds > 0 { tenant.application.token_seconds - 1 } else { 3599 };
    let body = match version {
        Version::V2 => {
            json!({ "token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token.expose() })
        }
        // All of it text.
        Version::V1 => json!({
            "token_type": "Bearer",
            "expires_in": seconds.to_string(),
            "ext_expires_in": seconds.to_string(),
            "expires_on": (identifiers::unix_now() + seconds).to_string(),
            "not_before": (identifiers::unix_now() - 300).to_string(),
            "resource": resource.name,
            "access_token": token.expose(),
        }),
    };
    json_answer(StatusCode::OK, &body)
}

/// The claims of a v1 application token, the opaque ones included: a real one is about 2 kB.
fn claims(tenant: &Tenant, resource: &Resource, audience: &str, token_id: &str) -> Value {
    let application = &tenant.application;
    // Five minutes back, as Entra does.
    let issued = identifiers::unix_now() - 300;
    let authority = format!("https://sts.windows.net/{}/", tenant.id);
    let opaque = |bytes: usize| BASE64.encode(identifiers::random::<256>().get(..bytes).unwrap_or_default());
    let mut claims = json!({
        "aud": audience,
        "iss": authority,
        "iat": issued,
        "nbf": issued,
        "exp": identifiers::unix_now() + application.token_seconds,
        "aio": format!("k2RgYFj{}", opaque(48)),
        "app_displayname": application.name,
        "appid": application.client_id,
        "appidacr": "1",
        "idp": authority,
        "idtyp": "app",
        "oid": application.object_id,
        "rh": format!("1.AXQA{}", opaque(30)),
        "sid": identifiers::guid(),
        "sub": application.object_id,
        "tid": tenant.id,
        "uti": format!("{token_id}{}", identifiers::hex(&identifiers::random::<7>())),
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
