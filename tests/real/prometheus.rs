//! Debian's Prometheus, scraping our program.

use serde_json::Value;

use crate::daemon::Daemon;
use crate::http;
use crate::needs::Part;
use crate::port;
use crate::scratch::Scratch;

const PROGRAM: &str = "/usr/bin/prometheus";
pub const PART: Part = Part { name: "Prometheus", files: &[PROGRAM, "/usr/bin/promtool"], as_root: false };

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
            None,
        )
    }

    /// Starts Prometheus with this configuration, and with `hosts`, where given, in place of the machine's hosts file, which takes
    /// root and [`needs::UNSHARE`](crate::needs::UNSHARE).
    pub fn configured(scratch: &Scratch, configuration: &str, hosts: Option<&str>) -> Self {
        const PLACED: &str = r#"mount --bind "$0" /etc/hosts && exec "$@""#;
        let mut command = vec![PROGRAM.to_owned()];
        if let Some(hosts) = hosts {
            let hosts = scratch.file("hosts", hosts).display().to_string();
            let before = ["unshare", "--mount", "--", "sh", "-c", PLACED, &hosts];
            command.splice(..0, before.map(ToOwned::to_owned));
        }
        let port = port::free();
        let home = scratch.dir("prometheus");
        let configuration = scratch.file("prometheus/prometheus.yml", configuration);
        let daemon = Daemon::start(
            &command[0],
            |prometheus| {
                prometheus.args(&command[1..]);
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
