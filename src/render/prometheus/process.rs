//! Memory, processor time and open files of this process, under the names that every exporter's users know; on Linux, elsewhere
//! the series are not updated.
//!
//! The `process` feature of the `prometheus` crate does not take its place: it counts processor time in whole seconds, where a
//! run takes less than a millisecond of it, and brings the crates procfs, procfs-core and hex along.

use std::fs;
use std::time::SystemTime;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Counter, Gauge};

use super::exporter::valid;

/// `/proc` counts processor time in hundredths of a second, whatever the kernel's own clock is.
const TICKS: f64 = 100.0;

/// The process, read anew for each page.
#[derive(Clone, Debug)]
pub struct Process {
    memory: Gauge,
    processor: Counter,
    files: Gauge,
    start: Gauge,
}

impl Process {
    /// This process, which is taken to start now.
    pub fn starting(now: SystemTime) -> Self {
        let process = Self {
            memory: valid(Gauge::new("process_resident_memory_bytes", "Resident memory size in bytes.")),
            processor: valid(Counter::new("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.")),
            files: valid(Gauge::new("process_open_fds", "Number of open file descriptors.")),
            start: valid(Gauge::new("process_start_time_seconds", "Start time of the process since unix epoch in seconds.")),
        };
        process.start.set(now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64());
        process
    }

    fn each(&self) -> [&dyn Collector; 4] {
        [&self.memory, &self.processor, &self.files, &self.start]
    }
}

impl Collector for Process {
    fn desc(&self) -> Vec<&Desc> {
        self.each().into_iter().flat_map(Collector::desc).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let read = |name: &str| fs::read_to_string(format!("/proc/self/{name}")).ok();
        if let Some(memory) = read("status").and_then(|status| resident(&status)) {
            self.memory.set(memory);
        }
        if let Some(time) = read("stat").and_then(|stat| processor_time(&stat)) {
            self.processor.inc_by((time - self.processor.get()).max(0.0));
        }
        if let Ok(files) = fs::read_dir("/proc/self/fd") {
            self.files.set(files.count().saturating_sub(1) as f64); // one of them is this reading's own
        }
        self.each().into_iter().flat_map(Collector::collect).collect()
    }
}

/// Bytes in memory, from `/proc/self/status`.
fn resident(status: &str) -> Option<f64> {
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix(" kB")?;
    Some(kilobytes.trim().parse::<f64>().ok()? * 1024.0)
}

/// Seconds in user and in kernel mode, from `/proc/self/stat`: the 14th and 15th field. The second one is a name in
/// parentheses, which may hold anything.
fn processor_time(stat: &str) -> Option<f64> {
    let mut behind_the_name = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || behind_the_name.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_and_processor_time_of_proc_files_are_bytes_and_seconds() {
        let stat = "4242 (a (b) c) S 1 2 3 0 -1 4194560 7 0 0 0 125 75 0 0 20 0 2 0 12345 1000 900";
        assert_eq!(processor_time(stat), Some(2.0));
        assert_eq!(processor_time("4242 (short) S 1"), None);
        assert_eq!(resident("Name:\tx\nVmRSS:\t    9876 kB\nThreads:\t2\n"), Some(10_113_024.0));
        assert_eq!(resident("Name:\tVmRSS\n"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn collect_of_this_process_has_four_values() {
        let families = Process::starting(SystemTime::now()).collect();
        let values: Vec<f64> = families
            .iter()
            .flat_map(MetricFamily::get_metric)
            .map(|metric| metric.get_gauge().get_value().max(metric.get_counter().get_value()))
            .collect();
        assert_eq!(values.len(), 4);
        assert!(values[0] > 1e5 && values[2] >= 3.0 && values[3] > 1.7e9, "{values:?}");
    }
}
