//! Metric families built anew for each page, so that nothing vanished is ever shown again.

use std::collections::BTreeMap;
use std::time::SystemTime;

use prometheus::TextEncoder;
use prometheus::proto::{Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType};

use crate::board::Latencies;
use crate::outcome::ProbeId;

/// A metric's name and what it means.
pub struct Spec {
    /// Its name.
    pub name: &'static str,
    /// Its `# HELP`.
    pub help: &'static str,
}

/// Families by name, in the order a registry would give them.
#[derive(Default)]
pub struct Families(BTreeMap<&'static str, MetricFamily>);

impl Families {
    /// Adds a gauge.
    pub fn gauge(&mut self, spec: &Spec, labels: Labels, value: f64) {
        let mut gauge = Gauge::default();
        gauge.set_value(value);
        let mut metric = Metric::from_gauge(gauge);
        metric.set_label(labels.0);
        self.push(spec, MetricType::GAUGE, metric);
    }

    /// Adds a gauge of a time.
    pub fn timestamp(&mut self, spec: &Spec, labels: Labels, at: Option<SystemTime>) {
        self.gauge(spec, labels, at.map_or(0.0, unix));
    }

    /// Adds a counter.
    pub fn counter(&mut self, spec: &Spec, labels: Labels, count: u64) {
        let mut counter = Counter::default();
        counter.set_value(count as f64);
        let mut metric = Metric::from_label(labels.0);
        metric.set_counter(counter);
        self.push(spec, MetricType::COUNTER, metric);
    }

    /// Adds a histogram.
    pub fn histogram(&mut self, spec: &Spec, labels: Labels, latencies: &Latencies) {
        let bucket = |(bound, count)| {
            let mut bucket = Bucket::default();
            bucket.set_upper_bound(bound);
            bucket.set_cumulative_count(count);
            bucket
        };
        let mut histogram = Histogram::default();
        histogram.set_bucket(latencies.cumulative().map(bucket).collect());
        histogram.set_sample_count(latencies.count);
        histogram.set_sample_sum(latencies.sum);
        let mut metric = Metric::from_label(labels.0);
        metric.set_histogram(histogram);
        self.push(spec, MetricType::HISTOGRAM, metric);
    }

    fn push(&mut self, spec: &Spec, kind: MetricType, metric: Metric) {
        let family = self.0.entry(spec.name).or_insert_with(|| {
            let mut family = MetricFamily::default();
            family.set_name(spec.name.to_owned());
            family.set_help(spec.help.to_owned());
            family.set_field_type(kind);
            family
        });
        family.mut_metric().push(metric);
    }

    /// The page, with `others` (of other names) after our own.
    pub fn page(self, others: &[MetricFamily]) -> String {
        let families: Vec<MetricFamily> = self.0.into_values().collect();
        let mut page = String::new();
        for families in [families.as_slice(), others] {
            // It can only fail on a family without a name or a metric, of which there are none.
            let written = TextEncoder::new().encode_utf8(families, &mut page);
            debug_assert!(written.is_ok(), "{written:?}");
        }
        page
    }
}

/// The labels of one series.
#[derive(Clone, Default)]
pub struct Labels(Vec<LabelPair>);

impl Labels {
    /// `tenant`, `mailbox`, `check`.
    pub fn of(probe: &ProbeId) -> Self {
        Self::default().with("tenant", &probe.tenant).with("mailbox", probe.mailbox_label()).with("check", probe.check)
    }

    /// The same and one more.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        let mut pair = LabelPair::default();
        pair.set_name(name.to_owned());
        pair.set_value(value.to_owned());
        self.0.push(pair);
        self
    }
}

/// Seconds since 1970, negative before.
fn unix(at: SystemTime) -> f64 {
    match at.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => since.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}
