//! Failures: a run ends in the right phase, for the right reason, with exit code 2.

use std::net::{Ipv4Addr, TcpListener};

use crate::dovecot::Dovecot;
use crate::issuer::Issuer;
use crate::lab::{EXPIRED, Lab, MAILBOX, Setup, UNTRUSTED, WRONG_NAME};
use crate::postfix::{self, Postfix};
use crate::{authority, needs, port, program};

/// A case's name, the check, the setup that makes it fail, and the expected phase and reason.
type Case<'a> = (&'a str, &'a str, Setup, &'a str, &'a str);

#[track_caller]
fn assert_each(lab: &Lab, cases: &[Case<'_>]) {
    for (name, check, setup, phase, reason) in cases {
        let configuration = setup.write(&lab.scratch, "wrong");
        // Only silence takes the whole time; where an result comes, a busy machine has enough of it.
        let timeout = if reason.ends_with("timed_out") || *reason == "no_greeting" { "3s" } else { "30s" };
        program::check(&configuration, &[check, "--timeout", timeout]).assert_failed(name, phase, reason);
    }
}

#[test]
fn check_with_a_wrong_secret_is_client_secret_wrong() {
    let Some(lab) = Lab::start() else { return };
    let wrong = Setup { secret: "marked-secret-of-yesterday".into(), ..lab.setup() };
    let cases =
        ["token", "pop3", "imap", "smtp"].map(|check| ("wrong secret", check, wrong.clone(), "token", "client_secret_wrong"));
    assert_each(&lab, &cases);
    let result = program::check(&wrong.write(&lab.scratch, "wrong"), &["token"]);
    let evidence = &result.outcome()["evidence"];
    assert_eq!(evidence["code"], "7000215", "{evidence:#}");
    assert!(evidence["heard"].as_str().is_some_and(|heard| heard.starts_with("AADSTS7000215: ")), "{evidence:#}");
}

#[test]
fn mail_login_to_an_unknown_mailbox_is_auth_refused() {
    let Some(lab) = Lab::start() else { return };
    let unknown = Setup { mailbox: "nobody@contoso.example".into(), ..lab.setup() };
    let cases = ["pop3", "imap", "smtp"].map(|check| ("unknown mailbox", check, unknown.clone(), "auth", "auth_refused"));
    assert_each(&lab, &cases);
}

#[test]
fn mail_login_with_an_expired_token_is_token_expired() {
    let Some(lab) = Lab::start() else { return };
    let identity = lab.authority.identity(&lab.scratch, "late", authority::NAMES, 30);
    let late = Issuer::start(&lab.scratch, &lab.key, &identity, -600);
    let expired = Setup { login: late.url(), ..lab.setup() };
    let cases = ["pop3", "imap", "smtp"].map(|check| ("expired token", check, expired.clone(), "auth", "token_expired"));
    assert_each(&lab, &cases);
}

#[test]
fn check_of_a_closed_port_is_connect_refused() {
    let Some(lab) = Lab::start() else { return };
    let closed = port::free();
    let good = lab.setup();
    let mail = Setup {
        pop3: format!("pop3s://outlook.office365.com:{closed}"),
        imap: format!("imap://outlook.office365.com:{closed}"),
        smtp: format!("smtp://smtp.office365.com:{closed}"),
        ..good.clone()
    };
    let login = Setup { login: format!("https://login.microsoftonline.com:{closed}"), ..good };
    assert_each(
        &lab,
        &[
            ("closed POP3S", "pop3", mail.clone(), "connect", "connect_refused"),
            ("closed IMAP", "imap", mail.clone(), "connect", "connect_refused"),
            ("closed submission", "smtp", mail.clone(), "connect", "connect_refused"),
            ("closed, reached for", "reach", mail, "connect", "connect_refused"),
            ("closed login, before the mailbox", "pop3", login, "token", "connect_refused"),
        ],
    );
}

#[test]
fn check_of_a_silent_server_times_out_in_the_open_phase() {
    let Some(lab) = Lab::start() else { return };
    // The kernel completes the handshake of TCP; nobody ever says a word.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("listen");
    let silent = listener.local_addr().expect("an address").port();
    let good = lab.setup();
    let implicit = Setup {
        pop3: format!("pop3s://outlook.office365.com:{silent}"),
        imap: format!("imaps://outlook.office365.com:{silent}"),
        ..good.clone()
    };
    let upgraded = Setup {
        pop3: format!("pop3://outlook.office365.com:{silent}"),
        imap: format!("imap://outlook.office365.com:{silent}"),
        smtp: format!("smtp://smtp.office365.com:{silent}"),
        ..good.clone()
    };
    let login = Setup { login: format!("https://login.microsoftonline.com:{silent}"), ..good };
    assert_each(
        &lab,
        &[
            ("silent POP3S", "pop3", implicit.clone(), "tls", "tls_timed_out"),
            ("silent IMAPS", "imap", implicit, "tls", "tls_timed_out"),
            ("silent POP3", "pop3", upgraded.clone(), "greeting", "no_greeting"),
            ("silent IMAP", "imap", upgraded.clone(), "greeting", "no_greeting"),
            ("silent submission", "smtp", upgraded, "greeting", "no_greeting"),
            ("silent login", "pop3", login, "token", "tls_timed_out"),
        ],
    );
}

#[test]
fn check_with_a_bad_certificate_fails_in_tls() {
    let Some(lab) = Lab::start() else { return };
    let good = lab.setup();
    for (address, reason) in [
        (EXPIRED, "tls_certificate_expired"),
        (UNTRUSTED, "tls_certificate_untrusted"),
        (WRONG_NAME, "tls_certificate_wrong_name"),
    ] {
        let implicit = Setup { mail_address: Some(address.into()), ..good.clone() };
        let upgraded = Setup {
            pop3: format!("pop3://outlook.office365.com:{}", lab.dovecot.pop3),
            imap: format!("imap://outlook.office365.com:{}", lab.dovecot.imap),
            ..implicit.clone()
        };
        assert_each(
            &lab,
            &[
                ("POP3S", "pop3", implicit.clone(), "tls", reason),
                ("POP3 with STLS", "pop3", upgraded.clone(), "tls", reason),
                ("IMAPS", "imap", implicit.clone(), "tls", reason),
                ("IMAP with STARTTLS", "imap", upgraded, "tls", reason),
                ("submission", "smtp", implicit.clone(), "tls", reason),
                ("reached for", "reach", implicit, "tls", reason),
            ],
        );
    }
    let stranger = Setup { ca_file: None, ..good };
    assert_each(&lab, &[("own root not configured", "token", stranger, "tls", "tls_certificate_untrusted")]);
}

/// Reasons that say that a refusal was not understood.
const UNCLASSIFIED: [&str; 5] = ["internal", "operation_failed", "command_refused", "request_rejected", "reply_malformed"];

/// Dovecot refuses in other words than Exchange; none of them may be left unclassified.
#[test]
fn mail_login_refused_by_dovecot_has_a_specific_reason() {
    let Some(lab) = Lab::start() else { return };
    let identity = lab.authority.identity(&lab.scratch, "other", authority::NAMES, 30);
    let identities = [("127.0.0.1", &identity)];
    let other =
        |name: &str, overrides: &str| Dovecot::start_in(name, &lab.scratch, &lab.key, &identities, &[(MAILBOX, 1)], overrides);
    let at = |dovecot: &Dovecot| Setup {
        pop3: format!("pop3s://outlook.office365.com:{}", dovecot.pop3s),
        imap: format!("imaps://outlook.office365.com:{}", dovecot.imaps),
        smtp: format!("smtp://smtp.office365.com:{}", dovecot.submission),
        ..lab.setup()
    };

    let passwords = other("passwords", "auth_mechanisms = plain\n");
    // The public key is gone. Dovecot does not say that it cannot tell whether the token is good: it calls it bad.
    let keyless = other("keyless", "");
    std::fs::remove_dir_all(keyless.home().join("keys")).expect("remove the keys");
    // The mail belongs to somebody else: the login is good, and the mailbox does not open.
    let closed = other("closed", "");
    let maildir = closed.home().join("mail").join(MAILBOX);
    std::os::unix::fs::chown(&maildir, Some(0), Some(0)).expect("take the mail away");
    std::fs::set_permissions(&maildir, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("close the maildir");

    assert_each(
        &lab,
        &[
            ("passwords only", "pop3", at(&passwords), "auth", "mechanism_not_offered"),
            ("passwords only", "imap", at(&passwords), "auth", "mechanism_not_offered"),
            ("passwords only", "smtp", at(&passwords), "auth", "mechanism_not_offered"),
            ("no key", "pop3", at(&keyless), "auth", "auth_refused"),
            ("no key", "imap", at(&keyless), "auth", "auth_refused"),
            ("no key", "smtp", at(&keyless), "auth", "auth_refused"),
        ],
    );
    for check in ["pop3", "imap"] {
        let result = program::check(&at(&closed).write(&lab.scratch, "closed"), &[check, "--timeout", "5s"]);
        let reason = result.outcome()["reason"].as_str().expect("a failure");
        assert!(!UNCLASSIFIED.contains(&reason), "{check}: {:#}", result.report);
    }
}

#[test]
fn smtp_refused_by_postfix_has_a_specific_reason() {
    let Some(lab) = needs::all_there(&[postfix::PART]).then(Lab::start).flatten() else { return };
    let identity = lab.authority.identity(&lab.scratch, "postfix", authority::NAMES, 30);
    let start = |name: &str, socket: &std::path::Path, overrides: &str| {
        Postfix::start_in(name, &lab.scratch, &identity, socket, overrides)
    };
    let socket = lab.dovecot.auth_socket();
    let good = start("postfix", &socket, "");
    let plain = start("plain", &socket, "smtpd_tls_security_level = none\nsmtpd_tls_auth_only = no\n");
    let lonely = start("lonely", &lab.scratch.path().join("nobody"), "");
    let anonymous = start("anonymous", &socket, "smtpd_sasl_auth_enable = no\n");
    let at = |postfix: &Postfix, mailbox: &str| Setup {
        smtp: format!("smtp://smtp.office365.com:{}", postfix.submission),
        mailbox: mailbox.into(),
        ..lab.setup()
    };
    assert_each(
        &lab,
        &[
            ("unknown mailbox", "smtp", at(&good, "nobody@contoso.example"), "auth", "auth_refused"),
            ("no TLS", "smtp", at(&plain, MAILBOX), "starttls", "starttls_not_offered"),
            // Its smtpd ends over this, in the middle of the conversation and without a word.
            ("nobody to verify logins", "smtp", at(&lonely, MAILBOX), "auth", "connection_closed"),
            ("no logins at all", "smtp", at(&anonymous, MAILBOX), "auth", "mechanism_not_offered"),
        ],
    );
}

/// Other servers' refusals lead to root causes of the catalogue, too.
#[test]
fn diagnosis_of_three_refused_logins_is_one_root_cause() {
    let Some(lab) = Lab::start() else { return };
    let unknown = Setup { mailbox: "nobody@contoso.example".into(), ..lab.setup() };
    let result = program::check(&unknown.write(&lab.scratch, "wrong"), &["pop3", "imap", "smtp", "--timeout", "30s"]);
    let causes = result.report["root_causes"].as_array().expect("root causes");
    assert_eq!(causes.len(), 1, "{:#}", result.report);
    assert_eq!(causes[0]["reason"], "exchange_service_principal_missing", "{:#}", result.report);
    assert_eq!(causes[0]["confidence"], "likely", "{:#}", result.report);
    assert_eq!(causes[0]["explains"].as_array().map(Vec::len), Some(3), "{:#}", result.report);
}
