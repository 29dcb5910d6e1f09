//! The dashboards as Grafana reads them: their JSON, and the queries in it.

use serde_json::Value;

use crate::text;

/// The dashboards' files, in `dashboards/`.
pub const FILES: [&str; 5] = ["overview.json", "latency.json", "mailbox.json", "network.json", "exporter.json"];

/// A dashboard and the name of its file.
#[derive(Debug)]
pub struct Board {
    pub file: &'static str,
    pub json: Value,
}

/// Reads every dashboard of [`FILES`].
pub fn all() -> Vec<Board> {
    let read = |file: &'static str| {
        let json = serde_json::from_str(&text(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        Board { file, json }
    };
    FILES.into_iter().map(read).collect()
}

impl Board {
    pub fn uid(&self) -> &str {
        self.json["uid"].as_str().unwrap_or_default()
    }

    pub fn panels(&self) -> Vec<&Value> {
        list(&self.json["panels"]).iter().flat_map(|panel| std::iter::once(panel).chain(list(&panel["panels"]))).collect()
    }

    /// Returns the panels that show data: all but the headings of rows.
    pub fn drawn(&self) -> Vec<&Value> {
        self.panels().into_iter().filter(|panel| panel["type"] != "row").collect()
    }

    pub fn variables(&self) -> &[Value] {
        list(&self.json["templating"]["list"])
    }

    pub fn variable(&self, name: &str) -> Option<&Value> {
        self.variables().iter().find(|variable| variable["name"] == name)
    }

    /// Returns every query with its place: those of panels and annotations, and the selectors of variables.
    pub fn queries(&self) -> Vec<Query<'_>> {
        let mut queries = Vec::new();
        for panel in self.drawn() {
            for target in list(&panel["targets"]) {
                let at = format!("{}: {} {}", self.file, string(&panel["title"]), string(&target["refId"]));
                let instant = target["instant"] == true;
                let legend = (target["format"] == "time_series").then(|| string(&target["legendFormat"]));
                queries.push(Query { at, text: string(&target["expr"]).to_owned(), instant, legend });
            }
        }
        for annotation in list(&self.json["annotations"]["list"]) {
            if let Some(text) = annotation["expr"].as_str() {
                let at = format!("{}: annotation {}", self.file, string(&annotation["name"]));
                queries.push(Query { at, text: text.to_owned(), instant: false, legend: None });
            }
        }
        for variable in self.variables() {
            if let Some((selector, _)) = label_values(string(&variable["query"])) {
                let at = format!("{}: variable {}", self.file, string(&variable["name"]));
                queries.push(Query { at, text: selector.to_owned(), instant: true, legend: None });
            }
        }
        queries
    }
}

/// A query to Prometheus.
#[derive(Debug)]
pub struct Query<'a> {
    /// Its place, for messages: the file, the panel's title and the query's letter.
    pub at: String,
    /// The query as written, Grafana's variables included.
    pub text: String,
    /// True where it is asked for one moment, not for a range of time.
    pub instant: bool,
    /// The template of its series' names, where they have names.
    pub legend: Option<&'a str>,
}

impl Query<'_> {
    /// Returns the query as Grafana sends it with everything selected.
    pub fn sent(&self) -> String {
        let mut sent = self.text.replace("$__rate_interval", "1m").replace("$__range", "5m").replace("$__interval", "15s");
        for name in ["job", "instance", "tenant", "check"] {
            sent = sent.replace(&format!("\"${name}\""), "\".+\"");
        }
        let sent = sent.replace("\"$mailbox\"", "\".*\"");
        // `$1` is a group of label_replace's, which Grafana leaves alone.
        assert!(!sent.replace("\"$1\"", "").contains('$'), "{}: an unknown variable in {sent}", self.at);
        sent
    }
}

/// Parses `label_values(SELECTOR, LABEL)` into its two arguments.
pub fn label_values(query: &str) -> Option<(&str, &str)> {
    let (selector, label) = query.strip_prefix("label_values(")?.strip_suffix(')')?.rsplit_once(',')?;
    Some((selector.trim(), label.trim()))
}

pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub fn string(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
