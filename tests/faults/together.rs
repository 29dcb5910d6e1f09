//! Several faults at a time: the report names all of them, and nothing else.

use std::process::Command;

use crate::report::{Cause, causes, for_each_set};

/// Faults, and all root causes of the report: reason, confidence and mailbox, in any order.
type Case = (&'static [&'static str], &'static [(&'static str, &'static str, Option<&'static str>)]);

const CASES: &[Case] = &[
    // A secret that expires unnoticed, and a firewall that was never opened for POP3.
    (
        &["client_secret_expired", "connect_refused@pop3"],
        &[("client_secret_expired", "certain", None), ("connect_refused", "certain", None)],
    ),
    (
        &["client_secret_expired", "connect_timed_out@pop3"],
        &[("client_secret_expired", "certain", None), ("connect_timed_out", "certain", None)],
    ),
    (&["token_role_missing@pop3", "ews_disabled"], &[("token_role_missing", "certain", None), ("ews_disabled", "certain", None)]),
    // What befalls a mail, which only a round trip shows.
    (&["send_as_denied"], &[("send_as_denied", "certain", None)]),
    (&["sender_blocked"], &[("sender_blocked", "certain", None)]),
    (&["message_too_large"], &[("message_too_large", "certain", None)]),
    (&["submission_quota_exceeded"], &[("submission_quota_exceeded", "certain", None)]),
    (&["mail_junked"], &[("mail_junked", "certain", None)]),
    (&["mail_delayed"], &[("mail_delayed", "certain", None)]),
    (&["mail_bounced"], &[("mail_bounced", "certain", None)]),
    (&["mail_lost"], &[("mail_lost", "certain", None)]),
    (&["submission_deferred"], &[("submission_deferred", "likely", None)]),
    (&["mailbox_full@smtp@labor"], &[("mailbox_full", "certain", Some("labor"))]),
    (
        &["mail_lost@labor", "mail_junked@praxis"],
        &[("mail_lost", "certain", Some("labor")), ("mail_junked", "certain", Some("praxis"))],
    ),
    (&["dns_no_answer"], &[("dns_no_answer", "certain", None)]),
    (&["mailbox_permission_missing@labor"], &[("mailbox_permission_missing", "likely", Some("labor"))]),
    // A new tenant: SMTP is off by default, and one mailbox was forgotten.
    (
        &["smtp_auth_disabled_tenant", "mailbox_permission_missing@empfang"],
        &[("smtp_auth_disabled_tenant", "certain", None), ("mailbox_permission_missing", "likely", Some("empfang"))],
    ),
    // The autumn of 2026: EWS is blocked while a licence has run out, which EWS would have told, and Graph calls unknown.
    (
        &["ews_blocked_by_policy", "license_invalid@praxis"],
        &[("ews_blocked_by_policy", "certain", None), ("license_invalid", "likely", Some("praxis"))],
    ),
    // A typing mistake in one address, and IMAP switched off for another mailbox.
    (
        &["mailbox_not_found@labor", "protocol_disabled@imap@empfang"],
        &[("mailbox_not_found", "certain", Some("labor")), ("protocol_disabled", "likely", Some("empfang"))],
    ),
    // TLS inspection of the web, and an application that Exchange was never told of.
    (
        &["tls_certificate_untrusted@graph", "exchange_service_principal_missing"],
        &[("tls_certificate_untrusted", "certain", None), ("exchange_service_principal_missing", "likely", None)],
    ),
    // A hardened mailbox, and a submission port that was never opened.
    (
        &["protocol_disabled@labor", "connect_refused@smtp"],
        &[("connect_refused", "certain", None), ("protocol_disabled", "likely", Some("labor"))],
    ),
    // Refused by everybody who can be asked, and mail servers that cannot.
    (
        &["access_refused_everywhere", "mechanism_not_offered"],
        &[("mechanism_not_offered", "certain", None), ("access_refused_everywhere", "likely", None)],
    ),
    // Two policies at a time.
    (
        &["ews_blocked_by_policy", "impersonation_denied@labor"],
        &[("ews_blocked_by_policy", "certain", None), ("impersonation_denied", "likely", Some("labor"))],
    ),
    // A busy Monday.
    (
        &["throttled@imap@praxis", "server_unavailable@smtp"],
        &[("throttled", "certain", Some("praxis")), ("server_unavailable", "certain", None)],
    ),
];

/// Returns the root causes that `demo` prints for each set of faults; it simulates the tenant itself.
fn diagnosed_by_demo(sets: &[Vec<String>]) -> Vec<Vec<Cause>> {
    for_each_set(sets, |faults| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_m365-probe"));
        program.args(["demo", "--once"]).args(faults.iter().flat_map(|fault| ["--fault", fault]));
        causes(program, faults)
    })
}

#[test]
fn several_faults_are_all_root_causes_and_nothing_else_is() {
    let sets: Vec<Vec<String>> = CASES.iter().map(|(faults, _)| faults.iter().map(ToString::to_string).collect()).collect();
    let mut wrong = Vec::new();
    for ((faults, expected), causes) in CASES.iter().zip(diagnosed_by_demo(&sets)) {
        let mut reported: Vec<_> = causes.iter().map(named).collect();
        let mut expected = expected.to_vec();
        reported.sort_unstable();
        expected.sort_unstable();
        if reported != expected {
            wrong.push(format!("{}: {causes:#?}", faults.join(" + ")));
        }
        assert!(causes.is_sorted_by(|one, next| rank(one) >= rank(next)), "the surest first: {causes:#?}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn named(cause: &Cause) -> (&str, &str, Option<&str>) {
    (&cause.reason, &cause.confidence, cause.mailbox.as_deref())
}

fn rank(cause: &Cause) -> usize {
    ["possible", "likely", "certain"].iter().position(|word| *word == cause.confidence).unwrap()
}
