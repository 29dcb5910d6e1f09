//! Debian's Prometheus, scraping our program.

use serde_json::Value;

use crate::daemon::Daemon;
use crate::http;
use crate::needs::Part;
use crate::port;
use crate::scratch::Scratch;

pub const PART: Part = Part { name: "Prometheus", files: &["/usr/bin/prometheus", "/usr/bin/promtool"], as_root: false };

#[derive(Debug)]
pub struct Prometheus {
    pub port: u16,
    pub daemon: Daemon,
}

impl Prometheus {
    /// Starts Prometheus, which scrapes `/metrics` of a port every two seconds, and every target that it finds at `/sd`.
    pub fn start(scratch: &Scratch, target: u16) -> Self {
        Self::configured(
            scratch,
            &format!(
                "global: {{ scrape_interval: 2s, scrape_timeout: 2s }}
scrape_configs:
- job_name: m365
  static_configs: [ {{ targets: [ '127.0.0.1:{target}' ] }} ]
- job_name: m365-probes
  http_sd_configs: [ {{ url: 'http://127.0.0.1:{target}/sd' }} ]
"
            ),
        )
    }

    /// Starts Prometheus with this configuration.
    pub fn configured(scratch: &Scratch, configuration: &str) -> Self {
        let port = port::free();
        let home = scratch.dir("prometheus");
        let configuration = scratch.file("prometheus/prometheus.yml", configuration);
        let daemon = Daemon::start(
            "/usr/bin/prometheus",
            |prometheus| {
                prometheus.arg(format!("--web.listen-address=127.0.0.1:{port}"));
                prometheus.arg(format!("--config.file={}", configuration.display()));
                prometheus.arg(format!("--storage.tsdb.path={}", home.join("data").display()))
            },
            &home.join("output.log"),
        );
        Self { port, daemon: daemon.listening(port) }
    }

    /// Waits until a query has at least `count` results and returns them: each `{ metric, value }`.
    pub fn answer(&mut self, query: &str, count: usize) -> Vec<Value> {
        let mut found = Vec::new();
        let port = self.port;
        self.daemon.wait_for(&format!("answer {query}"), || {
            let answer = ask(port, &format!("/api/v1/query?query={query}"));
            found = answer["data"]["result"].as_array().cloned().unwrap_or_default();
            found.len() >= count
        });
        found
    }
}

/// Fetches a path of the API of the Prometheus at `port`; `null` where it does not answer.
pub fn ask(port: u16, path: &str) -> Value {
    let body = http::get(port, path).map(|(_, body)| body).unwrap_or_default();
    serde_json::from_str(&body).unwrap_or_default()
}
