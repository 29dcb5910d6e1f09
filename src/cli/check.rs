//! `check`: once, as a Nagios, Icinga or Checkmk plugin.

use std::time::SystemTime;

use super::args::{Check, CheckOutput, Timeout};
use super::{once, print, select};
use crate::levels::{Limits, State};
use crate::outcome::{Outcome, Phase};
use crate::reason::Reason;
use crate::reason::text::Lang;
use crate::settings::ProbeSettings;
use crate::sink::{Judged, checkmk, json, nagios, worst};
use crate::trace;

/// Runs the checks, prints their output and tells Nagios's exit code.
pub fn run(arguments: &Check) -> u8 {
    match report(arguments) {
        Ok((text, state)) => {
            print::out(&text);
            state.exit_code()
        }
        Err(problem) => {
            print::out(&match arguments.output {
                CheckOutput::Checkmk => checkmk::unknown(&problem),
                CheckOutput::Nagios | CheckOutput::Json => nagios::unknown(&problem),
            });
            State::Unknown.exit_code()
        }
    }
}

fn report(arguments: &Check) -> Result<(String, State), String> {
    let given = Limits::parse(&arguments.warning, &arguments.critical)?;
    let selected = select::probes(&arguments.selection, &arguments.checks, Some(arguments.timeout.limit))?;
    let runtime = once::runtime()?;
    let run = once::run(&selected.network, &selected.probes, Some(arguments.timeout.limit), None);
    let outcomes = runtime.block_on(run);
    runtime.shutdown_background(); // a lookup that hangs in getaddrinfo must not hold us
    let outcomes = outcomes?;
    let now = SystemTime::now();
    let limits: Vec<Limits> = selected.probes.iter().map(|probe| given.over(&probe.limits)).collect();
    let mut judged: Vec<Judged<'_>> =
        outcomes.iter().zip(&limits).map(|(outcome, limits)| Judged::new(outcome, limits, now)).collect();
    for (one, probe) in judged.iter_mut().zip(&selected.probes) {
        one.tenant = Some(&probe.tenant);
        one.judgement.state = when_late(one.judgement.state, one.outcome, probe, arguments.timeout);
    }
    Ok(match arguments.output {
        CheckOutput::Nagios => nagios::report(&judged, arguments.verbose),
        CheckOutput::Json => (json::report(&judged, now, Lang::En), worst(&judged)),
        CheckOutput::Checkmk => (checkmk::report(&judged), worst(&judged)),
    })
}

/// The state the user wants for a run that met silence until its time was used up; others keep theirs.
fn when_late(state: State, outcome: &Outcome, probe: &ProbeSettings, timeout: Timeout) -> State {
    /// A token is waited for a twentieth less than a run may take, and timers have a grain of a millisecond.
    const NEARLY_ALL: f64 = 0.94;
    let silent = |reason: Reason| Phase::ALL.iter().any(|phase| trace::silence_in(*phase) == reason);
    let all = timeout.limit.min(probe.timeout);
    let late = outcome.took >= all.mul_f64(NEARLY_ALL) && outcome.failure().is_some_and(|failure| silent(failure.reason));
    timeout.state.filter(|_| late).unwrap_or(state)
}
