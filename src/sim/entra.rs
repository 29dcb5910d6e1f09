//! Entra: the token endpoint, discovery and the published key.

mod access_token;
mod assertion;
mod device_code;
mod discovery;
mod form;
mod grant;
mod issuer_keys;
mod refusal;
mod token;
mod version;

use hyper::{Method, StatusCode};

pub(super) use self::access_token::issue_for_identity;
use self::device_code::device_code;
use self::refusal::Ids;
use self::token::token;
use self::version::Version;
use super::http::{HttpRequest, HttpResponse};
use super::issuer;
use super::state::State;

/// Build and region, as Entra tells them.
const ESTS_SERVER: &str = "2.1.22215.8 - FRC ProdSlices";

/// Answers any request to the login host, or to the issuer of federated tokens, which shares its address.
pub(super) async fn answer(state: &State, request: &HttpRequest) -> HttpResponse {
    if issuer::is_asked(request) {
        return issuer::answer(&state.view(), request);
    }
    let ids = Ids::new(request);
    let mut answer = route(state, request, &ids)
        .await
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

async fn route(state: &State, request: &HttpRequest, ids: &Ids) -> HttpResponse {
    let view = state.view();
    let lower = request.path.to_ascii_lowercase();
    let path: Vec<&str> = lower.split('/').filter(|part| !part.is_empty()).collect();
    let Some((tenant, below)) = path.split_first() else { return not_found() };
    let reads = matches!(request.method, Method::GET | Method::HEAD);
    if let Some((version, endpoint)) = Version::from_path(below) {
        return match endpoint {
            "token" | "devicecode" if request.method != Method::POST => only_post(request),
            "token" => token(state, &view, request, ids, tenant, version).await,
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
            HttpResponse::json(StatusCode::OK, &state.key.published()).header("cache-control", "max-age=86400, private")
        }
        ["discovery", "instance"] if *tenant == "common" => discovery::instance(request),
        ["userrealm", user] => discovery::user_realm(&view.tenant, user),
        _ => not_found(),
    }
}

fn not_found() -> HttpResponse {
    HttpResponse::new(StatusCode::NOT_FOUND).header("cache-control", "private")
}

/// Returns the page, with the code in it, for a browser that strays here. A client that sends OPTIONS first may post.
fn only_post(request: &HttpRequest) -> HttpResponse {
    if request.method == Method::OPTIONS {
        let allowed = HttpResponse::new(StatusCode::OK).header("access-control-allow-origin", "*");
        return allowed.header("access-control-allow-methods", "POST, OPTIONS");
    }
    let text = format!("AADSTS900561: The endpoint only accepts POST requests. Received a {} request.", request.method);
    HttpResponse::new(StatusCode::OK).body("text/html; charset=utf-8", format!("<html><body>{text}</body></html>"))
}

/// Returns the page on which people sign in. Nobody can here.
fn sign_in() -> HttpResponse {
    HttpResponse::new(StatusCode::OK)
        .body("text/html; charset=utf-8", "<html><head><title>Sign in to your account</title></head><body></body></html>")
}
