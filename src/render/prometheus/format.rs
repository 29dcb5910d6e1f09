//! The two text formats that Prometheus reads. They share their lines of samples, and differ in what stands above a family
//! and in how a page ends.

use std::fmt::Write as _;

/// The text format of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Prometheus's own, which every scraper reads.
    #[default]
    Text,
    /// OpenMetrics 1.0 (<https://prometheus.io/docs/specs/om/open_metrics_spec/>).
    OpenMetrics,
}

impl Format {
    /// The `Content-Type` of a page; Prometheus 3 refuses one without.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// Writes what stands above a family's samples. `kind` is the text format's; `help` needs no escape.
    pub(super) fn heading(self, page: &mut String, name: &str, help: &str, kind: &str) {
        let _ = match self {
            Self::Text => write!(page, "# HELP {name} {help}\n# TYPE {name} {kind}\n"),
            Self::OpenMetrics => {
                let (family, kind) = family(name, kind);
                let _ = writeln!(page, "# TYPE {family} {kind}");
                if let Some((_, unit)) = family.rsplit_once('_').filter(|(_, end)| UNITS.contains(end)) {
                    let _ = writeln!(page, "# UNIT {family} {unit}");
                }
                writeln!(page, "# HELP {family} {help}")
            }
        };
    }

    /// Returns the end of a page.
    pub(super) const fn end(self) -> &'static str {
        match self {
            Self::Text => "",
            Self::OpenMetrics => "# EOF\n",
        }
    }
}

/// The units that our names end in.
const UNITS: [&str; 2] = ["seconds", "bytes"];

/// The name and type that OpenMetrics gives a family: without the suffix that only its samples have.
fn family<'a>(name: &'a str, kind: &'a str) -> (&'a str, &'a str) {
    let counted = name.strip_suffix("_total").filter(|_| kind == "counter");
    let info = name.strip_suffix("_info").filter(|_| kind == "gauge");
    match (counted, info) {
        (Some(family), _) => (family, kind),
        (None, Some(family)) => (family, "info"),
        (None, None) => (name, kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heading_of_a_family_follows_its_format() {
        for (name, kind, heading) in [
            ("m365_up", "gauge", "# TYPE m365_up gauge\n# HELP m365_up h\n"),
            ("m365_runs_total", "counter", "# TYPE m365_runs counter\n# HELP m365_runs h\n"),
            ("m365_x_info", "gauge", "# TYPE m365_x info\n# HELP m365_x h\n"),
            (
                "a_cpu_seconds_total",
                "counter",
                "# TYPE a_cpu_seconds counter\n# UNIT a_cpu_seconds seconds\n# HELP a_cpu_seconds h\n",
            ),
            ("a_bytes", "gauge", "# TYPE a_bytes gauge\n# UNIT a_bytes bytes\n# HELP a_bytes h\n"),
            ("a_seconds", "histogram", "# TYPE a_seconds histogram\n# UNIT a_seconds seconds\n# HELP a_seconds h\n"),
        ] {
            let mut page = String::new();
            Format::OpenMetrics.heading(&mut page, name, "h", kind);
            assert_eq!(page, heading);
            page.clear();
            Format::Text.heading(&mut page, name, "h", kind);
            assert_eq!(page, format!("# HELP {name} h\n# TYPE {name} {kind}\n"));
        }
    }
}
