//! The endpoints that hand out tokens of managed identities: the request to each kind, and the reason of every refusal.
//! <https://learn.microsoft.com/en-us/entra/identity/managed-identities-azure-resources/how-to-use-vm-token>

use std::time::{Duration, SystemTime};

use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use hyper::{StatusCode, Uri};
use serde::Deserialize;
use serde_json::Value;

use super::http::{ResponseHead, parse_json};
use super::oauth::{TokenResponse, reason_of_number};
use super::{Refusal, sentences};
use crate::credential::{AssignedIdentity, IdentityHost, ManagedIdentity};
use crate::outcome::Fault;
use crate::reason::Reason;
use crate::sanitize;
use crate::secret::Secret;

/// The time to wait after a `429` without `Retry-After`.
const DEFAULT_BACK_OFF: Duration = Duration::from_secs(60);

/// Returns the path and the query of a request for a token of `resource`.
///
/// # Errors
/// `internal`: the configured path can stand in no request.
pub fn target(identity: &ManagedIdentity, resource: &str) -> Result<Uri, Fault> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("api-version", version(&identity.host)).append_pair("resource", resource);
    let parameters = match identity.host {
        IdentityHost::AppService(_) => ["client_id", "principal_id", "mi_res_id"],
        IdentityHost::VirtualMachine | IdentityHost::Arc(_) => ["client_id", "object_id", "msi_res_id"],
    };
    match &identity.identity {
        AssignedIdentity::System => {}
        AssignedIdentity::ClientId(id) => drop(query.append_pair(parameters[0], id)),
        AssignedIdentity::ObjectId(id) => drop(query.append_pair(parameters[1], id)),
        AssignedIdentity::ResourceId(id) => drop(query.append_pair(parameters[2], id)),
    }
    format!("{}?{}", identity.at.path, query.finish()).parse().map_err(|_| Fault::new(Reason::Internal))
}

/// Returns the version of the endpoint's interface; an endpoint of another kind refuses it.
const fn version(host: &IdentityHost) -> &'static str {
    match host {
        IdentityHost::VirtualMachine => "2018-02-01",
        IdentityHost::AppService(_) => "2019-08-01",
        IdentityHost::Arc(_) => "2020-06-01",
    }
}

/// Adds the header without which the endpoint hands out nothing, so that no request of a browser gets a token; `key` is the content
/// of the file that Azure Arc has named.
///
/// # Errors
/// `internal`: the platform's value can stand in no header. `managed_identity_key_unreadable`: nor can the key.
pub fn set_headers(headers: &mut HeaderMap, identity: &ManagedIdentity, key: Option<&Secret>) -> Result<(), Fault> {
    match &identity.host {
        IdentityHost::VirtualMachine | IdentityHost::Arc(_) => {
            headers.insert(HeaderName::from_static("metadata"), HeaderValue::from_static("true"));
        }
        IdentityHost::AppService(value) => {
            let value = sensitive(value.expose()).ok_or_else(|| Fault::new(Reason::Internal))?;
            headers.insert(HeaderName::from_static("x-identity-header"), value);
        }
    }
    if let Some(key) = key {
        let basic = Secret::new(["Basic ", key.expose()].concat());
        let value = sensitive(basic.expose())
            .ok_or_else(|| Fault::heard(Reason::ManagedIdentityKeyUnreadable, "the file holds characters that no key has"))?;
        headers.insert(AUTHORIZATION, value);
    }
    Ok(())
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A token as an endpoint hands it out.
#[derive(Debug)]
pub struct IdentityToken {
    /// The token, and `expires_in` where the endpoint has it.
    pub response: TokenResponse,
    /// The time at which it expires, by `expires_on`.
    pub expires: Option<SystemTime>,
    /// The ids by which the reply names its identity, as far as it does.
    ids: Ids,
}

/// The ids of an identity in a reply.
#[derive(Debug, Deserialize)]
struct Ids {
    #[serde(default)]
    client_id: Value,
    #[serde(default)]
    object_id: Value,
    #[serde(default, alias = "mi_res_id")]
    msi_res_id: Value,
}

impl IdentityToken {
    /// Reports whether the reply names `identity` as the one whose token it is. Of the machine's own identity that is not asked.
    pub fn names(&self, identity: &AssignedIdentity) -> bool {
        let (asked, named) = match identity {
            AssignedIdentity::System => return true,
            AssignedIdentity::ClientId(id) => (id, &self.ids.client_id),
            AssignedIdentity::ObjectId(id) => (id, &self.ids.object_id),
            AssignedIdentity::ResourceId(id) => (id, &self.ids.msi_res_id),
        };
        named.as_str().is_some_and(|named| named.eq_ignore_ascii_case(asked))
    }
}

/// Parses a response with a token; `None` for any other.
pub fn parse_token(head: ResponseHead<'_>, body: &[u8]) -> Option<IdentityToken> {
    /// Seconds since 1970, as a number or in quotes.
    #[derive(Deserialize)]
    struct Expiry {
        #[serde(default)]
        expires_on: Value,
    }
    let response = parse_json(body).filter(|_| head.status.is_success())?;
    let Expiry { expires_on } = parse_json(body)?;
    let seconds = expires_on.as_u64().or_else(|| expires_on.as_str()?.trim().parse().ok());
    let expires = seconds.and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
    Some(IdentityToken { response, expires, ids: parse_json(body)? })
}

/// Returns the path of the file that Azure Arc wants read before it hands out a token, from the challenge `Basic realm=PATH`; `None`
/// where there is no challenge.
pub fn challenged_file(head: ResponseHead<'_>) -> Option<String> {
    let challenge = head.header("www-authenticate").filter(|_| head.status == StatusCode::UNAUTHORIZED)?;
    let (scheme, realm) = challenge.split_once(' ')?;
    let path = realm.trim().strip_prefix("realm=")?;
    scheme.eq_ignore_ascii_case("Basic").then(|| path.trim_matches('"').to_owned())
}

/// The body of a refusal: IMDS and Azure Arc say it as OAuth does, App Service in fields of its own.
#[derive(Deserialize)]
struct RefusalBody {
    #[serde(default)]
    error: Value,
    #[serde(default)]
    error_description: Value,
    #[serde(default, alias = "Message")]
    message: Value,
}

impl RefusalBody {
    /// Returns the word and the sentence of the refusal; `None` where it has neither.
    fn into_words(self) -> Option<(String, String)> {
        let text = |value: Value| value.as_str().map(str::to_owned).unwrap_or_default();
        let (error, description) = (text(self.error), text(self.error_description));
        let sentence = if description.is_empty() { text(self.message) } else { description };
        (!error.is_empty() || !sentence.is_empty()).then_some((error, sentence))
    }
}

/// Sentences of refusals, [normalized](super::sentences), each with its reason.
const SENTENCES: &[(&str, Reason)] = &[
    ("multiple user assigned identities exist", Reason::ManagedIdentityAmbiguous),
    ("identity not found", Reason::ManagedIdentityNotAssigned),
    ("no user assigned or delegated managed identity found", Reason::ManagedIdentityNotAssigned),
    ("no msi found", Reason::ManagedIdentityNotAssigned),
    ("no managed identity", Reason::ManagedIdentityNotAssigned),
];

/// Parses a response that holds no token. The body may be anything: on a machine that is none of Azure's, another service answers.
pub fn parse_refusal(head: ResponseHead<'_>, body: &[u8]) -> Refusal {
    if let Some(fault) = head.redirect_fault() {
        return fault.renamed(Reason::ManagedIdentityEndpointForeign).into();
    }
    let back_off = head.retry_after();
    if head.status == StatusCode::TOO_MANY_REQUESTS {
        let fault = Fault::heard(Reason::ManagedIdentityThrottled, head.describe(body));
        return Refusal::from(fault).back_off(back_off.or(Some(DEFAULT_BACK_OFF)));
    }
    let words = parse_json::<RefusalBody>(body).and_then(RefusalBody::into_words);
    // A service that is being updated answers 410, and 404 where it is not there yet.
    let is_updating = head.status == StatusCode::GONE || head.status == StatusCode::NOT_FOUND && words.is_some();
    if is_updating || head.status.is_server_error() || head.status == StatusCode::REQUEST_TIMEOUT {
        return Refusal::from(Fault::heard(Reason::ManagedIdentityUnavailable, head.describe(body))).back_off(back_off);
    }
    match words {
        Some((error, sentence)) if !head.status.is_success() => refused(&error, &sentence).into(),
        _ if head.status.is_success() => {
            let size = format!("{} with {} bytes", head.status, body.len()); // they may hold a token
            Fault::heard(Reason::ManagedIdentityEndpointForeign, size).into()
        }
        _ => Fault::heard(Reason::ManagedIdentityEndpointForeign, head.describe(body)).into(),
    }
}

fn refused(error: &str, sentence: &str) -> Fault {
    let heard = sanitize::reply(&if sentence.is_empty() { error.to_owned() } else { format!("{error}: {sentence}") });
    let heard = heard.trim_start_matches(": ").to_owned();
    let words = sentences::normalized(sentence);
    let by_sentence = SENTENCES.iter().find(|(text, _)| words.contains(text)).map(|(_, reason)| *reason);
    // What Entra says of the request, the endpoint passes on.
    let number = sentence.split("AADSTS").nth(1).and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok());
    let by_word = (error == "invalid_resource").then_some(Reason::ResourceNotFound);
    let known = by_sentence.or_else(|| reason_of_number(number?)).or(by_word);
    let fault = Fault::heard(known.unwrap_or(Reason::ManagedIdentityRefused), heard).unrecognized(known.is_none());
    match number {
        Some(number) => fault.code(number.to_string()),
        None if error.is_empty() => fault,
        None => fault.code(sanitize::one_line(error, 60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::HttpsEndpoint;
    use crate::credential::TokenPart;
    use crate::wire::http::tests::headers;

    fn identity(host: IdentityHost, identity: AssignedIdentity) -> ManagedIdentity {
        let at = HttpsEndpoint { host: "169.254.169.254".to_owned(), port: 80, path: "/token".to_owned() };
        ManagedIdentity { identity, host, at, part: TokenPart::Access }
    }

    fn parsed(status: u16, lines: &[(&'static str, &str)], body: &str) -> Refusal {
        let headers = headers(lines);
        let status = StatusCode::from_u16(status).expect("a status");
        parse_refusal(ResponseHead { status, headers: &headers }, body.as_bytes())
    }

    #[test]
    fn target_of_each_host_has_its_version_and_its_name_for_the_identity() {
        let app_service = || IdentityHost::AppService(Secret::new("h"));
        let (client, object) = (AssignedIdentity::ClientId("c".to_owned()), AssignedIdentity::ObjectId("o".to_owned()));
        let resource = AssignedIdentity::ResourceId("/subscriptions/s".to_owned());
        for (host, assigned, expected) in [
            (IdentityHost::VirtualMachine, AssignedIdentity::System, "api-version=2018-02-01&resource=https%3A%2F%2Fa.b"),
            (IdentityHost::VirtualMachine, object.clone(), "api-version=2018-02-01&resource=https%3A%2F%2Fa.b&object_id=o"),
            (
                IdentityHost::VirtualMachine,
                resource.clone(),
                "api-version=2018-02-01&resource=https%3A%2F%2Fa.b&msi_res_id=%2Fsubscriptions%2Fs",
            ),
            (app_service(), client, "api-version=2019-08-01&resource=https%3A%2F%2Fa.b&client_id=c"),
            (app_service(), object, "api-version=2019-08-01&resource=https%3A%2F%2Fa.b&principal_id=o"),
            (app_service(), resource, "api-version=2019-08-01&resource=https%3A%2F%2Fa.b&mi_res_id=%2Fsubscriptions%2Fs"),
            (IdentityHost::Arc("/keys".into()), AssignedIdentity::System, "api-version=2020-06-01&resource=https%3A%2F%2Fa.b"),
        ] {
            let target = target(&identity(host, assigned), "https://a.b").expect("a target");
            assert_eq!(target.to_string(), format!("/token?{expected}"));
        }
    }

    #[test]
    fn parse_token_takes_seconds_as_text_and_without_expires_in() {
        let headers = headers(&[]);
        let head = |status| ResponseHead { status, headers: &headers };
        let body = br#"{"access_token":"t","expires_on":"1790000000","token_type":"Bearer","resource":"r"}"#;
        let token = parse_token(head(StatusCode::OK), body).expect("a token");
        assert!(token.names(&AssignedIdentity::System) && !token.names(&AssignedIdentity::ClientId("c".to_owned())));
        let body_of_arc =
            br#"{"access_token":"t","expires_in":"1","client_id":"C","object_id":7,"msi_res_id":"/Subscriptions/s"}"#;
        let of_arc = parse_token(head(StatusCode::OK), body_of_arc).expect("a token");
        assert!(
            of_arc.names(&AssignedIdentity::ClientId("c".to_owned()))
                && !of_arc.names(&AssignedIdentity::ObjectId("7".to_owned()))
        );
        assert!(of_arc.names(&AssignedIdentity::ResourceId("/subscriptions/s".to_owned())));
        assert_eq!(token.expires, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000)));
        assert!(parse_token(head(StatusCode::BAD_REQUEST), body).is_none());
        assert!(parse_token(head(StatusCode::OK), b"{}").is_none());
    }

    #[test]
    fn challenged_file_is_the_realm_of_basic_alone() {
        for (status, challenge, expected) in [
            (401, "Basic realm=/var/opt/azcmagent/tokens/a.key", Some("/var/opt/azcmagent/tokens/a.key")),
            (401, "basic realm=\"/var/a.key\"", Some("/var/a.key")),
            (401, "Bearer realm=/var/a.key", None),
            (401, "Basic", None),
            (200, "Basic realm=/var/a.key", None),
        ] {
            let headers = headers(&[("www-authenticate", challenge)]);
            let head = ResponseHead { status: StatusCode::from_u16(status).expect("a status"), headers: &headers };
            assert_eq!(challenged_file(head).as_deref(), expected, "{status} {challenge}");
        }
    }

    #[test]
    fn parse_refusal_of_each_endpoint_has_its_reason() {
        let ambiguous = "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request";
        let ambiguous = format!(r#"{{"error":"invalid_request","error_description":"{ambiguous}"}}"#);
        for (status, body, reason, code) in [
            (
                400,
                r#"{"error":"invalid_request","error_description":"Identity not found"}"#,
                Reason::ManagedIdentityNotAssigned,
                Some("invalid_request"),
            ),
            (400, &*ambiguous, Reason::ManagedIdentityAmbiguous, Some("invalid_request")),
            (
                400,
                r#"{"StatusCode":400,"Message":"No MSI found for specified ClientId/ResourceId.","CorrelationId":"c"}"#,
                Reason::ManagedIdentityNotAssigned,
                None,
            ),
            (
                400,
                r#"{"statusCode":400,"message":"No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."}"#,
                Reason::ManagedIdentityNotAssigned,
                None,
            ),
            (
                400,
                r#"{"error":"invalid_resource","error_description":"AADSTS50001: The application named https://a was not found."}"#,
                Reason::ResourceNotFound,
                Some("50001"),
            ),
            (400, r#"{"error":"invalid_resource"}"#, Reason::ResourceNotFound, Some("invalid_resource")),
            (
                400,
                r#"{"error":"bad_request_102","error_description":"Required metadata header not specified"}"#,
                Reason::ManagedIdentityRefused,
                Some("bad_request_102"),
            ),
            (401, r#"{"error":"unknown_source"}"#, Reason::ManagedIdentityRefused, Some("unknown_source")),
            (404, r#"{"error":"not_found"}"#, Reason::ManagedIdentityUnavailable, None),
            (404, "", Reason::ManagedIdentityEndpointForeign, None),
            (403, "<html>no</html>", Reason::ManagedIdentityEndpointForeign, None),
            (200, r#"{"access_token":7}"#, Reason::ManagedIdentityEndpointForeign, None),
            (410, "", Reason::ManagedIdentityUnavailable, None),
            (500, "pod list is empty", Reason::ManagedIdentityUnavailable, None),
            (302, "", Reason::ManagedIdentityEndpointForeign, None),
        ] {
            let fault = parsed(status, &[], body).fault;
            assert_eq!((fault.reason, fault.evidence.code.as_deref()), (reason, code), "{status} {body}");
        }
        let shown = parsed(200, &[], r#"{"access_token":"eyJ0","expires_in":}"#).fault.evidence.heard;
        assert_eq!(shown.as_deref(), Some("200 OK with 37 bytes"));
        for (lines, seconds) in [(&[("retry-after", "7")][..], 7), (&[], 60)] {
            let throttled = parsed(429, lines, r#"{"error":"too_many_requests"}"#);
            assert_eq!(throttled.fault.reason, Reason::ManagedIdentityThrottled);
            assert_eq!(throttled.back_off, Some(Duration::from_secs(seconds)));
        }
    }
}
