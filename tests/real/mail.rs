//! Success: every check is ok, and counts the messages.

use crate::issuer::{CLIENT, TENANT};
use crate::lab::{EMPTY_MAILBOX, Lab, MESSAGES, Setup};
use crate::postfix::{self, Postfix};
use crate::{authority, needs, program};

#[test]
fn check_of_dovecot_is_ok_and_counts_the_messages() {
    let Some(lab) = Lab::start() else { return };
    let good = lab.setup();
    let (pop3, imap) = (lab.dovecot.pop3, lab.dovecot.imap);
    let stls = Setup { pop3: format!("pop3://outlook.office365.com:{pop3}"), ..good.clone() };
    let starttls = Setup { imap: format!("imap://outlook.office365.com:{imap}"), ..good.clone() };
    let empty = Setup { mailbox: EMPTY_MAILBOX.into(), ..good.clone() };
    for (name, check, setup, messages) in [
        ("POP3S", "pop3", &good, MESSAGES),
        ("POP3 with STLS", "pop3", &stls, MESSAGES),
        ("POP3S, nothing there", "pop3", &empty, 0),
        ("IMAPS", "imap", &good, MESSAGES),
        ("IMAP with STARTTLS", "imap", &starttls, MESSAGES),
        ("IMAPS, nothing there", "imap", &empty, 0),
    ] {
        let result = program::check(&setup.write(&lab.scratch, "good"), &[check]);
        result.assert_ok(name);
        assert_eq!(result.outcome()["facts"]["mailbox"]["messages"], messages, "{name}: {:#}", result.report);
    }
}

/// Dovecot refuses so long a line, so the token goes on a line of its own; Postfix accepts it on one.
#[test]
fn smtp_with_the_token_on_one_line_or_two_is_ok() {
    let Some(lab) = needs::all_there(&[postfix::PART]).then(Lab::start).flatten() else { return };
    let identity = lab.authority.identity(&lab.scratch, "postfix", authority::NAMES, 30);
    let postfix = Postfix::start(&lab.scratch, &identity, &lab.dovecot.auth_socket());
    for (name, port) in [("Dovecot", lab.dovecot.submission), ("Postfix", postfix.submission)] {
        let setup = Setup { smtp: format!("smtp://smtp.office365.com:{port}"), ..lab.setup() };
        program::check(&setup.write(&lab.scratch, name), &["smtp"]).assert_ok(name);
    }
}

#[test]
fn token_and_reach_of_a_good_tenant_report_their_facts() {
    let Some(lab) = Lab::start() else { return };
    let configuration = lab.setup().write(&lab.scratch, "good");

    let token = program::check(&configuration, &["token"]);
    token.assert_ok("token");
    let facts = token.outcome()["facts"].to_string();
    for claim in [TENANT, CLIENT, "https://outlook.office365.com", "POP.AccessAsApp"] {
        assert!(facts.contains(claim), "{claim} is not in {facts}");
    }

    let reach = program::check(&configuration, &["reach"]);
    reach.assert_ok("reach");
    let facts = reach.outcome()["facts"].to_string();
    for fact in ["login.microsoftonline.com", "outlook.office365.com", "smtp.office365.com", "Lab Root", "TLSv1.3"] {
        assert!(facts.contains(fact), "{fact} is not in {facts}");
    }
}

#[test]
fn check_of_four_names_is_one_report() {
    let Some(lab) = Lab::start() else { return };
    let result = program::check(&lab.setup().write(&lab.scratch, "good"), &["pop3", "imap", "smtp", "token"]);
    result.assert_ok("four checks");
    assert_eq!(result.report["outcomes"].as_array().map(Vec::len), Some(4), "{:#}", result.report);
}
