//! The flow of devices without a browser.

use hyper::StatusCode;
use serde_json::json;

use crate::sim::http::{HttpRequest, HttpResponse};
use crate::sim::identifiers;
use crate::sim::tenant::Tenant;

use super::form::Form;
use super::grant::{DEVICE_CODE, require_tenant};
use super::refusal::{Aadsts, Ids};

/// Begins the flow of devices without a browser: nobody will ever type the code in.
pub(super) fn device_code(tenant: &Tenant, request: &HttpRequest, ids: &Ids, name: &str) -> HttpResponse {
    let client = |form: Form| match form.client_id() {
        Some(id) if id.eq_ignore_ascii_case(&tenant.application.client_id) => Ok(()),
        Some(id) => Err(Aadsts::application_not_found(id, tenant)),
        None => Err(Aadsts::parameter_missing("client_id")),
    };
    let shared = matches!(name, "common" | "organizations");
    let known = if shared { Ok(()) } else { require_tenant(tenant, name) };
    if let Err(refusal) = known.and(Form::read(request).map_err(|_| Aadsts::malformed())).and_then(client) {
        return refusal.response(ids);
    }
    let user_code = identifiers::hex(&identifiers::random::<5>()).to_ascii_uppercase();
    let page = "https://microsoft.com/devicelogin";
    HttpResponse::json(
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
