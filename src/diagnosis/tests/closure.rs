//! Mailboxes that must stay closed, beside those that fail and those that open.

use super::*;

const MAIL: [Check; 3] = [Check::Pop3, Check::Imap, Check::Smtp];
const UNCLEAR: [Failing; 3] = [
    ("closed/pop3", Phase::Auth, Reason::RefusalAmbiguous),
    ("closed/imap", Phase::Auth, Reason::RefusalAmbiguous),
    ("closed/smtp", Phase::Auth, Reason::RefusalAmbiguous),
];

/// The tenant with two mailboxes that should open and one that must stay closed, which comes last.
fn with_closed(failing: &[Failing]) -> Vec<Outcome> {
    tenant(&["a", "b", "closed"], &MAIL, &[failing, &UNCLEAR].concat())
}

#[test]
fn refusal_ambiguous_where_all_logins_are_refused_is_an_effect_of_their_cause() {
    let refused: Vec<Failing> = ["a/pop3", "a/imap", "a/smtp", "b/pop3", "b/imap", "b/smtp"]
        .map(|probe| (probe, Phase::Auth, Reason::AuthRefused))
        .to_vec();
    let expected: &[Expected] = &[(Reason::ExchangeServicePrincipalMissing, Confidence::Likely, None, ALL)];
    assert_causes("all refused", &with_closed(&refused), expected);
}

#[test]
fn refusal_ambiguous_of_each_check_is_an_effect_of_what_that_check_met() {
    let failing = [
        ("*/pop3", Phase::Connect, Reason::ConnectTimedOut),
        ("a/imap", Phase::Auth, Reason::Throttled),
        ("b/imap", Phase::Mailbox, Reason::LicenseInvalid),
        ("*/smtp", Phase::Auth, Reason::SmtpAuthDisabledTenant),
    ];
    let outcomes = with_closed(&failing);
    let causes = diagnose(&outcomes);
    assert_sound(&outcomes, &causes);
    let explaining = |probe: &str| {
        causes.iter().find(|cause| cause.explains.iter().any(|one| one.to_string() == probe)).map(|cause| cause.reason)
    };
    assert_eq!(causes.len(), 4, "{causes:#?}");
    assert_eq!(explaining("t/closed/pop3"), Some(Reason::ConnectTimedOut));
    assert!(matches!(explaining("t/closed/imap"), Some(Reason::Throttled | Reason::LicenseInvalid)), "{causes:#?}");
    assert_eq!(explaining("t/closed/smtp"), Some(Reason::SmtpAuthDisabledTenant));
}

#[test]
fn refusal_ambiguous_that_no_failure_explains_is_a_cause_of_its_own() {
    let expected: &[Expected] =
        &[(Reason::RefusalAmbiguous, Confidence::Certain, Some("closed"), &["closed/pop3", "closed/imap", "closed/smtp"])];
    assert_causes("all others open", &with_closed(&[]), expected);
}

#[test]
fn access_too_broad_stays_a_cause_beside_the_failure_of_the_same_check() {
    let mut outcomes = tenant(&["a", "closed"], &[Check::Ews], &[("a/ews", Phase::Mailbox, Reason::LicenseInvalid)]);
    if let Some(last) = outcomes.last_mut() {
        fail(last, Phase::Mailbox, Reason::AccessTooBroad);
    }
    let expected: &[Expected] = &[
        (Reason::LicenseInvalid, Confidence::Certain, Some("a"), &["a/ews"]),
        (Reason::AccessTooBroad, Confidence::Certain, Some("closed"), &["closed/ews"]),
    ];
    assert_causes("both", &outcomes, expected);
}
