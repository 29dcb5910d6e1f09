//! The issuer of federated tokens: what the API server of a Kubernetes cluster publishes, so that others can verify its tokens.
//! <https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#service-account-issuer-discovery>

use hyper::{Method, StatusCode};
use serde_json::json;

use super::fault::{Fault, Service};
use super::http::{HttpRequest, HttpResponse};
use super::jwt::SigningKey;
use super::state::View;
use super::tenant::{CLUSTER, FederatedCredential};

/// The path of its keys.
const KEYS: &str = "/contoso/openid/v1/jwks";

/// Reports whether a request was sent to it, and not to another host at this address.
pub(super) fn is_asked(request: &HttpRequest) -> bool {
    request.header("host").is_some_and(|host| host.split(':').next() == Some(CLUSTER))
}

/// Answers a request.
pub(super) fn answer(view: &View, request: &HttpRequest) -> HttpResponse {
    let has = |fault| view.has(Service::Login, fault);
    if has(Fault::FederatedIssuerUnreachable) {
        return HttpResponse::new(StatusCode::SERVICE_UNAVAILABLE);
    }
    match (&request.method, &*request.path) {
        (&Method::GET, "/contoso/.well-known/openid-configuration") => HttpResponse::json(
            StatusCode::OK,
            &json!({
                "issuer": FederatedCredential::of_cluster().issuer,
                "jwks_uri": format!("https://{CLUSTER}{KEYS}"),
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }),
        ),
        // The page of a proxy that wants a login stands in the place of the keys.
        (&Method::GET, KEYS) if has(Fault::FederatedKeysUnreadable) => {
            HttpResponse::new(StatusCode::OK).body("text/html", "<html><head><title>Sign in</title></head></html>")
        }
        (&Method::GET, KEYS) => {
            let key = if has(Fault::FederatedKeyUnknown) { SigningKey::shared() } else { SigningKey::foreign() };
            key.map_or_else(
                |_| HttpResponse::new(StatusCode::INTERNAL_SERVER_ERROR),
                |key| HttpResponse::json(StatusCode::OK, &key.published()).header("cache-control", "public, max-age=3600"),
            )
        }
        _ => HttpResponse::new(StatusCode::NOT_FOUND),
    }
}
