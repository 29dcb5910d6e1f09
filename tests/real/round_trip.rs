//! Round trips through Postfix and Dovecot: submitted with XOAUTH2, delivered over LMTP, found with IMAP and POP3, deleted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::dovecot;
use crate::lab::{Lab, MAILBOX, MESSAGES, Setup};
use crate::needs::Part;
use crate::postfix::{self, Postfix};
use crate::program::{self, CheckResult};
use crate::{authority, needs};

/// The part of Dovecot that takes mail, a package of its own.
const LMTP: Part = Part { name: "Dovecot's LMTP", files: &[dovecot::LMTP], as_root: true };

/// A lab whose Postfix delivers to its Dovecot.
struct Trip {
    lab: Lab,
    postfix: Postfix,
}

impl Trip {
    /// Starts the servers, Postfix with the settings `overrides`; `None` where one is not installed.
    fn start(overrides: &str) -> Option<Self> {
        let lab = needs::all_there(&[dovecot::PART, LMTP, postfix::PART]).then(Lab::start).flatten()?;
        let identity = lab.authority.identity(&lab.scratch, "postfix", authority::NAMES, 30);
        let delivery = format!(
            "virtual_mailbox_domains = contoso.example\n\
             virtual_transport = lmtp:unix:{}\n\
             smtpd_reject_unlisted_recipient = no\nqueue_run_delay = 5s\n{overrides}\n",
            lab.dovecot.lmtp_socket().display()
        );
        let postfix = Postfix::start_in("postfix", &lab.scratch, &identity, &lab.dovecot.auth_socket(), &delivery);
        Some(Self { lab, postfix })
    }

    /// Makes a run of the plugin, with a round trip of these options, that takes at most so many seconds.
    fn check(&self, options: &Value, seconds: u32) -> CheckResult {
        let setup = Setup { smtp: format!("smtp://smtp.office365.com:{}", self.postfix.submission), ..self.lab.setup() };
        let path = setup.write(&self.lab.scratch, "trip");
        let mut configuration: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        configuration["tenants"][0]["mailboxes"][0]["checks"] = json!([{ "roundtrip": options }]);
        fs::write(&path, configuration.to_string()).unwrap();
        let state_file = self.lab.scratch.dir("state").join("plugin.json");
        let (timeout, state_file) = (format!("{seconds}s"), state_file.display().to_string());
        program::check(&path, &["roundtrip", "--timeout", &timeout, "--state-file", &state_file])
    }

    /// Returns the number of messages in the inbox.
    fn messages(&self) -> usize {
        let maildir = self.lab.dovecot.home().join("mail").join(MAILBOX);
        let count = |folder: &str| fs::read_dir(maildir.join(folder)).unwrap().count();
        count("new") + count("cur")
    }

    fn postfix_command(&self, program: &str, arguments: &[&str]) {
        let home = self.home();
        let ended = Command::new(program).arg("-c").arg(&home).args(arguments).output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    }

    fn home(&self) -> PathBuf {
        self.lab.scratch.dir("postfix")
    }
}

fn facts(result: &CheckResult) -> Value {
    result.outcome()["facts"]["round_trip"].clone()
}

#[test]
fn mail_through_postfix_and_dovecot_is_found_by_imap_and_pop3_and_deleted() {
    let Some(trip) = Trip::start("") else { return };
    for by in ["imap", "pop3"] {
        let result = trip.check(&json!({ "by": by }), 30);
        result.assert_ok(by);
        let facts = facts(&result);
        assert_eq!((&facts["pending"], &facts["deleted"]), (&json!(0), &json!(1)), "{by}: {facts:#}");
        assert!(
            facts["arrival_seconds"].is_number() && facts["hops"].as_array().is_some_and(|hops| hops.len() >= 2),
            "{facts:#}"
        );
        assert_eq!(trip.messages(), MESSAGES, "{by}: the others are as they were");
    }
}

#[test]
fn mail_that_postfix_holds_is_delayed_and_found_once_it_is_released() {
    let Some(trip) = Trip::start("smtpd_data_restrictions = check_client_access static:hold") else { return };
    let options = json!({ "arrive_within": "2s" });
    let held = trip.check(&options, 8);
    assert_eq!((held.outcome()["reason"].as_str(), held.exit), (Some("mail_delayed"), Some(1)), "{:#}", held.report);
    assert_eq!(facts(&held)["pending"], 1);
    trip.postfix_command("/usr/sbin/postsuper", &["-H", "ALL"]);
    let found = trip.check(&options, 30);
    let facts = facts(&found);
    assert_eq!((&facts["pending"], &facts["deleted"]), (&json!(0), &json!(1)), "{:#}", found.report);
    assert_eq!(facts["message_id"], self::facts(&held)["message_id"], "no second mail");
    assert_eq!(trip.messages(), MESSAGES);
}

#[test]
fn mail_that_bounces_comes_back_with_its_reason_and_the_report_is_deleted() {
    // What is submitted goes to the transport that returns it, and the report about it to the sender's mailbox.
    let filter = "smtpd_data_restrictions = check_sender_access inline:{{praxis@contoso.example = FILTER error:no-room-here}}";
    let Some(trip) = Trip::start(filter) else { return };
    let result = trip.check(&json!({}), 30);
    result.assert_failed("bounced", "arrive", "mail_bounced");
    assert!(
        result.outcome()["evidence"]["heard"].as_str().is_some_and(|heard| heard.contains("no-room-here")),
        "{:#}",
        result.report
    );
    assert_eq!((&facts(&result)["deleted"], trip.messages()), (&json!(1), MESSAGES));
}

#[test]
fn mail_refused_at_the_end_of_data_suspends_sending() {
    let rule = "/^X-M365-Probe-Round-Trip:/ REJECT no round trips here\n";
    let Some(trip) = Trip::start("header_checks = regexp:$queue_directory/../header_checks") else { return };
    fs::write(trip.home().join("header_checks"), rule).unwrap();
    let refused = trip.check(&json!({}), 20);
    refused.assert_failed("refused", "submit", "submission_refused");
    assert!(refused.outcome()["evidence"]["heard"].as_str().is_some_and(|heard| heard.contains("no round trips here")));
    assert!(facts(&refused)["suspended_until"].is_string());
    let held = trip.check(&json!({}), 20);
    held.assert_failed("held", "submit", "submission_refused");
    assert_eq!(held.outcome()["warnings"][0]["reason"], "sending_suspended", "{:#}", held.report);
    assert_eq!(log_lines(&trip.home(), "reject: header"), 1, "one attempt, and no more");
    assert_eq!(trip.messages(), MESSAGES);
}

fn log_lines(home: &Path, words: &str) -> usize {
    let log = fs::read_to_string(home.join("log")).unwrap_or_default();
    log.lines().filter(|line| line.contains(words)).count()
}
