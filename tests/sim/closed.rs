//! A mailbox that must stay closed to the application, beside one that it may open.

use std::collections::BTreeMap;
use std::path::PathBuf;

use m365_probe::check::Means;
use m365_probe::diagnosis::{Confidence, diagnose};
use m365_probe::kind::Check;
use m365_probe::outcome::Outcome;
use m365_probe::probe::{Probe, Slots};
use m365_probe::reason::Reason;
use m365_probe::settings::Expectation;
use m365_probe::sim::{Tenant, start};

use crate::peer::PRAXIS;

pub const CLOSED: &str = "personal@contoso.example";
const CHECKS: [Check; 5] = [Check::Pop3, Check::Imap, Check::Smtp, Check::Ews, Check::Graph];

/// Runs each check of the mailboxes `addresses`, of one after the other, and returns the outcomes of the one that must stay closed.
async fn outcomes(faults: &[&str], addresses: &[&str]) -> BTreeMap<Check, Outcome> {
    let tenant = start(Tenant::contoso().with_closed_mailbox()).await.unwrap();
    for fault in faults {
        tenant.set_fault(fault).unwrap();
    }
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("closed-{}", tenant.ports().login));
    std::fs::create_dir_all(&directory).unwrap();
    let settings = tenant.settings(&tenant.write_ca(&directory).unwrap());
    let (means, slots) = (Means::new(&settings.network).unwrap(), Slots::default());
    let mut outcomes = BTreeMap::new();
    for address in addresses {
        let of_mailbox = |probe: &&_| CHECKS.contains(&check(probe)) && is_of(probe, address);
        for probe in settings.probes.iter().filter(of_mailbox) {
            assert_eq!(probe.expect == Expectation::Denied, *address == CLOSED, "{}", probe.id);
            let outcome = Probe::new(probe.clone(), &slots).unwrap().run(&means, None).await;
            if *address == CLOSED {
                outcomes.insert(outcome.probe.check, outcome);
            }
        }
    }
    std::fs::remove_dir_all(&directory).unwrap();
    outcomes
}

fn check(probe: &m365_probe::settings::ProbeSettings) -> Check {
    probe.id.check
}

fn is_of(probe: &m365_probe::settings::ProbeSettings, address: &str) -> bool {
    probe.address.as_deref() == Some(address)
}

#[tokio::test]
async fn closed_mailbox_beside_one_that_opens_is_ok_and_names_the_refusal() {
    for (check, outcome) in outcomes(&[], &[PRAXIS, CLOSED]).await {
        let unclear = check.is_mail();
        let refusal =
            if unclear { vec![Reason::AuthRefused, Reason::MailboxNotConnected] } else { vec![Reason::ImpersonationDenied] };
        assert!(outcome.is_ok(), "{check}: {outcome:?}");
        assert!(refusal.contains(&outcome.facts.stays_closed.unwrap()), "{check}: {:?}", outcome.facts.stays_closed);
        assert_eq!(diagnose([&outcome]), [], "{check}");
    }
}

#[tokio::test]
async fn closed_mailbox_alone_is_refusal_ambiguous_where_the_reply_could_be_an_outage() {
    for (check, outcome) in outcomes(&[], &[CLOSED]).await {
        let reason = outcome.failure().map(|failure| failure.reason);
        assert_eq!(reason, check.is_mail().then_some(Reason::RefusalAmbiguous), "{check}");
        assert_eq!(outcome.facts.stays_closed.is_some(), !check.is_mail(), "{check}");
    }
}

#[tokio::test]
async fn closed_mailbox_that_opens_is_access_too_broad() {
    let outcomes = outcomes(&["access_too_broad"], &[PRAXIS, CLOSED]).await;
    assert_eq!(outcomes.len(), CHECKS.len());
    for (check, outcome) in outcomes {
        let causes = diagnose([&outcome]);
        let sure = if check == Check::Smtp { Confidence::Likely } else { Confidence::Certain };
        assert_eq!(causes.len(), 1, "{check}");
        assert_eq!((causes[0].reason, causes[0].confidence), (Reason::AccessTooBroad, sure), "{check}");
        assert_eq!(causes[0].mailbox.as_deref(), Some("personal"), "{check}");
        let (said, heard) = match check {
            Check::Pop3 => ("STAT", "+OK 5 "),
            Check::Imap => ("STATUS INBOX", "* STATUS INBOX (MESSAGES 5"),
            Check::Smtp => ("<secret>", "235 2.7.0"),
            _ => ("", "200"),
        };
        let evidence = &causes[0].evidence;
        assert!(evidence.said.as_deref().is_some_and(|text| text.contains(said)), "{check}: {evidence:?}");
        assert!(evidence.heard.as_deref().is_some_and(|text| text.contains(heard)), "{check}: {evidence:?}");
    }
}

#[tokio::test]
async fn closed_mailbox_that_does_not_exist_stays_a_failure() {
    let outcomes = outcomes(&["mailbox_not_found@personal"], &[PRAXIS, CLOSED]).await;
    assert_eq!(outcomes[&Check::Graph].failure().map(|failure| failure.reason), Some(Reason::MailboxNotFound));
}
