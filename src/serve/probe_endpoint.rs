//! `/probe`: one run of a probe on request, with metrics of its own.
//!
//! As with blackbox_exporter, the outcome of such a run goes to the response and to the log, and not to the store: `/metrics`
//! has the scheduled runs alone, however often others ask. A run that fails or cannot take place is answered like any other,
//! with 200 and `probe_success 0`. An outcome that is young is given again, and says so (`m365_probe_cached 1`).

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hyper::{HeaderMap, StatusCode};

use super::content_negotiation::Negotiated;
use super::engine::Engine;
use super::on_request::{Delivery, OnRequest, Wish};
use super::probe_selection::select;
use super::query::Query;
use super::response::{FullResponse, TEXT, message, ok};
use crate::render::prometheus::{Format, ShownRun};
use crate::render::{debug, prometheus};
use crate::report::JudgedOutcome;

/// Prometheus's header with the scrape timeout in seconds.
const SCRAPE_TIMEOUT: &str = "x-prometheus-scrape-timeout-seconds";
/// Part of the scrape timeout left for the response, as blackbox_exporter's `--timeout-offset`.
const TIMEOUT_OFFSET: Duration = Duration::from_millis(500);

/// Answers with the metrics of the probe that `query` names, after a run on the thread of the runs, or from an outcome that is young.
pub async fn respond(engine: &Arc<Engine>, query: &Query, headers: &HeaderMap) -> FullResponse {
    let work = engine.work();
    let (probe, in_detail) = match select(&work, query).and_then(|probe| Ok((probe, query.one("debug")?))) {
        Ok((probe, debug)) => (probe, debug.is_some_and(|debug| debug == "true")),
        Err(problem) => return message(StatusCode::BAD_REQUEST, &problem),
    };
    let limit = match limit(headers) {
        Ok(limit) => limit.unwrap_or(Duration::MAX).min(probe.settings.timeout),
        Err(problem) => return message(StatusCode::INTERNAL_SERVER_ERROR, &problem), // as blackbox_exporter has it
    };
    let max_age = work.probe_max_age.unwrap_or_else(|| probe.settings.max_age());
    let wish = Wish { probe: Arc::clone(probe), means: Arc::clone(&work.means), limit, max_age };
    let asked = Arc::clone(engine);
    let delivery = tokio::select! {
        delivery = engine.runs.run(async move { OnRequest::outcome(&asked, &wish).await }) => delivery.flatten(),
        () = engine.shutdown.grace_over() => return message(StatusCode::SERVICE_UNAVAILABLE, "shut down before the run had ended"),
    };
    let Some(Delivery { outcome, within, age }) = delivery else {
        return message(StatusCode::INTERNAL_SERVER_ERROR, "the run could not be made; see the log");
    };
    let judged = JudgedOutcome::new(&outcome, &probe.settings.limits, SystemTime::now());
    let run = ShownRun { timeout: within, age };
    let metrics = |format| prometheus::probe(&judged, &probe.settings, run, format);
    if !in_detail {
        let negotiated = Negotiated::from_headers(headers);
        return negotiated.respond(metrics(negotiated.format));
    }
    ok(TEXT, debug::page(&judged, run, &metrics(Format::Text), &probe.settings))
}

/// Returns the scraper's timeout less `TIMEOUT_OFFSET`, but at least half of it; `None` if the request has none.
///
/// # Errors
/// A message: the header is not a time in seconds.
fn limit(headers: &HeaderMap) -> Result<Option<Duration>, String> {
    let Some(value) = headers.get(SCRAPE_TIMEOUT) else { return Ok(None) };
    let seconds = value.to_str().ok().and_then(|text| text.trim().parse::<f64>().ok()).filter(|seconds| *seconds > 0.0);
    let given = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let given = given.ok_or_else(|| format!("the header {SCRAPE_TIMEOUT} is not a time in seconds"))?;
    Ok(Some(given.saturating_sub(TIMEOUT_OFFSET).max(given / 2)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    #[test]
    fn scrape_timeout_header_bounds_the_run() {
        for (header, millis) in [
            ("10", Some(9500)),
            ("10.000000", Some(9500)),
            ("1.25", Some(750)),
            ("1", Some(500)),
            ("0.5", Some(250)),
            ("1e2", Some(99_500)),
            ("0", None),
            ("-1", None),
            ("NaN", None),
            ("inf", None),
            ("10s", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(SCRAPE_TIMEOUT.parse().expect("name"), HeaderValue::from_static(header))]);
            let expected = millis.map(|millis| Some(Duration::from_millis(millis)));
            assert_eq!(limit(&headers).ok(), expected, "{header}");
        }
        assert_eq!(limit(&HeaderMap::new()), Ok(None));
    }
}
