//! The program's own metrics, which live as long as it does: `/metrics` has them, `/probe` never.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use prometheus::proto::MetricType;
use prometheus::{Gauge, GaugeVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};

use super::families::{Families, Labels, sample};
use super::format::Format;
use super::process::Process;

/// The program's own metrics.
#[derive(Clone, Debug)]
pub struct Exporter {
    registry: Registry,
    /// Runs under way now.
    pub probes_in_flight: IntGauge,
    scheduler_lag: Gauge,
    lag_by_cause: GaugeVec,
    late_runs: IntCounterVec,
    probe_requests: IntCounterVec,
    /// 1: what `--web.config.file` says is in force.
    pub web_config_in_force: IntGauge,
    log_lines_lost: IntCounter,
    /// 1: the pages are served beyond loopback without users.
    pub unprotected: IntGauge,
    /// 1: the state file was read at the start, or there was none.
    pub state_read_successful: IntGauge,
    /// 1: the state file was written, or there is none.
    pub state_write_successful: IntGauge,
    reload_successful: IntGauge,
    reload_success_time: Gauge,
    families: Arc<Mutex<Families>>,
}

impl Default for Exporter {
    fn default() -> Self {
        Self::new()
    }
}

impl Exporter {
    /// Metrics of a program that has just started; its configuration counts as loaded once [`Exporter::reloaded`].
    pub fn new() -> Self {
        let build = Opts::new("m365_exporter_build_info", "1, with what was built as labels.")
            .const_label("version", env!("CARGO_PKG_VERSION"))
            .const_label("os", std::env::consts::OS)
            .const_label("arch", std::env::consts::ARCH);
        let exporter = Self {
            registry: Registry::new(),
            probes_in_flight: valid(IntGauge::new("m365_exporter_probes_in_flight", "Runs under way now.")),
            scheduler_lag: valid(Gauge::new(
                "m365_exporter_scheduler_lag_seconds",
                "How much later than planned the last scheduled run began.",
            )),
            lag_by_cause: valid(GaugeVec::new(
                Opts::new(
                    "m365_exporter_scheduler_lag_cause_seconds",
                    "How much later than planned the last scheduled run began, by cause.",
                ),
                &["cause"],
            )),
            late_runs: valid(IntCounterVec::new(
                Opts::new(
                    "m365_exporter_late_runs_total",
                    "Scheduled runs that began more than five seconds late, stood still, or did not take place, by cause.",
                ),
                &["cause"],
            )),
            probe_requests: valid(IntCounterVec::new(
                Opts::new(
                    "m365_exporter_probe_requests_total",
                    "Requests for /probe: those that began a run, shared one that went on, or were given a young outcome again.",
                ),
                &["result"],
            )),
            web_config_in_force: valid(IntGauge::new(
                "m365_exporter_web_config_last_reload_successful",
                "Whether the web configuration is in force as its files are now.",
            )),
            log_lines_lost: valid(IntCounter::new(
                "m365_exporter_log_lines_lost_total",
                "Lines of the log that were lost because nobody read them in time.",
            )),
            unprotected: valid(IntGauge::new(
                "m365_exporter_web_unprotected",
                "Whether the pages are served beyond loopback without a login.",
            )),
            state_read_successful: valid(IntGauge::new(
                "m365_exporter_state_read_successful",
                "Whether the state file, if there was one, was read at the start.",
            )),
            state_write_successful: valid(IntGauge::new(
                "m365_exporter_state_last_write_successful",
                "Whether the last attempt to write the state file, if there is one, succeeded.",
            )),
            reload_successful: valid(IntGauge::new(
                "m365_exporter_config_last_reload_successful",
                "Whether the last attempt to load the configuration succeeded.",
            )),
            reload_success_time: valid(Gauge::new(
                "m365_exporter_config_last_reload_success_timestamp_seconds",
                "When the configuration in use was loaded.",
            )),
            families: Arc::default(),
        };
        let build = valid(IntGauge::with_opts(build));
        build.set(1);
        for good in [&exporter.web_config_in_force, &exporter.state_read_successful, &exporter.state_write_successful] {
            good.set(1);
        }
        let Self { registry, probes_in_flight, scheduler_lag, reload_successful, reload_success_time, .. } = &exporter;
        valid(registry.register(Box::new(build)));
        valid(registry.register(Box::new(probes_in_flight.clone())));
        valid(registry.register(Box::new(scheduler_lag.clone())));
        valid(registry.register(Box::new(exporter.lag_by_cause.clone())));
        valid(registry.register(Box::new(exporter.late_runs.clone())));
        valid(registry.register(Box::new(exporter.probe_requests.clone())));
        valid(registry.register(Box::new(exporter.web_config_in_force.clone())));
        valid(registry.register(Box::new(exporter.log_lines_lost.clone())));
        valid(registry.register(Box::new(exporter.unprotected.clone())));
        valid(registry.register(Box::new(exporter.state_read_successful.clone())));
        valid(registry.register(Box::new(exporter.state_write_successful.clone())));
        valid(registry.register(Box::new(reload_successful.clone())));
        valid(registry.register(Box::new(reload_success_time.clone())));
        exporter
    }

    /// Sets the lag of the last run in seconds and the number of late runs, both for each `(cause, lag, late runs)`.
    pub fn set_lag(&self, by_cause: impl IntoIterator<Item = (&'static str, f64, u64)>) {
        let _no_page = self.families.lock().unwrap_or_else(PoisonError::into_inner); // which might see a counter at 0
        let mut total = 0.0;
        for (cause, lag, late) in by_cause {
            self.lag_by_cause.with_label_values(&[cause]).set(lag);
            set(&self.late_runs.with_label_values(&[cause]), late);
            total += lag;
        }
        self.scheduler_lag.set(total);
    }

    /// Sets the number of requests for `/probe`, for each `(result, number)`.
    pub fn set_probe_requests(&self, by_result: impl IntoIterator<Item = (&'static str, u64)>) {
        let _no_page = self.families.lock().unwrap_or_else(PoisonError::into_inner); // as above
        for (result, number) in by_result {
            set(&self.probe_requests.with_label_values(&[result]), number);
        }
    }

    /// Notes an attempt to load the configuration; a failed one leaves the time of the one in use.
    pub fn reloaded(&self, successful: bool, now: SystemTime) {
        self.reload_successful.set(i64::from(successful));
        if successful {
            let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            self.reload_success_time.set(since.as_secs_f64());
        }
    }

    /// Notes the number of log lines lost since the start.
    pub fn log_lines_lost(&self, lost: u64) {
        self.log_lines_lost.inc_by(lost.saturating_sub(self.log_lines_lost.get()));
    }

    /// Families to write a page in `format` with, empty. One page is written at a time.
    pub(super) fn families(&self, format: Format) -> MutexGuard<'_, Families> {
        let mut families = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        families.begin(format);
        families
    }

    /// Shows what the process takes from the machine, too.
    #[must_use]
    pub fn with_process(self, now: SystemTime) -> Self {
        valid(self.registry.register(Box::new(Process::starting(now))));
        self
    }

    /// Shows `url`, at which browsers reach the pages, without a slash at the end.
    #[must_use]
    pub fn with_pages(self, url: &str) -> Self {
        let pages = Opts::new("m365_pages_info", "1, with the address at which browsers reach the pages, as configured.");
        let pages = valid(IntGauge::with_opts(pages.const_label("url", url)));
        pages.set(1);
        valid(self.registry.register(Box::new(pages)));
        self
    }

    /// The program's part of the page.
    pub(super) fn page(&self, format: Format) -> String {
        let families = self.registry.gather();
        if format == Format::Text {
            return valid(TextEncoder::new().encode_to_string(&families));
        }
        let mut page = String::new();
        for family in &families {
            let counts = family.get_field_type() == MetricType::COUNTER; // there are gauges and counters here
            format.heading(&mut page, family.name(), family.help(), if counts { "counter" } else { "gauge" });
            for metric in family.get_metric() {
                let value = if counts { metric.get_counter().get_value() } else { metric.get_gauge().get_value() };
                let labels: Labels = metric.get_label().iter().map(|label| (label.name(), label.value())).collect();
                sample(&mut page, family.name(), &labels, value);
            }
        }
        page
    }
}

/// Sets a counter to `number`.
fn set(counter: &IntCounter, number: u64) {
    counter.reset();
    counter.inc_by(number);
}

/// Names and labels are constants: that they are valid and distinct is known when the first test has run.
pub(super) fn valid<T>(made: prometheus::Result<T>) -> T {
    made.expect("a constant metric is valid")
}
