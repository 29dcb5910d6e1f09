//! What is worth a look though nothing failed for it: each warning once, whose move it is and what to do, and limits left.

use super::case::{LABELS, capital, column, exchanged, steps};
use super::page::{Ink, Look, Page};
use super::{learnt, words};
use crate::outcome::{Evidence, Outcome};
use crate::reason::Reason;
use crate::sink::remedy::{Concern, list};
use crate::sink::{Judged, words as plain};

/// Probes that are named; of more, the number is told.
const NAMED: usize = 3;

/// A reason to look, in one tenant.
struct Warning<'a> {
    tenant: &'a str,
    reason: Reason,
    /// What was seen first.
    evidence: &'a Evidence,
    /// The runs that noticed it.
    outcomes: Vec<&'a Outcome>,
}

/// The whole section; nothing where there is nothing to look at.
pub fn section(page: &mut Page, judged: &[Judged<'_>], look: &Look) {
    let (warnings, breaches) = (gathered(judged), learnt::breaches(judged, look));
    if warnings.is_empty() && breaches.is_empty() {
        return;
    }
    page.gap();
    page.heading(0, Ink::Fair, words::of(look.lang).worth_a_look);
    for warning in &warnings {
        page.gap();
        told(page, warning, judged, look);
    }
    page.gap();
    for (who, told) in breaches {
        page.prose("  • ", &format!("{who}: {told}"));
    }
}

fn told(page: &mut Page, warning: &Warning<'_>, judged: &[Judged<'_>], look: &Look) {
    let words = words::of(look.lang);
    let Warning { tenant, reason, evidence, outcomes } = warning;
    let text = reason.text(look.lang);
    let concern = Concern::new(tenant, *reason, outcomes.iter().copied(), judged);
    page.prose("  • ", &format!("{} ({reason})", capital(text.title)));
    page.prose("    ", &concern.meaning(text, look.lang));
    page.gap();
    steps(page, 4, concern.steps(text, look.lang), words);
    page.gap();
    let who = list(&outcomes.iter().map(|one| plain::one_line(&one.probe.to_string())).collect::<Vec<_>>(), NAMED, look.lang);
    let applies = text.applies.map(|applies| (words.applies, applies));
    let rows = [(words.whose_move, words::owner(reason.owner(), look.lang)), (words.noticed_by, &who)];
    for (name, value) in rows.into_iter().chain(applies) {
        page.row(4, LABELS, name, value);
    }
    let seen = exchanged(evidence, look);
    let names = column(seen.iter().map(|(name, _)| *name)).max(LABELS);
    for (name, value) in &seen {
        page.verbatim(4, names, name, value);
    }
}

/// The warnings of all runs, in the order in which they were met, those of one reason in one tenant together.
fn gathered<'a>(judged: &'a [Judged<'a>]) -> Vec<Warning<'a>> {
    let mut warnings: Vec<Warning<'_>> = Vec::new();
    for outcome in judged.iter().map(|one| one.outcome) {
        for fault in &outcome.facts.warnings {
            let tenant = &*outcome.probe.tenant;
            match warnings.iter_mut().find(|known| known.tenant == tenant && known.reason == fault.reason) {
                Some(known) => known.outcomes.push(outcome),
                None => {
                    warnings.push(Warning { tenant, reason: fault.reason, evidence: &fault.evidence, outcomes: vec![outcome] });
                }
            }
        }
    }
    warnings
}
