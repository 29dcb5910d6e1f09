//! The matrix of what is missing and what fails then, row by row, and several faults at a time.

mod clock;
mod closure;
mod dns;
mod refusals;

use std::time::{Duration, SystemTime};

use super::{Confidence, RootCause, diagnose};
use crate::kind::Check;
use crate::outcome::{EndpointFacts, Evidence, Failure, Outcome, Peer, Phase, ProbeId, Registration, SkipReason, Verdict};
use crate::reason::Reason;

/// A failure: a probe (`*` for any mailbox), a phase and a reason.
type Failing = (&'static str, Phase, Reason);

/// A cause: reason, confidence, mailbox, and the probes it explains, `*` for every mailbox.
type Expected = (Reason, Confidence, Option<&'static str>, &'static [&'static str]);

fn outcome(mailbox: Option<&str>, check: Check) -> Outcome {
    let probe = ProbeId { tenant: "t".into(), mailbox: mailbox.map(ToOwned::to_owned), check };
    Outcome::new(probe, SystemTime::UNIX_EPOCH, Verdict::Ok)
}

fn fail(outcome: &mut Outcome, phase: Phase, reason: Reason) {
    let port = match outcome.probe.check {
        Check::Pop3 => 995,
        Check::Imap => 993,
        Check::Smtp => 587,
        _ => 443,
    };
    let host = if phase == Phase::Token || outcome.probe.mailbox.is_none() { "login" } else { "outlook" };
    let evidence = Evidence { peer: Some(Peer::new(host, port).at([192, 0, 2, 1].into())), ..Evidence::default() };
    outcome.verdict = Verdict::Failed(Failure { phase, reason, evidence });
}

/// A tenant in which all is well but for `failing`.
fn tenant(mailboxes: &[&str], checks: &[Check], failing: &[Failing]) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = [Check::Token, Check::Dns, Check::Reach].map(|check| outcome(None, check)).to_vec();
    outcomes.extend(mailboxes.iter().flat_map(|mailbox| checks.iter().map(|check| outcome(Some(mailbox), *check))));
    for outcome in &mut outcomes {
        for (probe, phase, reason) in failing {
            if matches(outcome.probe.mailbox.as_deref(), outcome.probe.check, probe) {
                fail(outcome, *phase, *reason);
            }
        }
    }
    outcomes
}

fn matches(mailbox: Option<&str>, check: Check, pattern: &str) -> bool {
    match pattern.split_once('/') {
        Some((who, what)) => mailbox.is_some_and(|mailbox| who == "*" || who == mailbox) && what == check.name(),
        None => mailbox.is_none() && pattern == check.name(),
    }
}

#[track_caller]
fn assert_causes(case: &str, outcomes: &[Outcome], expected: &[Expected]) {
    let causes = diagnose(outcomes);
    let found: Vec<_> = causes.iter().map(|cause| (cause.reason, cause.confidence, cause.mailbox.as_deref())).collect();
    let expected_causes: Vec<_> =
        expected.iter().map(|(reason, confidence, mailbox, _)| (*reason, *confidence, *mailbox)).collect();
    assert_eq!(found, expected_causes, "{case}");
    for (cause, (.., patterns)) in causes.iter().zip(expected) {
        let concerned = |probe: &ProbeId| patterns.iter().any(|pattern| matches(probe.mailbox.as_deref(), probe.check, pattern));
        let explained: Vec<_> = outcomes.iter().map(|one| &one.probe).filter(|probe| concerned(probe)).collect();
        assert_eq!(cause.explains.iter().collect::<Vec<_>>(), explained, "{case}: {}", cause.reason);
    }
    assert_sound(outcomes, &causes);
}

/// Asserts what holds in every case: each failure is explained, and nothing that works is blamed.
#[track_caller]
fn assert_sound(outcomes: &[Outcome], causes: &[RootCause]) {
    for outcome in outcomes {
        let explained = causes.iter().any(|cause| cause.explains.contains(&outcome.probe));
        assert_eq!(explained, outcome.failure().is_some(), "{}", outcome.probe);
    }
    for cause in causes {
        assert!(!cause.candidates.contains(&cause.reason), "{}", cause.reason);
        assert!(cause.confidence != Confidence::Certain || cause.candidates.is_empty(), "{}", cause.reason);
    }
}

const ALL: &[&str] = &["*/pop3", "*/imap", "*/smtp"];
const EVERYTHING: &[&str] = &["*/pop3", "*/imap", "*/smtp", "*/ews"];

#[test]
#[allow(clippy::too_many_lines)] // a table
fn diagnose_of_each_row_of_the_matrix() {
    use Confidence::{Certain, Likely, Possible};
    use Phase::{Auth, Connect, Mailbox, Tls, Token};
    use Reason as R;
    let refused = |who: &'static [&'static str]| -> Vec<Failing> { who.iter().map(|one| (*one, Auth, R::AuthRefused)).collect() };
    let cases: Vec<(&str, Vec<Failing>, Vec<Expected>)> = vec![
        ("all is well", vec![], vec![]),
        (
            "the secret has expired",
            [("token", Token, R::ClientSecretExpired)]
                .into_iter()
                .chain(EVERYTHING.iter().map(|one| (*one, Token, R::ClientSecretExpired)))
                .collect(),
            vec![(R::ClientSecretExpired, Certain, None, &["token", "*/pop3", "*/imap", "*/smtp", "*/ews"])],
        ),
        (
            "the login host cannot be reached, met differently",
            vec![
                ("token", Connect, R::ConnectTimedOut),
                ("reach", Connect, R::ConnectTimedOut),
                ("*/pop3", Token, R::ConnectTimedOut),
                ("*/imap", Token, R::TimedOut),
                ("*/smtp", Token, R::ConnectTimedOut),
                ("*/ews", Token, R::ConnectTimedOut),
            ],
            vec![(R::ConnectTimedOut, Certain, None, &["token", "reach", "*/pop3", "*/imap", "*/smtp", "*/ews"])],
        ),
        ("no service principal in Exchange", refused(ALL), vec![(R::ExchangeServicePrincipalMissing, Likely, None, ALL)]),
        (
            "no mailbox permission anywhere",
            vec![
                ("*/pop3", Mailbox, R::MailboxNotConnected),
                ("*/imap", Auth, R::MailboxNotConnected),
                ("*/smtp", Auth, R::AuthRefused),
            ],
            vec![(R::MailboxPermissionMissing, Likely, None, ALL)],
        ),
        (
            "one mailbox of three without permission",
            refused(&["b/pop3", "b/imap", "b/smtp"]),
            vec![(R::MailboxPermissionMissing, Likely, Some("b"), &["b/pop3", "b/imap", "b/smtp"])],
        ),
        (
            "the role of one protocol",
            vec![("*/pop3", Auth, R::TokenRoleMissing)],
            vec![(R::TokenRoleMissing, Certain, None, &["*/pop3"])],
        ),
        (
            "the role of every protocol",
            EVERYTHING.iter().map(|one| (*one, Auth, R::TokenRoleMissing)).collect(),
            vec![(R::TokenRoleMissing, Certain, None, EVERYTHING)],
        ),
        ("POP3 off everywhere", refused(&["*/pop3"]), vec![(R::ProtocolDisabled, Likely, None, &["*/pop3"])]),
        (
            "SMTP alone refused: its switch would have said so",
            refused(&["*/smtp"]),
            vec![(R::AuthRefused, Possible, None, &["*/smtp"])],
        ),
        (
            "IMAP's word alone that there is no such mailbox",
            vec![("b/imap", Auth, R::MailboxNotFound)],
            vec![(R::MailboxNotFound, Likely, Some("b"), &["b/imap"])],
        ),
        (
            "POP3 and IMAP off everywhere",
            vec![("*/pop3", Auth, R::AuthRefused), ("*/imap", Auth, R::MailboxNotConnected)],
            vec![(R::ProtocolDisabled, Likely, None, &["*/pop3", "*/imap"])],
        ),
        (
            "IMAP off for one mailbox",
            vec![("a/imap", Auth, R::MailboxNotConnected)],
            vec![(R::ProtocolDisabled, Likely, Some("a"), &["a/imap"])],
        ),
        (
            "SMTP off for the tenant says nothing about the token",
            vec![("*/smtp", Auth, R::SmtpAuthDisabledTenant)],
            vec![(R::SmtpAuthDisabledTenant, Certain, None, &["*/smtp"])],
        ),
        (
            "SMTP off for one mailbox",
            vec![("c/smtp", Auth, R::SmtpAuthDisabledMailbox)],
            vec![(R::SmtpAuthDisabledMailbox, Certain, Some("c"), &["c/smtp"])],
        ),
        (
            "one address wrong",
            vec![
                ("b/pop3", Auth, R::AuthRefused),
                ("b/imap", Auth, R::MailboxNotFound),
                ("b/smtp", Auth, R::AuthRefused),
                ("b/ews", Mailbox, R::MailboxNotFound),
            ],
            vec![(R::MailboxNotFound, Certain, Some("b"), &["b/pop3", "b/imap", "b/smtp", "b/ews"])],
        ),
        (
            "every address wrong",
            vec![
                ("*/pop3", Auth, R::AuthRefused),
                ("*/imap", Auth, R::MailboxNotFound),
                ("*/smtp", Auth, R::AuthRefused),
                ("*/ews", Mailbox, R::MailboxNotFound),
            ],
            vec![(R::MailboxNotFound, Certain, None, EVERYTHING)],
        ),
        (
            "no licence",
            vec![
                ("*/pop3", Mailbox, R::MailboxNotConnected),
                ("*/imap", Auth, R::MailboxNotConnected),
                ("*/smtp", Auth, R::AuthRefused),
                ("*/ews", Mailbox, R::LicenseInvalid),
            ],
            vec![(R::LicenseInvalid, Certain, None, EVERYTHING)],
        ),
        (
            "a token Exchange cannot verify, as EWS says",
            refused(ALL).into_iter().chain([("*/ews", Mailbox, R::TokenInvalid)]).collect(),
            vec![(R::TokenInvalid, Certain, None, EVERYTHING)],
        ),
        (
            "refused by everybody without a reason",
            refused(ALL).into_iter().chain([("*/ews", Mailbox, R::EwsTokenRefused)]).collect(),
            vec![(R::AccessRefusedEverywhere, Likely, None, EVERYTHING)],
        ),
        (
            "tokens of another tenant",
            EVERYTHING.iter().map(|one| (*one, Auth, R::TokenWrongTenant)).collect(),
            vec![(R::TokenWrongTenant, Likely, None, EVERYTHING)],
        ),
        (
            "the application not on EWS's list",
            vec![("*/ews", Mailbox, R::EwsBlockedByPolicy)],
            vec![(R::EwsBlockedByPolicy, Certain, None, &["*/ews"])],
        ),
        (
            "EWS forbidden without a word",
            vec![("b/ews", Mailbox, R::EwsForbidden)],
            vec![(R::EwsForbidden, Likely, Some("b"), &["b/ews"])],
        ),
        ("EWS gone", vec![("*/ews", Mailbox, R::EwsRetired)], vec![(R::EwsRetired, Certain, None, &["*/ews"])]),
        (
            "an access policy keeps EWS out of one mailbox",
            vec![("a/ews", Mailbox, R::ImpersonationDenied)],
            vec![(R::ImpersonationDenied, Certain, Some("a"), &["a/ews"])],
        ),
        ("EWS off", vec![("*/ews", Mailbox, R::EwsDisabled)], vec![(R::EwsDisabled, Certain, None, &["*/ews"])]),
        ("a port blocked", vec![("*/pop3", Connect, R::ConnectTimedOut)], vec![(R::ConnectTimedOut, Certain, None, &["*/pop3"])]),
        ("throttled is not denied", vec![("a/imap", Auth, R::Throttled)], vec![(R::Throttled, Certain, Some("a"), &["a/imap"])]),
        (
            "everybody's TLS inspected",
            ["token", "reach"]
                .into_iter()
                .map(|one| (one, Tls, R::TlsCertificateUntrusted))
                .chain(EVERYTHING.iter().map(|one| (*one, Token, R::TlsCertificateUntrusted)))
                .collect(),
            vec![(R::TlsCertificateUntrusted, Certain, None, &["token", "reach", "*/pop3", "*/imap", "*/smtp", "*/ews"])],
        ),
        (
            "the login host falls silent",
            vec![("token", Token, R::ReplyTimedOut), ("reach", Phase::Greeting, R::NoGreeting)],
            vec![(R::ReplyTimedOut, Likely, None, &["token", "reach"])],
        ),
        (
            "something unheard of",
            vec![("a/ews", Mailbox, R::OperationFailed)],
            vec![(R::OperationFailed, Possible, Some("a"), &["a/ews"])],
        ),
        // Several at a time.
        (
            "POP role missing and EWS disabled",
            vec![("*/pop3", Auth, R::TokenRoleMissing), ("*/ews", Mailbox, R::EwsDisabled)],
            vec![(R::TokenRoleMissing, Certain, None, &["*/pop3"]), (R::EwsDisabled, Certain, None, &["*/ews"])],
        ),
        (
            "POP role and the service principal missing",
            vec![("*/pop3", Auth, R::TokenRoleMissing), ("*/imap", Auth, R::AuthRefused), ("*/smtp", Auth, R::AuthRefused)],
            vec![
                (R::TokenRoleMissing, Certain, None, &["*/pop3"]),
                (R::ExchangeServicePrincipalMissing, Likely, None, &["*/imap", "*/smtp"]),
            ],
        ),
        (
            "SMTP off for the tenant and no permission for one mailbox",
            vec![("*/smtp", Auth, R::SmtpAuthDisabledTenant), ("c/pop3", Auth, R::AuthRefused), ("c/imap", Auth, R::AuthRefused)],
            vec![
                (R::SmtpAuthDisabledTenant, Certain, None, &["*/smtp"]),
                (R::MailboxPermissionMissing, Likely, Some("c"), &["c/pop3", "c/imap"]),
            ],
        ),
    ];
    for (case, failing, expected) in cases {
        let outcomes = tenant(&["a", "b", "c"], &[Check::Pop3, Check::Imap, Check::Smtp, Check::Ews], &failing);
        assert_causes(case, &outcomes, &expected);
    }
}

#[test]
fn diagnose_of_few_checks_is_less_certain() {
    use Confidence::{Likely, Possible};
    use Phase::{Auth, Mailbox};
    let graph = tenant(&["a"], &[Check::Pop3, Check::Imap, Check::Smtp, Check::Graph], &MAIL_REFUSED);
    assert_causes("Graph shows what EWS would", &graph, &[(Reason::ExchangeServicePrincipalMissing, Likely, None, ALL)]);
    let causes = diagnose(&graph);
    assert_eq!(causes[0].candidates[0], Reason::MailboxPermissionMissing);

    let one = tenant(&["a"], &[Check::Pop3], &MAIL_REFUSED);
    assert_causes("one protocol alone", &one, &[(Reason::AuthRefused, Possible, Some("a"), &["a/pop3"])]);
    assert_eq!(diagnose(&one)[0].candidates[0], Reason::ExchangeServicePrincipalMissing);

    let one = tenant(&["a"], &[Check::Pop3], &[("a/pop3", Mailbox, Reason::MailboxNotConnected)]);
    assert_causes("one protocol alone", &one, &[(Reason::MailboxNotConnected, Possible, Some("a"), &["a/pop3"])]);

    let other_works = tenant(&["a", "b"], &[Check::Pop3], &[("b/pop3", Auth, Reason::AuthRefused)]);
    assert_causes("another works", &other_works, &[(Reason::MailboxPermissionMissing, Possible, Some("b"), &["b/pop3"])]);
}

const MAIL_REFUSED: [Failing; 3] = [
    ("*/pop3", Phase::Auth, Reason::AuthRefused),
    ("*/imap", Phase::Auth, Reason::AuthRefused),
    ("*/smtp", Phase::Auth, Reason::AuthRefused),
];

#[test]
fn diagnose_of_an_expired_secret_and_a_blocked_port_gives_both() {
    let mut failing =
        vec![("token", Phase::Token, Reason::ClientSecretExpired), ("reach", Phase::Connect, Reason::ConnectTimedOut)];
    failing.extend(EVERYTHING.iter().map(|one| (*one, Phase::Token, Reason::ClientSecretExpired)));
    let mut outcomes = tenant(&["a"], &[Check::Pop3, Check::Imap, Check::Smtp, Check::Ews], &failing);
    let closed = |port, failed| EndpointFacts { failed, ..EndpointFacts::new("outlook", port, None) };
    outcomes[2].facts.endpoints = vec![
        closed(995, Some((Phase::Connect, Reason::ConnectTimedOut))),
        closed(993, Some((Phase::Connect, Reason::ConnectUnreachable))),
        closed(993, None),
        closed(587, Some((Phase::Greeting, Reason::NoGreeting))),
        closed(587, Some((Phase::Connect, Reason::ConnectUnreachable))),
    ];
    let needs_token: &[&str] = &["token", "*/pop3", "*/imap", "*/smtp", "*/ews"];
    let expected: [Expected; 3] = [
        (Reason::ClientSecretExpired, Confidence::Certain, None, needs_token),
        (Reason::ConnectTimedOut, Confidence::Certain, None, &["reach"]),
        (Reason::NoGreeting, Confidence::Certain, None, &["reach"]),
    ];
    assert_causes("both", &outcomes, &expected);
    assert_eq!(diagnose(&outcomes)[2].evidence.peer, Some(Peer::new("outlook", 587)));
}

#[test]
fn diagnose_of_a_port_filter_gives_one_cause_beside_others() {
    let outlook = |port, failed| EndpointFacts { failed, ..EndpointFacts::new("outlook", port, "192.0.2.1".parse().ok()) };
    let dropped = Some((Phase::Connect, Reason::ConnectTimedOut));
    let failing = [
        ("reach", Phase::Connect, Reason::ConnectTimedOut),
        ("*/pop3", Phase::Connect, Reason::ConnectTimedOut),
        ("*/imap", Phase::Connect, Reason::ConnectTimedOut),
    ];
    let mut outcomes = tenant(&["a"], &[Check::Pop3, Check::Imap, Check::Ews], &failing);
    let untrusted = Some((Phase::Tls, Reason::TlsCertificateUntrusted));
    outcomes[2].facts.endpoints = vec![outlook(443, untrusted), outlook(995, dropped), outlook(993, dropped)];
    if let Verdict::Failed(failure) = &mut outcomes[2].verdict {
        failure.evidence.peer = Some(Peer::new("outlook", 995).at([192, 0, 2, 1].into()));
    }
    let expected: [Expected; 2] = [
        (Reason::TlsCertificateUntrusted, Confidence::Certain, None, &["reach"]),
        (Reason::FirewallRequiredSetOnly, Confidence::Likely, None, &["reach", "*/pop3", "*/imap"]),
    ];
    assert_causes("both", &outcomes, &expected);
}

#[test]
fn diagnose_ignores_skipped_runs() {
    let mut outcomes = tenant(&["a"], &[Check::Pop3, Check::Imap, Check::Smtp], &MAIL_REFUSED);
    outcomes.push(outcome(Some("b"), Check::Pop3));
    if let Some(last) = outcomes.last_mut() {
        last.verdict = Verdict::Skipped(SkipReason::Busy);
    }
    let mail: &[&str] = &["a/pop3", "a/imap", "a/smtp"];
    assert_causes("skipped", &outcomes, &[(Reason::ExchangeServicePrincipalMissing, Confidence::Likely, None, mail)]);
}

#[test]
fn diagnose_explains_every_failure_once() {
    for reason in Reason::ALL {
        for phase in Phase::ALL {
            for pattern in ["token", "dns", "reach", "*/pop3", "a/smtp", "*/ews"] {
                let outcomes =
                    tenant(&["a", "b"], &[Check::Pop3, Check::Imap, Check::Smtp, Check::Ews], &[(pattern, *phase, *reason)]);
                let causes = diagnose(&outcomes);
                assert_sound(&outcomes, &causes);
                let names: std::collections::HashSet<_> = causes.iter().map(|cause| (&cause.mailbox, cause.reason)).collect();
                assert_eq!(names.len(), causes.len(), "{reason} in {phase} of {pattern}");
            }
        }
    }
}
