//! Tests of the store.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::*;
use crate::clock::SteadyClock;
use crate::cloud::Cloud;
use crate::credential::{CertificateFiles, CertificateSource, Credential, SecretSource};
use crate::kind::Check;
use crate::outcome::{
    CertificateFacts, ClientCertificateFacts, CredentialFacts, CredentialKind, EndpointFacts, Evidence, Facts, Failure, Line,
    MailboxFacts, Phase, Registration, SkipReason, Speaker, SupportId, SupportIds, TokenFacts, Transcript, Verdict,
};
use crate::reason::Reason;
use crate::settings::Tenant;

const MINUTE: Duration = Duration::from_secs(60);

fn settings(tenant_id: &str, mailbox: &str) -> ProbeSettings {
    let cloud = Cloud::built_in("global").expect("built in");
    let tenant = Tenant::new("contoso", cloud, tenant_id, "client", SecretSource::Variable("SECRET".into()));
    let id = ProbeId { tenant: "contoso".into(), mailbox: Some(mailbox.into()), check: Check::Pop3 };
    let address = Some(format!("{mailbox}@contoso.example"));
    ProbeSettings { timeout: MINUTE / 2, ..ProbeSettings::new(id, Arc::new(tenant), address) }
}

fn at(minute: u32) -> SystemTime {
    SystemTime::UNIX_EPOCH + minute * MINUTE
}

fn outcome(mailbox: &str, minute: u32, facts: Facts, verdict: Verdict) -> Outcome {
    Outcome {
        probe: ProbeId { tenant: "contoso".into(), mailbox: Some(mailbox.into()), check: Check::Pop3 },
        address: None,
        at: at(minute),
        took: Duration::from_millis(300),
        phases: Vec::new(),
        facts,
        verdict,
        interval: None,
    }
}

fn failed(phase: Phase, reason: Reason) -> Verdict {
    Verdict::Failed(Failure { phase, reason, evidence: Evidence::default() })
}

fn rich() -> Facts {
    let certificate = CertificateFacts {
        subject: "CN=outlook.com".into(),
        issuer: "DigiCert".into(),
        issuer_name: "C=US, O=DigiCert Inc".into(),
        product: None,
        names: Vec::new(),
        not_before: at(0),
        not_after: at(90_000),
        fingerprint: String::new(),
        verified: true,
    };
    let endpoint =
        EndpointFacts { certificate: Some(certificate.into()), ..EndpointFacts::new("outlook.office365.com", 995, None) };
    Facts {
        token: Some(TokenFacts::default().into()),
        endpoints: vec![endpoint],
        mailbox: MailboxFacts { messages: Some(12), ..MailboxFacts::default() },
        ..Facts::default()
    }
}

fn only(store: &Store) -> &ProbeEntry {
    store.probes().first().expect("one probe")
}

#[test]
fn failing_since_is_the_start_of_the_first_failed_run() {
    let mut store = Store::new(&[settings("t", "praxis")]);
    let down = || failed(Phase::Dns, Reason::DnsNoAnswer);
    let busy = || Verdict::Skipped(SkipReason::Busy);
    let wrong = || failed(Phase::Token, Reason::ClientSecretExpired);
    let course = [
        (Verdict::Ok, None),
        (down(), Some((2, 2))),
        (busy(), Some((2, 2))),
        (wrong(), Some((2, 4))), // another failure, and still no success
        (busy(), Some((2, 4))),
        (wrong(), Some((2, 4))),
        (Verdict::Ok, None),
        (wrong(), Some((8, 8))),
    ];
    for ((verdict, since), minute) in course.into_iter().zip(1..) {
        store.record(outcome("praxis", minute, Facts::default(), verdict));
        let entry = only(&store);
        assert_eq!(entry.failing_since.zip(entry.reason_since), since.map(|(all, one)| (at(all), at(one))), "in minute {minute}");
    }
}

#[test]
fn a_run_that_ends_early_keeps_the_facts_of_earlier_runs() {
    let mut store = Store::new(&[settings("t", "praxis")]);
    store.record(outcome("praxis", 1, rich(), Verdict::Ok));
    store.record(outcome("praxis", 2, Facts::default(), failed(Phase::Dns, Reason::DnsNoAnswer)));
    let entry = only(&store);
    assert_eq!((entry.runs, entry.last_success), (2, Some(at(1))));
    assert_eq!(entry.failures.get(&(Phase::Dns, Reason::DnsNoAnswer)).map(|failures| failures.count), Some(1));
    assert_eq!(entry.last.as_ref().map(|outcome| outcome.at), Some(at(2)));
    for kept in [&entry.token, &entry.mailbox] {
        assert_eq!(kept.as_ref().map(|outcome| outcome.at), Some(at(1)));
    }
    let certificates: Vec<_> = entry.certificates().map(|(host, port, outcome)| (host, port, outcome.at)).collect();
    assert_eq!(certificates, [("outlook.office365.com", 995, at(1))]);
}

#[test]
fn a_skipped_run_is_not_counted_as_a_run() {
    let mut store = Store::new(&[settings("t", "praxis")]);
    store.record(outcome("praxis", 1, rich(), Verdict::Ok));
    let because = Reason::Throttled;
    store.record(outcome("praxis", 2, Facts::default(), Verdict::Skipped(SkipReason::BackOff { until: at(9), because })));
    store.record(outcome("praxis", 3, Facts::default(), Verdict::Skipped(SkipReason::Busy)));
    let entry = only(&store);
    assert_eq!((entry.runs, entry.back_off_until), (1, Some(at(9))));
    assert_eq!(entry.last.as_ref().map(|outcome| outcome.at), Some(at(1)));
    assert_eq!(entry.skipped.as_ref().map(|outcome| outcome.at), Some(at(3)));
    assert_eq!(store.skips.iter().collect::<Vec<_>>(), [(&"back_off", &1), (&"busy", &1)]);
    let counted: Vec<u64> = store.latencies().map(|(_, _, latencies)| latencies.count).collect();
    assert_eq!(counted, [1]);
}

#[test]
fn back_off_until_counts_from_the_end_of_the_run() {
    let mut store = Store::new(&[settings("t", "praxis")]);
    let asked = Facts { back_off: Some(MINUTE), ..Facts::default() };
    store.record(outcome("praxis", 1, asked, failed(Phase::Auth, Reason::Throttled)));
    assert_eq!(only(&store).back_off_until, Some(at(2) + Duration::from_millis(300)));
    let absurd = Facts { back_off: Some(Duration::MAX), ..Facts::default() };
    store.record(outcome("praxis", 2, absurd, failed(Phase::Auth, Reason::Throttled)));
    assert_eq!(only(&store).back_off_until, None);
    store.record(outcome("praxis", 3, Facts::default(), Verdict::Ok));
    assert_eq!(only(&store).back_off_until, None);
}

#[test]
fn entry_keeps_start_of_failure_and_transcript_of_last_failed_run() {
    let with_line = |text: &str| {
        let mut transcript = Transcript::default();
        let speaker = Speaker::We;
        transcript.push(&Line { at: Duration::ZERO, phase: Phase::Auth, speaker, text: text.into() });
        Facts { transcript, ..Facts::default() }
    };
    let mut store = Store::new(&[settings("t", "praxis")]);
    store.record(outcome("praxis", 1, with_line("one"), Verdict::Ok));
    assert_eq!(only(&store).failing_since, None);
    for (minute, text) in [(2, "two"), (3, "three")] {
        store.record(outcome("praxis", minute, with_line(text), failed(Phase::Auth, Reason::AuthRefused)));
        assert_eq!(only(&store).failing_since, Some(at(2)));
        assert_eq!(*only(&store).transcript, with_line(text).transcript);
    }
    for minute in [4, 5] {
        store.record(outcome("praxis", minute, with_line("well"), Verdict::Ok));
    }
    let entry = only(&store);
    assert_eq!((entry.failing_since, &*entry.failed_transcript), (None, &with_line("three").transcript));
    assert!(entry.last.as_ref().is_some_and(|last| last.facts.transcript.is_empty()), "kept once");
    assert_eq!(entry.history.iter().map(|run| run.ok).collect::<Vec<_>>(), [true, false, false, true, true]);
}

#[test]
fn last_failures_outlive_successes_up_to_their_limit() {
    let mut store = Store::new(&[settings("t", "praxis")]);
    for minute in 0..50 {
        store.record(outcome("praxis", minute, Facts::default(), failed(Phase::Auth, Reason::AuthRefused)));
        store.record(outcome("praxis", minute, Facts::default(), Verdict::Ok));
    }
    let kept = &only(&store).last_failures;
    assert_eq!((kept.len(), kept.front().map(|failure| failure.at)), (20, Some(at(49))));
}

#[test]
fn evidence_of_past_failures_is_cut_to_400_characters() {
    let mut store = Store::new(&[settings("t", "praxis")]);
    let evidence = Evidence {
        heard: Some("ü".repeat(4000)),
        ids: SupportIds::from([(SupportId::Session, "x".repeat(4000))]),
        ..Evidence::default()
    };
    let verdict = Verdict::Failed(Failure { phase: Phase::Auth, reason: Reason::AuthRefused, evidence });
    store.record(outcome("praxis", 1, Facts::default(), verdict));
    let kept = only(&store).last_failures.front().map(|failure| &failure.failure.evidence).expect("a failure");
    assert_eq!(kept.heard, Some("ü".repeat(400)));
    assert!(kept.ids.iter().all(|(_, value)| value.len() == 400));
}

#[test]
fn certificates_of_at_most_32_endpoints_are_kept() {
    let mut store = Store::new(&[settings("t", "praxis")]);
    for minute in 0..100 {
        let mut facts = rich();
        facts.endpoints.iter_mut().for_each(|endpoint| endpoint.host = format!("host{minute}"));
        store.record(outcome("praxis", minute, facts, Verdict::Ok));
    }
    assert_eq!(only(&store).certificates().count(), 32);
    assert!(only(&store).certificates().all(|(_, _, outcome)| outcome.at >= at(68)));
}

#[test]
fn adopt_keeps_entries_of_unchanged_probes_and_drops_the_others() {
    let mut store = Store::new(&[settings("t", "stays"), settings("t", "goes"), settings("t", "changes")]);
    for mailbox in ["stays", "goes", "changes", "unheard of"] {
        store.record(outcome(mailbox, 1, rich(), Verdict::Ok));
    }
    let slower = ProbeSettings { interval: 5 * MINUTE, ..settings("t", "stays") };
    let probes = [settings("t", "comes"), settings("other", "changes"), slower, settings("t", "stays")];
    store.adopt(&probes.map(Arc::new));
    let runs: Vec<_> = store.probes().iter().map(|entry| (entry.settings.id.mailbox_label(), entry.runs)).collect();
    assert_eq!(runs, [("comes", 0), ("changes", 0), ("stays", 1)]);
    let id = settings("t", "stays").id;
    assert_eq!(store.probe(&id).map(|entry| entry.settings.interval), Some(5 * MINUTE));
    assert_eq!(store.latencies().map(|(_, _, latencies)| latencies.count).collect::<Vec<_>>(), [3]);
    store.record(outcome("goes", 2, rich(), Verdict::Ok));
    assert_eq!(store.latencies().map(|(_, _, latencies)| latencies.count).collect::<Vec<_>>(), [3]);
}

#[test]
fn is_current_ends_after_three_missed_runs() {
    let store = Store::new(&[settings("t", "praxis"), ProbeSettings { timeout: 10 * MINUTE, ..settings("t", "patient") }]);
    for (probe, age, current) in [(0, 3, true), (0, 4, false), (1, 11, true), (1, 12, false)] {
        let entry = store.probes().get(probe).expect("a probe");
        assert_eq!(entry.is_current(at(100), at(100 + age)), current, "{age}");
        assert!(entry.is_current(at(100), at(50)), "a clock set back makes nothing old");
    }
}

#[test]
fn is_current_is_extended_by_a_back_off() {
    let throttled = failed(Phase::Auth, Reason::Throttled);
    for (verdict, age, current) in
        [(throttled.clone(), 9, true), (throttled.clone(), 13, true), (throttled, 14, false), (Verdict::Ok, 9, false)]
    {
        let mut store = Store::new(&[settings("t", "praxis")]);
        store.record(outcome("praxis", 100, Facts { back_off: Some(10 * MINUTE), ..Facts::default() }, verdict));
        assert_eq!(only(&store).is_current(at(100), at(100 + age)), current, "{age}");
    }
}

#[test]
fn is_current_is_extended_for_a_failure_while_its_endpoint_hangs() {
    let hanging = || Verdict::Skipped(SkipReason::Hanging);
    for (verdict, age, current) in [
        (failed(Phase::Greeting, Reason::NoGreeting), 23, true),
        (failed(Phase::Greeting, Reason::NoGreeting), 24, false),
        (Verdict::Ok, 9, false),
    ] {
        let mut store = Store::new(&[settings("t", "praxis")]);
        store.record(outcome("praxis", 100, Facts::default(), verdict));
        store.record(outcome("praxis", 120, Facts::default(), hanging()));
        assert_eq!(only(&store).is_current(at(100), at(100 + age)), current, "{age}");
    }
}

#[test]
fn is_current_follows_the_interval_in_force() {
    for (interval, age, current) in [(None, 4, false), (Some(10 * MINUTE), 30, true), (Some(10 * MINUTE), 31, false)] {
        let mut store = Store::new(&[settings("t", "praxis")]);
        let refused = outcome("praxis", 100, Facts::default(), failed(Phase::Auth, Reason::AuthRefused));
        store.record(Outcome { interval, ..refused });
        assert_eq!(only(&store).interval(), interval.unwrap_or(MINUTE));
        assert_eq!(only(&store).is_current(at(100), at(100 + age)), current, "{age}");
    }
}

/// Whoever shows something holds a snapshot for as long as it takes; an outcome is recorded all the same.
#[test]
fn outcome_recorded_beside_a_snapshot_changes_the_store_and_not_the_snapshot() {
    let store = PublishedStore::new(Store::new(&[settings("t", "praxis"), settings("t", "labor")]));
    store.record(outcome("praxis", 1, rich(), Verdict::Ok));
    let held = store.snapshot();
    store.record(outcome("praxis", 2, Facts::default(), failed(Phase::Auth, Reason::AuthRefused)));
    store.record(outcome("praxis", 3, Facts::default(), Verdict::Skipped(SkipReason::Busy)));
    let seen = |store: &Store| {
        let entry = store.probes().first().expect("a probe").clone();
        let counted = store.latencies().map(|(_, _, latencies)| latencies.count).sum::<u64>();
        (entry.runs, entry.last.map(|run| run.at), entry.last_failures.len(), store.skips.len(), counted)
    };
    assert_eq!(seen(&held), (1, Some(at(1)), 0, 0, 1));
    assert_eq!(seen(&store.snapshot()), (2, Some(at(2)), 1, 1, 2));
}

/// The knowledge of an earlier process is restored before the first run.
#[test]
fn restored_entry_goes_on_from_what_it_was() {
    let mut store = Store::new(&[settings("t", "praxis")]);
    let id = settings("t", "praxis").id;
    let entry = store.probe_mut(&id).expect("a probe");
    (entry.runs, entry.failing_since) = (41, Some(at(1)));
    store.latencies_mut("contoso", "pop3").expect("counted").observe(MINUTE);
    store.record(outcome("praxis", 50, Facts::default(), failed(Phase::Auth, Reason::AuthRefused)));
    assert_eq!((only(&store).runs, only(&store).failing_since), (42, Some(at(1))));
    assert_eq!(store.latencies().map(|(_, _, latencies)| latencies.count).collect::<Vec<_>>(), [2]);
    assert!(store.latencies_mut("contoso", "imap").is_none());
}

#[test]
fn credentials_give_the_expiry_last_read_then_the_declared_one() {
    let mut declared = settings("t", "praxis");
    let tenant = Tenant { credential_expires: Some(at(900)), ..(*declared.tenant).clone() };
    declared.tenant = Arc::new(tenant);
    let mut store = Store::new(&[declared]);
    assert_eq!(store.credentials().get("contoso"), Some(&(CredentialKind::Secret, at(900))), "as declared");
    let in_use = CredentialFacts { kind: CredentialKind::Secret, expires: Some(at(500)), in_use: true };
    let read = Registration::Read { created: None, credentials: vec![in_use] };
    store.record(outcome("praxis", 1, Facts { registration: Some(read), ..Facts::default() }, Verdict::Ok));
    store.record(outcome("praxis", 2, Facts::default(), failed(Phase::Tls, Reason::TlsClosed)));
    let not = Facts { registration: Some(Registration::NotPermitted), ..Facts::default() };
    store.record(outcome("praxis", 3, not, Verdict::Ok));
    assert_eq!(store.credentials().get("contoso"), Some(&(CredentialKind::Secret, at(500))));
}

#[test]
fn credentials_give_the_end_of_the_certificate_that_was_read_last_by_any_probe() {
    let of_mailbox = |mailbox: &str| {
        let mut settings = settings("t", mailbox);
        let place = |name: &str| SecretSource::File(name.into());
        let files = CertificateFiles::Pem { certificate: place("app.pem"), key: None, password: None };
        let credential = Credential::Certificate(CertificateSource::new(files, None));
        settings.tenant = Arc::new(Tenant { credential, ..(*settings.tenant).clone() });
        settings
    };
    let mut store = Store::new(&[of_mailbox("praxis"), of_mailbox("labor")]);
    assert_eq!(store.credentials().get("contoso"), None, "nobody has read it yet");
    let reading = |minute, end: u32| {
        let text = String::new();
        let certificate = ClientCertificateFacts {
            subject: text.clone(),
            thumbprint: text.clone(),
            fingerprint: text,
            not_before: at(0),
            not_after: at(end),
        };
        (minute, Facts { certificate: Some(certificate), ..Facts::default() })
    };
    for (mailbox, (minute, facts)) in [("praxis", reading(1, 500)), ("labor", reading(2, 900))] {
        store.record(outcome(mailbox, minute, facts, Verdict::Ok));
        store.record(outcome(mailbox, minute + 5, Facts::default(), Verdict::Ok));
    }
    assert_eq!(store.credentials().get("contoso"), Some(&(CredentialKind::Certificate, at(900))));
    store.record(outcome("praxis", 9, reading(9, 1300).1, Verdict::Ok));
    assert_eq!(store.credentials().get("contoso"), Some(&(CredentialKind::Certificate, at(1300))));
}

#[test]
fn run_that_this_machine_was_too_slow_for_counts_as_missed_and_changes_nothing_else() {
    let mut store = Store::new(&[settings("one", "box")]);
    store.record(outcome("box", 1, Facts::default(), failed(Phase::Auth, Reason::AuthRefused)));
    let too_slow = Facts { stalled: Some(4 * MINUTE), ..Facts::default() };
    store.record(outcome("box", 2, too_slow.clone(), failed(Phase::Tls, Reason::MachineTooSlow)));
    let entry = only(&store);
    assert_eq!((entry.runs, entry.failures.len(), entry.reason_since), (1, 1, Some(at(1))));
    assert_eq!(store.skips.get("missed"), Some(&1));
    assert_eq!(store.latencies().next().map(|(.., latencies)| latencies.count), Some(1));
    let reason = |entry: &ProbeEntry, now| entry.current_outcome(now).and_then(|outcome| Some(outcome.failure()?.reason));
    assert_eq!(reason(entry, at(3)), Some(Reason::AuthRefused), "what was known is still so");
    store.record(outcome("box", 8, too_slow, failed(Phase::Tls, Reason::MachineTooSlow)));
    assert_eq!(reason(only(&store), at(8)), Some(Reason::MachineTooSlow), "until it is too old");
    store.record(outcome("box", 9, Facts { stalled: Some(MINUTE / 60), ..Facts::default() }, Verdict::Ok));
    let entry = only(&store);
    assert_eq!((entry.runs, entry.last_success, entry.skipped.is_none()), (2, Some(at(9)), true));
    assert_eq!(store.latencies().next().map(|(.., latencies)| latencies.count), Some(1), "its time is not the peer's");
}

/// The wall clock and the steady clock of [`PublishedStore`] as a test sets them, in seconds.
mod clocks {
    use std::cell::Cell;
    thread_local!(pub static WALL: Cell<u64> = const { Cell::new(0) });
    thread_local!(pub static STEADY: Cell<u64> = const { Cell::new(0) });
}

fn wall() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(clocks::WALL.get())
}

#[test]
fn clock_that_is_set_makes_no_result_older_or_younger() {
    let pass = |wall: i64, steady: u64| {
        clocks::WALL.set(clocks::WALL.get().saturating_add_signed(wall));
        clocks::STEADY.set(clocks::STEADY.get() + steady);
    };
    pass(60_000, 60_000);
    let steady = SteadyClock::new(|| Duration::from_secs(clocks::STEADY.get()));
    let store = PublishedStore::with_clocks(Store::new(&[settings("one", "box")]), wall, steady);
    let run = |verdict| Outcome { at: wall(), ..outcome("box", 0, rich(), verdict) };
    store.record(run(Verdict::Ok));
    pass(60, 60);
    store.record(run(failed(Phase::Auth, Reason::AuthRefused)));
    let age = |at: Option<SystemTime>| wall().duration_since(at.expect("known")).expect("past").as_secs();
    for jump in [0, 3600, -7200, 86_400] {
        pass(10 + jump, 10);
        let snapshot = store.snapshot();
        let entry = only(&snapshot);
        assert!(entry.current_run(wall()).is_some(), "{jump}");
        assert!(Arc::ptr_eq(entry.last.as_ref().expect("a run"), entry.token.as_ref().expect("a token")), "{jump}");
        let failing = age(entry.failing_since);
        assert_eq!((age(entry.last_success), age(entry.last.as_ref().map(|run| run.at))), (failing + 60, failing), "{jump}");
        assert_eq!(age(entry.last_failures.front().map(|failure| failure.at)), failing, "{jump}");
        assert_eq!(age(entry.incidents.iter().next().map(|incident| incident.from)), failing, "{jump}");
        assert_eq!(entry.certificates().map(|(.., run)| age(Some(run.at))).collect::<Vec<_>>(), [failing], "{jump}");
    }
    // A machine that slept has no news: both clocks went on.
    pass(8 * 3600, 8 * 3600);
    assert!(only(&store.snapshot()).current_run(wall()).is_none());
}
