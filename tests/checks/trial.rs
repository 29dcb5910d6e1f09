//! A tenant, a cloud and a run to try checks on, without a configuration.

use std::sync::Arc;
use std::time::Duration;

use m365_probe::check::Means;
use m365_probe::cloud::{Cloud, HttpsEndpoint};
use m365_probe::credential::SecretSource;
use m365_probe::kind::Check;
use m365_probe::outcome::{Outcome, Phase, ProbeId};
use m365_probe::probe::{Probe, Slots};
use m365_probe::reason::Reason;
use m365_probe::secret::Secret;
use m365_probe::settings::{ProbeSettings, Tenant};

/// Returns a cloud that is no built-in one, with a token endpoint at `host:port` and nothing else.
pub fn lab(host: &str, port: u16) -> Cloud {
    Cloud::new("lab", HttpsEndpoint { host: host.to_owned(), port, path: String::new() })
}

/// Runs a check once, with a timeout of ten seconds.
pub async fn run(check: Check, cloud: Cloud, means: &Means) -> Outcome {
    run_within(Duration::from_secs(10), check, cloud, means).await
}

/// Runs a check of the tenant, or of a mailbox in it, once.
pub async fn run_within(timeout: Duration, check: Check, cloud: Cloud, means: &Means) -> Outcome {
    let secret = SecretSource::InMemory(Secret::new("a-client-secret"));
    let tenant = Tenant::new("contoso", cloud, "contoso.example", "client", secret);
    let address = check.is_of_mailbox().then(|| "box@contoso.example".to_owned());
    let id = ProbeId { tenant: "contoso".to_owned(), mailbox: address.clone(), check };
    let settings = ProbeSettings { timeout, ..ProbeSettings::new(id, Arc::new(tenant), address) };
    let outcome = Probe::new(settings, &Slots::default()).expect("a check").run(means, None).await;
    assert_eq!(outcome.phases.iter().map(|span| span.took).sum::<Duration>(), outcome.took);
    outcome
}

/// Returns a port where nobody listens.
pub fn closed_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port()
}

/// Returns the phase and reason of the failure.
pub fn failed(outcome: &Outcome) -> Option<(Phase, Reason)> {
    outcome.failure().map(|failure| (failure.phase, failure.reason))
}
