//! Metrics and labels that queries may name: those of our own pages, Prometheus's own, and what our rules record.

use std::collections::{BTreeMap, BTreeSet};

/// Metrics, each with its labels.
pub type Metrics = BTreeMap<String, BTreeSet<String>>;

/// Parses the metrics and labels of a page in Prometheus' text format.
pub fn parse_page(page: &str) -> Metrics {
    let mut metrics = Metrics::new();
    for line in page.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let end = line.find(['{', ' ']).expect(line);
        let labels = metrics.entry(line[..end].to_owned()).or_default();
        if let Some((inside, _)) = line[end..].strip_prefix('{').and_then(|rest| rest.rsplit_once('}')) {
            labels.extend(label_names(inside));
        }
    }
    metrics
}

/// Parses the names in `a="x",b="y"`; values may hold anything, with `\"` for a quote.
fn label_names(mut labels: &str) -> Vec<String> {
    let mut names = Vec::new();
    while let Some((name, rest)) = labels.split_once("=\"") {
        names.push(name.trim_start_matches(',').to_owned());
        let mut escaped = false;
        let end = rest.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        labels = &rest[end.expect("a closing quote") + 1..];
    }
    names
}

/// Returns the metrics that Prometheus itself adds for every target and alert.
pub fn added_by_prometheus() -> Metrics {
    let alerts = BTreeSet::from(["alertname", "alertstate"].map(str::to_owned));
    // Those that /sd gives its targets.
    let labels = BTreeSet::from(["tenant", "check"].map(str::to_owned));
    let of_targets = ["up", "scrape_duration_seconds"].map(|name| (name.to_owned(), labels.clone()));
    of_targets.into_iter().chain([("ALERTS".to_owned(), alerts)]).collect()
}

/// The labels that Prometheus gives every series of a target.
pub const TARGET_LABELS: [&str; 2] = ["job", "instance"];

#[test]
fn page_of_metrics_is_parsed_into_names_and_labels() {
    let metrics = parse_page("# HELP a b\na{x=\"1,y=\\\"2\\\"\",z=\"\\\\\"} 1\nb 2\na{w=\"\"} 3\n");
    assert_eq!(metrics["a"], BTreeSet::from(["w", "x", "z"].map(str::to_owned)));
    assert!(metrics["b"].is_empty() && metrics.len() == 2);
}
