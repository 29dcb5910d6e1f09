//! Entra's error numbers for client credentials, and what each means.
//! <https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes>

use crate::reason::Reason;

/// What the number means; `None` for one that is not in the catalogue.
pub(super) fn reason(code: u64) -> Option<Reason> {
    TABLE.iter().find(|(codes, _)| codes.contains(&code)).map(|(_, reason)| *reason)
}

const TABLE: &[(&[u64], Reason)] = &[
    // The credential.
    (&[7_000_215], Reason::ClientSecretWrong),
    (&[7_000_222], Reason::ClientSecretExpired),
    (&[7_000_216, 7_000_218], Reason::ClientSecretMissing),
    (&[700_025], Reason::ClientIsPublic),
    // A certificate: not registered, out of its time (or our clock is), revoked, for another subject or audience.
    (&[700_027, 700_024, 1_000_502, 7_000_214, 700_030, 50_012, 50_027, 5_002_730], Reason::ClientCredentialRefused),
    // A federated credential: no record matches its issuer, subject or audience.
    (&[70_021, 700_211, 700_212, 700_213, 7_002_137, 7_002_138, 700_229], Reason::ClientCredentialRefused),
    // The application and the tenant.
    (&[700_016, 70_001], Reason::ApplicationNotFound),
    (&[7_000_229], Reason::ServicePrincipalMissing),
    (&[7_000_112, 1_000_031], Reason::ApplicationDisabled),
    (&[90_002], Reason::TenantNotFound),
    // No tenant, no such form of a tenant, or `common`, which has no tokens for applications.
    (&[900_023, 900_021, 50_059, 90_019, 50_194, 9_001_023], Reason::TenantIdInvalid),
    (&[90_038, 900_382, 900_432], Reason::WrongCloud),
    (&[5_000_224, 5_000_225], Reason::TenantBlocked),
    (&[500_021, 500_022], Reason::TenantRestricted),
    (&[53_003, 530_032, 530_035], Reason::ConditionalAccessBlocked),
    // The scope and the request.
    (&[1_002_012, 70_011], Reason::ScopeInvalid),
    (&[500_011], Reason::ResourceNotFound),
    (&[500_014], Reason::ResourceDisabled),
    // The resource demands that applications be assigned to one of its roles.
    (&[50_105, 501_051], Reason::TokenRoleMissing),
    (&[90_014, 900_144, 9_002_313, 70_003], Reason::TokenRequestMalformed),
    // The service.
    (&[50_196, 90_055], Reason::TokenThrottled),
    (&[90_033, 90_006, 90_024, 90_090, 90_012, 50_033], Reason::TokenServiceUnavailable),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_means_two_things() {
        let mut seen = std::collections::HashSet::new();
        assert!(TABLE.iter().flat_map(|(codes, _)| *codes).all(|code| seen.insert(code)));
    }

    #[test]
    fn numbers_that_look_alike_are_told_apart() {
        assert_eq!(reason(7_000_229), Some(Reason::ServicePrincipalMissing));
        assert_eq!(reason(700_229), Some(Reason::ClientCredentialRefused));
        assert_eq!(reason(7_000_215), Some(Reason::ClientSecretWrong));
        assert_eq!(reason(7_000_222), Some(Reason::ClientSecretExpired));
        assert_eq!(reason(500_011), Some(Reason::ResourceNotFound));
        assert_eq!(reason(65_001), None);
        assert_eq!(reason(u64::MAX), None);
    }
}
