//! What a service tells in JSON, read back by the plugin: nothing of what a monitoring system sees is lost on the way.

use std::time::{Duration, SystemTime};

use m365_probe::diagnosis::RootCause;
use m365_probe::lang::Lang;
use m365_probe::outcome::{Outcome, SkipReason, Verdict};
use m365_probe::reason::Reason;
use m365_probe::remote::{self, Wanted};
use m365_probe::render::{checkmk, json, nagios};
use m365_probe::report::{Application, JudgedOutcome, root_cause};
use m365_probe::store::Store;
use proptest::prelude::*;

use crate::sample;

/// A store of every sample, each a probe of its own, judged by limits; and one that has not run yet.
fn store() -> Store {
    let outcomes: Vec<Outcome> = (0..).zip(sample::all()).map(|(number, outcome)| numbered(outcome, number)).collect();
    let mut waiting = sample::pop3().probe;
    waiting.mailbox = Some("waiting".into());
    let ids = outcomes.iter().map(|outcome| &outcome.probe).chain([&waiting]);
    let settings = ids.map(|id| {
        let mut settings = sample::settings(id);
        settings.limits = sample::limits();
        settings
    });
    let mut store = Store::new(&settings.collect::<Vec<_>>());
    for outcome in outcomes {
        store.record(outcome);
    }
    store
}

fn numbered(mut outcome: Outcome, number: usize) -> Outcome {
    if let Some(mailbox) = &mut outcome.probe.mailbox {
        *mailbox = format!("{mailbox}-{number}");
    }
    outcome
}

fn document(store: &Store, now: SystemTime) -> String {
    let judged = m365_probe::report::latest(store, now);
    json::known(&store.probes().iter().collect::<Vec<_>>(), &root_cause::diagnose(&judged), &judged, now)
}

fn all(mailbox: Option<&str>) -> Wanted {
    let mailboxes = mailbox.iter().map(ToString::to_string).collect();
    Wanted { tenant: None, mailboxes, checks: vec!["all".into()] }
}

fn judged(known: &remote::Known) -> Vec<JudgedOutcome<'_>> {
    let judged = known.outcomes.iter().zip(&known.limits).map(|(outcome, limits)| {
        let application = known.applications.get(&outcome.probe.tenant);
        let application = application.map(|(client_id, tenant_id)| Application { client_id, tenant_id });
        JudgedOutcome { application, ..JudgedOutcome::new(outcome, limits, known.at) }
    });
    judged.collect()
}

#[test]
fn every_sink_says_of_it_what_it_would_have_said_there() {
    let store = store();
    let known = remote::read(document(&store, sample::now()).as_bytes(), &all(None)).expect("readable");
    let (there, mut here) = (m365_probe::report::latest(&store, sample::now()), judged(&known));
    assert_eq!(known.at, sample::now());
    assert!(matches!(here.pop().expect("the last").outcome.verdict, Verdict::Skipped(SkipReason::NotYet)));
    assert_eq!(checkmk::report(&here), checkmk::report(&there));
    for verbosity in 0..=3 {
        assert_eq!(nagios::blaming(&here, &known.causes, verbosity), nagios::report(&there, verbosity));
        for (one, other) in here.iter().zip(&there) {
            let (one, other) = (std::slice::from_ref(one), std::slice::from_ref(other));
            assert_eq!(nagios::report(one, verbosity), nagios::report(other, verbosity));
        }
    }
    assert_eq!(json::blaming(&here, &known.causes, known.at), json::report(&there, sample::now(), Lang::En));
}

#[test]
fn what_is_too_old_is_unknown_and_has_no_numbers() {
    let (store, later) = (store(), sample::now() + Duration::from_secs(3600));
    let known = remote::read(document(&store, later).as_bytes(), &all(None)).expect("readable");
    let is_old = |outcome: &Outcome| matches!(outcome.verdict, Verdict::Skipped(SkipReason::Stale { .. } | SkipReason::NotYet));
    assert!(known.outcomes.iter().all(is_old), "{:#?}", known.outcomes);
    let (text, state) = nagios::blaming(&judged(&known), &known.causes, 0);
    assert_eq!(state.exit_code(), 3);
    assert!(text.contains("no current result: the last run was at 2026-11-23T17:5") && !text.contains('='), "{text}");
}

/// What only the service could know takes the place of what the one outcome says of itself.
#[test]
fn one_outcome_is_told_with_what_lies_behind_it() {
    let store = store();
    let mut known = remote::read(document(&store, sample::now()).as_bytes(), &all(None)).expect("readable");
    let refused = known.outcomes.iter().position(|outcome| outcome.failure().is_some()).expect("a failure");
    let cause = RootCause {
        reason: Reason::ExchangeServicePrincipalMissing,
        mailbox: None,
        explains: vec![known.outcomes[refused].probe.clone(), sample::pop3().probe],
        ..known.causes.swap_remove(0)
    };
    let one = &judged(&known)[refused..=refused];
    let text = nagios::blaming(one, &[cause], 0).0;
    let first = text.lines().next().unwrap_or_default();
    assert!(first.contains("; follows from contoso: exchange_service_principal_missing ("), "{text}");
    assert!(first.contains("New-ServicePrincipal"), "{text}");
    assert!(text.contains("\nroot cause 1: "), "{text}");
}

#[test]
fn what_is_selected_is_all_there_is() {
    let store = store();
    let text = document(&store, sample::now());
    let select = |tenant: Option<&str>, mailboxes: &[&str], checks: &[&str]| {
        let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        let wanted = Wanted { tenant: tenant.map(Into::into), mailboxes: owned(mailboxes), checks: owned(checks) };
        let known = remote::read(text.as_bytes(), &wanted)?;
        Ok::<_, String>(known.outcomes.iter().map(|outcome| outcome.probe.to_string()).collect::<Vec<_>>())
    };
    assert_eq!(select(None, &[], &["all"]).expect("all").len(), store.probes().len());
    assert_eq!(select(Some("contoso"), &[], &["token"]).expect("one"), ["contoso/token"]);
    assert_eq!(select(None, &["WAITING"], &["all"]).expect("one"), ["contoso/waiting/pop3"]);
    let both = select(None, &["waiting"], &["pop3", "token"]).expect("two");
    assert_eq!(both, ["contoso/token", "contoso/waiting/pop3"], "a check of the tenant is that of the mailbox's tenant");
    for (tenant, mailboxes, checks, says) in [
        (Some("nobody"), &[][..], &["all"][..], "--tenant: it watches no tenant `nobody`"),
        (None, &["nobody"], &["all"], "--mailbox: it watches no mailbox `nobody`"),
        (None, &["waiting", "nobody"], &["pop3"], "--mailbox: it watches no mailbox `nobody`"),
        (None, &["waiting"], &["pop3", "graph"], "it makes no check `graph` of what is selected"),
    ] {
        let problem = select(tenant, mailboxes, checks).expect_err(says);
        assert!(problem.contains(says), "{problem}");
    }
}

#[test]
fn what_no_service_of_ours_says_is_told_apart() {
    let well = document(&store(), sample::now());
    for (body, says) in [
        (String::new(), "is not that of m365-probe"),
        ("<html>".into(), "is not that of m365-probe"),
        ("{}".into(), "missing field `schema`"),
        ("[1]".into(), "is not that of m365-probe"),
        (r#"{"schema":2}"#.into(), "it speaks version 2 of the format, and this program 1"),
        (r#"{"schema":1,"at":"x"}"#.into(), "missing field `root_causes`"),
        (r#"{"schema":1,"at":"x","ok":true,"root_causes":[],"outcomes":[],"pending":[]}"#.into(), "lacks a readable `at`"),
        (r#"{"schema":1,"at":"2026-11-23T17:59:49Z","root_causes":[],"outcomes":[],"pending":[]}"#.into(), "watches nothing yet"),
        (well.replace("\"current\": true,", ""), "missing field `current`"),
        (well.replace("\"check\": \"pop3\"", "\"check\": \"xmpp\""), "the check `xmpp` is not known here"),
        (
            well.replace("\"reason\": \"client_secret_wrong\"", "\"reason\": \"moon_phase\""),
            "the reason `moon_phase` is not known here",
        ),
        (well.replace("\"phase\": \"greeting\"", "\"phase\": \"handshake\""), "the phase `handshake` is not known here"),
        (well.replace("\"seconds\": 0.", "\"seconds\": -0."), "lacks a readable `seconds`"),
        (well.replace("\"total=0.4\"", "\"size=1\""), "limits cannot be read: unknown metric `size`"),
    ] {
        assert_ne!(body, well, "the sample has nothing to spoil for {says}");
        let problem = remote::read(body.as_bytes(), &all(None)).expect_err(says);
        assert!(problem.contains(says), "{problem}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_damaged_answer_is_read_or_refused_without_a_panic(cut in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let whole = document(&store(), sample::now()).into_bytes();
        let _ = remote::read(&whole[..cut.index(whole.len())], &all(None));
        let mut damaged = whole;
        let at = at.index(damaged.len());
        damaged[at] = byte;
        if let Ok(known) = remote::read(&damaged, &all(None)) {
            let (text, state) = nagios::blaming(&judged(&known), &known.causes, 3);
            crate::nagios::well_formed(&text, state, true);
        }
    }
}
