//! POP3 and IMAP on the ports that begin in the clear, through the checks: the upgrade, and every way to be denied it.

use std::path::PathBuf;
use std::sync::Arc;

use m365_probe::check::Means;
use m365_probe::kind::Check;
use m365_probe::outcome::Phase;
use m365_probe::probe::{Probe, Slots};
use m365_probe::settings;
use m365_probe::sim::{Tenant, start};

#[tokio::test]
async fn pop3_and_imap_with_starttls_succeed_or_fail_with_the_reason_of_the_fault() {
    let running = start(Tenant::contoso()).await.unwrap();
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("upgraded-{}", running.ports().login));
    std::fs::create_dir_all(&directory).unwrap();
    let settings = running.settings(&running.write_ca(&directory).unwrap());
    let means = Means::new(&settings.network).unwrap();
    let tenant = Arc::new(settings::Tenant { cloud: running.cloud_with_starttls(), ..running.tenant() });
    let at_praxis = |check| {
        let mut probes = settings.probes.iter().filter(move |probe| probe.id.check == check);
        let configured = probes.find(|probe| probe.address.as_deref() == Some(crate::peer::PRAXIS)).unwrap().clone();
        settings::ProbeSettings { tenant: Arc::clone(&tenant), ..configured }
    };
    for check in [Check::Pop3, Check::Imap] {
        let probe = Probe::new(at_praxis(check), &Slots::default()).unwrap();
        for fault in ["", "starttls_not_offered", "starttls_refused", "starttls_injection", "tls_certificate_expired"] {
            let named = format!("{fault}@{check}");
            if !fault.is_empty() {
                running.set_fault(&named).unwrap();
            }
            let outcome = probe.run(&means, None).await;
            running.clear_faults();
            let seen = outcome.failure().map_or("", |failure| failure.reason.code());
            assert_eq!(seen, fault, "{named}: {outcome:?}");
            let phases: Vec<Phase> = outcome.phases.iter().map(|span| span.phase).collect();
            let upgrade = phases.iter().position(|phase| *phase == Phase::Starttls).expect("an upgrade");
            let ends_there = fault.starts_with("starttls");
            assert_eq!(phases.get(upgrade + 1), if ends_there { None } else { Some(&Phase::Tls) }, "{named}: {phases:?}");
        }
    }
    std::fs::remove_dir_all(&directory).unwrap();
}
