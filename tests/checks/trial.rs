//! A tenant, a cloud and a run to try checks on, without a configuration.

use std::sync::Arc;
use std::time::Duration;

use m365_probe::check::Means;
use m365_probe::cloud::{Cloud, HttpsEndpoint};
use m365_probe::levels::Limits;
use m365_probe::outcome::{Outcome, Phase, ProbeId};
use m365_probe::probe::{Probe, Slots};
use m365_probe::reason::Reason;
use m365_probe::secret::Secret;
use m365_probe::settings::{Authorization, Folder, ProbeSettings, SecretSource, Tenant};

/// A cloud that is no built-in one, with a token endpoint at `host:port` and nothing else.
pub fn lab(host: &str, port: u16) -> Cloud {
    Cloud {
        name: "lab".to_owned(),
        login: HttpsEndpoint { host: host.to_owned(), port, path: String::new() },
        pop3: None,
        imap: None,
        smtp: None,
        ews: None,
        graph: None,
        scope: "https://outlook.office365.com/.default".to_owned(),
        graph_scope: None,
    }
}

/// One run of the tenant's check of that name, with ten seconds of time.
pub async fn run(check: &'static str, cloud: Cloud, means: &Means) -> Outcome {
    let tenant = Tenant {
        name: "contoso".to_owned(),
        cloud,
        tenant_id: "contoso.example".to_owned(),
        client_id: "client".to_owned(),
        credential: SecretSource::Given(Secret::new("secret")),
        credential_expires: None,
        read_expiry: false,
    };
    let settings = ProbeSettings {
        id: ProbeId { tenant: "contoso".to_owned(), mailbox: None, check },
        tenant: Arc::new(tenant),
        address: None,
        interval: Duration::from_secs(60),
        timeout: Duration::from_secs(10),
        limits: Limits::default(),
        folder: Folder::default(),
        authorization: Authorization::Permissions,
    };
    Probe::new(settings, &Slots::default()).expect("a check").run(means, None).await
}

/// Where and why it failed.
pub fn failed(outcome: &Outcome) -> Option<(Phase, Reason)> {
    outcome.failure().map(|failure| (failure.phase, failure.reason))
}
