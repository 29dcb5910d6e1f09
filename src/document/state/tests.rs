//! Tests of the state that outlives a restart.

use std::time::Duration;

use super::*;
use crate::cloud::Cloud;
use crate::credential::SecretSource;
use crate::kind::Check;
use crate::outcome::{Outcome, SkipReason, Verdict};
use crate::settings::Tenant;

const MINUTE: Duration = Duration::from_secs(60);

fn id(mailbox: &str) -> ProbeId {
    ProbeId { tenant: "contoso".into(), mailbox: Some(mailbox.into()), check: Check::Pop3 }
}

fn store(client_id: &str, mailboxes: &[&str]) -> Store {
    let cloud = Cloud::built_in("global").expect("built in");
    let tenant = Arc::new(Tenant::new("contoso", cloud, "tenant", client_id, SecretSource::Variable("SECRET".into())));
    let settings =
        |mailbox: &&str| ProbeSettings::new(id(mailbox), Arc::clone(&tenant), Some(format!("{mailbox}@contoso.example")));
    let mut store = Store::default();
    store.adopt(&mailboxes.iter().map(settings).map(Arc::new).collect::<Vec<_>>());
    store
}

fn at(minute: u32) -> SystemTime {
    SystemTime::UNIX_EPOCH + minute * MINUTE
}

fn run(store: &mut Store, mailbox: &str, minute: u32, verdict: Verdict) {
    store.record(Outcome { took: Duration::from_millis(300), ..Outcome::new(id(mailbox), at(minute), verdict) });
}

fn failed(reason: Reason) -> Verdict {
    let evidence = Evidence { heard: Some("-ERR no".into()), ..Evidence::default() };
    Verdict::Failed(Failure { phase: Phase::Auth, reason, evidence })
}

/// Writes the state of `store` at minute 9, and restores it in `next`.
fn restart(store: &Store, mut next: Store) -> (usize, Store) {
    let json = State::new(store, at(9)).to_json();
    let restored = State::from_json(&json).expect("readable").restore(&mut next);
    (restored, next)
}

fn entry<'a>(store: &'a Store, mailbox: &str) -> &'a StoredProbe {
    store.probe(&id(mailbox)).expect("configured")
}

/// A store whose first mailbox worked once and has failed since minute 2, at first otherwise than since minute 3.
fn failing() -> Store {
    let mut store = store("client", &["a", "b"]);
    run(&mut store, "a", 1, Verdict::Ok);
    run(&mut store, "a", 2, failed(Reason::ReplyTimedOut));
    run(&mut store, "a", 3, failed(Reason::TooManyConnections));
    run(&mut store, "a", 4, Verdict::Skipped(SkipReason::Busy));
    store
}

#[test]
fn restored_state_continues_counts_and_since_and_shows_no_run() {
    let before = failing();
    let (restored, mut after) = restart(&before, store("client", &["a", "b"]));
    assert_eq!(restored, 1, "the second one never ran");
    let (was, is) = (entry(&before, "a"), entry(&after, "a"));
    assert!(is.last.is_none() && is.skipped.is_none() && is.since().is_none(), "no run took place here");
    assert_eq!((is.runs, &is.failures, is.last_success), (3, &was.failures, Some(at(1))));
    assert_eq!(is.incidents.iter().count(), 2);
    assert!(is.incidents.iter().eq(was.incidents.iter()), "{:?}", is.incidents);
    assert_eq!(
        is.last_failures.front().map(|failure| &failure.failure),
        was.last_failures.front().map(|failure| &failure.failure)
    );
    assert_eq!(after.skips, before.skips);
    assert!(after.latencies().zip(before.latencies()).all(|(is, was)| is == was));

    run(&mut after, "a", 10, failed(Reason::TooManyConnections));
    let continued = entry(&after, "a");
    assert_eq!((continued.failing_since, continued.since()), (Some(at(2)), Some((at(3), false))));
    assert_eq!(continued.runs, 4);
    let lasting = continued.incidents.iter().next().expect("an incident");
    assert_eq!((lasting.from, lasting.to, lasting.runs), (at(3), None, 2), "it goes on over the restart");
    run(&mut after, "a", 11, failed(Reason::ReplyTimedOut));
    assert_eq!((entry(&after, "a").failing_since, entry(&after, "a").since()), (Some(at(2)), Some((at(11), false))));
    run(&mut after, "a", 12, Verdict::Ok);
    assert_eq!((entry(&after, "a").failing_since, entry(&after, "a").since()), (None, None));
}

#[test]
fn state_of_another_application_or_of_a_probe_that_is_gone_is_dropped() {
    assert_eq!(restart(&failing(), store("another", &["a", "b"])).0, 0);
    assert_eq!(restart(&failing(), store("client", &["b"])).0, 0);
}

#[test]
fn state_that_is_newer_foreign_or_damaged_is_told_apart() {
    let json = String::from_utf8(State::new(&failing(), at(9)).to_json()).expect("JSON");
    let newer = json.replace("\"version\":1", "\"version\":2");
    assert_eq!(State::from_json(newer.as_bytes()).map(|_| ()), Err(Unreadable::Newer(2)));
    let (cut, foreign) = (&json[..json.len() / 2], "{ \"format\": \"another\", \"version\": 1 }");
    for json in [cut, foreign, "", "{}", "[1]", "\0", &json.replace("\"probes\"", "\"others\"")] {
        assert!(matches!(State::from_json(json.as_bytes()), Err(Unreadable::Damaged(_))), "{json}");
    }
    let unknown = json.replace("reply_timed_out", "a_reason_of_tomorrow").replace("\"runs\"", "\"new\":1,\"runs\"");
    let mut next = store("client", &["a"]);
    assert_eq!(State::from_json(unknown.as_bytes()).expect("readable").restore(&mut next), 1);
    assert_eq!(entry(&next, "a").failures.len(), 1, "what is not known here is left out");
}

#[test]
fn state_keeps_the_latest_failures_of_all_probes() {
    let mailboxes: Vec<String> = (0..FAILURES / 2).map(|number| format!("m{number}")).collect();
    let mailboxes: Vec<&str> = mailboxes.iter().map(String::as_str).collect();
    let mut full = store("client", &mailboxes);
    for minute in 1..4 {
        for (second, mailbox) in (0_u32..).zip(&mailboxes) {
            let at = at(minute * 1000) + Duration::from_secs(second.into());
            full.record(Outcome::new(id(mailbox), at, failed(Reason::ReplyTimedOut)));
        }
    }
    let (_, after) = restart(&full, store("client", &mailboxes));
    let kept = after.probes().iter().map(|entry| entry.last_failures.len()).sum::<usize>();
    assert!((FAILURES..=FAILURES + 1).contains(&kept), "{kept}");
    assert!(after.probes().iter().all(|entry| entry.failing_since.is_some() && entry.last_failures.len() >= 2));
}
