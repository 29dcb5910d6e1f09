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

/// Runs one of the tenant's checks once, with a timeout of ten seconds.
pub async fn run(check: Check, cloud: Cloud, means: &Means) -> Outcome {
    let tenant = Tenant::new("contoso", cloud, "contoso.example", "client", SecretSource::InMemory(Secret::new("secret")));
    let id = ProbeId { tenant: "contoso".to_owned(), mailbox: None, check };
    let settings = ProbeSettings { timeout: Duration::from_secs(10), ..ProbeSettings::new(id, Arc::new(tenant), None) };
    Probe::new(settings, &Slots::default()).expect("a check").run(means, None).await
}

/// Returns the phase and reason of the failure.
pub fn failed(outcome: &Outcome) -> Option<(Phase, Reason)> {
    outcome.failure().map(|failure| (failure.phase, failure.reason))
}
