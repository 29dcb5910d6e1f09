//! Rules and alerts, and every query as PromQL, checked by promtool and jsonnet.

use std::collections::{BTreeMap, BTreeSet};

use m365_probe::reason::{Owner, Reason, Severity};
use serde_json::{Value, json};

use crate::boards::{self, list, string};
use crate::scratch::Scratch;
use crate::{JSONNET, file, needs, prometheus, run, text};

const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/dashboards/alerts.test.yml");
const TESTS_OF_DAYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/dashboards/days.test.yml");

pub fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).expect("YAML")
}

/// Returns every rule of a file in `dashboards/`.
pub fn rules(name: &str) -> Vec<Value> {
    list(&yaml(&text(name))["groups"]).iter().flat_map(|group| list(&group["rules"])).cloned().collect()
}

/// Returns `alerts.yml` without the time that an alert of failing access waits.
pub fn impatient_alerts() -> String {
    let mut alerts = text("alerts.yml");
    for (patience, none) in [
        ("time() - 300", "time()"),
        ("time() - 600", "time()"),
        ("max_over_time(m365_probe_success[5m]) == 0 and m365_probe_success offset 5m", "m365_probe_success == 0"),
        ("max_over_time(m365_probe_success[30m]) == 0 and m365_probe_success offset 30m", "m365_probe_success == 0"),
    ] {
        assert!(alerts.contains(patience), "{patience}");
        alerts = alerts.replace(patience, none);
    }
    alerts
}

#[test]
fn promtool_accepts_the_rules() {
    if !needs::all_there(&[prometheus::PART]) {
        return;
    }
    for name in ["rules.yml", "alerts.yml"] {
        run("promtool", &["check", "rules", "--lint=all", "--lint-fatal", file(name).to_str().unwrap()]);
    }
}

#[test]
fn alerts_pass_their_promtool_tests() {
    if needs::all_there(&[prometheus::PART]) {
        run("promtool", &["test", "rules", TESTS, TESTS_OF_DAYS]);
    }
}

/// No alert may lack a test of either, and none may be tested that is not there.
#[test]
fn alerts_have_tests_that_fire_and_that_stay_silent() {
    let tests = yaml(&std::fs::read_to_string(TESTS).unwrap());
    let cases = list(&tests["tests"]).iter().flat_map(|test| list(&test["alert_rule_test"]));
    let mut tested: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for case in cases {
        let what = if list(&case["exp_alerts"]).is_empty() { "silent" } else { "fires" };
        tested.entry(string(&case["alertname"])).or_default().insert(what);
    }
    let alerts = rules("alerts.yml");
    let both = BTreeSet::from(["fires", "silent"]);
    let expected: BTreeMap<&str, _> = alerts.iter().map(|alert| (string(&alert["alert"]), both.clone())).collect();
    assert_eq!(tested, expected);
}

/// An alert says what is wrong, who must act, and where to read on.
#[test]
fn alerts_name_the_owner_and_link_to_the_reason() {
    let uids: Vec<String> = boards::all().iter().map(|board| board.uid().to_owned()).collect();
    let owners = [Owner::Here, Owner::Network, Owner::Microsoft, Owner::TenantAdmin, Owner::ApplicationOwner].map(Owner::code);
    let mut names = BTreeSet::new();
    for alert in rules("alerts.yml") {
        let name = string(&alert["alert"]).to_owned();
        let (labels, notes) = (&alert["labels"], &alert["annotations"]);
        assert!(name.starts_with("Microsoft365") && names.insert(name.clone()), "{name}");
        assert!(["critical", "warning"].contains(&string(&labels["severity"])), "{name}");
        // From the series itself, which groups or records by owner, or fixed.
        let grouped = string(&alert["expr"]).contains("owner");
        assert!(grouped || owners.contains(&string(&labels["owner"])), "{name} has no owner");
        for note in ["summary", "description"] {
            assert!(!string(&notes[note]).is_empty(), "{name} has no {note}");
        }
        let runbook = string(&notes["runbook_url"]);
        // What does not answer is no place to read on.
        let elsewhere = name.starts_with("Microsoft365Monitoring") && runbook == "{{ $externalURL }}/targets";
        assert!(elsewhere || runbook.contains("_pages:url:info"), "{name}: {runbook}");
        if let Some((_, reason)) = runbook.split_once("/reasons/") {
            let known =
                reason == "{{ $labels.reason }}" || reason.contains(r#"label "reason""#) || Reason::from_code(reason).is_some();
            assert!(known, "{name}: {reason} is no reason");
        }
        let dashboard = string(&notes["dashboard_url"]);
        assert!(dashboard.contains("m365_grafana:url:info") && dashboard.ends_with("{{ end }}"), "{name}: {dashboard}");
        let uid = dashboard.split_once("/d/").map(|(_, path)| path).and_then(|path| path.split(['?', '{']).next()).expect(&name);
        assert!(uids.iter().any(|known| known == uid), "{name}: no dashboard {uid}");
    }
}

/// The error budget leaves out throttling, all of it, and nothing that lasts.
#[test]
fn alerts_do_not_count_throttling_as_an_outage() {
    let rules = rules("rules.yml");
    let failing = rules.iter().find(|rule| rule["record"] == "tenant_check_owner:m365_probes_failing:count").expect("a rule");
    let left_out =
        string(&failing["expr"]).split_once("reason!~\"").and_then(|(_, rest)| rest.split_once('"')).expect("reasons").0;
    let left_out: BTreeSet<&str> = left_out.split('|').collect();
    let of_rates =
        |reason: &&Reason| ["throttl", "too many"].iter().any(|word| format!("{reason} {}", reason.title()).contains(word));
    let throttling: BTreeSet<&str> = Reason::ALL.iter().filter(of_rates).map(|reason| reason.code()).collect();
    assert_eq!(left_out, throttling);
    for code in left_out {
        assert_eq!(Reason::from_code(code).map(Reason::severity), Some(Severity::Transient), "{code}");
    }
}

#[test]
fn dashboard_queries_are_accepted_by_promtool() {
    if !needs::all_there(&[prometheus::PART]) {
        return;
    }
    let boards = boards::all();
    let queries: Vec<_> = boards.iter().flat_map(boards::Board::queries).collect();
    assert!(queries.len() > 100, "{}", queries.len());
    let scratch = Scratch::new();
    let check = |queries: &[&boards::Query<'_>]| {
        let rules: Vec<_> = queries
            .iter()
            .zip(0..)
            .map(|(query, number)| json!({ "record": format!("q:{number}"), "expr": query.sent() }))
            .collect();
        let rules = json!({ "groups": [ { "name": "queries", "rules": rules } ] });
        let file = scratch.file("queries.yml", rules.to_string());
        let output = std::process::Command::new("promtool").args(["check", "rules"]).arg(file).output().expect("promtool");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    let printed = check(&queries.iter().collect::<Vec<_>>());
    assert!(printed.contains(&format!("SUCCESS: {} rules found", queries.len())), "{printed}");
}

#[test]
fn mixin_is_made_by_jsonnet_from_all_dashboards() {
    if !needs::all_there(&[JSONNET, prometheus::PART]) {
        return;
    }
    let mixin = |fields: &str| -> Value {
        let wanted = format!(
            "local mixin = (import '{}') + {{ _config+:: {{ {fields} }} }}; {{ alerts: mixin.prometheusAlerts, rules: mixin.prometheusRules, dashboards: mixin.grafanaDashboards }}",
            file("mixin.libsonnet").display()
        );
        serde_json::from_str(&run("jsonnet", &["-e", &wanted])).expect("JSON")
    };
    let plain = mixin("");
    assert_eq!(plain["alerts"], yaml(&text("alerts.yml")));
    assert_eq!(plain["rules"], yaml(&text("rules.yml")));
    for board in boards::all() {
        assert!(plain["dashboards"][format!("{}.json", board.uid())] == board.json, "{} is another", board.file);
    }
    let own = mixin(
        "grafanaUrl: 'https://grafana.example', pagesUrl: 'https://probe.example', errorBudget: 0.001, criticalSeverity: 'page'",
    );
    assert_eq!(own["alerts"]["groups"][0]["rules"][0]["labels"]["severity"], "page");
    assert_eq!(own["rules"]["groups"][0]["rules"][0]["expr"], "vector(0.001)");
    let settings = list(&own["rules"]["groups"][0]["rules"]);
    for (record, url) in [("m365_pages:url:info", "https://probe.example"), ("m365_grafana:url:info", "https://grafana.example")]
    {
        let rule = settings.iter().find(|rule| rule["record"] == record).expect(record);
        assert!(string(&rule["expr"]).contains(&format!(r#""url", "{url}""#)), "{rule}");
    }
    let scratch = Scratch::new();
    for part in ["alerts", "rules"] {
        let file = scratch.file(part, own[part].to_string());
        run("promtool", &["check", "rules", file.to_str().unwrap()]);
    }
}

/// Grafana reads these files from `/etc/grafana/provisioning` (its documentation: Administration, Provisioning).
#[test]
fn provisioning_names_existing_dashboards() {
    let provider = &yaml(&text("provisioning/dashboards/m365-probe.yml"))["providers"][0];
    assert_eq!((&provider["type"], &provider["allowUiUpdates"]), (&json!("file"), &json!(false)));
    assert!(string(&provider["options"]["path"]).starts_with('/'), "{provider}");
    let source = &yaml(&text("provisioning/datasources/prometheus.yml"))["datasources"][0];
    assert_eq!(source["type"], "prometheus");
    assert!(string(&source["jsonData"]["timeInterval"]).ends_with('s'), "$__rate_interval is made from it");
}
