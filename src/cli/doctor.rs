//! `doctor`: everything once, for a person.

use std::io::IsTerminal as _;
use std::time::SystemTime;

use super::args::{Doctor, TextOrJson};
use super::{FAULT, GOOD, USAGE, WRONG, failed, once, print, select};
use crate::outcome::Outcome;
use crate::settings::ProbeSettings;
use crate::sink::{Judged, doctor, json};

/// Runs everything, prints it and tells the exit code.
pub fn run(arguments: &Doctor) -> u8 {
    let selected = match select::probes(&arguments.selection, &["all".to_owned()], arguments.timeout) {
        Ok(selected) => selected,
        Err(problem) => return failed(false, USAGE, &problem),
    };
    let runtime = match once::runtime() {
        Ok(runtime) => runtime,
        Err(problem) => return failed(false, FAULT, &problem),
    };
    let outcomes = runtime.block_on(once::run(&selected.network, &selected.probes, arguments.timeout));
    runtime.shutdown_background(); // a lookup that hangs in getaddrinfo must not hold us
    match outcomes {
        Ok(outcomes) => report(&selected.probes, &outcomes, arguments.output),
        Err(problem) => failed(false, USAGE, &problem),
    }
}

/// Prints the outcomes of `probes` and tells the exit code.
pub fn report(probes: &[ProbeSettings], outcomes: &[Outcome], output: TextOrJson) -> u8 {
    let now = SystemTime::now();
    let judged: Vec<_> = probes.iter().zip(outcomes).map(|(probe, outcome)| Judged::new(outcome, &probe.limits, now)).collect();
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    print::out(&match output {
        TextOrJson::Text => doctor::report(&judged, colour),
        TextOrJson::Json => json::report(&judged, now),
    });
    if outcomes.iter().all(Outcome::is_ok) { GOOD } else { WRONG }
}
