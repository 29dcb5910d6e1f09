//! Metric families written as text, anew for each page, so that nothing vanished is ever shown again.
//!
//! Lines are written as they come: through the `prometheus` crate's model, in which every label is two strings of its
//! own, the page of 300 probes (10 000 lines) took four times as long and missed its 5 ms (`benches/render.rs`). The
//! crate's registry and encoder serve the metrics that live as long as the program.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use super::format::Format;
use crate::compressed::{CompressedText, Compressor, TextWriter};
use crate::fact::{MetricSpec, unix_seconds};
use crate::outcome::ProbeId;
use crate::store::{Histogram, Scale};

/// Families by name, in the order a registry would give them.
///
/// Each probe adds to most of them, so all are written at the same time. Their memory is kept from page to page: to grow it anew
/// costs as much as to write the lines.
#[derive(Debug, Default)]
pub struct Families {
    format: Format,
    by_name: BTreeMap<&'static str, Family>,
    compressor: Compressor,
}

#[derive(Debug)]
struct Family {
    help: &'static str,
    kind: &'static str,
    lines: TextWriter,
}

impl Families {
    /// Families of a page in `format`, empty.
    pub fn new(format: Format) -> Self {
        Self { format, ..Self::default() }
    }

    /// Forgets every line, and begins a page in `format`.
    pub fn begin(&mut self, format: Format) {
        self.format = format;
        self.by_name.values_mut().for_each(|family| family.lines.clear());
    }

    /// Adds a gauge.
    pub fn gauge(&mut self, spec: &MetricSpec, labels: &impl Labelled, value: f64) {
        sample(self.family(spec, "gauge"), spec.name, labels, value);
    }

    /// Adds a gauge of a duration, in seconds to the microsecond: more digits are noise, and a third of the page.
    pub fn seconds(&mut self, spec: &MetricSpec, labels: &impl Labelled, took: Duration) {
        self.gauge(spec, labels, (took.as_secs_f64() * 1e6).round() / 1e6);
    }

    /// Adds a gauge of a time, in seconds since 1970 to the millisecond; 0 is never.
    pub fn timestamp(&mut self, spec: &MetricSpec, labels: &impl Labelled, at: Option<SystemTime>) {
        self.gauge(spec, labels, at.map_or(0.0, millis));
    }

    /// Adds a counter.
    pub fn counter(&mut self, spec: &MetricSpec, labels: &impl Labelled, count: u64) {
        sample(self.family(spec, "counter"), spec.name, labels, count as f64);
    }

    /// Adds a counter that began `since` that time, which OpenMetrics tells: what follows 0 is no sudden rise.
    pub fn counter_since(&mut self, spec: &MetricSpec, labels: &impl Labelled, count: u64, since: SystemTime) {
        self.counter(spec, labels, count);
        if self.format == Format::OpenMetrics {
            let created = format!("{}_created", spec.name.trim_end_matches("_total"));
            sample(self.family(spec, "counter"), &created, labels, millis(since));
        }
    }

    /// Adds a histogram: its cumulative counts by their bounds, and the number and the sum of all.
    pub fn histogram<S: Scale>(&mut self, spec: &MetricSpec, labels: &impl Labelled, histogram: &Histogram<S>) {
        let lines = self.family(spec, "histogram");
        let series = |suffix: &str| format!("{}{suffix}", spec.name);
        // A bound is written with its decimal point, as OpenMetrics and Prometheus 3 have it: the series must not depend on
        // who reads which format.
        for (bound, count) in histogram.cumulative() {
            sample(lines, &series("_bucket"), &labels.with("le", &format!("{bound:?}")), count as f64);
        }
        sample(lines, &series("_bucket"), &labels.with("le", "+Inf"), histogram.count as f64);
        sample(lines, &series("_sum"), labels, histogram.sum);
        sample(lines, &series("_count"), labels, histogram.count as f64);
    }

    fn family(&mut self, spec: &MetricSpec, kind: &'static str) -> &mut String {
        let new = || Family { help: spec.help, kind, lines: TextWriter::default() };
        self.by_name.entry(spec.name).or_insert_with(new).lines.end(&mut self.compressor)
    }

    /// Returns the page, and `more` behind it; the families are empty then. A family without a line is not named.
    pub fn page(&mut self, more: &str) -> CompressedText {
        let page = self.written(more);
        page.finish(&mut self.compressor)
    }

    /// Returns a page that is not worth compressing.
    pub fn short_page(mut self) -> String {
        self.written("").into_string()
    }

    fn written(&mut self, more: &str) -> TextWriter {
        let (format, compressor) = (self.format, &mut self.compressor);
        let mut page = TextWriter::default();
        for (name, family) in self.by_name.iter_mut().filter(|(_, family)| !family.lines.is_empty()) {
            format.heading(page.end(compressor), name, family.help, family.kind);
            page.append(&mut family.lines, compressor);
        }
        page.end(compressor).push_str(more);
        page.end(compressor).push_str(format.end());
        page
    }
}

/// Returns seconds since 1970, to the millisecond.
fn millis(at: SystemTime) -> f64 {
    (unix_seconds(at) * 1e3).round() / 1e3
}

/// Adds a line.
pub fn sample(lines: &mut String, name: &str, labels: &impl Labelled, value: f64) {
    lines.push_str(name);
    let bare = lines.len();
    lines.push('{');
    labels.write(lines);
    if lines.len() > bare + 1 {
        lines.push('}');
    } else {
        lines.truncate(bare);
    }
    // Most values are counts and times not spent; an integer is written several times as fast as a fraction.
    let _ = match whole(value) {
        Some(whole) => writeln!(lines, " {whole}"),
        None => writeln!(lines, " {value}"),
    };
}

/// `value` as an integer where it is one, and small enough that nothing is lost.
fn whole(value: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    #[allow(clippy::cast_possible_truncation)] // there is nothing to truncate
    (value.fract() == 0.0 && value.abs() < EXACT).then_some(value as i64)
}

/// The labels of one series, which write themselves between the braces.
pub trait Labelled {
    /// Appends them to `lines`.
    fn write(&self, lines: &mut String);

    /// The same and one more, written when the series is.
    fn with<'a>(&'a self, name: &'a str, value: &'a str) -> With<'a, Self> {
        With { labels: self, name, value }
    }
}

/// Labels written once for many series.
#[derive(Default)]
pub struct Labels(String);

impl Labels {
    /// Labels `tenant`, `mailbox` and `check` of a probe.
    pub fn of_probe(probe: &ProbeId) -> Self {
        let mut labels = String::new();
        let none = Self::default();
        let tenant = none.with("tenant", &probe.tenant);
        tenant.with("mailbox", probe.mailbox_label()).with("check", probe.check.name()).write(&mut labels);
        Self(labels)
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Labels {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(pairs: I) -> Self {
        pairs.into_iter().fold(Self::default(), |labels, (name, value)| {
            let mut longer = String::new();
            labels.with(name, value).write(&mut longer);
            Self(longer)
        })
    }
}

impl Labelled for Labels {
    fn write(&self, lines: &mut String) {
        lines.push_str(&self.0);
    }
}

/// Labels and one more.
pub struct With<'a, L: ?Sized> {
    labels: &'a L,
    name: &'a str,
    value: &'a str,
}

impl<L: Labelled + ?Sized> Labelled for With<'_, L> {
    fn write(&self, lines: &mut String) {
        let before = lines.len();
        self.labels.write(lines);
        if lines.len() > before {
            lines.push(',');
        }
        lines.push_str(self.name);
        lines.push_str("=\"");
        push_escaped(lines, self.value);
        lines.push('"');
    }
}

fn push_escaped(labels: &mut String, value: &str) {
    let mut rest = value;
    let is_special = |byte| matches!(byte, b'\\' | b'"' | b'\n');
    while let Some((plain, from)) = rest.bytes().position(is_special).and_then(|at| rest.split_at_checked(at)) {
        labels.push_str(plain);
        labels.push_str(match from.as_bytes().first() {
            Some(b'\n') => "\\n",
            Some(b'"') => "\\\"",
            _ => "\\\\",
        });
        rest = from.get(1..).unwrap_or_default();
    }
    labels.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sample_value_is_an_integer_where_it_is_whole() {
        for (value, written) in [
            (0.0, "0"),
            (-0.0, "0"),
            (12.0, "12"),
            (-3.0, "-3"),
            (0.25, "0.25"),
            (1e300, &*format!("{}", 1e300)),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "inf"),
        ] {
            let mut lines = String::new();
            sample(&mut lines, "m", &Labels::default(), value);
            assert_eq!(lines, format!("m {written}\n"));
        }
    }

    #[test]
    fn label_value_with_backslash_quote_and_line_feed_is_escaped() {
        let mut labels = String::new();
        Labels::default().with("a", "b\\c\"d\ne|f}").with("g", "").write(&mut labels);
        assert_eq!(labels, r#"a="b\\c\"d\ne|f}",g="""#);
    }
}
