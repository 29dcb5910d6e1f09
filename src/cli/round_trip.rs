//! `roundtrip clean`: deletes, or lists, the mails that round trips have left behind.

use std::fmt::Write as _;

use super::args::{Clean, Roundtrip};
use super::back_off_file::BackOffFile;
use super::probe_selection::{self, Caller};
use super::{FAULT, GOOD, USAGE, WRONG, failed, output, run_once};
use crate::check::{Means, Sweep};
use crate::document::BackOffs;
use crate::kind::Check;
use crate::outcome::Outcome;
use crate::report::text::count_of;
use crate::settings::{ProbeSettings, RootStore};

/// Cleans up, prints what was done and returns the exit code.
pub fn run(command: &Roundtrip, roots: &RootStore) -> u8 {
    let Roundtrip::Clean(arguments) = command;
    let sweep = if arguments.dry_run { Sweep::List } else { Sweep::Delete };
    let (means, probes) = match prepared(arguments, sweep, roots) {
        Ok(prepared) => prepared,
        Err(problem) => return failed(false, USAGE, &problem),
    };
    let back_offs = BackOffs::default();
    match run_once::block_on(run_once::run(means, &probes, Some(arguments.timeout), None, &back_offs)) {
        Ok(Ok(outcomes)) => {
            for outcome in &outcomes {
                output::out(&lines(outcome, sweep));
            }
            if outcomes.iter().all(is_clean) { GOOD } else { WRONG }
        }
        Ok(Err(problem)) => failed(false, USAGE, &problem),
        Err(problem) => failed(false, FAULT, &problem),
    }
}

fn prepared(arguments: &Clean, sweep: Sweep, roots: &RootStore) -> Result<(Means, Vec<ProbeSettings>), String> {
    let names = [Check::RoundTrip.name().to_owned()];
    let selected = probe_selection::select(&arguments.selection, &names, Some(arguments.timeout), roots, Caller::Doctor)?;
    let state_file = arguments.state_file.as_deref().or(selected.state_file.as_deref());
    let ledger = BackOffFile::new(state_file).ledger(&selected.probes)?;
    let means = Means { sweep: Some(sweep), ..run_once::means(&selected.network, ledger)? };
    let with_time = |probe: ProbeSettings| ProbeSettings { timeout: arguments.timeout, ..probe };
    Ok((means, selected.probes.into_iter().map(with_time).collect()))
}

fn is_clean(outcome: &Outcome) -> bool {
    outcome.is_ok() && outcome.facts.warnings.is_empty()
}

fn lines(outcome: &Outcome, sweep: Sweep) -> String {
    let (probe, facts) = (&outcome.probe, &outcome.facts.round_trip);
    let problem = outcome.failure().map(|failure| (failure.reason, failure.evidence.heard.as_deref()));
    let problem = problem.or_else(|| outcome.facts.warnings.first().map(|fault| (fault.reason, fault.evidence.heard.as_deref())));
    let mut text = String::new();
    if let Some((reason, heard)) = problem {
        let _ = writeln!(text, "{probe}: {reason}: {}; {}", reason.title(), heard.unwrap_or("no reply"));
    }
    if outcome.is_ok() {
        let count = |number: usize| count_of(number.try_into().unwrap_or(u64::MAX), "mail");
        match sweep {
            Sweep::List => {
                let _ = writeln!(text, "{probe}: {} would be deleted", count(facts.listed.len()));
                for mail in &facts.listed {
                    let _ = writeln!(text, "  {mail}");
                }
            }
            Sweep::Delete => {
                let _ = writeln!(text, "{probe}: {} deleted", count_of(facts.deleted.unwrap_or_default(), "mail"));
            }
        }
    }
    text
}
