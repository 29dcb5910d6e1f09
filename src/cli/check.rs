//! `check`: one run of the selected checks, as a Nagios, Icinga or Checkmk plugin.

use std::time::SystemTime;

use super::args::{Check, CheckOutput, Timeout};
use super::back_off_file::BackOffFile;
use super::probe_selection::{self, Caller};
use super::{output, remote, run_once};
use crate::config;
use crate::diagnosis::RootCause;
use crate::document::Document;
use crate::lang::Lang;
use crate::levels::{Limits, Measuring, State};
use crate::outcome::Outcome;
use crate::remote::ServiceReport;
use crate::render::{checkmk, nagios};
use crate::report::{JudgedOutcome, root_cause, worst_state};
use crate::settings::RootStore;
use crate::trace;

/// Runs the checks, prints their output and returns Nagios's exit code.
pub fn run(arguments: &Check, roots: &RootStore) -> u8 {
    match report(arguments, roots) {
        Ok((text, state)) => {
            output::out(&text);
            state.exit_code()
        }
        Err(problem) => {
            output::out(&match arguments.output {
                CheckOutput::Checkmk => checkmk::unknown(&problem),
                CheckOutput::Nagios | CheckOutput::Json => nagios::unknown(&problem),
            });
            State::Unknown.exit_code()
        }
    }
}

fn report(arguments: &Check, roots: &RootStore) -> Result<(String, State), String> {
    let given = Limits::parse(&arguments.warning, &arguments.critical)?;
    if let Some(url) = &arguments.from.url {
        return remote_report(arguments, &given, &remote::fetch(url, arguments)?);
    }
    let mut selected =
        probe_selection::select(&arguments.selection, &arguments.checks, Some(arguments.timeout.limit), roots, Caller::Check)?;
    config::watch_folders(&mut selected.probes, &arguments.backlog).map_err(|flaw| format!("--backlog: {flaw}"))?;
    let measuring = selected.probes.iter().map(|probe| (probe.id.check, !probe.backlog.is_empty()));
    require_measured(&given, &measuring.collect::<Vec<_>>())?;
    let back_offs = BackOffFile::new(arguments.state_file.as_deref());
    let known = back_offs.read();
    let means = run_once::means(&selected.network, back_offs.ledger(&selected.probes)?)?;
    let run = run_once::run(means, &selected.probes, Some(arguments.timeout.limit), None, &known);
    let mut outcomes = run_once::block_on(run)??;
    back_offs.note(&known, &selected.probes, &mut outcomes);
    let now = SystemTime::now();
    let limits: Vec<Limits> = selected.probes.iter().map(|probe| given.over(&probe.limits)).collect();
    let mut judged: Vec<JudgedOutcome<'_>> =
        outcomes.iter().zip(&limits).map(|(outcome, limits)| JudgedOutcome::new(outcome, limits, now)).collect();
    for (one, probe) in judged.iter_mut().zip(&selected.probes) {
        one.application = Some((&*probe.tenant).into());
        one.judgement.state = timeout_state(one.judgement.state, one.outcome, arguments.timeout);
    }
    require_known(&given, &mut judged);
    Ok(written(arguments, &judged, &root_cause::diagnose(&judged), now))
}

/// Refuses limits of what none of the checks measures: they would never be violated, and the state would say that all is well.
fn require_measured(given: &Limits, measuring: &[Measuring]) -> Result<(), String> {
    const FOLDERS: &str = "`--backlog FOLDER`, or `backlog` in the configuration";
    given.unmeasured_by(measuring, FOLDERS).map_or(Ok(()), Err)
}

/// Marks a metric whose limit was given, and that no run tells although all succeeded, at the first of them.
fn require_known(given: &Limits, judged: &mut [JudgedOutcome<'_>]) {
    for metric in given.metrics() {
        let concerned = judged.iter_mut().filter(|one| metric.is_measured_by((one.outcome.probe.check, true)));
        let mut concerned: Vec<&mut JudgedOutcome<'_>> = concerned.collect();
        let is_missing = concerned.iter().all(|one| metric.is_missing_from(one.outcome));
        if let Some(first) = concerned.first_mut().filter(|_| is_missing) {
            first.judgement.add_missing(metric);
        }
    }
}

/// Judges a service's outcomes by its limits and those given here, as of the time of its report.
fn remote_report(arguments: &Check, given: &Limits, service: &ServiceReport) -> Result<(String, State), String> {
    let counts = |outcome: &Outcome| !outcome.is_ok() || !outcome.facts.backlog.is_empty();
    let measuring = service.outcomes.iter().map(|outcome| (outcome.probe.check, counts(outcome)));
    require_measured(given, &measuring.collect::<Vec<_>>())?;
    let limits: Vec<Limits> = service.limits.iter().map(|configured| given.over(configured)).collect();
    let mut judged: Vec<JudgedOutcome<'_>> =
        service.outcomes.iter().zip(&limits).map(|(outcome, limits)| JudgedOutcome::new(outcome, limits, service.at)).collect();
    for one in &mut judged {
        one.application = service.applications.get(&one.outcome.probe.tenant).map(Into::into);
    }
    require_known(given, &mut judged);
    Ok(written(arguments, &judged, &service.causes, service.at))
}

fn written(arguments: &Check, judged: &[JudgedOutcome<'_>], causes: &[RootCause], now: SystemTime) -> (String, State) {
    match arguments.output {
        CheckOutput::Nagios => nagios::report_with_causes(judged, causes, arguments.verbose),
        CheckOutput::Json => (Document::of_runs(judged, causes, now, Lang::En).to_json(), worst_state(judged)),
        CheckOutput::Checkmk => (checkmk::report_with_causes(judged, causes), worst_state(judged)),
    }
}

/// Returns the state that `--timeout` asks for if the run failed because a peer was silent until the time was up; otherwise
/// `state`.
fn timeout_state(state: State, outcome: &Outcome, timeout: Timeout) -> State {
    let silent = outcome.failure().is_some_and(|failure| trace::is_silence(failure.reason));
    timeout.state.filter(|_| silent).unwrap_or(state)
}
