//! The mailboxes, which checks open and leave as they were.

use std::path::PathBuf;
use std::time::Duration;

use m365_probe::check::Means;
use m365_probe::kind::Check;
use m365_probe::probe::{Probe, Slots};
use m365_probe::sim::{Mailbox, Running, Tenant, start};

fn mailboxes(tenant: &Running) -> String {
    let mut mailboxes: Vec<Mailbox> = Vec::new();
    tenant.change(|tenant| mailboxes.clone_from(&tenant.mailboxes));
    format!("{mailboxes:#?}")
}

/// No message is added, removed or marked as read: not by the checks over STARTTLS either.
#[tokio::test]
async fn mailboxes_are_as_they_were_after_every_check() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("untouched-{}", tenant.ports().login));
    std::fs::create_dir_all(&directory).unwrap();
    let settings = tenant.settings(&tenant.write_ca(&directory).unwrap());
    let means = Means::new(&settings.network).unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
    let before = mailboxes(&tenant);
    assert!(before.contains("seen: false") && before.contains("seen: true"), "{before}");
    let mut runs = 0;
    for cloud in [tenant.cloud(), tenant.cloud_with_starttls()] {
        // A round trip sends mail and deletes it: `round_trip.rs` sees that it leaves that of others alone.
        for mut probe in settings.probes.iter().filter(|probe| probe.id.check != Check::RoundTrip).cloned() {
            std::sync::Arc::make_mut(&mut probe.tenant).cloud = cloud.clone();
            probe.timeout = Duration::from_secs(60);
            probe.backlog = vec!["INBOX".to_owned()]; // counted, and the oldest one's age read
            let outcome = Probe::new(probe, &Slots::default()).unwrap().run(&means, None).await;
            assert!(outcome.is_ok(), "{:?}", outcome.verdict);
            runs += 1;
        }
    }
    assert_eq!(runs, 36, "each check of each mailbox, twice");
    assert_eq!(mailboxes(&tenant), before);
}
