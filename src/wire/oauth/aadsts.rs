//! Entra's error numbers (AADSTS) for client credentials, and the reason for each.
//! <https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes>

use crate::reason::Reason;

/// Returns the reason for a number with the description that it stands in, which is
/// [normalized](crate::wire::sentences::normalized); `None` for a number that is in no table.
pub(super) fn reason(code: u64, words: &str) -> Option<Reason> {
    let by_words = WORDED.iter().find(|(number, text, _)| *number == code && words.contains(text));
    by_words.map(|(.., reason)| *reason).or_else(|| reason_of_number(code))
}

/// Returns the reason for a number that needs no description; `None` for one that is not in the table.
pub fn reason_of_number(code: u64) -> Option<Reason> {
    AADSTS.iter().find(|(codes, _)| codes.contains(&code)).map(|(_, reason)| *reason)
}

/// Reports whether the number has several meanings, and `words` are of none that is known.
pub(super) fn is_ambiguous(code: u64, words: &str) -> bool {
    let mut rows = WORDED.iter().filter(|(number, ..)| *number == code).peekable();
    rows.peek().is_some() && !rows.any(|(_, text, _)| words.contains(text))
}

/// Numbers with several meanings, which only the description tells apart: rows of a number, a text in lower case, and the reason.
const WORDED: &[(u64, &str, Reason)] = &[
    (50_012, "client secret", Reason::ClientSecretWrong),
    (50_012, "signature", Reason::ClientAssertionSignatureWrong),
    (50_012, "assertion", Reason::ClientCertificateRefused),
    (50_012, "certificate", Reason::ClientCertificateRefused),
    (700_027, "key was not found", Reason::ClientCertificateNotRegistered),
    (700_027, "not registered on application", Reason::ClientCertificateNotRegistered),
    (700_027, "signature", Reason::ClientAssertionSignatureWrong),
    (1_000_502, "not yet valid", Reason::ClientCertificateNotYetValid),
    (70_002, "must contain", Reason::ClientSecretMissing),
    (70_002, "must include", Reason::ClientSecretMissing),
    (70_002, "client secret", Reason::ClientSecretWrong),
    (90_023, "can't send a client secret", Reason::ClientIsPublic),
    (90_023, "cannot send a client secret", Reason::ClientIsPublic),
    (90_023, "service key", Reason::TokenServiceUnavailable),
    (65_005, "not subscribed to or enabled", Reason::ResourceNotFound),
];

const AADSTS: &[(&[u64], Reason)] = &[
    // The credential.
    (&[7_000_215], Reason::ClientSecretWrong),
    (&[7_000_222], Reason::ClientSecretExpired),
    (&[7_000_216, 7_000_218], Reason::ClientSecretMissing),
    (&[700_025], Reason::ClientIsPublic),
    // Assertions and certificates: ours, or those of a proxy that signs in in our place.
    (&[700_024], Reason::ClientAssertionOutOfTime),
    (&[1_000_502], Reason::ClientCertificateExpired),
    (&[7_000_214, 7_000_277], Reason::ClientCertificateRevoked),
    (&[900_384], Reason::ClientAssertionSignatureWrong),
    (&[700_027, 7_000_274, 700_030], Reason::ClientCertificateRefused),
    (&[700_021, 700_023, 50_027, 50_048, 5_002_723, 5_002_730], Reason::ClientCertificateRefused),
    (&[70_025], Reason::FederatedCredentialMissing),
    (&[700_211], Reason::FederatedIssuerDiffers),
    (&[700_213, 7_002_137, 7_002_138], Reason::FederatedSubjectDiffers),
    (&[700_212], Reason::FederatedAudienceDiffers),
    (&[70_021, 7_002_381, 700_222, 700_226, 700_229, 700_236], Reason::FederatedCredentialUnknown),
    (&[90_061, 50_166], Reason::FederatedIssuerUnreachable),
    (&[900_612], Reason::FederatedKeysUnreadable),
    (&[7_000_272], Reason::FederatedKeyUnknown),
    (&[700_223, 700_238], Reason::FederationForbidden),
    (&[7_000_232], Reason::ManagedIdentityHasNoSecret),
    // With words that are not known; older replies put 70002 before another number.
    (&[50_012, 70_002], Reason::ClientCredentialRefused),
    // The application and the tenant.
    (&[700_016, 700_011, 70_001], Reason::ApplicationNotFound),
    (&[7_000_229], Reason::ServicePrincipalMissing),
    (&[7_000_112, 1_000_031], Reason::ApplicationDisabled),
    (&[90_002], Reason::TenantNotFound),
    // No tenant, no such form of a tenant, or `common`, which has no tokens for applications.
    (&[900_023, 900_021, 50_059, 50_128, 90_019, 50_029, 50_194, 90_124, 90_130, 9_001_023, 9_002_332], Reason::TenantIdInvalid),
    (&[90_038, 90_051, 50_049, 900_382, 900_432, 900_439], Reason::WrongCloud),
    (&[5_000_224, 5_000_225], Reason::TenantBlocked),
    (&[50_002, 500_021, 500_022], Reason::TenantRestricted),
    (&[53_000, 53_001, 53_002, 53_003, 530_002, 530_003, 530_032, 530_035], Reason::ConditionalAccessBlocked),
    (&[1_002_016], Reason::TlsProtocolTooOld),
    // The scope and the request.
    (&[1_002_012, 70_011, 90_009], Reason::ScopeInvalid),
    (&[500_011, 650_052], Reason::ResourceNotFound),
    (&[500_014], Reason::ResourceDisabled),
    // The resource demands that applications be assigned to one of its roles.
    (&[50_105, 501_051], Reason::ApplicationNotAssigned),
    (&[90_014, 900_144, 9_002_313, 70_003, 90_023], Reason::TokenRequestMalformed),
    // The service.
    (&[50_196, 90_055], Reason::TokenThrottled),
    (&[90_033, 90_036, 90_006, 90_024, 90_090, 90_092, 90_012, 50_033], Reason::TokenServiceUnavailable),
];

#[cfg(test)]
mod tests {
    use hyper::{HeaderMap, StatusCode};

    use super::*;
    use crate::wire::http::ResponseHead;
    use crate::wire::oauth::parse_refusal;

    #[test]
    fn table_has_each_number_once() {
        let mut seen = std::collections::HashSet::new();
        assert!(AADSTS.iter().flat_map(|(codes, _)| *codes).all(|code| seen.insert(code)));
    }

    #[test]
    fn reason_of_similar_numbers_differs() {
        assert_eq!(reason(7_000_229, ""), Some(Reason::ServicePrincipalMissing));
        assert_eq!(reason(700_229, ""), Some(Reason::FederatedCredentialUnknown));
        assert_eq!(reason(7_000_215, ""), Some(Reason::ClientSecretWrong));
        assert_eq!(reason(7_000_222, ""), Some(Reason::ClientSecretExpired));
        assert_eq!(reason(500_011, ""), Some(Reason::ResourceNotFound));
        assert_eq!(reason(65_001, ""), None);
        assert_eq!(reason(u64::MAX, ""), None);
    }

    /// Status, `error`, number and `suberror` as Entra sends them, and what they mean.
    type Row = (u16, &'static str, u64, &'static str, Reason);

    const ROWS: &[Row] = &[
        (401, "invalid_client", 7_000_215, "", Reason::ClientSecretWrong),
        (401, "invalid_client", 7_000_222, "", Reason::ClientSecretExpired),
        (401, "invalid_client", 7_000_216, "", Reason::ClientSecretMissing),
        (401, "invalid_client", 7_000_218, "", Reason::ClientSecretMissing),
        (401, "invalid_client", 700_025, "", Reason::ClientIsPublic),
        (401, "invalid_client", 700_027, "", Reason::ClientCertificateRefused),
        (401, "invalid_client", 700_024, "", Reason::ClientAssertionOutOfTime),
        (401, "invalid_client", 1_000_502, "", Reason::ClientCertificateExpired),
        (401, "invalid_client", 7_000_214, "", Reason::ClientCertificateRevoked),
        (401, "invalid_client", 700_030, "", Reason::ClientCertificateRefused),
        (401, "invalid_client", 7_000_277, "", Reason::ClientCertificateRevoked),
        (401, "invalid_client", 7_000_274, "", Reason::ClientCertificateRefused),
        (401, "invalid_client", 700_021, "", Reason::ClientCertificateRefused),
        (401, "invalid_client", 900_384, "", Reason::ClientAssertionSignatureWrong),
        (401, "invalid_client", 50_048, "", Reason::ClientCertificateRefused),
        (401, "invalid_client", 700_023, "", Reason::ClientCertificateRefused),
        (401, "invalid_client", 5_002_723, "", Reason::ClientCertificateRefused),
        (401, "invalid_client", 50_012, "", Reason::ClientCredentialRefused),
        (401, "invalid_client", 70_002, "", Reason::ClientCredentialRefused),
        (401, "invalid_client", 50_027, "", Reason::ClientCertificateRefused),
        (401, "invalid_client", 5_002_730, "", Reason::ClientCertificateRefused),
        (400, "invalid_request", 70_021, "", Reason::FederatedCredentialUnknown),
        (401, "invalid_client", 70_025, "", Reason::FederatedCredentialMissing),
        (401, "invalid_client", 7_002_381, "", Reason::FederatedCredentialUnknown),
        (401, "invalid_client", 700_211, "", Reason::FederatedIssuerDiffers),
        (401, "invalid_client", 700_212, "", Reason::FederatedAudienceDiffers),
        (401, "invalid_client", 700_213, "", Reason::FederatedSubjectDiffers),
        (401, "invalid_client", 7_002_137, "", Reason::FederatedSubjectDiffers),
        (401, "invalid_client", 7_002_138, "", Reason::FederatedSubjectDiffers),
        (401, "invalid_client", 700_229, "", Reason::FederatedCredentialUnknown),
        (401, "invalid_client", 700_222, "", Reason::FederatedCredentialUnknown),
        (401, "invalid_client", 700_226, "", Reason::FederatedCredentialUnknown),
        (401, "invalid_client", 700_236, "", Reason::FederatedCredentialUnknown),
        (400, "invalid_request", 90_061, "", Reason::FederatedIssuerUnreachable),
        (400, "invalid_request", 50_166, "", Reason::FederatedIssuerUnreachable),
        (400, "invalid_request", 900_612, "", Reason::FederatedKeysUnreadable),
        (401, "invalid_client", 7_000_272, "", Reason::FederatedKeyUnknown),
        (401, "invalid_client", 700_223, "", Reason::FederationForbidden),
        (401, "invalid_client", 700_238, "", Reason::FederationForbidden),
        (401, "invalid_client", 7_000_232, "", Reason::ManagedIdentityHasNoSecret),
        (400, "unauthorized_client", 700_016, "", Reason::ApplicationNotFound),
        (400, "unauthorized_client", 70_001, "", Reason::ApplicationNotFound),
        (400, "unauthorized_client", 700_011, "", Reason::ApplicationNotFound),
        (401, "invalid_client", 7_000_229, "", Reason::ServicePrincipalMissing),
        (400, "unauthorized_client", 7_000_112, "", Reason::ApplicationDisabled),
        (400, "unauthorized_client", 1_000_031, "", Reason::ApplicationDisabled),
        (400, "invalid_request", 90_002, "", Reason::TenantNotFound),
        (400, "invalid_tenant", 90_002, "", Reason::TenantNotFound),
        (400, "invalid_request", 900_023, "", Reason::TenantIdInvalid),
        (400, "invalid_request", 900_021, "", Reason::TenantIdInvalid),
        (400, "invalid_request", 50_059, "", Reason::TenantIdInvalid),
        (400, "invalid_request", 90_019, "", Reason::TenantIdInvalid),
        (400, "invalid_request", 50_194, "", Reason::TenantIdInvalid),
        (400, "invalid_request", 9_001_023, "", Reason::TenantIdInvalid),
        (400, "invalid_request", 50_128, "", Reason::TenantIdInvalid),
        (400, "invalid_request", 50_029, "", Reason::TenantIdInvalid),
        (400, "invalid_request", 90_124, "", Reason::TenantIdInvalid),
        (400, "invalid_request", 90_130, "", Reason::TenantIdInvalid),
        (400, "invalid_request", 9_002_332, "", Reason::TenantIdInvalid),
        (400, "invalid_request", 90_038, "", Reason::WrongCloud),
        (400, "invalid_request", 90_051, "", Reason::WrongCloud),
        (400, "invalid_instance", 50_049, "", Reason::WrongCloud),
        (400, "invalid_request", 900_439, "", Reason::WrongCloud),
        (400, "invalid_request", 900_382, "", Reason::WrongCloud),
        (400, "invalid_request", 900_432, "", Reason::WrongCloud),
        (400, "interaction_required", 5_000_224, "", Reason::TenantBlocked),
        (400, "invalid_grant", 5_000_225, "", Reason::TenantBlocked),
        (400, "access_denied", 50_002, "", Reason::TenantRestricted),
        (400, "invalid_request", 500_021, "", Reason::TenantRestricted),
        (400, "invalid_request", 500_022, "", Reason::TenantRestricted),
        (400, "invalid_scope", 1_002_012, "", Reason::ScopeInvalid),
        (400, "invalid_request", 90_009, "", Reason::ScopeInvalid),
        (400, "invalid_request", 1_002_016, "", Reason::TlsProtocolTooOld),
        (400, "invalid_scope", 70_011, "", Reason::ScopeInvalid),
        (400, "invalid_request", 90_014, "", Reason::TokenRequestMalformed),
        (400, "invalid_request", 90_023, "", Reason::TokenRequestMalformed),
        (400, "invalid_request", 900_144, "", Reason::TokenRequestMalformed),
        (400, "invalid_request", 9_002_313, "", Reason::TokenRequestMalformed),
        (400, "invalid_grant", 9_002_313, "", Reason::TokenRequestMalformed),
        (400, "unsupported_grant_type", 70_003, "", Reason::TokenRequestMalformed),
        (400, "invalid_resource", 500_011, "", Reason::ResourceNotFound),
        (401, "invalid_client", 650_052, "", Reason::ResourceNotFound),
        (400, "invalid_resource", 500_014, "", Reason::ResourceDisabled),
        (400, "invalid_grant", 50_105, "", Reason::ApplicationNotAssigned),
        (400, "invalid_grant", 501_051, "", Reason::ApplicationNotAssigned),
        (400, "invalid_grant", 53_003, "", Reason::ConditionalAccessBlocked),
        (400, "interaction_required", 53_003, "message_only", Reason::ConditionalAccessBlocked),
        (400, "unauthorized_client", 530_032, "", Reason::ConditionalAccessBlocked),
        (400, "interaction_required", 53_000, "message_only", Reason::ConditionalAccessBlocked),
        (400, "interaction_required", 53_001, "message_only", Reason::ConditionalAccessBlocked),
        (400, "interaction_required", 53_002, "message_only", Reason::ConditionalAccessBlocked),
        (400, "interaction_required", 530_002, "message_only", Reason::ConditionalAccessBlocked),
        (400, "interaction_required", 530_003, "message_only", Reason::ConditionalAccessBlocked),
        (400, "unauthorized_client", 530_035, "", Reason::ConditionalAccessBlocked),
        (400, "invalid_grant", 50_196, "", Reason::TokenThrottled),
        (400, "invalid_request", 90_055, "", Reason::TokenThrottled),
        (503, "temporarily_unavailable", 90_033, "", Reason::TokenServiceUnavailable),
        (400, "invalid_request", 90_036, "", Reason::TokenServiceUnavailable),
        (400, "invalid_request", 90_092, "", Reason::TokenServiceUnavailable),
        (503, "temporarily_unavailable", 90_006, "", Reason::TokenServiceUnavailable),
        (400, "temporarily_unavailable", 90_024, "", Reason::TokenServiceUnavailable),
        (504, "temporarily_unavailable", 90_090, "", Reason::TokenServiceUnavailable),
        (503, "temporarily_unavailable", 90_012, "", Reason::TokenServiceUnavailable),
        (400, "temporarily_unavailable", 50_033, "", Reason::TokenServiceUnavailable),
        // A number that is in no table: the status, then what the word says of the service, then nothing.
        (429, "invalid_request", 7_999_999, "", Reason::TokenThrottled),
        (503, "invalid_client", 7_999_999, "", Reason::TokenServiceUnavailable),
        (400, "temporarily_unavailable", 7_999_999, "", Reason::TokenServiceUnavailable),
        (401, "invalid_client", 7_999_999, "", Reason::TokenRefused),
        (400, "invalid_scope", 7_999_999, "", Reason::TokenRefused),
        (400, "interaction_required", 7_999_999, "message_only", Reason::TokenRefused),
        (400, "access_denied", 7_999_999, "", Reason::TokenRefused),
        // Those of users: if one appears, the wrong flow is spoken.
        (400, "invalid_grant", 65_001, "consent_required", Reason::TokenRefused),
        (400, "invalid_grant", 70_043, "token_expired", Reason::TokenRefused),
        (400, "invalid_grant", 50_173, "bad_token", Reason::TokenRefused),
        (401, "invalid_client", 650_051, "", Reason::TokenRefused),
        (400, "invalid_resource", 650_057, "", Reason::TokenRefused),
        (400, "invalid_grant", 50_034, "", Reason::TokenRefused),
    ];

    #[test]
    fn parse_refusal_of_every_number_gives_its_reason() {
        let untested = |code: &&u64| !ROWS.iter().any(|(_, _, sent, ..)| sent == *code);
        let untested: Vec<_> = AADSTS.iter().flat_map(|(codes, _)| *codes).filter(untested).collect();
        assert!(untested.is_empty(), "numbers without a row: {untested:?}");
        for (status, error, code, suberror, reason) in ROWS {
            let mut body = serde_json::json!({
                "error": error,
                // The text says something else: it is not for programs.
                "error_description": "AADSTS7000215: Trace ID: t Correlation ID: c Timestamp: 2026-11-23 18:00:00Z",
                "error_codes": [code],
                "correlation_id": "c",
            });
            if !suberror.is_empty() {
                body["suberror"] = (*suberror).into();
            }
            let head = ResponseHead { status: StatusCode::from_u16(*status).expect("a status"), headers: &HeaderMap::new() };
            let evidence = |body: &serde_json::Value| {
                let fault = parse_refusal(head, body.to_string().as_bytes(), true).fault;
                (fault.reason, fault.evidence.code)
            };
            assert_eq!(evidence(&body), (*reason, Some(code.to_string())), "{status} {error} {code} {suberror}");
            // An answer of the old kind has the number in its text alone.
            body["error_codes"] = serde_json::Value::Null;
            body["error_description"] = format!("AADSTS{code}: text").into();
            assert_eq!(evidence(&body), (*reason, Some(code.to_string())), "{code} in the text");
        }
    }

    #[test]
    fn parse_refusal_of_a_number_with_several_meanings_goes_by_its_words() {
        for (codes, words, reason, recognized) in [
            (
                "70002,50012",
                "Error validating credentials. AADSTS50012: Invalid client secret is provided.",
                Reason::ClientSecretWrong,
                true,
            ),
            ("50012,70002", "AADSTS50012: INVALID  CLIENT SECRET is provided.", Reason::ClientSecretWrong, true),
            ("70002,50012", "Client assertion contains an invalid signature.", Reason::ClientAssertionSignatureWrong, true),
            ("50012", "Client assertion audience claim does not match Realm issuer", Reason::ClientCertificateRefused, true),
            ("50012", "Authentication failed.", Reason::ClientCredentialRefused, false),
            ("700027", "[Reason - The key was not found.]", Reason::ClientCertificateNotRegistered, true),
            ("700027", "[Reason - The signature value did not match.]", Reason::ClientAssertionSignatureWrong, true),
            ("700027", "no", Reason::ClientCertificateRefused, false),
            (
                "1000502",
                "The provided certificate is not within its specified validity period.",
                Reason::ClientCertificateExpired,
                false,
            ),
            (
                "70002",
                "The request body must contain the following parameter: 'client_secret'.",
                Reason::ClientSecretMissing,
                true,
            ),
            ("70002", "Error validating credentials.", Reason::ClientCredentialRefused, false),
            ("90023", "Public clients can\u{2019}t send a client secret.", Reason::ClientIsPublic, true),
            ("90023", "Unable to retrieve tenant's service key.", Reason::TokenServiceUnavailable, true),
            ("90023", "Invalid STS request.", Reason::TokenRequestMalformed, false),
            ("50000,90092", "There was an error issuing a token.", Reason::TokenServiceUnavailable, true),
            ("7000215,424242", "no", Reason::ClientSecretWrong, true),
            ("424242,434343", "no", Reason::TokenRefused, false),
        ] {
            for bom in ["", "\u{feff}"] {
                let body = format!(
                    r#"{bom}{{"error":"invalid_client","error_codes":[{codes}],"error_description":"AADSTS1: {words}"}}"#
                );
                let head = ResponseHead { status: StatusCode::UNAUTHORIZED, headers: &HeaderMap::new() };
                let fault = parse_refusal(head, body.as_bytes(), true).fault;
                assert_eq!((fault.reason, fault.evidence.unrecognized), (reason, !recognized), "{codes} {words}");
            }
        }
    }
}
