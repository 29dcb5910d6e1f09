//! The rules of Grafana's dashboard-linter, written anew: every one of its seventeen, by its own name.
//!
//! Exclusions stand in `dashboards/.lint` with their reasons, in the linter's own format.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::boards::{self, Board, label_values, list, string};
use crate::promql::{in_calls, named};
use crate::text;

/// A violation of a rule: the panel's title, if it is in one, and the problem.
type Finding = (Option<String>, String);

type Rule = fn(&Board) -> Vec<Finding>;

const RULES: [(&str, Rule); 17] = [
    ("template-datasource-rule", template_datasource),
    ("template-job-rule", template_job),
    ("template-instance-rule", template_instance),
    ("template-label-promql-rule", template_label_promql),
    ("template-on-time-change-reload-rule", template_on_time_change_reload),
    ("panel-datasource-rule", panel_datasource),
    ("panel-title-description-rule", panel_title_description),
    ("panel-units-rule", panel_units),
    ("panel-no-targets-rule", panel_no_targets),
    ("target-logql-rule", target_logql),
    ("target-logql-auto-rule", target_logql),
    ("target-promql-rule", target_promql),
    ("target-rate-interval-rule", target_rate_interval),
    ("target-job-rule", target_job),
    ("target-instance-rule", target_instance),
    ("target-counter-agg-rule", target_counter_agg),
    ("uneditable-dashboard-rule", uneditable_dashboard),
];

/// The units that our dashboards use; Grafana has all of them.
const UNITS: [&str; 9] =
    ["none", "short", "s", "bytes", "percentunit", "ops", "dateTimeFromNow", "dateTimeAsIsoNoDateIfToday", "dateTimeAsIso"];

#[derive(Debug, Deserialize)]
struct Lint {
    exclusions: BTreeMap<String, Exclusion>,
}

#[derive(Debug, Deserialize)]
struct Exclusion {
    reason: String,
    entries: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    dashboard: String,
    panel: Option<String>,
}

#[test]
fn dashboards_pass_the_linter() {
    let lint: Lint = serde_saphyr::from_str(&text(".lint")).expect("exclusions");
    let mut unused: BTreeSet<String> = BTreeSet::new();
    for (rule, exclusion) in &lint.exclusions {
        assert!(RULES.iter().any(|(name, _)| name == rule), ".lint: there is no {rule}");
        assert!(exclusion.reason.len() > 20, ".lint: {rule} is broken without a reason");
        unused.extend(exclusion.entries.iter().map(|entry| format!("{rule} {} {:?}", entry.dashboard, entry.panel)));
    }
    let mut complaints = Vec::new();
    for board in boards::all() {
        for (rule, check) in RULES {
            for (panel, problem) in check(&board) {
                let entries = lint.exclusions.get(rule).map_or(&[][..], |exclusion| exclusion.entries.as_slice());
                let excused = entries.iter().find(|entry| entry.dashboard == board.json["title"] && entry.panel == panel);
                match excused {
                    Some(entry) => drop(unused.remove(&format!("{rule} {} {:?}", entry.dashboard, entry.panel))),
                    None => complaints.push(format!("{}: {rule}: {panel:?}: {problem}", board.file)),
                }
            }
        }
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    assert!(unused.is_empty(), ".lint excuses what is not there: {unused:?}");
}

fn whole(problem: impl Into<String>) -> Vec<Finding> {
    vec![(None, problem.into())]
}

fn template_datasource(board: &Board) -> Vec<Finding> {
    let sources: Vec<_> = board.variables().iter().filter(|variable| variable["type"] == "datasource").collect();
    match sources.as_slice() {
        [only] if only["name"] == "datasource" && only["query"] == "prometheus" && only["label"] == "Data source" => Vec::new(),
        _ => whole("wants one variable `datasource` for Prometheus, called `Data source`"),
    }
}

fn template_variable(board: &Board, name: &str, label: &str) -> Vec<Finding> {
    let Some(variable) = board.variable(name) else { return whole(format!("has no variable `{name}`")) };
    let expected = [
        ("type", Value::from("query")),
        ("label", label.into()),
        ("multi", true.into()),
        ("includeAll", true.into()),
        ("allValue", ".+".into()),
    ];
    let mut wrong: Vec<_> = expected.into_iter().filter(|(key, value)| variable[*key] != *value).map(|(key, _)| key).collect();
    if variable["datasource"]["uid"] != "${datasource}" {
        wrong.push("datasource");
    }
    wrong.into_iter().map(|key| (None, format!("{key} of the variable `{name}`"))).collect()
}

fn template_job(board: &Board) -> Vec<Finding> {
    template_variable(board, "job", "Job")
}

fn template_instance(board: &Board) -> Vec<Finding> {
    template_variable(board, "instance", "Instance")
}

fn query_variables(board: &Board) -> impl Iterator<Item = &Value> {
    board.variables().iter().filter(|variable| variable["type"] == "query")
}

/// Finds variables whose query is none for labels. The PromQL in it is checked by promtool (`rules.rs`).
fn template_label_promql(board: &Board) -> Vec<Finding> {
    let wrong = query_variables(board).filter(|variable| label_values(string(&variable["query"])).is_none());
    wrong.map(|variable| (None, format!("the query of `{}`", variable["name"]))).collect()
}

fn template_on_time_change_reload(board: &Board) -> Vec<Finding> {
    query_variables(board)
        .filter(|variable| variable["refresh"] != 2)
        .map(|variable| (None, format!("`{}`", variable["name"])))
        .collect()
}

/// Returns the findings of `check` in every panel that shows data.
fn in_panels(board: &Board, check: impl Fn(&Value) -> Option<String>) -> Vec<Finding> {
    let found = board.drawn().into_iter().filter_map(|panel| Some((Some(string(&panel["title"]).to_owned()), check(panel)?)));
    found.collect()
}

/// Returns the findings of `check` in the queries of every panel, the first of each panel.
fn in_targets(board: &Board, check: impl Fn(&str) -> Option<String>) -> Vec<Finding> {
    in_panels(board, |panel| list(&panel["targets"]).iter().find_map(|target| check(string(&target["expr"]))))
}

fn panel_datasource(board: &Board) -> Vec<Finding> {
    let own = serde_json::json!({ "type": "prometheus", "uid": "${datasource}" });
    in_panels(board, |panel| {
        let all = std::iter::once(panel).chain(list(&panel["targets"]));
        all.map(|one| &one["datasource"]).find(|source| **source != own).map(ToString::to_string)
    })
}

fn panel_title_description(board: &Board) -> Vec<Finding> {
    in_panels(board, |panel| {
        let lacks = ["title", "description"].into_iter().find(|key| string(&panel[*key]).trim().is_empty());
        lacks.map(|key| format!("has no {key}"))
    })
}

fn panel_units(board: &Board) -> Vec<Finding> {
    in_panels(board, |panel| {
        let defaults = &panel["fieldConfig"]["defaults"];
        let overrides = list(&panel["fieldConfig"]["overrides"]).iter().flat_map(|one| list(&one["properties"]));
        let of_columns = overrides.filter(|property| property["id"] == "unit").map(|property| &property["value"]);
        let units: Vec<_> = std::iter::once(&defaults["unit"]).chain(of_columns).map(string).collect();
        let unknown = units.iter().find(|unit| !UNITS.contains(unit)).map(|unit| format!("there is no unit `{unit}`"));
        let plain = panel["type"] != "table" && defaults["unit"] == "none" && list(&defaults["mappings"]).is_empty();
        let names_only = panel["options"]["textMode"] == "name";
        unknown.or_else(|| (plain && !names_only).then(|| "has neither unit nor value mappings".to_owned()))
    })
}

fn panel_no_targets(board: &Board) -> Vec<Finding> {
    in_panels(board, |panel| list(&panel["targets"]).is_empty().then(|| "asks nothing".to_owned()))
}

/// Finds queries to anything but Prometheus, LogQL among them.
fn target_logql(board: &Board) -> Vec<Finding> {
    in_panels(board, |panel| {
        let loki = list(&panel["targets"]).iter().any(|target| target["datasource"]["type"] != "prometheus");
        loki.then(|| "asks something else than Prometheus".to_owned())
    })
}

/// Finds queries that select no metric. The PromQL is checked by promtool (`rules.rs`).
fn target_promql(board: &Board) -> Vec<Finding> {
    in_targets(board, |query| named(query).selected.is_empty().then(|| format!("asks for no metric: {query}")))
}

fn target_rate_interval(board: &Board) -> Vec<Finding> {
    in_targets(board, |query| {
        let rates = named(query).called.into_iter().filter(|(name, _)| ["rate", "irate", "increase"].contains(&name.as_str()));
        rates.map(|(_, range)| range.unwrap_or_default()).find(|range| range != "$__rate_interval")
    })
}

fn selects_by(query: &str, label: &str) -> Option<String> {
    let matcher = format!("{label}=~\"${label}\"");
    let lacking = named(query).selected.into_iter().find(|(_, labels)| !labels.iter().any(|known| known == label));
    match lacking {
        Some((metric, _)) => Some(format!("{metric} is not selected by {matcher}")),
        None => (!query.contains(&matcher)).then(|| format!("no {matcher}")),
    }
}

fn target_job(board: &Board) -> Vec<Finding> {
    in_targets(board, |query| selects_by(query, "job"))
}

fn target_instance(board: &Board) -> Vec<Finding> {
    in_targets(board, |query| selects_by(query, "instance"))
}

fn target_counter_agg(board: &Board) -> Vec<Finding> {
    in_targets(board, |query| in_calls(query, &["rate", "irate", "increase"]).1.into_iter().next())
}

fn uneditable_dashboard(board: &Board) -> Vec<Finding> {
    if board.json["editable"] == false { Vec::new() } else { whole("can be edited") }
}

/// Each rule must pass a sound dashboard and find what is broken in a copy of it.
#[test]
fn linter_rules_pass_a_sound_dashboard_and_find_a_broken_one() {
    let sound = boards::all().remove(0);
    let broken: [(&str, &str, Value); 15] = [
        ("template-datasource-rule", "/templating/list/0/name", "source".into()),
        ("template-job-rule", "/templating/list/1/allValue", ".*".into()),
        ("template-instance-rule", "/templating/list/2/multi", false.into()),
        ("template-label-promql-rule", "/templating/list/3/query", "up".into()),
        ("template-on-time-change-reload-rule", "/templating/list/3/refresh", 1.into()),
        ("panel-datasource-rule", "/panels/0/targets/0/datasource/uid", "abc".into()),
        ("panel-title-description-rule", "/panels/0/description", " ".into()),
        ("panel-units-rule", "/panels/2/fieldConfig/defaults/unit", "fortnights".into()),
        ("panel-no-targets-rule", "/panels/0/targets", Value::Array(Vec::new())),
        ("target-logql-rule", "/panels/0/targets/0/datasource/type", "loki".into()),
        ("target-promql-rule", "/panels/0/targets/0/expr", "1 + 1".into()),
        (
            "target-rate-interval-rule",
            "/panels/0/targets/0/expr",
            r#"rate(a_total{job=~"$job", instance=~"$instance"}[5m])"#.into(),
        ),
        (
            "target-job-rule",
            "/panels/0/targets/0/expr",
            r#"a{job=~"$job", instance=~"$instance"} / b{instance=~"$instance"}"#.into(),
        ),
        ("target-counter-agg-rule", "/panels/0/targets/0/expr", r#"sum(a_total{job=~"$job", instance=~"$instance"})"#.into()),
        ("uneditable-dashboard-rule", "/editable", true.into()),
    ];
    for (rule, pointer, value) in broken {
        let mut board = Board { file: sound.file, json: sound.json.clone() };
        *board.json.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
        let check = RULES.iter().find(|(name, _)| *name == rule).expect(rule).1;
        assert!(check(&sound).is_empty() && !check(&board).is_empty(), "{rule}");
    }
}
