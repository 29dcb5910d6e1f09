//! The backlog of a mailbox at Dovecot: its mail counted, and the age of the oldest read, with IMAP and POP3.

use std::fs::{self, File};
use std::os::unix::fs::chown;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::authority::NAMES;
use crate::dovecot::Dovecot;
use crate::lab::{Lab, MAILBOX, MESSAGES, Setup};
use crate::program;

/// The age of the oldest mail.
const AGE: Duration = Duration::from_secs(3 * 86_400);
/// The user id of Debian's `nobody`, who owns the mail.
const NOBODY: u32 = 65_534;
/// A folder of the user's, as Maildir++ names it, and as a person does.
const FOLDER: (&str, &str) = (".Entw&APw-rfe &- mehr", "Entwürfe & mehr");

/// Delivers a mail that was received so long ago to a maildir.
fn deliver(maildir: &Path, name: &str, ago: Duration) {
    for folder in ["", "cur", "new", "tmp"] {
        fs::create_dir_all(maildir.join(folder)).unwrap();
        chown(maildir.join(folder), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let (received, path) = (SystemTime::now() - ago, maildir.join("new").join(name));
    let date = m365_probe::wire::mail::format_date(received);
    let text = format!(
        "Received: from mx.fabrikam.example by mx.contoso.example; {date}\r\nDate: Thu, 1 Jan 2099 00:00:00 +0000\r\n\
         From: a@contoso.example\r\nSubject: a private matter\r\n\r\nHello\r\n"
    );
    fs::write(&path, text).unwrap();
    File::options().write(true).open(&path).unwrap().set_modified(received).unwrap();
}

/// Writes a configuration whose only mailbox has these checks.
fn configuration(lab: &Lab, setup: &Setup, checks: Value) -> std::path::PathBuf {
    let path = setup.write(&lab.scratch, "backlog");
    let mut configuration: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    configuration["tenants"][0]["mailboxes"][0]["checks"] = checks;
    fs::write(&path, configuration.to_string()).unwrap();
    path
}

fn assert_age(folder: &Value, ago: Duration, name: &str) {
    let age = folder["oldest_message_seconds"].as_f64().unwrap_or_else(|| panic!("{name}: {folder:#}"));
    assert!((age - ago.as_secs_f64()).abs() < 300.0, "{name}: {folder:#}");
}

#[test]
fn backlog_at_dovecot_is_counted_with_its_age_by_imap_and_pop3_and_stays_unread() {
    let Some(lab) = Lab::start() else { return };
    let maildir = lab.dovecot.home().join("mail").join(MAILBOX);
    deliver(&maildir, "0.m365.lab", AGE); // in place of the first
    deliver(&maildir.join(FOLDER.0), "0.m365.lab", AGE / 3);
    let checks = json!([
        { "imap": { "backlog": ["INBOX", FOLDER.1], "warning": "oldest_message_seconds=3600" } },
        { "pop3": { "backlog": "INBOX", "critical": "oldest_message_seconds=86400" } },
    ]);
    let path = configuration(&lab, &lab.setup(), checks);
    for (check, exit, unread) in [("imap", 1, json!(MESSAGES)), ("pop3", 2, Value::Null), ("imap", 1, json!(MESSAGES))] {
        let result = program::check(&path, &[check]);
        let outcome = result.outcome();
        assert_eq!((result.exit, &outcome["ok"]), (Some(exit), &json!(true)), "{check}: {:#}", result.report);
        assert_eq!(outcome["warnings"][0]["reason"], "mail_piles_up", "{check}: {:#}", result.report);
        let inbox = &outcome["facts"]["backlog"][0];
        assert_eq!((&inbox["messages"], &inbox["unread"]), (&json!(MESSAGES), &unread), "{check}: {inbox:#}");
        assert_age(inbox, AGE, check);
        assert!(!result.report.to_string().contains("private"), "{check}: {:#}", result.report);
        if check == "imap" {
            let folder = &outcome["facts"]["backlog"][1];
            assert_eq!((&folder["folder"], &folder["messages"], &folder["unread"]), (&json!(FOLDER.1), &json!(1), &json!(1)));
            assert_age(folder, AGE / 3, "the folder");
        }
    }
}

#[test]
fn quota_of_a_mailbox_at_dovecot_is_read() {
    let Some(lab) = Lab::start() else { return };
    let identity = lab.authority.identity(&lab.scratch, "quota", NAMES, 30);
    let quota = "mail_plugins = quota\nprotocol imap {\n  mail_plugins = quota imap_quota\n}\n\
                 plugin {\n  quota = count:User quota\n  quota_rule = *:storage=10M\n  quota_vsizes = yes\n}\n";
    let mailboxes = [(MAILBOX, MESSAGES)];
    let dovecot = Dovecot::start_in("quota", &lab.scratch, &lab.key, &[("127.0.0.1", &identity)], &mailboxes, quota);
    let setup = Setup { imap: format!("imaps://outlook.office365.com:{}", dovecot.imaps), ..lab.setup() };
    let path = configuration(&lab, &setup, json!([{ "imap": { "backlog": "INBOX", "warning": "quota_percent=95" } }]));
    let result = program::check(&path, &["imap"]);
    result.assert_ok("quota");
    let mailbox = &result.outcome()["facts"]["mailbox"];
    assert_eq!(mailbox["quota_bytes"], 10 * 1024 * 1024, "{mailbox:#}\n{}", dovecot.log());
    assert!(mailbox["quota_used_bytes"].as_u64().is_some_and(|used| used < 100_000), "{mailbox:#}");
}

#[test]
fn folder_that_dovecot_does_not_have_is_folder_not_found() {
    let Some(lab) = Lab::start() else { return };
    let path = configuration(&lab, &lab.setup(), json!([{ "imap": { "backlog": "a \" b" } }]));
    program::check(&path, &["imap"]).assert_failed("no such folder", "mailbox", "folder_not_found");
}
