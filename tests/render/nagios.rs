//! Plugin output, read as Nagios and Icinga read it.

use std::time::Duration;

use m365_probe::levels::{Limits, State};
use m365_probe::outcome::{Evidence, Fault, Outcome, Peer, Phase, Verdict};
use m365_probe::reason::Reason;
use m365_probe::render::nagios;
use m365_probe::report::JudgedOutcome;

use crate::golden::assert_golden;
use crate::sample;

fn judged<'a>(outcomes: &'a [Outcome], limits: &'a Limits) -> Vec<JudgedOutcome<'a>> {
    outcomes.iter().map(|outcome| JudgedOutcome::new(outcome, limits, sample::now())).collect()
}

#[test]
fn nagios_of_each_sample_equals_the_golden_file() {
    let (outcomes, limits) = (sample::all(), Limits::default());
    let mut shown = String::new();
    for outcome in &outcomes {
        shown += &nagios::report(&judged(std::slice::from_ref(outcome), &limits), 0).0;
    }
    assert_golden("nagios.txt", &shown);
}

#[test]
fn nagios_of_a_run_that_this_machine_was_too_slow_for_is_unknown_and_tells_no_time() {
    let stalled = Some(Duration::from_secs(29));
    let verdict = sample::failed(Phase::Auth, Reason::MachineTooSlow, Evidence::default());
    let mut outcome = Outcome { verdict, ..sample::pop3() };
    outcome.facts.stalled = stalled;
    let limits = Limits::parse(&["0.001".to_owned()], &["0.002".to_owned()]).expect("limits");
    let (text, state) = nagios::report(&judged(&[outcome], &limits), 0);
    assert_eq!(state, State::Unknown, "{text}");
    let promised = "POP3 UNKNOWN - praxis@contoso.example: machine_too_slow in auth; probably this machine was too slow for \
                    the run; check this machine's load and ";
    assert!(text.starts_with(promised), "{text}");
    let numbers = text.split_once(" | ").expect("performance data").1;
    assert!(!numbers.contains("total=") && !numbers.contains("auth=") && numbers.contains("messages="), "{text}");
    let mut slow = sample::pop3();
    slow.facts.stalled = stalled;
    assert_eq!(nagios::report(&judged(&[slow], &limits), 0).1, State::Ok, "a limit of the time is not judged");
}

#[test]
fn nagios_of_what_may_pass_is_a_warning_with_the_time_it_lasts_and_critical_after_half_an_hour() {
    for (minutes, state, promised) in [
        (12, State::Warning, "; who must act: Microsoft; since 2026-11-23 17:47 UTC, critical after 30 minutes | "),
        (31, State::Critical, "; who must act: Microsoft; since 2026-11-23 17:28 UTC | "),
    ] {
        let verdict = sample::failed(Phase::Mailbox, Reason::Throttled, Evidence::default());
        let mut outcome = Outcome { verdict, ..sample::pop3() };
        outcome.facts.failing_since = Some(sample::now() - Duration::from_secs(minutes * 60));
        let (text, judged_as) = nagios::report(&judged(&[outcome, sample::token()], &Limits::default()), 0);
        assert_eq!(judged_as, state, "{text}");
        let first = text.lines().next().unwrap_or_default();
        assert!(first.contains(": the server throttles our requests; wait; ") && first.contains(promised), "{first}");
    }
}

#[test]
fn nagios_first_line_of_a_success_and_a_failure_is_as_documented() {
    let limits = Limits::default();
    let (text, state) = nagios::report(&judged(&[sample::pop3()], &limits), 0);
    assert_eq!(state, State::Ok);
    assert!(
        text.starts_with("POP3 OK - praxis@contoso.example: mailbox opened in 0.412s, 12 messages | total=0.412s;;;0 token="),
        "{text}"
    );
    let (text, state) = nagios::report(&judged(&[sample::secret_expired()], &limits), 0);
    assert_eq!(state, State::Critical);
    let promised = "TOKEN CRITICAL - contoso: client_secret_expired in token (AADSTS7000222); create a new client secret ";
    assert!(text.starts_with(promised), "{text}");
}

/// Returns POP3 that failed in `phase` at outlook.office365.com:995.
fn refused(phase: Phase, reason: Reason) -> Outcome {
    let peer = Peer::new("outlook.office365.com", 995).at(std::net::Ipv4Addr::new(52, 98, 1, 2).into());
    let evidence = Evidence { peer: Some(peer), ..Evidence::default() };
    Outcome { verdict: sample::failed(phase, reason, evidence), ..sample::pop3() }
}

#[test]
fn nagios_of_a_failed_connection_names_mailbox_and_host_and_port() {
    let limits = Limits::default();
    for (phase, reason, expected) in [
        (Phase::Connect, Reason::ConnectTimedOut, "connect_timed_out in connect (outlook.office365.com:995); open the port "),
        (Phase::Tls, Reason::TlsCertificateUntrusted, "tls_certificate_untrusted in tls (outlook.office365.com:995); if "),
        (Phase::Greeting, Reason::NoGreeting, "no_greeting in greeting (outlook.office365.com:995); look for "),
        (Phase::Auth, Reason::MailboxNotFound, "mailbox_not_found in auth; "),
        (Phase::Connect, Reason::LocalResources, "local_resources in connect; "),
    ] {
        let (text, _) = nagios::report(&judged(&[refused(phase, reason)], &limits), 0);
        let (_, sentence) = text.split_once(" - ").expect(&text);
        assert!(sentence.starts_with(&format!("praxis@contoso.example: {expected}")), "{text}");
    }
    let (text, _) = nagios::report(&judged(&[refused(Phase::Connect, Reason::ConnectTimedOut), sample::token()], &limits), 0);
    let expected = "M365 CRITICAL - contoso: connect_timed_out (certain), 1 of 2 not ok: outlook.office365.com:995; ";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn nagios_of_a_missing_permission_says_since_when_who_must_act_and_what_to_type_with_the_readers_ids() {
    let mut outcome = refused(Phase::Auth, Reason::MailboxPermissionMissing);
    outcome.facts.failing_since = Some(sample::now() - Duration::from_secs(3600));
    let limits = Limits::default();
    let (text, _) = nagios::report(&judged(&[outcome], &limits), 0);
    let first = "POP3 CRITICAL - praxis@contoso.example: mailbox_permission_missing in auth; Add-MailboxPermission \
                 praxis@contoso.example -User 99999999-8888-7777-6666-555555555555 -AccessRights FullAccess; who must act: tenant \
                 admin; since 2026-11-23 16:59 UTC | ";
    assert!(text.starts_with(first), "{text}");
    let step = text.lines().nth(1).unwrap_or_default();
    assert!(step.starts_with("what to do first: ") && step.contains("`Get-MailboxPermission"), "{text}");
}

/// A phone shows 80 characters, and so does the subject of a mail: the remedy and all that is longer stand behind them.
#[test]
fn nagios_of_each_reason_names_check_state_mailbox_and_reason_within_80_characters() {
    let limits = Limits::default();
    for reason in Reason::ALL {
        let (text, _) = nagios::report(&judged(&[refused(Phase::Auth, *reason)], &limits), 0);
        let clause = text.split([';', '(']).next().expect("a clause").trim_end();
        let reason_ends = clause.find(reason.code()).expect(&text) + reason.code().len();
        assert!(reason_ends <= 80, "{reason_ends}: {text}");
        assert!(clause.starts_with("POP3 ") && clause.contains("praxis@contoso.example: "), "{text}");
        let (text, _) = nagios::report(&judged(&[refused(Phase::Connect, *reason), sample::token()], &limits), 0);
        let (clause, _) = text.split_once(": ").and_then(|(_, rest)| rest.split_once(':')).expect(&text);
        let length = text.find(clause).expect("there") + clause.len();
        assert!(length <= 88 && clause.ends_with(" not ok"), "{length}: {text}");
    }
}

#[test]
fn nagios_with_limits_that_were_meant_otherwise_hints_at_what_to_write() {
    let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    let limits = Limits::parse(&texts(&["certificate_days=30", "5"]), &texts(&["3"])).expect("limits");
    let (text, state) = nagios::report(&judged(&[sample::pop3(), sample::pop3()], &limits), 0);
    assert_eq!(state, State::Warning);
    assert!(text.contains("; certificate_days is 90.0, limit 30 (at least 30 days is written 30:)\n"), "{text}");
    let hints: Vec<&str> = text.lines().filter(|line| line.starts_with("hint: ")).collect();
    assert_eq!(
        hints,
        [
            "hint: `certificate_days=30` alerts above 30 days; at least 30 days is written 30:",
            "hint: a warning of `total=5` is never seen, because critical of `total=3` comes first; exchange the two",
        ]
    );
    let limits = Limits::parse(&texts(&["certificate_days=30:", "3"]), &texts(&["5", "certificate_days=7:"])).expect("limits");
    assert!(!nagios::report(&judged(&[sample::pop3()], &limits), 0).0.contains("hint"));
}

#[test]
fn perfdata_of_a_secret_that_entra_calls_expired_has_no_days_left() {
    let mut token = sample::secret_expired();
    token.facts.credential_expires = Some(sample::now() + Duration::from_secs(97 * 86_400));
    let limits = Limits::default();
    let (text, _) = nagios::report(&judged(std::slice::from_ref(&token), &limits), 0);
    assert!(text.contains(" secret_days=0.00;30:;7:\n") && !text.contains("limit 7:"), "{text}");
    token.facts.credential_expires = Some(sample::now() - Duration::from_secs(3 * 86_400));
    let (text, _) = nagios::report(&judged(&[token], &limits), 0);
    assert!(text.contains(" secret_days=-3.00;30:;7:\n"), "{text}");
}

#[test]
fn nagios_of_a_credential_near_or_past_its_expiry_says_when_and_what_to_do() {
    let (limits, hour) = (Limits::default(), Duration::from_secs(3600));
    let (soon, past) = (sample::now() + 45 * hour, sample::now() - 27 * 24 * hour);
    for (end, told) in [
        (
            soon,
            "secret_days is 1.9, limit 7:; credential_expiring: the client secret expires in 1 day (2026-11-25); create a new",
        ),
        (
            past,
            "credential_expiry_outdated: the client secret was to expire 27 days ago (2026-10-27), and still works; set `expires`",
        ),
    ] {
        let mut token = sample::token();
        token.facts.credential_expires = Some(end);
        let (text, state) = nagios::report(&judged(std::slice::from_ref(&token), &limits), 0);
        assert_eq!(state, State::Critical);
        assert!(text.lines().next().is_some_and(|line| line.contains(told)), "{text}");
        let (text, _) = nagios::report(&judged(&[sample::pop3(), token], &limits), 0);
        let first = "M365 CRITICAL - 1 of 2 not ok: contoso/token (credential_expir";
        assert!(text.starts_with(first) && text.lines().skip(1).any(|line| line.contains(told)), "{text}");
    }
}

#[test]
fn nagios_of_ews_says_when_it_ends_and_to_move_to_graph() {
    let (limits, day) = (Limits::default(), Duration::from_secs(86_400));
    let ews = |end| {
        let mut ews = sample::ews();
        ews.facts.warn(Fault::new(Reason::EwsRetiring));
        ews.facts.ews_ends = Some(end);
        ews
    };
    for (end, state, told) in [
        (sample::now() + 129 * day, State::Ok, "ews_retiring: EWS ends in 129 days (2027-04-01), move to Microsoft Graph"),
        (sample::now() + 59 * day, State::Warning, "ews_retiring: EWS ends in 59 days (2027-01-21), move to Microsoft Graph"),
        (
            sample::now() - 2 * day,
            State::Warning,
            "ews_retiring: EWS was to end 2 days ago (2026-11-21), move to Microsoft Graph",
        ),
    ] {
        let (text, found) = nagios::report(&judged(&[ews(end)], &limits), 0);
        assert!(text.lines().next().is_some_and(|line| line.contains(told)), "{text}");
        assert_eq!(found, state);
        let (text, _) = nagios::report(&judged(&[sample::pop3(), ews(end), ews(end)], &limits), 0);
        let first = match state {
            State::Ok => format!("M365 OK - 3 of 3 ok; {told} | "),
            _ => "M365 WARNING - 2 of 3 not ok: contoso/praxis/ews (ews_retiring)".to_owned(),
        };
        assert!(text.starts_with(&first) && text.lines().skip(1).any(|line| line.contains(told)), "{text}");
    }
}

#[test]
fn nagios_with_each_verbosity_equals_the_golden_file() {
    let (outcomes, limits) = ([sample::pop3(), sample::secret_expired()], sample::limits());
    let mut shown = String::new();
    for verbosity in 0..=3 {
        for outcome in &outcomes {
            shown.extend(["=== -v × ", &verbosity.to_string(), "\n"]);
            shown += &nagios::report(&judged(std::slice::from_ref(outcome), &limits), verbosity).0;
        }
    }
    assert_golden("nagios-verbose.txt", &shown);
}

#[test]
fn nagios_of_several_outcomes_with_limits_equals_the_golden_file() {
    let (outcomes, limits) = (sample::all(), sample::limits());
    let mut shown = nagios::report(&judged(&outcomes, &limits), 0).0;
    shown += &nagios::report(&judged(&[sample::token(), sample::pop3()], &Limits::default()), 1).0;
    shown += &nagios::report(&[], 0).0;
    assert_golden("nagios-several.txt", &shown);
}

#[test]
fn nagios_of_any_outcomes_is_well_formed_and_at_most_8192_bytes() {
    let limits = [Limits::default(), sample::limits()];
    let all = sample::all();
    let mut sets: Vec<Vec<Outcome>> = all.iter().map(|outcome| vec![outcome.clone()]).collect();
    sets.push(all.clone());
    sets.push((0..20).flat_map(|_| all.clone()).collect());
    sets.push(vec![sample::attacked(); 30]);
    for (set, limits) in sets.iter().flat_map(|set| limits.iter().map(move |limits| (set, limits))) {
        for verbosity in 0..=4 {
            let (text, state) = nagios::report(&judged(set, limits), verbosity);
            let ran = set.iter().any(|outcome| !matches!(outcome.verdict, Verdict::Skipped(_)));
            well_formed(&text, state, ran);
        }
    }
}

/// Fails on output that a parser of Nagios, Icinga or Perl would misread.
pub fn well_formed(text: &str, state: State, ran: bool) {
    assert!(text.len() <= 8192 && text.ends_with('\n') && !text.trim_end_matches('\n').is_empty(), "{} bytes", text.len());
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    let mut words = text.split(' ');
    assert_eq!(words.nth(1), Some(state.word()), "{text}");
    assert_eq!(text.matches('|').count(), usize::from(ran), "{text}");
    let first = text.lines().next().expect("a line");
    let Some((_, perfdata)) = first.split_once(" | ") else {
        assert!(!ran, "{text}");
        return;
    };
    let mut labels = std::collections::HashSet::new();
    for item in perfdata.split(' ') {
        let (label, value) = item.split_once('=').expect(item);
        assert!(labels.insert(label), "{label} twice");
        assert!(!label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{item}");
        let mut fields = value.split(';');
        let number = fields.next().expect(item).trim_end_matches('s');
        assert!(is_decimal(number), "{item}");
        assert!(fields.all(|field| field.bytes().all(|b| b.is_ascii_digit() || b"-.:~".contains(&b))), "{item}");
    }
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') && text.parse::<f64>().is_ok_and(f64::is_finite)
}

#[test]
fn nagios_unknown_of_a_message_is_one_state_line_with_harmless_text() {
    let text = nagios::unknown("unknown check `pop|4`; did you mean `pop3`?\n\x1b[1musage\x1b[0m: …");
    assert_eq!(text, "M365 UNKNOWN - unknown check `pop/4`; did you mean `pop3`?\n\\u{1b}[1musage\\u{1b}[0m: …\n");
    assert_eq!(nagios::unknown(""), "M365 UNKNOWN - \n");
}
