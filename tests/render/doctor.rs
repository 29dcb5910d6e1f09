//! The doctor's text for a person, in both languages, for what the simulated tenant really answers.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use m365_probe::check::Means;
use m365_probe::kind::Check;
use m365_probe::lang::Lang;
use m365_probe::levels::Limits;
use m365_probe::outcome::{Evidence, Fault, Outcome, Phase, SupportId, SupportIds};
use m365_probe::probe::{Probe, Slots};
use m365_probe::reason::CredentialForm;
use m365_probe::reason::Reason;
use m365_probe::render::doctor::{self, Style};
use m365_probe::report::{Application, JudgedOutcome};
use m365_probe::sim::{self, Tenant};
use tokio::task::JoinSet;

use crate::golden::assert_golden;
use crate::sample;
use crate::steady;

/// A tenant that an administrator, or a firewall, has broken.
struct Story {
    name: &'static str,
    faults: &'static [&'static str],
    change: fn(&mut Tenant),
}

const STORIES: &[Story] = &[
    Story { name: "all_well", faults: &[], change: |_| {} },
    Story { name: "client_secret_expired", faults: &["client_secret_expired"], change: |_| {} },
    Story { name: "service_principal_missing", faults: &["exchange_service_principal_missing"], change: |_| {} },
    Story {
        name: "one_mailbox_without_permission",
        faults: &[],
        change: |tenant| {
            let labor = tenant.mailboxes.iter_mut().find(|mailbox| mailbox.address.starts_with("labor@"));
            labor.expect("the tenant has this mailbox").full_access = false;
        },
    },
    Story {
        name: "mail_ports_closed",
        faults: &["connect_refused@pop3", "connect_refused@imap", "connect_refused@smtp"],
        change: |_| {},
    },
    Story { name: "ews_disabled", faults: &["ews_disabled"], change: |_| {} },
];

#[tokio::test(flavor = "multi_thread")]
async fn doctor_of_each_story_equals_the_golden_files() {
    for story in STORIES {
        let outcomes = run(story).await;
        let limits = Limits::default();
        let application = Application {
            client_id: steady::CLIENT_ID,
            tenant_id: steady::TENANT_ID,
            credential: Some(CredentialForm::ClientSecret),
        };
        let judged: Vec<JudgedOutcome<'_>> = outcomes
            .iter()
            .map(|outcome| JudgedOutcome::new(outcome, &limits, sample::now()).with_application(application))
            .collect();
        for lang in Lang::ALL {
            let text = doctor::report(&judged, &Style { lang, ..Style::default() });
            assert_golden(&format!("doctor/{}.{lang}.txt", story.name), &text);
        }
    }
}

/// Every check of the tenant once, and of what it learnt all that differs from run to run made steady.
async fn run(story: &Story) -> Vec<Outcome> {
    let mut tenant = Tenant::contoso();
    (story.change)(&mut tenant);
    let running = sim::start(tenant).await.expect("the tenant starts");
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("doctor-{}", running.ports().login));
    std::fs::create_dir_all(&directory).expect("a directory for its certificate");
    let settings = running.settings(&running.write_ca(&directory).expect("its certificate"));
    let means = Arc::new(Means::new(&settings.network).expect("the trust store"));
    story.faults.iter().for_each(|fault| running.set_fault(fault).expect("a fault of that name"));
    let slots = Slots::default();
    let mut runs = JoinSet::new();
    for (number, probe) in settings.probes.into_iter().enumerate() {
        let (probe, means) = (Probe::new(probe, &slots).expect("its cloud has all of it"), Arc::clone(&means));
        runs.spawn(async move { (number, probe.run(&means, None).await) });
    }
    let mut outcomes = runs.join_all().await;
    outcomes.sort_by_key(|(number, _)| *number);
    std::fs::remove_dir_all(&directory).expect("nobody else uses it");
    let steady = steady::Steady::new(running.ports());
    outcomes.into_iter().map(|(_, outcome)| steady.outcome(outcome)).collect()
}

/// A tenant of a hundred mailboxes, of which all but two lack the same.
#[test]
fn doctor_of_a_hundred_mailboxes_names_a_few() {
    let mut outcomes = vec![sample::token()];
    for number in 1..=100 {
        let mut outcome = sample::pop3();
        outcome.probe.mailbox = Some(format!("m{number}"));
        outcome.address = Some(format!("m{number}@contoso.example"));
        let mut imap = Outcome { probe: outcome.probe.clone(), ..outcome.clone() };
        imap.probe.check = Check::Imap;
        if number > 2 {
            for refused in [&mut outcome, &mut imap] {
                let evidence = Evidence { heard: Some("no".into()), ..Evidence::default() };
                refused.verdict = sample::failed(Phase::Auth, Reason::AuthRefused, evidence);
            }
        }
        outcomes.extend([outcome, imap]);
    }
    let limits = Limits::default();
    let judged: Vec<JudgedOutcome<'_>> =
        outcomes.iter().map(|outcome| JudgedOutcome::new(outcome, &limits, sample::now())).collect();
    for lang in Lang::ALL {
        let text = doctor::report(&judged, &Style { lang, ..Style::default() });
        assert!(text.lines().count() < 110, "{text}");
        let more = if lang == Lang::De { "für 93 weitere Postfächer" } else { "for 93 more mailboxes" };
        assert!(text.contains("m3@contoso.example") && text.contains(more) && !text.contains("m60"), "{text}");
    }
}

/// Whatever the width, a command and the words of a peer stay on one line, and all else keeps to it.
#[test]
fn doctor_at_any_width_keeps_commands_and_evidence_on_one_line() {
    let (outcomes, limits) = ([sample::token(), sample::secret_expired()], Limits::default());
    let mut refused = sample::pop3();
    refused.verdict = sample::failed(Phase::Auth, Reason::AuthRefused, Evidence::default());
    let outcomes: Vec<Outcome> = outcomes.into_iter().chain([refused]).collect();
    let judged: Vec<JudgedOutcome<'_>> =
        outcomes.iter().map(|outcome| JudgedOutcome::new(outcome, &limits, sample::now())).collect();
    for (lang, width) in Lang::ALL.into_iter().flat_map(|lang| [72, 80, 100, 140].map(|width| (lang, width))) {
        let text = doctor::report(&judged, &Style { lang, width, ..Style::default() });
        assert!(text.contains("AADSTS7000222: The provided client secret keys for app are expired.\n"), "{text}");
        let mailbox = "Get-CASMailbox -Identity \"praxis@contoso.example\" | Format-List";
        assert!(text.lines().any(|line| line.trim_start().starts_with(mailbox) && line.ends_with("Disabled")), "{text}");
        let commands = |line: &&str| {
            let word = line.trim_start().split([' ', '-']).next().unwrap_or_default();
            !["Get", "Set", "Add", "New"].contains(&word)
        };
        // A word that is longer than the line, such as an address of a page, and what was heard stand as they are.
        let long: Vec<&str> = text.lines().filter(|line| line.chars().count() > width).filter(commands).collect();
        assert!(long.iter().all(|line| line.contains("AADSTS") || line.contains("http")), "{width}: {long:#?}");
    }
}

#[test]
fn evidence_rows_have_names_in_the_reader_s_language() {
    let said = Some("POST /EWS/Exchange.asmx".to_owned());
    let evidence =
        Evidence { said, ids: SupportIds::from([(SupportId::FrontEndServer, "FR4P281CA0001".into())]), ..Evidence::default() };
    for (lang, names) in [(Lang::En, ["sent", "front-end server"]), (Lang::De, ["gesendet", "Frontend-Server"])] {
        let told = doctor::evidence_rows(&evidence, &Style { lang, ..Style::default() });
        assert_eq!(told.iter().map(|(name, _)| &**name).collect::<Vec<_>>(), names);
    }
}

#[test]
fn doctor_of_warnings_has_each_once_with_what_to_do() {
    let (mut token, mut pop3, mut ews) = (sample::token(), sample::pop3(), sample::ews());
    token.probe.tenant = "fabrikam".into();
    token.facts.credential_expires = Some(sample::now() + Duration::from_secs(45 * 3600));
    let evidence = Evidence { peer: "outlook.office365.com:995 (192.0.2.1)".parse().ok(), ..Evidence::default() };
    pop3.facts.warnings = vec![Fault { reason: Reason::TlsIntercepted, evidence }];
    ews.facts.warnings = vec![Fault::new(Reason::EwsRetiring)];
    ews.facts.ews_ends = Some(sample::now() + Duration::from_secs(129 * 86_400));
    let mut labor = ews.clone();
    labor.probe.mailbox = Some("labor".into());
    let (outcomes, limits) = ([pop3, ews, labor, token], Limits::default());
    let judged: Vec<JudgedOutcome<'_>> =
        outcomes.iter().map(|outcome| JudgedOutcome::new(outcome, &limits, sample::now())).collect();
    for lang in Lang::ALL {
        let text = doctor::report(&judged, &Style { lang, ..Style::default() });
        assert_golden(&format!("doctor/warnings.{lang}.txt"), &text);
    }
}

#[test]
fn doctor_of_a_secret_past_its_declared_expiry_says_so_while_it_works() {
    let (mut token, limits) = (sample::token(), Limits::default());
    token.facts.credential_expires = Some(sample::now() - Duration::from_secs(27 * 86_400 + 3600));
    let judged = [JudgedOutcome::new(&token, &limits, sample::now())];
    let text = doctor::report(&judged, &Style::default());
    for told in
        ["No check fails. 1 of 1 needs", "was to expire 27 days ago (2026-10-27)", "(27 days ago)", "credential_expiry_outdated"]
    {
        assert!(text.contains(told), "{told}: {text}");
    }
    assert!(!text.contains("0 days"), "{text}");
    token.verdict = sample::failed(Phase::Token, Reason::ClientSecretExpired, Evidence::default());
    let judged = [JudgedOutcome::new(&token, &limits, sample::now())];
    let text = doctor::report(&judged, &Style::default());
    assert!(text.contains("client_secret_expired") && !text.contains("credential_expir"), "{text}");
}

#[test]
fn doctor_of_conditional_access_names_the_public_address_that_a_server_saw() {
    let (mut token, mut reach, limits) = (sample::token(), sample::token(), Limits::default());
    token.verdict = sample::failed(Phase::Token, Reason::ConditionalAccessBlocked, Evidence::default());
    reach.probe.check = Check::Reach;
    for (seen, told) in
        [(Some("203.0.113.7"), "(203.0.113.7,"), (Some("2001:db8::7"), "(2001:db8::7,"), (None, "(<PUBLIC_ADDRESS>,")]
    {
        reach.facts.server.public_address = seen.map(ToOwned::to_owned);
        let outcomes = [&token, &reach];
        let judged: Vec<JudgedOutcome<'_>> = outcomes.map(|outcome| JudgedOutcome::new(outcome, &limits, sample::now())).into();
        for lang in Lang::ALL {
            let text = doctor::report(&judged, &Style { lang, width: 400, ..Style::default() });
            assert!(text.contains(told), "{told}: {text}");
        }
    }
}
