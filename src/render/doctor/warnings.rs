//! The warnings: each once, with who must act and what to do; then the violated limits that no warning is about.

use std::collections::HashMap;

use super::cause::{LABELS, column, exchange, steps};
use super::layout::{Ink, Layout, Style};
use super::observations;
use crate::lang::list;
use crate::levels::State;
use crate::outcome::{Evidence, Outcome};
use crate::reason::Reason;
use crate::report::outcome_index::OutcomeIndex;
use crate::report::remedy::Concern;
use crate::report::term;
use crate::report::text;
use crate::report::{JudgedOutcome, expiry};

/// Probes that are named; of more, the number is given.
const NAMED: usize = 3;

/// A reason to look, in one tenant.
struct Warning<'a> {
    tenant: &'a str,
    reason: Reason,
    /// The worst that a level makes of it.
    state: State,
    /// The run that noticed it first, and what was seen then.
    first: &'a JudgedOutcome<'a>,
    evidence: &'a Evidence,
    /// The runs that noticed it.
    outcomes: Vec<&'a Outcome>,
}

/// The whole section; nothing where there is nothing to look at.
pub fn write(out: &mut Layout, index: &OutcomeIndex<'_>, style: &Style) {
    let judged = index.judged();
    let (warnings, breaches) = (by_reason(judged), observations::breaches(judged, style));
    if warnings.is_empty() && breaches.is_empty() {
        return;
    }
    out.gap();
    out.heading(0, Ink::Fair, style.lang.texts().doctor.worth_a_look);
    for warning in &warnings {
        out.gap();
        write_warning(out, warning, index, style);
    }
    out.gap();
    for (probe, text) in breaches {
        out.prose("  • ", &format!("{probe}: {text}"));
    }
}

fn write_warning(out: &mut Layout, warning: &Warning<'_>, index: &OutcomeIndex<'_>, style: &Style) {
    let texts = &style.lang.texts().doctor;
    let Warning { tenant, reason, first, evidence, outcomes, .. } = warning;
    let text = reason.text(style.lang);
    let title = expiry::warning_title(*reason, first, style.lang).unwrap_or_else(|| text.title.to_owned());
    let concern = Concern::new(tenant, *reason, outcomes.iter().copied(), index);
    out.prose("  • ", &format!("{} ({reason})", text::capital(&title)));
    out.prose("    ", &concern.meaning(text, style.lang));
    out.gap();
    steps(out, 4, concern.steps(text, style.lang), texts);
    out.gap();
    let who = list(&outcomes.iter().map(|one| text::one_line(&one.probe.to_string())).collect::<Vec<_>>(), NAMED, style.lang);
    let applies = text.applies.map(|applies| (texts.applies, applies));
    let rows = [(style.lang.texts().common.who_must_act, term::owner(reason.owner(), style.lang)), (texts.noticed_by, &who)];
    let level = observations::limit_of_warning(first, *reason, style);
    let level = level.as_deref().map(|level| (texts.level, level));
    for (name, value) in rows.into_iter().chain(level).chain(applies) {
        out.row(4, LABELS, name, value);
    }
    let rows = exchange(evidence, style);
    let names = column(rows.iter().map(|(name, _)| *name)).max(LABELS);
    for (name, value) in &rows {
        out.verbatim(4, names, name, value);
    }
}

/// The warnings of all runs, the worst first and then in the order in which they were met, those of one reason in one tenant
/// together.
fn by_reason<'a>(judged: &'a [JudgedOutcome<'a>]) -> Vec<Warning<'a>> {
    let mut warnings: Vec<Warning<'_>> = Vec::new();
    let mut places: HashMap<(&str, Reason), usize> = HashMap::new();
    for first in judged {
        for fault in first.warnings() {
            let (tenant, outcome) = (&*first.outcome.probe.tenant, first.outcome);
            let (reason, evidence, state) = (fault.reason, &fault.evidence, first.judgement.warning_state(fault));
            let place = *places.entry((tenant, reason)).or_insert(warnings.len());
            match warnings.get_mut(place) {
                Some(same) => {
                    same.state = same.state.worse(state);
                    same.outcomes.push(outcome);
                }
                None => warnings.push(Warning { tenant, reason, state, first, evidence, outcomes: vec![outcome] }),
            }
        }
    }
    warnings.sort_by_key(|warning| std::cmp::Reverse(warning.state.badness()));
    warnings
}
