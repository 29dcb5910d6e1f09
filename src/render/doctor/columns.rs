//! The columns of the tree: name, state, the whole time, and a column for each phase, so that one sees where time went.

use std::fmt::Write as _;
use std::time::Duration;

use super::layout::{Ink, Layout, Style, TOGETHER};
use super::observations;
use crate::lang::{Lang, number};
use crate::outcome::{Outcome, Phase};
use crate::report::JudgedOutcome;
use crate::report::sentence;

/// The widths of the columns, in characters.
#[derive(Debug, Default)]
pub struct Columns {
    names: usize,
    states: usize,
    total: usize,
    phases: Vec<(Phase, usize)>,
    /// Spaces between the phases; `None` where the page is too narrow for them all.
    gap: Option<usize>,
}

impl Columns {
    /// Wide enough for all of `judged`, whose states take `states` characters.
    pub fn fitting(judged: &[JudgedOutcome<'_>], states: usize, style: &Style) -> Self {
        let outcomes = || judged.iter().map(|one| one.outcome);
        let name = |outcome: &Outcome| {
            let depth = if outcome.probe.mailbox.is_some() { 2 } else { 1 };
            3 * depth + outcome.probe.check.name().len()
        };
        let totals = outcomes().map(|outcome| millis(outcome.took, style.lang).chars().count());
        let total = totals.chain([style.lang.texts().doctor.total.chars().count()]).max().unwrap_or_default();
        let mut columns = Self { names: outcomes().map(name).max().unwrap_or_default(), states, total, ..Self::default() };
        for phase in Phase::ALL {
            let cells = outcomes().filter_map(|outcome| cell(outcome, *phase, style.lang)).map(|cell| cell.chars().count());
            columns.phases.extend(cells.max().map(|widest| (*phase, widest.max(phase.code().len()))));
        }
        columns.gap = [2, 1].into_iter().find(|gap| columns.width(*gap) <= style.width);
        columns
    }

    fn width(&self, gap: usize) -> usize {
        self.before_phases() + self.phases.iter().map(|(_, width)| width + gap).sum::<usize>()
    }

    fn before_phases(&self) -> usize {
        self.names + 2 + self.states + 2 + self.total
    }

    /// The tenant's name and the names of the columns: on one line if there is room.
    pub fn head(&self, name: &str, style: &Style) -> Vec<String> {
        let mut head = format!("{:>width$}", style.lang.texts().doctor.total, width = self.before_phases());
        for (phase, width) in self.phases.iter().filter(|_| self.gap.is_some()) {
            let _ = write!(head, "{:>width$}", phase.code(), width = width + self.gap.unwrap_or_default());
        }
        let taken = name.chars().count();
        let free = head.chars().take_while(|c| *c == ' ').count();
        if taken < free {
            vec![name.to_owned() + &head.chars().skip(taken).collect::<String>()]
        } else {
            vec![name.to_owned(), head]
        }
    }

    /// The line of one check.
    pub fn row(&self, out: &mut Layout, name: &str, state: &(Ink, String), outcome: &Outcome, style: &Style) {
        let (ink, state) = state;
        let state = out.paint(*ink, state) + &" ".repeat(self.states.saturating_sub(state.chars().count()));
        let ran = !outcome.phases.is_empty();
        let total = if ran { millis(outcome.took, style.lang) } else { String::new() };
        let first = format!("{name:<names$}  {state}  {total:>width$}", names = self.names, width = self.total);
        let Some(gap) = self.gap else {
            let below: String = name.chars().map(bar).collect();
            let below = format!("{below:<width$}", width = self.before_phases() + 2);
            return out.hanging(&(first + "  "), &below, &listed(outcome, style));
        };
        let mut line = first;
        let slowest = slowest(outcome);
        for (phase, width) in &self.phases {
            let cell = cell(outcome, *phase, style.lang).unwrap_or_default();
            let blank = " ".repeat((width + gap).saturating_sub(cell.chars().count()));
            let failed = outcome.failure().is_some_and(|failure| failure.phase == *phase);
            let ink = if failed { Some(Ink::Bad) } else { (slowest == Some(*phase)).then_some(Ink::Head) };
            line = line + &blank + &ink.map_or_else(|| cell.clone(), |ink| out.paint(ink, &cell));
        }
        let counted =
            observations::mailbox_count(outcome, style).filter(|text| self.width(gap) + 2 + text.chars().count() <= style.width);
        out.line(&(line + &counted.map(|text| format!("  {text}")).unwrap_or_default()));
    }
}

/// On a narrow page the phases stand behind the time as far as they took a part of it.
fn listed(outcome: &Outcome, style: &Style) -> String {
    let worth = |phase: Phase, took: Duration| {
        let failed = outcome.failure().is_some_and(|failure| failure.phase == phase);
        style.everything || failed || took * 20 >= outcome.took
    };
    let listed: Vec<String> = sentence::entered(outcome)
        .filter(|(phase, took)| worth(*phase, *took))
        .filter_map(|(phase, _)| Some(format!("{phase}{TOGETHER}{}", cell(outcome, phase, style.lang)?)))
        .collect();
    listed.join(", ")
}

/// Returns the character below one of a check's branch: the bars go on.
const fn bar(c: char) -> char {
    match c {
        '│' | '├' => '│',
        _ => ' ',
    }
}

/// The time of a phase, with a mark where it failed; `None` where it was not entered.
fn cell(outcome: &Outcome, phase: Phase, lang: Lang) -> Option<String> {
    let took = outcome.phase(phase)?;
    let failed = outcome.failure().is_some_and(|failure| failure.phase == phase);
    Some(format!("{}{}", if failed { "✗" } else { "" }, millis(took, lang)))
}

/// The phase that took most, where it is most of the time.
fn slowest(outcome: &Outcome) -> Option<Phase> {
    sentence::entered(outcome).find(|(_, took)| *took * 2 > outcome.took).map(|(phase, _)| phase)
}

/// Milliseconds, with a decimal where there is one that tells something.
fn millis(took: Duration, lang: Lang) -> String {
    let millis = took.as_secs_f64() * 1e3;
    match millis {
        ..0.05 => "0".to_owned(),
        ..9.95 => number(millis, 1, lang),
        _ => number(millis, 0, lang),
    }
}
