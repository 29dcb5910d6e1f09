//! Outcomes for a person: the root causes with what to do about them, then tenant, mailbox and check as a tree.

use std::fmt::Write as _;

use super::{Judged, cause, words};
use crate::diagnosis::RootCause;
use crate::levels::State;
use crate::outcome::ProbeId;

/// The whole text, to its last line feed; `colour` is for terminals that want it.
pub fn report(judged: &[Judged<'_>], colour: bool) -> String {
    let mut out = String::new();
    let causes = cause::of(judged);
    for (number, cause) in (1_usize..).zip(&causes) {
        root_cause(&mut out, number, cause, colour);
    }
    let mut before: Option<&ProbeId> = None;
    for one in judged {
        heading(&mut out, before, one);
        check(&mut out, one, &causes, colour);
        before = Some(&one.outcome.probe);
    }
    out + "\n" + &summary(judged, colour) + "\n"
}

/// What it is, whose move it is and what to do; folded under it, what it explains.
fn root_cause(out: &mut String, number: usize, cause: &RootCause, colour: bool) {
    let title = cause.reason.title();
    let title = if colour { paint(title, State::Critical) } else { title.to_owned() };
    let _ = writeln!(out, "root cause {number}: {title} ({})", cause::name(cause));
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(out, "  {name:<12} {value}");
    };
    row("what to do", cause.reason.remedy());
    row("whose move", cause.owner().code());
    if let Some(candidates) = cause::candidates(cause) {
        row("or perhaps", &candidates);
    }
    row("where", &cause::place(cause));
    row("explains", &cause::explained(cause));
    out.push('\n');
}

/// The tenant where it changes, the mailbox where it changes.
fn heading(out: &mut String, before: Option<&ProbeId>, judged: &Judged<'_>) {
    let probe = &judged.outcome.probe;
    let same_tenant = before.is_some_and(|before| before.tenant == probe.tenant);
    if !same_tenant {
        let gap = if before.is_some() { "\n" } else { "" };
        let _ = writeln!(out, "{gap}{}", words::one_line(&probe.tenant));
    }
    if let Some(mailbox) = &probe.mailbox
        && !(same_tenant && before.is_some_and(|before| before.mailbox == probe.mailbox))
    {
        let address = judged.outcome.address.as_deref().filter(|address| *address != mailbox);
        let address = address.map(|address| format!("  {}", words::one_line(address))).unwrap_or_default();
        let _ = writeln!(out, "  {}{address}", words::one_line(mailbox));
    }
}

fn check(out: &mut String, judged: &Judged<'_>, causes: &[RootCause], colour: bool) {
    let outcome = judged.outcome;
    let indent = if outcome.probe.mailbox.is_some() { "    " } else { "  " };
    let state = painted(judged.state(), colour);
    let told = outcome.failure().map_or_else(|| words::sentence(judged), words::cause);
    let _ = writeln!(out, "{indent}{:<6} {state}  {told}", outcome.probe.check);
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(out, "{indent}       {name:<18} {value}");
    };
    if !outcome.phases.is_empty() {
        row("phases", &words::phases(outcome));
    }
    if let Some(failure) = outcome.failure() {
        row("meaning", failure.reason.title());
        if let Some(numbers) = cause::numbers(causes, &outcome.probe) {
            row("root cause", &numbers);
        }
        for (name, value) in words::evidence(&failure.evidence) {
            row(name, &value);
        }
    }
    for warning in &outcome.facts.warnings {
        row("worth a look", &format!("{}: {}", warning.reason, warning.reason.remedy()));
        for (name, value) in words::evidence(&warning.evidence) {
            row(name, &value);
        }
    }
    if judged.state() != State::Ok {
        for (name, value) in words::facts(judged) {
            row(&name, &value);
        }
    }
}

/// `7 checks: 5 ok, 1 warning, 1 critical`.
fn summary(judged: &[Judged<'_>], colour: bool) -> String {
    let mut counts = Vec::new();
    for state in State::ALL {
        let count = judged.iter().filter(|one| one.state() == *state).count();
        if count > 0 {
            let text = format!("{count} {}", state.code());
            counts.push(if colour { paint(&text, *state) } else { text });
        }
    }
    let counted = words::count_of(judged.len().try_into().unwrap_or(u64::MAX), "check");
    if counts.is_empty() { counted } else { format!("{counted}: {}", counts.join(", ")) }
}

/// The state's word, as wide as the widest.
fn painted(state: State, colour: bool) -> String {
    let word = format!("{:<8}", state.word());
    if colour { paint(&word, state) } else { word }
}

fn paint(text: &str, state: State) -> String {
    let colour = match state {
        State::Ok => "32",
        State::Warning => "33",
        State::Critical => "1;31",
        State::Unknown => "35",
    };
    format!("\u{1b}[{colour}m{text}\u{1b}[0m")
}
