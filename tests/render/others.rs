//! Checkmk's lines, the doctor's text, JSON, the log and the page.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use m365_probe::lang::Lang;
use m365_probe::levels::Limits;
use m365_probe::outcome::Outcome;
use m365_probe::render::doctor::Style;
use m365_probe::render::page::{self, Search, View};
use m365_probe::render::{checkmk, doctor, log};
use m365_probe::report::JudgedOutcome;
use m365_probe::store::Store;
use serde_json::Value;

use crate::golden::assert_golden;
use crate::sample;

fn judged<'a>(outcomes: &'a [Outcome], limits: &'a Limits) -> Vec<JudgedOutcome<'a>> {
    outcomes.iter().map(|outcome| JudgedOutcome::new(outcome, limits, sample::now())).collect()
}

#[test]
fn checkmk_of_each_sample_is_one_well_formed_line() {
    let (mut outcomes, limits) = (sample::all(), sample::limits());
    outcomes.extend(outcomes.last().cloned().map(|mut odd| {
        odd.probe.tenant = "o'dd \"tenant\"\n\\n".into();
        odd
    }));
    let text = checkmk::report(&judged(&outcomes, &limits));
    assert_eq!(text.lines().count(), outcomes.len());
    for (line, one) in text.lines().zip(judged(&outcomes, &limits)) {
        let (state, rest) = line.split_once(" \"").expect(line);
        assert_eq!(state, one.state().exit_code().to_string());
        let (name, rest) = rest.split_once("\" ").expect(line);
        assert!(name.starts_with("M365 ") && !name.contains(['\'', '\\']), "{name}");
        let (metrics, text) = rest.split_once(' ').expect(line);
        assert!(!text.is_empty() && !line.chars().any(char::is_control), "{line}");
        for metric in metrics.split('|').filter(|_| metrics != "-") {
            let (name, value) = metric.split_once('=').expect(metric);
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{metric}");
            assert!(value.split(';').all(|number| number.is_empty() || number.parse::<f64>().is_ok()), "{metric}");
        }
    }
    assert_golden("checkmk.txt", &text);
}

#[test]
fn doctor_of_all_samples_equals_the_golden_file_with_and_without_colour() {
    let limits = sample::limits();
    let mut outcomes = sample::all();
    outcomes.push(sample::secret_expired());
    outcomes.iter_mut().rev().take(1).for_each(|outcome| outcome.probe.tenant = "fabrikam".into());
    let everything = Style { everything: true, ..Style::default() };
    let text = doctor::report(&judged(&outcomes, &limits), &everything);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "no escape without colour");
    assert_golden("doctor.txt", &text);
    let coloured = doctor::report(&judged(&outcomes, &limits), &Style { colour: true, ..everything });
    assert_eq!(without_colour(&coloured), text, "colour changes nothing else");
    assert_eq!(doctor::report(&[], &Style::default()), "Nothing was checked.\n");
}

/// `text` without what sets colours, ECMA-48's `ESC [ … m`.
fn without_colour(text: &str) -> String {
    let mut pieces = text.split("\u{1b}[");
    let plain = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(plain, |plain, piece| plain + piece.split_once('m').map_or("", |(_, rest)| rest))
}

#[test]
fn json_of_all_samples_equals_the_golden_file_and_has_the_documented_keys() {
    let limits = sample::limits();
    let outcomes = sample::all();
    let text = sample::json(&judged(&outcomes, &limits), Lang::En);
    assert_golden("outcomes.json", &text);

    let limits = Limits::default();
    let text = sample::json(&judged(&[sample::secret_expired()], &limits), Lang::En);
    let report: Value = serde_json::from_str(&text).expect("JSON");
    for (pointer, value) in [
        ("/schema", 1.into()),
        ("/at", "2026-11-23T17:59:49Z".into()),
        ("/ok", false.into()),
        ("/root_causes/0/reason", "client_secret_expired".into()),
        ("/root_causes/0/confidence", "certain".into()),
        ("/root_causes/0/owner", "application_owner".into()),
        ("/root_causes/0/tenant", "contoso".into()),
        ("/root_causes/0/mailbox", Value::Null),
        ("/root_causes/0/title", "the client secret has expired".into()),
        ("/root_causes/0/applies", Value::Null),
        ("/root_causes/0/evidence/code", "7000222".into()),
        ("/root_causes/0/explains", vec!["contoso/token"].into()),
        ("/root_causes/1", Value::Null),
        ("/outcomes/0/probe", "contoso/token".into()),
        ("/outcomes/0/tenant", "contoso".into()),
        ("/outcomes/0/mailbox", Value::Null),
        ("/outcomes/0/check", "token".into()),
        ("/outcomes/0/state", "critical".into()),
        ("/outcomes/0/ok", false.into()),
        ("/outcomes/0/phase", "token".into()),
        ("/outcomes/0/reason", "client_secret_expired".into()),
        ("/outcomes/0/owner", "application_owner".into()),
        ("/outcomes/0/seconds", 0.213.into()),
        ("/outcomes/0/phases/3/phase", "token".into()),
        ("/outcomes/0/phases/3/seconds", 0.167.into()),
        ("/outcomes/0/facts", Value::Object(serde_json::Map::new())),
        ("/outcomes/0/evidence/said", "POST /contoso/oauth2/v2.0/token".into()),
        ("/outcomes/0/evidence/code", "7000222".into()),
        ("/outcomes/0/evidence/ids/correlation_id", "c0c0c0c0-0000-1111-2222-333333333333".into()),
    ] {
        assert_eq!(report.pointer(pointer).unwrap_or(&Value::Null), &value, "{pointer}");
    }
    let well: Value = serde_json::from_str(&sample::json(&judged(&[sample::pop3()], &limits), Lang::En)).expect("JSON");
    assert_eq!(well.pointer("/root_causes"), Some(&Value::Array(Vec::new())));
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("one writer").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Returns what `log` writes, without times.
fn logged(log: impl FnOnce()) -> String {
    let written = Written::default();
    let sink = written.clone();
    let subscriber =
        tracing_subscriber::fmt().json().flatten_event(true).without_time().with_writer(move || sink.clone()).finish();
    tracing::subscriber::with_default(subscriber, log);
    String::from_utf8(written.0.lock().expect("one writer").clone()).expect("UTF-8")
}

#[test]
fn log_of_each_sample_is_one_line() {
    let outcomes = sample::all();
    let text = logged(|| judged(&outcomes, &Limits::default()).iter().for_each(|one| log::outcome(one, None)));
    assert_eq!(text.lines().count(), outcomes.len());
    assert_golden("log.jsonl", &text);
}

#[test]
fn status_page_of_a_credential_near_its_expiry_says_when_in_the_reader_s_language() {
    let mut token = sample::token();
    token.facts.credential_expires = Some(sample::now() + Duration::from_secs(45 * 3600));
    let mut store = Store::new(&[sample::settings(&token.probe)]);
    store.record(token);
    for (lang, told) in [
        (Lang::En, "The client secret expires in 1 day (2026-11-25)"),
        (Lang::De, "Der geheime Clientschlüssel läuft in 1 Tag (25.11.2026) ab"),
    ] {
        let view =
            View { lang, chosen: true, paused: false, refresh: 10, path: "/", query: &[], notices: &[], now: sample::now() };
        let page = page::status(&store, None, &Search::default(), &view);
        assert_eq!(page.matches(told).count(), 1, "{page}");
        assert!(page.contains("./reasons/credential_expiring"), "{page}");
    }
}

/// A warning may last for months, so it is logged as one only when it begins, and when another joins it.
#[test]
fn log_of_a_lasting_warning_is_a_warning_only_when_it_begins() {
    let (outcomes, limits) = (sample::all(), Limits::default());
    let [intercepted, well] = [1, 0]
        .map(|warnings| outcomes.iter().find(|one| one.is_ok() && one.facts.warnings.len() == warnings).expect("a run").clone());
    for (before, level) in [(None, "WARN"), (Some(&well), "WARN"), (Some(&intercepted), "INFO")] {
        let line = logged(|| log::outcome(&JudgedOutcome::new(&intercepted, &limits, sample::now()), before));
        assert!(line.contains(level) && line.contains(r#""warnings":"tls_intercepted""#), "{line}");
    }
    let line = logged(|| log::outcome(&JudgedOutcome::new(&well, &limits, sample::now()), Some(&intercepted)));
    assert!(line.contains("INFO") && !line.contains("warnings"), "{line}");
}
