//! The application's own registration in Microsoft Graph, with the expiry of its secrets and certificates.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use serde::Deserialize;

use crate::outcome::{CredentialFacts, CredentialKind, Registration, parse_rfc3339};
use crate::wire::http::parse_json;

/// The permissions any of which lets an application read its registration.
/// <https://learn.microsoft.com/en-us/graph/api/application-list>
pub const ROLES: &[&str] =
    &["Application.Read.All", "Application.ReadWrite.All", "Application.ReadWrite.OwnedBy", "Directory.Read.All"];

/// The most credentials that are kept; Entra allows fewer.
const MAX_CREDENTIALS: usize = 200;

/// Returns the path of the application with that id. Without `$select` the response would be several times as long; the keys
/// themselves are never in it.
pub fn registration_path(client_id: &str) -> String {
    let id: String = client_id.chars().filter(|c| c.is_ascii_hexdigit() || *c == '-').collect();
    format!("/v1.0/applications?$filter=appId%20eq%20'{id}'&$select=createdDateTime,passwordCredentials,keyCredentials")
}

/// Parses the response. `mark` tells the credential in use: Graph shows the first three characters of each secret, which are
/// compared here and kept nowhere, and the thumbprint of each certificate.
pub fn parse_registration(status: StatusCode, body: &[u8], mark: &str) -> Registration {
    match status {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Registration::NotPermitted,
        status => return Registration::Unread(format!("Graph answered {}", status.as_u16())),
    }
    match parse_json::<ApplicationList>(body) {
        Some(ApplicationList { value }) => {
            value.into_iter().next().map_or(Registration::Elsewhere, |application| application.into_registration(mark))
        }
        None => Registration::Unread("Graph's answer could not be read".to_owned()),
    }
}

#[derive(Deserialize)]
struct ApplicationList {
    value: Vec<Application>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Application {
    created_date_time: Option<String>,
    #[serde(default)]
    password_credentials: Vec<Credential>,
    #[serde(default)]
    key_credentials: Vec<Credential>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential {
    end_date_time: Option<String>,
    hint: Option<String>,
    custom_key_identifier: Option<String>,
}

impl Application {
    fn into_registration(self, mark: &str) -> Registration {
        let secrets = self.password_credentials.into_iter().map(|secret| CredentialFacts {
            kind: CredentialKind::Secret,
            in_use: secret.hint.as_deref().is_some_and(|shown| !shown.is_empty() && shown == mark),
            expires: secret.end_date_time.as_deref().and_then(parse_rfc3339),
        });
        let certificates = self.key_credentials.into_iter().map(|certificate| CredentialFacts {
            kind: CredentialKind::Certificate,
            in_use: certificate.custom_key_identifier.as_deref().is_some_and(|shown| is_thumbprint(shown, mark)),
            expires: certificate.end_date_time.as_deref().and_then(parse_rfc3339),
        });
        let credentials = secrets.chain(certificates).take(MAX_CREDENTIALS).collect();
        Registration::Read { created: self.created_date_time.as_deref().and_then(parse_rfc3339), credentials }
    }
}

/// Reports whether an identifier is the thumbprint in hex: `customKeyIdentifier` is seen in hex and in base64.
fn is_thumbprint(identifier: &str, thumbprint: &str) -> bool {
    let decoded = || {
        STANDARD.decode(identifier).ok().map(|bytes| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().concat())
    };
    !thumbprint.is_empty()
        && (identifier.eq_ignore_ascii_case(thumbprint) || decoded().is_some_and(|hex| hex.eq_ignore_ascii_case(thumbprint)))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use proptest::prelude::*;

    use super::*;

    const BODY: &str = r#"{"@odata.context":"x","value":[{"createdDateTime":"2026-11-01T08:00:00Z","passwordCredentials":[
        {"customKeyIdentifier":null,"displayName":"old","endDateTime":"2026-12-01T00:00:00Z","hint":"abc","keyId":"1","secretText":null},
        {"displayName":"new","endDateTime":"2028-11-01T10:20:30.1234567Z","hint":"xyz","keyId":"2"},{"hint":null}],
        "keyCredentials":[{"endDateTime":"2027-01-01T00:00:00Z","type":"AsymmetricX509Cert","usage":"Verify"}]}]}"#;

    #[test]
    fn parse_registration_finds_the_secret_in_use_by_its_hint() {
        let read = parse_registration(StatusCode::OK, BODY.as_bytes(), "xyz");
        assert_eq!(read.created(), parse_rfc3339("2026-11-01T08:00:00Z"));
        assert_eq!(read.in_use_expires(SystemTime::UNIX_EPOCH), parse_rfc3339("2028-11-01T10:20:30.1234567Z"));
        let Registration::Read { credentials, .. } = read else { panic!("read") };
        assert_eq!(credentials.len(), 4);
        assert_eq!(credentials.iter().filter(|credential| credential.in_use).count(), 1);
        assert!(!format!("{credentials:?}").contains("xyz"));
        assert_eq!(parse_registration(StatusCode::OK, BODY.as_bytes(), "").in_use_expires(SystemTime::UNIX_EPOCH), None);
        assert_eq!(parse_registration(StatusCode::OK, BODY.as_bytes(), "qqq").in_use_expires(SystemTime::UNIX_EPOCH), None);
    }

    #[test]
    fn parse_registration_finds_the_certificate_in_use_by_its_thumbprint_in_hex_or_base64() {
        let thumbprint = "0102030405060708090A0B0C0D0E0F1011121314";
        for shown in [thumbprint, "AQIDBAUGBwgJCgsMDQ4PEBESExQ="] {
            let body = format!(
                r#"{{"value":[{{"passwordCredentials":[],"keyCredentials":[{{"customKeyIdentifier":"AAAA","endDateTime":"2027-01-01T00:00:00Z"}},
                {{"customKeyIdentifier":"{shown}","endDateTime":"2028-01-01T00:00:00Z"}}]}}]}}"#
            );
            let in_use = |mark| parse_registration(StatusCode::OK, body.as_bytes(), mark).in_use_expires(SystemTime::UNIX_EPOCH);
            assert_eq!(in_use(thumbprint), parse_rfc3339("2028-01-01T00:00:00Z"), "{shown}");
            assert_eq!(in_use(""), None, "{shown}");
            assert_eq!(in_use("abc"), None, "{shown}");
        }
    }

    #[test]
    fn parse_registration_without_an_application_says_why() {
        for (status, body, expected) in [
            (200, r#"{"value":[]}"#, Registration::Elsewhere),
            (403, r#"{"error":{"code":"Authorization_RequestDenied"}}"#, Registration::NotPermitted),
            (401, "", Registration::NotPermitted),
            (429, "", Registration::Unread("Graph answered 429".into())),
            (503, "", Registration::Unread("Graph answered 503".into())),
            (302, "", Registration::Unread("Graph answered 302".into())),
            (200, "<html>", Registration::Unread("Graph's answer could not be read".into())),
            (200, r#"{"value":{}}"#, Registration::Unread("Graph's answer could not be read".into())),
            (200, r#"{"value":[{}]}"#, Registration::Read { created: None, credentials: Vec::new() }),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(parse_registration(status, body.as_bytes(), "abc"), expected, "{status} {body}");
        }
    }

    #[test]
    fn registration_path_keeps_only_the_characters_of_an_id() {
        assert!(registration_path("aaaaaaaa-bbbb'&x").contains("'aaaaaaaa-bbbb'&$select="));
    }

    proptest! {
        #[test]
        fn parse_registration_never_panics(body in any::<Vec<u8>>(), hint in any::<String>()) {
            parse_registration(StatusCode::OK, &body, &hint);
        }
    }
}
