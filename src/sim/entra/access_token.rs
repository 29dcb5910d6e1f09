//! Access tokens: the resources they are for, their claims, and the reply that carries one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hyper::StatusCode;
use serde_json::{Value, json};

use crate::secret::Secret;
use crate::sim::fault::{Fault, Service};
use crate::sim::http::HttpResponse;
use crate::sim::jwt::SigningKey;
use crate::sim::machine::Identity;
use crate::sim::state::{State, View};
use crate::sim::tenant::{READ_ALL, Tenant};
use crate::sim::{authorization, identifiers};

use super::refusal::Aadsts;
use super::version::Version;

/// The resource that a token is requested for.
pub(super) struct Resource {
    /// Its name as asked for: claim `aud`.
    pub name: String,
    /// True for Exchange Online, false for Microsoft Graph.
    pub exchange: bool,
}

impl Resource {
    /// The resource a scope means.
    pub(super) fn from_scope(scope: &str, tenant: &Tenant) -> Result<Self, Aadsts> {
        // More than one scope is refused like one without /.default.
        let name = scope.strip_suffix("/.default").filter(|name| !name.contains(' '));
        Self::named(name.ok_or_else(|| Aadsts::scope_invalid(scope))?, tenant)
    }

    /// The resource of that name: one of its URLs, or the id of its own application.
    pub(super) fn named(name: &str, tenant: &Tenant) -> Result<Self, Aadsts> {
        let bare = name.trim_end_matches('/');
        let exchange = authorization::EXCHANGE.contains(&bare);
        if !exchange && !authorization::GRAPH.contains(&bare) {
            return Err(Aadsts::resource_not_found(bare, tenant));
        }
        Ok(Self { name: name.to_owned(), exchange })
    }
}

/// Issues a token for `resource`, or what a fault makes of it.
pub(super) fn issue(state: &State, view: &View, resource: &Resource, version: Version) -> HttpResponse {
    let tenant = &view.tenant;
    let has = |fault| view.has(Service::Login, fault);
    let audience = if has(Fault::TokenWrongAudience) { "https://graph.microsoft.com" } else { &resource.name };
    let application = (&*tenant.application.client_id, &*tenant.application.object_id);
    let mut claims = claims(tenant, resource, application, audience, &state.next_token_id());
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
    HttpResponse::json(StatusCode::OK, &body)
}

/// Issues a token of a managed identity for a resource, which may be Entra as the judge of assertions; `None` for a resource that the
/// tenant does not know.
pub(in crate::sim) fn issue_for_identity(state: &State, view: &View, identity: &Identity, resource: &str) -> Option<Secret> {
    const EXCHANGE_OF_TOKENS: &str = "api://AzureADTokenExchange";
    let tenant = &view.tenant;
    let ids = (&*identity.client_id, &*identity.object_id);
    let token_id = state.next_token_id();
    let mut claims = if resource == EXCHANGE_OF_TOKENS {
        let resource = Resource { name: resource.to_owned(), exchange: false };
        let mut claims = claims(tenant, &resource, ids, EXCHANGE_OF_TOKENS, &token_id);
        claims["iss"] = json!(format!("https://login.microsoftonline.com/{}/v2.0", tenant.id));
        claims
    } else {
        let resource = Resource::named(resource, tenant).ok().filter(|resource| !resource.exchange || tenant.exchange.present)?;
        claims(tenant, &resource, ids, &resource.name, &token_id)
    };
    // Azure keeps its credential, a certificate.
    (claims["appidacr"], claims["xms_mirid"]) = (json!("2"), json!(identity.resource_id));
    state.key.sign(&claims).ok()
}

/// The claims of a v1 application token, the opaque ones included: a real one is about 2 kB.
fn claims(tenant: &Tenant, resource: &Resource, (client_id, object_id): (&str, &str), audience: &str, token_id: &str) -> Value {
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
        "appid": client_id,
        "appidacr": "1",
        "idp": authority,
        "idtyp": "app",
        "oid": object_id,
        "rh": format!("1.AXQA{}", opaque(30)),
        "sid": identifiers::guid(),
        "sub": object_id,
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
    let of_graph = |role: &&String| role.as_str() == READ_ALL || ["Mail.", "Calendars."].iter().any(|api| role.starts_with(api));
    let granted = if client_id == application.client_id { &application.roles[..] } else { &[] };
    let roles: Vec<_> = granted.iter().filter(|role| of_graph(role) != resource.exchange).collect();
    if !roles.is_empty() {
        claims["roles"] = json!(roles);
    }
    claims
}
