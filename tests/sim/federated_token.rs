//! An application that signs in with the token of another identity provider: each refusal, and a token that is replaced.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use m365_probe::check::Means;
use m365_probe::credential::{Credential, SecretSource};
use m365_probe::kind::Check;
use m365_probe::outcome::{Outcome, Phase};
use m365_probe::probe::{Probe, Slots};
use m365_probe::reason::Reason;
use m365_probe::secret::Secret;
use m365_probe::sim::{Tenant, start};

/// Returns the outcome of the `token` check while the fault `name` is in force, unless it is empty; `token` replaces the good one.
async fn outcome(name: &str, token: Option<&str>) -> Outcome {
    let tenant = start(Tenant::contoso().with_federated_credential()).await.unwrap();
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("federated-{}", tenant.ports().login));
    std::fs::create_dir_all(&directory).unwrap();
    let settings = tenant.settings(&tenant.write_ca(&directory).unwrap());
    let means = Means::new(&settings.network).unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
    let mut probe = settings.probes.into_iter().find(|probe| probe.id.check == Check::Token).unwrap();
    probe.timeout = Duration::from_secs(60);
    if let Some(token) = token {
        let source = SecretSource::InMemory(Secret::new(token));
        Arc::make_mut(&mut probe.tenant).credential = Credential::FederatedToken(source);
    }
    if !name.is_empty() {
        tenant.set_fault(name).unwrap();
    }
    Probe::new(probe, &Slots::default()).unwrap().run(&means, None).await
}

#[tokio::test]
async fn token_with_a_federated_token_works_and_has_no_expiry_of_a_credential() {
    let outcome = outcome("", None).await;
    assert!(outcome.is_ok(), "{:?}", outcome.verdict);
    assert_eq!(outcome.facts.credential_expires, None);
}

#[tokio::test]
async fn each_refusal_of_a_federated_token_names_its_reason_and_what_is_compared() {
    for (reason, code) in [
        (Reason::FederatedCredentialMissing, "70025"),
        (Reason::FederatedIssuerDiffers, "700211"),
        (Reason::FederatedSubjectDiffers, "700213"),
        (Reason::FederatedAudienceDiffers, "700212"),
        (Reason::FederatedIssuerUnreachable, "90061"),
        (Reason::FederatedKeysUnreadable, "900612"),
        (Reason::FederatedKeyUnknown, "7000272"),
        (Reason::FederatedCredentialUnknown, "70021"),
        (Reason::FederationForbidden, "700223"),
    ] {
        let outcome = outcome(reason.code(), None).await;
        let failure = outcome.failure().unwrap();
        assert_eq!((failure.phase, failure.reason), (Phase::Token, reason), "{failure:?}");
        assert_eq!(failure.evidence.code.as_deref(), Some(code), "{failure:?}");
        let said = failure.evidence.said.as_deref().unwrap();
        let compared = "(a token of issuer `https://oidc.cluster.example/contoso/` for subject \
                        `system:serviceaccount:monitoring:m365-probe` and audience `api://AzureADTokenExchange`, valid until 2";
        assert!(said.contains(compared), "{said}");
    }
}

#[tokio::test]
async fn federated_token_of_no_use_is_not_sent() {
    let outcome = outcome("", Some("no token")).await;
    let failure = outcome.failure().unwrap();
    assert_eq!((failure.phase, failure.reason), (Phase::Token, Reason::FederatedTokenUnusable), "{failure:?}");
    assert!(outcome.facts.endpoints.is_empty(), "nobody was asked");
}
