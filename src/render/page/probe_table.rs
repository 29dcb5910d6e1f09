//! Tables of probes: those that fail and why, and all of a tenant by mailbox and check.

use std::collections::{BTreeMap, HashMap};

use maud::{Markup, html};

use super::View;
use super::cause_card::{code, probe_link};
use super::html::{badge, class, sign};
use super::judged_probe::JudgedProbe;
use super::sparkline::{shown, sparkline};
use super::time::{ago, clock};
use crate::kind::Check;
use crate::lang::Counted;
use crate::levels::State;
use crate::outcome::ProbeId;
use crate::reason::Reason;
use crate::report::probe_state::ProbeState;
use crate::report::sentence::peer_code;
use crate::report::term;
use crate::store::ProbeEntry;

/// Mailboxes without problems that are shown unfolded.
const UNFOLDED: usize = 12;

/// The probes that fail, with where, why and since when.
pub fn failing(probes: &[&ProbeEntry], view: &View<'_>) -> Markup {
    let texts = view.texts();
    html! {
        table.rows {
            thead { tr { @for head in [texts.check, view.lang.texts().common.reason, texts.since, texts.latency] { th scope="col" { (head) } } } }
            tbody {
                @for entry in probes {
                    tr {
                        th scope="row" { (probe_link(&entry.settings.id, view)) }
                        td {
                            @if let Some(failure) = entry.last.as_ref().and_then(|outcome| outcome.failure()) {
                                (code(failure.reason, view))
                                @if let Some(code) = peer_code(failure) { " (" (code) ")" }
                                br; small { (term::phase(failure.phase, view.lang)) }
                            }
                        }
                        td { @if let Some((at, _)) = entry.since() { (clock(at, view.now)) } }
                        td { (sparkline(&entry.history, view.lang)) }
                    }
                }
            }
        }
    }
}

/// The probes of a tenant itself, or of one of its mailboxes.
pub type Row<'a> = Vec<&'a JudgedProbe<'a>>;

/// All probes of a tenant: its own checks, then each mailbox with its checks, those with problems first.
pub fn of_tenant<'a>(probes: &[&'a JudgedProbe<'a>], view: &View<'_>) -> Markup {
    let texts = view.texts();
    let [own, troubled, waiting, well] = rows_by_state(probes);
    html! {
        (of_rows(&own, view))
        (of_rows(&troubled, view))
        (folded_mailboxes("waiting", texts.mailboxes_still_to_run, &waiting, view))
        (folded_mailboxes("well", texts.without_problems, &well, view))
    }
}

/// A row of the tenant's own checks, then one for each mailbox, those with problems first.
pub fn sorted_rows<'a>(probes: &[&'a JudgedProbe<'a>]) -> Vec<Row<'a>> {
    rows_by_state(probes).into_iter().flatten().collect()
}

/// The row of a tenant's own checks, if it has any; those of mailboxes with problems, of mailboxes that have not run and of those
/// that are well.
fn rows_by_state<'a>(probes: &[&'a JudgedProbe<'a>]) -> [Vec<Row<'a>>; 4] {
    let (own, of_mailboxes): (Row<'_>, Row<'_>) = probes.iter().partition(|probe| probe.id().mailbox.is_none());
    let rows = grouped(of_mailboxes, ProbeId::mailbox_label).into_iter().map(|(_, row)| row);
    let (troubled, others): (Vec<_>, Vec<_>) = rows.partition(|row| row.iter().any(|probe| probe.is_troubled()));
    let (waiting, well) = others.into_iter().partition(|row| row.iter().any(|probe| probe.state.state().is_none()));
    [if own.is_empty() { Vec::new() } else { vec![own] }, troubled, waiting, well]
}

/// Tables of rows of one tenant, its own before those of its mailboxes.
pub fn of_rows(rows: &[Row<'_>], view: &View<'_>) -> Markup {
    let texts = view.texts();
    let is_own = |row: &Row<'_>| row.iter().all(|probe| probe.id().mailbox.is_none());
    let own = rows.iter().take_while(|row| is_own(row)).count();
    html! {
        @for (caption, of, rows) in [(texts.tenant_checks, texts.tenant, &rows[..own]), (texts.mailbox_checks, texts.mailbox, &rows[own..])] {
            @if !rows.is_empty() { (matrix(caption, of, rows, view)) }
        }
    }
}

/// Mailboxes that nobody needs to see at once: folded under `summary` where there are many.
fn folded_mailboxes(id: &str, summary: Counted, rows: &[Row<'_>], view: &View<'_>) -> Markup {
    let tenant = rows.iter().flatten().map(|probe| &probe.id().tenant).next();
    html! {
        @if rows.len() > UNFOLDED {
            details id={ (id) "-" @if let Some(tenant) = tenant { (tenant) } } {
                summary { (summary.of(rows.len())) }
                (of_rows(rows, view))
            }
        } @else { (of_rows(rows, view)) }
    }
}

/// Groups probes by a part of their id, in the order in which each is met first.
pub fn grouped<'a>(probes: impl IntoIterator<Item = &'a JudgedProbe<'a>>, key: fn(&ProbeId) -> &str) -> Vec<(&'a str, Row<'a>)> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<(&str, Row<'_>)> = Vec::new();
    for probe in probes {
        let key = key(probe.id());
        let place = *places.entry(key).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, group)) => group.push(probe),
            None => groups.push((key, vec![probe])),
        }
    }
    groups
}

/// A row for each of `rows`, a column for each check that any of them has.
fn matrix(caption: &str, of: &str, rows: &[Row<'_>], view: &View<'_>) -> Markup {
    let mut checks: Vec<Check> = Vec::new();
    for probe in rows.iter().flatten() {
        if !checks.contains(&probe.id().check) {
            checks.push(probe.id().check);
        }
    }
    html! {
        table.matrix {
            caption { (caption) }
            thead { tr { th scope="col" { (of) } @for check in &checks { th scope="col" { (check) } } } }
            tbody { @for row in rows { (matrix_row(row, &checks, view)) } }
        }
    }
}

fn matrix_row(row: &Row<'_>, checks: &[Check], view: &View<'_>) -> Markup {
    let by_check: BTreeMap<Check, &JudgedProbe<'_>> = row.iter().map(|probe| (probe.id().check, *probe)).collect();
    html! {
        @if let Some(first) = row.first() {
            tr {
                th scope="row" { (first.id().mailbox.as_deref().unwrap_or(&first.id().tenant)) }
                @for check in checks {
                    @match by_check.get(check) {
                        Some(probe) => (cell(probe, view)),
                        None => td {},
                    }
                }
            }
        }
    }
}

/// One probe in a nutshell: its state, how long the last run took or why it failed, when it was, and the runs before it.
fn cell(JudgedProbe { entry, state: probe }: &JudgedProbe<'_>, view: &View<'_>) -> Markup {
    let (lang, texts) = (view.lang, view.texts());
    let (state, current, failed) = (probe.state(), probe.current_run(), probe.failure().map(|failure| failure.reason));
    let took = match (current, failed) {
        (Some(_), Some(reason)) => reason.code().to_owned(),
        (Some(last), None) => shown(last.outcome.took),
        (None, _) => String::new(),
    };
    let when = probe.last_run().map_or_else(|| texts.not_yet.to_owned(), |last| ago(last.at, view.now, lang));
    let word = probe_state_name(probe, view);
    let details: Vec<&str> = [&*took, &when].into_iter().filter(|detail| !detail.is_empty() && *detail != word).collect();
    let label = format!("{}: {}", entry.settings.id, [&[word], &*details].concat().join(", "));
    html! {
        td class=(class(state)) data-of=(entry.settings.id.check) {
            a href=(view.probe(&entry.settings.id)) aria-label=(label) {
                span.sign aria-hidden="true" { (sign(state)) }
                " "
                span class=[failed.map(|_| "why")] {
                    @match (current, failed) {
                        (Some(_), Some(reason)) => (breakable(reason)),
                        _ => (took),
                    }
                }
                " "
                small { (when) }
            }
            (sparkline(&entry.history, lang))
        }
    }
}

/// A reason's code, which may be broken into lines between its words.
pub fn breakable(reason: Reason) -> Markup {
    html! {
        @for (place, word) in reason.code().split('_').enumerate() {
            @if place > 0 { "_" wbr; }
            (word)
        }
    }
}

/// The word for the state of a probe, which a failed run and a limit may both have made critical.
fn probe_state_name(probe: &ProbeState<'_>, view: &View<'_>) -> &'static str {
    match probe.state() {
        Some(State::Critical) if probe.failure().is_some() => view.texts().fails,
        Some(state) => state_name(state, view),
        None => view.texts().not_yet,
    }
}

/// The word for a state.
pub fn state_name(state: State, view: &View<'_>) -> &'static str {
    let texts = view.texts();
    match state {
        State::Ok => texts.ok,
        State::Warning => texts.warning,
        State::Critical => texts.critical,
        State::Unknown => texts.unknown,
    }
}

/// The state of a probe as a badge.
pub fn state_badge(probe: &ProbeState<'_>, view: &View<'_>) -> Markup {
    badge(probe.state(), probe_state_name(probe, view))
}
