//! An application that signs in with a certificate: what it learns, each refusal, and a renewal while it runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use m365_probe::check::Means;
use m365_probe::credential::{CertificateFiles, CertificateSource, Credential, SecretSource};
use m365_probe::kind::Check;
use m365_probe::levels::{self, Limits, State};
use m365_probe::outcome::{CredentialKind, Outcome, Phase, Registration};
use m365_probe::probe::{Probe, Slots};
use m365_probe::reason::{Owner, Reason};
use m365_probe::sim::{ClientCertificate, Running, Tenant, start};

/// The `token` check of a running tenant.
struct Asking {
    tenant: Running,
    probe: Probe,
    means: Means,
    directory: PathBuf,
}

impl Drop for Asking {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

impl Asking {
    /// With the tenant's certificate in memory, and the fault `name` in force unless it is empty.
    async fn with_fault(name: &str) -> Self {
        Self::new(name, |_, _| None).await
    }

    /// With the tenant's certificate in files that a test replaces.
    async fn with_files() -> Self {
        Self::new("", |tenant, directory| {
            let certificate = &tenant.application.certificates[0];
            write_pair(directory, certificate);
            let file = |name: &str| SecretSource::File(directory.join(name));
            let files = CertificateFiles::Pem { certificate: file("app.pem"), key: Some(file("app.key")), password: None };
            Some(Credential::Certificate(CertificateSource::new(files, None)))
        })
        .await
    }

    async fn new(fault: &str, credential: impl FnOnce(&Tenant, &Path) -> Option<Credential>) -> Self {
        let configured = Tenant::contoso().with_certificate().unwrap();
        let tenant = start(configured.clone()).await.unwrap();
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("certificate-{}", tenant.ports().login));
        std::fs::create_dir_all(&directory).unwrap();
        if !fault.is_empty() {
            tenant.set_fault(fault).unwrap();
        }
        let settings = tenant.settings(&tenant.write_ca(&directory).unwrap());
        let means = Means::new(&settings.network).unwrap();
        let mut token = settings.probes.into_iter().find(|probe| probe.id.check == Check::Token).unwrap();
        token.timeout = Duration::from_secs(60);
        if let Some(credential) = credential(&configured, &directory) {
            Arc::make_mut(&mut token.tenant).credential = credential;
        }
        Self { tenant, probe: Probe::new(token, &Slots::default()).unwrap(), means, directory }
    }

    async fn run(&self) -> Outcome {
        self.probe.run(&self.means, None).await
    }
}

fn write_pair(directory: &Path, certificate: &ClientCertificate) {
    std::fs::write(directory.join("app.pem"), &certificate.certificate).unwrap();
    std::fs::write(directory.join("app.key"), certificate.key.expose()).unwrap();
}

#[tokio::test]
async fn token_with_a_certificate_learns_its_end_and_finds_it_among_those_registered() {
    let asking = Asking::with_fault("").await;
    let outcome = asking.run().await;
    assert!(outcome.is_ok(), "{:?}", outcome.verdict);
    let certificate = outcome.facts.certificate.as_ref().unwrap();
    assert_eq!(
        (certificate.subject.as_str(), certificate.thumbprint.len(), certificate.fingerprint.len()),
        ("CN=m365-probe", 40, 64)
    );
    assert_eq!(outcome.facts.credential_expires, Some(certificate.not_after));
    let Some(Registration::Read { credentials, .. }) = &outcome.facts.registration else { panic!("read") };
    let in_use: Vec<_> = credentials.iter().filter(|one| one.in_use).map(|one| (one.kind, one.expires)).collect();
    assert_eq!(in_use, [(CredentialKind::Certificate, Some(certificate.not_after))]);
    assert_eq!(levels::judge(&outcome, &Limits::default(), SystemTime::now()).state, State::Ok);
}

#[tokio::test]
async fn token_with_a_certificate_that_ends_soon_is_a_warning_by_any_limit_of_credentials() {
    let asking = Asking::with_fault("credential_expiring").await;
    let outcome = asking.run().await;
    let judged = |warning: &str, critical: &str| {
        let limits = Limits::parse(&[warning.to_owned()], &[critical.to_owned()]).unwrap();
        levels::judge(&outcome, &limits, SystemTime::now()).state
    };
    let usual = levels::judge(&outcome, &Limits::default(), SystemTime::now());
    assert_eq!((usual.state, usual.warnings[0].reason), (State::Critical, Reason::CredentialExpiring));
    assert_eq!(judged("credential_days=9:", "credential_days=2:"), State::Warning);
    assert_eq!(judged("secret_days=9:", "secret_days=2:"), State::Critical, "of secrets alone");
}

#[tokio::test]
async fn each_refusal_of_a_certificate_names_its_reason_owner_and_thumbprint() {
    use Owner::{ApplicationOwner, Here};
    for (reason, owner, code) in [
        (Reason::ClientCertificateNotRegistered, ApplicationOwner, "700027"),
        (Reason::ClientCertificateExpired, ApplicationOwner, "1000502"),
        (Reason::ClientCertificateNotYetValid, Here, "1000502"),
        (Reason::ClientCertificateRevoked, ApplicationOwner, "7000214"),
        (Reason::ClientAssertionSignatureWrong, ApplicationOwner, "700027"),
        (Reason::ClientAssertionOutOfTime, Here, "700024"),
        (Reason::ClientCertificateRefused, ApplicationOwner, "50027"),
    ] {
        let asking = Asking::with_fault(reason.code()).await;
        let outcome = asking.run().await;
        let failure = outcome.failure().unwrap();
        assert_eq!((failure.phase, failure.reason, failure.reason.owner()), (Phase::Token, reason, owner), "{failure:?}");
        assert_eq!(failure.evidence.code.as_deref(), Some(code), "{failure:?}");
        let (said, thumbprint) = (failure.evidence.said.clone().unwrap(), outcome.facts.certificate.unwrap().thumbprint);
        assert!(
            said.contains(&format!("(signed with the certificate CN=m365-probe (thumbprint {thumbprint}, SHA-256 ")),
            "{said}"
        );
        assert_eq!(said.contains("s behind Entra's"), reason == Reason::ClientAssertionOutOfTime, "{said}");
    }
}

/// Half of the pair first, then the other: no run fails, and the one between warns. A certificate is registered before it is used.
#[tokio::test]
async fn certificate_that_is_renewed_file_by_file_while_it_is_used_fails_no_run() {
    let asking = Asking::with_files().await;
    let thumbprint = |outcome: &Outcome| outcome.facts.certificate.as_ref().unwrap().thumbprint.clone();
    let warned = |outcome: &Outcome| outcome.facts.warnings.iter().map(|warning| warning.reason).collect::<Vec<_>>();
    let before = asking.run().await;
    let renewed = ClientCertificate::foreign().unwrap();
    let successor = renewed.clone();
    asking.tenant.change(move |tenant| tenant.application.certificates.push(successor));
    std::fs::write(asking.directory.join("app.key"), renewed.key.expose()).unwrap();
    let between = asking.run().await;
    std::fs::write(asking.directory.join("app.pem"), &renewed.certificate).unwrap();
    let after = asking.run().await;
    assert!([&before, &between, &after].iter().all(|outcome| outcome.is_ok()), "{:?}", between.verdict);
    assert_eq!([&before, &between, &after].map(warned), [vec![], vec![Reason::ClientKeyMismatch], vec![]]);
    assert_eq!(thumbprint(&between), thumbprint(&before));
    assert_ne!(thumbprint(&after), thumbprint(&before));
}

/// As cert-manager does it: both files lie in a directory to which a symbolic link leads, and the link is replaced.
#[tokio::test]
async fn certificate_that_is_renewed_by_a_symbolic_link_is_used_with_the_next_request() {
    let asking = Asking::with_files().await;
    let renewed = ClientCertificate::foreign().unwrap();
    let (old, new) = (asking.directory.join("..1"), asking.directory.join("..2"));
    for (directory, certificate) in [(&old, &ClientCertificate::shared().unwrap()), (&new, &renewed)] {
        std::fs::create_dir(directory).unwrap();
        write_pair(directory, certificate);
    }
    let point_to = |directory: &Path| {
        let link = asking.directory.join("..data.new");
        std::os::unix::fs::symlink(directory, &link).unwrap();
        std::fs::rename(&link, asking.directory.join("..data")).unwrap();
    };
    point_to(&old);
    for name in ["app.pem", "app.key"] {
        std::fs::remove_file(asking.directory.join(name)).unwrap();
        std::os::unix::fs::symlink(format!("..data/{name}"), asking.directory.join(name)).unwrap();
    }
    let before = asking.run().await;
    asking.tenant.change(|tenant| tenant.application.certificates.push(ClientCertificate::foreign().unwrap()));
    point_to(&new);
    let after = asking.run().await;
    assert!(before.is_ok() && after.is_ok() && after.facts.warnings.is_empty(), "{:?}", after.verdict);
    assert_ne!(before.facts.certificate.unwrap().thumbprint, after.facts.certificate.unwrap().thumbprint);
}
