//! The token endpoint.

use hyper::StatusCode;

use crate::sim::fault::{Fault, Service};
use crate::sim::http::{HttpRequest, HttpResponse};
use crate::sim::state::{State, View};
use crate::sim::tenant::Tenant;

use super::form::Form;
use super::refusal::{Aadsts, Ids};
use super::version::Version;
use super::{access_token, grant};

/// Answers a token request: a token, or the first refusal in Entra's order.
pub(super) async fn token(
    state: &State,
    view: &View,
    request: &HttpRequest,
    ids: &Ids,
    tenant: &str,
    version: Version,
) -> HttpResponse {
    if view.has(Service::Login, Fault::TokenThrottled) {
        // Really plain text, not JSON.
        return HttpResponse::new(StatusCode::TOO_MANY_REQUESTS)
            .header("retry-after", "60")
            .body("text/plain", "Too Many Requests");
    }
    if view.has(Service::Login, Fault::TokenServiceUnavailable) {
        return Aadsts::service_unavailable().response(ids);
    }
    let form = Form::read(request).map_err(|_| Aadsts::malformed());
    let granted = match require_unrestricted(&view.tenant, request).and(form) {
        Ok(form) => grant::authorize(state, view, &form, tenant, version).await,
        Err(refusal) => Err(refusal),
    };
    match granted {
        Ok(resource) => access_token::issue(state, view, &resource, version),
        Err(refusal) => refusal.response(ids),
    }
    .header("cache-control", "no-store, no-cache")
    .header("pragma", "no-cache")
    .header("expires", "-1")
}

/// A proxy on the way may say, in a header of Microsoft's invention, which tenants its users may enter.
fn require_unrestricted(tenant: &Tenant, request: &HttpRequest) -> Result<(), Aadsts> {
    let Some(allowed) = request.header("restrict-access-to-tenants") else { return Ok(()) };
    let allowed = allowed.split(',').any(|name| tenant.is_called(name.trim()));
    if allowed { Ok(()) } else { Err(Aadsts::tenant_restricted(tenant)) }
}
