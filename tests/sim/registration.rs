//! The expiry of the application's credentials, as Graph shows it to the `token` check.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use m365_probe::check::Means;
use m365_probe::credential::SecretSource;
use m365_probe::kind::Check;
use m365_probe::levels::{self, Limits};
use m365_probe::outcome::Registration;
use m365_probe::probe::{Probe, Slots};
use m365_probe::reason::Reason;
use m365_probe::secret::Secret;
use m365_probe::sim::{READ_ALL, Running, Tenant, start};

const DAY: Duration = Duration::from_secs(86_400);

/// The `token` check of a running tenant, which asks Graph too.
struct Asking {
    tenant: Running,
    probe: Probe,
    means: Means,
    secret_file: PathBuf,
}

impl Asking {
    async fn of(tenant: Tenant) -> Self {
        Self::declaring(tenant, None).await
    }

    /// The same where `expires` stands in the configuration.
    async fn declaring(tenant: Tenant, expires: Option<SystemTime>) -> Self {
        let tenant = start(tenant).await.unwrap();
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("registration-{}", tenant.ports().login));
        std::fs::create_dir_all(&directory).unwrap();
        let settings = tenant.settings(&tenant.write_ca(&directory).unwrap());
        let means = Means::new(&settings.network).unwrap();
        std::fs::remove_dir_all(&directory).unwrap();
        let mut token = settings.probes.into_iter().find(|probe| probe.id.check == Check::Token).unwrap();
        let secret_file = directory.with_extension("secret");
        let configured = Arc::make_mut(&mut token.tenant);
        configured.credential = SecretSource::File(secret_file.clone()).into();
        configured.credential_expires = expires;
        let asking = Self { tenant, probe: Probe::new(token, &Slots::default()).unwrap(), means, secret_file };
        asking.change_secret("first8Q~of.no_use.to-anybody-anywhere-at-all");
        asking
    }

    /// As an administrator makes a new secret and brings it to the probe.
    fn change_secret(&self, secret: &str) {
        std::fs::write(&self.secret_file, secret).unwrap();
        self.tenant.change(|tenant| tenant.application.secret = Secret::new(secret));
    }

    /// Returns the reasons of the warnings that the levels make.
    async fn warned(&self) -> Vec<Reason> {
        let outcome = self.probe.run(&self.means, None).await;
        levels::warnings(&outcome, &Limits::default(), SystemTime::now()).map(|warning| warning.reason).collect()
    }

    /// Runs the check, which must succeed, and returns the registration that it learns.
    async fn learn(&self) -> Registration {
        let outcome = self.probe.run(&self.means, None).await;
        assert!(outcome.is_ok(), "{:?}", outcome.verdict);
        outcome.facts.registration.unwrap()
    }

    /// In how many days the secret in use expires, rounded.
    async fn days(&self) -> Option<u64> {
        let left = self.learn().await.in_use_expires(SystemTime::now())?.duration_since(SystemTime::now()).unwrap();
        Some((left + DAY / 2).as_secs() / DAY.as_secs())
    }
}

#[tokio::test]
async fn who_may_not_read_it_knows_nothing_and_nothing_has_expired() {
    let mut tenant = Tenant::contoso();
    tenant.application.roles.retain(|role| role != READ_ALL);
    let asking = Asking::of(tenant).await;
    assert_eq!(asking.learn().await, Registration::NotPermitted);
    assert_eq!(asking.warned().await, []);
}

#[tokio::test]
async fn a_declared_end_that_is_past_is_out_of_date_unless_graph_shows_another() {
    let past = SystemTime::now() - DAY;
    let mut unread = Tenant::contoso();
    unread.application.roles.retain(|role| role != READ_ALL);
    assert_eq!(Asking::declaring(unread, Some(past)).await.warned().await, [Reason::CredentialExpiryOutdated]);
    assert_eq!(Asking::declaring(Tenant::contoso(), Some(past)).await.warned().await, []);
}

#[tokio::test]
async fn it_is_asked_for_every_six_hours_and_kept_while_nobody_answers() {
    let asking = Asking::of(Tenant::contoso()).await;
    let expires = |days: u32| asking.tenant.change(|tenant| tenant.application.secret_expires = SystemTime::now() + DAY * days);
    assert_eq!(asking.days().await, Some(97));
    expires(20);
    assert_eq!(asking.days().await, Some(97), "it was read just now");
    pass(Duration::from_secs(6 * 3600)).await;
    assert_eq!(asking.days().await, Some(20));
    expires(10);
    asking.tenant.set_fault("connection_closed@graph").unwrap();
    pass(Duration::from_secs(6 * 3600)).await;
    assert_eq!(asking.days().await, Some(20), "Graph said nothing newer");
}

#[tokio::test]
async fn of_a_new_secret_it_is_asked_for_at_once() {
    let asking = Asking::of(Tenant::contoso()).await;
    let expires = |days: u32| asking.tenant.change(|tenant| tenant.application.secret_expires = SystemTime::now() + DAY * days);
    expires(5);
    assert_eq!(asking.days().await, Some(5));
    expires(700);
    asking.change_secret("second8Q~of.no_use.to-anybody-anywhere-at-al");
    assert_eq!(asking.days().await, Some(700));
}

impl Drop for Asking {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.secret_file);
    }
}

/// Lets so much time pass at once.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}
