//! The endpoint of managed identities on the machine: it behaves as IMDS, as App Service or as the agent of Azure Arc.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use form_urlencoded::parse;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::entra::issue_for_identity;
use super::fault::{Fault, Service};
use super::http::{HttpRequest, HttpResponse};
use super::identifiers;
use super::machine::{Identity, Machine, MachineKind};
use super::state::{State, View};

/// The path of the endpoint of IMDS and of Azure Arc.
pub(super) const METADATA: &str = "/metadata/identity/oauth2/token";
/// The path of the endpoint of App Service.
pub(super) const APP_SERVICE: &str = "/msi/token";

/// Answers any request to the endpoint.
pub(super) fn answer(state: &State, request: &HttpRequest) -> HttpResponse {
    let view = state.view();
    let has = |fault| view.has(Service::Identity, fault);
    let Some(machine) = view.tenant.machine.as_ref().filter(|_| !has(Fault::ManagedIdentityEndpointForeign)) else {
        // As the metadata service of another cloud answers.
        let page = "<html><head><title>404 - Not Found</title></head><body></body></html>";
        return HttpResponse::new(StatusCode::NOT_FOUND).header("server", "EC2ws").body("text/html", page);
    };
    if has(Fault::ManagedIdentityThrottled) {
        return refusal(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "Too many requests").header("retry-after", "60");
    }
    if has(Fault::ManagedIdentityUnavailable) {
        return HttpResponse::new(StatusCode::GONE).body("text/plain", "Gone");
    }
    if has(Fault::ManagedIdentityRefused) {
        return refusal(StatusCode::UNAUTHORIZED, "unknown_source", "Unknown source 10.0.0.4");
    }
    let answer = match machine.kind {
        MachineKind::AppService => app_service(state, &view, machine, request),
        MachineKind::VirtualMachine => metadata(state, &view, machine, request, "2018-02-01"),
        MachineKind::Arc => arc(state, &view, machine, request),
    };
    answer.unwrap_or_else(|refused| refused).header("server", server(machine.kind))
}

const fn server(kind: MachineKind) -> &'static str {
    match kind {
        MachineKind::VirtualMachine => "IMDS/150.870.65.1854",
        MachineKind::AppService => "Kestrel",
        MachineKind::Arc => "Microsoft-HTTPAPI/2.0",
    }
}

/// An answer, or a refusal on the way to it.
type Answer = Result<HttpResponse, HttpResponse>;

/// The Instance Metadata Service, whose interface of `version` Azure Arc has, too.
fn metadata(state: &State, view: &View, machine: &Machine, request: &HttpRequest, version: &str) -> Answer {
    require_metadata(request)?;
    let bad = |text: &str| refusal(StatusCode::BAD_REQUEST, "invalid_request", text);
    let field = |name| parameter(request, name);
    if field("api-version").as_deref() != Some(version) {
        return Err(bad("Required query variable 'api-version' is missing or not supported"));
    }
    let resource = field("resource").ok_or_else(|| bad("Required audience parameter not specified"))?;
    let named: Vec<String> = ["client_id", "object_id", "msi_res_id", "mi_res_id"].into_iter().filter_map(field).collect();
    let identity = match &named[..] {
        [] => anonymous(machine),
        [id] => machine.identity(id).ok_or("Identity not found"),
        _ => Err("At most one of 'client_id', 'object_id' and 'msi_res_id' may be specified"),
    };
    let identity = identity.map_err(bad)?;
    let token = token(state, view, identity, &resource)?;
    let mut body = with_times(&token, identity);
    if machine.kind == MachineKind::Arc {
        // Its agent names the identity by each id, by which a client sees that the one it asked for was understood.
        body["object_id"] = identity.object_id.as_str().into();
        body["msi_res_id"] = identity.resource_id.as_str().into();
    }
    Ok(HttpResponse::json(StatusCode::OK, &body))
}

/// Refuses a request that a page in a browser, or a proxy, could have made.
fn require_metadata(request: &HttpRequest) -> Result<(), HttpResponse> {
    if request.path != METADATA {
        return Err(HttpResponse::new(StatusCode::NOT_FOUND).body("text/html", "<html><body>Not Found</body></html>"));
    }
    if request.method != Method::GET {
        return Err(HttpResponse::new(StatusCode::METHOD_NOT_ALLOWED).header("allow", "GET"));
    }
    let asked = request.header("metadata").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if !asked || request.header("x-forwarded-for").is_some() {
        return Err(refusal(StatusCode::BAD_REQUEST, "bad_request_102", "Required metadata header not specified"));
    }
    Ok(())
}

/// Returns the identity of a request that names none: the machine's own, or the only one that there is.
fn anonymous(machine: &Machine) -> Result<&Identity, &'static str> {
    match (&machine.own, &machine.assigned[..]) {
        (Some(own), _) => Ok(own),
        (None, [one]) => Ok(one),
        (None, []) => Err("Identity not found"),
        (None, _) => {
            Err("Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the \
                          token request")
        }
    }
}

/// App Service, Functions, Container Apps.
fn app_service(state: &State, view: &View, machine: &Machine, request: &HttpRequest) -> Answer {
    if request.path != APP_SERVICE {
        return Err(HttpResponse::new(StatusCode::NOT_FOUND));
    }
    let message = |status: StatusCode, text: &str| {
        let body = json!({ "statusCode": status.as_u16(), "message": text, "correlationId": identifiers::guid() });
        HttpResponse::json(status, &body)
    };
    let header = request.header("x-identity-header").unwrap_or_default().as_bytes();
    let expected = machine.header.expose().as_bytes();
    if header.len() != expected.len() || !openssl::memcmp::eq(header, expected) {
        return Err(message(StatusCode::UNAUTHORIZED, "The X-IDENTITY-HEADER is missing or wrong."));
    }
    let bad = |text: &str| message(StatusCode::BAD_REQUEST, text);
    if parameter(request, "api-version").as_deref() != Some("2019-08-01") {
        return Err(bad("The api-version is missing or not supported."));
    }
    let resource = parameter(request, "resource").ok_or_else(|| bad("The resource is missing."))?;
    let named = ["client_id", "principal_id", "object_id", "mi_res_id"].into_iter().find_map(|name| parameter(request, name));
    let identity = match named {
        None => anonymous(machine).ok(),
        Some(id) => machine.identity(&id),
    };
    let identity = identity.ok_or_else(|| {
        bad("No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.")
    })?;
    // Of a resource that it does not know it says nothing at all.
    let token = token(state, view, identity, &resource).map_err(|_| message(StatusCode::INTERNAL_SERVER_ERROR, ""))?;
    let expires = (identifiers::unix_now() + token.seconds).to_string();
    let body = json!({
        "access_token": token.text, "expires_on": expires, "resource": token.resource, "token_type": "Bearer",
        "client_id": identity.client_id.to_ascii_uppercase(),
    });
    Ok(HttpResponse::json(StatusCode::OK, &body))
}

/// The agent of Azure Arc: it wants to see the content of a file that only those may read who may have tokens.
fn arc(state: &State, view: &View, machine: &Machine, request: &HttpRequest) -> Answer {
    require_metadata(request)?;
    let name = format!("{}.key", identifiers::guid());
    let has = |fault| view.has(Service::Identity, fault);
    let challenge = |path: &Path| {
        HttpResponse::new(StatusCode::UNAUTHORIZED).header("www-authenticate", format!("Basic realm={}", path.display()))
    };
    if has(Fault::ManagedIdentityKeyRefused) {
        return Err(challenge(Path::new("/etc/ssh/ssh_host_ed25519_key")));
    }
    if has(Fault::ManagedIdentityKeyUnreadable) {
        return Err(challenge(&machine.named_keys.join(name)));
    }
    match request.header("authorization").and_then(|value| value.strip_prefix("Basic ")) {
        Some(key) if state.take_arc_key(key) => metadata(state, view, machine, request, "2020-06-01"),
        _ => {
            let key = identifiers::hex(&identifiers::random::<32>());
            let path = machine.keys.join(&name);
            write_private(&path, &key).map_err(|error| refusal(StatusCode::INTERNAL_SERVER_ERROR, "io", &error.to_string()))?;
            state.add_arc_key(key);
            Err(challenge(&machine.named_keys.join(name)))
        }
    }
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}

/// A token that was issued.
struct Issued {
    text: String,
    resource: String,
    seconds: i64,
}

fn token(state: &State, view: &View, identity: &Identity, resource: &str) -> Result<Issued, HttpResponse> {
    let token = issue_for_identity(state, view, identity, resource).ok_or_else(|| {
        let tenant = &view.tenant.domain;
        let text = format!("AADSTS500011: The resource principal named {resource} was not found in the tenant named {tenant}.");
        refusal(StatusCode::BAD_REQUEST, "invalid_resource", &text)
    })?;
    let seconds = view.tenant.application.token_seconds;
    Ok(Issued { text: token.expose().to_owned(), resource: resource.to_owned(), seconds })
}

/// Returns the body of IMDS and Azure Arc, all of it text.
fn with_times(token: &Issued, identity: &Identity) -> Value {
    let now = identifiers::unix_now();
    json!({
        "access_token": token.text,
        "client_id": identity.client_id,
        "expires_in": token.seconds.to_string(),
        "expires_on": (now + token.seconds).to_string(),
        "ext_expires_in": token.seconds.to_string(),
        "not_before": (now - 300).to_string(),
        "resource": token.resource,
        "token_type": "Bearer",
    })
}

fn refusal(status: StatusCode, error: &str, description: &str) -> HttpResponse {
    HttpResponse::json(status, &json!({ "error": error, "error_description": description }))
}

/// Returns a parameter of the query that is not empty.
fn parameter(request: &HttpRequest, name: &str) -> Option<String> {
    let found = parse(request.query.as_bytes()).find(|(known, value)| known == name && !value.is_empty());
    found.map(|(_, value)| value.into_owned())
}
