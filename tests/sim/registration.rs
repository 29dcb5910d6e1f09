//! When the application's credentials expire, as Graph tells it to the `token` check.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use m365_probe::check::Means;
use m365_probe::outcome::Registration;
use m365_probe::probe::{Probe, Slots};
use m365_probe::sim::{READ_ALL, Running, Tenant, start};

const DAY: Duration = Duration::from_secs(86_400);

/// The `token` check of a running tenant, which asks Graph too.
struct Asking {
    tenant: Running,
    probe: Probe,
    means: Means,
}

impl Asking {
    async fn of(tenant: Tenant) -> Self {
        let tenant = start(tenant).await.unwrap();
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("registration-{}", tenant.ports().login));
        std::fs::create_dir_all(&directory).unwrap();
        let settings = tenant.settings(&tenant.write_ca(&directory).unwrap());
        let means = Means::new(&settings.network).unwrap();
        std::fs::remove_dir_all(&directory).unwrap();
        let token = settings.probes.into_iter().find(|probe| probe.id.check == "token").unwrap();
        Self { tenant, probe: Probe::new(token, &Slots::default()).unwrap(), means }
    }

    /// What a run that succeeds learns of the registration.
    async fn learn(&self) -> Registration {
        let outcome = self.probe.run(&self.means, None).await;
        assert!(outcome.is_ok(), "{:?}", outcome.verdict);
        outcome.facts.registration.unwrap()
    }

    /// In how many days the secret in use expires, rounded.
    async fn days(&self) -> Option<u64> {
        let left = self.learn().await.in_use_expires()?.duration_since(SystemTime::now()).unwrap();
        Some((left + DAY / 2).as_secs() / DAY.as_secs())
    }
}

#[tokio::test]
async fn who_may_not_read_it_knows_nothing_and_nothing_has_expired() {
    let mut tenant = Tenant::contoso();
    tenant.application.roles.retain(|role| role != READ_ALL);
    assert_eq!(Asking::of(tenant).await.learn().await, Registration::NotPermitted);
}

#[tokio::test]
async fn it_is_asked_for_every_six_hours_and_kept_while_nobody_answers() {
    let asking = Asking::of(Tenant::contoso()).await;
    let expires = |days: u32| asking.tenant.change(|tenant| tenant.application.secret_expires = SystemTime::now() + DAY * days);
    assert_eq!(asking.days().await, Some(200));
    expires(20);
    assert_eq!(asking.days().await, Some(200), "it was read just now");
    pass(Duration::from_secs(6 * 3600)).await;
    assert_eq!(asking.days().await, Some(20));
    expires(10);
    asking.tenant.set_fault("connection_closed@graph").unwrap();
    pass(Duration::from_secs(6 * 3600)).await;
    assert_eq!(asking.days().await, Some(20), "Graph said nothing newer");
}

/// Lets so much time pass at once.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}
