//! The report for a person: what is wrong, who must act and what to do; then all checks as a tree with times.

mod cause;
mod columns;
mod layout;
mod observations;
mod tree;
mod warnings;

pub use self::cause::evidence_rows;
pub use self::layout::Style;
use self::layout::{Ink, Layout};
pub use self::observations::fact_lines;
use crate::lang::Counted;
use crate::levels::State;
use crate::report::outcome_index::OutcomeIndex;
use crate::report::root_cause::{self, RootCauseGroup};
use crate::report::{JudgedOutcome, worst_state};
use crate::report::{term, text};
use crate::sanitize::{MAX_REPLY, one_line};

/// Characters of one text from outside that are shown unless everything is: a refusal of Entra's has 600.
const SHOWN: usize = 1000;

/// The whole text, to its last line feed.
pub fn report(judged: &[JudgedOutcome<'_>], style: &Style) -> String {
    let causes = root_cause::group(&root_cause::diagnose(judged));
    let mut out = Layout::new(style);
    summary(&mut out, judged, &causes, style);
    let index = OutcomeIndex::new(judged);
    for (number, cause) in (1_usize..).zip(&causes) {
        cause::write(&mut out, number, cause, &index, style);
    }
    warnings::write(&mut out, &index, style);
    tree::draw(&mut out, &index, &causes, style);
    out.end()
}

/// The summary: how many checks fail, and with several root causes a list of them with their owners.
fn summary(out: &mut Layout, judged: &[JudgedOutcome<'_>], causes: &[RootCauseGroup], style: &Style) {
    let texts = &style.lang.texts().doctor;
    let failed = judged.iter().filter(|one| one.outcome.failure().is_some()).count();
    let skipped = judged.iter().filter(|one| one.outcome.is_skipped()).count();
    // Of runs that succeeded, those whose levels or warnings say that they should not go unseen.
    let noticed = judged.iter().filter(|one| one.outcome.is_ok() && one.state() != State::Ok).count();
    let all = judged.len().to_string();
    let counted = |text: Counted, count: usize| text.with(count, &[("all", &all)]);
    let mut text = match (judged.len(), failed, skipped + noticed) {
        (0, ..) => texts.nothing.to_owned(),
        (_, 0, 0) => counted(texts.all_well, judged.len()),
        (_, 0, _) => texts.none_fails.to_owned(),
        (1, 1, _) => texts.only_fails.to_owned(),
        _ => counted(texts.some_fail, failed),
    };
    let noticed = if failed == 0 { noticed } else { 0 };
    for (more, count) in [(texts.some_not_run, skipped), (texts.some_noticed, noticed), (texts.some_causes, causes.len())] {
        if count > 0 {
            text = text + " " + &counted(more, count);
        }
    }
    let ink = match (judged.len(), failed, skipped, worst_state(judged)) {
        (_, 1.., ..) | (_, 0, _, State::Critical) => Ink::Bad,
        (0, ..) | (_, 0, 1.., _) => Ink::Odd,
        (_, 0, 0, State::Ok) => Ink::Good,
        _ => Ink::Fair,
    };
    out.heading(0, ink, &text);
    for (number, cause) in (1_usize..).zip(causes.iter().filter(|_| causes.len() > 1)) {
        let title = text::capital(&root_cause::headline(cause, style.lang));
        let owner = term::owner(cause.reason.owner(), style.lang);
        let who_must_act = style.lang.texts().common.who_must_act;
        out.prose(&format!("  {number}. "), &format!("{title} ({}). {who_must_act}: {owner}", root_cause::place(cause)));
    }
}

/// A text from outside on one line, bounded.
fn shown(text: &str, style: &Style) -> String {
    one_line(text, if style.everything { MAX_REPLY } else { SHOWN })
}
