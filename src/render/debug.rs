//! One run in full, for whoever asks `/probe` with `debug=true`.

use std::fmt::Write as _;
use std::time::Duration;

use super::prometheus::ShownRun;
use crate::fact;
use crate::outcome::Transcript;
use crate::report::JudgedOutcome;
use crate::report::{sentence, text};
use crate::secret::MASK;
use crate::settings::ProbeSettings;

/// The whole text: what happened in the run, the `metrics` that would have been returned, and how the probe is configured.
pub fn page(judged: &JudgedOutcome<'_>, run: ShownRun, metrics: &str, settings: &ProbeSettings) -> String {
    let mut page = String::from("Logs for the probe:\n");
    log(&mut page, judged, run);
    let _ = writeln!(page, "\n\nMetrics that would have been returned:\n{}", metrics.trim_end());
    page.push_str("\n\nProbe configuration:\n");
    configuration(&mut page, settings);
    page
}

/// Appends the probe's configuration. The source of its secret is no secret.
fn configuration(page: &mut String, settings: &ProbeSettings) {
    let ProbeSettings { id, tenant, address, interval, timeout, .. } = settings;
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(page, "{name}: {}", text::one_line(value));
    };
    row("probe", &id.to_string());
    row("address", address.as_deref().unwrap_or("none"));
    row("cloud", &tenant.cloud.name);
    row("tenant_id", &tenant.tenant_id);
    row("client_id", &tenant.client_id);
    row(tenant.credential.form().code(), &format!("{MASK} from {}", tenant.credential));
    row("interval", &humantime::format_duration(*interval).to_string());
    row("timeout", &humantime::format_duration(*timeout).to_string());
}

/// Appends the run: the phases with their times, the transcript, the verdict with its evidence, and the facts.
fn log(page: &mut String, judged: &JudgedOutcome<'_>, run: ShownRun) {
    let outcome = judged.outcome;
    let probe = text::one_line(&outcome.probe.to_string());
    let _ = writeln!(page, "{} {probe}, limit {}s", text::time(outcome.at), text::seconds(run.timeout));
    if let Some(age) = run.age {
        let _ = writeln!(page, "given again: this run ended {}s before it was asked for", text::seconds(age));
    }
    let mut began = Duration::ZERO;
    for span in &outcome.phases {
        let _ = writeln!(page, "+{}s {} took {}s", text::seconds(began), span.phase, text::seconds(span.took));
        began += span.took;
    }
    conversation(page, &outcome.facts.transcript);
    let _ = writeln!(page, "+{}s {}: {}", text::seconds(began), judged.state(), sentence::sentence(judged));
    let evidence = outcome.failure().map(|failure| sentence::evidence(&failure.evidence)).unwrap_or_default();
    for (name, value) in evidence {
        let _ = writeln!(page, "{name}: {value}");
    }
    for line in fact::plain_lines(judged) {
        let _ = writeln!(page, "{line}");
    }
}

/// Appends the lines sent (`>`) and received (`<`), and what happened between them (`*`).
fn conversation(page: &mut String, transcript: &Transcript) {
    for (line, left_out) in transcript.lines() {
        let _ = writeln!(page, "+{}s {} {} {}", text::seconds(line.at), line.phase, text::mark(line.speaker), line.text);
        if left_out > 0 {
            let _ = writeln!(page, "({} left out)", text::count_of(left_out.try_into().unwrap_or(u64::MAX), "line"));
        }
    }
}
