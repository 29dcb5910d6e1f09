//! Tables of probes: those that fail and why, and all of a tenant by mailbox and check.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::time::SystemTime;

use super::Visitor;
use super::causes::{code, probe_link};
use super::html::{badge, class, escaped, sign};
use super::spark::{shown, spark};
use super::time::{ago, clock};
use super::tongue::{self, with, words};
use crate::kind::Check;
use crate::levels::State;
use crate::reason::Reason;
use crate::render::{Judged, words::code as their_code};
use crate::store::ProbeEntry;

/// Mailboxes without problems that are shown unfolded.
const UNFOLDED: usize = 12;

/// How a probe is doing: judged, and unknown where its result is too old to be how things are.
pub fn state(known: &ProbeEntry, now: SystemTime) -> Option<State> {
    let outcome = known.last.as_deref().or(known.skipped.as_deref())?;
    if !known.is_current(outcome.at, now) {
        return Some(State::Unknown);
    }
    Some(Judged::new(outcome, &known.settings.limits, now).state())
}

/// The probes that fail, with where, why and since when.
pub fn failing(page: &mut String, probes: &[&ProbeEntry], visitor: &Visitor<'_>, now: SystemTime) {
    let words = words(visitor.lang);
    let _ = write!(
        page,
        "<table class=\"rows\">\n<thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\">{}</th>\
         <th scope=\"col\">{}</th></tr></thead>\n<tbody>\n",
        words.check, words.reason, words.since, words.latency
    );
    for known in probes {
        let link = probe_link(&known.settings.id, &known.settings.id.to_string(), visitor);
        let failure = known.last.as_ref().and_then(|outcome| outcome.failure());
        let why = failure.map(|failure| {
            let theirs = their_code(failure).map(|code| format!(" ({})", escaped(&code))).unwrap_or_default();
            format!("{}{theirs}<br><small>{}</small>", code(failure.reason, visitor), tongue::phase(failure.phase, visitor.lang))
        });
        let since = known.reason_since.map(|at| clock(at, now)).unwrap_or_default();
        let _ = writeln!(
            page,
            "<tr><th scope=\"row\">{link}</th><td>{}</td><td>{since}</td><td>{}</td></tr>",
            why.unwrap_or_default(),
            spark(&known.history, visitor.lang)
        );
    }
    page.push_str("</tbody>\n</table>\n");
}

/// All probes of a tenant: its own checks, then each mailbox with its checks, those with problems first.
pub fn tenant(page: &mut String, probes: &[&ProbeEntry], visitor: &Visitor<'_>, now: SystemTime) {
    let words = words(visitor.lang);
    let (own, of_mailboxes): (Vec<&ProbeEntry>, Vec<&ProbeEntry>) =
        probes.iter().copied().partition(|known| known.settings.id.mailbox.is_none());
    if !own.is_empty() {
        matrix(page, words.tenant_checks, words.tenant, &[own], visitor, now);
    }
    let (troubled, well): (Vec<_>, Vec<_>) = rows(&of_mailboxes)
        .into_iter()
        .partition(|row| row.iter().any(|known| state(known, now).is_some_and(|state| state != State::Ok)));
    if !troubled.is_empty() {
        matrix(page, words.mailbox_checks, words.mailbox, &troubled, visitor, now);
    }
    if well.len() > UNFOLDED {
        let name = probes.first().map(|known| escaped(&known.settings.id.tenant)).unwrap_or_default();
        let _ = writeln!(page, "<details id=\"well-{name}\"><summary>{}</summary>", with(words.without_problems, [well.len()]));
    }
    if !well.is_empty() {
        matrix(page, words.mailbox_checks, words.mailbox, &well, visitor, now);
    }
    if well.len() > UNFOLDED {
        page.push_str("</details>\n");
    }
}

/// The probes of each mailbox, in the order of the configuration.
fn rows<'a>(probes: &[&'a ProbeEntry]) -> Vec<Vec<&'a ProbeEntry>> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut rows: Vec<Vec<&ProbeEntry>> = Vec::new();
    for known in probes {
        let place = *places.entry(known.settings.id.mailbox_label()).or_insert(rows.len());
        match rows.get_mut(place) {
            Some(row) => row.push(known),
            None => rows.push(vec![known]),
        }
    }
    rows
}

/// A row for each of `rows`, a column for each check that any of them has.
fn matrix(page: &mut String, caption: &str, of: &str, rows: &[Vec<&ProbeEntry>], visitor: &Visitor<'_>, now: SystemTime) {
    let mut checks: Vec<Check> = Vec::new();
    for known in rows.iter().flatten() {
        if !checks.contains(&known.settings.id.check) {
            checks.push(known.settings.id.check);
        }
    }
    let _ = write!(page, "<table class=\"matrix\">\n<caption>{caption}</caption>\n<thead><tr><th scope=\"col\">{of}</th>");
    for check in &checks {
        let _ = write!(page, "<th scope=\"col\">{check}</th>");
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        let Some(first) = row.first() else { continue };
        let id = &first.settings.id;
        let _ = write!(page, "<tr><th scope=\"row\">{}</th>", escaped(id.mailbox.as_deref().unwrap_or(&id.tenant)));
        let by_check: BTreeMap<Check, &ProbeEntry> = row.iter().map(|known| (known.settings.id.check, *known)).collect();
        for check in &checks {
            match by_check.get(check) {
                Some(known) => cell(page, known, visitor, now),
                None => page.push_str("<td></td>"),
            }
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table>\n");
}

/// One probe in a nutshell: its state, how long the last run took or why it failed, when it was, and the runs before it.
fn cell(page: &mut String, known: &ProbeEntry, visitor: &Visitor<'_>, now: SystemTime) {
    let (lang, words) = (visitor.lang, words(visitor.lang));
    let state = state(known, now);
    let (took, when) = match known.last.as_deref() {
        Some(last) if known.is_current(last.at, now) => {
            (last.failure().map_or_else(|| shown(last.took), |failure| broken(failure.reason)), ago(last.at, now, lang))
        }
        Some(last) => (String::new(), ago(last.at, now, lang)),
        None => (String::new(), words.not_yet.to_owned()),
    };
    let failed = known.last.as_deref().is_some_and(|last| last.failure().is_some());
    let why = if failed { " class=\"why\"" } else { "" };
    let word = state.map_or(words.not_yet, |state| tongue::state(state, lang));
    let _ = write!(
        page,
        "<td class=\"{}\"><a href=\"{}\" aria-label=\"{}: {word}, {}, {when}\"><span class=\"sign\" aria-hidden=\"true\">{}</span> \
         <span{why}>{took}</span> <small>{when}</small></a>{}</td>",
        class(state),
        visitor.probe(&known.settings.id),
        escaped(&known.settings.id.to_string()),
        took.replace("<wbr>", ""),
        sign(state),
        spark(&known.history, lang)
    );
}

/// A reason's code, which may be broken into lines between its words.
fn broken(reason: Reason) -> String {
    reason.code().replace('_', "_<wbr>")
}

/// A state as a badge, in the reader's language.
pub fn state_badge(state: Option<State>, visitor: &Visitor<'_>) -> String {
    badge(state, state.map_or(words(visitor.lang).not_yet, |state| tongue::state(state, visitor.lang)))
}
