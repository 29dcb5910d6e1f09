//! Diagnosis of refusals by the replies of several services, and by time.

use super::*;
use crate::kind::Check;
use crate::outcome::TokenFacts;

/// The rows in which there is no token at all: whoever asks for one hears the same.
#[test]
fn refused_token_explains_all_checks_that_need_it() {
    use Confidence::{Certain, Likely};
    for (reason, confidence) in [
        (Reason::TenantNotFound, Certain),
        (Reason::TenantIdInvalid, Certain),
        (Reason::WrongCloud, Certain),
        (Reason::TenantBlocked, Certain),
        (Reason::ApplicationNotFound, Certain),
        (Reason::ServicePrincipalMissing, Certain),
        (Reason::ApplicationDisabled, Certain),
        (Reason::ClientSecretWrong, Certain),
        (Reason::ClientSecretMalformed, Likely),
        (Reason::ClientSecretExpired, Certain),
        (Reason::ClientSecretMissing, Certain),
        (Reason::ClientIsPublic, Certain),
        (Reason::ClientAssertionOutOfTime, Certain),
        (Reason::ClientCertificateRefused, Certain),
        (Reason::FederatedCredentialUnknown, Certain),
        (Reason::FederatedSubjectDiffers, Certain),
        (Reason::ClientCredentialRefused, Likely),
        (Reason::ScopeInvalid, Certain),
        (Reason::ResourceNotFound, Certain),
        (Reason::ResourceDisabled, Certain),
        (Reason::ApplicationNotAssigned, Certain),
        (Reason::ConditionalAccessBlocked, Certain),
        (Reason::TenantRestricted, Certain),
        (Reason::TokenRequestMalformed, Certain),
        (Reason::TokenThrottled, Certain),
        (Reason::TokenRefused, Likely),
    ] {
        let mut failing = vec![("token", Phase::Token, reason)];
        failing.extend(EVERYTHING.iter().map(|one| (*one, Phase::Token, reason)));
        let outcomes = tenant(&["a", "b"], &[Check::Pop3, Check::Imap, Check::Smtp, Check::Ews], &failing);
        let all: &[&str] = &["token", "*/pop3", "*/imap", "*/smtp", "*/ews"];
        assert_causes(reason.code(), &outcomes, &[(reason, confidence, None, all)]);
    }
}

#[test]
fn ews_and_graph_together_tell_a_policy_from_a_licence() {
    use Confidence::{Certain, Likely, Possible};
    use Phase::{Mailbox, Token};
    use Reason as R;
    let both: &[&str] = &["*/ews", "*/graph"];
    let cases: &[(&str, &[Failing], Vec<Expected>)] = &[
        ("a licence without EWS", &[("*/ews", Mailbox, R::EwsForbidden)], vec![(R::EwsNotLicensed, Likely, None, &["*/ews"])]),
        (
            "an access policy, named by Graph alone",
            &[("a/ews", Mailbox, R::EwsForbidden), ("a/graph", Mailbox, R::ImpersonationDenied)],
            vec![(R::ImpersonationDenied, Certain, Some("a"), &["a/ews", "a/graph"])],
        ),
        (
            "an access policy, named by both",
            &[("*/ews", Mailbox, R::ImpersonationDenied), ("*/graph", Mailbox, R::ImpersonationDenied)],
            vec![(R::ImpersonationDenied, Certain, None, both)],
        ),
        (
            "programs blocked by User-Agent",
            &[("*/ews", Mailbox, R::EwsBlockedByPolicy), ("*/graph", Mailbox, R::ImpersonationDenied)],
            vec![(R::UserAgentBlocked, Likely, None, both)],
        ),
        (
            "a policy that Graph alone shows, for EWS is gone: which of two it is, is not known",
            &[("*/ews", Mailbox, R::EwsRetired), ("*/graph", Mailbox, R::ImpersonationDenied)],
            vec![(R::EwsRetired, Certain, None, &["*/ews"]), (R::ImpersonationDenied, Likely, None, &["*/graph"])],
        ),
        (
            "a licence without EWS, and a folder that Graph looks for in vain",
            &[("*/ews", Mailbox, R::EwsForbidden), ("*/graph", Mailbox, R::FolderNotFound)],
            vec![(R::FolderNotFound, Certain, None, &["*/graph"]), (R::EwsNotLicensed, Likely, None, &["*/ews"])],
        ),
        (
            "the application not on EWS's list, which Graph does not mind",
            &[("*/ews", Mailbox, R::EwsBlockedByPolicy)],
            vec![(R::EwsBlockedByPolicy, Certain, None, &["*/ews"])],
        ),
        (
            "the application not on EWS's list, and an access policy for one mailbox",
            &[("*/ews", Mailbox, R::EwsBlockedByPolicy), ("a/graph", Mailbox, R::ImpersonationDenied)],
            vec![(R::EwsBlockedByPolicy, Certain, None, &["*/ews"]), (R::ImpersonationDenied, Likely, Some("a"), &["a/graph"])],
        ),
        (
            "no mailbox, as Graph alone says, while EWS opens it",
            &[("b/graph", Mailbox, R::MailboxNotFound)],
            vec![(R::MailboxNotFound, Possible, Some("b"), &["b/graph"])],
        ),
        (
            "no mailbox, as Graph alone says, and EWS cannot be asked",
            &[("*/ews", Phase::Connect, R::ConnectTimedOut), ("b/graph", Mailbox, R::MailboxNotFound)],
            vec![(R::ConnectTimedOut, Certain, None, &["*/ews"]), (R::MailboxNotFound, Likely, Some("b"), &["b/graph"])],
        ),
        (
            "a licence that has run out, which Graph calls no mailbox",
            &[("b/ews", Mailbox, R::LicenseInvalid), ("b/graph", Mailbox, R::MailboxNotFound)],
            vec![(R::LicenseInvalid, Certain, Some("b"), &["b/ews", "b/graph"])],
        ),
        (
            "a mailbox that is elsewhere, which Graph calls no mailbox",
            &[("b/ews", Mailbox, R::MailboxElsewhere), ("b/graph", Mailbox, R::MailboxNotFound)],
            vec![(R::MailboxElsewhere, Likely, Some("b"), &["b/ews", "b/graph"])],
        ),
        (
            "an Exchange Online that has lapsed, in which Graph finds nobody",
            &[
                ("token", Token, R::ResourceDisabled),
                ("*/ews", Token, R::ResourceDisabled),
                ("*/graph", Mailbox, R::MailboxNotFound),
            ],
            vec![(R::ResourceDisabled, Certain, None, &["token", "*/ews", "*/graph"])],
        ),
    ];
    for (case, failing, expected) in cases {
        assert_causes(case, &tenant(&["a", "b"], &[Check::Ews, Check::Graph], failing), expected);
    }
}

#[test]
fn mail_protocols_with_ews_and_graph_give_the_reason() {
    use Confidence::{Certain, Likely};
    use Phase::{Auth, Mailbox};
    use Reason as R;
    let refused = [
        ("*/pop3", Phase::Connect, R::ConnectTimedOut),
        ("*/ews", Mailbox, R::EwsTokenRefused),
        ("*/graph", Mailbox, R::AccessDenied),
    ];
    let outcomes = tenant(&["a", "b"], &[Check::Pop3, Check::Ews, Check::Graph], &refused);
    let expected: &[Expected] =
        &[(R::ConnectTimedOut, Certain, None, &["*/pop3"]), (R::AccessRefusedEverywhere, Likely, None, &["*/ews", "*/graph"])];
    assert_causes("refused by both without a reason, and mail cannot be asked", &outcomes, expected);
    let disabled = [
        ("a/pop3", Mailbox, R::MailboxNotConnected),
        ("a/imap", Mailbox, R::MailboxNotConnected),
        ("a/ews", Mailbox, R::AccountDisabled),
    ];
    let outcomes = tenant(&["a", "b"], &[Check::Pop3, Check::Imap, Check::Ews], &disabled);
    let expected: &[Expected] = &[
        (R::AccountDisabled, Certain, Some("a"), &["a/ews"]),
        (R::MailboxPermissionMissing, Likely, Some("a"), &["a/pop3", "a/imap"]),
    ];
    assert_causes("an account that is disabled keeps no mail protocol out", &outcomes, expected);
    let twice = [("a/pop3", Auth, R::AuthRefused), ("a/imap", Auth, R::AddressAmbiguous), ("a/smtp", Auth, R::AuthRefused)];
    let outcomes = tenant(&["a", "b"], &[Check::Pop3, Check::Imap, Check::Smtp], &twice);
    let expected: [Expected; 1] = [(R::AddressAmbiguous, Likely, Some("a"), &["a/pop3", "a/imap", "a/smtp"])];
    assert_causes("an address that IMAP alone calls ambiguous", &outcomes, &expected);
    let shown = diagnose(&outcomes)[0].evidence.peer.clone();
    assert_eq!(shown, Some(Peer::new("outlook", 993).at([192, 0, 2, 1].into())), "the evidence is that of IMAP, which said so");
    let off = [
        ("a/pop3", Auth, R::AuthRefused),
        ("a/imap", Mailbox, R::MailboxNotConnected),
        ("*/smtp", Phase::Connect, R::ConnectTimedOut),
    ];
    let outcomes = tenant(&["a", "b"], &[Check::Pop3, Check::Imap, Check::Smtp], &off);
    let expected: &[Expected] =
        &[(R::ConnectTimedOut, Certain, None, &["*/smtp"]), (R::ProtocolDisabled, Likely, Some("a"), &["a/pop3", "a/imap"])];
    assert_causes("POP3 and IMAP off for a mailbox, and SMTP cannot be asked", &outcomes, expected);
    let unlicensed = [
        ("a/pop3", Mailbox, R::MailboxNotConnected),
        ("a/imap", Auth, R::MailboxNotConnected),
        ("a/graph", Mailbox, R::MailboxNotFound),
    ];
    let outcomes = tenant(&["a", "b"], &[Check::Pop3, Check::Imap, Check::Graph], &unlicensed);
    let expected: [Expected; 1] = [(R::LicenseInvalid, Likely, Some("a"), &["a/pop3", "a/imap", "a/graph"])];
    assert_causes("in the directory, and yet no mailbox", &outcomes, &expected);
}

const ALL: &[Check] = &[Check::Pop3, Check::Imap, Check::Smtp, Check::Ews, Check::Graph];

/// A general word of one service never outweighs a specific one of another for the same mailbox.
#[test]
fn replies_of_all_protocols_to_one_fault_have_one_root_cause() {
    use Confidence::Certain;
    use Phase::{Auth, Mailbox};
    use Reason as R;
    let unlicensed: &[Failing] = &[
        ("a/pop3", Mailbox, R::MailboxNotConnected),
        ("a/imap", Mailbox, R::MailboxNotConnected),
        ("a/graph", Mailbox, R::MailboxNotFound),
        ("a/ews", Mailbox, R::LicenseInvalid),
    ];
    let of_a: &[&str] = &["a/pop3", "a/imap", "a/ews", "a/graph"];
    let everything: &[&str] = &["*/pop3", "*/imap", "*/smtp", "*/ews", "*/graph"];
    let mail = MAIL_REFUSED.to_vec();
    let with_mail = |others: &[Failing]| [&mail[..], others].concat();
    let cases: &[(&str, Vec<Failing>, Expected)] = &[
        ("a licence removed, and SMTP's login works", unlicensed.to_vec(), (R::LicenseInvalid, Certain, Some("a"), of_a)),
        (
            "a licence removed, and Graph is in trouble",
            [&unlicensed[..2], &unlicensed[3..], &[("a/graph", Mailbox, R::ServerUnavailable)]].concat(),
            (R::LicenseInvalid, Certain, Some("a"), of_a),
        ),
        (
            "an account disabled, and Graph says that something failed",
            vec![("a/ews", Mailbox, R::AccountDisabled), ("a/graph", Mailbox, R::OperationFailed)],
            (R::AccountDisabled, Certain, Some("a"), &["a/ews", "a/graph"]),
        ),
        (
            "a policy that EWS and Graph name",
            with_mail(&[("*/ews", Mailbox, R::ConditionalAccessBlocked), ("*/graph", Mailbox, R::ConditionalAccessBlocked)]),
            (R::ConditionalAccessBlocked, Certain, None, everything),
        ),
        (
            "a policy that Graph alone names",
            with_mail(&[("*/ews", Mailbox, R::EwsTokenRefused), ("*/graph", Mailbox, R::ConditionalAccessBlocked)]),
            (R::ConditionalAccessBlocked, Certain, None, everything),
        ),
        (
            "a tenant without Exchange Online, which EWS and Graph name",
            with_mail(&[("*/ews", Mailbox, R::TokenWrongTenant), ("*/graph", Mailbox, R::TokenWrongTenant)]),
            (R::TokenWrongTenant, Confidence::Likely, None, everything),
        ),
        (
            "a tenant without Exchange Online, in whose directory IMAP and Graph find nobody",
            vec![
                ("*/pop3", Auth, R::AuthRefused),
                ("*/imap", Auth, R::MailboxNotFound),
                ("*/smtp", Auth, R::AuthRefused),
                ("*/ews", Mailbox, R::TokenWrongTenant),
                ("*/graph", Mailbox, R::MailboxNotFound),
            ],
            (R::TokenWrongTenant, Confidence::Likely, None, everything),
        ),
        (
            "a tenant marked for removal, as EWS says",
            with_mail(&[("*/ews", Mailbox, R::TenantBlocked), ("*/graph", Mailbox, R::ServerUnavailable)]),
            (R::TenantBlocked, Certain, None, everything),
        ),
    ];
    for (case, failing, expected) in cases {
        assert_causes(case, &tenant(&["a", "b"], ALL, failing), std::slice::from_ref(expected));
    }
}

#[test]
fn candidates_that_the_outcomes_exclude_are_not_listed() {
    use Phase::{Auth, Mailbox};
    use Reason as R;
    let rows: &[(&str, &[Failing], R, &[R])] = &[
        (
            "POP3 opens the mailbox: the permission is there",
            &[("a/imap", Auth, R::AuthRefused)],
            R::ProtocolDisabled,
            &[R::PropagationPending],
        ),
        (
            "EWS opens the mailbox: it exists",
            &[("a/pop3", Auth, R::AuthRefused), ("a/imap", Auth, R::AuthRefused), ("a/smtp", Auth, R::AuthRefused)],
            R::MailboxPermissionMissing,
            &[R::ProtocolDisabled, R::PropagationPending],
        ),
        ("SMTP names its switch", &[("a/smtp", Auth, R::AuthRefused)], R::AuthRefused, &[R::PropagationPending]),
        (
            "the list of applications lets it into another mailbox",
            &[("a/ews", Mailbox, R::EwsForbidden)],
            R::EwsNotLicensed,
            &[R::EwsDisabled],
        ),
    ];
    for (case, failing, reason, candidates) in rows {
        let causes = diagnose(&tenant(&["a", "b"], ALL, failing));
        let found: Vec<_> = causes.iter().map(|cause| (cause.reason, &cause.candidates[..])).collect();
        assert_eq!(found, [(*reason, *candidates)], "{case}");
    }
}

/// The age of the refusal and of the application tells a change that has not taken effect from one that went wrong.
#[test]
fn refusal_of_everything_after_a_recent_change_is_propagation_pending() {
    const HOUR: Duration = Duration::from_secs(3600);
    let now = SystemTime::UNIX_EPOCH + 1000 * HOUR;
    let mut failing = MAIL_REFUSED.to_vec();
    failing.push(("*/ews", Phase::Mailbox, Reason::EwsTokenRefused));
    let seen = |created: Option<SystemTime>, worked: Option<SystemTime>| {
        let mut outcomes = tenant(&["a", "b"], &[Check::Pop3, Check::Imap, Check::Smtp, Check::Ews], &failing);
        for outcome in &mut outcomes {
            outcome.at = now;
            outcome.facts.last_worked = worked.filter(|_| outcome.failure().is_some());
        }
        outcomes[0].facts.registration = Some(Registration::Read { created, credentials: Vec::new() });
        outcomes
    };
    let (old, everywhere) = (Some(now - 900 * HOUR), Reason::AccessRefusedEverywhere);
    for (case, created, worked, reason, first, may_pass) in [
        (
            "registered an hour ago",
            Some(now - HOUR),
            None,
            Reason::PropagationPending,
            Reason::ExchangeServicePrincipalMissing,
            true,
        ),
        ("worked an hour ago", old, Some(now - HOUR), everywhere, Reason::PropagationPending, true),
        ("worked a day ago", old, Some(now - 24 * HOUR), everywhere, Reason::AuthPolicyBlocked, false),
        ("seen for the first time", None, None, everywhere, Reason::AuthPolicyBlocked, true),
    ] {
        let outcomes = seen(created, worked);
        assert_causes(case, &outcomes, &[(reason, Confidence::Likely, None, EVERYTHING)]);
        let candidates = &diagnose(&outcomes)[0].candidates;
        assert_eq!(candidates.first(), Some(&first), "{case}");
        let named = reason == Reason::PropagationPending || candidates.contains(&Reason::PropagationPending);
        assert_eq!(named, may_pass, "{case}");
    }
}

/// A role that stands in no token was given in Exchange, for some mailboxes: where a protocol knows that way.
#[test]
fn smtp_refused_without_its_role_is_impersonation_denied() {
    for (roles, check, reason, candidate) in [
        (&["POP.AccessAsApp"][..], Check::Smtp, Reason::ImpersonationDenied, Reason::TokenRoleMissing),
        (&["SMTP.SendAsApp"], Check::Smtp, Reason::AuthRefused, Reason::PropagationPending),
        (&["SMTP.SendAsApp"], Check::Imap, Reason::ProtocolDisabled, Reason::TokenRoleMissing),
        (&["IMAP.AccessAsApp"], Check::Imap, Reason::ProtocolDisabled, Reason::PropagationPending),
    ] {
        let refused: Failing = (if check == Check::Smtp { "*/smtp" } else { "*/imap" }, Phase::Auth, Reason::AuthRefused);
        let mut outcomes = tenant(&["a"], &[Check::Pop3, check], &[refused]);
        for outcome in &mut outcomes {
            let roles = Some(roles.iter().map(|role| (*role).to_owned()).collect());
            outcome.facts.token = Some(TokenFacts { roles, ..TokenFacts::default() }.into());
        }
        let cause = &diagnose(&outcomes)[0];
        assert_eq!((cause.reason, cause.candidates.first()), (reason, Some(&candidate)), "{check} with {roles:?}");
    }
}

/// Words that nobody knows are no ground to blame the registration, which POP3 and IMAP are blamed on.
#[test]
fn smtp_refusal_with_an_unknown_text_stands_alone() {
    let mut outcomes = tenant(&["a"], &[Check::Pop3, Check::Imap, Check::Smtp], &MAIL_REFUSED);
    for outcome in &mut outcomes {
        if let Verdict::Failed(failure) = &mut outcome.verdict
            && outcome.probe.check == Check::Smtp
        {
            failure.evidence.code = Some("5.7.139".to_owned());
        }
    }
    let causes = diagnose(&outcomes);
    let found: Vec<_> = causes.iter().map(|cause| (cause.reason, cause.candidates.first().copied())).collect();
    let expected = [
        (Reason::ExchangeServicePrincipalMissing, Some(Reason::MailboxPermissionMissing)),
        (Reason::AuthRefused, Some(Reason::AuthPolicyBlocked)),
    ];
    assert_eq!(found, expected);
}
