//! The token endpoint and discovery.

use m365_probe::sim::{Running, Tenant, start};

use crate::peer::{Answer, Peer, form, post, token};

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
        (id, &[("grant_type", Some("password"))], 70_003, 400, "unsupported_grant_type"),
        (id, &[("client_id", None)], 900_144, 400, "invalid_request"),
        (id, &[("client_id", Some("99999999-bbbb-cccc-dddd-eeeeeeeeeeee"))], 700_016, 400, "unauthorized_client"),
        (id, &[("client_secret", None)], 7_000_218, 401, "invalid_client"),
        (id, &[("client_secret", Some(""))], 7_000_216, 401, "invalid_client"),
        (id, &[("client_secret", Some("wrong"))], 7_000_215, 401, "invalid_client"),
        (id, &[("client_assertion", Some("a.b.c"))], 700_027, 401, "invalid_client"),
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
    for (media_type, body) in [
        ("application/json", "{}"),
        ("application/x-www-form-urlencoded", "grant_type=%zz"),
        ("application/x-www-form-urlencoded", "grant_type=client_credentials&grant_type=client_credentials"),
        ("application/x-www-form-urlencoded", "grant_type"),
    ] {
        let peer = Peer::tls(&tenant, tenant.ports().login, "login.microsoftonline.com").await.unwrap();
        let head = format!("POST /contoso.example/oauth2/v2.0/token HTTP/1.1\r\nHost: x\r\nContent-Type: {media_type}");
        let answer = peer.request(&head, body).await;
        assert_eq!((answer.status(), answer.json()["error_codes"][0].as_u64()), (400, Some(9_002_313)), "{body}");
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

#[tokio::test]
async fn a_role_without_consent_is_no_role() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    tenant.change(|tenant| tenant.application.roles.clear());
    let token = token(&tenant).await;
    let claims = token.split('.').nth(1).unwrap();
    let claims = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, claims).unwrap();
    assert!(!String::from_utf8(claims).unwrap().contains("\"roles\""), "absent, not empty");
}
