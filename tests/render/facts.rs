//! The table of facts: what it must cover, and that every output that lists facts lists all of it.

use std::collections::BTreeSet;

use m365_probe::document::Document;
use m365_probe::fact::{self, FACTS};
use m365_probe::lang::Lang;
use m365_probe::levels::Limits;
use m365_probe::outcome::{Outcome, Registration};
use m365_probe::render::{doctor, nagios};
use m365_probe::report::JudgedOutcome;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use serde_json::Value;

use crate::document::generated;
use crate::sample;

/// Keys that another fact's text has: when a token expires says how long it is good for.
const SAID_BY_ANOTHER: [&str; 2] = ["token.cached", "token.expires_in_seconds"];

/// Keys of lists and of what stands as one sentence: the row is the whole.
const WHOLE: [&str; 4] = ["dns", "endpoints", "registration", "server.ids"];

/// The paths of the facts in a document, at most an object deep.
fn keys(outcome: &Outcome) -> BTreeSet<String> {
    let limits = Limits::default();
    let judged = [JudgedOutcome::new(outcome, &limits, sample::now())];
    let text = Document::of_runs(&judged, &[], sample::now(), Lang::En).to_json();
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let facts = document.pointer("/outcomes/0/facts").and_then(Value::as_object).expect("facts");
    let below = |(key, value): (&String, &Value)| match value {
        Value::Object(object) if !WHOLE.contains(&key.as_str()) => object.keys().map(|below| format!("{key}.{below}")).collect(),
        _ => vec![key.clone()],
    };
    facts.iter().flat_map(below).collect()
}

#[test]
fn table_of_facts_has_every_key_of_the_json_and_no_other() {
    let mut runner = TestRunner::deterministic();
    let outcome = generated::outcome();
    let mut all = BTreeSet::new();
    for _ in 0..400 {
        all.extend(keys(&outcome.new_tree(&mut runner).expect("an outcome").current()));
    }
    let rows = FACTS.iter().map(|fact| fact.key).chain(SAID_BY_ANOTHER).map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(all, rows);
}

/// Every sample, and of each kind of fact one.
fn samples() -> Vec<Outcome> {
    let mut registered = sample::token();
    registered.facts.registration = Some(Registration::NotPermitted);
    registered.facts.back_off = Some(std::time::Duration::from_secs(300));
    registered.facts.last_worked = Some(sample::now());
    let mut all = sample::all();
    all.push(registered);
    all
}

#[test]
fn doctor_with_v_and_plugin_with_vvv_list_the_same_facts() {
    let limits = Limits::default();
    let look = doctor::Style { width: 100_000, everything: true, ..doctor::Style::default() };
    for outcome in samples().into_iter().filter(|outcome| outcome.probe.mailbox.as_deref() != Some("attacked")) {
        let judged = [JudgedOutcome::new(&outcome, &limits, sample::now())];
        let (plugin, doctor) = (nagios::report(&judged, 3).0, doctor::report(&judged, &look));
        for fact in FACTS {
            for (label, value) in fact.lines(&judged[0], Lang::En) {
                assert!(plugin.contains(&format!("\n{label}: {value}")), "{}: {label}: {value}\n{plugin}", fact.key);
                let line = doctor.lines().find(|line| line.contains(&label) && line.ends_with(&value));
                assert!(line.is_some(), "{}: {label}: {value}\n{doctor}", fact.key);
            }
        }
    }
}

#[test]
fn fact_line_of_a_dns_answer_has_time_ttl_chain_front_end_source_and_outside_ranges() {
    let mut outcome = sample::dns();
    let answer = &mut outcome.facts.dns[0];
    answer.chain.push("FRA-efz.ms-acdc.office.com".into());
    answer.outside = answer.addresses.clone();
    let line = |outcome: &Outcome, lang| {
        fact::lines(&JudgedOutcome::new(outcome, &Limits::default(), sample::now()), lang).swap_remove(0).1
    };
    assert_eq!(
        line(&outcome, Lang::En),
        "outlook.office365.com ipv4 from system: 52.98.1.2 52.98.1.3, in 4.1ms, TTL 10 s, \
         by way of ooc-g2.tm-4.office.com > FRA-efz.ms-acdc.office.com, front end fra-efz, \
         outside the published ranges: 52.98.1.2 52.98.1.3"
    );
    outcome.facts.dns[0].source = Some(m365_probe::outcome::NameSource::HostsFile);
    let german = line(&outcome, Lang::De);
    assert!(german.starts_with("outlook.office365.com ipv4 von der hosts-Datei: 52.98.1.2"), "{german}");
    assert!(!german.contains("nach 4"), "nobody was asked: {german}");
}
