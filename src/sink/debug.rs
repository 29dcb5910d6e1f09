//! One run told at length, for whoever asks `/probe` with `debug=true`.

use std::fmt::Write as _;
use std::time::Duration;

use super::{Judged, words};

/// The whole text: what happened, the `metrics` that would have been returned, and the probe's `configuration`, both
/// already written and free of secrets. `limit` is the time that the run was given.
pub fn page(judged: &Judged<'_>, limit: Duration, metrics: &str, configuration: &str) -> String {
    let mut page = String::from("Logs for the probe:\n");
    log(&mut page, judged, limit);
    for (title, text) in [("Metrics that would have been returned", metrics), ("Probe configuration", configuration)] {
        let _ = writeln!(page, "\n\n{title}:\n{}", text.trim_end());
    }
    page
}

/// When each phase began and how long it took, how it ended, what was said and what was learnt.
fn log(page: &mut String, judged: &Judged<'_>, limit: Duration) {
    let outcome = judged.outcome;
    let probe = words::one_line(&outcome.probe.to_string());
    let _ = writeln!(page, "{} {probe}, limit {}s", words::time(outcome.at), words::seconds(limit));
    let mut began = Duration::ZERO;
    for span in &outcome.phases {
        let _ = writeln!(page, "+{}s {} took {}s", words::seconds(began), span.phase, words::seconds(span.took));
        began += span.took;
    }
    let _ = writeln!(page, "+{}s {}: {}", words::seconds(began), judged.state(), words::sentence(judged));
    let evidence = outcome.failure().map(|failure| words::evidence(&failure.evidence)).unwrap_or_default();
    for (name, value) in evidence {
        let _ = writeln!(page, "{name}: {value}");
    }
    for (name, value) in words::facts(judged) {
        let _ = writeln!(page, "{name}: {value}");
    }
}
