//! The token endpoint and discovery.

use m365_probe::sim::{Running, Tenant, start};

use crate::peer::{Answer, PRAXIS, Peer, form, post, token};

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Fields of the form: a new value, or none at all.
type Replaced<'r> = &'r [(&'static str, Option<&'r str>)];

/// A token request with some fields replaced.
async fn request(tenant: &Running, name: &str, replaced: Replaced<'_>) -> Answer {
    let mut fields = form(tenant);
    for (key, value) in replaced {
        fields.retain(|(known, _)| known != key);
        fields.extend(value.map(|value| (*key, value.to_owned())));
    }
    post(tenant, name, &fields).await.unwrap()
}

#[tokio::test]
async fn a_token_is_what_entra_would_issue() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    for name in ["11111111-2222-3333-4444-555555555555", "CONTOSO.example"] {
        let answer = request(&tenant, name, &[]).await;
        assert_eq!(answer.status(), 200, "{answer:?}");
        let json = answer.json();
        assert_eq!((json["token_type"].as_str(), json["expires_in"].as_i64()), (Some("Bearer"), Some(3899)));
        let token = json["access_token"].as_str().unwrap();
        assert!((1500..2600).contains(&token.len()), "{}", token.len());
        for header in ["x-ms-request-id", "x-ms-ests-server", "date", "strict-transport-security"] {
            assert!(!answer.header(header).is_empty(), "{header}");
        }
        assert_eq!(answer.header("cache-control"), "no-store, no-cache");
    }
}

#[tokio::test]
async fn credentials_in_the_header_count_too() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    let secret = form(&tenant)[2].1.clone();
    for (password, status) in [(secret.replace('~', "%7E"), 200), ("wrong".to_owned(), 401)] {
        let peer = Peer::tls(&tenant, tenant.ports().login, "login.microsoftonline.com").await.unwrap();
        let basic = base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            format!("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee:{password}"),
        );
        let head = format!(
            "POST /contoso.example/oauth2/v2.0/token HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {basic}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nclient-request-id: 01234567-89ab-cdef-0123-456789abcdef\r\n\
             return-client-request-id: true"
        );
        let answer =
            peer.request(&head, "grant_type=client_credentials&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default").await;
        assert_eq!(answer.status(), status, "{answer:?}");
        assert_eq!(answer.header("client-request-id"), "01234567-89ab-cdef-0123-456789abcdef");
    }
}

#[tokio::test]
async fn each_mistake_has_its_number_status_and_error() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    let id = "11111111-2222-3333-4444-555555555555";
    let cases: &[(&str, Replaced<'_>, u32, u16, &str)] = &[
        ("99999999-2222-3333-4444-555555555555", &[], 90_002, 400, "invalid_request"),
        ("fabrikam.example", &[], 90_002, 400, "invalid_request"),
        ("1111-2222", &[], 900_023, 400, "invalid_request"),
        ("common", &[], 9_001_023, 400, "invalid_request"),
        (id, &[("grant_type", None)], 900_144, 400, "invalid_request"),
        (id, &[("grant_type", Some("implicit"))], 70_003, 400, "unsupported_grant_type"),
        (id, &[("grant_type", Some("password"))], 900_144, 400, "invalid_request"),
        (
            id,
            &[("grant_type", Some("password")), ("username", Some(PRAXIS)), ("password", Some("x"))],
            50_126,
            400,
            "invalid_grant",
        ),
        (
            id,
            &[("grant_type", Some("password")), ("username", Some("x@y.example")), ("password", Some("x"))],
            50_034,
            400,
            "invalid_grant",
        ),
        (id, &[("grant_type", Some("refresh_token")), ("refresh_token", Some("x"))], 9_002_313, 400, "invalid_grant"),
        (id, &[("grant_type", Some("authorization_code")), ("code", Some("x"))], 9_002_313, 400, "invalid_grant"),
        (id, &[("grant_type", Some(DEVICE)), ("device_code", Some("x"))], 70_018, 400, "bad_verification_code"),
        (id, &[("grant_type", Some(DEVICE)), ("client_secret", None)], 7_000_218, 401, "invalid_client"),
        (
            id,
            &[("grant_type", Some("urn:ietf:params:oauth:grant-type:jwt-bearer")), ("assertion", Some("x"))],
            50_027,
            400,
            "invalid_request",
        ),
        (id, &[("client_id", None)], 900_144, 400, "invalid_request"),
        (id, &[("client_id", Some("99999999-bbbb-cccc-dddd-eeeeeeeeeeee"))], 700_016, 400, "unauthorized_client"),
        (id, &[("client_secret", None)], 7_000_218, 401, "invalid_client"),
        (id, &[("client_secret", Some(""))], 7_000_216, 401, "invalid_client"),
        (id, &[("client_secret", Some("wrong"))], 7_000_215, 401, "invalid_client"),
        (id, &[("client_assertion", Some("a.b.c"))], 900_144, 400, "invalid_request"),
        (id, &[("client_assertion", Some("a.b.c")), ("client_assertion_type", Some(ASSERTION))], 50_027, 400, "invalid_request"),
        (id, &[("scope", None)], 900_144, 400, "invalid_request"),
        (id, &[("scope", Some("https://outlook.office365.com/IMAP.AccessAsApp"))], 1_002_012, 400, "invalid_scope"),
        (id, &[("scope", Some("https%3A%2F%2Foutlook.office365.com%2F.default"))], 1_002_012, 400, "invalid_scope"),
        (id, &[("scope", Some("https://outlook.office365.com/ews/Exchange.asmx/.default"))], 500_011, 400, "invalid_resource"),
        // Entra looks at the tenant first, then the client, then the secret, then the scope.
        ("fabrikam.example", &[("client_id", Some("x")), ("client_secret", Some("x"))], 90_002, 400, "invalid_request"),
        (id, &[("client_id", Some("x")), ("client_secret", Some("x"))], 700_016, 400, "unauthorized_client"),
        (id, &[("client_secret", Some("x")), ("scope", Some("x"))], 7_000_215, 401, "invalid_client"),
    ];
    for (name, replaced, number, status, error) in cases {
        let answer = request(&tenant, name, replaced).await;
        let json = answer.json();
        let told = (json["error_codes"][0].as_u64(), answer.status(), json["error"].as_str());
        assert_eq!(told, (Some((*number).into()), *status, Some(*error)), "{name} {replaced:?}: {answer:?}");
        let description = json["error_description"].as_str().unwrap();
        assert!(description.starts_with(&format!("AADSTS{number}: ")), "{description}");
        for piece in ["trace_id", "correlation_id", "timestamp"] {
            assert!(description.contains(json[piece].as_str().unwrap()), "{piece}: {description}");
        }
    }
}

#[tokio::test]
async fn a_form_that_is_none_is_refused() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    for (media_type, body, number) in [
        // Nothing is read of what is no form.
        ("application/json", "{}", 900_144),
        ("application/x-www-form-urlencoded", "grant_type=%zz", 9_002_313),
        ("application/x-www-form-urlencoded", "grant_type=client_credentials&grant_type=client_credentials", 9_002_313),
        ("application/x-www-form-urlencoded", "grant_type", 9_002_313),
    ] {
        let peer = Peer::tls(&tenant, tenant.ports().login, "login.microsoftonline.com").await.unwrap();
        let head = format!("POST /contoso.example/oauth2/v2.0/token HTTP/1.1\r\nHost: x\r\nContent-Type: {media_type}");
        let answer = peer.request(&head, body).await;
        assert_eq!((answer.status(), answer.json()["error_codes"][0].as_u64()), (400, Some(number)), "{body}");
    }
}

#[tokio::test]
async fn discovery_leads_back_here_and_every_answer_is_microsoft_s() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    for (path, status, piece) in [
        (
            "/contoso.example/v2.0/.well-known/openid-configuration",
            200,
            "https://login.microsoftonline.com:1/11111111-2222-3333-4444-555555555555/oauth2/v2.0/token",
        ),
        (
            "/contoso.example/.well-known/openid-configuration",
            200,
            "https://sts.windows.net/11111111-2222-3333-4444-555555555555/",
        ),
        ("/common/v2.0/.well-known/openid-configuration", 200, "https://login.microsoftonline.com:1/common/oauth2/v2.0/token"),
        ("/Organizations/v2.0/.well-known/OpenID-Configuration", 200, "https://login.microsoftonline.com:1/{tenantid}/v2.0"),
        ("/consumers/v2.0/.well-known/openid-configuration", 200, "9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"),
        (
            "/contoso.example/v2.0/.well-known/openid-configuration",
            200,
            "login.microsoftonline.com:1/11111111-2222-3333-4444-555555555555/v2.0\"",
        ),
        ("/common/userrealm/praxis@contoso.example?api-version=1.0", 200, "Managed"),
        ("/common/userrealm/x@fabrikam.example?api-version=1.0", 200, "Unknown"),
        ("/common/oauth2/v2.0/authorize?client_id=x", 200, "Sign in to your account"),
        ("/fabrikam.example/v2.0/.well-known/openid-configuration", 400, "invalid_tenant"),
        ("/contoso.example/discovery/v2.0/keys", 200, "RS256"),
        ("/common/discovery/instance?api-version=1.1", 200, "tenant_discovery_endpoint"),
        ("/", 404, ""),
        ("/contoso.example/oauth2/v2.0/token", 200, "AADSTS900561"),
    ] {
        let peer = Peer::tls(&tenant, tenant.ports().login, "login.microsoftonline.com").await.unwrap();
        let answer = peer.request(&format!("GET {path} HTTP/1.1\r\nHost: login.microsoftonline.com:1"), "").await;
        assert_eq!(answer.status(), status, "{path}");
        assert!(answer.body.contains(piece), "{path}: {}", answer.body);
        assert_eq!(answer.header("x-ms-request-id").len(), 36, "{path}");
    }
}

/// The older endpoint: a resource in place of a scope, and numbers as text.
#[tokio::test]
async fn the_first_version_issues_tokens_too() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    let secret = form(&tenant)[2].1.replace('~', "%7E");
    let ask = async |resource: &str| {
        let peer = Peer::tls(&tenant, tenant.ports().login, "login.microsoftonline.com").await.unwrap();
        let head = "POST /contoso.example/oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded";
        let id = tenant.tenant().client_id;
        peer.request(head, &format!("grant_type=client_credentials&client_id={id}&client_secret={secret}{resource}")).await
    };
    for resource in ["https://outlook.office365.com", "https://graph.microsoft.com/", "00000002-0000-0ff1-ce00-000000000000"] {
        let answer = ask(&format!("&resource={resource}")).await;
        let json = answer.json();
        assert_eq!(
            (answer.status(), json["resource"].as_str(), json["expires_in"].as_str()),
            (200, Some(resource), Some("3899"))
        );
        assert!(json["expires_on"].as_str().unwrap() > json["not_before"].as_str().unwrap());
    }
    for (resource, number) in
        [("", 900_144), ("&scope=https://graph.microsoft.com/.default", 900_144), ("&resource=https://vault.example", 500_011)]
    {
        assert_eq!(ask(resource).await.json()["error_codes"][0].as_u64(), Some(number), "{resource}");
    }
}

#[tokio::test]
async fn other_methods_are_answered_too() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    for (method, path, status, piece) in [
        ("OPTIONS", "/common/oauth2/v2.0/token", 200, ""),
        ("PUT", "/common/oauth2/v2.0/token", 200, "Received a PUT request."),
        ("POST", "/common/v2.0/.well-known/openid-configuration", 404, ""),
        ("DELETE", "/", 404, ""),
    ] {
        let peer = Peer::tls(&tenant, tenant.ports().login, "login.microsoftonline.com").await.unwrap();
        let answer = peer.request(&format!("{method} {path} HTTP/1.1\r\nHost: login.microsoftonline.com"), "").await;
        assert_eq!((answer.status(), answer.body.contains(piece)), (status, true), "{method} {path}: {answer:?}");
    }
}

/// A device without a browser is given a code, and told to wait for as long as nobody types it in.
#[tokio::test]
async fn a_device_waits_for_its_code() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    let peer = Peer::tls(&tenant, tenant.ports().login, "login.microsoftonline.com").await.unwrap();
    let head =
        "POST /organizations/oauth2/v2.0/devicecode HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded";
    let answer = peer.request(head, &format!("client_id={}&scope=openid", tenant.tenant().client_id)).await.json();
    assert_eq!((answer["interval"].as_u64(), answer["expires_in"].as_u64()), (Some(5), Some(900)), "{answer}");
    let code = answer["device_code"].as_str().unwrap();
    let polled = request(&tenant, "contoso.example", &[("grant_type", Some(DEVICE)), ("device_code", Some(code))]).await;
    assert_eq!((polled.status(), polled.json()["error"].as_str()), (400, Some("authorization_pending")), "{polled:?}");
}

#[tokio::test]
async fn a_role_without_consent_is_no_role() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    tenant.change(|tenant| tenant.application.roles.clear());
    let token = token(&tenant).await;
    let claims = token.split('.').nth(1).unwrap();
    let claims = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, claims).unwrap();
    assert!(!String::from_utf8(claims).unwrap().contains("\"roles\""), "absent, not empty");
}
