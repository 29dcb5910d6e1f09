//! The mail in folders, counted with each protocol, and its age.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use m365_probe::check::Means;
use m365_probe::kind::Check;
use m365_probe::outcome::{BacklogFacts, Outcome};
use m365_probe::probe::{Probe, Slots};
use m365_probe::reason::Reason;
use m365_probe::sim::{Mailbox, Running, Tenant, start};

use crate::peer::PRAXIS;

const FOLDER: &str = "Überfälliges & \"mehr\"";
const HOUR: Duration = Duration::from_secs(3600);

/// Runs a check of `praxis` that watches `folders`.
async fn run(tenant: &Running, check: Check, folders: &[&str]) -> Outcome {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("backlog-{}-{check}", tenant.ports().login));
    std::fs::create_dir_all(&directory).unwrap();
    let settings = tenant.settings(&tenant.write_ca(&directory).unwrap());
    let means = Means::new(&settings.network).unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
    let is_meant = |id: &m365_probe::outcome::ProbeId| id.check == check && id.mailbox.as_deref() == Some("praxis");
    let mut probe = settings.probes.into_iter().find(|probe| is_meant(&probe.id)).unwrap();
    probe.timeout = Duration::from_secs(60);
    probe.backlog = folders.iter().map(|&folder| folder.to_owned()).collect();
    Probe::new(probe, &Slots::default()).unwrap().run(&means, None).await
}

/// A mailbox with mail of the last three hours, and a folder of its user's.
fn tenant() -> Tenant {
    let mut tenant = Tenant::contoso();
    let mut mailbox = Mailbox::new(PRAXIS).with_messages(12).received_since(3 * HOUR);
    for name in [FOLDER.to_owned(), format!("{FOLDER}/O'Neil")] {
        mailbox.folders.push(m365_probe::sim::Folder::of_user(&name));
    }
    mailbox
        .messages_of_mut(FOLDER)
        .unwrap()
        .push(Mailbox::new(PRAXIS).with_messages(3).received_since(2 * HOUR).messages[2].clone());
    tenant.mailboxes[0] = mailbox;
    tenant
}

fn is_about(folder: &BacklogFacts, age: Duration) -> bool {
    let slack = Duration::from_secs(300);
    folder.age.is_some_and(|found| found >= age.saturating_sub(slack) && found <= age + slack)
        && folder.oldest.is_some_and(|oldest| oldest <= SystemTime::now())
}

#[tokio::test]
async fn every_protocol_counts_the_same_mail_of_the_same_age() {
    let tenant = start(tenant()).await.unwrap();
    for (check, unread) in [(Check::Imap, Some(4)), (Check::Pop3, None), (Check::Graph, Some(4))] {
        let outcome = run(&tenant, check, &["inbox"]).await;
        assert!(outcome.is_ok(), "{check}: {:?}", outcome.verdict);
        let [inbox] = &outcome.facts.backlog[..] else { panic!("{check}: {:?}", outcome.facts.backlog) };
        assert_eq!((inbox.folder.as_str(), inbox.messages, inbox.unread), ("inbox", Some(12), unread), "{check}");
        assert!(is_about(inbox, 3 * HOUR), "{check}: {inbox:?}");
    }
}

#[tokio::test]
async fn folders_of_any_name_are_counted_and_an_empty_one_has_no_age() {
    let tenant = start(tenant()).await.unwrap();
    let below = format!("{FOLDER}/O'Neil");
    for check in [Check::Imap, Check::Graph] {
        let outcome = run(&tenant, check, &["Archive", FOLDER, &below]).await;
        assert!(outcome.is_ok(), "{check}: {:?}", outcome.verdict);
        let [archive, folder, below] = &outcome.facts.backlog[..] else { panic!("{check}: {:?}", outcome.facts.backlog) };
        assert_eq!((archive.messages, archive.unread, archive.age), (Some(0), Some(0), None), "{check}");
        assert_eq!((folder.messages, folder.unread), (Some(1), Some(1)), "{check}");
        assert!(is_about(folder, 2 * HOUR / 3), "{check}: {folder:?}");
        assert_eq!((below.messages, below.age), (Some(0), None), "{check}");
    }
}

#[tokio::test]
async fn folder_that_does_not_exist_is_folder_not_found() {
    let tenant = start(tenant()).await.unwrap();
    for check in [Check::Imap, Check::Graph] {
        let outcome = run(&tenant, check, &["Nobody's"]).await;
        assert_eq!(outcome.failure().map(|failure| failure.reason), Some(Reason::FolderNotFound), "{check}");
    }
}
