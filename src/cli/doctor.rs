//! `doctor`: one run of every check, and a report for a person.

use std::time::SystemTime;

use super::args::{Demo, Doctor, TextOrJson};
use super::back_off_file::BackOffFile;
use super::probe_selection::{self, Caller};
use super::progress::Progress;
use super::{FAULT, GOOD, USAGE, WRONG, charset, failed, output, run_once, terminal};
use crate::document::{BackOffs, Document};
use crate::lang::Lang;
use crate::outcome::Outcome;
use crate::render::doctor;
use crate::report::{JudgedOutcome, root_cause};
use crate::settings::{ProbeSettings, RootStore};

/// The options of a report: language, format and detail.
#[derive(Clone, Copy, Debug)]
pub struct ReportOptions {
    lang: Option<Lang>,
    output: TextOrJson,
    everything: bool,
}

impl From<&Doctor> for ReportOptions {
    fn from(arguments: &Doctor) -> Self {
        Self { lang: arguments.lang, output: arguments.output, everything: arguments.verbose > 0 }
    }
}

impl From<&Demo> for ReportOptions {
    fn from(arguments: &Demo) -> Self {
        Self { lang: arguments.lang, output: arguments.output, everything: arguments.verbose > 0 }
    }
}

impl ReportOptions {
    /// The language of a text: as given, otherwise that of the locale.
    pub fn lang(self) -> Lang {
        self.lang.unwrap_or_else(terminal::lang)
    }

    /// Reports whether the output is text for a person.
    pub fn is_text(self) -> bool {
        self.output == TextOrJson::Text
    }

    /// Returns the progress line for `probes`, if a person watches.
    pub fn progress(self, probes: &[ProbeSettings]) -> Option<Progress> {
        if self.is_text() { Progress::on_terminal(probes, self.lang()) } else { None }
    }

    /// Prints the outcomes of `probes` and returns the exit code.
    pub fn report(self, probes: &[ProbeSettings], outcomes: &[Outcome]) -> u8 {
        let now = SystemTime::now();
        let judged = probes.iter().zip(outcomes);
        let judged: Vec<_> = judged
            .map(|(probe, outcome)| JudgedOutcome::new(outcome, &probe.limits, now).with_application(&*probe.tenant))
            .collect();
        output::out(&match self.output {
            TextOrJson::Text => {
                charset::text(&doctor::report(&judged, &terminal::style(self.lang(), self.everything))).into_owned()
            }
            // A program must not read something else because of a locale.
            TextOrJson::Json => {
                let causes = root_cause::diagnose(&judged);
                Document::of_runs(&judged, &causes, now, self.lang.unwrap_or_default()).to_json()
            }
        });
        if judged.iter().all(JudgedOutcome::is_good) { GOOD } else { WRONG }
    }
}

/// Runs every selected check, prints the report and returns the exit code.
pub fn run(arguments: &Doctor, roots: &RootStore) -> u8 {
    let options = ReportOptions::from(arguments);
    let selected =
        match probe_selection::select(&arguments.selection, &["all".to_owned()], arguments.timeout, roots, Caller::Doctor) {
            Ok(selected) => selected,
            Err(problem) => return failed(false, USAGE, &problem),
        };
    let progress = options.progress(&selected.probes);
    // A person who asks wants to see how things are.
    let back_offs = BackOffs::default();
    let means = BackOffFile::new(None).ledger(&selected.probes).and_then(|ledger| run_once::means(&selected.network, ledger));
    let means = match means {
        Ok(means) => means,
        Err(problem) => return failed(false, USAGE, &problem),
    };
    let run = run_once::run(means, &selected.probes, arguments.timeout, progress, &back_offs);
    match run_once::block_on(run) {
        Ok(Ok(outcomes)) => options.report(&selected.probes, &outcomes),
        Ok(Err(problem)) => failed(false, USAGE, &problem),
        Err(problem) => failed(false, FAULT, &problem),
    }
}
